//! Blocks that are odd.

use super::frames::with;
use super::{POST, check};
use crate::frames::{CommitFrame, car, cbor_bytes, link, map};
use ciborium::Value;
use kith_feeder::wire::{Cid, Codec};

#[test]
fn cars_that_are_odd() {
    let built = CommitFrame::like(POST);
    let blocks = built.blocks();
    let root = blocks[0].0;
    let whole = car(&root, &blocks);
    let with_car = |bytes: Vec<u8>| with("blocks", Value::Bytes(bytes));
    let header = |fields: Vec<(&str, Value)>| {
        let header = cbor_bytes(&map(fields));
        let rest = &whole[1 + usize::from(whole[0])..];
        [&[u8::try_from(header.len()).unwrap()], &header[..], rest].concat()
    };
    let roots = || Value::Array(vec![link(&root)]);
    let section = |length: &[u8], rest: &[u8]| [&whole[..], length, rest].concat();
    check(vec![
        ("what they are bent from", with_car(whole.clone()), "counts"),
        ("an empty CAR", with_car(vec![]), "refused: bad_car"),
        (
            "a header of version 2",
            with_car(header(vec![("roots", roots()), ("version", 2.into())])),
            "refused: bad_car",
        ),
        (
            "the prefix of a CAR of version 2",
            with_car(b"\x0a\xa1\x67version\x02".to_vec()),
            "refused: bad_car",
        ),
        (
            "a header without version",
            with_car(header(vec![("roots", roots())])),
            "refused: bad_car",
        ),
        (
            "a header without roots",
            with_car(header(vec![("version", 1.into())])),
            "counts",
        ),
        (
            "a header of 100,000 roots",
            with_car([&[0xa0, 0x8d, 0x06][..], &vec![0x80; 100_000], &whole].concat()),
            "refused: bad_car",
        ),
        (
            "a header cut off",
            with_car(whole[..20].to_vec()),
            "refused: bad_car",
        ),
        (
            "a block cut off",
            with_car(whole[..whole.len() - 1].to_vec()),
            "refused: bad_car",
        ),
        (
            "a block longer than said",
            with_car(section(
                &[36],
                &[&[1, 0x71, 0x12, 32][..], &[7; 40]].concat(),
            )),
            "refused: bad_car",
        ),
        (
            "a block of nothing",
            with_car(section(&[0], &[])),
            "refused: bad_car",
        ),
        (
            "a block without its CID",
            with_car(section(&[5], &[1; 5])),
            "refused: bad_car",
        ),
        (
            "a length of 2^63",
            with_car(section(&[0x80; 8], &[0x80, 0x01])),
            "refused: bad_car",
        ),
        (
            "a length that never ends",
            with_car(section(&[0xff; 100], &[])),
            "refused: bad_car",
        ),
        (
            "a length beyond the CAR",
            with_car(section(&[0xff, 0xff, 0x7f], &[1; 64])),
            "refused: bad_car",
        ),
    ]);
}

#[test]
fn blocks_that_are_odd() {
    let built = CommitFrame::like(POST);
    let blocks = built.blocks();
    let root = blocks[0].0;
    let with_car = |bytes: Vec<u8>| with("blocks", Value::Bytes(bytes));
    let sorted = {
        let more = (0u32..2_000).map(|n| n.to_be_bytes().to_vec());
        let more = more.map(|block| (Cid::for_block(Codec::Raw, &block), block));
        car(
            &root,
            &blocks.iter().cloned().chain(more).collect::<Vec<_>>(),
        )
    };
    check(vec![
        ("2,000 blocks more", with_car(sorted), "counts"),
        (
            "no commit block",
            with_car(car(&root, &blocks[1..])),
            "refused: missing_commit_block",
        ),
        (
            "no record",
            with_car(car(&root, &blocks[..1])),
            "missing_block",
        ),
        (
            "a record of other bytes",
            with_car(car(
                &root,
                &[blocks[0].clone(), (blocks[1].0, b"\xa0".to_vec())],
            )),
            "record_cid_mismatch",
        ),
        (
            "a commit of other bytes",
            with_car(car(&root, &[(root, b"\xa0".to_vec()), blocks[1].clone()])),
            "refused: cid_mismatch",
        ),
        (
            "a CAR as text",
            with("blocks", "CAR".into()),
            "refused: bad_field",
        ),
        (
            "a CAR as null",
            with("blocks", Value::Null),
            "refused: bad_field",
        ),
    ]);
}
