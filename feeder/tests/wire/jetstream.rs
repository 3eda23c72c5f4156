//! Jetstream's JSON: production's events against the firehose's frames, every kind, and broken
//! ones.

use crate::data::shared;
use crate::frames::{ALICE, BOB, REV};
use crate::production::{join, lines_v1, lines_v2, said_by_relay, said_in, to_v2};
use kith_feeder::wire::{
    self, Action, BadRecord, Cid, Codec, Collection, Commit, Decoded, FrameErrorKind as Kind,
    Message, Record, Touches,
};
use serde_json::{Value, json};
use std::cell::RefCell;

const TIME: u64 = 1_783_175_888_085_434;

fn decode(frame: &[u8]) -> Result<Message, Kind> {
    match wire::decode(frame, &|_: &str, _: Touches| true) {
        Ok(Decoded::Message(message)) => Ok(message),
        Ok(Decoded::Passed { .. }) => panic!("everything is wanted"),
        Err(error) => Err(error.kind),
    }
}

fn commit(frame: &[u8]) -> Commit {
    match decode(frame).unwrap() {
        Message::Commit(commit) => commit,
        other => panic!("{other:?}"),
    }
}

/// A like by Alice, in v1.
fn like() -> Value {
    let cid = Cid::for_block(Codec::DagCbor, b"a like").to_string();
    json!({
        "did": ALICE, "time_us": TIME, "kind": "commit",
        "commit": {
            "rev": REV, "operation": "create", "collection": "app.bsky.feed.like", "rkey": "3k",
            "record": { "subject": { "uri": "at://did:plc:b/app.bsky.feed.post/3", "cid": cid } },
            "cid": cid,
        },
    })
}

#[test]
fn production_jetstream_says_what_the_production_relay_said() {
    let Some(relay) = said_by_relay() else { return };
    assert!(relay.len() > 90, "most events are of the four collections");
    for lines in [lines_v1().unwrap(), lines_v2().unwrap()] {
        let frames = join(&lines);
        assert_eq!(
            (lines.len(), frames.len()),
            (152, 150),
            "as many as the relay sent"
        );
        assert!(said_in(frames) == relay);
    }
}

#[test]
fn every_kind_of_the_golden_events_is_read() {
    let Some(path) = shared("interop/jetstream/golden_v1.jsonl") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let mut kinds = Vec::new();
    for (seq, line) in (1..).zip(text.lines()) {
        let v1 = decode(line.as_bytes()).unwrap();
        let event: Value = serde_json::from_str(line).unwrap();
        let peek = wire::peek(line.as_bytes()).unwrap();
        let time = event["time_us"].as_u64();
        assert_eq!((peek.seq, peek.is_error), (time, false));
        assert_eq!(peek.time.map(i64::unsigned_abs), time);
        let v2 = to_v2(seq, &event);
        assert_eq!(wire::peek(v2.as_bytes()).unwrap().seq, Some(seq));
        let v2 = decode(v2.as_bytes()).unwrap();
        kinds.push(match (v1, v2) {
            (Message::Commit(v1), Message::Commit(v2)) => {
                assert_eq!((v2.seq, &v2.ops), (seq, &v1.ops));
                assert!(!v1.chained && v1.commit.is_none() && v1.data.is_none());
                let op = v1.ops.first();
                op.map_or("other".to_owned(), |op| {
                    assert!(
                        op.cid.is_some() && matches!(op.record, Some(Ok(_))),
                        "{op:?}"
                    );
                    format!("{:?}", op.collection)
                })
            }
            (Message::Identity { did, .. }, Message::Identity { did: again, .. }) => {
                assert_eq!(did, again);
                "identity".to_owned()
            }
            (Message::Account { active: true, .. }, Message::Account { active: true, .. }) => {
                "account".to_owned()
            }
            other => panic!("{other:?}"),
        });
    }
    let expect = [
        "Like", "other", "Repost", "Follow", "other", "other", "other", "identity", "account",
        "Block",
    ];
    assert_eq!(kinds, expect);
}

#[test]
fn the_ops_of_one_commit_are_one_commit() {
    let mut delete = like();
    delete["time_us"] = (TIME + 5).into();
    delete["commit"] = json!({
        "rev": REV, "operation": "delete", "collection": "app.bsky.graph.follow", "rkey": "3f",
    });
    let other = json!({
        "did": ALICE, "time_us": TIME + 2, "kind": "commit",
        "commit": { "rev": REV, "operation": "create", "collection": "a.b.c", "rkey": "x",
            "record": {}, "cid": "x" },
    });
    let frame = [like(), other, delete]
        .map(|line| line.to_string())
        .join("\n");
    let commit = commit(frame.as_bytes());
    assert_eq!(
        (commit.seq, commit.time.unsigned_abs()),
        (TIME + 5, TIME + 5)
    );
    let ops: Vec<_> = commit
        .ops
        .iter()
        .map(|op| (op.index, op.action, op.collection))
        .collect();
    assert_eq!(
        ops,
        [
            (0, Action::Create, Collection::Like),
            (2, Action::Delete, Collection::Follow)
        ]
    );
    assert!(
        matches!(&commit.ops[0].record, Some(Ok(Record::Like { subject })) if subject.starts_with("at://"))
    );
    let asked = RefCell::new(Vec::new());
    let passed = wire::decode(frame.as_bytes(), &|did: &str, touches: Touches| {
        asked.borrow_mut().push((did.to_owned(), touches));
        false
    });
    let touches = Touches::LIKE_CREATED
        .union(Touches::FOLLOW)
        .union(Touches::OTHER);
    assert_eq!(asked.into_inner(), [(ALICE.to_owned(), touches)]);
    let (seq, time) = (TIME + 5, i64::try_from(TIME + 5).ok());
    let (likes, reposts) = (1, 0);
    assert_eq!(
        passed,
        Ok(Decoded::Passed {
            seq,
            time,
            likes,
            reposts
        })
    );
}

#[test]
fn lines_that_are_not_one_commit_are_refused() {
    let with = |path: &str, value: &str| {
        let mut line = like();
        *line.pointer_mut(path).unwrap() = value.into();
        line
    };
    let identity = json!({ "did": ALICE, "time_us": TIME, "kind": "identity", "identity": {} });
    let table = [
        [like(), with("/did", BOB)],
        [like(), with("/commit/rev", "3mptbypluud2b")],
        [like(), identity.clone()],
        [identity.clone(), like()],
        [identity.clone(), identity],
    ];
    for pair in table {
        let frame = pair.map(|line| line.to_string()).join("\n");
        assert_eq!(decode(frame.as_bytes()), Err(Kind::NotOneCommit), "{frame}");
    }
    let line = like().to_string();
    let many = vec![&*line; 2_001].join("\n");
    assert_eq!(decode(many.as_bytes()), Err(Kind::TooManyOps));
    assert_eq!(
        commit(vec![&*line; 2_000].join("\n").as_bytes()).ops.len(),
        2_000
    );
}

#[test]
fn broken_lines_say_what_is_wrong() {
    let without = |path: &str, name: &str| {
        let mut line = like();
        line.pointer_mut(path)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(name);
        line.to_string()
    };
    let with = |path: &str, value: Value| {
        let mut line = like();
        *line.pointer_mut(path).unwrap() = value;
        line.to_string()
    };
    let deep = |depth: usize| format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let whole = like().to_string();
    let table = [
        ("{".to_owned(), Kind::Truncated),
        ("{}".to_owned(), Kind::MissingField),
        ("{]".to_owned(), Kind::NotJson),
        (format!("{whole}x"), Kind::NotJson),
        (format!("{whole}\n"), Kind::Truncated),
        (format!("{whole}\u{0}"), Kind::NotJson),
        (r#"{"did":1}"#.to_owned(), Kind::BadField),
        (r#"{"did":"a","did":"b"}"#.to_owned(), Kind::BadField),
        (deep(100_000), Kind::MissingField),
        (without("", "kind"), Kind::MissingField),
        (without("", "time_us"), Kind::MissingField),
        (without("", "did"), Kind::BadDid),
        (without("", "commit"), Kind::MissingField),
        (without("/commit", "rev"), Kind::MissingField),
        (without("/commit", "rkey"), Kind::MissingField),
        (with("/did", "did:PLC:x".into()), Kind::BadDid),
        (with("/commit/rev", "today".into()), Kind::BadRev),
        (with("/time_us", 0.into()), Kind::BadSeq),
        (with("/time_us", u64::MAX.into()), Kind::BadSeq),
        (with("/time_us", (-1).into()), Kind::BadField),
        (r#"{"$type":"message"}"#.to_owned(), Kind::MissingField),
        (
            r#"{"$type":"message","payload":{}}"#.to_owned(),
            Kind::MissingField,
        ),
        (
            r#"{"$type":"message","payload":{"$type":"x#identity","did":"d"}}"#.to_owned(),
            Kind::MissingField,
        ),
        (r#"{"$type":"error"}"#.to_owned(), Kind::MissingField),
    ];
    for (line, kind) in table {
        let shown: String = line.chars().take(200).collect();
        assert_eq!(decode(line.as_bytes()), Err(kind), "{shown}");
    }
    assert_eq!(decode(b"{\xff}"), Err(Kind::BadText));
    assert_eq!(decode(&vec![b'{'; 5_000_001]), Err(Kind::TooLong));
    for length in 1..whole.len() {
        assert!(
            decode(&whole.as_bytes()[..length]).is_err(),
            "{length} bytes"
        );
    }
}

#[test]
fn broken_records_are_errors_of_their_ops_only() {
    let table = [
        ("/commit/rkey", json!(""), BadRecord::BadPath),
        ("/commit/rkey", json!("a b"), BadRecord::BadPath),
        ("/commit/cid", Value::Null, BadRecord::NoCid),
        ("/commit/cid", json!("bafy"), BadRecord::NoCid),
        ("/commit/record", Value::Null, BadRecord::MissingBlock),
        ("/commit/record", json!("text"), BadRecord::BadShape),
        (
            "/commit/record/subject",
            json!("at://a/b/c"),
            BadRecord::BadShape,
        ),
        ("/commit/record/subject/uri", json!(7), BadRecord::BadShape),
    ];
    for (path, value, bad) in table {
        let mut line = like();
        *line.pointer_mut(path).unwrap() = value;
        let commit = commit(line.to_string().as_bytes());
        assert_eq!(commit.ops[0].record, Some(Err(bad)), "{path}");
    }
    let mut odd = like();
    let subject = "at://did:plc:b/app.bsky.feed.post/\u{e9}\"\n\u{1F600}";
    odd["commit"]["record"]["subject"]["uri"] = subject.into();
    let escaped = odd.to_string().replace('\u{e9}', "\\u00e9");
    let record = commit(escaped.as_bytes()).ops.remove(0).record;
    let subject = subject.to_owned();
    assert_eq!(
        record,
        Some(Ok(Record::Like {
            subject: subject.into()
        }))
    );
    let mut future = like();
    future["commit"]["operation"] = "merge".into();
    assert!(commit(future.to_string().as_bytes()).ops.is_empty());
}

#[test]
fn what_v2_says_beside_events_is_read() {
    let info = r#"{"$type":"message","payload":{"$type":"a.b#info","name":"OutdatedCursor","message":"m"}}"#;
    let (name, message) = ("OutdatedCursor".to_owned(), Some("m".to_owned()));
    assert_eq!(decode(info.as_bytes()), Ok(Message::Info { name, message }));
    let error = br#"{"$type":"error","error":"ConsumerTooSlow"}"#;
    assert!(wire::peek(error).unwrap().is_error);
    let (name, message) = ("ConsumerTooSlow".to_owned(), None);
    assert_eq!(
        decode(error),
        Ok(Message::Error {
            error: name,
            message
        })
    );
    let news = r#"{"$type":"message","payload":{"$type":"a.b#news","seq":9}}"#;
    let (kind, seq, time) = ("news".to_owned(), Some(9), None);
    assert_eq!(
        decode(news.as_bytes()),
        Ok(Message::Unknown { kind, seq, time })
    );
    let sync = json!({ "$type": "message", "payload": {
        "$type": "a.b#sync", "seq": 5, "did": ALICE, "time": "2026-07-04T14:38:08Z",
        "sync": { "rev": REV, "did": ALICE, "blocks": { "$bytes": "AAEC" } },
    }});
    let said = decode(sync.to_string().as_bytes()).unwrap();
    assert!(
        matches!(
            said,
            Message::Sync {
                seq: 5,
                data: None,
                ..
            }
        ),
        "{said:?}"
    );
}

#[test]
fn the_tree_of_a_sync_is_read_from_its_blocks() {
    let built = crate::frames::CommitFrame::new(Vec::new());
    let block = built.block();
    let root = Cid::for_block(Codec::DagCbor, &block);
    let car = crate::frames::car(&root, &[(root, block)]);
    let encoded = multibase::Base::Base64.encode(&car);
    for padding in ["", "="] {
        let sync = json!({ "$type": "message", "payload": {
            "$type": "a.b#sync", "seq": 5, "did": ALICE, "time": "2026-07-04T14:38:08Z",
            "sync": { "rev": REV, "blocks": { "$bytes": format!("{encoded}{padding}") } },
        }});
        let said = decode(sync.to_string().as_bytes()).unwrap();
        let Message::Sync {
            data, commit_rev, ..
        } = said
        else {
            panic!("a sync");
        };
        assert_eq!(data, Some(built.data));
        assert_eq!(commit_rev.as_deref(), Some(REV));
    }
}

#[test]
fn changed_bytes_never_panic() {
    let v2 = to_v2(7, &like());
    for line in [like().to_string(), v2] {
        for at in 0..line.len() {
            for bit in 0..8 {
                let mut bytes = line.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let _ = (
                    wire::decode(&bytes, &|_: &str, _: Touches| true),
                    wire::peek(&bytes),
                );
            }
        }
    }
}
