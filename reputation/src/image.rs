//! An account as it is written to and read from a store.

use crate::{AccountId, Piece, Points};

/// Points received, with the tag of their origin.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct Row {
    /// The account whose own points these once were.
    pub origin: AccountId,
    /// How many, at least 1.
    pub points: Points,
    /// The ordinal of the last touch; rule `reference` only.
    pub touched: Option<u32>,
}

/// Points sent to somebody who opted out of, or blocked, the sender.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
pub struct Entry {
    /// Who sent them.
    pub sender: AccountId,
    /// The tick ordinal at which they were sent.
    pub ordinal: u32,
    /// The points by ascending origin; also those tagged with the receiver, which a claim loses.
    pub pieces: Vec<Piece>,
}

/// Everything the ledger knows of one account at one moment.
#[derive(Clone, Eq, PartialEq, Hash, Debug, Default)]
pub struct AccountImage {
    /// Own points left in this epoch.
    pub own: Points,
    /// Points of collapsed origins.
    pub others: u64,
    /// The tick the account is settled to.
    pub ordinal: u32,
    /// Rows by ascending origin.
    pub rows: Vec<Row>,
    /// Unclaimed entries, oldest first.
    pub unclaimed: Vec<Entry>,
}

/// An image that cannot be a state of this account.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum RestoreError {
    /// The ledger was resumed with fewer accounts.
    #[error("account {0} is not among the accounts of the ledger")]
    UnknownAccount(AccountId),
    /// The account was restored or made before.
    #[error("account {0} is there already")]
    Twice(AccountId),
    /// The account holds its own tag.
    #[error("account {0} has a row with its own tag")]
    OwnTag(AccountId),
    /// Rows or pieces not strictly ascending by origin.
    #[error("account {0} has rows or pieces out of order at origin {1}")]
    Order(AccountId, AccountId),
    /// A row or piece of no points.
    #[error("account {0} has no points in the row or piece of origin {1}")]
    ZeroPoints(AccountId, AccountId),
    /// A tag or sender that is not an account that can send.
    #[error("account {0} has points of {1}, which is no account that can send")]
    Origin(AccountId, AccountId),
    /// More points than can be.
    #[error("account {0} has more points than an account can have")]
    TooMany(AccountId),
    /// The ordinal is beyond what can be counted.
    #[error("account {0} has the impossible tick ordinal {1}")]
    Ordinal(AccountId, u32),
    /// Unclaimed entries out of order, or newer than the account.
    #[error("account {0} has unclaimed entries out of order at {1}")]
    EntryOrder(AccountId, u32),
    /// Some rows with the ordinal of their last touch (rule `reference`), some without.
    #[error("account {0} has rows of both rules")]
    Touched(AccountId),
}
