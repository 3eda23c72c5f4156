//! Every way in which a frame can be wrong, by name.

use crate::frames::{ALICE, CommitFrame, REV, TIME, cbor_bytes, error_frame, frame, link, map};
use ciborium::Value;
use kith_feeder::wire::{self, Cid, Codec, Decoded, FRAME_BYTES_MAX, Message, Touches};

fn decode(frame: &[u8]) -> Result<Decoded, wire::FrameError> {
    wire::decode(frame, &|_: &str, _: Touches| true)
}

fn reason(frame: &[u8]) -> &'static str {
    decode(frame).map_or_else(|error| error.reason(), |_| "fine")
}

/// A commit with one field replaced.
fn with(name: &str, value: Value) -> Vec<u8> {
    let mut fields = CommitFrame::like("at://x").fields();
    for field in &mut fields {
        if field.0 == name {
            field.1 = value.clone();
        }
    }
    frame("#commit", &map(fields))
}

/// A commit without one field.
fn without(name: &str) -> Vec<u8> {
    let mut fields = CommitFrame::like("at://x").fields();
    fields.retain(|field| field.0 != name);
    frame("#commit", &map(fields))
}

#[test]
fn commits_that_are_wrong_say_how() {
    let ops = |count: usize| {
        let op = map(vec![
            ("path", "a.b.c/d".into()),
            ("action", "create".into()),
        ]);
        Value::Array(vec![op; count])
    };
    let deep = (0..40).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    let doubled = {
        let mut fields = CommitFrame::like("at://x").fields();
        fields.push(("repo", ALICE.into()));
        frame("#commit", &map(fields))
    };
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("fine", with("seq", (1u64 << 53).into())),
        ("bad_seq", with("seq", ((1u64 << 53) + 1).into())),
        ("bad_seq", with("seq", 0.into())),
        ("bad_field", with("seq", (-1).into())),
        ("bad_field", with("seq", "7".into())),
        ("bad_field", with("repo", Value::Null)),
        ("bad_did", with("repo", "alice.example.com".into())),
        ("bad_time", with("time", "yesterday".into())),
        ("bad_time", without("time")),
        ("bad_rev", with("rev", "1".into())),
        ("bad_field", with("rev", 1.into())),
        ("bad_field", with("since", 1.into())),
        ("fine", with("since", REV.into())),
        ("fine", without("since")),
        ("fine", without("prevData")),
        ("fine", without("tooBig")),
        ("fine", with("prevData", Value::Null)),
        ("bad_field", with("prevData", Value::Bytes(vec![0; 37]))),
        (
            "bad_cid",
            with(
                "commit",
                Value::Tag(42, Box::new(Value::Bytes(vec![0; 37]))),
            ),
        ),
        (
            "bad_cid",
            with(
                "commit",
                Value::Tag(41, Box::new(Value::Bytes(vec![0; 37]))),
            ),
        ),
        ("missing_field", without("commit")),
        ("missing_field", without("ops")),
        ("missing_field", without("seq")),
        ("missing_field", without("repo")),
        ("missing_commit_block", without("blocks")),
        (
            "missing_commit_block",
            with("commit", link(&Cid::for_block(Codec::DagCbor, b""))),
        ),
        ("bad_car", with("blocks", Value::Bytes(Vec::new()))),
        ("bad_car", with("blocks", Value::Bytes(vec![0xff; 100]))),
        ("bad_field", with("blocks", "text".into())),
        ("bad_field", with("tooBig", 1.into())),
        ("fine", with("ops", ops(2_000))),
        ("too_many_ops", with("ops", ops(2_001))),
        ("bad_field", with("ops", map(vec![]))),
        (
            "missing_field",
            with("ops", Value::Array(vec![map(vec![("path", "a/b".into())])])),
        ),
        ("too_deep", with("blobs", deep)),
        ("duplicate_field", doubled),
    ];
    for (expect, frame) in table {
        let decoded = decode(&frame);
        assert_eq!(reason(&frame), expect, "{decoded:?}");
    }
}

#[test]
fn errors_say_whose_frame_it_was() {
    let error = decode(&with("blocks", Value::Bytes(Vec::new()))).unwrap_err();
    assert_eq!((error.seq, error.did.as_deref()), (Some(7), Some(ALICE)));
    assert!(error.time.is_some());
    assert!(
        error.to_string().starts_with("frame with seq 7: blocks: "),
        "{error}"
    );
}

#[test]
fn bytes_that_are_no_frame_say_how() {
    let whole = CommitFrame::like("at://x").build();
    let with_op = |op: Value| {
        let header = map(vec![("op", op), ("t", "#commit".into())]);
        [cbor_bytes(&header), cbor_bytes(&map(vec![]))].concat()
    };
    let indefinite = b"\xa2\x61t\x67#commit\x62op\x01\xbf\xff".to_vec();
    let bad_text = [
        &frame("#commit", &Value::Null)[..15],
        b"\xa1\x64repo\x62\xff\xfe",
    ]
    .concat();
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("truncated", Vec::new()),
        ("bad_header", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("not_cbor", vec![0xff; 10]),
        ("bad_header", cbor_bytes(&map(vec![]))),
        ("bad_header", with_op("1".into())),
        ("bad_header", with_op(Value::Null)),
        ("not_cbor", indefinite),
        ("bad_text", bad_text),
        (
            "truncated",
            vec![0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
        ("trailing_bytes", [whole.clone(), vec![0xa0]].concat()),
        ("truncated", whole[..whole.len() - 1].to_vec()),
        ("too_long", vec![0; FRAME_BYTES_MAX + 1]),
        ("trailing_bytes", [error_frame("X"), vec![0]].concat()),
        (
            "bad_field",
            [cbor_bytes(&map(vec![("op", (-1).into())])), vec![0xa0]].concat(),
        ),
    ];
    for (expect, frame) in table {
        assert_eq!(
            reason(&frame),
            expect,
            "{:02x?}",
            &frame[..frame.len().min(40)]
        );
    }
}

#[test]
fn every_cut_of_a_frame_is_an_error() {
    let whole = CommitFrame::like("at://x").build();
    for length in 0..whole.len() {
        for wanted in [true, false] {
            let cut = wire::decode(&whole[..length], &|_: &str, _: Touches| wanted);
            assert!(cut.is_err(), "{length} bytes");
        }
    }
}

#[test]
fn a_commit_that_is_too_big_needs_no_blocks() {
    let mut fields = CommitFrame::like("at://x").fields();
    for field in &mut fields {
        match field.0 {
            "tooBig" => field.1 = true.into(),
            "blocks" => field.1 = Value::Bytes(Vec::new()),
            _ => {}
        }
    }
    let decoded = decode(&frame("#commit", &map(fields)));
    let Ok(Decoded::Message(Message::Commit(commit))) = decoded else {
        panic!("{decoded:?}")
    };
    assert!(commit.too_big);
    assert_eq!(commit.data, None);
    assert_eq!(
        commit.ops[0].record,
        Some(Err(wire::BadRecord::MissingBlock))
    );
}

#[test]
fn other_messages_are_read_and_unknown_ones_named() {
    let about = |more: Vec<(&'static str, Value)>| {
        let mut fields = vec![
            ("did", ALICE.into()),
            ("seq", 9.into()),
            ("time", TIME.into()),
        ];
        fields.extend(more);
        map(fields)
    };
    let did = || ALICE.to_owned();
    let (seq, time) = (9, 1_783_175_888_085_000);
    let check = |frame: Vec<u8>, expect: Message| {
        assert_eq!(decode(&frame), Ok(Decoded::Message(expect)));
    };
    let identity = |handle| Message::Identity {
        seq,
        did: did().into(),
        handle,
        time,
    };
    check(frame("#identity", &about(vec![])), identity(None));
    check(
        frame("#identity", &about(vec![("handle", "a\0".into())])),
        identity(None),
    );
    let named = about(vec![("handle", "a.test".into()), ("more", Value::Null)]);
    check(
        frame("#identity", &named),
        identity(Some("a.test".to_owned())),
    );
    let gone = about(vec![("active", false.into()), ("status", "deleted".into())]);
    let status = Some("deleted".to_owned());
    check(
        frame("#account", &gone),
        Message::Account {
            seq,
            did: did().into(),
            active: false,
            status,
            time,
        },
    );
    let back = about(vec![("active", true.into())]);
    let account = Message::Account {
        seq,
        did: did().into(),
        active: true,
        status: None,
        time,
    };
    check(frame("#account", &back), account);
    let sync = about(vec![("rev", REV.into()), ("blocks", Value::Bytes(vec![]))]);
    let rev = REV.to_owned();
    check(
        frame("#sync", &sync),
        Message::Sync {
            seq,
            did: did().into(),
            rev,
            data: None,
            commit_rev: None,
            time,
        },
    );
    let unknown = |kind: &str, seq, time| Message::Unknown {
        kind: kind.to_owned(),
        seq,
        time,
    };
    check(
        frame("#tombstone", &about(vec![])),
        unknown("#tombstone", Some(9), Some(time)),
    );
    check(
        frame("#new", &Value::Array(vec![])),
        unknown("#new", None, None),
    );
    let op2 = [
        cbor_bytes(&map(vec![("op", 2.into())])),
        cbor_bytes(&about(vec![])),
    ]
    .concat();
    check(op2, unknown("op 2", Some(9), Some(time)));
    let info = map(vec![("name", "OutdatedCursor".into())]);
    let name = "OutdatedCursor".to_owned();
    check(
        frame("#info", &info),
        Message::Info {
            name,
            message: None,
        },
    );
    let (error, message) = ("FutureCursor".to_owned(), Some("so it is".to_owned()));
    check(
        error_frame("FutureCursor"),
        Message::Error { error, message },
    );
}

#[test]
fn other_messages_that_are_wrong_say_how_and_where() {
    let account = |fields: Vec<(&str, Value)>| frame("#account", &map(fields));
    let check = |frame: &[u8], expect: &str, seq: Option<u64>| {
        let error = decode(frame).unwrap_err();
        assert_eq!((error.reason(), error.seq), (expect, seq));
    };
    let seq = || ("seq", Value::from(9));
    let (did, time) = (
        || ("did", Value::from(ALICE)),
        || ("time", Value::from(TIME)),
    );
    check(&account(vec![seq(), did(), time()]), "bad_field", Some(9));
    let odd = ("active", Value::from("yes"));
    check(
        &account(vec![seq(), did(), time(), odd]),
        "bad_field",
        Some(9),
    );
    let active = || ("active", Value::from(true));
    check(
        &account(vec![seq(), ("did", "x".into()), time(), active()]),
        "bad_did",
        Some(9),
    );
    check(
        &account(vec![seq(), did(), ("time", "x".into()), active()]),
        "bad_time",
        Some(9),
    );
    check(
        &account(vec![("seq", 0.into()), did(), time(), active()]),
        "bad_seq",
        None,
    );
    let doubled = account(vec![seq(), seq(), did(), time(), active()]);
    check(&doubled, "bad_field", Some(9));
}
