//! What an operation did.

use crate::ledger::Pins;
use crate::{AccountId, Piece, Points};

/// Whether an operation took effect.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Verdict {
    /// It did.
    Accepted,
    /// It did not, and nothing changed but the ids it gave.
    Rejected(Rejection),
}

/// Why an operation was rejected: a domain answer, expected, to be counted.
///
/// Where several apply, the first in the order of the rules is named (`docs/LEDGER.md`).
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, thiserror::Error)]
pub enum Rejection {
    /// An id that was never given and is not the next one.
    #[error("unknown account")]
    UnknownAccount,
    /// No id is left for another account.
    #[error("too many accounts")]
    TooManyAccounts,
    /// The sink is the sender or (rule `systematic`) the receiver, or is to be pinned or forgotten.
    #[error("the sink cannot be a party")]
    SinkIsParty,
    /// Sender and receiver are the same.
    #[error("sender and receiver are the same account")]
    SelfTransfer,
    /// A transfer of no points, or (rule `reference`) of none after the sink's cut.
    #[error("points should be positive")]
    ZeroPoints,
    /// More than [`MAX_POINTS`](crate::MAX_POINTS).
    #[error("points are above the limit")]
    AboveLimit,
    /// The sender is worth less than it would give.
    #[error("not enough points")]
    NotEnoughPoints,
    /// No unclaimed entry at this index.
    #[error("no unclaimed entry at this index")]
    NoSuchEntry,
    /// Parameters that make no sense.
    #[error("rules out of range")]
    InvalidRules,
    /// The tick counter is at its end.
    #[error("too many ticks")]
    TooManyTicks,
}

/// Points lost by one operation, by reason. What decays or expires while accounts are settled is
/// counted in [`Totals`](crate::Totals), not here.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default)]
pub struct Losses {
    /// Came back to their origin.
    pub returned: u64,
    /// Withdrawn and not passed on (rule `reference`).
    pub burned: u64,
    /// Decayed in an unclaimed entry, at its claim.
    pub decayed: u64,
    /// Went with a forgotten account: its own unspent points, its rows, others and entries.
    pub forgotten: u64,
}

/// Points of a pinned origin that reached a holder.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct Flow {
    /// Whose own points they once were.
    pub origin: AccountId,
    /// Who passed them on; direct if it is the origin, second hand otherwise.
    pub sender: AccountId,
    /// Who got them.
    pub receiver: AccountId,
    /// How many.
    pub points: Points,
}

/// What an operation did. It borrows buffers of the ledger that the next operation overwrites.
#[derive(Copy, Clone, Debug)]
pub struct Outcome<'a> {
    /// Whether it took effect.
    pub verdict: Verdict,
    /// Who gave the points: the sender of the transfer, or of the claimed entry.
    pub sender: Option<AccountId>,
    /// Who got them, or holds them unclaimed.
    pub receiver: Option<AccountId>,
    /// The points wait unclaimed.
    pub held: bool,
    /// The points for the receiver by ascending origin, after the sink's cut; those tagged with
    /// the receiver are here too, though they are then lost as `returned`. Own and others of the
    /// sender are one piece under the sender's tag. No piece is zero.
    pub pieces: &'a [Piece],
    /// The sink's cut in points. Under rule `reference` this is the sum of `sink_pieces`.
    pub sink_points: u64,
    /// The tags of the sink's cut, by ascending origin; empty under rule `systematic`, where the
    /// sink is one counter.
    pub sink_pieces: &'a [Piece],
    /// Rule `systematic`: the origins of the sender's rows of whose points only the sink got any,
    /// ascending. With those of `pieces` they are all rows that the sender has less of.
    pub sunk: &'a [AccountId],
    /// What was lost.
    pub losses: Losses,
    pub(crate) pins: &'a Pins,
}

impl<'a> Outcome<'a> {
    /// The points of pinned origins that this operation credited to the receiver, ascending by
    /// origin: nothing when held, not those that returned. Those of a claim name the sender of
    /// the entry.
    pub fn flows(&self) -> impl Iterator<Item = Flow> + 'a {
        let (pins, pieces) = (self.pins, self.pieces);
        let parties = if self.held {
            None
        } else {
            self.sender.zip(self.receiver)
        };
        parties.into_iter().flat_map(move |(sender, receiver)| {
            let credited = pieces.iter().filter(move |piece| piece.origin != receiver);
            credited
                .filter(|piece| pins.contains(piece.origin))
                .map(move |piece| Flow {
                    origin: piece.origin,
                    sender,
                    receiver,
                    points: piece.points,
                })
        })
    }

    /// Whether the operation took effect.
    pub fn is_accepted(&self) -> bool {
        self.verdict == Verdict::Accepted
    }
}
