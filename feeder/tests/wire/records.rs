//! Records as strangers write them: what is broken spoils one op, never the frame.

use crate::frames::{ALICE, BOB, CommitFrame, cbor_bytes, follow, like, link, map};
use ciborium::Value;
use kith_feeder::wire::{
    self, BadRecord, Cid, Codec, Commit, Decoded, FrameErrorKind, Message, Record, Touches,
};

const LIKE: &str = "app.bsky.feed.like/3k";
const FOLLOW: &str = "app.bsky.graph.follow/3k";

fn decode(frame: &CommitFrame) -> Commit {
    match wire::decode(&frame.build(), &|_: &str, _: Touches| true) {
        Ok(Decoded::Message(Message::Commit(commit))) => commit,
        other => panic!("{other:?}"),
    }
}

fn record(path: &str, block: Vec<u8>) -> Result<Record, BadRecord> {
    let commit = decode(&CommitFrame::new(vec![(
        "create",
        path.to_owned(),
        Some(block),
    )]));
    commit.ops[0].record.clone().unwrap()
}

/// A commit of 2,000 ops that all name one record.
fn many_of_one(uri: &str) -> Commit {
    let (frame, block) = (CommitFrame::like(uri), like(uri));
    let cid = link(&Cid::for_block(Codec::DagCbor, &block));
    let op = |n| {
        let path = format!("app.bsky.feed.like/{n}");
        map(vec![
            ("cid", cid.clone()),
            ("path", path.into()),
            ("action", "create".into()),
        ])
    };
    let mut fields = frame.fields();
    let ops = fields.iter_mut().find(|(name, _)| *name == "ops").unwrap();
    ops.1 = Value::Array((0..2_000).map(op).collect());
    let frame = crate::frames::frame("#commit", &map(fields));
    match wire::decode(&frame, &|_: &str, _: Touches| true) {
        Ok(Decoded::Message(Message::Commit(commit))) => commit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_record_that_many_ops_name_takes_no_more_room_than_the_frame() {
    let usual = format!("at://{ALICE}/app.bsky.feed.post/3kaaaaaaaaaaa");
    let commit = many_of_one(&usual);
    let expect = Some(Ok(Record::Like {
        subject: usual.as_str().into(),
    }));
    assert_eq!(commit.ops.len(), 2_000);
    assert!(commit.ops.iter().all(|op| op.record == expect));

    let long = format!("at://did:web:{}/app.bsky.feed.post/3k", "a.".repeat(900));
    let commit = many_of_one(&long);
    let read = commit
        .ops
        .iter()
        .filter(|op| op.record.as_ref().unwrap().is_ok());
    assert_eq!((commit.ops.len(), read.count()), (2_000, 1));

    let longer = format!("at://{}", "a".repeat(1_000_000));
    let commit = many_of_one(&longer);
    let too_long = Some(Err(BadRecord::BadShape));
    assert!(commit.ops.iter().all(|op| op.record == too_long));
    assert_eq!(record(FOLLOW, follow(&longer)), Err(BadRecord::BadShape));
}

#[test]
fn ops_keep_their_order_and_places() {
    let ops = vec![
        (
            "create",
            "app.bsky.feed.post/1".to_owned(),
            Some(b"\xa0".to_vec()),
        ),
        ("delete", "app.bsky.feed.like/2".to_owned(), None),
        (
            "create",
            "app.bsky.feed.like/3".to_owned(),
            Some(like("at://x")),
        ),
        (
            "update",
            "app.bsky.graph.follow/4".to_owned(),
            Some(follow(BOB)),
        ),
        ("delete", "app.bsky.graph.follow/bad key".to_owned(), None),
        (
            "upsert",
            "app.bsky.graph.follow/5".to_owned(),
            Some(follow(BOB)),
        ),
        ("delete", "app.bsky.graph.block/6".to_owned(), None),
    ];
    let commit = decode(&CommitFrame::new(ops));
    let list: Vec<_> = commit
        .ops
        .iter()
        .map(|op| (op.index, op.rkey.as_str()))
        .collect();
    assert_eq!(list, [(1, "2"), (2, "3"), (3, "4"), (6, "6")]);
    assert_eq!(commit.ops[0].record, None);
    assert_eq!(
        commit.ops[1].record,
        Some(Ok(Record::Like {
            subject: "at://x".into()
        }))
    );
    assert_eq!(
        commit.ops[2].record,
        Some(Ok(Record::Follow {
            subject: BOB.into()
        }))
    );
    assert_eq!((commit.repo.as_str(), commit.seq), (ALICE, 7));
    assert_eq!(
        commit.data,
        Some(Cid::for_block(Codec::DagCbor, b"the tree"))
    );
    assert_eq!(
        commit.prev_data,
        Some(Cid::for_block(Codec::DagCbor, b"the tree before"))
    );
}

#[test]
fn broken_but_readable_records_count() {
    let deep = (0..60).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    let cid = Cid::for_block(Codec::Raw, b"an image");
    let extras = [
        Value::Null,
        Value::Float(1.5),
        Value::Bytes(vec![0xff; 100]),
        Value::Text("\0\u{202e}".to_owned()),
        Value::Text("x".repeat(100_000)),
        Value::Map(vec![(1.into(), 2.into())]),
        link(&cid),
        deep,
    ];
    for extra in extras {
        for name in ["createdAt", "via", "$type", "nonsense"] {
            let subject = map(vec![("uri", "at://x".into()), ("cid", extra.clone())]);
            let block = cbor_bytes(&map(vec![(name, extra.clone()), ("subject", subject)]));
            let expect = Ok(Record::Like {
                subject: "at://x".into(),
            });
            assert_eq!(record(LIKE, block), expect, "{name}: {extra:?}");
        }
    }
}

#[test]
fn unreadable_records_say_why() {
    let subject = |value: Value| cbor_bytes(&map(vec![("subject", value)]));
    let check = |path: &str, block: Vec<u8>, expect: BadRecord| {
        assert_eq!(
            record(path, block.clone()),
            Err(expect),
            "{path}: {block:02x?}"
        );
    };
    check(LIKE, b"\xa0".to_vec(), BadRecord::BadShape);
    check(LIKE, subject("at://x".into()), BadRecord::BadShape);
    check(
        LIKE,
        subject(map(vec![("uri", 1.into())])),
        BadRecord::BadShape,
    );
    check(
        LIKE,
        subject(map(vec![("cid", "x".into())])),
        BadRecord::BadShape,
    );
    check(FOLLOW, subject(Value::Null), BadRecord::BadShape);
    check(
        FOLLOW,
        subject(Value::Array(vec![BOB.into()])),
        BadRecord::BadShape,
    );
    check(
        FOLLOW,
        cbor_bytes(&Value::Text("x".to_owned())),
        BadRecord::BadShape,
    );
    check(FOLLOW, Vec::new(), BadRecord::NotCbor);
    check(FOLLOW, b"\xa1\x67subject".to_vec(), BadRecord::NotCbor);
    check(
        FOLLOW,
        b"\xa1\x67subject\x62\xff\xfe".to_vec(),
        BadRecord::NotCbor,
    );
    check(FOLLOW, [follow(BOB), vec![0]].concat(), BadRecord::NotCbor);
    let deep = (0..300).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    let block = cbor_bytes(&map(vec![("x", deep), ("subject", BOB.into())]));
    check(FOLLOW, block, BadRecord::TooDeep);
    check("app.bsky.graph.follow/", follow(BOB), BadRecord::BadPath);
    check(
        "app.bsky.graph.follow/a\0b",
        follow(BOB),
        BadRecord::BadPath,
    );
    check("app.bsky.graph.follow/a/b", follow(BOB), BadRecord::BadPath);
}

/// Builds a frame with other blocks than its records need.
fn with_blocks(change: impl Fn(&mut Vec<(Cid, Vec<u8>)>)) -> Vec<u8> {
    let built = CommitFrame::like("at://x");
    let mut blocks = built.blocks();
    let commit = blocks[0].0;
    change(&mut blocks);
    let car = crate::frames::car(&commit, &blocks);
    let mut fields = built.fields();
    fields.retain(|(name, _)| *name != "blocks");
    fields.push(("blocks", Value::Bytes(car)));
    crate::frames::frame("#commit", &map(fields))
}

#[test]
fn blocks_are_checked_by_their_hash() {
    let decode = |frame: &[u8]| wire::decode(frame, &|_: &str, _: Touches| true);
    let like_of = |frame: &[u8]| match decode(frame) {
        Ok(Decoded::Message(Message::Commit(commit))) => commit.ops[0].record.clone().unwrap(),
        other => panic!("{other:?}"),
    };
    let kind_of = |frame: &[u8]| decode(frame).unwrap_err().kind;
    assert!(like_of(&with_blocks(|_| ())).is_ok());
    assert!(like_of(&with_blocks(|blocks| blocks.reverse())).is_ok());
    let flip = |blocks: &mut Vec<(Cid, Vec<u8>)>, at: usize| blocks[at].1[3] ^= 1;
    assert_eq!(
        like_of(&with_blocks(|b| flip(b, 1))),
        Err(BadRecord::CidMismatch)
    );
    assert_eq!(
        like_of(&with_blocks(|b| b.truncate(1))),
        Err(BadRecord::MissingBlock)
    );
    assert_eq!(
        kind_of(&with_blocks(|b| flip(b, 0))),
        FrameErrorKind::CidMismatch
    );
    assert_eq!(
        kind_of(&with_blocks(|b| drop(b.remove(0)))),
        FrameErrorKind::MissingCommitBlock
    );
    let many = with_blocks(|blocks| {
        let more = (0u32..500).map(|i| i.to_be_bytes().to_vec());
        blocks.extend(more.map(|block| (Cid::for_block(Codec::DagCbor, &block), block)));
    });
    assert!(like_of(&many).is_ok(), "also where blocks are sorted");
}

#[test]
fn an_op_without_a_usable_cid_spoils_itself_only() {
    let built = CommitFrame::like("at://x");
    for cid in [
        Value::Null,
        Value::Bytes(vec![0; 37]),
        Value::Tag(42, Box::new(Value::Null)),
    ] {
        let op = map(vec![
            ("cid", cid),
            ("path", LIKE.into()),
            ("action", "create".into()),
        ]);
        let mut fields = built.fields();
        fields[0].1 = Value::Array(vec![op]);
        let frame = crate::frames::frame("#commit", &map(fields));
        let decoded = wire::decode(&frame, &|_: &str, _: Touches| true);
        let Ok(Decoded::Message(Message::Commit(commit))) = decoded else {
            panic!("{decoded:?}")
        };
        assert_eq!(commit.ops[0].record, Some(Err(BadRecord::NoCid)));
    }
}
