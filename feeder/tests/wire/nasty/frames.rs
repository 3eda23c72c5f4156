//! Headers, payloads and messages that are odd.

use super::{POST, check, fate, nested};
use crate::frames::{ALICE, CommitFrame, REV, TIME, cbor_bytes, frame, map};
use ciborium::Value;
use kith_feeder::wire::FRAME_BYTES_MAX;

/// A commit with one field replaced.
pub(super) fn with(name: &str, value: Value) -> Vec<u8> {
    let mut fields = CommitFrame::like(POST).fields();
    for field in fields.iter_mut().filter(|field| field.0 == name) {
        field.1 = value.clone();
    }
    frame("#commit", &map(fields))
}

/// A commit with one field more, of any bytes.
fn with_raw(value: &[u8]) -> Vec<u8> {
    let whole = CommitFrame::like(POST).build();
    // The map's head, one entry up, and the entry.
    let header = cbor_bytes(&map(vec![("t", "#commit".into()), ("op", 1.into())])).len();
    let entry = [b"\x61x", value].concat();
    [
        &whole[..header],
        &[whole[header] + 1],
        &entry,
        &whole[header + 1..],
    ]
    .concat()
}

#[test]
fn frames_that_are_odd() {
    let huge = |head: u8| [head, 0x80, 0, 0, 0, 0, 0, 0, 0];
    let whole = CommitFrame::like(POST).build();
    check(vec![
        ("nothing", vec![], "refused: truncated"),
        (
            "half a frame",
            whole[..whole.len() / 2].to_vec(),
            "refused: truncated",
        ),
        (
            "a frame and a byte",
            [&whole[..], &[0]].concat(),
            "refused: trailing_bytes",
        ),
        (
            "two frames",
            [&whole[..], &whole].concat(),
            "refused: trailing_bytes",
        ),
        (
            "more than 5 MB",
            vec![0xa0; FRAME_BYTES_MAX + 1],
            "refused: too_long",
        ),
        (
            "a Jetstream's text without its fields",
            b"{\"kind\":\"commit\"}".to_vec(),
            "refused: missing_field",
        ),
        (
            "a header of a list",
            [&b"\x81\x01"[..], &whole].concat(),
            "refused: bad_header",
        ),
        (
            "a header alone",
            b"\xa2\x61t\x67#commit\x62op\x01".to_vec(),
            "refused: truncated",
        ),
        (
            "a payload of a list",
            frame("#commit", &Value::Array(vec![])),
            "refused: bad_field",
        ),
        (
            "a kind of the future",
            frame("#party", &map(vec![])),
            "unknown: #party",
        ),
        (
            "a kind with control characters",
            frame("#\0\x1b[2J", &map(vec![])),
            "unknown: #\u{fffd}\u{fffd}[2J",
        ),
        ("a field of the future", with_raw(b"\xf6"), "counts"),
        (
            "a field of a float",
            with_raw(b"\xfb\x7f\xf8\0\0\0\0\0\0"),
            "counts",
        ),
        (
            "a field of indefinite length",
            with_raw(b"\x9f\xff"),
            "refused: not_cbor",
        ),
        (
            "text of indefinite length",
            with_raw(b"\x7f\x61a\xff"),
            "refused: not_cbor",
        ),
        ("2^63 bytes", with_raw(&huge(0x5b)), "refused: truncated"),
        (
            "2^63 characters",
            with_raw(&huge(0x7b)),
            "refused: truncated",
        ),
        ("2^63 values", with_raw(&huge(0x9b)), "refused: truncated"),
        ("2^63 entries", with_raw(&huge(0xbb)), "refused: truncated"),
        (
            "30 levels",
            with_raw(&[&[0x81; 30][..], &[0]].concat()),
            "counts",
        ),
        (
            "1,000 levels",
            with_raw(&[&[0x81; 1_000][..], &[0]].concat()),
            "refused: too_deep",
        ),
        (
            "1,000,000 levels of tags",
            with_raw(&vec![0xc1; 1_000_000]),
            "refused: too_deep",
        ),
    ]);
}

#[test]
fn payloads_that_are_odd() {
    let doubled = {
        let mut fields = CommitFrame::like(POST).fields();
        fields.push(("blocks", Value::Bytes(vec![])));
        frame("#commit", &map(fields))
    };
    check(vec![
        ("the blocks twice", doubled, "refused: duplicate_field"),
        (
            "a seq of 2^63",
            with("seq", (1u64 << 63).into()),
            "refused: bad_seq",
        ),
        (
            "a seq below zero",
            with("seq", (-1).into()),
            "refused: bad_field",
        ),
        (
            "a seq of a float",
            with("seq", Value::Float(7.0)),
            "refused: bad_field",
        ),
        (
            "a time without a zone",
            with("time", "2026-07-04T14:38:08".into()),
            "refused: bad_time",
        ),
        (
            "a time of nothing",
            with("time", "".into()),
            "refused: bad_time",
        ),
        (
            "a handle as repo",
            with("repo", "alice.example.com".into()),
            "refused: bad_did",
        ),
        (
            "a repo of nothing",
            with("repo", "".into()),
            "refused: bad_did",
        ),
        (
            "a repo of 3,000 characters",
            with("repo", format!("did:web:{}", "a".repeat(3_000)).into()),
            "refused: bad_did",
        ),
        (
            "a rev that is no TID",
            with("rev", "3mptbypluud2A".into()),
            "refused: bad_rev",
        ),
        (
            "a rev of nothing",
            with("rev", "".into()),
            "refused: bad_rev",
        ),
    ]);
}

#[test]
fn other_messages_that_are_odd() {
    let body = |more: Vec<(&'static str, Value)>| {
        let about = vec![
            ("seq", 9.into()),
            ("did", ALICE.into()),
            ("time", TIME.into()),
        ];
        map([about, more].concat())
    };
    let deep = || {
        frame(
            "#account",
            &body(vec![("active", true.into()), ("x", nested(1_000))]),
        )
    };
    let sync = |blocks: Value| {
        frame(
            "#sync",
            &body(vec![("rev", REV.into()), ("blocks", blocks)]),
        )
    };
    check(vec![
        (
            "an account without active",
            frame("#account", &body(vec![])),
            "refused: bad_field",
        ),
        ("an account of 1,000 levels", deep(), "refused: too_deep"),
        (
            "a sync whose blocks are text",
            sync("x".into()),
            "refused: bad_field",
        ),
        (
            "a sync with another rev",
            frame(
                "#sync",
                &body(vec![("rev", "x".into()), ("blocks", Value::Bytes(vec![]))]),
            ),
            "refused: bad_rev",
        ),
        (
            "a handle no longer sent",
            frame("#handle", &body(vec![("handle", "a.test".into())])),
            "unknown: #handle",
        ),
        (
            "an error without a name",
            cbor_bytes(&map(vec![("op", (-1).into())])),
            "refused: truncated",
        ),
    ]);
    // Blocks that cannot be read say nothing about the tree, and the sync is told all the same.
    let fate = fate(&sync(Value::Bytes(vec![0xff; 50])));
    assert!(
        fate.contains("Sync") && fate.contains("data: None"),
        "{fate}"
    );
}
