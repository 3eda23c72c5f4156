//! Accounts and points, the two things the ledger counts.

/// A dense account number, given by the ledger in order of first appearance in its operations.
///
/// The order of ids is the order of rows and breaks ties, so an id is a function of the journal.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct AccountId(pub u32);

impl AccountId {
    /// The system account that gets a cut of every transfer and never sends.
    pub const SINK: Self = Self(0);

    /// Position of the account in arrays.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl core::fmt::Display for AccountId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// Whole points. A row holds at most `u32::MAX`; what would overflow goes to *others*.
pub type Points = u32;

/// Some points with the tag of their origin.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct Piece {
    /// The account whose own points these once were.
    pub origin: AccountId,
    /// How many, at least 1.
    pub points: Points,
}
