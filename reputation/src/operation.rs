//! What can be asked of the ledger: the kinds of rows in the journal.

use crate::{AccountId, Rules};

/// One operation; the ledger is a pure function of its seed and the list of these.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Operation {
    /// Points go from one account to another.
    Transfer(Transfer),
    /// An epoch boundary was passed: the ordinal grows by one.
    Tick,
    /// An unclaimed entry is credited after all.
    Claim {
        /// Whose entry.
        receiver: AccountId,
        /// Which, counted from the oldest that has not expired, from 0.
        index: u32,
    },
    /// The rows of this origin are never collapsed from now on.
    Pin {
        /// The origin.
        account: AccountId,
    },
    /// The rows of this origin may be collapsed again.
    Unpin {
        /// The origin.
        account: AccountId,
    },
    /// New parameters from now on.
    Rules(Rules),
    /// The account is emptied, and its tag disappears everywhere.
    Forget {
        /// Whom.
        account: AccountId,
    },
}

/// Points from one account to another.
///
/// A party may be named for the first time here: the sender as the next free id, the receiver as
/// the next free id after that. It is then made, also when the transfer is rejected.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct Transfer {
    /// Who gives.
    pub sender: AccountId,
    /// Who receives.
    pub receiver: AccountId,
    /// How many points, the sink's cut included; `1..=MAX_POINTS` is accepted.
    pub points: u64,
    /// What the draw is made from, with the seed: the first 8 bytes, little-endian, of the digest
    /// in the record's CID. Rule `reference` does not use it.
    pub nonce: u64,
    /// The receiver opted out, or blocks the sender: the points wait unclaimed.
    pub held: bool,
}
