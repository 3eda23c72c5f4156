//! Crediting an unclaimed entry after all.

use super::Ledger;
use super::reference::{reference_claim, systematic_claim};
use crate::{AccountId, Entry, Rejection, RuleKind};

impl Ledger {
    /// The entry decays by its age, is credited, and is gone.
    pub(super) fn claim(&mut self, receiver: AccountId, index: u32) -> Result<(), Rejection> {
        self.known(receiver)?;
        self.settle(receiver);
        self.claim_at(receiver, index, self.ticks)
    }

    /// Claims for a settled account.
    pub(super) fn claim_at(
        &mut self,
        receiver: AccountId,
        index: u32,
        ordinal: u32,
    ) -> Result<(), Rejection> {
        self.known(receiver)?;
        let entry = self.take_entry(receiver, index)?;
        self.claim_debit(receiver, entry, ordinal);
        let returned = self.credit(receiver, ordinal);
        self.buffers.losses.returned = returned;
        self.totals
            .count(ordinal, returned, |totals| &mut totals.returned);
        Ok(())
    }

    fn take_entry(&mut self, receiver: AccountId, index: u32) -> Result<Entry, Rejection> {
        let entries = self
            .unclaimed
            .get_mut(&receiver)
            .ok_or(Rejection::NoSuchEntry)?;
        let at = index as usize;
        if at >= entries.len() {
            return Err(Rejection::NoSuchEntry);
        }
        let entry = entries.remove(at);
        self.tidy_unclaimed(receiver);
        Ok(entry)
    }

    /// Decays an entry to its age at `ordinal` and puts what is left into the buffers.
    fn claim_debit(&mut self, receiver: AccountId, mut entry: Entry, ordinal: u32) {
        let sum = |entry: &Entry| {
            entry
                .pieces
                .iter()
                .map(|piece| u64::from(piece.points))
                .sum::<u64>()
        };
        let before = sum(&entry);
        let age = ordinal.saturating_sub(entry.ordinal);
        match self.rules.rule {
            RuleKind::Systematic => systematic_claim(&mut entry, age, self.rules.decay_percent),
            RuleKind::Reference => reference_claim(&mut entry, age, self.rules.unclaimed_ticks),
        }
        let decayed = before - sum(&entry);
        entry.pieces.retain(|piece| piece.points > 0);
        self.buffers.pieces.extend_from_slice(&entry.pieces);
        self.buffers.parties = Some((entry.sender, receiver));
        self.buffers.losses.decayed = decayed;
        self.totals
            .count(ordinal, decayed, |totals| &mut totals.decayed);
    }
}
