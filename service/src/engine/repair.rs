//! Backfills: which accounts are to be read from their hosts, and what was read.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
};

use hashbrown::{HashMap, HashSet};
use kith_config::Backfill;
use kith_feeder::{
    backfill::{AccountRead, LikesWanted, Listing, ReadError, Wanted},
    identity::DidDocument,
    syntax::is_did,
};
use kith_graph::{AccountId, Status};
use kith_store::batch::{BackfillRow, BackfillState, IdentityRow, Micros};

use super::{
    Engine,
    gaps::{Found, Renamed, Spans},
    statuses::{inactive_status, status_word},
    tid,
};

/// A failed read is tried again after 5 s, 10 s, 20 s, … at most this often.
const ATTEMPTS_MAX: u32 = 12;
/// An account that failed so often is not waited for any more.
const PATIENCE: u32 = 3;
const PAUSE_FIRST: Micros = 5_000_000;
const PAUSE_MAX: Micros = 3_600_000_000;

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
    later: BinaryHeap<Reverse<(Micros, AccountId)>>,
    running: HashMap<AccountId, Touched>,
    /// Read since the start: tracked accounts, the rest of the interior, others.
    done: [u64; 3],
    identities: Vec<String>,
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
        self.queues[2].extend(&ids);
        ids.into_iter().collect()
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
    /// The account entered the interior: its follows are to be read.
    pub(super) fn order_entered(&mut self, id: AccountId) {
        let gap = self.gaps.joins(id);
        self.order(id, "entered", &Spans::default(), gap);
        if gap.is_some() {
            // Its likes may be ordered already, and were passed over since they are withheld.
            let ring = self.ring(id);
            self.repairs.queues[ring].push_back(id);
        }
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

    /// The account's follows were read from its host, or are being read.
    pub(super) fn has_read_follows(&self, id: AccountId) -> bool {
        let row = self.repairs.rows.get(&id);
        self.settings.backfill == Backfill::Pds
            && self.circle.is_interior(id)
            && row.is_none_or(|row| row.state == BackfillState::Running)
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
        if let Some(touched) = self.repairs.running.get_mut(&id)
            && !touched.is_cancelled
        {
            let (spans, again_gap) = touched.again.get_or_insert_default();
            spans.add(likes);
            *again_gap = gap.or(*again_gap);
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
        match self
            .repairs
            .rows
            .get(&id)
            .is_some_and(|row| row.state == BackfillState::Queued)
        {
            true => self.note_backfill(row),
            false => self.queue(row),
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
            self.repairs
                .later
                .push(Reverse((row.not_before_micros, id)));
        } else {
            let queue = self.ring(id);
            self.repairs.queues[queue].push_back(id);
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
            BackfillState::Queued | BackfillState::Running
                if self.circle.is_interior(id)
                    || row.likes.is_some() && self.circle.hop(id).is_some() =>
            {
                row.state = BackfillState::Queued;
                if row.gap.is_some() && self.circle.is_interior(id) {
                    self.gaps.restore_waiting(id);
                }
                self.queue(row);
            }
            // Not wanted any more: the config has changed since.
            BackfillState::Queued | BackfillState::Running => {
                row.state = BackfillState::Done;
                self.note_backfill(row);
            }
            BackfillState::Done => {}
        }
    }

    /// Up to `running_max` accounts at once are handed out to be read.
    pub(crate) fn backfill_orders(
        &mut self,
        running_max: usize,
        now: Micros,
    ) -> Vec<BackfillOrder> {
        self.go_on_with_stream_gap();
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
            let withheld = self.gaps.withholds_likes(row.gap);
            if withheld && !self.gaps.waits_for(id) {
                continue;
            }
            let touched = Touched {
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
        let Some(touched) = self.repairs.running.remove(&id) else {
            return;
        };
        if touched.is_cancelled {
            // It may be wanted again since: what was asked before that is not what it follows now.
            if let Some(row) = self.repairs.rows.get(&id).cloned() {
                self.queue(row);
            }
            return;
        }
        let Some(row) = self.repairs.rows.get(&id).cloned() else {
            return;
        };
        let row = match result {
            Ok(read) => self.take_read(id, &read, &touched, row),
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
        if let Some((spans, gap)) = touched.again
            && (done || !spans.is_empty())
        {
            self.order(id, "again", &spans, gap);
        }
    }

    fn take_read(
        &mut self,
        id: AccountId,
        read: &AccountRead,
        touched: &Touched,
        row: BackfillRow,
    ) -> BackfillRow {
        // A claim of the account's own.
        if read.handle.is_some() && !self.looks_up_handles() {
            self.set_handle(id, read.handle.clone());
        }
        if touched.status && !self.circle.status(id).is_active() {
            // It was said while it was read, and is read again when the account is active.
            let word = status_word(self.circle.status(id));
            return self.fail(id, row, word.to_owned());
        }
        if !read.status.is_active() {
            let word = read.status.as_str().to_owned();
            self.read_as_inactive(id, inactive_status(Some(&word)));
            return self.fail(id, row, word);
        }
        self.read_as_active(id);
        let is_withheld = self.gaps.withholds_likes(row.gap);
        let follows = match touched.reads_follows && self.circle.is_interior(id) {
            true => self.take_follows(id, &read.follows, touched, is_withheld),
            false => 0,
        };
        let found = Found {
            follows,
            blocks: self.take_blocks(id, &read.blocks, touched),
            likes: self.take_likes(id, read, &touched.spans),
        };
        if read.likes.capped {
            // What was read counts; that there is more stays visible.
            let error = "more likes were missed than max_likes_per_epoch";
            return self.fail(id, row, error.to_owned());
        }
        if touched.again.is_none() {
            self.close_gaps(id, found);
        }
        if is_withheld || row.likes.is_some() && touched.spans.is_empty() {
            // Its likes, and follows that are gone, are put off: once everybody's follows are read,
            // it is read again.
            let state = BackfillState::Queued;
            return BackfillRow { state, ..row };
        }
        BackfillRow {
            state: BackfillState::Done,
            error: None,
            attempts: row.attempts + 1,
            likes: None,
            gap: None,
            ..row
        }
    }

    /// What was read is not enough, and will not be by waiting.
    fn fail(&mut self, id: AccountId, row: BackfillRow, error: String) -> BackfillRow {
        self.give_up(id);
        BackfillRow {
            state: BackfillState::Failed,
            error: Some(error),
            attempts: row.attempts + 1,
            ..row
        }
    }

    /// Takes the follows as the host lists them; says how many records were found, or found gone.
    /// Those that are gone, or name somebody else, may be `put_off`.
    fn take_follows(
        &mut self,
        id: AccountId,
        listing: &Listing,
        touched: &Touched,
        put_off: bool,
    ) -> u64 {
        let records: Vec<(&str, AccountId)> = listing
            .records
            .iter()
            .filter(|(_, subject)| is_did(subject))
            .map(|(rkey, subject)| (rkey.as_str(), self.intern(subject)))
            .collect();
        let listed: HashMap<&str, AccountId> = records.iter().copied().collect();
        let keep = |rkey: &str| touched.follows.contains(rkey) || is_beyond(listing, rkey);
        let mut renamed = BTreeMap::new();
        let mut before = HashSet::new();
        for (rkey, subject) in self.circle.follows(id) {
            let rkey = rkey.as_str().to_owned();
            let after = listed.get(rkey.as_str()).copied();
            if after != Some(subject) && !keep(&rkey) {
                let before = subject;
                renamed.insert(rkey.clone(), Renamed { before, after });
            }
            before.insert(rkey);
        }
        let found = listed
            .keys()
            .filter(|rkey| !before.contains(**rkey) && !keep(rkey));
        let found = found.count() + renamed.len();
        let is_put_off = |rkey: &str| put_off && renamed.contains_key(rkey);
        self.circle.replace_follows(
            id,
            &records,
            |rkey| keep(rkey) || is_put_off(rkey),
            &mut self.changes,
        );
        if put_off {
            self.gaps.put_off(id, renamed);
        }
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
        found as u64
    }

    /// As `take_follows`, for blocks.
    fn take_blocks(&mut self, id: AccountId, listing: &Listing, touched: &Touched) -> u64 {
        let records: Vec<(&str, AccountId)> = listing
            .records
            .iter()
            .filter(|(_, subject)| is_did(subject))
            .map(|(rkey, subject)| (rkey.as_str(), self.intern(subject)))
            .collect();
        let before: HashSet<(String, AccountId)> = (self.circle.block_records(id))
            .map(|(rkey, subject)| (rkey.as_str().to_owned(), subject))
            .collect();
        let keep = |rkey: &str| touched.blocks.contains(rkey) || is_beyond(listing, rkey);
        self.circle.replace_blocks(id, &records, keep);
        self.pending.blocks.drop_all(id);
        let mut after = HashSet::new();
        for (rkey, subject) in self.circle.block_records(id) {
            self.pending.blocks.set(id, rkey.as_str(), Some(subject));
            after.insert((rkey.as_str().to_owned(), subject));
        }
        before.symmetric_difference(&after).count() as u64
    }

    fn note_failure(
        &mut self,
        id: AccountId,
        error: &ReadError,
        row: BackfillRow,
        now: Micros,
    ) -> BackfillRow {
        let is_gone = matches!(error, ReadError::Gone { .. });
        let attempts = row.attempts + 1;
        // Whom the directory does not know now it may know again in an hour.
        let again = (is_gone || error.is_retryable()) && attempts < ATTEMPTS_MAX;
        if is_gone && self.circle.status(id) != Status::Deleted {
            let status = if again {
                Status::Inactive
            } else {
                Status::Deleted
            };
            self.set_status(id, status);
        }
        let did = self.circle.did(id);
        tracing::warn!(did = did.as_str(), %error, attempts, again, "account not read");
        if !again || is_gone {
            self.give_up(id);
        } else if attempts >= PATIENCE {
            self.give_up_follows(id);
        }
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

/// Whether a record lies beyond the end of a listing that was cut, which says nothing of it.
fn is_beyond(listing: &Listing, rkey: &str) -> bool {
    listing.capped && (listing.records.last()).is_none_or(|(last, _)| rkey > last.as_str())
}

/// The likes that a backfill is to bring.
fn spans_of(row: &BackfillRow) -> Spans {
    row.likes
        .as_deref()
        .and_then(Spans::parse)
        .unwrap_or_default()
}
