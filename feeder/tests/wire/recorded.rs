//! Frames of real servers: production's against what production's Jetstream made of them, the
//! reference PDSes' against a second reading.

use crate::data::{production_frames, recording, shared};
use crate::reference;
use kith_feeder::wire::{
    self, Action, BadRecord, Cid, Codec, Collection, Commit, Decoded, Message, Record, Touches,
};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;

fn all(_: &str, _: Touches) -> bool {
    true
}

fn none(_: &str, _: Touches) -> bool {
    false
}

fn message(frame: &[u8]) -> Message {
    match wire::decode(frame, &all).unwrap() {
        Decoded::Message(message) => message,
        Decoded::Passed { .. } => panic!("everything is wanted"),
    }
}

/// The events as production Jetstream served them.
fn jetstream_events() -> Vec<Value> {
    let path = shared("interop/production/expected_v1.jsonl").unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn production_frames_say_what_production_jetstream_served() {
    let Some(frames) = production_frames() else {
        return;
    };
    // Jetstream keeps order only within a repo.
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in jetstream_events() {
        let repo = event["did"].as_str().unwrap().to_owned();
        expected
            .entry(repo)
            .or_default()
            .extend(of_jetstream(&event));
    }
    expected.retain(|_, events| !events.is_empty());
    let mut got: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in frames.iter().flat_map(|frame| of_message(message(frame))) {
        let (repo, _) = event.split_once(' ').unwrap();
        got.entry(repo.to_owned()).or_default().push(event);
    }
    let count: usize = expected.values().map(Vec::len).sum();
    assert_eq!(
        count,
        105 + 15 + 1 + 6 + 3 + 1 + 1,
        "likes, reposts, blocks, follows and others"
    );
    assert_eq!(got, expected);
}

/// Of collections that Kith does not read, the scan says that they are touched, and by how many
/// ops the others stand apart.
#[test]
fn production_commits_touch_what_production_jetstream_served() {
    let Some(frames) = production_frames() else {
        return;
    };
    let mut expected: BTreeMap<(String, String), Vec<(Collection, Action)>> = BTreeMap::new();
    for event in jetstream_events() {
        let commit = &event["commit"];
        let Some(collection) = commit["collection"].as_str() else {
            continue;
        };
        let action = match commit["operation"].as_str().unwrap() {
            "create" => Action::Create,
            "update" => Action::Update,
            "delete" => Action::Delete,
            other => panic!("{other}"),
        };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let ops = expected.entry((text(&event["did"]), text(&commit["rev"])));
        let op = (Collection::from_nsid(collection), action);
        ops.or_default().push(op);
    }
    let mut others = 0;
    for frame in &frames {
        let asked = RefCell::new(Touches::default());
        let decoded = wire::decode(frame, &|_: &str, touches: Touches| {
            *asked.borrow_mut() = touches;
            true
        });
        let Ok(Decoded::Message(Message::Commit(commit))) = decoded else {
            continue;
        };
        let ops = expected
            .remove(&(commit.repo.into_string(), commit.rev.to_string()))
            .unwrap_or_default();
        let touches = ops
            .iter()
            .map(|&(collection, action)| Touches::of(collection, action));
        assert_eq!(
            asked.take(),
            touches.fold(Touches::default(), Touches::union)
        );
        let known = (0..)
            .zip(&ops)
            .filter(|(_, (collection, _))| *collection != Collection::Other);
        let known: Vec<_> = known.map(|(at, (_, action))| (at, *action)).collect();
        others += ops.len() - known.len();
        let got: Vec<_> = commit.ops.iter().map(|op| (op.index, op.action)).collect();
        assert_eq!(got, known);
    }
    assert!(expected.is_empty(), "{expected:?}");
    assert_eq!(others, 17 + 1 + 2, "posts and statuses");
}

/// An event in words; `None` for collections that Kith does not read.
fn of_jetstream(event: &Value) -> Option<String> {
    let did = event["did"].as_str().unwrap();
    Some(match event["kind"].as_str().unwrap() {
        "commit" => {
            let commit = &event["commit"];
            let collection = commit["collection"].as_str().unwrap();
            if Collection::from_nsid(collection) == Collection::Other {
                return None;
            }
            let subject = &commit["record"]["subject"];
            let subject = subject["uri"].as_str().or(subject.as_str()).unwrap_or("-");
            let text = |name: &str| commit[name].as_str().unwrap_or("-");
            let (rev, rkey, cid) = (text("rev"), text("rkey"), text("cid"));
            format!(
                "{did} {rev} {} {collection} {rkey} {cid} {subject}",
                text("operation")
            )
        }
        "identity" => {
            let seq = event["identity"]["seq"].as_u64().unwrap();
            format!(
                "{did} identity {seq} {}",
                event["identity"]["handle"].as_str().unwrap_or("-")
            )
        }
        "account" => {
            let account = &event["account"];
            let (seq, active) = (&account["seq"], &account["active"]);
            format!(
                "{did} account {seq} {active} {}",
                account["status"].as_str().unwrap_or("-")
            )
        }
        other => panic!("unknown kind {other}"),
    })
}

fn of_message(message: Message) -> Vec<String> {
    match message {
        Message::Commit(commit) => of_commit(&commit),
        Message::Identity {
            seq, did, handle, ..
        } => {
            vec![format!(
                "{did} identity {seq} {}",
                handle.as_deref().unwrap_or("-")
            )]
        }
        Message::Account {
            seq,
            did,
            active,
            status,
            ..
        } => {
            vec![format!(
                "{did} account {seq} {active} {}",
                status.as_deref().unwrap_or("-")
            )]
        }
        other => panic!("production sent {other:?}"),
    }
}

fn of_commit(commit: &Commit) -> Vec<String> {
    assert!(commit.data.is_some() && commit.prev_data.is_some());
    let ops = commit.ops.iter().map(|op| {
        let action = match op.action {
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete => "delete",
        };
        let collection = match op.collection {
            Collection::Like => "app.bsky.feed.like",
            Collection::Repost => "app.bsky.feed.repost",
            Collection::Follow => "app.bsky.graph.follow",
            Collection::Block => "app.bsky.graph.block",
            Collection::Other => panic!("others are left out"),
        };
        let subject = match op.record.clone().transpose().unwrap() {
            Some(Record::Like { subject } | Record::Repost { subject }) => subject.into_string(),
            Some(Record::Follow { subject } | Record::Block { subject }) => subject.into_string(),
            None => "-".to_owned(),
        };
        let cid = op.cid.map_or("-".to_owned(), |cid| cid.to_string());
        let (repo, rev, rkey) = (&commit.repo, &commit.rev, &op.rkey);
        format!("{repo} {rev} {action} {collection} {rkey} {cid} {subject}")
    });
    ops.collect()
}

#[test]
fn production_seqs_and_times_are_read_without_interest_too() {
    let Some(frames) = production_frames() else {
        return;
    };
    for (expected, frame) in (31_527_015_322..).zip(&frames) {
        let peek = wire::peek(frame).unwrap();
        assert_eq!(peek.seq, Some(expected));
        assert!(!peek.is_error);
        if let Decoded::Passed { seq, time, .. } = wire::decode(frame, &none).unwrap() {
            assert_eq!((Some(seq), time), (peek.seq, peek.time));
            // Captured on 2026-07-04 within a minute of 14:39 UTC.
            let seconds = time.unwrap() / 1_000_000 - 1_783_175_940;
            assert!(seconds.abs() < 600, "{seconds} s from the capture");
        }
    }
    assert_eq!(frames.len(), 150);
}

#[test]
fn a_second_reader_sees_the_same_commits() {
    let names = [
        "recording.frames",
        "recording-pds2.frames",
        "backfill.frames",
    ];
    let mut frames: Vec<_> = names
        .iter()
        .filter_map(|name| recording(name))
        .flatten()
        .collect();
    frames.extend(production_frames().unwrap_or_default());
    for frame in &frames {
        let Some(expected) = reference::commit(frame) else {
            continue;
        };
        let asked = RefCell::new(None);
        let wants = |did: &str, touches: Touches| {
            *asked.borrow_mut() = Some((did.to_owned(), touches));
            false
        };
        let Ok(Decoded::Passed {
            seq,
            likes,
            reposts,
            ..
        }) = wire::decode(frame, &wants)
        else {
            panic!("a commit nobody wants is passed");
        };
        let (repo, touches) = asked.take().unwrap();
        assert_eq!(
            reference::Seen {
                seq,
                repo,
                touches,
                likes,
                reposts
            },
            expected
        );
    }
}

#[test]
fn recordings_hold_what_their_makers_counted() {
    for name in [
        "recording.frames",
        "recording-pds2.frames",
        "backfill.frames",
    ] {
        let Some(frames) = recording(name) else {
            return;
        };
        let mut expected = BTreeMap::new();
        let mut got = BTreeMap::new();
        let mut bad = Vec::new();
        for frame in &frames {
            let (kind, _) = reference::values(frame).unwrap();
            *expected.entry(kind).or_insert(0) += 1;
            let kind = match message(frame) {
                Message::Commit(commit) => {
                    let records = commit.ops.iter().filter_map(|op| op.record.clone()?.err());
                    bad.extend(records);
                    "#commit"
                }
                Message::Sync { data, .. } => {
                    assert!(data.is_some());
                    "#sync"
                }
                Message::Identity { .. } => "#identity",
                Message::Account { .. } => "#account",
                other => panic!("{name}: {other:?}"),
            };
            *got.entry(kind.to_owned()).or_insert(0) += 1;
        }
        assert_eq!(got, expected, "{name}");
        // Some records were made odd on purpose; but every block is there, and matches.
        bad.retain(|&reason| reason != BadRecord::BadShape);
        assert_eq!(bad, [], "{name}");
    }
}

#[test]
fn data_model_fixtures_hash_to_their_cids_and_are_stepped_over() {
    let Some(path) = shared("interop/data-model/data-model-fixtures.json") else {
        return;
    };
    let fixtures: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(!fixtures.is_empty());
    for fixture in fixtures {
        let text = fixture["cbor_base64"].as_str().unwrap();
        let block = multibase::Base::Base64.decode(text).unwrap();
        let cid = Cid::for_block(Codec::DagCbor, &block);
        assert_eq!(cid.to_string(), fixture["cid"].as_str().unwrap());
        assert_eq!(Cid::parse(fixture["cid"].as_str().unwrap()), Ok(cid));
        // The JSON of the pair is the same block: frames built from JSON are what they seem.
        let value = crate::dagjson::value_of(&fixture["json"]);
        assert_eq!(crate::frames::cbor_bytes(&value), block);
        // As an unknown field it must not hide what follows it.
        let value: ciborium::Value = ciborium::from_reader(&block[..]).unwrap();
        let mut fields = crate::frames::CommitFrame::like("at://x").fields();
        fields.insert(0, ("x", value));
        let frame = crate::frames::frame("#commit", &crate::frames::map(fields));
        assert!(matches!(
            wire::decode(&frame, &none),
            Ok(Decoded::Passed { seq: 7, .. })
        ));
    }
}

/// Well-formed or not as data: none of it is a record that counts, and all of it only one op's
/// trouble.
#[test]
fn data_of_any_shape_is_no_like() {
    for name in ["data-model-valid", "data-model-invalid"] {
        let Some(path) = shared(&format!("interop/data-model/{name}.json")) else {
            return;
        };
        let cases: Vec<Value> =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let block = crate::frames::cbor_bytes(&crate::dagjson::value_of(&case["json"]));
            for collection in [Collection::Like, Collection::Follow] {
                let read = wire::decode_record(collection, &block);
                assert_eq!(read, Err(BadRecord::BadShape), "{case}");
            }
        }
    }
}
