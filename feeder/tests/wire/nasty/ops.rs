//! Ops that are odd.

use super::frames::with;
use super::{FOLLOW, LIKE, POST, check};
use crate::frames::{link, map};
use ciborium::Value;
use kith_feeder::wire::{Cid, Codec};

fn with_ops(ops: Vec<Value>) -> Vec<u8> {
    with("ops", Value::Array(ops))
}

fn op(action: Value, path: Value, cid: Value) -> Value {
    map(vec![("cid", cid), ("path", path), ("action", action)])
}

/// The CID of the like that the frame carries.
fn like_cid() -> Value {
    link(&Cid::for_block(Codec::DagCbor, &crate::frames::like(POST)))
}

#[test]
fn ops_whose_paths_are_odd() {
    let create = |path: &str| op("create".into(), path.into(), like_cid());
    let delete = |path: &str| op("delete".into(), path.into(), Value::Null);
    let raw_path = {
        let whole = with_ops(vec![create(LIKE)]);
        let at = whole
            .windows(LIKE.len())
            .position(|w| w == LIKE.as_bytes())
            .unwrap();
        let mut bytes = whole;
        bytes[at + LIKE.len() - 1] = 0xff;
        bytes
    };
    check(vec![
        (
            "what they are bent from",
            with_ops(vec![create(LIKE)]),
            "counts",
        ),
        ("no op at all", with_ops(vec![]), "no op concerns us"),
        (
            "10,000 ops",
            with_ops(vec![create(LIKE); 10_000]),
            "refused: too_many_ops",
        ),
        (
            "a path without a slash",
            with_ops(vec![create("app.bsky.feed.like")]),
            "no op concerns us",
        ),
        (
            "a path of nothing",
            with_ops(vec![create("")]),
            "no op concerns us",
        ),
        (
            "a path of a slash",
            with_ops(vec![create("/")]),
            "no op concerns us",
        ),
        (
            "a path of two slashes",
            with_ops(vec![create("app.bsky.feed.like/3k/3k")]),
            "bad_path",
        ),
        (
            "a path that climbs",
            with_ops(vec![create("app.bsky.feed.like/..")]),
            "bad_path",
        ),
        (
            "a path with a NUL",
            with_ops(vec![create("app.bsky.feed.like/a\0")]),
            "bad_path",
        ),
        (
            "a path of 100,000 characters",
            with_ops(vec![create(&format!(
                "app.bsky.feed.like/{}",
                "3".repeat(100_000)
            ))]),
            "bad_path",
        ),
        ("a path that is not UTF-8", raw_path, "bad_path"),
        (
            "a path as bytes",
            with_ops(vec![op("create".into(), Value::Bytes(vec![]), like_cid())]),
            "refused: bad_field",
        ),
        (
            "a deletion under no key",
            with_ops(vec![delete("app.bsky.graph.follow/")]),
            "no op concerns us",
        ),
        (
            "the same deletion twice",
            with_ops(vec![delete(FOLLOW), delete(FOLLOW)]),
            "deleted, deleted",
        ),
    ]);
}

#[test]
fn ops_whose_fields_are_odd() {
    let create = |path: &str| op("create".into(), path.into(), like_cid());
    let delete = |path: &str| op("delete".into(), path.into(), Value::Null);
    let doubled = map(vec![
        ("path", LIKE.into()),
        ("path", LIKE.into()),
        ("action", "delete".into()),
    ]);
    check(vec![
        (
            "an action of the future",
            with_ops(vec![op("merge".into(), LIKE.into(), like_cid())]),
            "no op concerns us",
        ),
        (
            "an action as a number",
            with_ops(vec![op(1.into(), LIKE.into(), like_cid())]),
            "refused: bad_field",
        ),
        (
            "no action",
            with_ops(vec![map(vec![("path", LIKE.into())])]),
            "refused: missing_field",
        ),
        (
            "a path twice",
            with_ops(vec![doubled]),
            "refused: duplicate_field",
        ),
        (
            "an op that is text",
            with_ops(vec!["create".into()]),
            "refused: bad_field",
        ),
        (
            "a creation without CID",
            with_ops(vec![op("create".into(), LIKE.into(), Value::Null)]),
            "no_cid",
        ),
        (
            "a CID as text",
            with_ops(vec![op("create".into(), LIKE.into(), "bafyrei".into())]),
            "no_cid",
        ),
        (
            "a CID of version 0",
            with_ops(vec![op(
                "create".into(),
                LIKE.into(),
                Value::Tag(
                    42,
                    Box::new(Value::Bytes([&[0, 0x12, 0x20][..], &[7; 32]].concat())),
                ),
            )]),
            "no_cid",
        ),
        (
            "a CID with another hash",
            with_ops(vec![op(
                "create".into(),
                LIKE.into(),
                Value::Tag(
                    42,
                    Box::new(Value::Bytes(
                        [&[0, 1, 0x71, 0x1e, 0x20][..], &[7; 32]].concat(),
                    )),
                ),
            )]),
            "no_cid",
        ),
        (
            "a CID of a block that is not there",
            with_ops(vec![op(
                "create".into(),
                LIKE.into(),
                link(&Cid::for_block(Codec::DagCbor, b"")),
            )]),
            "missing_block",
        ),
        (
            "good and bad side by side",
            with_ops(vec![
                create("app.bsky.feed.like/"),
                create(LIKE),
                delete(FOLLOW),
            ]),
            "bad_path, counts, deleted",
        ),
    ]);
}
