//! Any commit, as it comes and with its hashes set right, and any bytes as one.

#![no_main]

mod bounded;
mod parts;

use bounded::bounded;
use kith_feeder::verify::{self, Level, SigningKey};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    let text = "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme";
    SigningKey::from_did_key(text).expect("a key of the community's vectors")
});

fuzz_target!(|bytes: &[u8]| bounded(|| check(bytes)));

fn check(bytes: &[u8]) {
    check_frame(bytes);
    let _ = verify::sync(bytes, Some(&KEY));
    if let Some(frame) = parts::frame(&parts::cut(bytes)) {
        check_frame(&frame);
    }
}

fn check_frame(frame: &[u8]) {
    let less = verify::commit(frame, None, Level::Signature);
    let full = verify::commit(frame, None, Level::Full);
    // What passes in full passes by its signature, and nobody's commit is signed by this key.
    assert!(less.is_ok() || full.is_err());
    if less.is_ok() {
        assert!(verify::commit(frame, Some(&KEY), Level::Signature).is_err());
    }
}
