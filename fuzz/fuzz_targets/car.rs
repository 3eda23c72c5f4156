//! Any bytes as a CAR.

#![no_main]

mod bounded;

use bounded::bounded;
use kith_feeder::wire::{Blocks, Cid, Codec};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|car: &[u8]| bounded(|| check(car)));

fn check(car: &[u8]) {
    let Ok(blocks) = Blocks::parse(car) else {
        return;
    };
    if let Some(root) = blocks.root() {
        let block = blocks.find(&root);
        assert!(block.is_none_or(|block| block.len() <= car.len()));
    }
    // Every place where a CID might stand names a block that lies in the input, or none.
    for bytes in car.windows(36).step_by(7).take(1_000) {
        let found = Cid::from_bytes(bytes)
            .ok()
            .and_then(|cid| blocks.find(&cid));
        assert!(
            found.is_none_or(
                |block| car.as_ptr_range().contains(&block.as_ptr()) || block.is_empty()
            )
        );
    }
    assert!(blocks.find(&Cid::for_block(Codec::Raw, car)).is_none());
}
