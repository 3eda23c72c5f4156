//! What was missed: from when to when, of whom, and what reading it again brought.
//!
//! A gap has two ends. Likes between them are read from the repos; those after its end come by
//! the stream. Both may tell of a like made just at the end, so the keys of such likes are kept
//! until the gap is closed, and a little longer.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};
use kith_feeder::{
    backfill::{AccountRead, LikeRecord},
    source::Gap,
    wire::{Action, Collection, Op, Record},
};
use kith_graph::AccountId;
use kith_store::batch::{GapRow, Micros, RecordKind};

use super::{Engine, SourceIndex, likes::Party, tid};

/// Spans kept apart for one account; more are drawn together.
const SPANS_MAX: usize = 16;
/// Likes older than this are not repaired.
const HORIZON: Micros = 30 * 24 * 3_600 * 1_000_000;
/// A stream may deliver a like whose key is older than its commit by this much.
pub(super) const KEY_AGE_MAX: Micros = 600_000_000;
/// A stream that begins anew and brings nothing for so long has nothing to bring.
const SILENCE_MAX: Micros = 10_000_000;
/// Likes remembered of one account; a repo that has more of them at the end of one gap is not honest.
const KNOWN_MAX: usize = 20_000;
/// How far below the last event of a stream its gap begins: events of other repos may be late.
const STREAM_MARGIN: Micros = 60_000_000;

/// Spans of TIDs, each without its beginning and with its end.
#[derive(Debug, Clone, Default, Eq, PartialEq)]
pub(super) struct Spans(Vec<(u64, u64)>);

impl Spans {
    pub(super) fn one(after: u64, upto: u64) -> Spans {
        Spans(
            (after < upto)
                .then_some((after, upto))
                .into_iter()
                .collect(),
        )
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Both together; those that touch become one.
    pub(super) fn add(&mut self, other: &Spans) {
        self.0.extend(&other.0);
        self.0.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(self.0.len());
        for (after, upto) in self.0.drain(..) {
            match merged.last_mut() {
                Some(last) if after <= last.1 => last.1 = last.1.max(upto),
                _ => merged.push((after, upto)),
            }
        }
        while merged.len() > SPANS_MAX {
            let (_, upto) = merged.remove(1);
            merged[0].1 = upto;
        }
        self.0 = merged;
    }

    pub(super) fn contains(&self, tid: u64) -> bool {
        self.0
            .iter()
            .any(|(after, upto)| (after + 1..=*upto).contains(&tid))
    }

    /// From the beginning of the first to the end of the last.
    pub(super) fn bounds(&self) -> Option<(u64, u64)> {
        Some((self.0.first()?.0, self.0.last()?.1))
    }

    /// As it is kept: `after-upto,…`.
    pub(super) fn to_text(&self) -> Option<String> {
        let words = self.0.iter();
        let words: Vec<_> = words
            .map(|(after, upto)| format!("{}-{}", tid::unpack(*after), tid::unpack(*upto)))
            .collect();
        (!words.is_empty()).then(|| words.join(","))
    }

    /// Reads what [`Spans::to_text`] wrote.
    pub(super) fn parse(text: &str) -> Option<Spans> {
        let span = |word: &str| {
            let (after, upto) = word.split_once('-')?;
            Some((tid::pack(after)?, tid::pack(upto)?))
        };
        text.split(',').map(span).collect::<Option<_>>().map(Spans)
    }
}

/// The gaps that are open, and the likes at their ends.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    accounts: HashMap<AccountId, AccountGap>,
    /// A stream missed everybody's events; there is one such gap at a time, which grows.
    stream: Option<StreamGap>,
    /// Likes that came by the stream, of accounts with an open gap, and by repair.
    known: HashMap<AccountId, Known>,
    /// Likes with keys up to this one cannot be met again: day one had them, if anybody.
    known_from: u64,
    last: u64,
}

#[derive(Debug)]
struct AccountGap {
    row: GapRow,
    upto: u64,
}

/// Everybody's gap is repaired in two steps: the follows and blocks of the interior first, so that
/// the circle is right when the likes of all members are taken. Follows that are gone are taken
/// away when all were read: who is followed by another now has not left meanwhile.
#[derive(Debug)]
struct StreamGap {
    row: GapRow,
    upto: u64,
    step: Step,
    /// Who is still to be read in this step.
    waiting: HashSet<AccountId>,
    /// Follow records that are gone, or name somebody else now, by whose they are and by key.
    put_off: BTreeMap<AccountId, BTreeMap<String, Renamed>>,
}

/// Whom a follow record named, and whom it names now; nobody, if it is gone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Renamed {
    pub(super) before: AccountId,
    pub(super) after: Option<AccountId>,
}

#[derive(Debug, Clone, Copy, Eq, PartialEq)]
enum Step {
    Follows,
    Likes,
}

/// Keys of likes near the ends of an account's gaps.
#[derive(Debug, Default)]
struct Known {
    keys: HashSet<(RecordKind, u64)>,
    /// Forgotten when a commit newer than this comes and no gap is open.
    until: u64,
}

/// What a repair found.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found {
    pub(super) likes: u64,
    pub(super) follows: u64,
    pub(super) blocks: u64,
}

impl Gaps {
    /// At start: the gaps as they were kept.
    pub(super) fn restore(&mut self, rows: Vec<GapRow>, last: u64) {
        self.last = last;
        for row in rows {
            match row.account {
                Some(id) => {
                    let upto = row.to_rev.as_deref().and_then(tid::pack).unwrap_or(0);
                    self.accounts
                        .insert(AccountId(id), AccountGap { row, upto });
                }
                None => {
                    self.stream = Some(StreamGap {
                        upto: row.to_micros.map_or(0, tid::at),
                        row,
                        step: Step::Follows,
                        waiting: HashSet::new(),
                        put_off: BTreeMap::new(),
                    });
                }
            }
        }
    }

    /// Likes up to this key are day one's alone.
    pub(super) fn begin_after(&mut self, known_from: u64) {
        self.known_from = known_from;
    }

    /// At start: an account still to be read for the stream's gap.
    pub(super) fn restore_waiting(&mut self, id: AccountId) {
        if let Some(gap) = &mut self.stream {
            gap.waiting.insert(id);
        }
    }

    /// Whether an account's likes must wait: the circle is not yet right.
    pub(super) fn withholds_likes(&self, gap: Option<u64>) -> bool {
        let stream = self.stream.as_ref();
        stream.is_some_and(|open| Some(open.row.id) == gap && open.step == Step::Follows)
    }

    /// An account that enters the interior: while others' follows are read for a stream's gap, its
    /// own are, too. Says for which gap.
    pub(super) fn joins(&mut self, id: AccountId) -> Option<u64> {
        let gap = (self.stream.as_mut()).filter(|gap| gap.step == Step::Follows)?;
        gap.waiting.insert(id);
        Some(gap.row.id)
    }

    /// Follow records that are not as they were are left so, until all follows were read.
    pub(super) fn put_off(&mut self, id: AccountId, records: BTreeMap<String, Renamed>) {
        if let Some(gap) = &mut self.stream {
            gap.put_off.insert(id, records);
        }
    }

    /// The stream told of a follow record, which is newer than what was read.
    pub(super) fn touch_follow(&mut self, id: AccountId, rkey: &str) {
        let gap = self.stream.as_mut();
        if let Some(records) = gap.and_then(|gap| gap.put_off.get_mut(&id)) {
            records.remove(rkey);
        }
    }

    /// Whether an account is still to be read in this step of a stream's gap.
    pub(super) fn waits_for(&self, id: AccountId) -> bool {
        self.stream
            .as_ref()
            .is_some_and(|gap| gap.waiting.contains(&id))
    }

    /// The oldest event time from which likes matter to an open gap.
    pub(super) fn oldest(&self) -> Option<Micros> {
        let stream = self.stream.as_ref().map(|gap| &gap.row);
        let accounts = self.accounts.values().map(|gap| &gap.row);
        accounts
            .chain(stream)
            .map(|row| row.opened_micros - KEY_AGE_MAX)
            .min()
    }

    /// How many are open.
    pub(super) fn open(&self) -> u64 {
        self.accounts.len() as u64 + u64::from(self.stream.is_some())
    }

    fn next_id(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Where the account's open gaps end, if it has any.
    fn end(&self, id: AccountId) -> Option<u64> {
        let stream = self.stream.as_ref().filter(|gap| gap.waiting.contains(&id));
        let account = self.accounts.get(&id).map(|gap| gap.upto);
        account.max(stream.map(|gap| gap.upto))
    }

    /// Notes a like that came by the stream. False: a repair brought it already.
    pub(super) fn is_new(&mut self, id: AccountId, rev: u64, key: (RecordKind, &str)) -> bool {
        let Some(rkey) = tid::pack(key.1) else {
            return true;
        };
        // The key of a client whose clock is fast: a gap after this commit may begin before it.
        let is_ahead = rkey > rev;
        if !is_ahead && self.known.is_empty() && self.accounts.is_empty() && self.stream.is_none() {
            return true;
        }
        let end = self.end(id);
        if end.is_none() && self.known.get(&id).is_some_and(|known| rev > known.until) {
            self.known.remove(&id);
        }
        let key = (key.0, rkey);
        if self
            .known
            .get(&id)
            .is_some_and(|known| known.keys.contains(&key))
        {
            return false;
        }
        if is_ahead || end.is_some_and(|end| rkey <= end) {
            self.note_known(id, key);
        }
        true
    }

    /// At start: a like in the journal that may be met again.
    pub(super) fn restore_like(&mut self, id: AccountId, key: (RecordKind, &str), repaired: bool) {
        let Some(rkey) = tid::pack(key.1).filter(|rkey| *rkey > self.known_from) else {
            return;
        };
        if repaired || self.end(id).is_some_and(|end| rkey <= end) {
            self.note_known(id, (key.0, rkey));
        }
    }

    fn note_known(&mut self, id: AccountId, key: (RecordKind, u64)) {
        let known = self.known.entry(id).or_default();
        known.until = known.until.max(tid::at(tid::micros(key.1) + KEY_AGE_MAX));
        if known.keys.len() < KNOWN_MAX {
            known.keys.insert(key);
        }
    }

    /// Notes a like that a repair brings. False: it came already.
    pub(super) fn is_missed(&mut self, id: AccountId, key: (RecordKind, u64)) -> bool {
        if key.1 <= self.known_from {
            return true;
        }
        if self
            .known
            .get(&id)
            .is_some_and(|known| known.keys.contains(&key))
        {
            return false;
        }
        self.note_known(id, key);
        true
    }
}

impl Engine {
    /// No repair brings likes with keys up to this one.
    pub(super) fn first_missable(&self) -> u64 {
        let now = self.clock.now().unwrap_or_default();
        tid::at(now - HORIZON).max(self.gaps.known_from)
    }

    /// Something of one repo was missed, after one commit and up to another: a row, and where
    /// records are read from hosts, a repair.
    pub(super) fn open_gap(&mut self, kind: &'static str, id: AccountId, after: u64, upto: u64) {
        self.counters.add(format!("gaps.{kind}"), 1);
        let opened_micros = self.clock.now().unwrap_or_default();
        if !self.gaps.accounts.contains_key(&id) {
            let row = GapRow {
                id: self.gaps.next_id(),
                kind: kind.to_owned(),
                account: Some(id.0),
                from_rev: (after > 0).then(|| tid::unpack(after)),
                accounts: 1,
                accounts_left: 1,
                opened_micros,
                ..GapRow::default()
            };
            self.gaps.accounts.insert(id, AccountGap { row, upto });
        }
        if let Some(AccountGap { row, upto: end }) = self.gaps.accounts.get_mut(&id) {
            *end = upto.max(*end);
            row.to_rev = Some(tid::unpack(*end));
            self.pending.gaps.insert(row.id, row.clone());
        }
        // Of what was before it entered nothing counts.
        let entered = self.notes[id.index()].since.map_or(0, tid::at);
        let after = after
            .max(entered)
            .max(tid::at(opened_micros - HORIZON))
            .max(self.gaps.known_from);
        self.order_repair(id, &Spans::one(after, upto), None);
    }

    /// A source says that something may have been missed.
    pub(crate) fn source_gap(&mut self, gap: &Gap, source: SourceIndex, now: Micros) {
        let row = &mut self.sources[source.0].row;
        let from = gap.from_time.or(row.event_micros);
        if gap.cursor_is_void {
            row.cursor = None;
            self.sources[source.0].changed = true;
        }
        match (&gap.did, gap.to_time) {
            (Some(did), to) => {
                if let Some(id) = self.circle.member(did) {
                    let upto = tid::at(to.unwrap_or(now).max(now));
                    self.open_gap(gap.reason, id, self.notes[id.index()].rev, upto);
                }
            }
            (None, Some(to)) => self.stream_gap(gap.reason, source, from, to),
            (None, None) => self.sources[source.0].gap = Some((gap.reason, now)),
        }
    }

    /// A stream went on later than it ended: whatever anybody did meanwhile may have been missed.
    pub(crate) fn stream_gap(
        &mut self,
        kind: &str,
        source: SourceIndex,
        from: Option<Micros>,
        to: Micros,
    ) {
        self.counters.add(format!("gaps.{kind}"), 1);
        let opened_micros = self.clock.now().unwrap_or(to);
        let from = from.unwrap_or(to).max(to - HORIZON) - STREAM_MARGIN;
        let before = self.gaps.stream.take().map(|gap| (gap.row, gap.put_off));
        let (mut row, put_off) = before.unwrap_or_else(|| {
            let row = GapRow {
                id: self.gaps.next_id(),
                kind: kind.to_owned(),
                source: Some(self.sources[source.0].row.name()),
                from_micros: Some(from),
                opened_micros,
                ..GapRow::default()
            };
            (row, BTreeMap::new())
        });
        row.from_micros = row.from_micros.min(Some(from));
        row.to_micros = row.to_micros.max(Some(to));
        row.accounts = self.circle.members().count() as u64;
        row.accounts_left = row.accounts;
        self.pending.gaps.insert(row.id, row.clone());
        let members: Vec<_> = self.circle.members().map(|(id, _)| id).collect();
        let interior = members.iter().copied();
        let id = row.id;
        let upto = row.to_micros.map_or(0, tid::at);
        self.gaps.stream = Some(StreamGap {
            upto,
            row,
            step: Step::Follows,
            waiting: interior.filter(|id| self.circle.is_interior(*id)).collect(),
            put_off,
        });
        for member in members {
            // Of what was before it entered nothing counts, and its commits up to the last seen
            // are known.
            let note = &self.notes[member.index()];
            let after = tid::at(from)
                .max(note.rev)
                .max(note.since.map_or(0, tid::at))
                .max(self.gaps.known_from);
            self.order_repair(member, &Spans::one(after, upto), Some(id));
        }
    }

    /// When a step of a stream's gap is done: to the next one, or the gap is closed.
    pub(super) fn go_on_with_stream_gap(&mut self) {
        let is_read = |gaps: &Gaps, step| {
            let gap = gaps.stream.as_ref();
            gap.is_some_and(|gap| gap.waiting.is_empty() && gap.step == step)
        };
        // First whom others' records name now: who enters the interior by them is read, too.
        for gone in [false, true] {
            if is_read(&self.gaps, Step::Follows) {
                self.take_put_off(gone);
            }
        }
        if is_read(&self.gaps, Step::Follows)
            && let Some(gap) = &mut self.gaps.stream
        {
            gap.step = Step::Likes;
            gap.waiting = self.repairs.of_gap(gap.row.id);
            gap.note_left();
            self.pending.gaps.insert(gap.row.id, gap.row.clone());
        }
        if is_read(&self.gaps, Step::Likes)
            && let Some(mut gap) = self.gaps.stream.take()
        {
            gap.row.closed_micros = self.clock.now().or(Some(gap.row.opened_micros));
            self.pending.gaps.insert(gap.row.id, gap.row);
        }
    }

    /// All follows were read: those that are gone are taken away, or those that name others renamed.
    fn take_put_off(&mut self, gone: bool) {
        let mut taken: BTreeMap<AccountId, BTreeMap<String, Renamed>> = BTreeMap::new();
        if let Some(gap) = &mut self.gaps.stream {
            for (id, records) in &mut gap.put_off {
                let wanted = |_: &String, renamed: &mut Renamed| renamed.after.is_none() == gone;
                taken.insert(*id, records.extract_if(.., wanted).collect());
            }
        }
        for (id, renamed) in taken {
            if renamed.is_empty() {
                continue;
            }
            let mut follows = Vec::new();
            for (rkey, subject) in self.circle.follows(id) {
                let rkey = rkey.as_str();
                let renamed = renamed.get(rkey).filter(|was| was.before == subject);
                if let Some(renamed) = renamed {
                    self.pending.follows.set(id, rkey, renamed.after);
                }
                let subject = renamed.map_or(Some(subject), |renamed| renamed.after);
                follows.extend(subject.map(|subject| (rkey.to_owned(), subject)));
            }
            self.circle
                .replace_follows(id, &follows, |_| false, &mut self.changes);
            self.note_changes("backfill", Some(id), None);
        }
    }

    /// Streams that missed something and have brought nothing since: their gaps end now.
    pub(crate) fn end_silent_gaps(&mut self, now: Micros) {
        for index in 0..self.sources.len() {
            let source = &mut self.sources[index];
            if let Some((kind, _)) = source.gap.take_if(|(_, since)| now - *since > SILENCE_MAX) {
                let last = source.row.event_micros;
                self.stream_gap(kind, SourceIndex(index), last, now);
            }
        }
    }

    /// Takes the missed likes of an account that was read; says how many there were.
    pub(super) fn take_likes(&mut self, id: AccountId, read: &AccountRead, spans: &Spans) -> u64 {
        let mut found = 0;
        for record in &read.likes.records {
            let Some(rkey) = tid::pack(&record.rkey).filter(|rkey| spans.contains(*rkey)) else {
                continue;
            };
            let Some((kind, op)) = as_op(record) else {
                continue;
            };
            if self.gaps.is_missed(id, (kind, rkey)) {
                let liker = Party {
                    did: &read.did,
                    id: Some(id),
                };
                self.like_of(kind, liker, "", &op);
                found += 1;
            }
        }
        let (listed, capped) = (read.likes.records.len(), read.likes.capped);
        tracing::debug!(
            did = read.did,
            ?spans,
            listed,
            capped,
            found,
            "likes read again"
        );
        self.counters.add("gaps.likes_found", found);
        found
    }

    /// An account was read again, or left the circle: its gaps are closed.
    pub(super) fn close_gaps(&mut self, id: AccountId, found: Found) {
        let now = self.clock.now();
        if let Some(AccountGap { mut row, .. }) = self.gaps.accounts.remove(&id) {
            row.accounts_left = 0;
            row.closed_micros = now.or(Some(row.opened_micros));
            add(&mut row, found);
            self.pending.gaps.insert(row.id, row);
        }
        if let Some(gap) = &mut self.gaps.stream
            && gap.waiting.remove(&id)
        {
            add(&mut gap.row, found);
            gap.note_left();
            self.pending.gaps.insert(gap.row.id, gap.row.clone());
        }
    }

    /// The account has failed a few times: others' likes do not wait for its follows. Its own likes are
    /// waited for, as long as it is tried.
    pub(super) fn give_up_follows(&mut self, id: AccountId) {
        if (self.gaps.stream.as_ref()).is_some_and(|gap| gap.step == Step::Follows) {
            self.give_up(id);
        }
    }

    /// The account cannot be read, which its failed backfill shows: a stream's gap does not wait
    /// for it. A gap of its own stays open.
    pub(super) fn give_up(&mut self, id: AccountId) {
        if let Some(gap) = &mut self.gaps.stream
            && gap.waiting.remove(&id)
        {
            gap.note_left();
            self.pending.gaps.insert(gap.row.id, gap.row.clone());
        }
    }
}

impl StreamGap {
    fn note_left(&mut self) {
        if self.step == Step::Likes {
            self.row.accounts_left = self.waiting.len() as u64;
        }
    }
}

fn add(row: &mut GapRow, found: Found) {
    row.likes_found += found.likes;
    row.follows_changed += found.follows;
    row.blocks_changed += found.blocks;
}

/// A like as its host lists it, as the stream would have brought it.
fn as_op(record: &LikeRecord) -> Option<(RecordKind, Op)> {
    let subject = record.subject.clone();
    let (kind, content) = match record.collection {
        Collection::Like => (RecordKind::Like, Record::Like { subject }),
        Collection::Repost => (RecordKind::Repost, Record::Repost { subject }),
        _ => return None,
    };
    let op = Op {
        index: 0,
        action: Action::Create,
        collection: record.collection,
        rkey: record.rkey.clone(),
        cid: Some(record.cid),
        record: Some(Ok(content)),
    };
    Some((kind, op))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_kept_apart_until_there_are_too_many() {
        let mut spans = Spans::one(10, 20);
        spans.add(&Spans::one(30, 40));
        assert!(spans.contains(20) && !spans.contains(25) && spans.contains(31));
        assert!(
            !spans.contains(10) && !spans.contains(30),
            "without the beginning"
        );
        spans.add(&Spans::one(20, 30));
        assert_eq!(spans, Spans::one(10, 40));
        for n in 0..100 {
            spans.add(&Spans::one(1_000 + 10 * n, 1_005 + 10 * n));
        }
        assert_eq!(spans.0.len(), SPANS_MAX);
        assert_eq!(spans.bounds(), Some((10, 1_995)));
        assert_eq!(Spans::one(5, 5), Spans::default());
    }

    #[test]
    fn spans_come_back() {
        let mut spans = Spans::one(1 << 60, (1 << 60) + 5);
        spans.add(&Spans::one(1 << 62, u64::MAX));
        let text = spans.to_text().expect("not empty");
        assert_eq!(Spans::parse(&text), Some(spans));
        assert_eq!(Spans::default().to_text(), None);
        assert_eq!(Spans::parse("2222222222222"), None);
    }

    #[test]
    fn a_like_counts_once_whether_the_stream_or_the_repair_brings_it_first() {
        let id = AccountId(3);
        let key = |n: u64| tid::unpack(tid::at(1_000_000_000 + n.cast_signed()));
        let number = |n: u64| tid::pack(&key(n)).expect("a TID");
        let mut gaps = Gaps::default();
        let live =
            |gaps: &mut Gaps, n: u64| gaps.is_new(id, number(n), (RecordKind::Like, &key(n)));
        assert!(live(&mut gaps, 1), "without a gap revs are enough");
        assert!(live(&mut gaps, 1));
        let row = GapRow {
            account: Some(3),
            to_rev: Some(key(3)),
            ..GapRow::default()
        };
        gaps.restore(vec![row], 1);
        assert!(live(&mut gaps, 2));
        assert!(!gaps.is_missed(id, (RecordKind::Like, number(2))));
        assert!(gaps.is_missed(id, (RecordKind::Like, number(3))));
        gaps.accounts.clear();
        assert!(!live(&mut gaps, 3), "the stream is late with it");
        assert!(live(&mut gaps, 4));
        let later = tid::at(1_000_000_010 + KEY_AGE_MAX);
        assert!(gaps.is_new(id, later, (RecordKind::Like, &tid::unpack(later))));
        assert!(gaps.known.is_empty());
    }
}
