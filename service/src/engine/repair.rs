//! Backfills: which accounts are to be read from their hosts, and what was read.

use std::{cmp::Reverse, collections::BinaryHeap, collections::VecDeque};

use hashbrown::{HashMap, HashSet};
use kith_config::Backfill;
use kith_feeder::{
    backfill::{AccountRead, Listing, ReadError},
    syntax::is_did,
};
use kith_graph::{AccountId, Status};
use kith_store::batch::{BackfillRow, BackfillState, Micros};

use super::{Engine, events::inactive_status};

/// A failed read is tried again after 5 s, 10 s, 20 s, … at most this often.
const ATTEMPTS_MAX: u32 = 12;
const PAUSE_FIRST: Micros = 5_000_000;
const PAUSE_MAX: Micros = 3_600_000_000;

/// An account to be read now.
#[derive(Debug, Clone, Eq, PartialEq)]
pub(crate) struct BackfillOrder {
    /// Whose follows and blocks.
    pub(crate) did: String,
    /// Lower goes first: the hop.
    pub(crate) priority: u8,
}

/// The accounts to be read, being read, and to be read again later.
#[derive(Debug, Default)]
pub(super) struct Repairs {
    /// Every backfill that is not done, as it stands in the store.
    rows: HashMap<AccountId, BackfillRow>,
    /// Tracked accounts, then the others, first come first served.
    queues: [VecDeque<AccountId>; 2],
    later: BinaryHeap<Reverse<(Micros, AccountId)>>,
    running: HashMap<AccountId, Touched>,
    identities: Vec<String>,
}

/// What live events said of an account while it was read: newer than what the host listed.
#[derive(Debug, Default)]
struct Touched {
    follows: HashSet<Box<str>>,
    blocks: HashSet<Box<str>>,
    /// It must be read once more.
    again: bool,
}

impl Repairs {
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

    /// Remembers whose cached identity is out of date.
    pub(super) fn identity_changed(&mut self, did: &str) {
        self.identities.push(did.to_owned());
    }

    /// The account serves its repo again: whatever failed before may work now.
    pub(super) fn reactivated(&mut self, id: AccountId) {
        if self
            .rows
            .get(&id)
            .is_some_and(|row| row.state == BackfillState::Failed)
        {
            self.rows.remove(&id);
        }
    }

    /// The account left the interior: its records are not wanted any more.
    pub(super) fn cancel(&mut self, id: AccountId) {
        self.rows.remove(&id);
        self.running.remove(&id);
    }
}

impl Engine {
    /// The account's follows and blocks are to be read from its host, if that is how the circle is
    /// kept.
    pub(super) fn order_backfill(&mut self, id: AccountId, reason: &str) {
        if self.settings.backfill != Backfill::Pds {
            return;
        }
        if let Some(touched) = self.repairs.running.get_mut(&id) {
            touched.again = true;
            return;
        }
        if self
            .repairs
            .rows
            .get(&id)
            .is_some_and(|row| row.state != BackfillState::Failed)
        {
            return;
        }
        self.queue(BackfillRow {
            account: id.0,
            state: BackfillState::Queued,
            reason: reason.to_owned(),
            attempts: 0,
            not_before_micros: 0,
            error: None,
        });
    }

    /// Puts a backfill in its queue, now or later, and notes it.
    fn queue(&mut self, row: BackfillRow) {
        let id = AccountId(row.account);
        if row.not_before_micros > 0 {
            self.repairs
                .later
                .push(Reverse((row.not_before_micros, id)));
        } else {
            let tracked = self.circle.hop(id) == Some(0);
            self.repairs.queues[usize::from(!tracked)].push_back(id);
        }
        self.note_backfill(row);
    }

    fn note_backfill(&mut self, row: BackfillRow) {
        let id = AccountId(row.account);
        if row.state == BackfillState::Done {
            self.repairs.rows.remove(&id);
        } else {
            self.repairs.rows.insert(id, row.clone());
        }
        self.pending.backfill.insert(id, row);
    }

    /// At start: a backfill that was not done. What was running begins anew.
    pub(super) fn restore_backfill(&mut self, mut row: BackfillRow) {
        let id = AccountId(row.account);
        match row.state {
            BackfillState::Failed => {
                self.repairs.rows.insert(id, row);
            }
            BackfillState::Queued | BackfillState::Running if self.circle.is_interior(id) => {
                row.state = BackfillState::Queued;
                self.queue(row);
            }
            BackfillState::Queued | BackfillState::Running | BackfillState::Done => {}
        }
    }

    /// Up to `running_max` accounts at once are handed out to be read.
    pub(crate) fn backfill_orders(
        &mut self,
        running_max: usize,
        now: Micros,
    ) -> Vec<BackfillOrder> {
        while let Some(Reverse((time, id))) = self.repairs.later.peek().copied() {
            if time > now {
                break;
            }
            self.repairs.later.pop();
            self.repairs.queues[1].push_back(id);
        }
        let mut orders = Vec::new();
        while self.repairs.running.len() < running_max {
            let next = self.repairs.queues.iter_mut().find_map(VecDeque::pop_front);
            let Some(id) = next else { break };
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
            self.note_backfill(row);
            self.repairs.running.insert(id, Touched::default());
            orders.push(BackfillOrder {
                did: self.circle.did(id).as_str().to_owned(),
                priority: self.circle.hop(id).unwrap_or(u8::MAX),
            });
        }
        orders
    }

    /// Whose cached identities are out of date, since last asked.
    pub(crate) fn take_identity_changes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.repairs.identities)
    }

    /// Takes what was read of an account, or why it could not be.
    pub(crate) fn backfilled(
        &mut self,
        did: &str,
        result: Result<AccountRead, ReadError>,
        now: Micros,
    ) {
        let Some(id) = self.circle.lookup(did) else {
            return;
        };
        // Not running: it left the interior meanwhile.
        let Some(touched) = self.repairs.running.remove(&id) else {
            return;
        };
        let Some(row) = self.repairs.rows.get(&id).cloned() else {
            return;
        };
        let row = match result {
            Ok(read) => self.take_read(id, read, &touched, row),
            Err(error) => self.note_failure(id, &error, row, now),
        };
        let (queued, done) = (
            row.state == BackfillState::Queued,
            row.state == BackfillState::Done,
        );
        match queued {
            true => self.queue(row),
            false => self.note_backfill(row),
        }
        if done && touched.again {
            self.order_backfill(id, "again");
        }
    }

    fn take_read(
        &mut self,
        id: AccountId,
        read: AccountRead,
        touched: &Touched,
        row: BackfillRow,
    ) -> BackfillRow {
        if read.handle.is_some() {
            self.set_handle(id, read.handle);
        }
        if !read.status.is_active() {
            let word = read.status.as_str().to_owned();
            self.set_status(id, inactive_status(Some(&word)));
            let state = BackfillState::Failed;
            return BackfillRow {
                state,
                error: Some(word),
                attempts: row.attempts + 1,
                ..row
            };
        }
        if self.circle.status(id) != Status::Active {
            self.circle.set_status(id, Status::Active);
            self.pending.accounts.insert(id);
        }
        let recovered = self.take_follows(id, &read.follows, touched);
        self.take_blocks(id, &read.blocks, touched);
        if let Some(mut gap) = self.open_gaps.remove(&id) {
            gap.closed_micros = self.clock.now().or(Some(gap.opened_micros));
            gap.recovered = Some(recovered);
            self.pending.gaps.insert(gap.id, gap);
        }
        BackfillRow {
            state: BackfillState::Done,
            error: None,
            attempts: row.attempts + 1,
            ..row
        }
    }

    fn take_follows(&mut self, id: AccountId, listing: &Listing, touched: &Touched) -> String {
        let records: Vec<(&str, AccountId)> = listing
            .records
            .iter()
            .filter(|(_, subject)| is_did(subject))
            .map(|(rkey, subject)| (rkey.as_str(), self.intern(subject)))
            .collect();
        let before = self.circle.follow_count(id);
        // A listing that was cut says nothing of what lies beyond its end.
        let end = listing
            .capped
            .then(|| listing.records.last().map(|(rkey, _)| rkey.clone()));
        let beyond = |rkey: &str| match &end {
            Some(Some(last)) => rkey > last.as_str(),
            Some(None) => true,
            None => false,
        };
        let keep = |rkey: &str| touched.follows.contains(rkey) || beyond(rkey);
        self.circle
            .replace_follows(id, &records, keep, &mut self.changes);
        self.pending.follows.drop_all(id);
        for (rkey, subject) in self.circle.follows(id) {
            self.pending.follows.set(id, rkey.as_str(), Some(subject));
        }
        let note = &mut self.notes[id.index()];
        if note.capped != listing.capped {
            note.capped = listing.capped;
            self.pending.accounts.insert(id);
        }
        self.note_changes("backfill", Some(id), None);
        format!(
            "{} follow records, {before} before",
            self.circle.follow_count(id)
        )
    }

    fn take_blocks(&mut self, id: AccountId, listing: &Listing, touched: &Touched) {
        let records: Vec<(&str, AccountId)> = listing
            .records
            .iter()
            .filter(|(_, subject)| is_did(subject))
            .map(|(rkey, subject)| (rkey.as_str(), self.intern(subject)))
            .collect();
        self.circle
            .replace_blocks(id, &records, |rkey| touched.blocks.contains(rkey));
        self.pending.blocks.drop_all(id);
        for (rkey, subject) in self.circle.block_records(id) {
            self.pending.blocks.set(id, rkey.as_str(), Some(subject));
        }
    }

    fn note_failure(
        &mut self,
        id: AccountId,
        error: &ReadError,
        row: BackfillRow,
        now: Micros,
    ) -> BackfillRow {
        if matches!(error, ReadError::Gone { .. }) {
            self.set_status(id, Status::Deleted);
        }
        let attempts = row.attempts + 1;
        let again = error.is_retryable() && attempts < ATTEMPTS_MAX;
        let did = self.circle.did(id);
        tracing::warn!(did = did.as_str(), %error, attempts, again, "account not read");
        let pause = PAUSE_FIRST.saturating_mul(1 << attempts.min(20)) / 2;
        BackfillRow {
            state: if again {
                BackfillState::Queued
            } else {
                BackfillState::Failed
            },
            attempts,
            not_before_micros: if again {
                now.saturating_add(pause.min(PAUSE_MAX))
            } else {
                0
            },
            error: Some(error.reason().to_owned()),
            ..row
        }
    }
}
