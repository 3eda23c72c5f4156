//! Looking ahead: what the next likes will read is fetched from memory together.
//!
//! In a large circle a like mostly waits for memory, one place after the other: who liked, whose
//! post it is, what is known of the two, what they hold. Each place is told by the one before it,
//! but those of one like are nothing to the next: so the first place is asked for of all likes of
//! a row, then the second of all, and the processor waits for many at once.

use std::hint::black_box;

use kith_feeder::{
    syntax::parse_subject,
    wire::{Action, Message, Record},
};
use kith_graph::AccountId;
use kith_reputation::{Operation, Transfer};
use kith_store::batch::RecordKind;

use super::{Engine, likes::nonce};
use crate::watched::Ahead;

/// Frames of a row: enough that there is always something to wait for, few enough that all of it is
/// still there when it is needed.
pub(crate) const ROW: usize = 32;

/// A like to come: who, whose post, which post, and its nonce.
struct Coming<'a> {
    liker: &'a str,
    author: &'a str,
    post: &'a str,
    nonce: u64,
}

impl<'a> Coming<'a> {
    /// The like of a frame, if there is one: nearly all have no more.
    fn of(frame: &'a Ahead) -> Option<Coming<'a>> {
        let Some(Message::Commit(commit)) = frame.message() else {
            return None;
        };
        let op = commit.ops.first();
        let op = op.filter(|op| op.action == Action::Create)?;
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
}

impl Engine {
    /// Has in the cache what the likes among these frames will need. Changes nothing.
    pub(crate) fn fetch(&self, row: &[Ahead]) {
        let mut coming = Vec::with_capacity(row.len());
        coming.extend(row.iter().filter_map(Coming::of));
        // One alone waits as long here as there.
        if coming.len() < 2 {
            return;
        }
        let parties = |like: &Coming<'_>| {
            let liker = self.circle.lookup(like.liker);
            liker.zip(self.circle.member(like.author))
        };
        let parties: Vec<_> = coming.iter().map(parties).collect();
        let mut transfers = Vec::with_capacity(coming.len());
        let likely = coming.iter().zip(&parties);
        transfers
            .extend(likely.filter_map(|(like, parties)| self.likely_transfer(like, (*parties)?)));
        self.ledger.prefetch_all(&transfers);
        for (like, parties) in coming.iter().zip(parties) {
            let Some((liker, author)) = parties else {
                continue;
            };
            black_box(self.data.contains_key(&liker));
            black_box(self.repeats.has_usual((liker, author, like.post)));
        }
        let epoch = self.clock.epoch().unwrap_or_default();
        for transfer in &transfers {
            if let Operation::Transfer(transfer) = transfer {
                black_box(self.history.has_moved(transfer.sender, epoch));
                black_box(self.history.has_moved(transfer.receiver, epoch));
            }
        }
    }

    /// What becomes of a like if nothing is against it; None of those who never took part.
    fn likely_transfer(
        &self,
        like: &Coming<'_>,
        (liker, author): (AccountId, AccountId),
    ) -> Option<Operation> {
        let ledger_id = |id: AccountId| self.notes[id.index()].ledger_id;
        Some(Operation::Transfer(Transfer {
            sender: ledger_id(liker)?,
            receiver: ledger_id(author)?,
            points: self.points_of(RecordKind::Like).into(),
            nonce: like.nonce,
            held: false,
        }))
    }
}
