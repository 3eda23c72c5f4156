//! Commits that are signed and yet not right, or right and not signed: each with its reason.

use crate::frames::{ALICE, BOB, REV, car, cbor_bytes, error_frame, frame, link, map};
use crate::model::{Op, Signed, Tree, level, public, record};
use ciborium::Value;
use k256::ecdsa::signature::hazmat::PrehashSigner;
use kith_feeder::verify::{self, Level, SigningKey, VerifyError};
use kith_feeder::wire::{Cid, Codec};
use std::collections::BTreeMap;

/// A tree of a hundred records, in which one is created, one updated and one deleted.
fn honest() -> (Tree, Tree, Signed) {
    let path = |n: u64| format!("app.bsky.graph.follow/3k{n:04}");
    let mut records: BTreeMap<String, Cid> = (0..100).map(|n| (path(n), record(n).0)).collect();
    let before = Tree::of(&records);
    records.insert(path(300), record(300).0);
    records.insert(path(40), record(400).0);
    records.remove(&path(60));
    let after = Tree::of(&records);
    let blocks = [record(300), record(400)];
    let signed = Signed::between(&before, &after, &blocks);
    assert_eq!(signed.ops.len(), 3);
    (before, after, signed)
}

fn reason(frame: &[u8]) -> &'static str {
    let key = SigningKey::from_did_key(&public()).unwrap();
    match verify::commit(frame, Some(&key), Level::Full) {
        Ok(verified) if verified.inverted => "fine",
        Ok(_) => "not inverted",
        Err(error) => error.reason(),
    }
}

/// The honest commit, bent before it is signed.
fn bent(bend: impl FnOnce(&mut Signed)) -> Vec<u8> {
    let (_, _, mut signed) = honest();
    bend(&mut signed);
    signed.frame()
}

fn field(signed: &mut Signed, name: &str, value: Value) {
    for field in &mut signed.commit {
        if field.0 == name {
            field.1 = value.clone();
        }
    }
}

fn op<'a>(signed: &'a mut Signed, action: &str) -> &'a mut Op {
    let mut ops = signed.ops.iter_mut();
    ops.find(|op| op.action == action).unwrap()
}

#[test]
fn what_is_bent_is_named() {
    let other = record(1_000).0;
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("fine", bent(|_| ())),
        // The commit block.
        ("wrong_did", bent(|s| field(s, "did", BOB.into()))),
        ("wrong_did", bent(|s| s.repo = BOB.to_owned())),
        (
            "wrong_rev",
            bent(|s| field(s, "rev", "3mptbypluud2b".into())),
        ),
        ("wrong_rev", bent(|s| s.rev = "3mptbypluud2b".to_owned())),
        ("bad_commit_block", bent(|s| field(s, "version", 2.into()))),
        (
            "bad_commit_block",
            bent(|s| field(s, "version", Value::Null)),
        ),
        ("bad_commit_block", bent(|s| field(s, "data", Value::Null))),
        (
            "bad_commit_block",
            bent(|s| s.commit.retain(|(name, _)| *name != "data")),
        ),
        (
            "bad_commit_block",
            bent(|s| s.commit.retain(|(name, _)| *name != "version")),
        ),
        (
            "bad_commit_block",
            bent(|s| s.commit.push(("more", Value::Null))),
        ),
        ("bad_commit_block", bent(|s| s.commit.swap(0, 1))),
        (
            "bad_commit_block",
            bent(|s| s.commit.push(("version", 3.into()))),
        ),
        (
            "fine",
            bent(|s| s.commit.retain(|(name, _)| *name != "prev")),
        ),
        ("fine", bent(|s| field(s, "prev", link(&record(2).0)))),
        (
            "incomplete_tree",
            bent(|s| field(s, "data", link(&record(2).0))),
        ),
        // The ops.
        (
            "op_mismatch",
            bent(|s| op(s, "create").cid = Some(record(400).0)),
        ),
        (
            "missing_record",
            bent(|s| op(s, "create").cid = Some(other)),
        ),
        ("bad_op", bent(|s| op(s, "create").cid = None)),
        ("bad_op", bent(|s| op(s, "create").prev = Some(other))),
        ("bad_op", bent(|s| op(s, "create").action = "upsert")),
        ("missing_prev", bent(|s| op(s, "create").action = "update")),
        ("bad_op", bent(|s| op(s, "create").action = "delete")),
        ("bad_op", bent(|s| op(s, "update").action = "create")),
        (
            "prev_data_mismatch",
            bent(|s| op(s, "update").prev = Some(other)),
        ),
        ("missing_prev", bent(|s| op(s, "update").prev = None)),
        (
            "prev_data_mismatch",
            bent(|s| op(s, "delete").prev = Some(other)),
        ),
        ("missing_prev", bent(|s| op(s, "delete").prev = None)),
        (
            "bad_op",
            bent(|s| op(s, "delete").cid = Some(record(300).0)),
        ),
        ("duplicate_op", bent(|s| s.ops.push(s.ops[0].clone()))),
        ("prev_data_mismatch", bent(|s| drop(s.ops.remove(0)))),
        ("prev_data_mismatch", bent(|s| s.prev_data = Some(other))),
        ("not inverted", bent(|s| s.prev_data = None)),
        // A record said to be gone is still there: the first neighbour of the deleted one.
        (
            "op_mismatch",
            bent(|s| op(s, "delete").path = "app.bsky.graph.follow/3k0061".to_owned()),
        ),
        (
            "missing_record",
            bent(|s| s.blocks.retain(|(cid, _)| *cid != record(300).0)),
        ),
        // Blocks that are not what they are called.
        ("block_mismatch", bent(|s| s.blocks[0].1.push(0))),
        (
            "block_mismatch",
            bent(|s| s.blocks.push((other, b"unused".to_vec()))),
        ),
        // Other frames.
        ("other_message", error_frame("FutureCursor")),
        ("other_message", frame("#identity", &map(vec![]))),
        ("bad_header", cbor_bytes(&map(vec![]))),
        ("truncated", vec![]),
    ];
    for (at, (expect, frame)) in table.iter().enumerate() {
        assert_eq!(reason(frame), *expect, "row {at}");
    }
}

#[test]
fn signatures_are_of_this_commit_and_this_key() {
    let (_, _, signed) = honest();
    let unsigned = cbor_bytes(&map(signed.commit.clone()));
    let digest = *Cid::for_block(Codec::Raw, &unsigned).digest();
    let sign = |secret: u8, digest: &[u8]| -> k256::ecdsa::Signature {
        let key = k256::ecdsa::SigningKey::from_slice(&[secret; 32]).unwrap();
        key.sign_prehash(digest).unwrap()
    };
    let right = sign(7, &digest).normalize_s();
    let check = |sig: &[u8]| reason(&signed.frame_of(&signed.block_with(sig)));
    assert_eq!(check(&right.to_bytes()), "fine");
    assert_eq!(
        check(&sign(8, &digest).normalize_s().to_bytes()),
        "bad_signature"
    );
    assert_eq!(
        check(&sign(7, &[9; 32]).normalize_s().to_bytes()),
        "bad_signature"
    );
    // The same signature with the other s, which the curve's equation accepts.
    let high =
        k256::ecdsa::Signature::from_scalars(right.split_scalars().0, -*right.split_scalars().1);
    assert_eq!(check(&high.unwrap().to_bytes()), "bad_signature");
    assert_eq!(check(right.to_der().as_bytes()), "bad_signature");
    assert_eq!(check(&[]), "bad_signature");
    assert_eq!(
        check(&[&right.to_bytes()[..], &[0]].concat()),
        "bad_signature"
    );
    // Without a key nobody can say.
    let frame = signed.frame_of(&signed.block_with(&[0; 64]));
    let verified = verify::commit(&frame, None, Level::Full).unwrap();
    assert!(verified.inverted && !verified.signature);
}

/// Nodes as a host should not write them, under a commit that it signs.
#[test]
fn trees_that_break_the_rules_are_refused() {
    let (_, _, signed) = honest();
    let check_blocks = |blocks: Vec<Vec<u8>>| {
        let mut signed = signed.clone();
        let name = |block: Vec<u8>| (Cid::for_block(Codec::DagCbor, &block), block);
        let blocks: Vec<_> = blocks.into_iter().map(name).collect();
        field(&mut signed, "data", link(&blocks[0].0));
        signed.blocks.extend(blocks);
        reason(&signed.frame())
    };
    let check = |root: &Value, more: &[&Value]| {
        let blocks = std::iter::once(root).chain(more.iter().copied());
        check_blocks(blocks.map(cbor_bytes).collect())
    };
    let value = || link(&record(1).0);
    let entry = |prefix: u64, key: &[u8], right: Value| {
        map(vec![
            ("k", Value::Bytes(key.to_vec())),
            ("p", prefix.into()),
            ("t", right),
            ("v", value()),
        ])
    };
    let node =
        |entries: Vec<Value>, left: Value| map(vec![("e", Value::Array(entries)), ("l", left)]);
    let cid = |node: &Value| link(&Cid::for_block(Codec::DagCbor, &cbor_bytes(node)));
    // Of layer 0 and 1, as the community's list of keys has it.
    let (low, low_too, high) = (&b"A0/374913"[..], &b"D0/952776"[..], &b"B1/986427"[..]);
    let empty = node(vec![], Value::Null);
    let leaf = |key: &[u8]| node(vec![entry(0, key, Value::Null)], Value::Null);
    let bad = "bad_tree";
    // What is well-formed is judged by the ops, whose records are not in it.
    assert_eq!(check(&leaf(low), &[]), "op_mismatch");
    assert_eq!(check(&empty, &[]), "op_mismatch");
    // Order, within a node and across nodes.
    let two = |a, b| {
        node(
            vec![entry(0, a, Value::Null), entry(0, b, Value::Null)],
            Value::Null,
        )
    };
    assert_eq!(check(&two(low, low_too), &[]), "op_mismatch");
    assert_eq!(check(&two(low_too, low), &[]), bad);
    assert_eq!(check(&two(low, low), &[]), bad);
    let over = |left: Value, right: Value| node(vec![entry(0, high, right)], left);
    assert_eq!(
        check(&over(cid(&leaf(low)), Value::Null), &[&leaf(low)]),
        "op_mismatch"
    );
    assert_eq!(
        check(&over(Value::Null, cid(&leaf(low))), &[&leaf(low)]),
        bad
    );
    let after_high = over(Value::Null, cid(&leaf(low_too)));
    assert_eq!(check(&after_high, &[&leaf(low_too)]), "op_mismatch");
    // Layers.
    assert_eq!(check(&two(low, high), &[]), bad);
    let misplaced = leaf(b"A1/076595");
    assert_eq!(
        check(&over(cid(&misplaced), Value::Null), &[&misplaced]),
        bad
    );
    let below_all = node(vec![entry(0, low, cid(&leaf(low_too)))], Value::Null);
    assert_eq!(check(&below_all, &[&leaf(low_too)]), bad);
    // Empty nodes, and a top without a leaf.
    assert_eq!(check(&over(cid(&empty), Value::Null), &[&empty]), bad);
    assert_eq!(check(&node(vec![], cid(&leaf(low))), &[&leaf(low)]), bad);
    // Prefixes that are too long, too short, or of nothing; keys of no or too many bytes.
    assert_eq!(
        check(&node(vec![entry(1, low, Value::Null)], Value::Null), &[]),
        bad
    );
    assert_eq!(
        check(
            &node(vec![entry(u64::MAX, low, Value::Null)], Value::Null),
            &[]
        ),
        bad
    );
    assert_eq!(check(&leaf(b""), &[]), bad);
    assert_eq!(check(&leaf(&[b'a'; 2_000]), &[]), bad);
    // Fields missing, added, of another type, in another order.
    assert_eq!(check(&map(vec![("e", Value::Array(vec![]))]), &[]), bad);
    assert_eq!(
        check(
            &map(vec![("l", Value::Null), ("e", Value::Array(vec![]))]),
            &[]
        ),
        bad
    );
    assert_eq!(check(&node(vec![], 1.into()), &[]), bad);
    assert_eq!(check(&node(vec![Value::Null], Value::Null), &[]), bad);
    assert_eq!(check(&Value::Null, &[]), bad);
    // Written otherwise than DAG-CBOR writes it: bytes behind, a number longer than it need be.
    let honest_leaf = cbor_bytes(&leaf(low));
    assert_eq!(check_blocks(vec![honest_leaf.clone()]), "op_mismatch");
    assert_eq!(check_blocks(vec![[&honest_leaf[..], &[0]].concat()]), bad);
    let at = honest_leaf
        .windows(3)
        .position(|window| window == b"\x61p\x00");
    let (start, end) = honest_leaf.split_at(at.unwrap() + 2);
    assert_eq!(check_blocks(vec![[start, &[0x18], end].concat()]), bad);
}

/// The whole tree beside the proof is more than is needed, and no harm.
#[test]
fn blocks_that_are_not_needed_do_no_harm() {
    let (_, after, signed) = honest();
    let mut whole = signed.clone();
    whole.blocks = after
        .nodes
        .iter()
        .map(|node| (node.cid, node.block.clone()))
        .collect();
    whole.blocks.extend([record(300), record(400)]);
    assert_eq!(reason(&whole.frame()), "fine");
}

#[test]
fn syncs_are_of_this_account_and_not_newer_than_they_say() {
    let (_, _, signed) = honest();
    let key = SigningKey::from_did_key(&public()).unwrap();
    let block = signed.block();
    let check = |did: &str, rev: &str, block: &[u8], blocks: &[(Cid, Vec<u8>)]| {
        let root = Cid::for_block(Codec::DagCbor, block);
        let payload = map(vec![
            ("did", did.into()),
            ("rev", rev.into()),
            ("seq", 7.into()),
            ("blocks", Value::Bytes(car(&root, blocks))),
        ]);
        match verify::sync(&frame("#sync", &payload), Some(&key)) {
            Ok(verified) => {
                assert!(verified.signature && !verified.inverted);
                "fine"
            }
            Err(error) => error.reason(),
        }
    };
    let whole = |block: &[u8]| vec![(Cid::for_block(Codec::DagCbor, block), block.to_vec())];
    assert_eq!(check(ALICE, REV, &block, &whole(&block)), "fine");
    // After a move between hosts the frame's rev is newer.
    assert_eq!(
        check(ALICE, "3zzzzzzzzzzzz", &block, &whole(&block)),
        "fine"
    );
    assert_eq!(
        check(ALICE, "3aaaaaaaaaaaa", &block, &whole(&block)),
        "wrong_rev"
    );
    assert_eq!(check(BOB, REV, &block, &whole(&block)), "wrong_did");
    assert_eq!(check(ALICE, REV, &block, &[]), "missing_commit_block");
    let unsigned = signed.block_with(&[1; 64]);
    assert_eq!(
        check(ALICE, REV, &unsigned, &whole(&unsigned)),
        "bad_signature"
    );
    let mut bent = whole(&block);
    bent[0].1[10] ^= 1;
    assert_eq!(check(ALICE, REV, &block, &bent), "block_mismatch");
    let other = verify::sync(&signed.frame(), Some(&key));
    assert_eq!(other, Err(VerifyError::OtherMessage));
}

/// Half a megabyte of node that would unpack to nine of keys.
#[test]
fn keys_are_not_unpacked_without_bound() {
    let (_, _, mut signed) = honest();
    let keys = (0..).map(|n| format!("{}{n:06}", "a".repeat(1_000)));
    let keys: Vec<String> = keys.filter(|key| level(key) == 0).take(9_000).collect();
    let mut before = "";
    let mut entries = Vec::new();
    for key in &keys {
        let shared = before.bytes().zip(key.bytes()).take_while(|(a, b)| a == b);
        let shared = shared.count();
        entries.push(map(vec![
            ("k", Value::Bytes(key.as_bytes()[shared..].to_vec())),
            ("p", Value::from(shared as u64)),
            ("t", Value::Null),
            ("v", link(&record(1).0)),
        ]));
        before = key;
    }
    let mut check = |entries: &[Value]| {
        let entries = Value::Array(entries.to_vec());
        let block = cbor_bytes(&map(vec![("e", entries), ("l", Value::Null)]));
        let cid = Cid::for_block(Codec::DagCbor, &block);
        field(&mut signed, "data", link(&cid));
        signed.blocks.push((cid, block));
        reason(&signed.frame())
    };
    assert_eq!(check(&entries[..1_000]), "op_mismatch");
    assert_eq!(check(&entries), "tree_too_large");
}
