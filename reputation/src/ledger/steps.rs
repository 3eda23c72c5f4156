//! The steps of rule `reference` one at a time, with the epoch given.
//!
//! A service never needs them: they exist to replay recorded traces of the reference, whose
//! epochs jump, whose accounts are made by hand, and whose sink may hold points back.

use super::recovery::check_image;
use super::{Account, Ledger};
use crate::{AccountId, AccountImage, Entry, Rejection, RestoreError, Transfer};

/// Single steps of rule `reference` on a ledger that never ticks by itself.
#[derive(Debug)]
pub struct Steps<'l> {
    ledger: &'l mut Ledger,
}

impl Ledger {
    /// Single steps of rule `reference`; use them only on a ledger of that rule that is never
    /// given [`Operation::Tick`](crate::Operation::Tick).
    pub fn steps(&mut self) -> Steps<'_> {
        Steps { ledger: self }
    }
}

impl Steps<'_> {
    /// Makes the next account.
    ///
    /// # Errors
    /// No id is left.
    pub fn create(&mut self) -> Result<AccountId, Rejection> {
        let id = AccountId(self.ledger.accounts());
        self.ledger.check_id(id, id.0)?;
        self.ledger.make(id);
        Ok(id)
    }

    /// Assigns points at an epoch; `sink_held` says that the sink's cut waits unclaimed too.
    ///
    /// # Errors
    /// The reason it was rejected; nothing changed.
    pub fn assign(
        &mut self,
        transfer: &Transfer,
        epoch: u32,
        sink_held: bool,
    ) -> Result<(), Rejection> {
        let ledger = &mut *self.ledger;
        ledger.buffers.clear();
        ledger.known(transfer.sender)?;
        ledger.known(transfer.receiver)?;
        ledger.reference_refuses(transfer)?;
        ledger.reference_debit(transfer, epoch);
        let has_second_leg = ledger.reference_cut(transfer.points) > 0;
        if transfer.receiver == AccountId::SINK && transfer.held {
            let pieces = ledger.buffers.pieces.clone();
            ledger.hold(
                AccountId::SINK,
                Entry {
                    sender: transfer.sender,
                    ordinal: epoch,
                    pieces,
                },
            );
        } else {
            ledger.deliver(transfer, epoch);
        }
        // Also a bundle that is empty, as one of a sender with nothing left is.
        if sink_held && has_second_leg {
            let pieces = ledger.buffers.sink_pieces.clone();
            ledger.hold(
                AccountId::SINK,
                Entry {
                    sender: transfer.sender,
                    ordinal: epoch,
                    pieces,
                },
            );
        } else {
            ledger.deliver_to_sink(epoch);
        }
        Ok(())
    }

    /// Claims an unclaimed entry at an epoch.
    ///
    /// # Errors
    /// The reason it was rejected; nothing changed.
    pub fn claim(&mut self, receiver: AccountId, index: u32, epoch: u32) -> Result<(), Rejection> {
        self.ledger.buffers.clear();
        self.ledger.claim_at(receiver, index, epoch)
    }

    /// One tick of one account, to an epoch, by the ledger's rules.
    pub fn tick(&mut self, id: AccountId, epoch: u32) {
        if self.ledger.known(id).is_ok() {
            self.ledger.reference_tick(id, epoch);
        }
    }

    /// What a tick to an epoch does to an account that was ticked to it before, or is younger: entries
    /// that are too old by then are dropped.
    pub fn expire(&mut self, id: AccountId, epoch: u32) {
        if self.ledger.known(id).is_ok() {
            self.ledger.reference_expire(id, epoch);
        }
    }

    /// Collapses the rows of one account, by the ledger's rules.
    pub fn collapse(&mut self, id: AccountId) {
        if self.ledger.known(id).is_ok() {
            self.ledger.reference_collapse(id);
        }
    }

    /// Replaces the state of one account.
    ///
    /// # Errors
    /// The image cannot be a state of this account; nothing changed.
    pub fn replace(&mut self, id: AccountId, image: AccountImage) -> Result<(), RestoreError> {
        if self.ledger.accounts.get(id).is_none_or(Account::is_absent) {
            return Err(RestoreError::UnknownAccount(id));
        }
        check_image(id, &image)?;
        self.ledger.put_image(id, image);
        Ok(())
    }
}
