//! What production said, in the words that the firehose and a Jetstream have in common.

use crate::data::{production_frames, shared};
use kith_feeder::wire::{self, Decoded, Message, Touches};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What every commit and every other message says, by whom and which it is.
pub(crate) type Said = BTreeMap<String, String>;

/// The 150 frames of the production relay, read as CBOR.
pub(crate) fn said_by_relay() -> Option<Said> {
    Some(said_in(production_frames()?))
}

/// The lines that production's Jetstream v1 served of them.
pub(crate) fn lines_v1() -> Option<Vec<String>> {
    let path = shared("interop/production/expected_v1.jsonl")?;
    let text = std::fs::read_to_string(path).unwrap();
    Some(text.lines().map(str::to_owned).collect())
}

/// The same events as a Jetstream v2 frames them, with seqs from 1.
pub(crate) fn lines_v2() -> Option<Vec<String>> {
    let lines = lines_v1()?;
    let events = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    Some(
        (1..)
            .zip(events)
            .map(|(seq, event)| to_v2(seq, &event))
            .collect(),
    )
}

/// One event of v1 as v2 frames it.
pub(crate) fn to_v2(seq: u64, event: &Value) -> String {
    let kind = event["kind"].as_str().unwrap();
    let mut payload = json!({
        "$type": format!("network.bsky.jetstream.subscribeEvents#{kind}"),
        "seq": seq,
        "did": event["did"],
        "time": "2026-07-04T14:38:08.085434Z",
    });
    match kind {
        "commit" => {
            let fields = event["commit"].as_object().unwrap().clone();
            payload.as_object_mut().unwrap().extend(fields);
        }
        kind => payload[kind] = event[kind].clone(),
    }
    json!({ "$type": "message", "payload": payload }).to_string()
}

/// Joins the lines of one commit into one frame.
pub(crate) fn join(lines: &[String]) -> Vec<Vec<u8>> {
    let mut frames: Vec<(Option<String>, String)> = Vec::new();
    for line in lines {
        let event: Value = serde_json::from_str(line).unwrap();
        let event = event.get("payload").unwrap_or(&event);
        let rev = event["commit"]["rev"].as_str().or(event["rev"].as_str());
        let key = rev.map(|rev| format!("{} {rev}", event["did"]));
        match frames.last_mut() {
            Some((last, frame)) if key.is_some() && *last == key => {
                frame.push('\n');
                frame.push_str(line);
            }
            _ => frames.push((key, line.clone())),
        }
    }
    frames.into_iter().map(|(_, frame)| frame.into()).collect()
}

/// What frames say: of commits every op that Kith reads, with its place, CID and record.
pub(crate) fn said_in(frames: impl IntoIterator<Item = Vec<u8>>) -> Said {
    let mut said = Said::new();
    for frame in frames {
        let decoded = wire::decode(&frame, &|_: &str, _: Touches| true).unwrap();
        let Decoded::Message(message) = decoded else {
            panic!("everything is wanted");
        };
        let (key, text) = match message {
            // A commit without ops is no event of Jetstream, and says nothing of ours either.
            Message::Commit(commit) if commit.ops.is_empty() => continue,
            Message::Commit(commit) => (
                format!("{} {}", commit.repo, commit.rev),
                format!("{:?} {}", commit.ops, commit.too_big),
            ),
            Message::Identity { did, handle, .. } => {
                (format!("{did} identity"), format!("{handle:?}"))
            }
            Message::Account {
                did,
                active,
                status,
                ..
            } => (format!("{did} account"), format!("{active} {status:?}")),
            other => panic!("production sent {other:?}"),
        };
        assert_eq!(said.insert(key, text), None, "nothing comes twice");
    }
    said
}
