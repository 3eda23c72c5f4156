//! A second reading of commits, that shares no code with the scanner: ciborium's values.

use ciborium::Value;
use kith_feeder::wire::{Action, Collection, Touches};

/// What the scan must find too.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) seq: u64,
    pub(crate) repo: String,
    pub(crate) touches: Touches,
    pub(crate) likes: u32,
    pub(crate) reposts: u32,
}

/// Header type and payload of a frame of two whole values.
pub(crate) fn values(frame: &[u8]) -> Option<(String, Value)> {
    let mut rest = frame;
    let header: Value = ciborium::from_reader(&mut rest).ok()?;
    let payload: Value = ciborium::from_reader(&mut rest).ok()?;
    let kind = field(&header, "t")?.as_text()?.to_owned();
    (rest.is_empty() && field(&header, "op")? == &Value::from(1)).then_some((kind, payload))
}

pub(crate) fn field<'a>(map: &'a Value, name: &str) -> Option<&'a Value> {
    let entries = map.as_map()?;
    entries
        .iter()
        .find(|(key, _)| key.as_text() == Some(name))
        .map(|(_, value)| value)
}

/// Reads a commit frame; `None` if it is none, or ciborium cannot read it.
pub(crate) fn commit(frame: &[u8]) -> Option<Seen> {
    let (kind, payload) = values(frame)?;
    if kind != "#commit" {
        return None;
    }
    let mut touches = Touches::default();
    let (mut likes, mut reposts) = (0, 0);
    for op in field(&payload, "ops")?.as_array()? {
        let path = field(op, "path")?.as_text()?;
        let action = match field(op, "action")?.as_text()? {
            "create" => Some(Action::Create),
            "update" => Some(Action::Update),
            "delete" => Some(Action::Delete),
            _ => None,
        };
        // A path without a slash names no record.
        let collection = path
            .split_once('/')
            .map_or(Collection::Other, |(nsid, _)| match nsid {
                "app.bsky.feed.like" => Collection::Like,
                "app.bsky.feed.repost" => Collection::Repost,
                "app.bsky.graph.follow" => Collection::Follow,
                "app.bsky.graph.block" => Collection::Block,
                _ => Collection::Other,
            });
        let creates = action == Some(Action::Create);
        likes += u32::from(creates && collection == Collection::Like);
        reposts += u32::from(creates && collection == Collection::Repost);
        touches = touches.union(match action {
            Some(action) => Touches::of(collection, action),
            None => Touches::OTHER,
        });
    }
    Some(Seen {
        seq: field(&payload, "seq")?.as_integer()?.try_into().ok()?,
        repo: field(&payload, "repo")?.as_text()?.to_owned(),
        touches,
        likes,
        reposts,
    })
}
