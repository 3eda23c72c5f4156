//! The accounts by their ids.

use core::ops::{Index, IndexMut};

use prefetch_index::prefetch_index;

use super::Account;
use crate::AccountId;
use crate::pool::Pool;

/// All accounts, the sink first.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pool: Pool<Account>,
    len: usize,
}

impl Accounts {
    /// The sink alone.
    pub(super) fn of_sink() -> Self {
        let mut accounts = Self::default();
        accounts.push(Account::new(0, 0));
        accounts
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, account: Account) {
        let at = self.len;
        self.pool.reserve(at + 1);
        self.pool.get_mut(at..at + 1)[0] = account;
        self.len += 1;
    }

    /// Makes so many of them, the new ones like this one.
    pub(super) fn resize(&mut self, len: usize, account: Account) {
        self.pool.reserve(len);
        let new = self.pool.segments_mut(len).flatten().skip(self.len);
        new.for_each(|new| *new = account);
        self.len = len;
    }

    #[inline]
    pub(super) fn get(&self, id: AccountId) -> Option<&Account> {
        let at = id.index();
        (at < self.len).then(|| &self.pool.get(at..at + 1)[0])
    }

    /// Fetches an account.
    pub(super) fn prefetch(&self, id: AccountId) {
        let at = id.index();
        if at < self.len {
            prefetch_index(self.pool.get(at..at + 1), 0);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.pool.segments(self.len).flatten()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Account> {
        self.pool.segments_mut(self.len).flatten()
    }
}

impl Index<AccountId> for Accounts {
    type Output = Account;

    #[inline]
    fn index(&self, id: AccountId) -> &Account {
        self.get(id).expect("an id that was given")
    }
}

impl IndexMut<AccountId> for Accounts {
    #[inline]
    fn index_mut(&mut self, id: AccountId) -> &mut Account {
        let at = id.index();
        assert!(at < self.len, "an id that was given");
        &mut self.pool.get_mut(at..at + 1)[0]
    }
}

impl Clone for Accounts {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.copy(self.len),
            len: self.len,
        }
    }
}
