//! The community's vectors for trees, and whole repos of real accounts.

use super::node::{common_prefix, level};
use super::tree::Tree;
use super::{VerifyError, checked_blocks, root_commit};
use crate::wire::{Blocks, Cid};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A file of the data that others made, beside the project; `None` when the folder is not there.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn shared(path: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    if folder.is_dir() {
        return Some(folder.join(path));
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{} is missing, and CI must not skip it",
        folder.display()
    );
    eprintln!("skipped: {} is not there", folder.display());
    None
}

fn cases(path: &str) -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(shared(path)?).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(!cases.is_empty());
    Some(cases)
}

#[test]
fn keys_live_on_the_layers_that_the_vectors_say() {
    let Some(cases) = cases("interop/mst/key_heights.json") else {
        return;
    };
    for case in cases {
        let key = case["key"].as_str().unwrap();
        assert_eq!(
            Some(u64::from(level(key.as_bytes()))),
            case["height"].as_u64(),
            "{key}"
        );
    }
    // The digit in these keys is their layer.
    let path = shared("interop/mst/example_keys.txt").unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.lines().count() > 100);
    for key in text.lines() {
        let digit = key.chars().nth(1).and_then(|digit| digit.to_digit(10));
        assert_eq!(Some(u32::from(level(key.as_bytes()))), digit, "{key}");
    }
}

#[test]
fn common_prefixes_are_as_long_as_the_vectors_say() {
    let Some(cases) = cases("interop/mst/common_prefix.json") else {
        return;
    };
    for case in cases {
        let text = |name: &str| case[name].as_str().unwrap().as_bytes();
        let length = common_prefix(text("left"), text("right")) as u64;
        assert_eq!(Some(length), case["len"].as_u64(), "{case}");
    }
}

/// Reads a whole repo: did and rev of its commit, the root of its tree, and its records by path.
fn repo(car: &[u8]) -> ([String; 3], BTreeMap<String, Cid>) {
    let blocks = checked_blocks(car).unwrap();
    let commit = root_commit(&blocks).unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let said = [text(commit.did), text(commit.rev), commit.data.to_string()];
    (said, records(&blocks, &commit.data))
}

/// The records under a root. What is built anew from them must be the same tree.
fn records(blocks: &Blocks<'_>, root: &Cid) -> BTreeMap<String, Cid> {
    let tree = Tree::read(blocks, root).unwrap();
    let records: BTreeMap<String, Cid> = tree
        .leaves()
        .map(|(key, value)| (String::from_utf8(key.to_vec()).unwrap(), value))
        .collect();
    assert_eq!(tree.undo(&[]).unwrap().root(), Ok(*root));
    assert!(records.values().all(|cid| blocks.find(cid).is_some()));
    records
}

#[test]
fn a_repo_of_production_has_the_records_listed() {
    let Some(folder) = shared("interop/production") else {
        return;
    };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (commit, records) = repo(&std::fs::read(folder.join("repo.car")).unwrap());
    let described = read("car_expected_commit.txt");
    let line = |name: &str| {
        let line = described.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().to_owned()
    };
    assert_eq!(commit, [line("DID:"), line("Revision:"), line("Data CID:")]);
    let listed: BTreeMap<String, Cid> = read("car_expected_records.tsv")
        .lines()
        .map(|line| {
            let (path, cid) = line.split_once('\t').unwrap();
            (path.to_owned(), Cid::parse(cid).unwrap())
        })
        .collect();
    assert!(!listed.is_empty());
    assert_eq!(records, listed);
}

#[test]
fn repos_of_a_reference_pds_are_trees() {
    for (name, account) in [
        ("getRepo-active", "did:plc:sxmei4ym4fsfdyeu4nxhimby"),
        ("getRepo-moved-new-host", "did:plc:nmjnezh4sfk7dvtifqiymoye"),
    ] {
        let Some(path) = shared(&format!("network/samples/{name}.car")) else {
            return;
        };
        let ([did, _, _], records) = repo(&std::fs::read(path).unwrap());
        assert_eq!(did, account);
        let follow = |path: &String| path.starts_with("app.bsky.graph.follow/");
        assert!(records.keys().any(follow));
    }
}

/// A repo of 2023, with commits of version 2: those are refused, its tree is as trees still are.
#[test]
fn a_repo_of_an_older_version_is_a_tree_under_a_commit_that_is_refused() {
    let Some(path) = shared("interop/indigo/paul_staging.repo.car") else {
        return;
    };
    let car = std::fs::read(path).unwrap();
    let blocks = checked_blocks(&car).unwrap();
    let refused = root_commit(&blocks).err();
    assert_eq!(refused, Some(VerifyError::BadCommitBlock));
    let block = blocks.find(&blocks.root().unwrap()).unwrap();
    let commit: ciborium::Value = ciborium::from_reader(block).unwrap();
    let fields = commit.as_map().unwrap().iter();
    let mut data = fields.filter(|(name, _)| name.as_text() == Some("data"));
    let (_, link) = data.next().unwrap();
    let link = link.as_tag().unwrap().1.as_bytes().unwrap();
    let records = records(&blocks, &Cid::from_bytes(&link[1..]).unwrap());
    assert!(records.len() > 50, "{} records", records.len());
}
