//! Forgetting an account: it is emptied, and its tag disappears everywhere.

use super::{Account, Ledger};
use crate::{AccountId, Entry, Piece, Points, Rejection};

impl Ledger {
    /// Empties the account; its id stays, with the own points of a new account. Its rows elsewhere
    /// move into their holders' others, the bundles it sent are dropped, and its tag inside the
    /// bundles of others becomes the tag of the bundle's sender, whose others it would have been.
    pub(super) fn forget(
        &mut self,
        id: AccountId,
        needs: impl Fn(AccountId) -> bool,
    ) -> Result<(), Rejection> {
        self.known(id)?;
        if id == AccountId::SINK {
            return Err(Rejection::SinkIsParty);
        }
        // Also of who is quiet: whether he is known to be depends on when the ledger was resumed.
        self.settle_all(&needs);
        let mut lost = 0;
        if needs(id) {
            lost = self.empty(id);
            self.top_up(id, self.ticks);
        }
        // Accounts can be deleted and come back as often as they like.
        if !self.is_quiet(id) {
            lost += self.forget_elsewhere(id, needs);
        }
        self.buffers.losses.forgotten = lost;
        self.totals
            .count(self.ticks, lost, |totals| &mut totals.forgotten);
        Ok(())
    }

    /// Takes the account's tag from all others; answers with what its bundles were worth.
    fn forget_elsewhere(&mut self, id: AccountId, needs: impl Fn(AccountId) -> bool) -> u64 {
        for (holder, account) in (0_u32..).zip(self.accounts.iter_mut()) {
            if needs(AccountId(holder)) {
                account.others += u64::from(self.store.remove(&mut account.rows, id));
            }
        }
        let holders: Vec<AccountId> = self
            .unclaimed
            .keys()
            .copied()
            .filter(|id| needs(*id))
            .collect();
        let entries = holders.into_iter();
        entries
            .map(|holder| self.forget_in_entries(holder, id))
            .sum()
    }

    /// Takes everything the account has; answers with how much that was.
    fn empty(&mut self, id: AccountId) -> u64 {
        let account = &mut self.accounts[id];
        let ordinal = account.ordinal;
        let lost = account.worth();
        self.store.clear(&mut account.rows);
        *account = Account::new(0, ordinal);
        let entries = self.unclaimed.remove(&id).unwrap_or_default();
        lost + entries.iter().map(sum).sum::<u64>()
    }

    fn forget_in_entries(&mut self, holder: AccountId, id: AccountId) -> u64 {
        let Some(entries) = self.unclaimed.get_mut(&holder) else {
            return 0;
        };
        let mut lost = 0;
        entries.retain_mut(|entry| {
            if entry.sender == id {
                lost += sum(entry);
                return false;
            }
            retag(entry, id);
            true
        });
        self.tidy_unclaimed(holder);
        lost
    }
}

/// Gives the pieces of one origin the tag of the entry's sender.
fn retag(entry: &mut Entry, origin: AccountId) {
    let Ok(at) = entry
        .pieces
        .binary_search_by_key(&origin, |piece| piece.origin)
    else {
        return;
    };
    let points = entry.pieces.remove(at).points;
    match entry
        .pieces
        .binary_search_by_key(&entry.sender, |piece| piece.origin)
    {
        // A bundle holds at most MAX_POINTS, so this does not saturate.
        Ok(at) => entry.pieces[at].points = entry.pieces[at].points.saturating_add(points),
        Err(at) => entry.pieces.insert(
            at,
            Piece {
                origin: entry.sender,
                points,
            },
        ),
    }
}

fn sum(entry: &Entry) -> u64 {
    entry
        .pieces
        .iter()
        .map(|piece: &Piece| u64::from(piece.points as Points))
        .sum()
}
