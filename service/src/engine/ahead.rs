//! Looking ahead: what the next frames will read is fetched from memory together.
//!
//! In a large circle a like mostly waits for memory, one place after the other: who liked, whose
//! post it is, what is known of the two, what they hold. Each place is told by the one before it,
//! but those of one like are nothing to the next: so the first place is asked for of all frames of
//! a row, then the second of all, and the processor waits for many at once.

use std::hint::black_box;

use kith_feeder::{
    syntax::parse_subject,
    wire::{Action, Message, Record},
};
use kith_graph::AccountId;
use kith_reputation::{Operation, Transfer};
use kith_store::batch::RecordKind;

use super::{Engine, Note, likes::nonce};
use crate::watched::Ahead;

/// Frames of a row: enough that there is always something to wait for, few enough that all of it is
/// still there when it is needed.
pub(crate) const ROW: usize = 32;

/// A like on its way: who, whose post, which post, and its nonce.
struct Coming<'a> {
    liker: &'a str,
    author: &'a str,
    post: &'a str,
    nonce: u64,
}

impl Engine {
    /// Has in the cache what the likes among these frames will need. Changes nothing.
    pub(crate) fn fetch(&self, row: &[Ahead]) {
        let likes: Vec<Coming<'_>> = row.iter().filter_map(coming).collect();
        if likes.len() < 2 {
            return;
        }
        let parties: Vec<_> = (likes.iter())
            .map(|like| {
                let liker = self.circle.lookup(like.liker);
                (liker, self.circle.member(like.author))
            })
            .collect();
        let ledger_id = |id: Option<AccountId>| {
            let note: &Note = self.notes.get(id?.index())?;
            note.ledger_id
        };
        let mut transfers = Vec::with_capacity(likes.len());
        for (like, (liker, author)) in likes.iter().zip(&parties) {
            if let (Some(sender), Some(receiver)) = (ledger_id(*liker), ledger_id(*author)) {
                transfers.push(Operation::Transfer(Transfer {
                    sender,
                    receiver,
                    points: self.points_of(RecordKind::Like).into(),
                    nonce: like.nonce,
                    held: false,
                }));
            }
        }
        self.ledger.prefetch_all(&transfers);
        let epoch = self.clock.epoch().unwrap_or_default();
        for (like, (liker, author)) in likes.iter().zip(&parties) {
            let (Some(liker), Some(author)) = (*liker, *author) else {
                continue;
            };
            black_box(self.data.contains_key(&liker));
            black_box(
                self.repeats
                    .has(RecordKind::Like, (liker, author, like.post)),
            );
        }
        for transfer in &transfers {
            if let Operation::Transfer(transfer) = transfer {
                black_box(self.history.has(transfer.sender, epoch));
                black_box(self.history.has(transfer.receiver, epoch));
            }
        }
    }
}

/// The like of a commit, if it has one: nearly all have no more.
fn coming(ahead: &Ahead) -> Option<Coming<'_>> {
    let Some(Message::Commit(commit)) = ahead.message() else {
        return None;
    };
    let op = commit
        .ops
        .first()
        .filter(|op| op.action == Action::Create)?;
    let (Some(Ok(Record::Like { subject })), Some(cid)) = (&op.record, &op.cid) else {
        return None;
    };
    let subject = parse_subject(subject).ok()?;
    Some(Coming {
        liker: &commit.repo,
        author: subject.did,
        post: subject.rkey,
        nonce: nonce(cid),
    })
}
