//! One account, as the ledger holds it and as it shows it.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::Ledger;
use crate::rows::{Credited, RowStore, Rows};
use crate::{AccountId, AccountImage, Entry, Piece, Points, Row};

/// The ordinal of an account that was given an id but is not there yet (while resuming).
pub(crate) const ABSENT: u32 = u32::MAX;

/// Set in `own` if the account has unclaimed entries; own points need 29 bits.
const UNCLAIMED: u32 = 1 << 31;

/// The state of one account, without its unclaimed entries: 32 bytes, half a cache line.
#[derive(Copy, Clone, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Account {
    pub(crate) rows: Rows,
    /// Points of collapsed origins; of the sink under rule `systematic`, its counter.
    pub(crate) others: u64,
    /// The tick the account is settled to, or [`ABSENT`].
    pub(crate) ordinal: u32,
    /// Own points, and [`UNCLAIMED`].
    own: u32,
}

impl Account {
    pub(crate) fn new(own: Points, ordinal: u32) -> Self {
        Self {
            rows: Rows::EMPTY,
            others: 0,
            ordinal,
            own,
        }
    }

    /// Own points left, at most [`MAX_POINTS`](crate::MAX_POINTS).
    pub(crate) fn own(&self) -> Points {
        self.own & !UNCLAIMED
    }

    pub(crate) fn set_own(&mut self, own: Points) {
        self.own = self.own & UNCLAIMED | own;
    }

    /// Whether there are unclaimed entries, which are kept elsewhere.
    pub(crate) fn has_unclaimed(&self) -> bool {
        self.own & UNCLAIMED != 0
    }

    pub(crate) fn set_has_unclaimed(&mut self, has: bool) {
        self.own = self.own() | if has { UNCLAIMED } else { 0 };
    }

    pub(crate) fn is_absent(&self) -> bool {
        self.ordinal == ABSENT
    }

    /// Points received.
    pub(crate) fn tally(&self) -> u64 {
        self.rows.sum() + self.others
    }

    /// Points it could give.
    pub(crate) fn worth(&self) -> u64 {
        self.tally() + u64::from(self.own())
    }

    /// Adds pieces to the rows; answers with what returned to its origin and is lost.
    pub(crate) fn credit(
        &mut self,
        store: &mut RowStore,
        pieces: &[Piece],
        id: AccountId,
        touched: Option<u32>,
    ) -> u64 {
        let Credited { returned, overflow } = store.credit(&mut self.rows, pieces, id, touched);
        self.others += overflow;
        returned
    }
}

/// One account as far as it is settled.
#[derive(Copy, Clone, Debug)]
pub struct AccountView<'a> {
    id: AccountId,
    account: &'a Account,
    store: &'a RowStore,
    unclaimed: &'a [Entry],
}

impl<'a> AccountView<'a> {
    pub(super) fn new(id: AccountId, ledger: &'a Ledger) -> Self {
        let unclaimed = ledger.unclaimed.get(&id).map_or(&[][..], Vec::as_slice);
        let account = &ledger.accounts[id];
        Self {
            id,
            account,
            store: &ledger.store,
            unclaimed,
        }
    }

    /// Its id.
    pub fn id(&self) -> AccountId {
        self.id
    }

    /// Own points left in this epoch; the sink has none.
    pub fn own(&self) -> Points {
        self.account.own()
    }

    /// Points of collapsed origins; of the sink under rule `systematic`, its counter.
    pub fn others(&self) -> u64 {
        self.account.others
    }

    /// The tick it is settled to.
    pub fn ordinal(&self) -> u32 {
        self.account.ordinal
    }

    /// Points received: rows and others.
    pub fn tally(&self) -> u64 {
        self.account.tally()
    }

    /// Points it could give: tally and own.
    pub fn worth(&self) -> u64 {
        self.account.worth()
    }

    /// Its rows, ascending by origin.
    pub fn rows(&self) -> impl Iterator<Item = Row> + 'a {
        self.store.iter(&self.account.rows)
    }

    /// How many rows it has.
    pub fn row_count(&self) -> usize {
        self.store.len(&self.account.rows)
    }

    /// How many of its points have this origin, collapsed ones not counted.
    pub fn points_of(&self, origin: AccountId) -> Points {
        self.store.get(&self.account.rows, origin)
    }

    /// Its unclaimed entries, oldest first.
    pub fn unclaimed(&self) -> &'a [Entry] {
        self.unclaimed
    }

    /// All of it, to be stored.
    pub fn image(&self) -> AccountImage {
        AccountImage {
            own: self.own(),
            others: self.others(),
            ordinal: self.ordinal(),
            rows: self.rows().collect(),
            unclaimed: self.unclaimed.to_vec(),
        }
    }
}

/// See [`Ledger::state_bytes`].
pub(super) fn state_bytes(ledger: &Ledger) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |number: u64| bytes.extend_from_slice(&number.to_le_bytes());
    let rules = ledger.rules;
    put(rules.rule as u64);
    put(rules.own_points.into());
    put(rules.keep_top.into());
    put(rules.decay_percent.into());
    put(rules.sink_percent.into());
    put(rules.unclaimed_ticks.into());
    put(ledger.ticks.into());
    put(ledger.pins.iter().count() as u64);
    ledger.pins.iter().for_each(|pin| put(pin.0.into()));
    put(ledger.accounts().into());
    for view in (0..ledger.accounts()).filter_map(|id| ledger.account(AccountId(id))) {
        put(view.id.0.into());
        put(view.own().into());
        put(view.others());
        put(view.ordinal().into());
        put(view.row_count() as u64);
        for row in view.rows() {
            put(row.origin.0.into());
            put(row.points.into());
            put(row.touched.map_or(u64::MAX, u64::from));
        }
        put(view.unclaimed.len() as u64);
        for entry in view.unclaimed {
            put(entry.sender.0.into());
            put(entry.ordinal.into());
            put(entry.pieces.len() as u64);
            for piece in &entry.pieces {
                put(piece.origin.0.into());
                put(piece.points.into());
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_half_a_cache_line() {
        assert_eq!(size_of::<Account>(), 32);
        let mut account = Account::new(crate::MAX_POINTS, 3);
        account.set_has_unclaimed(true);
        assert_eq!(
            (account.own(), account.has_unclaimed()),
            (crate::MAX_POINTS, true)
        );
        account.set_own(5);
        assert_eq!((account.own(), account.has_unclaimed()), (5, true));
        account.set_has_unclaimed(false);
        assert_eq!((account.own(), account.has_unclaimed()), (5, false));
    }
}
