//! What names an account, and what its host says of it.

/// An account: a dense number, given by [`crate::Accounts`] in order of first appearance.
///
/// Numbers are never reused. They are this process's own: the same DID may have another number
/// after a restart.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct AccountId(pub u32);

impl AccountId {
    /// The account as an index into tables with one entry per account.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The account at `index`.
    ///
    /// # Panics
    ///
    /// Past 2^32 accounts, which would need some 200 GB.
    pub(crate) fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("fewer than 2^32 accounts"))
    }
}

/// What an account's host says of it (`#account` events).
///
/// A status never changes a hop: an inactive account's edges stay. Only deletion removes its
/// records: [`crate::Circle::drop_follows`], [`crate::Circle::drop_blocks`].
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, Default)]
pub enum Status {
    /// In use. What every account is until something else is heard.
    #[default]
    Active,
    /// Paused by its owner.
    Deactivated,
    /// Paused by its host.
    Suspended,
    /// Taken down by its host.
    Takendown,
    /// Gone for good.
    Deleted,
    /// Inactive for a reason that was not given or is not known.
    Inactive,
}

impl Status {
    /// Whether likes by and to the account count.
    pub fn is_active(self) -> bool {
        self == Self::Active
    }
}
