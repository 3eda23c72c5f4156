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

#[test]
fn production_frames_say_what_production_jetstream_served() {
    let Some(frames) = production_frames() else {
        return;
    };
    let folder = shared("interop/production").unwrap();
    let text = std::fs::read_to_string(folder.join("expected_v1.jsonl")).unwrap();
    let mut expected: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter_map(|event| of_jetstream(&event))
        .collect();
    let mut got: Vec<String> = frames
        .iter()
        .flat_map(|frame| of_message(message(frame)))
        .collect();
    // Jetstream keeps order only within a repo.
    expected.sort();
    got.sort();
    assert!(
        expected.len() > 90,
        "most events are likes, reposts, follows and blocks"
    );
    assert_eq!(got, expected);
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
            Some(
                Record::Like { subject }
                | Record::Repost { subject }
                | Record::Follow { subject }
                | Record::Block { subject },
            ) => subject,
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

#[test]
fn error_and_info_frames_of_a_real_server_are_read() {
    let Some(folder) = shared("network/samples") else {
        return;
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "frames")
        {
            continue;
        }
        for frame in crate::data::split(&std::fs::read(path).unwrap(), u32::from_be_bytes) {
            match message(&frame) {
                Message::Error { error, .. } => {
                    assert!(wire::peek(&frame).unwrap().is_error);
                    names.push(error);
                }
                Message::Info { name, .. } => names.push(name),
                _ => {}
            }
        }
    }
    for name in ["FutureCursor", "ConsumerTooSlow", "OutdatedCursor"] {
        assert!(
            names.iter().any(|got| got == name),
            "{name} is not in {names:?}"
        );
    }
}
