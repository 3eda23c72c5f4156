//! The nasty corpus: what strangers send, wittingly or not, each thing by its name, and what
//! becomes of it. Nothing here may panic, stop the stream, or take others down with it. Records
//! first; what is around them has files of its own.

mod cars;
mod frames;
mod ops;

use crate::frames::{BOB, CommitFrame, cbor_bytes, map};
use ciborium::Value;
use kith_feeder::syntax::{is_did, parse_subject};
use kith_feeder::wire::{self, Cid, Codec, Commit, Decoded, Message, Record, Touches};

/// What becomes of a frame, in words: why it is refused, or what becomes of each of its ops.
fn fate(frame: &[u8]) -> String {
    let decoded = wire::decode(frame, &|_: &str, _: Touches| true);
    let _ = wire::decode(frame, &|_: &str, _: Touches| false);
    let _ = wire::peek(frame);
    match decoded {
        Err(error) => format!("refused: {}", error.reason()),
        Ok(Decoded::Message(Message::Commit(commit))) => fate_of_ops(&commit),
        Ok(Decoded::Message(Message::Unknown { kind, .. })) => format!("unknown: {kind}"),
        Ok(other) => format!("{other:?}"),
    }
}

fn fate_of_ops(commit: &Commit) -> String {
    let fates = commit.ops.iter().map(|op| match &op.record {
        None => "deleted".to_owned(),
        Some(Err(bad)) => bad.reason().to_owned(),
        Some(Ok(Record::Like { subject } | Record::Repost { subject })) => {
            let subject = parse_subject(subject);
            subject.map_or_else(|bad| bad.to_string(), |_| "counts".to_owned())
        }
        Some(Ok(Record::Follow { subject } | Record::Block { subject })) => {
            let verdict = if is_did(subject) {
                "counts"
            } else {
                "subject is no did"
            };
            verdict.to_owned()
        }
    });
    let fates: Vec<String> = fates.collect();
    if fates.is_empty() {
        "no op concerns us".to_owned()
    } else {
        fates.join(", ")
    }
}

const POST: &str = "at://did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/app.bsky.feed.post/3mpsjbtci2c2o";
const LIKE: &str = "app.bsky.feed.like/3k";
const FOLLOW: &str = "app.bsky.graph.follow/3k";

type Row = (&'static str, Vec<u8>, &'static str);

fn check(rows: Vec<Row>) {
    let mut wrong = Vec::new();
    for (name, frame, expect) in rows {
        let got = fate(&frame);
        if got != expect {
            wrong.push(format!("{name}: {got}, not {expect}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// A commit with one record of any bytes.
fn with_block(path: &str, block: &[u8]) -> Vec<u8> {
    CommitFrame::new(vec![("create", path.to_owned(), Some(block.to_vec()))]).build()
}

/// A like with these fields beside its subject.
fn like(more: Vec<(&str, Value)>) -> Vec<u8> {
    let cid = Cid::for_block(Codec::DagCbor, b"a post").to_string();
    let subject = map(vec![("cid", cid.into()), ("uri", POST.into())]);
    let fields = [more, vec![("subject", subject)]].concat();
    with_block(LIKE, &cbor_bytes(&map(fields)))
}

fn like_of(uri: Value) -> Vec<u8> {
    let subject = map(vec![("uri", uri)]);
    with_block(LIKE, &cbor_bytes(&map(vec![("subject", subject)])))
}

fn follow_of(subject: Value) -> Vec<u8> {
    with_block(FOLLOW, &cbor_bytes(&map(vec![("subject", subject)])))
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
}

#[test]
fn what_clients_write_beside_a_subject_does_not_matter() {
    check(vec![
        ("no createdAt", like(vec![]), "counts"),
        (
            "createdAt without a zone",
            like(vec![("createdAt", "2026-07-04T14:38:08".into())]),
            "counts",
        ),
        (
            "an empty createdAt",
            like(vec![("createdAt", "".into())]),
            "counts",
        ),
        (
            "createdAt as a number",
            like(vec![("createdAt", 1_783_175_888.into())]),
            "counts",
        ),
        (
            "createdAt in the year 9999",
            like(vec![("createdAt", "9999-12-31T23:59:59Z".into())]),
            "counts",
        ),
        ("an empty $type", like(vec![("$type", "".into())]), "counts"),
        (
            "another $type",
            like(vec![("$type", "app.bsky.feed.post".into())]),
            "counts",
        ),
        (
            "no via, but null",
            like(vec![("via", Value::Null)]),
            "counts",
        ),
        (
            "a field of the future",
            like(vec![("mood", map(vec![("x", 1.into())]))]),
            "counts",
        ),
        (
            "a thousand fields",
            like((0..1_000).map(|_| ("x", Value::Null)).collect()),
            "counts",
        ),
        ("a float", like(vec![("x", Value::Float(1.5))]), "counts"),
        (
            "not a number",
            like(vec![("x", Value::Float(f64::NAN))]),
            "counts",
        ),
        (
            "a NUL in text",
            like(vec![("text", "a\0b".into())]),
            "counts",
        ),
        (
            "a megabyte of text",
            like(vec![("text", "x".repeat(1_000_000).into())]),
            "counts",
        ),
        ("200 levels", like(vec![("x", nested(200))]), "counts"),
        (
            "300 levels",
            like(vec![("x", nested(300))]),
            "record_too_deep",
        ),
        (
            "100,000 levels",
            with_block(
                LIKE,
                &[&[0xa1, 0x61, b'x'][..], &vec![0x81; 100_000]].concat(),
            ),
            "record_too_deep",
        ),
        (
            "an odd CID for its post",
            like(vec![("cid", "bafy".into())]),
            "counts",
        ),
    ]);
}

#[test]
fn subjects_that_name_no_record_or_account() {
    let long = format!("at://{BOB}/app.bsky.feed.post/{}", "3".repeat(600));
    check(vec![
        (
            "a handle as subject of a like",
            like_of("at://bob.example.com/app.bsky.feed.post/3k".into()),
            "the subject's authority is not a DID",
        ),
        (
            "an empty uri",
            like_of("".into()),
            "the subject is not an at:// uri",
        ),
        (
            "a web address",
            like_of("https://bsky.app/profile/x".into()),
            "the subject is not an at:// uri",
        ),
        (
            "a uri of an account",
            like_of(format!("at://{BOB}").into()),
            "the subject is not at://DID/collection/rkey",
        ),
        (
            "a record key too long",
            like_of(long.into()),
            "the subject's record key is not valid",
        ),
        (
            "a NUL in the uri",
            like_of(format!("{POST}\0").into()),
            "the subject's record key is not valid",
        ),
        (
            "a uri as bytes",
            like_of(Value::Bytes(POST.into())),
            "bad_shape",
        ),
        ("a uri as a number", like_of(7.into()), "bad_shape"),
        ("a uri as null", like_of(Value::Null), "bad_shape"),
        (
            "a uri as a list",
            like_of(Value::Array(vec![POST.into()])),
            "bad_shape",
        ),
        (
            "no uri",
            with_block(LIKE, &cbor_bytes(&map(vec![("subject", map(vec![]))]))),
            "bad_shape",
        ),
        (
            "a like whose subject is text",
            with_block(LIKE, &cbor_bytes(&map(vec![("subject", POST.into())]))),
            "bad_shape",
        ),
        (
            "a handle as subject of a follow",
            follow_of("bob.example.com".into()),
            "subject is no did",
        ),
        (
            "an empty subject",
            follow_of("".into()),
            "subject is no did",
        ),
        (
            "a subject of 1 MB",
            follow_of(format!("did:plc:{}", "a".repeat(1_000_000)).into()),
            "bad_shape",
        ),
        (
            "a DID with a NUL",
            follow_of(format!("{BOB}\0").into()),
            "subject is no did",
        ),
        (
            "a DID and a key",
            follow_of(format!("{BOB}#atproto").into()),
            "subject is no did",
        ),
        (
            "a follow whose subject is a map",
            follow_of(map(vec![("uri", BOB.into())])),
            "bad_shape",
        ),
        (
            "a follow without subject",
            with_block(FOLLOW, b"\xa0"),
            "bad_shape",
        ),
    ]);
}

#[test]
fn records_that_are_not_dag_cbor() {
    let subject = |value: &[u8]| [b"\xa1\x67subject", value].concat();
    let bob = [&[0x78, 32][..], BOB.as_bytes()].concat();
    let twice = [&b"\xa2\x67subject"[..], &bob, b"\x67subject", &bob].concat();
    let chunks = [&[0x7f, 0x78, 32][..], BOB.as_bytes(), &[0xff]].concat();
    let endless = [&b"\xbf\x67subject"[..], &bob, &[0xff]].concat();
    let huge = |head: u8| [head, 0x80, 0, 0, 0, 0, 0, 0, 0];
    check(vec![
        (
            "a block of nothing",
            with_block(FOLLOW, b""),
            "record_not_cbor",
        ),
        (
            "text instead of a map",
            with_block(FOLLOW, b"\x61x"),
            "bad_shape",
        ),
        (
            "a list instead of a map",
            with_block(FOLLOW, b"\x80"),
            "bad_shape",
        ),
        (
            "bytes behind the record",
            with_block(FOLLOW, &[subject(&bob), vec![0]].concat()),
            "record_not_cbor",
        ),
        (
            "a record cut off",
            with_block(FOLLOW, &subject(&bob[..20])),
            "record_not_cbor",
        ),
        (
            "text that is not UTF-8",
            with_block(FOLLOW, &subject(b"\x62\xff\xfe")),
            "record_not_cbor",
        ),
        (
            "half a surrogate",
            with_block(FOLLOW, &subject(b"\x63\xed\xa0\x80")),
            "record_not_cbor",
        ),
        ("the subject twice", with_block(FOLLOW, &twice), "bad_shape"),
        (
            "keys that are numbers",
            with_block(FOLLOW, &[&b"\xa2\x01\x02\x67subject"[..], &bob].concat()),
            "bad_shape",
        ),
        (
            "2^63 bytes of text",
            with_block(FOLLOW, &subject(&huge(0x7b))),
            "record_not_cbor",
        ),
        (
            "2^63 bytes",
            with_block(FOLLOW, &subject(&huge(0x5b))),
            "bad_shape",
        ),
        (
            "2^63 values",
            with_block(FOLLOW, &subject(&huge(0x9b))),
            "bad_shape",
        ),
        (
            "2^63 entries",
            with_block(FOLLOW, &huge(0xbb)),
            "record_not_cbor",
        ),
        (
            "a reserved head",
            with_block(FOLLOW, b"\x1c"),
            "record_not_cbor",
        ),
        (
            "an end of nothing",
            with_block(FOLLOW, b"\xff"),
            "bad_shape",
        ),
        // Not DAG-CBOR, but no doubt about what is meant.
        (
            "a map of indefinite length",
            with_block(FOLLOW, &endless),
            "counts",
        ),
        (
            "text in pieces",
            with_block(FOLLOW, &subject(&chunks)),
            "counts",
        ),
    ]);
}
