//! Any bytes as a record of each collection.

#![no_main]

mod bounded;

use bounded::bounded;
use kith_feeder::wire::{Collection, Record, decode_record};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|block: &[u8]| bounded(|| check(block)));

fn check(block: &[u8]) {
    for collection in [
        Collection::Like,
        Collection::Repost,
        Collection::Follow,
        Collection::Block,
        Collection::Other,
    ] {
        let Ok(record) = decode_record(collection, block) else {
            continue;
        };
        let (of, subject) = match record {
            Record::Like { subject } => (Collection::Like, subject.into_string()),
            Record::Repost { subject } => (Collection::Repost, subject.into_string()),
            Record::Follow { subject } => (Collection::Follow, subject.into_string()),
            Record::Block { subject } => (Collection::Block, subject.into_string()),
        };
        assert_eq!(of, collection);
        // What is read stands in the block, and is not invented.
        assert!(subject.len() <= block.len());
    }
}
