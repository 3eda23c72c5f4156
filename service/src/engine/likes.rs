//! Likes: the tests they must pass, in order, and the transfer.

use kith_feeder::{
    syntax::parse_subject,
    wire::{Action, Cid, Commit, Op, Record},
};
use kith_graph::AccountId;
use kith_reputation::{Operation, Transfer};
use kith_store::batch::{RecordIdentity, RecordKind};

use super::Engine;

const POST: &str = "app.bsky.feed.post";

/// What becomes of a like. The names are those of `kith status`.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
enum End {
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

impl Engine {
    /// A like or repost op. Only creations count: unliking gives nothing back.
    pub(super) fn like_op(&mut self, kind: RecordKind, commit: &Commit, rev: u64, op: &Op) {
        if op.action != Action::Create {
            return;
        }
        if let Some(id) = self.circle.lookup(&commit.repo)
            && !self.gaps.is_new(id, rev, (kind, &op.rkey))
        {
            self.counters.add("gaps.likes_met_again", 1);
            return;
        }
        self.like_of(kind, &commit.repo, &commit.rev, op);
    }

    /// A like of `liker`, from the commit `rev`; from no commit, if a repair found it.
    pub(super) fn like_of(&mut self, kind: RecordKind, liker: &str, rev: &str, op: &Op) {
        let points = match kind {
            RecordKind::Like => self.settings.parameters.like,
            RecordKind::Repost => self.settings.parameters.repost,
        };
        if points == 0 {
            return;
        }
        let end = self.like(kind, points, (liker, rev), op);
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

    fn like(&mut self, kind: RecordKind, points: u32, from: (&str, &str), op: &Op) -> End {
        let (repo, rev) = from;
        let liker_inside = self.circle.is_member(repo);
        if !liker_inside && !self.settings.strangers_may_like() {
            return End::Outside;
        }
        let (Some(Ok(Record::Like { subject } | Record::Repost { subject })), Some(cid)) =
            (&op.record, &op.cid)
        else {
            return End::Invalid;
        };
        let Ok(post) = parse_subject(subject) else {
            return End::Invalid;
        };
        if post.collection != POST {
            return End::NotAPost;
        }
        if !self
            .settings
            .in_scope(liker_inside, self.circle.is_member(post.did))
        {
            return End::Outside;
        }
        if repo == post.did {
            return End::OneSelf;
        }
        let (liker, author) = (self.intern(repo), self.intern(post.did));
        if ![liker, author]
            .into_iter()
            .all(|id| self.circle.status(id).is_active())
        {
            return End::Inactive;
        }
        let like = (liker, author, post.rkey);
        if self.settings.parameters.repeat_once && self.repeats.contains(kind, like) {
            return End::Repeated;
        }
        if self.repeats.journaled(liker) >= self.settings.max_likes_per_epoch {
            return End::Capped;
        }
        let held = self.opted_out.contains(&author) || self.circle.blocks(author, liker);
        let sender = self.ledger_id(liker);
        self.pin_if_tracked(liker);
        let receiver = self.ledger_id(author);
        let operation = Operation::Transfer(Transfer {
            sender,
            receiver,
            points: u64::from(points),
            nonce: nonce(cid),
            held,
        });
        let record = RecordIdentity {
            kind,
            rkey: op.rkey.clone(),
            rev: rev.to_owned(),
            subject_rkey: post.rkey.to_owned(),
        };
        self.repeats.count(liker);
        let accepted = self.operate(operation, Some(record));
        self.pin_if_tracked(author);
        match accepted {
            true => {
                self.repeats.insert(kind, like);
                End::Accepted { held }
            }
            false => End::Rejected,
        }
    }

    /// A journaled like of the current epoch, at start: counts against repetition and the cap.
    pub(super) fn restore_like(
        &mut self,
        accepted: bool,
        liker: AccountId,
        author: AccountId,
        record: &RecordIdentity,
    ) {
        self.repeats.count(liker);
        if accepted {
            self.repeats
                .insert(record.kind, (liker, author, &record.subject_rkey));
        }
    }
}

/// The first 8 bytes, little-endian, of the record's digest: the same whether the like came by
/// the stream or by repair.
fn nonce(cid: &Cid) -> u64 {
    let digest = cid.digest();
    u64::from_le_bytes(std::array::from_fn(|i| digest[i]))
}
