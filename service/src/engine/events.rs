//! Messages of the stream: what they do to the circle.

use kith_config::Verify;
use kith_feeder::{
    syntax::is_did,
    wire::{Action, Cid, Collection, Commit, Message, Micros, Op, Record},
};
use kith_graph::{AccountId, Change, Status};
use kith_reputation::Operation;
use kith_store::batch::RecordKind;

use super::{
    Arrival, Engine, Note,
    gaps::{Found, KEY_AGE_MAX},
    likes::Party,
    tid,
};
use crate::checker::{HOST_UNKNOWN, Verdict};

/// A rev further ahead of the local clock than this is refused: it would shut out all that follow.
const REV_AHEAD_MAX: Micros = 300_000_000;

/// An account may name four times as many new ones in an epoch as are read of its follows, or as
/// this; and have as many follows, and as many blocks.
const NAMES_MIN: u32 = 10_000;

/// The clocks of a host and of a relay may differ by this much: else a commit of before an account
/// entered seems to be of after it.
const CLOCKS_APART: Micros = 60_000_000;

impl Engine {
    /// Applies a message.
    pub(super) fn message(&mut self, message: &Message, arrival: Arrival) {
        let (seq, time) = position(message);
        let has_rev = matches!(message, Message::Commit(_) | Message::Sync { .. });
        if !self.is_due(arrival, seq, time, has_rev) {
            return;
        }
        if let Verdict::Bad(reason) = arrival.verdict {
            return self.refused(message, reason, arrival);
        }
        match message {
            Message::Commit(commit) => self.commit(commit, arrival),
            Message::Sync {
                did,
                rev,
                data,
                commit_rev,
                ..
            } => self.sync(did, (rev, commit_rev.as_deref()), *data, arrival),
            Message::Identity { did, handle, .. } => self.identity(did, handle.clone()),
            Message::Account {
                did,
                active,
                status,
                time,
                ..
            } => self.account(did, *active, status.as_deref(), *time, arrival.source),
            // What they mean for the stream, its source says: see `What::Gap`.
            Message::Info { .. } => self.counters.add("frames.info", 1),
            Message::Error { .. } => self.counters.add("frames.error", 1),
            Message::Unknown { .. } => self.counters.add("frames.unknown", 1),
        }
    }

    /// A message that did not pass its check: it is not applied. A commit's account is read again.
    fn refused(&mut self, message: &Message, reason: &'static str, arrival: Arrival) {
        let (did, rev) = match message {
            Message::Commit(commit) => (&commit.repo, commit.rev.as_str()),
            Message::Sync { did, rev, .. } => (did, rev.as_str()),
            Message::Account { did, .. } => {
                self.counters.add(format!("frames.account_of_{reason}"), 1);
                if let (HOST_UNKNOWN, Some(id)) = (reason, self.circle.member(did)) {
                    // Its host says it, once it is known.
                    self.order_backfill(id, "status");
                }
                return;
            }
            _ => return,
        };
        if let Some(number) = self.new_rev(self.circle.member(did), rev, arrival.now) {
            self.refuse(self.circle.member(did), did, number, reason);
        }
    }

    /// A commit is not applied, and its account is read again.
    fn refuse(&mut self, id: Option<AccountId>, did: &str, rev: u64, reason: &'static str) {
        self.counters.add(format!("verify.{reason}"), 1);
        tracing::debug!(did, rev = tid::unpack(rev), reason, "commit not applied");
        if let Some(id) = id {
            self.open_gap("verification", id, self.notes[id.index()].rev, rev);
        }
    }

    fn commit(&mut self, commit: &Commit, arrival: Arrival) {
        let known = match self.settings.keeps_all_records() {
            true => Some(self.intern(&commit.repo)),
            false => self.circle.lookup(&commit.repo),
        };
        let told = known.filter(|id| self.has_told(*id, commit));
        let new = match told {
            Some(id) => Some(self.notes[id.index()].rev),
            None => self.new_rev(known, &commit.rev, arrival.now),
        };
        let Some(rev) = new else {
            return;
        };
        if arrival.verdict == Verdict::Good {
            // The tree before can be left out, and with it what the ops are checked against.
            let is_first = known.is_none_or(|id| !self.data.contains_key(&id));
            if self.settings.verify == Verify::Full && commit.prev_data.is_none() && !is_first {
                return self.refuse(known, &commit.repo, rev, "no_prev_data");
            }
            self.counters.add("verify.good", 1);
        }
        self.counters.add("frames.commit", 1);
        let first = match known.filter(|id| self.circle.hop(*id).is_some()) {
            Some(id) => self.first_like(id, commit, rev, arrival),
            None => 0,
        };
        let author = Party {
            did: &commit.repo,
            id: known,
        };
        let commit_rev = (commit, rev);
        for op in &commit.ops {
            if told.is_some_and(|id| self.halves.has_taken(id, op)) {
                continue;
            }
            if tid::pack(&op.rkey).is_some_and(|rkey| rkey < first) && is_like(op.collection) {
                self.counters.add("gaps.likes_of_before", 1);
                continue;
            }
            match op.collection {
                Collection::Follow => self.follow_op(author.did, op),
                Collection::Block => self.block_op(author.did, op),
                Collection::Like => self.like_op(RecordKind::Like, author, commit_rev, op),
                Collection::Repost => self.like_op(RecordKind::Repost, author, commit_rev, op),
                Collection::Other => {}
            }
        }
        // A stranger whose like counted has a number since.
        if let Some(id) = known.or_else(|| self.circle.lookup(author.did)) {
            // What continues one of long before its entry is not believed for that.
            let data = commit.data.as_ref().filter(|_| rev >= first);
            self.seen(id, rev, data);
            if !commit.chained {
                self.halves.note(id, rev, &commit.ops);
            }
        }
    }

    /// Whether a part of the commit was told before, as a Jetstream may do, and this brings more of it.
    fn has_told(&self, id: AccountId, commit: &Commit) -> bool {
        let rev = self.notes[id.index()].rev;
        !commit.chained
            && tid::pack(&commit.rev) == Some(rev)
            && self.halves.knows(id, rev)
            && (commit.ops.iter()).any(|op| !self.halves.has_taken(id, op))
    }

    /// Likes with keys before this one are not told by a commit for the first time, whatever it says:
    /// unless it continues what was seen, whoever passes it on may have chosen its ops. Files are
    /// believed.
    fn first_like(&mut self, id: AccountId, commit: &Commit, rev: u64, arrival: Arrival) -> u64 {
        let known = self.likes_known(id);
        let follows_nothing = !self.data.contains_key(&id);
        if follows_nothing && arrival.offset.is_none() && self.is_of_before(id, commit, arrival) {
            return u64::MAX;
        }
        if self.continues(id, commit, rev) || arrival.offset.is_some() {
            return 0;
        }
        match follows_nothing {
            // Nothing of it was counted: a client's clock may be slow.
            true => tid::at(tid::micros(known) - KEY_AGE_MAX),
            false => known + 1,
        }
    }

    /// Whether a commit of before the account entered comes once more: a stream is asked for a little of
    /// what it brought before. Its likes had an end then, of which nothing is kept.
    fn is_of_before(&self, id: AccountId, commit: &Commit, arrival: Arrival) -> bool {
        let entered = self.notes[id.index()].since;
        let told_upto = self.sources[arrival.source.0].told_upto;
        entered
            .min(told_upto)
            .is_some_and(|upto| commit.time <= upto)
    }

    /// The rev as a number, if it is new to the repo; else the frame is counted.
    fn new_rev(&mut self, id: Option<AccountId>, rev: &str, now: Micros) -> Option<u64> {
        let Some(rev) = tid::pack(rev) else {
            self.counters.add("frames.bad_rev", 1);
            return None;
        };
        if tid::micros(rev) > now.saturating_add(REV_AHEAD_MAX) {
            self.counters.add("frames.future_rev", 1);
            return None;
        }
        if id.is_some_and(|id| rev <= self.notes[id.index()].rev) {
            self.counters.add("frames.stale", 1);
            return None;
        }
        Some(rev)
    }

    /// Remembers the last commit of a repo. Its tree matters only while the account is a member:
    /// of others not every commit is read.
    fn seen(&mut self, id: AccountId, rev: u64, data: Option<&Cid>) {
        self.notes[id.index()].rev = rev;
        match data {
            Some(data) if self.circle.hop(id).is_some() => {
                self.data.insert(id, *data.digest());
            }
            _ => {
                self.data.remove(&id);
            }
        }
        self.pending.commits.insert(id);
    }

    /// Whether the commit is known to continue what was last seen: by the tree before it, or where
    /// the host does not say that, by the rev before it. If it does not, there is a gap; the first of
    /// an account may continue one of before it entered.
    fn continues(&mut self, id: AccountId, commit: &Commit, rev: u64) -> bool {
        if !commit.chained {
            // A Jetstream does not say what its commits continue.
            return true;
        }
        let Note {
            rev: last,
            since: entered,
            ..
        } = self.notes[id.index()];
        let since = commit.since.as_deref().and_then(tid::pack);
        let known = self.data.get(&id);
        let is_first = known.is_none();
        let broken = match (known, &commit.prev_data) {
            (Some(known), Some(prev)) => known != prev.digest(),
            (Some(_), None) => since.is_some_and(|since| since != last),
            (None, _) => since.zip(entered).is_some_and(|(since, entered)| {
                since != last && tid::micros(since) > entered.saturating_add(CLOCKS_APART)
            }),
        };
        if broken || commit.too_big {
            let kind = if commit.too_big { "too_big" } else { "chain" };
            self.open_gap(kind, id, last, rev);
            return false;
        }
        !is_first
    }

    fn sync(
        &mut self,
        did: &str,
        (rev, commit_rev): (&str, Option<&str>),
        data: Option<Cid>,
        arrival: Arrival,
    ) {
        self.counters.add("frames.sync", 1);
        let Some(id) = self.circle.member(did) else {
            return;
        };
        let Some(number) = self.new_rev(Some(id), rev, arrival.now) else {
            return;
        };
        // Where nothing came of it yet, something may have been missed: an account that moved may have
        // done it at the host before, which is not heard so far.
        let known = self.data.get(&id);
        let is_known = known.is_some_and(|known| data.is_some_and(|data| known == data.digest()));
        if !is_known {
            self.open_gap("sync", id, self.notes[id.index()].rev, number);
        }
        // The frame's own rev may be anybody's: commits up to it would pass for seen. And an older tree
        // of the account, which it has signed once, would be one that commits seem to continue.
        let signed = commit_rev.and_then(tid::pack).unwrap_or(number).min(number);
        let last = match self.data.contains_key(&id) {
            true => self.notes[id.index()].rev,
            false => self.likes_known(id),
        };
        if signed >= last {
            self.seen(id, signed, data.as_ref());
        }
    }

    pub(super) fn identity(&mut self, did: &str, handle: Option<String>) {
        self.counters.add("frames.identity", 1);
        let id = match self.settings.keeps_all_records() {
            true => self.intern(did),
            false => match self.circle.lookup(did) {
                Some(id) => id,
                None => return,
            },
        };
        if self.forgotten.contains(&id) {
            return;
        }
        // Anybody can claim any: it is shown when it was found to point back, if that is looked up.
        let is_known = self.handles.get(&id).map(|known| &**known) == handle.as_deref();
        let is_shown = is_known || !self.looks_up_handles();
        self.set_handle(id, handle.filter(|_| is_shown));
        self.look_up_again(id);
        self.repairs.identity_changed(did);
        self.unlearn(id);
    }

    /// Notes the handle that an account goes by.
    pub(super) fn set_handle(&mut self, id: AccountId, handle: Option<String>) {
        let handle = handle.filter(|handle| handle != "handle.invalid");
        let before = self.handles.get(&id).map(|handle| &**handle);
        if before == handle.as_deref() {
            return;
        }
        match handle {
            Some(handle) => self.handles.insert(id, handle.into()),
            None => self.handles.remove(&id),
        };
        self.pending.accounts.insert(id);
    }

    /// Empties an account: its records go, and what it has in the ledger. False: the ledger said no.
    pub(super) fn erase(&mut self, id: AccountId, cause: &'static str) -> bool {
        self.circle.drop_blocks(id);
        self.pending.blocks.drop_all(id);
        if !self.puts_off_follows(id) {
            self.drop_follows(id, cause);
        }
        let Some(account) = self.notes[id.index()].ledger_id else {
            return true;
        };
        self.operate(Operation::Forget { account }, None)
    }

    pub(super) fn follow_op(&mut self, repo: &str, op: &Op) {
        let subject = match (&op.record, op.action) {
            (Some(Ok(Record::Follow { subject })), Action::Create | Action::Update)
                if is_did(subject) =>
            {
                Some(subject.as_str())
            }
            _ => None,
        };
        if let Some(author) = self.keeper_of_follows(repo) {
            let admitted = subject
                .filter(|did| self.may_follow(author, &op.rkey) && self.may_name(author, did));
            if admitted != subject {
                self.notes[author.index()].capped = true;
                self.pending.accounts.insert(author);
            }
            let subject = admitted.map(|did| self.intern(did));
            self.repairs.touch_follow(author, &op.rkey);
            if !self.puts_off_follow(author, &op.rkey, subject) {
                self.set_follow(author, &op.rkey, subject);
            }
        }
    }

    /// Whether an account may name one more whom nobody has named: by a follow, a block or a like,
    /// heard or read. Each takes a number for good, and a repo can name thousands a minute, and take
    /// them back.
    pub(super) fn may_name(&mut self, author: AccountId, did: &str) -> bool {
        if self.circle.lookup(did).is_some() {
            return true;
        }
        let most = self.names_max();
        let named = self.named.entry(author).or_default();
        *named = named.saturating_add(1);
        let may = *named <= most;
        self.admit(may)
    }

    /// Whether an account may have this follow record: a stream can tell of any number, of accounts
    /// that are known.
    fn may_follow(&mut self, author: AccountId, rkey: &str) -> bool {
        let may = self.circle.follow_count(author) < self.names_max() as usize
            || self.circle.follow(author, rkey).is_some();
        self.admit(may)
    }

    /// As `may_follow`, of a block record.
    fn may_block(&mut self, author: AccountId, rkey: &str) -> bool {
        let may = self.circle.block_count(author) < self.names_max() as usize
            || self.circle.block(author, rkey).is_some();
        self.admit(may)
    }

    fn names_max(&self) -> u32 {
        self.settings.max_follows.max(NAMES_MIN).saturating_mul(4)
    }

    /// Counts a record that is left out.
    fn admit(&mut self, may: bool) -> bool {
        if !may {
            self.counters.add("frames.too_many_names", 1);
        }
        may
    }

    /// The account, if its follow records are kept: everybody's in stream mode, else those of the
    /// interior.
    fn keeper_of_follows(&mut self, repo: &str) -> Option<AccountId> {
        let keeper = match self.settings.keeps_all_records() {
            true => Some(self.intern(repo)),
            false => self
                .circle
                .member(repo)
                .filter(|id| self.circle.is_interior(*id)),
        };
        keeper.filter(|id| self.keeps_records(*id))
    }

    /// Of who was deleted, by what was read, commits of before may be late.
    fn keeps_records(&self, id: AccountId) -> bool {
        !self.forgotten.contains(&id) && self.circle.status(id) != Status::Deleted
    }

    pub(super) fn set_follow(&mut self, author: AccountId, rkey: &str, subject: Option<AccountId>) {
        if rkey.is_empty() {
            return;
        }
        if let Some(subject) = subject {
            let before = self
                .circle
                .set_follow(author, rkey, subject, &mut self.changes);
            if before != Some(subject) {
                self.pending.follows.set(author, rkey, Some(subject));
            }
            self.note_changes("follow", Some(author), Some(rkey));
        } else {
            let before = self.circle.remove_follow(author, rkey, &mut self.changes);
            if before.is_some() {
                self.pending.follows.set(author, rkey, None);
            }
            self.note_changes("unfollow", Some(author), Some(rkey));
        }
    }

    pub(super) fn block_op(&mut self, repo: &str, op: &Op) {
        let author = match self.settings.keeps_all_records() {
            true => self.intern(repo),
            false => match self.circle.member(repo) {
                Some(id) => id,
                None => return,
            },
        };
        if op.rkey.is_empty() || !self.keeps_records(author) {
            return;
        }
        self.repairs.touch_block(author, &op.rkey);
        match &op.record {
            Some(Ok(Record::Block { subject }))
                if is_did(subject)
                    && self.may_block(author, &op.rkey)
                    && self.may_name(author, subject) =>
            {
                let subject = self.intern(subject);
                if self.circle.set_block(author, &op.rkey, subject) != Some(subject) {
                    self.pending.blocks.set(author, &op.rkey, Some(subject));
                }
            }
            _ => {
                if self.circle.remove_block(author, &op.rkey).is_some() {
                    self.pending.blocks.set(author, &op.rkey, None);
                }
            }
        }
    }

    /// The account's follow records go.
    pub(super) fn drop_follows(&mut self, id: AccountId, cause: &'static str) {
        self.circle.drop_follows(id, &mut self.changes);
        self.pending.follows.drop_all(id);
        self.note_changes(cause, Some(id), None);
    }

    /// What follows from a change of an account's hop, where records are kept of the interior
    /// only: its follows are to be read, or are no longer kept current.
    pub(super) fn follow_up(&mut self, change: Change, depth_before: u8) {
        // Of strangers not every commit is read.
        if change.to.is_none() && self.data.remove(&change.id).is_some() {
            self.pending.commits.insert(change.id);
        }
        let was = change.from.is_some_and(|hop| hop < depth_before);
        let is = change.to.is_some_and(|hop| hop < self.settings.depth);
        if is && !was {
            self.order_entered(change.id);
        }
        if self.settings.keeps_all_records() {
            return;
        }
        if change.to.is_none() {
            self.close_gap(change.id, Found::default());
            self.leave_stream_gap(change.id, Found::default());
        }
        if was && !is || change.to.is_none() {
            self.cancel_backfill(change.id);
            self.drop_follows(change.id, "left the interior");
        }
        if change.to.is_none() && self.circle.block_records(change.id).next().is_some() {
            self.circle.drop_blocks(change.id);
            self.pending.blocks.drop_all(change.id);
        }
    }
}

fn is_like(collection: Collection) -> bool {
    matches!(collection, Collection::Like | Collection::Repost)
}

/// The time of a message, where it has one.
pub(crate) fn time_of(message: &Message) -> Option<Micros> {
    position(message).1
}

/// Seq and time of a message, where it has them.
pub(super) fn position(message: &Message) -> (Option<u64>, Option<Micros>) {
    match message {
        Message::Commit(commit) => (Some(commit.seq), Some(commit.time)),
        Message::Sync { seq, time, .. }
        | Message::Identity { seq, time, .. }
        | Message::Account { seq, time, .. } => (Some(*seq), Some(*time)),
        Message::Unknown { seq, time, .. } => (*seq, *time),
        Message::Info { .. } | Message::Error { .. } => (None, None),
    }
}
