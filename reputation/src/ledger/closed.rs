//! How accounts stood when an epoch ended.

use super::Ledger;
use crate::{AccountId, Points, RuleKind};

/// One account in the last moment before the tick that ended an epoch.
///
/// It comes when the account is settled beyond that tick, whenever that is; what it says does not
/// depend on when.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct Closed {
    /// Whose.
    pub account: AccountId,
    /// The tick ordinal that ended.
    pub ordinal: u32,
    /// Own points that were left.
    pub own: Points,
    /// Points received and still held.
    pub tally: u64,
    /// Of them, those of pinned origins, collapsed ones not counted; all of them under rule
    /// `reference`, which has no pins.
    pub tracked: u64,
    /// It held nothing, and of its own it had what a new account has: it had given nothing, unless
    /// [`Rules::own_points`](crate::Rules::own_points) has changed in the epoch.
    pub is_blank: bool,
}

impl Ledger {
    /// Begins to note how accounts stood at the end of epochs, for [`Ledger::take_closed`].
    pub fn note_epochs(&mut self) {
        self.closed.get_or_insert_default();
    }

    /// How the accounts stood that were settled beyond a tick since this was last asked. An
    /// account that slept through several ticks has one entry for each, as long as it held
    /// anything. The sink has none.
    pub fn take_closed(&mut self) -> Vec<Closed> {
        self.closed
            .as_mut()
            .map(core::mem::take)
            .unwrap_or_default()
    }

    /// How many entries [`Ledger::take_closed`] would give.
    pub fn closed_count(&self) -> usize {
        self.closed.as_ref().map_or(0, Vec::len)
    }

    /// The account, settled to `ordinal`, is about to go beyond it.
    pub(super) fn note_closed(&mut self, id: AccountId, ordinal: u32) {
        let Some(closed) = &mut self.closed else {
            return;
        };
        if id == AccountId::SINK {
            return;
        }
        let account = &self.accounts[id];
        let (own, tally) = (account.own(), account.tally());
        let pinned = |origin| self.pins.contains(origin);
        let tracked = match self.rules.rule {
            RuleKind::Reference => tally,
            RuleKind::Systematic if tally == 0 || self.pins.is_empty() => 0,
            RuleKind::Systematic => self
                .store
                .iter(&account.rows)
                .filter(|row| pinned(row.origin))
                .map(|row| u64::from(row.points))
                .sum(),
        };
        closed.push(Closed {
            account: id,
            ordinal,
            own,
            tally,
            tracked,
            is_blank: tally == 0 && own == self.rules.own_points,
        });
    }
}
