//! Frames of real servers verify, with the keys that their accounts had.

use crate::data::{production_frames, recording, shared};
use kith_feeder::identity::DidDocument;
use kith_feeder::verify::{self, Level, SigningKey, Verified, VerifyError};
use kith_feeder::wire::{self, Commit, Decoded, Message, Touches};
use serde_json::Value;
use std::collections::BTreeMap;

const ALL: Verified = Verified {
    signature: true,
    inverted: true,
};

pub(crate) fn commit_of(frame: &[u8]) -> Option<Commit> {
    match wire::decode(frame, &|_: &str, _: Touches| true).unwrap() {
        Decoded::Message(Message::Commit(commit)) => Some(commit),
        _ => None,
    }
}

/// The commits of the production relay, each with its account's key.
pub(crate) fn production() -> Option<Vec<(Vec<u8>, SigningKey)>> {
    let frames = production_frames()?;
    let file = std::fs::File::open(shared("interop/production/did_docs.json.zst")?).unwrap();
    let documents: Value = serde_json::from_reader(zstd::Decoder::new(file).unwrap()).unwrap();
    let commits = frames.into_iter().filter_map(|frame| {
        let repo = commit_of(&frame)?.repo;
        let document = documents[&*repo].to_string();
        let document = DidDocument::parse(&repo, document.as_bytes()).unwrap();
        let key = SigningKey::from_did_key(&document.signing_key.unwrap()).unwrap();
        Some((frame, key))
    });
    Some(commits.collect())
}

#[test]
fn every_commit_of_production_verifies() {
    let Some(commits) = production() else { return };
    assert_eq!(commits.len(), 148);
    for (frame, key) in &commits {
        let check = |key, level| verify::commit(frame, key, level);
        assert_eq!(check(Some(key), Level::Full), Ok(ALL));
        let (signature, inverted) = (true, false);
        let expect = Ok(Verified {
            signature,
            inverted,
        });
        assert_eq!(check(Some(key), Level::Signature), expect);
        let (signature, inverted) = (false, true);
        let expect = Ok(Verified {
            signature,
            inverted,
        });
        assert_eq!(check(None, Level::Full), expect);
    }
    // The next frame's key is another's, where the frames are not of the same account.
    let mut others = 0;
    for pair in commits.windows(2) {
        let [(frame, own), (_, key)] = pair else {
            unreachable!("windows of two")
        };
        if own != key {
            others += 1;
            let outcome = verify::commit(frame, Some(key), Level::Full);
            assert_eq!(outcome, Err(VerifyError::BadSignature));
        }
    }
    assert!(others > 100, "{others} pairs of different accounts");
}

#[test]
fn every_commit_of_the_reference_pdses_verifies() {
    let Some(path) = shared("network/recordings/truth.json") else {
        return;
    };
    let truth: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let keys: BTreeMap<&str, Vec<SigningKey>> = truth["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| {
            let keys = account["signingKeys"].as_array().unwrap().iter();
            let keys = keys.map(|key| SigningKey::from_did_key(key.as_str().unwrap()).unwrap());
            (account["did"].as_str().unwrap(), keys.collect())
        })
        .collect();
    // Of each frame: whether it has a prevData, and what came of it with any of the account's keys.
    let mut tally = BTreeMap::new();
    for name in [
        "recording.frames",
        "recording-pds2.frames",
        "backfill.frames",
    ] {
        for frame in recording(name).unwrap() {
            let message = wire::decode(&frame, &|_: &str, _: Touches| true).unwrap();
            let (kind, did, has_prev_data) = match &message {
                Decoded::Message(Message::Commit(commit)) => {
                    ("commit", &commit.repo, commit.prev_data.is_some())
                }
                Decoded::Message(Message::Sync { did, .. }) => ("sync", did, false),
                _ => continue,
            };
            let outcomes = keys[did.as_str()].iter().map(|key| match kind {
                "commit" => verify::commit(&frame, Some(key), Level::Full),
                _ => verify::sync(&frame, Some(key)),
            });
            let (right, wrong): (Vec<_>, Vec<_>) = outcomes.partition(Result::is_ok);
            assert!(
                wrong
                    .iter()
                    .all(|wrong| *wrong == Err(VerifyError::BadSignature))
            );
            let right = right.first().map(|right| right.unwrap().inverted);
            *tally.entry((kind, has_prev_data, right)).or_insert(0) += 1;
        }
    }
    let kinds: Vec<_> = tally.into_keys().collect();
    // Two kinds of commits, first ones and others.
    let expected = [
        ("commit", false, Some(false)),
        ("commit", true, Some(true)),
        ("sync", false, Some(false)),
    ];
    assert_eq!(kinds, expected);
}
