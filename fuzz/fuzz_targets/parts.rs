//! A commit in pieces, so that a fuzzer can bend any of them without breaking every hash.
//!
//! The pieces stand one behind the other, each behind its length in two bytes: the account, the
//! rev, the value of `ops`, the value of `prevData`, then the blocks, the commit's own last. Where
//! a piece has a CID whose hash begins with [`MARK`], what is meant is the CID of the block whose
//! number (two bytes) follows the mark. `fuzz/seeds.py` cuts recorded commits up like this.

use kith_feeder::wire::{Cid, Codec};

/// How the hash of a CID begins that stands for a block's. No real one is expected to.
const MARK: [u8; 6] = *b"block#";
/// A CID up to its hash: version 1, DAG-CBOR, SHA-256, 32 bytes.
const CID_HEAD: [u8; 4] = [1, 0x71, 0x12, 32];

/// Cuts pieces; the last one may be short.
pub(crate) fn cut(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (piece, rest) = rest.split_at(length);
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// The frame that the pieces describe, with every hash right.
pub(crate) fn frame(pieces: &[&[u8]]) -> Option<Vec<u8>> {
    let [repo, rev, ops, prev_data, blocks @ ..] = pieces else {
        return None;
    };
    let mut cids: Vec<Cid> = Vec::new();
    let mut sections = Vec::new();
    for block in blocks {
        let block = resolved(block, &cids);
        let cid = Cid::for_block(Codec::DagCbor, &block);
        section(&mut sections, &[cid.as_bytes(), &block]);
        cids.push(cid);
    }
    let commit = link(cids.last()?);
    let mut car = Vec::new();
    section(
        &mut car,
        &[b"\xa2\x65roots\x81", &commit, b"\x67version\x01"],
    );
    car.extend(sections);
    let car_head = [&[0x5a][..], &u32::try_from(car.len()).ok()?.to_be_bytes()].concat();
    let head = |text: &[u8]| [&[0x79][..], &(text.len() as u16).to_be_bytes(), text].concat();
    Some(
        [
            b"\xa2\x61t\x67#commit\x62op\x01\xa8",
            &b"\x63ops"[..],
            &resolved(ops, &cids),
            b"\x63rev",
            &head(rev),
            b"\x63seq\x01\x64repo",
            &head(repo),
            b"\x64time\x60\x66blocks",
            &car_head,
            &car,
            b"\x66commit",
            &commit,
            b"\x68prevData",
            &resolved(prev_data, &cids),
        ]
        .concat(),
    )
}

fn link(cid: &Cid) -> Vec<u8> {
    [&[0xd8, 42, 0x58, 37, 0], &cid.as_bytes()[..]].concat()
}

fn resolved(piece: &[u8], cids: &[Cid]) -> Vec<u8> {
    let mut bytes = piece.to_vec();
    let mut at = 0;
    while at + 36 <= bytes.len() {
        if bytes[at..at + 4] == CID_HEAD && bytes[at + 4..at + 10] == MARK {
            let number = u16::from_be_bytes([bytes[at + 10], bytes[at + 11]]);
            if let Some(cid) = cids.get(usize::from(number)) {
                bytes[at..at + 36].copy_from_slice(cid.as_bytes());
            }
            at += 36;
        } else {
            at += 1;
        }
    }
    bytes
}

fn section(car: &mut Vec<u8>, parts: &[&[u8]]) {
    let mut length: usize = parts.iter().map(|part| part.len()).sum();
    while length >= 0x80 {
        car.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    car.push(length as u8);
    car.extend(parts.concat());
}
