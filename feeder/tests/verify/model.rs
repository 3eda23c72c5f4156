//! A second making of trees, straight from their definition, that shares no code with what is
//! tested; and commits of them, signed.

use crate::frames::{ALICE, REV, TIME, car, cbor_bytes, frame, link, map};
use ciborium::Value;
use k256::ecdsa::signature::hazmat::PrehashSigner;
use kith_feeder::wire::{Cid, Codec};
use std::collections::BTreeMap;

/// A node, and the first and last key below it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) cid: Cid,
    pub(crate) block: Vec<u8>,
    range: Option<(String, String)>,
}

/// A whole tree.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) root: Cid,
    pub(crate) nodes: Vec<Node>,
    pub(crate) records: BTreeMap<String, Cid>,
}

/// Leading zeros of the key's hash, in pairs.
pub(crate) fn level(key: &str) -> u32 {
    let cid = Cid::for_block(Codec::Raw, key.as_bytes());
    let zeros = |byte: &u8| byte.leading_zeros();
    let digest = *cid.digest();
    let whole = digest.iter().take_while(|&&byte| byte == 0).count();
    let last = digest.get(whole).map_or(0, zeros);
    let bits = u32::try_from(whole).unwrap() * 8 + last;
    bits / 2
}

impl Tree {
    pub(crate) fn of(records: &BTreeMap<String, Cid>) -> Self {
        let keys: Vec<(&String, &Cid)> = records.iter().collect();
        let mut nodes = Vec::new();
        let top = keys.iter().map(|(key, _)| level(key)).max().unwrap_or(0);
        let root = subtree(&keys, top, &mut nodes).unwrap_or_else(|| {
            let empty = map(vec![("e", Value::Array(vec![])), ("l", Value::Null)]);
            push(&mut nodes, &empty, None)
        });
        Self {
            root,
            nodes,
            records: records.clone(),
        }
    }

    /// The nodes that a commit must carry so that changes at these keys can be undone: those
    /// above the keys and above their neighbours.
    pub(crate) fn proof(&self, keys: &[String]) -> Vec<(Cid, Vec<u8>)> {
        let mut wanted: Vec<&String> = Vec::new();
        for key in keys {
            wanted.extend(
                self.records
                    .range(..key.clone())
                    .next_back()
                    .map(|(k, _)| k),
            );
            wanted.extend(self.records.range(key.clone()..).take(2).map(|(k, _)| k));
        }
        let above = |node: &Node| {
            let Some((first, last)) = &node.range else {
                return true;
            };
            wanted.iter().any(|key| (first..=last).contains(key))
        };
        let nodes = self.nodes.iter();
        nodes
            .filter(|node| above(node) || node.cid == self.root)
            .map(|node| (node.cid, node.block.clone()))
            .collect()
    }
}

/// The node of this layer over keys of no higher one; none over no keys.
fn subtree(keys: &[(&String, &Cid)], layer: u32, nodes: &mut Vec<Node>) -> Option<Cid> {
    let (first, last) = (keys.first()?.0, keys.last()?.0);
    let mut pieces = keys.split(|(key, _)| level(key) == layer);
    let mut below = |piece: &[(&String, &Cid)]| {
        let below = layer
            .checked_sub(1)
            .and_then(|layer| subtree(piece, layer, nodes));
        below.as_ref().map_or(Value::Null, link)
    };
    let left = below(pieces.next().unwrap_or_default());
    let mut entries = Vec::new();
    let mut before = "";
    for (key, value) in keys.iter().filter(|(key, _)| level(key) == layer) {
        let shared = key.bytes().zip(before.bytes()).take_while(|(a, b)| a == b);
        let shared = shared.count();
        entries.push(map(vec![
            ("k", Value::Bytes(key.as_bytes()[shared..].to_vec())),
            ("p", Value::from(shared as u64)),
            ("t", below(pieces.next().unwrap_or_default())),
            ("v", link(value)),
        ]));
        before = key;
    }
    let node = map(vec![("e", Value::Array(entries)), ("l", left)]);
    Some(push(nodes, &node, Some((first.clone(), last.clone()))))
}

fn push(nodes: &mut Vec<Node>, node: &Value, range: Option<(String, String)>) -> Cid {
    let block = cbor_bytes(node);
    let cid = Cid::for_block(Codec::DagCbor, &block);
    nodes.push(Node { cid, block, range });
    cid
}

/// A record: any will do.
pub(crate) fn record(number: u64) -> (Cid, Vec<u8>) {
    let block = cbor_bytes(&map(vec![("n", number.into())]));
    (Cid::for_block(Codec::DagCbor, &block), block)
}

/// One op, as its frame will say it.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) action: &'static str,
    pub(crate) path: String,
    pub(crate) cid: Option<Cid>,
    pub(crate) prev: Option<Cid>,
}

impl Op {
    fn value(&self) -> Value {
        let mut fields = vec![
            ("cid", self.cid.as_ref().map_or(Value::Null, link)),
            ("path", self.path.as_str().into()),
        ];
        fields.extend(self.prev.as_ref().map(|prev| ("prev", link(prev))));
        fields.push(("action", self.action.into()));
        map(fields)
    }
}

/// The secret key of Alice's commits.
pub(crate) fn secret() -> k256::ecdsa::SigningKey {
    k256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap()
}

/// The text of the public key.
pub(crate) fn public() -> String {
    let point = secret().verifying_key().to_sec1_point(true);
    let bytes = [&[0xe7, 0x01], point.as_bytes()].concat();
    multibase::encode(multibase::Base::Base58Btc, bytes)
}

/// A commit to be signed; every part can be changed before it is.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    /// The fields of the commit block, `sig` excepted.
    pub(crate) commit: Vec<(&'static str, Value)>,
    /// The frame's.
    pub(crate) repo: String,
    pub(crate) rev: String,
    pub(crate) ops: Vec<Op>,
    pub(crate) prev_data: Option<Cid>,
    /// Nodes and records.
    pub(crate) blocks: Vec<(Cid, Vec<u8>)>,
}

impl Signed {
    /// The honest commit between two trees, with no more nodes than it needs.
    pub(crate) fn between(before: &Tree, after: &Tree, records: &[(Cid, Vec<u8>)]) -> Self {
        let mut ops = Vec::new();
        for (path, &prev) in &before.records {
            let (cid, prev) = (after.records.get(path).copied(), Some(prev));
            let action = match cid {
                None => "delete",
                Some(_) if cid == prev => continue,
                Some(_) => "update",
            };
            let path = path.clone();
            ops.push(Op {
                action,
                path,
                cid,
                prev,
            });
        }
        for (path, &cid) in &after.records {
            if !before.records.contains_key(path) {
                ops.push(Op {
                    action: "create",
                    path: path.clone(),
                    cid: Some(cid),
                    prev: None,
                });
            }
        }
        let paths: Vec<String> = ops.iter().map(|op| op.path.clone()).collect();
        let mut blocks = after.proof(&paths);
        let wanted = |cid: &Cid| ops.iter().any(|op| op.cid == Some(*cid));
        blocks.extend(records.iter().filter(|(cid, _)| wanted(cid)).cloned());
        Self {
            commit: vec![
                ("did", ALICE.into()),
                ("rev", REV.into()),
                ("data", link(&after.root)),
                ("prev", Value::Null),
                ("version", 3.into()),
            ],
            repo: ALICE.to_owned(),
            rev: REV.to_owned(),
            ops,
            prev_data: Some(before.root),
            blocks,
        }
    }

    /// The commit block, signed by Alice.
    pub(crate) fn block(&self) -> Vec<u8> {
        let unsigned = cbor_bytes(&map(self.commit.clone()));
        let digest = *Cid::for_block(Codec::Raw, &unsigned).digest();
        let signature: k256::ecdsa::Signature = secret().sign_prehash(&digest).unwrap();
        self.block_with(&signature.normalize_s().to_bytes())
    }

    /// The commit block with any signature.
    pub(crate) fn block_with(&self, sig: &[u8]) -> Vec<u8> {
        let mut fields = self.commit.clone();
        let place = fields
            .iter()
            .position(|(name, _)| name.len() > 3)
            .unwrap_or(0);
        fields.insert(place, ("sig", Value::Bytes(sig.to_vec())));
        cbor_bytes(&map(fields))
    }

    pub(crate) fn frame(&self) -> Vec<u8> {
        self.frame_of(&self.block())
    }

    /// The frame around a commit block.
    pub(crate) fn frame_of(&self, block: &[u8]) -> Vec<u8> {
        let commit = Cid::for_block(Codec::DagCbor, block);
        let mut blocks = vec![(commit, block.to_vec())];
        blocks.extend(self.blocks.iter().cloned());
        let ops = self.ops.iter().map(Op::value).collect();
        let mut fields = vec![
            ("ops", Value::Array(ops)),
            ("rev", self.rev.as_str().into()),
            ("seq", 7.into()),
            ("repo", self.repo.as_str().into()),
            ("time", TIME.into()),
            ("blobs", Value::Array(Vec::new())),
            ("since", Value::Null),
            ("blocks", Value::Bytes(car(&commit, &blocks))),
            ("commit", link(&commit)),
            ("rebase", false.into()),
            ("tooBig", false.into()),
        ];
        fields.extend(self.prev_data.as_ref().map(|cid| ("prevData", link(cid))));
        frame("#commit", &map(fields))
    }
}
