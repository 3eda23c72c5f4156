//! Every frame that real servers answered odd questions with: wrong cursors, slow readers.

use crate::data::{shared, split};
use kith_feeder::wire::{self, Decoded, Message, Touches};
use serde_json::Value;
use std::collections::BTreeSet;

/// A frame as the recorder wrote it down beside the bytes: its kind and what can be compared.
fn written(frame: &Value) -> (String, Option<u64>) {
    let (header, body) = (&frame["header"], &frame["body"]);
    if header["op"] == -1 {
        let error = body["error"].as_str().unwrap();
        let message = body["message"].as_str().unwrap_or("-");
        return (format!("{error}: {message}"), None);
    }
    let kind = header["t"].as_str().unwrap();
    let name = body["name"].as_str().unwrap_or_default();
    (format!("{kind}{name}"), body["seq"].as_u64())
}

fn decoded(frame: &[u8]) -> (String, Option<u64>) {
    let peek = wire::peek(frame).unwrap();
    let message = match wire::decode(frame, &|_: &str, _: Touches| true).unwrap() {
        Decoded::Message(message) => message,
        Decoded::Passed { .. } => panic!("everything is wanted"),
    };
    assert_eq!(peek.is_error, matches!(message, Message::Error { .. }));
    let (kind, seq) = match message {
        Message::Error { error, message } => {
            let message = message.unwrap_or("-".to_owned());
            (format!("{error}: {message}"), None)
        }
        Message::Info { name, .. } => (format!("#info{name}"), None),
        Message::Commit(commit) => ("#commit".to_owned(), Some(commit.seq)),
        Message::Sync { seq, .. } => ("#sync".to_owned(), Some(seq)),
        Message::Identity { seq, .. } => ("#identity".to_owned(), Some(seq)),
        Message::Account { seq, .. } => ("#account".to_owned(), Some(seq)),
        Message::Unknown { kind, seq, .. } => panic!("{kind} {seq:?}"),
    };
    assert_eq!(peek.seq, seq);
    (kind, seq)
}

#[test]
fn every_sampled_frame_says_what_its_recorder_wrote_down() {
    let Some(folder) = shared("network/samples") else {
        return;
    };
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "frames") {
            continue;
        }
        let frames = split(&std::fs::read(&path).unwrap(), u32::from_be_bytes);
        let text = std::fs::read_to_string(path.with_extension("json")).unwrap();
        let sample: Value = serde_json::from_str(&text).unwrap();
        let listed = sample["frames"].as_array().unwrap();
        assert_eq!(frames.len(), listed.len(), "{}", path.display());
        for (frame, listed) in frames.iter().zip(listed) {
            let got = decoded(frame);
            assert_eq!(got, written(listed), "{}", path.display());
            names.insert(got.0);
        }
    }
    for name in [
        "ConsumerTooSlow",
        "FutureCursor",
        "InvalidRequest",
        "#infoOutdatedCursor",
        "#commit",
    ] {
        assert!(
            names.iter().any(|got| got.starts_with(name)),
            "{name} in {names:?}"
        );
    }
}
