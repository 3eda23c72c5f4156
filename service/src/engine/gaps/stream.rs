//! A stream missed something: whatever anybody did meanwhile is read again.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};
use kith_config::Backfill;
use kith_graph::{AccountId, Status};
use kith_store::batch::{GapRow, Micros};

use super::{Found, Gaps, HORIZON, Spans, add};
use crate::engine::{Engine, SourceIndex, cursors::Missed, tid};

/// A stream that begins anew and brings nothing for so long has nothing to bring.
const SILENCE_MAX: Micros = 10_000_000;
/// How far below the last event of a stream its gap begins: events of other repos may be late.
const STREAM_MARGIN: Micros = 60_000_000;

/// Everybody's gap is repaired in two steps: the follows and blocks of the interior first, so that
/// the circle is right when the likes of all members are taken. Follows that are gone are taken
/// away when all were read: who is followed by another now has not left meanwhile.
#[derive(Debug)]
pub(super) struct StreamGap {
    pub(super) row: GapRow,
    pub(super) upto: u64,
    step: Step,
    /// Who is still to be read in this step.
    pub(super) waiting: HashSet<AccountId>,
    /// Follow records that are gone, or name somebody else now, by whose they are and by key.
    put_off: BTreeMap<AccountId, BTreeMap<String, Renamed>>,
}

/// Whom a follow record named, and whom it names now; nobody, if it is gone.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Renamed {
    pub(in crate::engine) before: AccountId,
    pub(in crate::engine) after: Option<AccountId>,
}

#[derive(Debug, Clone, Copy, Eq, PartialEq)]
enum Step {
    Follows,
    Likes,
}

impl Gaps {
    /// At start: an account still to be read for the stream's gap.
    pub(in crate::engine) fn restore_waiting(&mut self, id: AccountId) {
        if let Some(gap) = &mut self.stream {
            gap.waiting.insert(id);
        }
    }

    /// Whether an account's likes must wait: the circle is not yet right.
    pub(in crate::engine) fn withholds_likes(&self, gap: Option<u64>) -> bool {
        let open = self.reads_follows();
        open.is_some_and(|open| Some(open.row.id) == gap)
    }

    /// A stream's gap for which follows are read.
    fn reads_follows(&self) -> Option<&StreamGap> {
        let gap = self.stream.as_ref();
        gap.filter(|gap| gap.step == Step::Follows)
    }

    /// An account that enters the interior: while others' follows are read for a stream's gap, its
    /// own are, too. Says for which gap.
    pub(in crate::engine) fn joins(&mut self, id: AccountId) -> Option<u64> {
        let gap = (self.stream.as_mut()).filter(|gap| gap.step == Step::Follows)?;
        gap.waiting.insert(id);
        Some(gap.row.id)
    }

    /// Follow records that were read and are not as they were are left so, until all follows were
    /// read. What the stream told of `newer` ones meanwhile holds.
    pub(in crate::engine) fn put_off(
        &mut self,
        id: AccountId,
        records: BTreeMap<String, Renamed>,
        newer: impl Fn(&str) -> bool,
    ) {
        if let Some(gap) = &mut self.stream {
            let known = gap.put_off.entry(id).or_default();
            known.retain(|rkey, _| newer(rkey));
            known.extend(records);
        }
    }

    /// Whether an account is still to be read in this step of a stream's gap.
    pub(in crate::engine) fn waits_for(&self, id: AccountId) -> bool {
        let gap = self.stream.as_ref();
        gap.is_some_and(|gap| gap.waiting.contains(&id))
    }
}

impl Engine {
    /// The stream tells of a follow record. True: it was there, and what became of it is put off,
    /// as what is read is.
    pub(in crate::engine) fn puts_off_follow(
        &mut self,
        id: AccountId,
        rkey: &str,
        after: Option<AccountId>,
    ) -> bool {
        let gap = self.gaps.stream.as_mut();
        let Some(gap) = gap.filter(|gap| gap.step == Step::Follows) else {
            return false;
        };
        let records = gap.put_off.entry(id).or_default();
        records.remove(rkey);
        // Who is not read is not read after a restart either, which has to find what was put off.
        let before = self.circle.follow(id, rkey);
        match before.filter(|_| self.repairs.is_wanted_by(id, gap.row.id)) {
            Some(before) if after != Some(before) => {
                records.insert(rkey.to_owned(), Renamed { before, after });
                true
            }
            _ => false,
        }
    }

    /// The account was deleted. True: that its follows are gone is put off.
    pub(in crate::engine) fn puts_off_follows(&mut self, id: AccountId) -> bool {
        let gap = self.gaps.reads_follows();
        if !gap.is_some_and(|gap| self.repairs.is_wanted_by(id, gap.row.id)) {
            return false;
        }
        let follows = self.circle.follows(id);
        let gone = follows.map(|(rkey, before)| {
            let after = None;
            (rkey.as_str().to_owned(), Renamed { before, after })
        });
        self.gaps.put_off(id, gone.collect(), |_| false);
        true
    }

    /// At start: who was deleted while follows were read for a stream's gap.
    pub(in crate::engine) fn drop_follows_of_deleted(&mut self) {
        if self.gaps.reads_follows().is_none() {
            return;
        }
        let members = self.circle.members().map(|(id, _)| id);
        let deleted: Vec<_> = members
            .filter(|id| self.circle.status(*id) == Status::Deleted)
            .filter(|id| self.circle.follow_count(*id) > 0)
            .collect();
        for id in deleted {
            self.drop_follows(id, "deleted");
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
        let id = row.id;
        let upto = row.to_micros.map_or(0, tid::at);
        self.gaps.stream = Some(StreamGap {
            put_off,
            ..StreamGap::restored(row)
        });
        for member in self.wait_for_interior() {
            let after = self.likes_known(member).max(tid::at(from));
            self.order_repair(member, &Spans::one(after, upto), Some(id));
        }
    }

    /// The stream's gap waits for the follows of all of the interior. Returns the members.
    fn wait_for_interior(&mut self) -> Vec<AccountId> {
        let members: Vec<_> = self.circle.members().map(|(id, _)| id).collect();
        if let Some(gap) = &mut self.gaps.stream {
            let interior = members.iter().copied();
            gap.waiting = interior.filter(|id| self.circle.is_interior(*id)).collect();
        }
        members
    }

    /// At start: a gap of which nobody was read so far, or not to its end: it grew while nobody was.
    pub(super) fn order_stream_gap(&mut self, begun: &HashMap<u64, u64>) {
        let Some(StreamGap { row, upto, .. }) = &self.gaps.stream else {
            return;
        };
        let (id, upto) = (row.id, *upto);
        let from = row.from_micros.unwrap_or(row.opened_micros);
        if row.accounts_left < row.accounts || begun.get(&id).is_some_and(|to| *to >= upto) {
            return;
        }
        for member in self.wait_for_interior() {
            let after = self.likes_read(member).max(tid::at(from));
            self.order_repair(member, &Spans::one(after, upto), Some(id));
        }
    }

    /// When a step of a stream's gap is done: to the next one, or the gap is closed.
    pub(in crate::engine) fn go_on_with_stream_gap(&mut self) {
        if self.settings.backfill != Backfill::Pds {
            return;
        }
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
        if self.clock.epoch().is_none() {
            return;
        }
        for index in 0..self.sources.len() {
            let source = &mut self.sources[index];
            // Who is not there says nothing for another reason.
            let is_there = source.row.connected;
            let is_over = |gap: &mut Missed| is_there && now - gap.since > SILENCE_MAX;
            if let Some(Missed { kind, from, .. }) = source.gap.take_if(|gap| is_over(gap)) {
                self.stream_gap(kind, SourceIndex(index), from, now);
            }
        }
    }

    /// An account was read again, cannot be, or left the circle: the stream's gap does not wait for it.
    pub(in crate::engine) fn leave_stream_gap(&mut self, id: AccountId, found: Found) {
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
    pub(in crate::engine) fn give_up_follows(&mut self, id: AccountId) {
        if self.gaps.reads_follows().is_some() {
            self.leave_stream_gap(id, Found::default());
        }
    }
}

impl StreamGap {
    /// At start: who is still to be read is told by the backfills.
    pub(super) fn restored(row: GapRow) -> StreamGap {
        StreamGap {
            upto: row.to_micros.map_or(0, tid::at),
            row,
            step: Step::Follows,
            waiting: HashSet::new(),
            put_off: BTreeMap::new(),
        }
    }

    /// Whether the account's likes are still to be read: in the first step, everybody's.
    pub(super) fn brings_likes_of(&self, id: AccountId) -> bool {
        self.step == Step::Follows || self.waiting.contains(&id)
    }

    pub(super) fn note_left(&mut self) {
        if self.step == Step::Likes {
            self.row.accounts_left = self.waiting.len() as u64;
        }
    }
}
