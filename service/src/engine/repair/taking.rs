//! What was read of an account, or why it could not be.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};
use kith_feeder::{
    backfill::{AccountRead, Listing, ReadError},
    syntax::is_did,
};
use kith_graph::{AccountId, Status};
use kith_store::batch::{BackfillRow, BackfillState, Micros};

use super::{PATIENCE, Touched};
use crate::engine::{
    Engine,
    gaps::{Found, Renamed},
    statuses::{inactive_status, status_word},
};

/// A failed read is tried again after 5 s, 10 s, 20 s, … at most this often.
const ATTEMPTS_MAX: u32 = 12;
const PAUSE_FIRST: Micros = 5_000_000;
const PAUSE_MAX: Micros = 3_600_000_000;

impl Engine {
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
        if touched.status && !read.status.is_active() {
            // It came back while it was read.
            let state = BackfillState::Queued;
            return BackfillRow { state, ..row };
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
        if let Some((_, upto)) = touched.spans.bounds()
            && !read.likes.capped
        {
            self.note_likes_read(id, upto, touched.asked);
        }
        if read.likes.capped {
            // What was read counts; that there is more stays visible.
            let error = "more likes were missed than max_likes_per_epoch";
            return self.fail(id, row, error.to_owned());
        }
        // Its likes, and follows that are gone, are put off: once everybody's follows are read, it is
        // read again.
        let is_put_off = is_withheld || row.likes.is_some() && touched.spans.is_empty();
        if touched.again.is_none() && !is_put_off {
            self.close_gap(id, found);
        }
        if touched.again.is_none() && (is_withheld || !is_put_off) {
            self.leave_stream_gap(id, found);
        }
        if is_put_off {
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

    /// What was read is not enough, and will not be by waiting: a stream's gap does not wait for it,
    /// a gap of its own stays open.
    fn fail(&mut self, id: AccountId, row: BackfillRow, error: String) -> BackfillRow {
        self.leave_stream_gap(id, Found::default());
        BackfillRow {
            state: BackfillState::Failed,
            error: Some(error),
            attempts: row.attempts + 1,
            ..row
        }
    }

    /// The records of a listing of the account's, by key, and whether some were left out: whom they
    /// name has a number from now on.
    fn records_of<'a>(
        &mut self,
        id: AccountId,
        listing: &'a Listing,
    ) -> (Vec<(&'a str, AccountId)>, bool) {
        let mut records = Vec::with_capacity(listing.records.len());
        let mut is_cut = false;
        for (rkey, subject) in listing.records.iter().filter(|(_, did)| is_did(did)) {
            match self.may_name(id, subject) {
                true => records.push((rkey.as_str(), self.intern(subject))),
                false => is_cut = true,
            }
        }
        (records, is_cut)
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
        let (records, is_cut) = self.records_of(id, listing);
        let listed: HashMap<&str, AccountId> = records.iter().copied().collect();
        let keep = |rkey: &str| touched.follows.contains(rkey) || is_beyond(listing, rkey);
        let mut renamed = BTreeMap::new();
        for (rkey, before) in self.circle.follows(id) {
            let rkey = rkey.as_str();
            let after = listed.get(rkey).copied();
            if after != Some(before) && !keep(rkey) {
                renamed.insert(rkey.to_owned(), Renamed { before, after });
            }
        }
        let is_new = |rkey: &&&str| self.circle.follow(id, rkey).is_none() && !keep(rkey);
        let found = listed.keys().filter(is_new).count() + renamed.len();
        let is_put_off = |rkey: &str| put_off && renamed.contains_key(rkey);
        self.circle.replace_follows(
            id,
            &records,
            |rkey| keep(rkey) || is_put_off(rkey),
            &mut self.changes,
        );
        if put_off {
            let newer = |rkey: &str| touched.follows.contains(rkey);
            self.gaps.put_off(id, renamed, newer);
        }
        self.pending.follows.drop_all(id);
        for (rkey, subject) in self.circle.follows(id) {
            self.pending.follows.set(id, rkey.as_str(), Some(subject));
        }
        let note = &mut self.notes[id.index()];
        let is_capped = listing.capped || is_cut;
        if note.capped != is_capped {
            note.capped = is_capped;
            self.pending.accounts.insert(id);
        }
        self.note_changes("backfill", Some(id), None);
        found as u64
    }

    /// As `take_follows`, for blocks.
    fn take_blocks(&mut self, id: AccountId, listing: &Listing, touched: &Touched) -> u64 {
        let (records, _) = self.records_of(id, listing);
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
            self.leave_stream_gap(id, Found::default());
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
