//! The rules of the ledger written as simply as possible, sharing no code with it.
//!
//! Points are laid out and picked one by one, every account is settled at every tick, and nothing
//! is fast. Only the plain data types of operations are the ledger's own.

use std::collections::{BTreeMap, BTreeSet};

use kith_reputation::{
    AccountId, AccountImage, Entry, Operation, Piece, Rejection, Row, RuleKind, Rules, Transfer,
    Verdict,
};

type Id = u32;
type Bundle = BTreeMap<Id, i128>;

#[derive(Clone, Default)]
pub(crate) struct Holder {
    own: i128,
    others: i128,
    rows: Bundle,
    touched: BTreeMap<Id, u32>,
    queue: Vec<(Id, u32, Bundle)>,
}

#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    pub(crate) rejected: Option<Rejection>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) sink_points: u64,
    pub(crate) sink_pieces: Vec<Piece>,
}

pub(crate) struct Model {
    seed: u64,
    rules: Rules,
    ticks: u32,
    pins: BTreeSet<Id>,
    holders: Vec<Holder>,
    pub(crate) minted: i128,
    pub(crate) lost: BTreeMap<&'static str, i128>,
}

fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Model {
    pub(crate) fn new(seed: u64, rules: Rules) -> Self {
        let holders = vec![Holder::default()];
        let (pins, lost) = (BTreeSet::new(), BTreeMap::new());
        Self {
            seed,
            rules,
            ticks: 0,
            pins,
            holders,
            minted: 0,
            lost,
        }
    }

    pub(crate) fn apply(&mut self, operation: &Operation) -> Answer {
        let mut answer = Answer::default();
        answer.rejected = self.try_apply(operation, &mut answer).err();
        answer
    }

    fn try_apply(&mut self, operation: &Operation, answer: &mut Answer) -> Result<(), Rejection> {
        match *operation {
            Operation::Transfer(transfer) => self.transfer(&transfer, answer),
            Operation::Tick => {
                self.ticks += 1;
                for id in 0..self.holders.len() {
                    self.tick(id);
                }
                Ok(())
            }
            Operation::Claim { receiver, index } => self.claim(receiver.0, index, answer),
            Operation::Pin { account } => {
                self.name(account.0)?;
                if account.0 == 0 {
                    return Err(Rejection::SinkIsParty);
                }
                self.pins.insert(account.0);
                Ok(())
            }
            Operation::Unpin { account } => {
                self.known(account.0)?;
                self.pins.remove(&account.0);
                Ok(())
            }
            Operation::Rules(rules) => self.change(rules),
            Operation::Forget { account } => self.forget(account.0),
        }
    }

    fn is_reference(&self) -> bool {
        self.rules.rule == RuleKind::Reference
    }

    fn lose(&mut self, reason: &'static str, points: i128) {
        *self.lost.entry(reason).or_default() += points;
    }

    fn known(&self, id: Id) -> Result<(), Rejection> {
        if (id as usize) < self.holders.len() {
            Ok(())
        } else {
            Err(Rejection::UnknownAccount)
        }
    }

    /// Makes an account that is named for the first time.
    fn name(&mut self, id: Id) -> Result<(), Rejection> {
        if id as usize == self.holders.len() {
            let own = i128::from(self.rules.own_points);
            self.holders.push(Holder {
                own,
                ..Holder::default()
            });
            self.minted += own;
        }
        self.known(id)
    }

    fn transfer(&mut self, t: &Transfer, answer: &mut Answer) -> Result<(), Rejection> {
        let (s, r) = (t.sender.0 as usize, t.receiver.0 as usize);
        let next = self.holders.len();
        let gap = s > next || r > next + usize::from(s == next);
        if gap {
            return Err(Rejection::UnknownAccount);
        }
        self.name(t.sender.0)?;
        self.name(t.receiver.0)?;
        let worth = self.holders[s].own + self.holders[s].others + sum(&self.holders[s].rows);
        let points = i128::from(t.points);
        let cut = points * i128::from(self.rules.sink_percent) / 100;
        let limit = 1 << 28;
        let checks = if self.is_reference() {
            vec![
                (s == 0, Rejection::SinkIsParty),
                (worth < points, Rejection::NotEnoughPoints),
                (s == r, Rejection::SelfTransfer),
                (points > limit, Rejection::AboveLimit),
                (points - cut <= 0, Rejection::ZeroPoints),
            ]
        } else {
            vec![
                (s == 0 || r == 0, Rejection::SinkIsParty),
                (s == r, Rejection::SelfTransfer),
                (points == 0, Rejection::ZeroPoints),
                (points > limit, Rejection::AboveLimit),
                (worth < points, Rejection::NotEnoughPoints),
            ]
        };
        if let Some(&(_, reason)) = checks.iter().find(|check| check.0) {
            return Err(reason);
        }
        if self.is_reference() {
            let tally = worth - self.holders[s].own;
            let bundle = self.leg(s, points - cut, tally);
            answer.pieces = pieces(&bundle);
            self.hand_over(s, r, bundle, t.held && r != 0);
            if cut > 0 {
                let bundle = self.leg(s, cut, tally);
                answer.sink_pieces = pieces(&bundle);
                answer.sink_points = u64::try_from(sum(&bundle)).unwrap();
                self.hand_over(s, 0, bundle, false);
            }
        } else {
            let bundle = self.draw(t, worth, points, cut);
            answer.pieces = pieces(&bundle);
            answer.sink_points = u64::try_from(cut).unwrap();
            self.holders[0].others += cut;
            self.hand_over(s, r, bundle, t.held);
        }
        Ok(())
    }

    /// Draws points one by one, leaves the sink's out.
    fn draw(&mut self, t: &Transfer, worth: i128, n: i128, cut: i128) -> Bundle {
        let s = t.sender.0 as usize;
        let r0 = self.random(t.nonce, 0, worth);
        let r1 = self.random(t.nonce, 1, n);
        let of_sink: BTreeSet<i128> = (0..cut).map(|k| (k * n + r1) / cut).collect();
        let mut bundle = Bundle::new();
        for i in 0..n {
            let origin = match self.owner_of(s, (i * worth + r0) / n, true) {
                Some(origin) => origin,
                None => t.sender.0,
            };
            if !of_sink.contains(&i) {
                *bundle.entry(origin).or_default() += 1;
            }
        }
        // Only now they are taken away, so that the line above did not move.
        for i in 0..n {
            self.mark((i * worth + r0) / n, s, true);
        }
        self.sweep(s);
        bundle
    }

    /// Which row the point at `x` of the line belongs to; `None` for own and others.
    fn owner_of(&self, s: usize, x: i128, with_own: bool) -> Option<Id> {
        let holder = &self.holders[s];
        let mut end = holder.others + if with_own { holder.own } else { 0 };
        if x < end {
            return None;
        }
        for (&origin, &points) in &holder.rows {
            end += points;
            if x < end {
                return Some(origin);
            }
        }
        panic!("a point beyond the end of the line");
    }

    /// Notes the point at `x` as taken: by a debt in `touched`, so that the line does not move.
    fn mark(&mut self, x: i128, s: usize, with_own: bool) {
        let key = match self.owner_of(s, x, with_own) {
            Some(origin) => origin,
            None if with_own && x < self.holders[s].own => Id::MAX,
            None => Id::MAX - 1,
        };
        *self.holders[s].touched.entry(key).or_default() += 1;
    }

    fn sweep(&mut self, s: usize) {
        let holder = &mut self.holders[s];
        for (key, taken) in std::mem::take(&mut holder.touched) {
            let taken = i128::from(taken);
            match key {
                Id::MAX => holder.own -= taken,
                key if key == Id::MAX - 1 => holder.others -= taken,
                origin => *holder.rows.get_mut(&origin).unwrap() -= taken,
            }
        }
        holder.rows.retain(|_, points| *points > 0);
        assert!(holder.own >= 0 && holder.others >= 0);
    }

    fn random(&self, nonce: u64, k: u64, m: i128) -> i128 {
        let x = u128::from(mix((self.seed ^ nonce).wrapping_add(k)));
        i128::try_from((x * u128::try_from(m).unwrap()) >> 64).unwrap()
    }

    /// One leg of the reference's assignment: the bundle, with entries of no points.
    fn leg(&mut self, s: usize, n: i128, tally: i128) -> Bundle {
        let (holder, epoch) = (&mut self.holders[s], self.ticks);
        let total = tally + holder.own;
        assert!(total >= n, "the second leg cannot fail");
        let own = up(n * holder.own, total);
        let others = up(n * holder.others, total);
        let (assigned, rest) = (tally - holder.others, n - own - others);
        let mut bundle = Bundle::new();
        let mut burned = 0;
        if rest > 0 && assigned > 0 {
            for (&origin, points) in &mut holder.rows {
                let (less, more) = (*points * rest / assigned, up(*points * rest, assigned));
                *points -= more;
                burned += more - less;
                bundle.insert(origin, less);
                holder.touched.insert(origin, epoch);
            }
        }
        holder.rows.retain(|_, points| *points > 0);
        let rows = &holder.rows;
        holder.touched.retain(|origin, _| rows.contains_key(origin));
        holder.own -= own;
        holder.others -= others;
        bundle.insert(u32::try_from(s).unwrap(), own + others);
        self.lose("burned", burned);
        bundle
    }

    fn hand_over(&mut self, s: usize, r: usize, mut bundle: Bundle, held: bool) {
        bundle.retain(|_, points| *points > 0);
        if held {
            let entry = (u32::try_from(s).unwrap(), self.ticks, bundle);
            self.holders[r].queue.push(entry);
        } else {
            self.credit(r, bundle);
        }
    }

    fn credit(&mut self, r: usize, bundle: Bundle) {
        for (origin, points) in bundle {
            if origin as usize == r {
                self.lose("returned", points);
                continue;
            }
            let reference = self.is_reference();
            let holder = &mut self.holders[r];
            *holder.rows.entry(origin).or_default() += points;
            if reference {
                holder.touched.insert(origin, self.ticks);
            }
        }
    }

    fn tick(&mut self, id: usize) {
        if id == 0 && !self.is_reference() {
            return;
        }
        let rules = self.rules;
        if id != 0 {
            self.minted += i128::from(rules.own_points) - self.holders[id].own;
            self.holders[id].own = i128::from(rules.own_points);
        }
        self.collapse(id);
        if self.is_reference() {
            self.decay_each(id);
        } else {
            self.decay_drawn(id);
        }
        let oldest = i64::from(self.ticks) - i64::from(rules.unclaimed_ticks);
        let reference = self.is_reference();
        let queue = std::mem::take(&mut self.holders[id].queue);
        for entry in queue {
            let sent = i64::from(entry.1);
            if sent > oldest || (reference && sent == oldest) {
                self.holders[id].queue.push(entry);
            } else {
                self.lose("expired", sum(&entry.2));
            }
        }
    }

    fn collapse(&mut self, id: usize) {
        let reference = self.is_reference();
        let pins = &self.pins;
        let holder = &mut self.holders[id];
        let mut order: Vec<(i128, Id)> = Vec::new();
        for (&origin, &points) in &holder.rows {
            if reference || !pins.contains(&origin) {
                order.push((-points, origin));
            }
        }
        order.sort_unstable();
        for (points, origin) in order.into_iter().skip(self.rules.keep_top as usize) {
            holder.rows.remove(&origin);
            holder.touched.remove(&origin);
            holder.others -= points;
        }
    }

    fn decay_drawn(&mut self, id: usize) {
        let tally = self.holders[id].others + sum(&self.holders[id].rows);
        let nonce = (id as u64) << 32 | u64::from(self.ticks);
        let u = self.random(nonce, 2, 100);
        let m = (tally * i128::from(self.rules.decay_percent) + u) / 100;
        let r = self.random(nonce, 3, tally);
        for i in 0..m {
            self.mark((i * tally + r) / m, id, false);
        }
        self.sweep(id);
        self.lose("decayed", m);
    }

    fn decay_each(&mut self, id: usize) {
        let keep = 100 - i128::from(self.rules.decay_percent);
        let ticks = self.ticks;
        let holder = &mut self.holders[id];
        let before = holder.others + sum(&holder.rows);
        holder.others = holder.others * keep / 100;
        for points in holder.rows.values_mut() {
            *points = *points * keep / 100;
        }
        holder.rows.retain(|_, points| *points > 0);
        holder.touched = holder.rows.keys().map(|&origin| (origin, ticks)).collect();
        let lost = before - holder.others - sum(&holder.rows);
        self.lose("decayed", lost);
    }

    fn claim(&mut self, r: Id, index: u32, answer: &mut Answer) -> Result<(), Rejection> {
        self.known(r)?;
        let queue = &mut self.holders[r as usize].queue;
        if index as usize >= queue.len() {
            return Err(Rejection::NoSuchEntry);
        }
        let (_, sent, mut bundle) = queue.remove(index as usize);
        let (age, before) = (self.ticks - sent, sum(&bundle));
        let life = i128::from(self.rules.unclaimed_ticks);
        for points in bundle.values_mut() {
            if self.is_reference() {
                *points = *points * (life - i128::from(age)).max(0) / life;
            } else {
                for _ in 0..age {
                    *points = *points * (100 - i128::from(self.rules.decay_percent)) / 100;
                }
            }
        }
        bundle.retain(|_, points| *points > 0);
        self.lose("decayed", before - sum(&bundle));
        answer.pieces = pieces(&bundle);
        self.credit(r as usize, bundle);
        Ok(())
    }

    fn change(&mut self, rules: Rules) -> Result<(), Rejection> {
        let makes_sense = (1..=1 << 28).contains(&rules.own_points)
            && rules.decay_percent <= 100
            && rules.sink_percent <= 100
            && rules.unclaimed_ticks > 0;
        if !makes_sense {
            return Err(Rejection::InvalidRules);
        }
        if rules.rule != self.rules.rule {
            let reference = rules.rule == RuleKind::Reference;
            let ticks = self.ticks;
            for holder in &mut self.holders {
                let origins = holder.rows.keys().filter(|_| reference);
                holder.touched = origins.map(|&origin| (origin, ticks)).collect();
            }
            let sink = &mut self.holders[0];
            if !reference {
                sink.others += sum(&sink.rows);
                sink.rows.clear();
            }
        }
        self.rules = rules;
        Ok(())
    }

    fn forget(&mut self, id: Id) -> Result<(), Rejection> {
        self.known(id)?;
        if id == 0 {
            return Err(Rejection::SinkIsParty);
        }
        let own = i128::from(self.rules.own_points);
        let empty = Holder {
            own,
            ..Holder::default()
        };
        let gone = std::mem::replace(&mut self.holders[id as usize], empty);
        self.minted += own;
        let mut lost = gone.own + gone.others + sum(&gone.rows);
        lost += gone.queue.iter().map(|entry| sum(&entry.2)).sum::<i128>();
        for holder in &mut self.holders {
            holder.others += holder.rows.remove(&id).unwrap_or(0);
            holder.touched.remove(&id);
            for entry in holder.queue.extract_if(.., |entry| entry.0 == id) {
                lost += sum(&entry.2);
            }
            for (sender, _, bundle) in &mut holder.queue {
                if let Some(points) = bundle.remove(&id) {
                    *bundle.entry(*sender).or_default() += points;
                }
            }
        }
        self.lose("forgotten", lost);
        Ok(())
    }

    /// The state of an account in the ledger's form, settled like everybody here.
    pub(crate) fn image(&self, id: u32) -> AccountImage {
        let holder = &self.holders[id as usize];
        let reference = self.is_reference();
        let rows = holder.rows.iter().map(|(&origin, &points)| Row {
            origin: AccountId(origin),
            points: u32::try_from(points).unwrap(),
            touched: reference.then(|| holder.touched[&origin]),
        });
        let entries = holder.queue.iter().map(|(sender, ordinal, bundle)| Entry {
            sender: AccountId(*sender),
            ordinal: *ordinal,
            pieces: pieces(bundle),
        });
        AccountImage {
            own: u32::try_from(holder.own).unwrap(),
            others: u64::try_from(holder.others).unwrap(),
            ordinal: self.ticks,
            rows: rows.collect(),
            unclaimed: entries.collect(),
        }
    }

    pub(crate) fn accounts(&self) -> u32 {
        u32::try_from(self.holders.len()).unwrap()
    }

    /// Everything there is, the sink's included.
    pub(crate) fn outstanding(&self) -> i128 {
        let queued = |holder: &Holder| holder.queue.iter().map(|entry| sum(&entry.2)).sum::<i128>();
        let all = self.holders.iter();
        all.map(|holder| holder.own + holder.others + sum(&holder.rows) + queued(holder))
            .sum()
    }
}

impl Answer {
    pub(crate) fn verdict(&self) -> Verdict {
        self.rejected.map_or(Verdict::Accepted, Verdict::Rejected)
    }
}

fn sum(bundle: &Bundle) -> i128 {
    bundle.values().sum()
}

fn up(a: i128, b: i128) -> i128 {
    if b == 0 { 0 } else { (a + b - 1) / b }
}

fn pieces(bundle: &Bundle) -> Vec<Piece> {
    let given = bundle.iter().filter(|(_, points)| **points > 0);
    let piece = |(&origin, &points): (&Id, &i128)| Piece {
        origin: AccountId(origin),
        points: u32::try_from(points).unwrap(),
    };
    given.map(piece).collect()
}
