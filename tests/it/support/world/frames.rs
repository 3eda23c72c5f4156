//! Frames as a relay sends them, made from nothing.
//!
//! A commit carries what a real one does: the commit block, the nodes of the tree on the way to the
//! record (here random bytes under their right CIDs: nobody but `verify = "full"` reads them), and
//! the record. Signatures are random, too: a file is believed.

use std::io::{self, Write};

use ciborium::tag::Required;
use kith_feeder::wire::{Cid, Codec};
use serde::Serialize;
use serde_bytes::Bytes;

/// A record that a commit creates.
pub(super) struct NewRecord {
    pub(super) path: String,
    pub(super) block: Vec<u8>,
}

/// A commit to be written.
pub(super) struct CommitFrame<'a> {
    pub(super) seq: u64,
    pub(super) repo: &'a str,
    pub(super) time: &'a str,
    pub(super) rev: &'a str,
    /// Rev and tree root of the commit before.
    pub(super) before: Option<(&'a str, &'a Cid)>,
    /// Tree root of this one.
    pub(super) data: &'a Cid,
    pub(super) records: &'a [NewRecord],
    /// Nodes of the tree.
    pub(super) nodes: &'a [Vec<u8>],
}

impl CommitFrame<'_> {
    /// Writes the frame as a recording has it: its length and itself.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let block = cbor(&CommitBlock {
            did: self.repo,
            rev: self.rev,
            sig: Bytes::new(&[9; 64]),
            data: link(self.data),
            prev: None,
            version: 3,
        })?;
        let root = cid(&block);
        let records: Vec<(Cid, &NewRecord)> =
            self.records.iter().map(|r| (cid(&r.block), r)).collect();
        let nodes = self.nodes.iter().map(|node| (cid(node), node.as_slice()));
        let ours = records.iter().map(|(cid, r)| (*cid, r.block.as_slice()));
        let car = car(
            &root,
            [(root, block.as_slice())]
                .into_iter()
                .chain(nodes)
                .chain(ours),
        )?;
        let mut frame = HEADER.to_vec();
        let payload = Payload {
            ops: records
                .iter()
                .map(|(cid, r)| Op {
                    cid: link(cid),
                    path: &r.path,
                    action: "create",
                })
                .collect(),
            rev: self.rev,
            seq: self.seq,
            repo: self.repo,
            time: self.time,
            blobs: [],
            since: self.before.map(|(rev, _)| rev),
            blocks: Bytes::new(&car),
            commit: link(&root),
            rebase: false,
            too_big: false,
            prev_data: self.before.map(|(_, data)| link(data)),
        };
        ciborium::into_writer(&payload, &mut frame).map_err(io::Error::other)?;
        let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
        out.write_all(&length.to_be_bytes())?;
        out.write_all(&frame)
    }
}

/// A like of a post.
pub(super) fn like(author: &str, post: &str, created: &str) -> io::Result<Vec<u8>> {
    let uri = format!("at://{author}/app.bsky.feed.post/{post}");
    cbor(&Like {
        kind: "app.bsky.feed.like",
        subject: Subject {
            cid: "bafyreigaknpexyvxt76zgkitavbwx6ejgfheup5oybpm77f3pxzrvwpfdi",
            uri: &uri,
        },
        created,
    })
}

/// A follow of an account.
pub(super) fn follow(subject: &str, created: &str) -> io::Result<Vec<u8>> {
    cbor(&Follow {
        kind: "app.bsky.graph.follow",
        subject,
        created,
    })
}

/// The CID of a DAG-CBOR block.
pub(super) fn cid(block: &[u8]) -> Cid {
    Cid::for_block(Codec::DagCbor, block)
}

/// {"t": "#commit", "op": 1}
const HEADER: &[u8] = b"\xa2\x61t\x67#commit\x62op\x01";

#[derive(Serialize)]
struct Payload<'a> {
    ops: Vec<Op<'a>>,
    rev: &'a str,
    seq: u64,
    repo: &'a str,
    time: &'a str,
    blobs: [(); 0],
    since: Option<&'a str>,
    blocks: &'a Bytes,
    commit: Link,
    rebase: bool,
    #[serde(rename = "tooBig")]
    too_big: bool,
    #[serde(rename = "prevData")]
    prev_data: Option<Link>,
}

#[derive(Serialize)]
struct Op<'a> {
    cid: Link,
    path: &'a str,
    action: &'static str,
}

#[derive(Serialize)]
struct CommitBlock<'a> {
    did: &'a str,
    rev: &'a str,
    sig: &'a Bytes,
    data: Link,
    prev: Option<()>,
    version: u8,
}

#[derive(Serialize)]
struct Like<'a> {
    #[serde(rename = "$type")]
    kind: &'static str,
    subject: Subject<'a>,
    #[serde(rename = "createdAt")]
    created: &'a str,
}

#[derive(Serialize)]
struct Subject<'a> {
    cid: &'static str,
    uri: &'a str,
}

#[derive(Serialize)]
struct Follow<'a> {
    #[serde(rename = "$type")]
    kind: &'static str,
    subject: &'a str,
    #[serde(rename = "createdAt")]
    created: &'a str,
}

#[derive(Serialize)]
struct CarHeader {
    roots: [Link; 1],
    version: u8,
}

type Link = Required<serde_bytes::ByteBuf, 42>;

fn link(cid: &Cid) -> Link {
    let mut bytes = vec![0];
    bytes.extend_from_slice(cid.as_bytes());
    Required(serde_bytes::ByteBuf::from(bytes))
}

fn cbor(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

fn car<'a>(root: &Cid, blocks: impl Iterator<Item = (Cid, &'a [u8])>) -> io::Result<Vec<u8>> {
    let header = cbor(&CarHeader {
        roots: [link(root)],
        version: 1,
    })?;
    let mut bytes = Vec::new();
    push_varint(&mut bytes, header.len());
    bytes.extend_from_slice(&header);
    for (cid, block) in blocks {
        push_varint(&mut bytes, cid.as_bytes().len() + block.len());
        bytes.extend_from_slice(cid.as_bytes());
        bytes.extend_from_slice(block);
    }
    Ok(bytes)
}

fn push_varint(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(0x80 | low_byte(number & 0x7f));
        number >>= 7;
    }
    bytes.push(low_byte(number));
}

fn low_byte(number: usize) -> u8 {
    number.to_le_bytes()[0]
}
