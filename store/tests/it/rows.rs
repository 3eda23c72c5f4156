//! Images in slices, of changed rows only: what is read back is what the ledger holds.

use std::collections::BTreeMap;

use kith_reputation::AccountId;

use crate::twin::twins;

#[test]
fn rows_that_are_read_back_are_the_ledger_s() {
    for twin in twins() {
        let ledger = &twin.history.ledger;
        let held: BTreeMap<_, _> = (0..ledger.accounts())
            .filter_map(|id| Some((AccountId(id), ledger.account(AccountId(id))?.image())))
            .collect();
        let read: BTreeMap<_, _> = twin
            .images()
            .into_iter()
            .map(|row| (row.id, row.image))
            .collect();
        assert_eq!(read.len(), held.len(), "{}", twin.name);
        for (id, image) in held {
            assert_eq!(read.get(&id), Some(&image), "{id:?}, {}", twin.name);
        }
    }
}
