//! Any lines as a frame of Jetstream: passing, reading and the quick look agree, and the lines
//! one by one with all of them together.

#![no_main]

mod bounded;

use bounded::bounded;
use kith_feeder::wire::{self, Decoded, FrameError, Message, Touches};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|frame: &[u8]| -> Corpus {
    if !frame.starts_with(b"{") {
        // A frame of the firehose: what `frame` is for.
        return Corpus::Reject;
    }
    bounded(|| check(frame));
    Corpus::Keep
});

fn pass(frame: &[u8]) -> Result<Decoded, FrameError> {
    wire::decode(frame, &|_: &str, _: Touches| false)
}

fn check(frame: &[u8]) {
    let passed = pass(frame);
    let read = wire::decode(frame, &|_: &str, _: Touches| true);
    // Where the decoder says no, the quick look says so too, or only sees less; never a panic.
    let peek = wire::peek(frame);
    match passed {
        Ok(Decoded::Passed {
            seq,
            time,
            likes,
            reposts,
        }) => {
            let peek = peek.expect("the quick look sees no more than the decoder");
            assert_eq!((peek.seq, peek.time), (Some(seq), time));
            assert!(!peek.is_error);
            match read {
                Ok(Decoded::Message(Message::Commit(commit))) => {
                    assert_eq!((commit.seq, Some(commit.time)), (seq, time));
                    check_commit(frame, &commit);
                }
                Ok(other) => panic!("a commit is read as {other:?}"),
                Err(error) => assert_eq!((error.seq, error.time), (Some(seq), time)),
            }
            check_lines(frame, (seq, time, likes, reposts));
        }
        // Of other messages nobody is asked.
        passed => {
            if let Ok(Decoded::Message(message)) = &passed {
                let peek = peek.expect("the quick look sees no more than the decoder");
                assert_eq!(peek.is_error, matches!(message, Message::Error { .. }));
            }
            assert_eq!(passed, read);
        }
    }
}

/// What Jetstream does not pass on is not made up, and each op is of a line of its own.
fn check_commit(frame: &[u8], commit: &wire::Commit) {
    assert!(!commit.chained && !commit.too_big && commit.since.is_none());
    assert_eq!(
        (commit.commit, commit.data, commit.prev_data),
        (None, None, None)
    );
    let lines = frame.split(|byte| *byte == b'\n').count();
    assert!(commit.ops.iter().all(|op| (op.index as usize) < lines));
    assert!(commit.ops.is_sorted_by(|one, next| one.index < next.index));
    assert!(commit.ops.iter().all(|op| op.rkey.len() <= frame.len()));
}

/// The lines of a commit say alone what they say together.
fn check_lines(frame: &[u8], whole: (u64, Option<wire::Micros>, u32, u32)) {
    let mut sum = (0, None, 0, 0);
    for line in frame.split(|byte| *byte == b'\n') {
        if !line.starts_with(b"{") {
            // Well-formed (blanks before it, say), but no frame by itself.
            return;
        }
        let Ok(Decoded::Passed {
            seq,
            time,
            likes,
            reposts,
        }) = pass(line)
        else {
            panic!("a line of a commit is none");
        };
        sum = (
            sum.0.max(seq),
            sum.1.max(time),
            sum.2 + likes,
            sum.3 + reposts,
        );
    }
    assert_eq!(sum, whole);
}
