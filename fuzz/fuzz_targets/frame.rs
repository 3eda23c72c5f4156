//! Any bytes as a frame: the scan without interest, the reading with it, and the quick look agree.

#![no_main]

mod bounded;

use bounded::bounded;
use kith_feeder::wire::{self, Decoded, Message, Touches};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &[u8]| bounded(|| check(frame)));

fn check(frame: &[u8]) {
    let passed = wire::decode(frame, &|_: &str, _: Touches| false);
    let read = wire::decode(frame, &|_: &str, _: Touches| true);
    let peek = wire::peek(frame);
    match passed {
        Ok(Decoded::Passed { seq, time, .. }) => {
            let peek = peek.expect("the quick look sees no more than the scan");
            assert_eq!((peek.seq, peek.time), (Some(seq), time));
            match read {
                Ok(Decoded::Message(Message::Commit(commit))) => {
                    assert_eq!((commit.seq, Some(commit.time)), (seq, time));
                }
                Ok(other) => panic!("a commit is read as {other:?}"),
                Err(error) => assert_eq!((error.seq, error.time), (Some(seq), time)),
            }
        }
        // Of other messages nobody is asked.
        passed => assert_eq!(passed, read),
    }
}
