//! The same history under other rules: the operations of a journal, given to a fresh engine.
//!
//! Rules that are set hold from the beginning; those that are not stay what the journal has them
//! be at each point. Ticks stay where they are, unless the epoch's length is set: then they are
//! counted anew, by the times of the operations. Operations that the rules would not have let into
//! the journal (likes repeated in an epoch, reposts of no points, likes beyond the cap) are left
//! out, so accounts may get other numbers. A claim names its entry by its place, as it did.

use anyhow::Result;
use hashbrown::HashSet;
use kith_config::{Ledger as Rulebook, Repeat, Rule};
use kith_graph::AccountId;
use kith_reputation::{AccountId as LedgerId, Operation, RuleKind, Transfer};
use kith_store::{
    JournalPart, Store,
    batch::{Clock, JournalRow, Micros, RecordKind, State},
};

use super::{
    Engine,
    clock::EpochClock,
    hops::{Hops, Timeline},
    repeats::{Admission, Limits},
    settings::Settings,
};
use crate::exit::InputError;

/// Rules to be set, and which of them.
#[derive(Debug, Clone)]
pub(crate) struct WhatIf {
    /// Values; those not named in `keys` mean nothing.
    pub(crate) rules: Rulebook,
    /// Keys of `[ledger]`.
    pub(crate) keys: HashSet<String>,
    /// Whether accounts are pinned where the journal has it, and the rule has pins.
    pub(crate) pins: bool,
    /// Whether tracked accounts are pinned if the journal has no pins at all.
    pub(crate) makes_pins: bool,
}

impl WhatIf {
    fn sets(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// The settings with what is set.
    fn change(&self, settings: &mut Settings) {
        let from = &self.rules;
        let (rules, parameters) = (&mut settings.rules, &mut settings.parameters);
        for key in &self.keys {
            match key.as_str() {
                "rule" => {
                    rules.rule = match from.rule {
                        Rule::Systematic => RuleKind::Systematic,
                        Rule::Reference => RuleKind::Reference,
                    }
                }
                "own_points" => rules.own_points = from.own_points,
                "keep_top" => rules.keep_top = from.keep_top,
                "decay_percent" => rules.decay_percent = from.decay_percent,
                "sink_percent" => rules.sink_percent = from.sink_percent,
                "like" => parameters.like = from.like,
                "repost" => parameters.repost = from.repost,
                "repeat" => parameters.repeat_once = from.repeat == Repeat::Once,
                "epoch" => {
                    let micros = i64::try_from(from.epoch_microseconds());
                    parameters.epoch_micros = micros.unwrap_or(i64::MAX);
                }
                "max_likes_per_epoch" => settings.max_likes_per_epoch = from.max_likes_per_epoch,
                _ => {}
            }
        }
    }
}

/// How a journal is given again.
struct Rerun<'a> {
    what_if: &'a WhatIf,
    /// The rule that the journal is at.
    rule: RuleKind,
    /// Who is to be pinned now, by their old numbers: who the journal pins. Where it has no pins, tracked
    /// accounts.
    pinned: HashSet<u32>,
    /// Old numbers to new ones; the sink keeps its own.
    numbers: Vec<Option<u32>>,
    /// New numbers to old ones.
    old: Vec<u32>,
    /// The hops just before each boundary, by old numbers.
    hops: Vec<(Micros, Hops)>,
}

impl Engine {
    /// Gives the journal of one store to a fresh engine, whose batches go to another.
    pub(crate) async fn recompute(
        store: &Store,
        into: &Store,
        mut settings: Settings,
        what_if: &WhatIf,
    ) -> Result<()> {
        what_if.change(&mut settings);
        let Some(state) = store.load_state().await? else {
            return Err(InputError("there is nothing in this database yet".to_owned()).into());
        };
        if state.dropped_position > 0 {
            return Err(InputError(format!(
                "the journal up to position {} was dropped ([store] retain): there is no history \
                 to begin with",
                state.dropped_position
            ))
            .into());
        }
        let first = first_state(&state, what_if);
        into.create(&first).await?;
        let mut engine = Engine::empty(first, settings)?;
        let mut rerun = Rerun::open(store, &state, &engine, what_if).await?;
        for (name, value) in store.load_counters().await? {
            let is_counted_anew = ["likes.accepted", "likes.rejected", "likes.held"]
                .contains(&name.as_str())
                || name == super::IMAGES;
            if !is_counted_anew {
                engine.counters.add(name, value);
            }
        }
        let mut position = 0;
        while position < state.position {
            let mut rows = Vec::new();
            store
                .each_journal(JournalPart::Page(position), |row| {
                    rows.push(row);
                    Ok(())
                })
                .await?;
            let Some(last) = rows.last() else { break };
            position = last.position;
            for row in &rows {
                rerun.row(&mut engine, row);
            }
            let has_ticks = rows.iter().any(|row| row.operation == Operation::Tick);
            if has_ticks {
                engine.begin_checkpoint();
            }
            into.commit(&engine.batch()).await?;
            // Until everybody is settled, the hops at the ticks are held.
            while has_ticks && engine.has_slices() {
                into.commit(&engine.batch()).await?;
            }
        }
        rerun.finish(&mut engine, &state);
        engine.begin_checkpoint();
        into.commit(&engine.batch()).await?;
        while engine.has_pending() {
            into.commit(&engine.batch()).await?;
        }
        let number = |old: i64| {
            let new = rerun.numbers.get(usize::try_from(old).ok()?).copied()??;
            Some(i64::from(new))
        };
        store.copy_circle(into, number).await?;
        Ok(())
    }
}

fn first_state(state: &State, what_if: &WhatIf) -> State {
    let seed = what_if.rules.seed.filter(|_| what_if.sets("seed"));
    let epoch_micros = match what_if.sets("epoch") {
        true => i64::try_from(what_if.rules.epoch_microseconds()).unwrap_or(i64::MAX),
        false => state.clock.epoch_micros,
    };
    State {
        seed: seed.unwrap_or(state.seed),
        clock: Clock {
            epoch_micros,
            started: None,
        },
        depth: state.depth,
        ..State::default()
    }
}

impl<'a> Rerun<'a> {
    async fn open(
        store: &Store,
        state: &State,
        engine: &Engine,
        what_if: &'a WhatIf,
    ) -> Result<Rerun<'a>> {
        let mut has_pins = false;
        let mut first = None;
        store
            .each_journal(JournalPart::RulesUntil(state.position), |row| {
                has_pins |= matches!(row.operation, Operation::Pin { .. });
                first.get_or_insert(row.micros);
                Ok(())
            })
            .await?;
        let accounts = store.load_accounts().await?;
        let tracked = store.load_tracked().await?;
        let number = |account: u32| Some(accounts.get(account as usize)?.ledger_id?.0);
        let tracked = tracked.iter().filter_map(|row| number(row.account));
        let boundaries = match (what_if.sets("epoch"), first, state.clock.started) {
            (true, Some(first), Some(now)) => {
                let length = engine.settings.parameters.epoch_micros;
                boundaries_by_length(state, what_if, (first, now.now_micros), length)
            }
            _ => boundaries_of_ticks(store).await?,
        };
        let hops = hops_at(store, boundaries, accounts.iter().map(|row| row.ledger_id)).await?;
        let numbered = accounts.iter().filter_map(|row| Some(row.ledger_id?.0));
        let mut numbers = vec![None; numbered.max().map_or(1, |last| last as usize + 1)];
        numbers[0] = Some(0);
        Ok(Rerun {
            what_if,
            rule: engine.settings.rules.rule,
            pinned: match what_if.makes_pins && !has_pins {
                true => tracked.collect(),
                false => HashSet::new(),
            },
            numbers,
            old: vec![0],
            hops,
        })
    }

    fn row(&mut self, engine: &mut Engine, row: &JournalRow) {
        let counts_epochs = self.what_if.sets("epoch");
        if counts_epochs {
            self.move_clock(engine, row.micros);
        } else if row.operation != Operation::Tick {
            engine.clock.set(row.epoch, row.micros);
        }
        match row.operation {
            Operation::Tick if counts_epochs => {}
            Operation::Tick => {
                let hops = self.hops_before(row.micros);
                engine.clock.set(row.epoch, row.micros);
                engine.tick(row.epoch, hops);
            }
            Operation::Rules(rules) => {
                self.rule = rules.rule;
                engine.settings.rules = rules;
                if let Some(parameters) = row.parameters {
                    engine.settings.parameters = parameters;
                }
                self.what_if.change(&mut engine.settings);
                engine.operate(Operation::Rules(engine.settings.rules), None);
            }
            Operation::Pin { account } => {
                self.pinned.insert(account.0);
                self.pin(engine, account);
            }
            // Under the reference's rule nobody is pinned; where that is not to be, they stay so.
            Operation::Unpin { .. }
                if self.rule == RuleKind::Reference && self.what_if.sets("rule") => {}
            Operation::Unpin { account } => {
                self.pinned.remove(&account.0);
                if let Some(account) = self.known(account)
                    && engine.ledger.is_pinned(account)
                {
                    engine.operate(Operation::Unpin { account }, None);
                }
            }
            Operation::Transfer(transfer) => self.transfer(engine, row, &transfer),
            Operation::Claim { receiver, index } => {
                if let Some(receiver) = self.known(receiver) {
                    engine.operate(Operation::Claim { receiver, index }, None);
                }
            }
            Operation::Forget { account } => {
                if let Some(account) = self.known(account) {
                    engine.operate(Operation::Forget { account }, None);
                }
            }
        }
    }

    fn transfer(&mut self, engine: &mut Engine, row: &JournalRow, transfer: &Transfer) {
        let mut transfer = *transfer;
        let (sender, receiver) = (transfer.sender, transfer.receiver);
        let (liker, author) = (AccountId(sender.0), AccountId(receiver.0));
        let mut is_new = false;
        if let Some(record) = &row.record {
            let parameters = &engine.settings.parameters;
            let (key, points) = match record.kind {
                RecordKind::Like => ("like", parameters.like),
                RecordKind::Repost => ("repost", parameters.repost),
            };
            if self.what_if.sets(key) {
                transfer.points = points.into();
            }
            if transfer.points == 0 {
                return;
            }
            let limits = Limits {
                once: parameters.repeat_once,
                max: match self.what_if.sets("max_likes_per_epoch") {
                    true => engine.settings.max_likes_per_epoch,
                    false => u32::MAX,
                },
            };
            let like = (liker, author, record.subject_rkey.as_str());
            match engine.repeats.admit(record.kind, like, limits) {
                Admission::Admitted { is_new: new } => is_new = new,
                Admission::Repeated => return engine.counters.add("likes.repeated", 1),
                Admission::Capped => return engine.counters.add("likes.capped", 1),
            }
        }
        transfer.sender = self.number(sender);
        self.pin(engine, sender);
        transfer.receiver = self.number(receiver);
        let accepted = engine.operate(Operation::Transfer(transfer), row.record.clone());
        self.pin(engine, receiver);
        let Some(record) = &row.record else { return };
        let name = match accepted {
            true => "likes.accepted",
            false => "likes.rejected",
        };
        engine.counters.add(name, 1);
        if accepted {
            engine.counters.add("likes.held", transfer.held.into());
        } else if is_new {
            let like = (liker, author, record.subject_rkey.as_str());
            engine.repeats.remove(record.kind, like);
        }
    }

    /// Whether pins are wanted under the rules in force.
    fn pins(&self, engine: &Engine) -> bool {
        self.what_if.pins && engine.settings.rules.rule == RuleKind::Systematic
    }

    /// Pins an account that is to be pinned, as soon as it has a number: see [`Engine::pin_if_tracked`].
    fn pin(&mut self, engine: &mut Engine, old: LedgerId) {
        if !self.pins(engine) || !self.pinned.contains(&old.0) {
            return;
        }
        if let Some(account) = self.known(old)
            && !engine.ledger.is_pinned(account)
        {
            engine.operate(Operation::Pin { account }, None);
        }
    }

    fn known(&self, old: LedgerId) -> Option<LedgerId> {
        self.numbers
            .get(old.0 as usize)
            .copied()
            .flatten()
            .map(LedgerId)
    }

    /// The account's new number, given now if it has none.
    fn number(&mut self, old: LedgerId) -> LedgerId {
        if let Some(known) = self.known(old) {
            return known;
        }
        let new = u32::try_from(self.old.len()).unwrap_or(u32::MAX);
        self.old.push(old.0);
        let index = old.0 as usize;
        if self.numbers.len() <= index {
            self.numbers.resize(index + 1, None);
        }
        self.numbers[index] = Some(new);
        LedgerId(new)
    }

    /// Epochs by a length that was set.
    fn move_clock(&mut self, engine: &mut Engine, time: Micros) {
        if engine.clock.epoch().is_none() {
            engine.clock.start(time);
        }
        while let Some(boundary) = engine.clock.next_boundary()
            && let Some(epoch) = engine.clock.pass_boundary(time)
        {
            let hops = self.hops_before(boundary);
            engine.tick(epoch, hops);
        }
        engine.clock.see(time);
    }

    /// The hops just before a boundary, by new numbers.
    fn hops_before(&self, boundary: Micros) -> Hops {
        let at = self.hops.partition_point(|(at, _)| *at < boundary);
        let hops = self.hops.get(at).or(self.hops.last());
        let of = |old: &u32| hops.and_then(|(_, hops)| hops.of(LedgerId(*old)));
        Hops::now(self.old.iter().map(of))
    }

    /// The clock as the journal's was left.
    fn finish(&mut self, engine: &mut Engine, state: &State) {
        let Some(now) = state.clock.started else {
            return;
        };
        match self.what_if.sets("epoch") {
            true => self.move_clock(engine, now.now_micros),
            false => engine.clock = EpochClock::new(state.clock, state.clock.epoch_micros),
        }
    }
}

/// The boundaries that a clock of this length passes between two times.
fn boundaries_by_length(
    state: &State,
    what_if: &WhatIf,
    (first, last): (Micros, Micros),
    length: Micros,
) -> Vec<Micros> {
    let mut clock = EpochClock::new(first_state(state, what_if).clock, length);
    clock.start(first);
    let mut boundaries = Vec::new();
    while let Some(boundary) = clock.next_boundary()
        && clock.pass_boundary(last).is_some()
    {
        boundaries.push(boundary);
    }
    boundaries
}

async fn boundaries_of_ticks(store: &Store) -> Result<Vec<Micros>> {
    let mut boundaries = Vec::new();
    store
        .each_journal(JournalPart::Ticks, |row| {
            boundaries.push(row.micros);
            Ok(())
        })
        .await?;
    Ok(boundaries)
}

/// The hops just before each boundary, by numbers in the ledger.
async fn hops_at(
    store: &Store,
    boundaries: Vec<Micros>,
    numbers: impl Iterator<Item = Option<LedgerId>>,
) -> Result<Vec<(Micros, Hops)>> {
    let mut timeline = Timeline::new(numbers, boundaries.clone());
    store
        .each_change(|account, _, to, micros| timeline.change(account, to, micros))
        .await?;
    Ok(boundaries.into_iter().zip(timeline.end()).collect())
}
