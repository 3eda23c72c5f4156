//! What was missed: from when to when, of whom, and what reading it again brought.
//!
//! A gap has two ends. Likes between them are read from the repos; those after its end come by
//! the stream. Both may tell of a like made just at the end, so the keys of such likes are kept
//! until the gap is closed, and a little longer.

mod spans;
mod stream;

pub(super) use spans::Spans;
pub(super) use stream::Renamed;

use stream::StreamGap;

use hashbrown::{HashMap, HashSet};
use kith_feeder::{
    backfill::{AccountRead, LikeRecord},
    source::Gap,
    wire::{Action, Collection, Op, Record, UriText},
};
use kith_graph::AccountId;
use kith_store::batch::{GapRow, Micros, RecordKind};

use super::{AHEAD_MAX, Engine, SourceIndex, cursors::Missed, likes::Party, tid};

/// Likes older than this are not repaired.
const HORIZON: Micros = 30 * 24 * 3_600 * 1_000_000;
/// A stream may deliver a like whose key is older than its commit by this much.
pub(super) const KEY_AGE_MAX: Micros = 600_000_000;

/// Likes of an account that are remembered, if they are made.
const KNOWN_MIN: usize = 20_000;
/// Likes that are ahead of their commits, remembered of all accounts, some 20 MB: a clock that is fast
/// makes some of them, until its account has committed ten minutes later.
const AHEAD_KNOWN_MAX: usize = 524_288;
/// Of one account, once half of that is used: who makes few is not to suffer from those who make many.
const AHEAD_KNOWN_FEW: usize = 64;

/// The gaps that are open, and the likes at their ends.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    accounts: HashMap<AccountId, AccountGap>,
    /// A stream missed everybody's events; there is one such gap at a time, which grows.
    stream: Option<StreamGap>,
    /// Up to where the likes of accounts are still to be read, also of those that failed: they may be
    /// active again.
    wanted: HashMap<AccountId, u64>,
    /// Likes that came by the stream, of accounts with an open gap, and by repair.
    known: HashMap<AccountId, Known>,
    /// Of those, the ones that were ahead of their commits.
    ahead: usize,
    /// Likes remembered of one account; a repo that has more of them at the end of one gap is not
    /// honest.
    known_max: usize,
    /// Likes with keys up to this one cannot be met again: day one had them, if anybody.
    known_from: u64,
    last: u64,
}

#[derive(Debug)]
struct AccountGap {
    row: GapRow,
    upto: u64,
}

/// Keys of likes near the ends of an account's gaps.
#[derive(Debug, Default)]
struct Known {
    keys: HashSet<(RecordKind, u64)>,
    /// So many of them were ahead of their commits.
    ahead: usize,
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
    /// Of an account's likes, twice as many are remembered as may count in an epoch.
    pub(super) fn remember(&mut self, likes_per_epoch_max: u32) {
        self.known_max = (2 * likes_per_epoch_max as usize).max(KNOWN_MIN);
    }

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
                None => self.stream = Some(StreamGap::restored(row)),
            }
        }
    }

    /// Likes up to this key are day one's alone.
    pub(super) fn begin_after(&mut self, known_from: u64) {
        self.known_from = known_from;
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

    /// Up to where likes of the account may be read that are known, if any are to be.
    fn end(&self, id: AccountId) -> Option<u64> {
        let stream = self.stream.as_ref().filter(|gap| gap.brings_likes_of(id));
        let account = self.accounts.get(&id).map(|gap| gap.upto);
        let wanted = self.wanted.get(&id).copied();
        account.max(stream.map(|gap| gap.upto)).max(wanted)
    }

    /// The account's likes are to be read up to this key; None: they are not.
    pub(super) fn note_wanted(&mut self, id: AccountId, upto: Option<u64>) {
        match upto {
            Some(upto) => drop(self.wanted.insert(id, upto)),
            None => drop(self.wanted.remove(&id)),
        }
    }

    /// Notes a like that came by the stream. False: a repair brought it already.
    pub(super) fn is_new(&mut self, id: AccountId, rev: u64, key: (RecordKind, &str)) -> bool {
        let Some(rkey) = tid::pack(key.1) else {
            return true;
        };
        // The key of a client whose clock is fast: a gap after this commit may begin before it.
        let is_ahead = rkey > rev;
        let is_closed = self.accounts.is_empty() && self.stream.is_none() && self.wanted.is_empty();
        if !is_ahead && self.known.is_empty() && is_closed {
            return true;
        }
        let end = self.end(id);
        if end.is_none() && self.known.get(&id).is_some_and(|known| rev > known.until) {
            self.forget_known(id);
        }
        let key = (key.0, rkey);
        if self
            .known
            .get(&id)
            .is_some_and(|known| known.keys.contains(&key))
        {
            return false;
        }
        if end.is_some_and(|end| rkey <= end) {
            self.note_known(id, key);
        } else if is_ahead {
            self.note_ahead(id, key);
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

    /// At start: a like in the journal that may be met again if the account's last commit, this one,
    /// is not long after it. `is_ahead`: it was ahead of its commit.
    pub(super) fn restore_like_after(
        &mut self,
        id: AccountId,
        key: (RecordKind, &str),
        rev: u64,
        is_ahead: bool,
    ) {
        let end = self.end(id);
        let Some(rkey) = tid::pack(key.1) else {
            return;
        };
        if end.is_none() && tid::at(tid::micros(rkey) + KEY_AGE_MAX) < rev {
            return;
        }
        if is_ahead && rkey > self.known_from && end.is_none_or(|end| rkey > end) {
            self.note_ahead(id, (key.0, rkey));
        } else {
            self.restore_like(id, key, true);
        }
    }

    fn note_known(&mut self, id: AccountId, key: (RecordKind, u64)) -> bool {
        let known = self.known.entry(id).or_default();
        known.until = known.until.max(tid::at(tid::micros(key.1) + KEY_AGE_MAX));
        known.keys.len() < self.known_max && known.keys.insert(key)
    }

    /// Remembers a like with a key of the future, of which an account may make any number.
    fn note_ahead(&mut self, id: AccountId, key: (RecordKind, u64)) {
        let its = self.known.get(&id).map_or(0, |known| known.ahead);
        let is_many = self.ahead >= AHEAD_KNOWN_MAX / 2 && its >= AHEAD_KNOWN_FEW;
        if is_many || self.ahead >= AHEAD_KNOWN_MAX {
            return;
        }
        if self.note_known(id, key)
            && let Some(known) = self.known.get_mut(&id)
        {
            known.ahead += 1;
            self.ahead += 1;
        }
    }

    fn forget_known(&mut self, id: AccountId) {
        if let Some(known) = self.known.remove(&id) {
            self.ahead -= known.ahead;
        }
    }

    /// An epoch ends: likes that no gap can bring any more are forgotten. `last` is the last commit of
    /// an account, `None` of one that is outside.
    pub(super) fn forget_past(&mut self, now: Micros, last: impl Fn(AccountId) -> Option<u64>) {
        let now = tid::at(now);
        let is_past = |(id, known): &(&AccountId, &Known)| {
            known.until < last(**id).unwrap_or(now) && self.end(**id).is_none()
        };
        let past: Vec<_> = (self.known.iter().filter(is_past))
            .map(|(id, _)| *id)
            .collect();
        for id in past {
            self.forget_known(id);
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

    /// The oldest event time that a source may go on from.
    pub(super) fn first_tellable(&self) -> Option<Micros> {
        let told = self
            .sources
            .iter()
            .filter_map(|source| source.row.event_micros);
        let oldest = told.min()? - KEY_AGE_MAX;
        Some(oldest.max(self.clock.now()? - HORIZON))
    }

    /// Something of one repo was missed, after one commit and up to another: a row, and where
    /// records are read from hosts, a repair.
    pub(super) fn open_gap(&mut self, kind: &'static str, id: AccountId, before: u64, upto: u64) {
        self.counters.add(format!("gaps.{kind}"), 1);
        let Some(opened_micros) = self.clock.now() else {
            // Likes count from the first event on; who is followed may have changed.
            return self.order_backfill(id, kind);
        };
        if !self.gaps.accounts.contains_key(&id) {
            let row = GapRow {
                id: self.gaps.next_id(),
                kind: kind.to_owned(),
                account: Some(id.0),
                from_rev: (before > 0).then(|| tid::unpack(before)),
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
        let after = self.likes_known(id).max(tid::at(opened_micros - HORIZON));
        let after = after.max(before);
        self.order_repair(id, &Spans::one(after, upto), None);
    }

    /// Likes of the account with keys up to this one are known, or do not count: those of before it
    /// entered, those that were read, and those of commits that were seen.
    pub(super) fn likes_known(&self, id: AccountId) -> u64 {
        self.notes[id.index()].rev.max(self.likes_read(id))
    }

    /// The same without those of commits that were seen: of others between them nothing is known.
    fn likes_read(&self, id: AccountId) -> u64 {
        let note = &self.notes[id.index()];
        note.likes_upto
            .max(note.since.map_or(0, tid::at))
            .max(self.gaps.known_from)
    }

    /// At start: gaps of which nobody was read so far. `begun`: how far everybody is read, by the streams' gaps
    /// for which somebody is.
    pub(super) fn order_open_gaps(&mut self, begun: &HashMap<u64, u64>) {
        let accounts = self.gaps.accounts.iter();
        let accounts: Vec<_> = accounts
            .map(|(id, gap)| (*id, gap.row.clone(), gap.upto))
            .collect();
        for (id, row, upto) in accounts {
            // What is to be read of it for another reason does not bring its likes.
            if !self.repairs.brings_likes(id) {
                let before = row.from_rev.as_deref().and_then(tid::pack).unwrap_or(0);
                let after = self
                    .likes_read(id)
                    .max(tid::at(row.opened_micros - HORIZON));
                self.order_repair(id, &Spans::one(after.max(before), upto), None);
            }
        }
        self.order_stream_gap(begun);
    }

    /// The likes of an account that were asked for at a time were read.
    pub(super) fn note_likes_read(&mut self, id: AccountId, upto: u64, asked: Micros) {
        let note = &mut self.notes[id.index()];
        // The host does not list what is made after that.
        let upto = upto.min(tid::at(asked));
        if upto > note.likes_upto {
            note.likes_upto = upto;
            self.pending.commits.insert(id);
        }
    }

    /// A source says that something may have been missed.
    pub(crate) fn source_gap(&mut self, gap: &Gap, source: SourceIndex, now: Micros) {
        let row = &mut self.sources[source.0].row;
        let from = gap.from_time.or(row.event_micros);
        if gap.cursor_is_void {
            row.cursor = None;
            self.sources[source.0].changed = true;
        }
        // A later time than now is not believed: the next event tells where the gap ends.
        let to = gap
            .to_time
            .filter(|to| *to <= now.saturating_add(AHEAD_MAX));
        match (&gap.did, to) {
            (Some(did), to) => {
                if let Some(id) = self.circle.member(did) {
                    let upto = tid::at(to.unwrap_or(now).max(now));
                    self.open_gap(gap.reason, id, self.notes[id.index()].rev, upto);
                }
            }
            (None, Some(to)) if self.clock.epoch().is_some() => {
                self.stream_gap(gap.reason, source, from, to);
            }
            (None, _) => {
                self.sources[source.0].gap = Some(Missed {
                    kind: gap.reason,
                    from,
                    since: now,
                });
            }
        }
    }

    /// Takes the missed likes of an account that was read; says how many there were.
    pub(super) fn take_likes(&mut self, id: AccountId, read: &AccountRead, spans: &Spans) -> u64 {
        let mut found = 0;
        // Of older ones it is not known any more which were taken.
        let first = self.first_missable();
        let is_asked = |rkey: &u64| spans.contains(*rkey) && *rkey > first;
        for record in &read.likes.records {
            let Some(rkey) = tid::pack(&record.rkey).filter(is_asked) else {
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

    /// An account was read again, or left the circle: its gap is closed.
    pub(super) fn close_gap(&mut self, id: AccountId, found: Found) {
        if let Some(AccountGap { mut row, .. }) = self.gaps.accounts.remove(&id) {
            row.accounts_left = 0;
            row.closed_micros = self.clock.now().or(Some(row.opened_micros));
            add(&mut row, found);
            self.pending.gaps.insert(row.id, row);
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
    let subject = UriText::from(record.subject.as_str());
    let (kind, content) = match record.collection {
        Collection::Like => (RecordKind::Like, Record::Like { subject }),
        Collection::Repost => (RecordKind::Repost, Record::Repost { subject }),
        _ => return None,
    };
    let op = Op {
        index: 0,
        action: Action::Create,
        collection: record.collection,
        rkey: record.rkey.as_str().into(),
        cid: Some(record.cid),
        record: Some(Ok(content)),
    };
    Some((kind, op))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_like_counts_once_whether_the_stream_or_the_repair_brings_it_first() {
        let id = AccountId(3);
        let key = |n: u64| tid::unpack(tid::at(1_000_000_000 + n.cast_signed()));
        let number = |n: u64| tid::pack(&key(n)).expect("a TID");
        let mut gaps = Gaps::default();
        gaps.remember(0);
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

    /// Keys are what a client says: an account's may all be of the year 2200.
    #[test]
    fn likes_of_the_future_are_remembered_within_bounds() {
        let mut gaps = Gaps::default();
        gaps.remember(0);
        let rev = tid::at(1_000_000_000);
        let key = |n: i64| tid::unpack(tid::at(7_000_000_000_000_000 + n));
        let mut hear =
            |id: u32, n: i64| gaps.is_new(AccountId(id), rev, (RecordKind::Like, &key(n)));
        for id in 0..40 {
            for n in 0..20_500 {
                assert!(hear(id, n));
            }
        }
        // Of one that makes few of them each is met once, also where others make many.
        for id in 100..200 {
            assert!(hear(id, 1) && !hear(id, 1));
        }
        for id in 200..9_000 {
            for n in 0..100 {
                assert!(hear(id, n));
            }
        }
        let held: usize = gaps.known.values().map(|known| known.keys.len()).sum();
        assert_eq!((held, gaps.ahead), (AHEAD_KNOWN_MAX, AHEAD_KNOWN_MAX));
        // They go when their account has committed later, or is outside and their time has come.
        let last = |id: AccountId| (id.0 < 200).then_some(rev);
        gaps.forget_past(i64::from(i32::MAX), last);
        assert_eq!(gaps.ahead, AHEAD_KNOWN_MAX);
        let later = 8_000_000_000_000_000;
        gaps.forget_past(later, last);
        assert!(gaps.known.keys().all(|id| id.0 < 200) && gaps.ahead < AHEAD_KNOWN_MAX);
        gaps.forget_past(later, |id| {
            Some(if id.0 < 100 { tid::at(later) } else { rev })
        });
        assert_eq!((gaps.known.len(), gaps.ahead), (100, 100));

        // A start brings no more of them back.
        let mut gaps = Gaps::default();
        gaps.remember(0);
        for id in 0..40 {
            for n in 0..20_000 {
                gaps.restore_like_after(AccountId(id), (RecordKind::Like, &key(n)), rev, true);
            }
        }
        assert_eq!(gaps.ahead, AHEAD_KNOWN_MAX / 2 + 26 * AHEAD_KNOWN_FEW);
    }
}
