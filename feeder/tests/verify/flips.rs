//! Commits of the production relay, with one bit turned: none verifies any more.

use crate::model::public;
use crate::real::{commit_of, production};
use kith_feeder::verify::{self, Level, SigningKey, VerifyError};
use kith_feeder::wire::{Cid, Codec};
use std::ops::Range;

/// Where the parts of a commit's frame lie, found by their names.
struct Parts {
    ops: Range<usize>,
    commit: Range<usize>,
    blocks: Range<usize>,
    sig: Range<usize>,
    prev_data: Range<usize>,
}

/// Length of a link in DAG-CBOR.
const LINK: usize = 41;

fn find(frame: &[u8], name: &[u8], from: usize) -> usize {
    let mut windows = frame[from..].windows(name.len());
    from + windows.position(|window| window == name).unwrap() + name.len()
}

fn parts(frame: &[u8]) -> Parts {
    let ops = find(frame, b"\x63ops", 0);
    let rev = find(frame, b"\x63rev", ops) - 4;
    let blocks = find(frame, b"\x66blocks", rev);
    // Behind the blocks comes the commit, and it is the first root in them.
    let root = find(frame, b"\x65roots\x81", blocks);
    let car = root - b"\x3a\xa2\x65roots\x81".len();
    let link = &frame[root..root + LINK];
    let commit = find(frame, &[b"\x66commit", link].concat(), car) - LINK;
    let sig = find(frame, b"\x63sig\x58\x40", car);
    let prev_data = find(frame, b"\x68prevData", commit);
    Parts {
        ops: ops..rev,
        commit: commit..commit + LINK,
        blocks: car..commit - b"\x66commit".len(),
        sig: sig..sig + 64,
        prev_data: prev_data..prev_data + LINK,
    }
}

/// Every bit of a range.
fn bits(range: Range<usize>) -> impl Iterator<Item = (usize, u8)> {
    range.flat_map(|at| (0..8).map(move |bit| (at, 1 << bit)))
}

/// Turns each of the bits, one at a time, and wants all outcomes to be errors. First without a
/// key, which is quicker: what fails so fails with it too.
fn none_verifies(frame: &[u8], key: &SigningKey, bits: impl Iterator<Item = (usize, u8)>) {
    let mut frame = frame.to_vec();
    for (at, bit) in bits {
        frame[at] ^= bit;
        let outcome = verify::commit(&frame, None, Level::Full)
            .and_then(|_| verify::commit(&frame, Some(key), Level::Full));
        assert!(outcome.is_err(), "byte {at} by {bit:#x}: {outcome:?}");
        frame[at] ^= bit;
    }
}

#[test]
fn every_bit_of_ops_prev_data_commit_and_signature_matters() {
    let Some(commits) = production() else { return };
    for (frame, key) in &commits {
        let parts = parts(frame);
        for range in [parts.ops, parts.commit, parts.prev_data, parts.sig] {
            none_verifies(frame, key, bits(range));
        }
    }
}

#[test]
fn every_bit_of_the_blocks_matters() {
    let Some(commits) = production() else { return };
    // All bits of some commits, those with the most ops among them; of the others a bit here and
    // there, so that in the end every place of a byte has had its turn.
    let mut by_ops: Vec<_> = commits.iter().collect();
    by_ops.sort_by_key(|(frame, _)| std::cmp::Reverse(parts(frame).ops.len()));
    for (at, (frame, key)) in by_ops.into_iter().enumerate() {
        let blocks = parts(frame).blocks;
        if at % 30 == 0 {
            none_verifies(frame, key, bits(blocks));
        } else {
            let start = blocks.start + at % 32;
            let places = (start..blocks.end).step_by(32).enumerate();
            none_verifies(
                frame,
                key,
                places.map(|(n, place)| (place, 1 << ((n + at) % 8))),
            );
        }
    }
}

/// A relay that changes a commit can set the hashes right again, but not the signature.
#[test]
fn hashes_set_right_do_not_help() {
    let Some(commits) = production() else { return };
    let stranger = SigningKey::from_did_key(&public()).unwrap();
    for (number, (frame, key)) in commits.iter().enumerate() {
        let repaired = |at: usize, bit: u8| {
            let mut frame = frame.clone();
            let commit = commit_of(&frame).unwrap().commit.unwrap();
            let place = find(&frame, commit.as_bytes(), parts(&frame).blocks.start + 60);
            let length = frame[place..].windows(8).position(|w| w == b"\x67version");
            let block = place..place + length.unwrap() + 9;
            assert!(commit.matches(&frame[block.clone()]));
            let parts = parts(&frame);
            let at = parts.sig.start + at;
            frame[at] ^= bit;
            let again = Cid::for_block(Codec::DagCbor, &frame[block.clone()]);
            let (old, new) = (commit.as_bytes(), again.as_bytes());
            for from in 0..frame.len() - old.len() {
                if frame[from..].starts_with(old) {
                    frame[from..from + old.len()].copy_from_slice(new);
                }
            }
            frame
        };
        // All bits of some, and of the others a few, in turn.
        let step = if number % 50 == 0 { 1 } else { 37 };
        for (at, bit) in bits(0..64).skip(number % step).step_by(step) {
            let frame = repaired(at, bit);
            assert!(verify::commit(&frame, None, Level::Full).is_ok());
            let outcome = verify::commit(&frame, Some(key), Level::Full);
            assert_eq!(
                outcome,
                Err(VerifyError::BadSignature),
                "byte {at} by {bit:#x}"
            );
        }
        let outcome = verify::commit(frame, Some(&stranger), Level::Full);
        assert_eq!(outcome, Err(VerifyError::BadSignature));
    }
}
