//! Backfills: which accounts are to be read from their hosts, and what was read.

mod starting;
mod taking;

use std::collections::{BTreeSet, VecDeque};

use hashbrown::{HashMap, HashSet};
use kith_config::Backfill;
use kith_feeder::{
    backfill::{LikesWanted, Wanted},
    identity::DidDocument,
};
use kith_graph::AccountId;
use kith_store::batch::{BackfillRow, BackfillState, IdentityRow, Micros};

use super::{
    Engine,
    gaps::{Found, KEY_AGE_MAX, Spans},
    tid,
};

/// An account that failed so often is not waited for any more.
const PATIENCE: u32 = 3;

/// An account to be read now.
#[derive(Debug, Clone, Eq, PartialEq)]
pub(crate) struct BackfillOrder {
    /// Whose.
    pub(crate) did: String,
    /// Lower goes first: the hop.
    pub(crate) priority: u8,
    /// What of it.
    pub(crate) wanted: Wanted,
}

/// The accounts to be read, being read, and to be read again later.
#[derive(Debug, Default)]
pub(super) struct Repairs {
    /// Every backfill that is not done, as it stands in the store.
    rows: HashMap<AccountId, BackfillRow>,
    /// Tracked accounts, the rest of the interior, then the last degree; first come first served.
    queues: [VecDeque<AccountId>; 3],
    /// In which of them an account waits: the foremost. So each holds it once, however often it is asked
    /// for.
    queued: HashMap<AccountId, usize>,
    /// Once for each time, however often it is asked for.
    later: BTreeSet<(Micros, AccountId)>,
    running: HashMap<AccountId, Touched>,
    /// Read since the start: tracked accounts, the rest of the interior, others.
    done: [u64; 3],
    identities: Vec<String>,
    /// Where nobody is read: who was still to be.
    waiting: HashSet<AccountId>,
}

/// How far the reading of accounts is, since the start.
#[derive(Debug, Clone, Copy, Default, Eq, PartialEq)]
pub(crate) struct ReadingAt {
    /// Read.
    pub(crate) done: u64,
    /// Waiting, or being read.
    pub(crate) left: u64,
    /// Given up, earlier or now.
    pub(crate) failed: u64,
}

/// An account that is being read, and what live events say of it meanwhile: newer than what the
/// host lists.
#[derive(Debug, Default)]
struct Touched {
    /// When it was asked for.
    asked: Micros,
    spans: Spans,
    reads_follows: bool,
    follows: HashSet<Box<str>>,
    blocks: HashSet<Box<str>>,
    /// Something was said of its status.
    status: bool,
    /// It is not wanted any more; what comes of it is older than what will be asked for next.
    is_cancelled: bool,
    /// It must be read once more, for these likes and this stream's gap too.
    again: Option<(Spans, Option<u64>)>,
}

impl Repairs {
    /// Puts everybody whose likes a stream's gap withheld into the queue; says who they are.
    pub(super) fn of_gap(&mut self, gap: u64) -> HashSet<AccountId> {
        let rows = self.rows.values();
        let mut ids: Vec<_> = rows
            .filter(|row| row.gap == Some(gap) && row.state != BackfillState::Failed)
            .map(|row| AccountId(row.account))
            .collect();
        ids.sort_unstable();
        for id in &ids {
            self.push(2, *id);
        }
        ids.into_iter().collect()
    }

    fn push(&mut self, ring: usize, id: AccountId) {
        if self.queued.get(&id).is_none_or(|queued| ring < *queued) {
            self.queued.insert(id, ring);
            self.queues[ring].push_back(id);
        }
    }

    fn pop(&mut self) -> Option<AccountId> {
        let ring = self.queues.iter().position(|queue| !queue.is_empty())?;
        let id = self.queues[ring].pop_front()?;
        if self.queued.get(&id) == Some(&ring) {
            self.queued.remove(&id);
        }
        Some(id)
    }

    /// Whether likes of the account are to be read, or could not be.
    pub(super) fn brings_likes(&self, id: AccountId) -> bool {
        self.rows.get(&id).is_some_and(|row| row.likes.is_some())
    }

    /// Whether the account is read for this stream's gap, and has not failed.
    pub(super) fn is_wanted_by(&self, id: AccountId, gap: u64) -> bool {
        let row = self.rows.get(&id);
        row.is_some_and(|row| row.gap == Some(gap) && row.state != BackfillState::Failed)
    }

    pub(super) fn touch_follow(&mut self, id: AccountId, rkey: &str) {
        if let Some(touched) = self.running.get_mut(&id) {
            touched.follows.insert(rkey.into());
        }
    }

    pub(super) fn touch_block(&mut self, id: AccountId, rkey: &str) {
        if let Some(touched) = self.running.get_mut(&id) {
            touched.blocks.insert(rkey.into());
        }
    }

    pub(super) fn touch_status(&mut self, id: AccountId) {
        if let Some(touched) = self.running.get_mut(&id) {
            touched.status = true;
        }
    }

    /// Remembers whose cached identity is out of date.
    pub(super) fn identity_changed(&mut self, did: &str) {
        self.identities.push(did.to_owned());
    }
}

impl Engine {
    /// The account entered the interior: its follows are to be read. Where nobody is, that it was read once
    /// says nothing any more, for the time when somebody is again.
    pub(super) fn order_entered(&mut self, id: AccountId) {
        if self.settings.backfill != Backfill::Pds {
            if !self.repairs.waiting.contains(&id) {
                self.pending.unread.insert(id.0);
            }
            return;
        }
        let gap = self.gaps.joins(id);
        self.order(id, "entered", &Spans::default(), gap);
    }

    /// The account's follows and blocks are to be read from its host, if that is how the circle is
    /// kept.
    pub(super) fn order_backfill(&mut self, id: AccountId, reason: &str) {
        self.order(id, reason, &Spans::default(), None);
    }

    /// Likes of the account were missed: they are to be read from its host, and its follows and
    /// blocks again, as far as they are kept.
    pub(super) fn order_repair(&mut self, id: AccountId, likes: &Spans, gap: Option<u64>) {
        self.order(id, "gap", likes, gap);
    }

    /// The account is active again: what could not be read of it may be now.
    pub(super) fn reactivated(&mut self, id: AccountId) {
        if self.circle.is_interior(id) || self.repairs.rows.contains_key(&id) {
            self.order_backfill(id, "active");
        }
    }

    fn order(&mut self, id: AccountId, reason: &str, likes: &Spans, gap: Option<u64>) {
        if self.settings.backfill != Backfill::Pds {
            return;
        }
        let known = self.repairs.rows.get(&id);
        let mut spans = known.map(spans_of).unwrap_or_default();
        spans.add(likes);
        let row = match known {
            Some(row) if row.state != BackfillState::Failed => BackfillRow {
                likes: spans.to_text(),
                gap: gap.or(row.gap),
                ..row.clone()
            },
            failed => BackfillRow {
                account: id.0,
                state: BackfillState::Queued,
                reason: reason.to_owned(),
                attempts: 0,
                not_before_micros: 0,
                error: None,
                likes: spans.to_text(),
                gap: gap.or(failed.and_then(|row| row.gap)),
            },
        };
        let is_queued = known.is_some_and(|row| row.state == BackfillState::Queued);
        if let Some(touched) = self.repairs.running.get_mut(&id)
            && !touched.is_cancelled
        {
            let (spans, again_gap) = touched.again.get_or_insert_default();
            spans.add(likes);
            *again_gap = gap.or(*again_gap);
            // For the next start, if that comes before the answer.
            self.note_backfill(row);
        } else if is_queued && gap.is_none() {
            self.note_backfill(row);
        } else {
            // It may have been passed over, since its likes are withheld.
            self.queue(row);
        }
    }

    /// The account left the interior: its follows are not wanted any more. If it is still a
    /// member, missed likes are.
    pub(super) fn cancel_backfill(&mut self, id: AccountId) {
        let is_member = self.circle.hop(id).is_some();
        let wanted = |row: &BackfillRow| is_member && (row.likes.is_some() || row.gap.is_some());
        if self.repairs.rows.get(&id).is_some_and(wanted) {
            return;
        }
        if let Some(touched) = self.repairs.running.get_mut(&id) {
            touched.is_cancelled = true;
        }
        if let Some(row) = self.repairs.rows.remove(&id) {
            self.gaps.note_wanted(id, None);
            // Nothing is left of its gap that could be read.
            self.close_gap(id, Found::default());
            let state = BackfillState::Done;
            self.pending
                .backfill
                .insert(id, BackfillRow { state, ..row });
        }
    }

    /// Puts a backfill in its queue, now or later, and notes it.
    fn queue(&mut self, row: BackfillRow) {
        let id = AccountId(row.account);
        if row.not_before_micros > 0 {
            self.repairs.later.insert((row.not_before_micros, id));
        } else {
            let ring = self.ring(id);
            self.repairs.push(ring, id);
        }
        self.note_backfill(row);
    }

    /// Tracked accounts, the rest of the interior, others: 0 to 2.
    fn ring(&self, id: AccountId) -> usize {
        match self.circle.hop(id) {
            Some(0) => 0,
            _ if self.circle.is_interior(id) => 1,
            _ => 2,
        }
    }

    fn note_backfill(&mut self, row: BackfillRow) {
        let id = AccountId(row.account);
        if row.state == BackfillState::Done {
            let ring = self.ring(id);
            self.repairs.done[ring] += 1;
            self.repairs.rows.remove(&id);
            self.gaps.note_wanted(id, None);
        } else {
            self.keep_backfill(row.clone());
        }
        self.pending.backfill.insert(id, row);
    }

    fn keep_backfill(&mut self, row: BackfillRow) {
        let id = AccountId(row.account);
        let upto = spans_of(&row).bounds().map(|(_, upto)| upto);
        self.gaps.note_wanted(id, upto);
        self.repairs.rows.insert(id, row);
    }

    /// Event time from which likes are to be read, of those `told` of by the stream since or of all.
    pub(super) fn oldest_wanted(&self, told: bool) -> Option<Micros> {
        let rows = self.repairs.rows.iter();
        let after = rows.filter_map(|(id, row)| {
            let (after, _) = spans_of(row).bounds()?;
            (!told || self.notes[id.index()].rev > after).then_some(after)
        });
        Some(tid::micros(after.min()?).max(tid::micros(self.first_missable())) - KEY_AGE_MAX)
    }

    /// Whether the account is to be read, or cannot be.
    pub(super) fn is_to_be_read(&self, id: AccountId) -> bool {
        self.repairs.rows.contains_key(&id)
    }

    /// Up to `running_max` accounts at once are handed out to be read.
    pub(crate) fn backfill_orders(
        &mut self,
        running_max: usize,
        now: Micros,
    ) -> Vec<BackfillOrder> {
        self.go_on_with_stream_gap();
        while let Some((_, id)) = (self.repairs.later)
            .first()
            .filter(|(time, _)| *time <= now)
            .copied()
        {
            self.repairs.later.pop_first();
            self.repairs.push(1, id);
        }
        let mut orders = Vec::new();
        while self.repairs.running.len() < running_max {
            let Some(id) = self.repairs.pop() else {
                break;
            };
            // Cancelled, or queued twice.
            let Some(row) = self.repairs.rows.get(&id) else {
                continue;
            };
            if row.state != BackfillState::Queued || self.repairs.running.contains_key(&id) {
                continue;
            }
            let row = BackfillRow {
                state: BackfillState::Running,
                ..row.clone()
            };
            let withheld = self.gaps.withholds_likes(row.gap);
            if withheld && !self.gaps.waits_for(id) {
                continue;
            }
            let touched = Touched {
                asked: now,
                spans: if withheld {
                    Spans::default()
                } else {
                    spans_of(&row)
                },
                reads_follows: self.circle.is_interior(id),
                ..Touched::default()
            };
            self.note_backfill(row);
            orders.push(BackfillOrder {
                did: self.circle.did(id).as_str().to_owned(),
                priority: self.circle.hop(id).unwrap_or(u8::MAX),
                wanted: self.wanted(&touched),
            });
            self.repairs.running.insert(id, touched);
        }
        orders
    }

    fn wanted(&self, touched: &Touched) -> Wanted {
        Wanted {
            follows: touched.reads_follows,
            blocks: true,
            likes: touched.spans.bounds().map(|(after, upto)| LikesWanted {
                after: tid::unpack(after),
                upto: tid::unpack(upto),
                reposts: self.settings.parameters.repost > 0,
                max: self.settings.max_likes_per_epoch,
            }),
        }
    }

    /// Backfills that are not done, by state.
    pub(crate) fn backfills(&self) -> [(&'static str, u64); 3] {
        let mut counts = [
            BackfillState::Queued,
            BackfillState::Running,
            BackfillState::Failed,
        ]
        .map(|state| (state, 0));
        for row in self.repairs.rows.values() {
            for (state, count) in &mut counts {
                *count += u64::from(row.state == *state);
            }
        }
        counts.map(|(state, count)| (state.name(), count))
    }

    /// Turns that are awaited.
    #[cfg(test)]
    pub(super) fn waiting_later(&self) -> usize {
        self.repairs.later.len()
    }

    /// How far reading is: tracked accounts, the rest of the interior, others.
    pub(crate) fn reading(&self) -> [ReadingAt; 3] {
        let mut rings = self.repairs.done.map(|done| ReadingAt {
            done,
            ..ReadingAt::default()
        });
        for (id, row) in &self.repairs.rows {
            let ring = &mut rings[self.ring(*id)];
            match row.state {
                BackfillState::Failed => ring.failed += 1,
                _ => ring.left += 1,
            }
        }
        rings
    }

    /// Accounts that were not yet read, and have not failed often.
    pub(crate) fn follows_left(&self) -> usize {
        let rows = self.repairs.rows.values();
        rows.filter(|row| row.state != BackfillState::Failed && row.attempts < PATIENCE)
            .count()
    }

    /// Whose cached identities are out of date, since last asked.
    pub(crate) fn take_identity_changes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.repairs.identities)
    }

    /// What was learned of these accounts' documents is out of date, for the next start too.
    pub(crate) fn unlearn_all(&mut self, dids: &[String]) {
        for did in dids {
            if let Some(id) = self.circle.lookup(did) {
                self.unlearn(id);
            }
        }
    }

    /// What an account's document said is out of date, for the next start too.
    pub(super) fn unlearn(&mut self, id: AccountId) {
        if self.circle.hop(id).is_some() {
            let forgotten = IdentityRow {
                account: id.0,
                pds: None,
                handle: None,
                signing_key: None,
                fetched_micros: 0,
            };
            self.pending.identities.insert(id, forgotten);
        }
    }

    /// Notes what an account's document says, for the next start.
    pub(crate) fn learn(&mut self, document: &DidDocument, now: Micros) {
        if let Some(id) = self.circle.lookup(&document.did)
            && !self.forgotten.contains(&id)
        {
            self.pending.identities.insert(
                id,
                IdentityRow {
                    account: id.0,
                    pds: document.pds.clone(),
                    handle: document.handle.clone(),
                    signing_key: document.signing_key.clone(),
                    fetched_micros: now,
                },
            );
        }
    }
}

/// The likes that a backfill is to bring.
fn spans_of(row: &BackfillRow) -> Spans {
    row.likes
        .as_deref()
        .and_then(Spans::parse)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server can say again and again that something was missed.
    #[test]
    fn an_account_waits_once_in_a_queue() {
        let mut repairs = Repairs::default();
        for _ in 0..2 {
            for ring in [2, 2, 1, 2, 1] {
                repairs.push(ring, AccountId(7));
                repairs.push(ring, AccountId(8));
            }
            let mut order = std::iter::from_fn(|| repairs.pop().map(|id| id.0));
            assert_eq!(order.by_ref().take(9).collect::<Vec<_>>(), [7, 8, 7, 8]);
        }
        assert!(repairs.queued.is_empty());
    }
}
