//! Any bytes as a DID document, and its key as a key.

#![no_main]

mod bounded;

use bounded::bounded;
use kith_feeder::identity::DidDocument;
use kith_feeder::verify::SigningKey;
use libfuzzer_sys::fuzz_target;

/// The account that the first inputs are about.
const DID: &str = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa";

fuzz_target!(|bytes: &[u8]| bounded(|| check(bytes)));

fn check(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok(key) = SigningKey::from_did_key(text)
    {
        assert!(key.verify(b"message", bytes).is_err());
    }
    let Ok(document) = DidDocument::parse(DID, bytes) else {
        return;
    };
    assert_eq!(document.did, DID);
    assert!(document.pds.is_none_or(|pds| pds.starts_with("http")));
    if let Some(key) = document.signing_key {
        let _ = SigningKey::from_did_key(&key);
    }
}
