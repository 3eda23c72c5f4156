//! Likes: the tests they must pass, in order, and the transfer.

use kith_feeder::{
    syntax::parse_subject,
    wire::{Action, Cid, Commit, Op, Record},
};
use kith_graph::AccountId;
use kith_reputation::{Operation, Transfer};
use kith_store::batch::{RecordIdentity, RecordKind};

use super::{
    Engine,
    repeats::{Admission, Limits},
};

const POST: &str = "app.bsky.feed.post";

/// What becomes of a like. The names are those of `kith status`.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub(super) enum End {
    Outside,
    Invalid,
    NotAPost,
    OneSelf,
    Inactive,
    Repeated,
    Capped,
    Rejected,
    Accepted { held: bool },
}

/// A like whose record and scope are right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged<'a> {
    /// Whose post.
    pub(super) author: Party<'a>,
    /// That post's key.
    pub(super) post: &'a str,
    pub(super) nonce: u64,
}

/// An account by its DID, and by its number if that is at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Party<'a> {
    pub(super) did: &'a str,
    pub(super) id: Option<AccountId>,
}

/// A like that is to become a transfer, and where it was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) kind: RecordKind,
    pub(super) liker: AccountId,
    pub(super) author: AccountId,
    /// The record's key.
    pub(super) rkey: &'a str,
    /// The commit it came with; empty if it was read from the repo.
    pub(super) rev: &'a str,
    /// The post's key.
    pub(super) post: &'a str,
    pub(super) nonce: u64,
}

impl Engine {
    /// A like or repost op. Only creations count: unliking gives nothing back.
    pub(super) fn like_op(
        &mut self,
        kind: RecordKind,
        liker: Party<'_>,
        (commit, rev): (&Commit, u64),
        op: &Op,
    ) {
        if op.action != Action::Create {
            return;
        }
        if let Some(id) = liker.id
            && !self.gaps.is_new(id, rev, (kind, &op.rkey))
        {
            self.counters.add("gaps.likes_met_again", 1);
            return;
        }
        self.like_of(kind, liker, &commit.rev, op);
    }

    /// A like of `liker`, from the commit `rev`; from no commit, if a repair found it.
    pub(super) fn like_of(&mut self, kind: RecordKind, liker: Party<'_>, rev: &str, op: &Op) {
        let points = self.points_of(kind);
        if points == 0 {
            return;
        }
        let content = match (&op.record, &op.cid) {
            (Some(Ok(Record::Like { subject } | Record::Repost { subject })), Some(cid)) => {
                Some((subject.as_str(), nonce(cid)))
            }
            _ => None,
        };
        let end = match self.judge(liker, content) {
            Ok(judged) if !self.may_like(liker, judged.author) => End::Capped,
            Ok(judged) => {
                let found = Found {
                    kind,
                    liker: self.number(liker),
                    author: self.number(judged.author),
                    rkey: &op.rkey,
                    rev,
                    post: judged.post,
                    nonce: judged.nonce,
                };
                self.transfer(points, &found)
            }
            Err(end) => end,
        };
        self.count(end);
    }

    /// Whether an author whom nobody has named may get a number by this.
    fn may_like(&mut self, liker: Party<'_>, author: Party<'_>) -> bool {
        author.id.is_some() || liker.id.is_none_or(|id| self.may_name(id, author.did))
    }

    /// What a like or repost is worth; 0: nothing, it does not count at all.
    pub(super) fn points_of(&self, kind: RecordKind) -> u32 {
        match kind {
            RecordKind::Like => self.settings.parameters.like,
            RecordKind::Repost => self.settings.parameters.repost,
        }
    }

    /// Counts what became of a like.
    pub(super) fn count(&mut self, end: End) {
        let name = match end {
            End::Outside => "likes.outside",
            End::Invalid => "likes.invalid",
            End::NotAPost => "likes.not_a_post",
            End::OneSelf => "likes.self",
            End::Inactive => "likes.inactive",
            End::Repeated => "likes.repeated",
            End::Capped => "likes.capped",
            End::Rejected => "likes.rejected",
            End::Accepted { .. } => "likes.accepted",
        };
        self.counters.add(name, 1);
        if end == (End::Accepted { held: true }) {
            self.counters.add("likes.held", 1);
        }
    }

    /// The number of a party; a new one, if it is met for the first time.
    pub(super) fn number(&mut self, party: Party<'_>) -> AccountId {
        party.id.unwrap_or_else(|| self.intern(party.did))
    }

    /// The tests that look at the record and the circle alone. `content`: the subject and the
    /// nonce, if the record is readable.
    pub(super) fn judge<'a>(
        &self,
        liker: Party<'_>,
        content: Option<(&'a str, u64)>,
    ) -> Result<Judged<'a>, End> {
        let liker_inside = liker.id.is_some_and(|id| self.circle.hop(id).is_some());
        if !liker_inside && !self.settings.strangers_may_like() {
            return Err(End::Outside);
        }
        let (subject, nonce) = content.ok_or(End::Invalid)?;
        let post = parse_subject(subject).map_err(|_| End::Invalid)?;
        if post.collection != POST {
            return Err(End::NotAPost);
        }
        let author = Party {
            did: post.did,
            id: self.circle.member(post.did),
        };
        if !self.settings.in_scope(liker_inside, author.id.is_some()) {
            return Err(End::Outside);
        }
        if liker.did == author.did {
            return Err(End::OneSelf);
        }
        Ok(Judged {
            author,
            post: post.rkey,
            nonce,
        })
    }

    /// The tests that look at the time and what was before, and the transfer.
    pub(super) fn transfer(&mut self, points: u32, found: &Found<'_>) -> End {
        let Found {
            kind,
            liker,
            author,
            ..
        } = *found;
        let parties = [liker, author];
        if parties.iter().any(|id| self.forgotten.contains(id)) {
            return End::Outside;
        }
        if !parties
            .into_iter()
            .all(|id| self.circle.status(id).is_active())
        {
            return End::Inactive;
        }
        let like = (liker, author, found.post);
        let limits = Limits {
            once: self.settings.parameters.repeat_once,
            max: self.settings.max_likes_per_epoch,
        };
        let is_new = match self.repeats.admit(kind, like, limits) {
            Admission::Admitted { is_new } => is_new,
            Admission::Repeated => return End::Repeated,
            Admission::Capped => return End::Capped,
        };
        let held = self.opted_out.contains(&author) || self.circle.blocks(author, liker);
        let sender = self.ledger_id(liker);
        self.pin_if_tracked(liker);
        let receiver = self.ledger_id(author);
        let operation = Operation::Transfer(Transfer {
            sender,
            receiver,
            points: u64::from(points),
            nonce: found.nonce,
            held,
        });
        let record = RecordIdentity {
            kind,
            rkey: found.rkey.into(),
            rev: found.rev.into(),
            subject_rkey: found.post.into(),
        };
        let accepted = self.operate(operation, Some(record));
        self.pin_if_tracked(author);
        if accepted {
            return End::Accepted { held };
        }
        if is_new {
            self.repeats.remove(kind, like);
        }
        End::Rejected
    }

    /// A journaled like of the current epoch, at start: counts against repetition and the cap.
    pub(super) fn restore_like(
        &mut self,
        accepted: bool,
        liker: AccountId,
        author: AccountId,
        record: &RecordIdentity,
    ) {
        let like = (liker, author, record.subject_rkey.as_str());
        self.repeats.restore(record.kind, like, accepted);
    }
}

/// The first 8 bytes, little-endian, of the record's digest: the same whether the like came by
/// the stream or by repair.
pub(super) fn nonce(cid: &Cid) -> u64 {
    let digest = cid.digest();
    u64::from_le_bytes(std::array::from_fn(|i| digest[i]))
}
