//! Any string goes into the interner and comes out as it was.

use std::collections::HashMap;

use kith_graph::Accounts;
use proptest::prelude::*;

fn did() -> impl Strategy<Value = String> {
    prop_oneof![
        "did:plc:[a-z2-7]{24}",
        // Few, so that they repeat.
        "did:plc:a{23}[a-d]",
        // Near misses: a character too many or too few, one outside the alphabet.
        "did:plc:[a-z2-7]{23,25}",
        "did:plc:[a-z0-9A-Z]{24}",
        "did:web:[a-z0-9.-]{1,40}",
        "did:[a-z]{1,8}:[a-zA-Z0-9._:%-]{0,60}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn numbers_and_dids_belong_together(dids in proptest::collection::vec(did(), 1..200)) {
        let mut accounts = Accounts::new();
        let mut first_seen = HashMap::new();
        for did in &dids {
            let next = u32::try_from(first_seen.len()).expect("few");
            let known = first_seen.get(did).copied();
            prop_assert_eq!(accounts.get(did).map(|id| id.0), known);
            let number = *first_seen.entry(did.clone()).or_insert(next);
            prop_assert_eq!(accounts.intern(did).0, number);
        }
        prop_assert_eq!(accounts.len(), first_seen.len());
        for did in &dids {
            let id = accounts.get(did).expect("interned");
            prop_assert_eq!(accounts.did(id).to_string(), did.as_str());
        }
    }
}
