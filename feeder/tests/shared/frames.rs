//! Frames built from nothing, by ciborium alone.

use ciborium::{Value, cbor};
use kith_feeder::wire::{Cid, Codec};

pub(crate) const ALICE: &str = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa";
pub(crate) const BOB: &str = "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb";
pub(crate) const REV: &str = "3mptbypluud2a";
pub(crate) const TIME: &str = "2026-07-04T14:38:08.085Z";

/// Serialises one value.
pub(crate) fn cbor_bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

/// A link, as DAG-CBOR has it.
pub(crate) fn link(cid: &Cid) -> Value {
    let mut bytes = vec![0];
    bytes.extend_from_slice(cid.as_bytes());
    Value::Tag(42, Box::new(Value::Bytes(bytes)))
}

/// A map with text keys.
pub(crate) fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(
        entries
            .into_iter()
            .map(|(key, value)| (key.into(), value))
            .collect(),
    )
}

/// A header and a payload.
pub(crate) fn frame(t: &str, payload: &Value) -> Vec<u8> {
    let mut bytes = cbor_bytes(&map(vec![("t", t.into()), ("op", 1.into())]));
    bytes.extend(cbor_bytes(payload));
    bytes
}

/// An error frame.
pub(crate) fn error_frame(name: &str) -> Vec<u8> {
    let mut bytes = cbor_bytes(&map(vec![("op", (-1).into())]));
    bytes.extend(cbor_bytes(&map(vec![
        ("error", name.into()),
        ("message", "so it is".into()),
    ])));
    bytes
}

/// An identity frame: the smallest with a seq.
pub(crate) fn identity_frame(seq: u64) -> Vec<u8> {
    let payload = map(vec![
        ("did", ALICE.into()),
        ("seq", seq.into()),
        ("time", TIME.into()),
    ]);
    frame("#identity", &payload)
}

/// A like record.
pub(crate) fn like(uri: &str) -> Vec<u8> {
    let cid = Cid::for_block(Codec::DagCbor, b"a post").to_string();
    let record = cbor!({
        "$type" => "app.bsky.feed.like",
        "subject" => { "cid" => cid, "uri" => uri },
        "createdAt" => "2026-07-04T14:38:08.999Z",
    });
    cbor_bytes(&record.unwrap())
}

/// A follow record.
pub(crate) fn follow(subject: &str) -> Vec<u8> {
    cbor_bytes(&cbor!({ "subject" => subject, "createdAt" => TIME }).unwrap())
}

/// A CAR of some blocks.
pub(crate) fn car(root: &Cid, blocks: &[(Cid, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut section = |parts: [&[u8]; 2]| {
        let mut length = parts[0].len() + parts[1].len();
        while length >= 0x80 {
            bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        bytes.push(u8::try_from(length).unwrap());
        bytes.extend_from_slice(parts[0]);
        bytes.extend_from_slice(parts[1]);
    };
    let header = map(vec![
        ("roots", Value::Array(vec![link(root)])),
        ("version", 1.into()),
    ]);
    section([&cbor_bytes(&header), &[]]);
    for (cid, block) in blocks {
        section([cid.as_bytes(), block]);
    }
    bytes
}

/// A commit to be.
#[derive(Clone, Debug)]
pub(crate) struct CommitFrame {
    pub(crate) seq: u64,
    pub(crate) repo: String,
    pub(crate) time: String,
    /// Action, path, record.
    pub(crate) ops: Vec<(&'static str, String, Option<Vec<u8>>)>,
    pub(crate) data: Cid,
}

impl CommitFrame {
    pub(crate) fn new(ops: Vec<(&'static str, String, Option<Vec<u8>>)>) -> Self {
        let data = Cid::for_block(Codec::DagCbor, b"the tree");
        Self {
            seq: 7,
            repo: ALICE.to_owned(),
            time: TIME.to_owned(),
            ops,
            data,
        }
    }

    pub(crate) fn like(uri: &str) -> Self {
        Self::new(vec![(
            "create",
            "app.bsky.feed.like/3k".to_owned(),
            Some(like(uri)),
        )])
    }

    /// The commit block.
    pub(crate) fn block(&self) -> Vec<u8> {
        cbor_bytes(&map(vec![
            ("did", self.repo.as_str().into()),
            ("rev", REV.into()),
            ("sig", Value::Bytes(vec![9; 64])),
            ("data", link(&self.data)),
            ("prev", Value::Null),
            ("version", 3.into()),
        ]))
    }

    /// Every block: the commit's and the records'.
    pub(crate) fn blocks(&self) -> Vec<(Cid, Vec<u8>)> {
        let records = self.ops.iter().filter_map(|(_, _, record)| record.clone());
        std::iter::once(self.block())
            .chain(records)
            .map(|block| (Cid::for_block(Codec::DagCbor, &block), block))
            .collect()
    }

    /// The payload's fields, in canonical order.
    pub(crate) fn fields(&self) -> Vec<(&'static str, Value)> {
        let commit = Cid::for_block(Codec::DagCbor, &self.block());
        let ops = self.ops.iter().map(|(action, path, record)| {
            let cid = record
                .as_deref()
                .map(|block| Cid::for_block(Codec::DagCbor, block));
            map(vec![
                ("cid", cid.as_ref().map_or(Value::Null, link)),
                ("path", path.as_str().into()),
                ("action", (*action).into()),
            ])
        });
        vec![
            ("ops", Value::Array(ops.collect())),
            ("rev", REV.into()),
            ("seq", self.seq.into()),
            ("repo", self.repo.as_str().into()),
            ("time", self.time.as_str().into()),
            ("blobs", Value::Array(Vec::new())),
            ("since", Value::Null),
            ("blocks", Value::Bytes(car(&commit, &self.blocks()))),
            ("commit", link(&commit)),
            ("rebase", false.into()),
            ("tooBig", false.into()),
            (
                "prevData",
                link(&Cid::for_block(Codec::DagCbor, b"the tree before")),
            ),
        ]
    }

    /// The frame.
    pub(crate) fn build(&self) -> Vec<u8> {
        frame("#commit", &map(self.fields()))
    }
}
