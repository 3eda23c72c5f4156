//! Bringing one account up to the current tick: the one primitive of time.
//!
//! What a tick does to an account depends on the account alone, so when it is done does not
//! matter: lazy equals eager. Whatever could break that (pins, rules, forgetting) settles
//! everybody first.

use super::Ledger;
use crate::draw::Draw;
use crate::hash::scaled;
use crate::{AccountId, RuleKind};

impl Ledger {
    /// Brings one account up to the current tick. May be called at any time, in any order, as
    /// often as one likes, without changing any result. An unknown id is left alone.
    pub fn settle(&mut self, id: AccountId) {
        let Some(account) = self.accounts.get(id) else {
            return;
        };
        if account.ordinal >= self.ticks {
            return;
        }
        if id == AccountId::SINK && self.rules.rule == RuleKind::Systematic {
            self.accounts[AccountId::SINK].ordinal = self.ticks;
            return;
        }
        let mut ordinal = account.ordinal;
        while ordinal < self.ticks {
            self.note_closed(id, ordinal);
            ordinal += 1;
            let account = &mut self.accounts[id];
            if account.tally() == 0 && !account.has_unclaimed() {
                // Further ticks do nothing more: topping up sets, it does not add.
                self.top_up(id, ordinal);
                break;
            }
            match self.rules.rule {
                RuleKind::Systematic => self.systematic_tick(id, ordinal),
                RuleKind::Reference => self.reference_tick(id, ordinal),
            }
        }
        self.accounts[id].ordinal = self.ticks;
    }

    /// Settles every account that `needs` it.
    pub(super) fn settle_all(&mut self, needs: impl Fn(AccountId) -> bool) {
        for id in (0..self.accounts()).map(AccountId) {
            if needs(id) {
                self.settle(id);
            }
        }
    }

    /// One tick of one account: top up, collapse, decay, expire.
    fn systematic_tick(&mut self, id: AccountId, ordinal: u32) {
        self.top_up(id, ordinal);
        let account = &mut self.accounts[id];
        let pins = &self.pins;
        let pinned = |origin| pins.contains(origin);
        account.others += self
            .store
            .collapse(&mut account.rows, self.rules.keep_top, pinned);

        let tally = account.tally();
        let nonce = u64::from(id.0) << 32 | u64::from(ordinal);
        let lot = scaled(self.seed, nonce, 2, 100);
        let wide = u128::from(tally) * u128::from(self.rules.decay_percent) + u128::from(lot);
        let decayed = u64::try_from(wide / 100).unwrap_or(tally).min(tally);
        if decayed > 0 {
            let draw = Draw::new(self.seed, nonce, 3, tally, decayed);
            let others = account.others;
            account.others -= draw.below(others);
            self.store.decay(&mut account.rows, &draw, others);
            self.totals
                .count(ordinal, decayed, |totals| &mut totals.decayed);
        }
        let oldest = u64::from(ordinal) + 1;
        self.expire(
            id,
            ordinal,
            oldest.saturating_sub(self.rules.unclaimed_ticks.into()),
        );
    }

    /// Sets own points anew; what lay unspent is not minted again.
    pub(super) fn top_up(&mut self, id: AccountId, ordinal: u32) {
        if id == AccountId::SINK {
            return;
        }
        let account = &mut self.accounts[id];
        let minted = i64::from(self.rules.own_points) - i64::from(account.own());
        account.set_own(self.rules.own_points);
        self.totals.mint(ordinal, minted);
    }

    /// Drops unclaimed entries sent before tick `oldest`.
    pub(super) fn expire(&mut self, id: AccountId, ordinal: u32, oldest: u64) {
        if !self.accounts[id].has_unclaimed() {
            return;
        }
        let Some(entries) = self.unclaimed.get_mut(&id) else {
            return;
        };
        let mut expired = 0;
        entries.retain(|entry| {
            let keeps = u64::from(entry.ordinal) >= oldest;
            if !keeps {
                expired += entry
                    .pieces
                    .iter()
                    .map(|piece| u64::from(piece.points))
                    .sum::<u64>();
            }
            keeps
        });
        if expired > 0 {
            self.totals
                .count(ordinal, expired, |totals| &mut totals.expired);
        }
        self.tidy_unclaimed(id);
    }

    /// Forgets an empty list of entries.
    pub(super) fn tidy_unclaimed(&mut self, id: AccountId) {
        if self.unclaimed.get(&id).is_none_or(Vec::is_empty) {
            self.unclaimed.remove(&id);
            self.accounts[id].set_has_unclaimed(false);
        }
    }
}
