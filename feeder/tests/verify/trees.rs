//! Commits of any trees: honest ones verify with the least that they must carry, and whatever
//! they say too little of, or say wrongly, is noticed.

use crate::data::shared;
use crate::model::{Op, Signed, Tree, public, record};
use kith_feeder::verify::{self, Level, SigningKey, Verified, VerifyError};
use kith_feeder::wire::Cid;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

const ALL: Verified = Verified {
    signature: true,
    inverted: true,
};

fn full(signed: &Signed) -> Result<Verified, VerifyError> {
    let key = SigningKey::from_did_key(&public()).unwrap();
    verify::commit(&signed.frame(), Some(&key), Level::Full)
}

fn strings(case: &Value, name: &str) -> Vec<String> {
    let list = case[name].as_array().unwrap().iter();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_communitys_proofs_are_enough_and_no_block_of_them_is_too_much() {
    let Some(path) = shared("interop/firehose/commit-proof-fixtures.json") else {
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let cid = |name: &str| Cid::parse(case[name].as_str().unwrap()).unwrap();
        let value = cid("leafValue");
        let of = |keys: Vec<String>| {
            Tree::of(
                &keys
                    .into_iter()
                    .map(|key| (key, value))
                    .collect::<BTreeMap<_, _>>(),
            )
        };
        let (adds, dels) = (strings(&case, "adds"), strings(&case, "dels"));
        let mut keys = strings(&case, "keys");
        let before = of(keys.clone());
        keys.extend(adds);
        keys.retain(|key| !dels.contains(key));
        let after = of(keys);
        assert_eq!(before.root, cid("rootBeforeCommit"), "{case}");
        assert_eq!(after.root, cid("rootAfterCommit"), "{case}");
        // No block is known that hashes to the leaves' CID: the same trees with a known record,
        // node by node, stand for them.
        let rebuilt = |tree: &Tree| {
            let records = tree.records.keys().map(|key| (key.clone(), record(1).0));
            Tree::of(&records.collect())
        };
        let named: Vec<Cid> = strings(&case, "blocksInProof")
            .iter()
            .map(|text| Cid::parse(text).unwrap())
            .collect();
        let (before_again, after_again) = (rebuilt(&before), rebuilt(&after));
        let proof: Vec<_> = after
            .nodes
            .iter()
            .zip(&after_again.nodes)
            .filter(|(node, _)| named.contains(&node.cid))
            .map(|(_, node)| (node.cid, node.block.clone()))
            .collect();
        assert_eq!(proof.len(), named.len(), "{case}");
        let mut signed = Signed::between(&before_again, &after_again, &[record(1)]);
        let records = signed.blocks.iter().filter(|(cid, _)| *cid == record(1).0);
        let records: Vec<_> = records.cloned().collect();
        signed.blocks = [proof.clone(), records.clone()].concat();
        assert_eq!(full(&signed), Ok(ALL), "{case}");
        for left_out in 0..proof.len() {
            let mut less = proof.clone();
            less.remove(left_out);
            signed.blocks = [less, records.clone()].concat();
            let outcome = full(&signed);
            assert!(outcome.is_err() || outcome == Ok(ALL), "{case} {outcome:?}");
        }
    }
}

/// Keys that lie close together, so that they share prefixes and nodes.
fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a.b.c/", "a.b.cd/", "app.bsky.feed.like/3k"])
        .prop_flat_map(|collection| (0..400u16).prop_map(move |n| format!("{collection}{n}")))
}

fn records() -> impl Strategy<Value = BTreeMap<String, u64>> {
    prop::collection::btree_map(key(), 0..5u64, 0..120)
}

fn changes() -> impl Strategy<Value = BTreeMap<String, Option<u64>>> {
    prop::collection::btree_map(key(), prop::option::of(5..9u64), 0..12)
}

/// The trees before and after, and the honest commit between them.
fn commit(
    before: &BTreeMap<String, u64>,
    changes: &BTreeMap<String, Option<u64>>,
) -> (Tree, Tree, Signed) {
    let mut after = before.clone();
    // Every other deletion is of a key that is there.
    let present: Vec<String> = before.keys().cloned().collect();
    for (at, (key, change)) in changes.iter().enumerate() {
        match change {
            Some(number) => after.insert(key.clone(), *number),
            None if present.is_empty() => None,
            None => after.remove(&present[at * 37 % present.len()]),
        };
    }
    let tree = |numbers: &BTreeMap<String, u64>| {
        Tree::of(
            &numbers
                .iter()
                .map(|(key, n)| (key.clone(), record(*n).0))
                .collect(),
        )
    };
    let (before, after) = (tree(before), tree(&after));
    let blocks: Vec<_> = (0..9).map(record).collect();
    let signed = Signed::between(&before, &after, &blocks);
    (before, after, signed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn honest_commits_verify(before in records(), changes in changes(), shuffle in any::<u64>()) {
        let (_, _, mut signed) = commit(&before, &changes);
        // In whatever order the ops and the blocks come.
        let turn = |length: usize| usize::try_from(shuffle % (length.max(1) as u64)).unwrap();
        let (ops, blocks) = (turn(signed.ops.len()), turn(signed.blocks.len()));
        signed.ops.rotate_left(ops);
        signed.blocks.rotate_left(blocks);
        prop_assert_eq!(full(&signed), Ok(ALL));
    }

    #[test]
    fn a_block_left_out_is_noticed_or_was_not_needed(
        before in records(), changes in changes(), which in any::<prop::sample::Index>()
    ) {
        let (_, _, mut signed) = commit(&before, &changes);
        prop_assume!(!signed.blocks.is_empty());
        signed.blocks.remove(which.index(signed.blocks.len()));
        let outcome = full(&signed);
        let incomplete = matches!(
            outcome,
            Err(VerifyError::IncompleteTree | VerifyError::MissingRecord)
        );
        prop_assert!(incomplete || outcome == Ok(ALL), "{outcome:?}");
    }

    #[test]
    fn an_op_left_out_or_made_up_is_noticed(
        before in records(),
        changes in changes(),
        which in any::<prop::sample::Index>(),
        made_up in key(),
        kind in 0..4,
    ) {
        let (before, after, mut signed) = commit(&before, &changes);
        prop_assume!(!signed.ops.is_empty());
        let at = which.index(signed.ops.len());
        let (old, new) = (record(6).0, record(7).0);
        match kind {
            0 => drop(signed.ops.remove(at)),
            1 => signed.ops.push(Op { action: "delete", path: made_up, cid: None, prev: Some(old) }),
            2 => signed.ops.push(Op { action: "create", path: made_up, cid: Some(new), prev: None }),
            // As if nothing had been there, or something else.
            _ => match &mut signed.ops[at] {
                op if op.prev.is_some() => op.prev = Some(record(10).0),
                op => { op.action = "update"; op.prev = Some(old) }
            },
        }
        // All nodes at hand: what is missing is no excuse.
        signed.blocks.extend(after.nodes.iter().map(|node| (node.cid, node.block.clone())));
        signed.blocks.extend((0..9).map(record));
        prop_assert_eq!(signed.prev_data, Some(before.root));
        prop_assert!(full(&signed).is_err());
    }
}
