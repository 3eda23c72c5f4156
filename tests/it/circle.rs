//! Who is in the circle and why, who came and went, and the list of tracked accounts.

use std::collections::{BTreeMap, BTreeSet};

use kith_tests::{Database, Kith, expected::Expected, recordings};
use serde_json::Value;

/// A replayed recording, its circle of this depth, on each database there is.
fn replayed(depth: u8) -> Vec<(Kith, Database, Vec<String>)> {
    let case = &Expected::read(&recordings().expected).cases[0];
    let frames = recordings().expected.with_file_name(&case.frames);
    let path = frames.to_str().expect("test paths are text");
    let databases = [Some(Database::sqlite()), Database::postgres()];
    let replayed = databases.into_iter().flatten().map(|database| {
        let config = case.config(database.url(), &frames);
        let before = format!("depth = {}", case.parameters.depth);
        assert!(config.contains(&before), "{config}");
        let kith = Kith::new(&config.replace(&before, &format!("depth = {depth}")));
        let _ = kith.run(&["replay", "--frames", path]).expect_ok();
        (kith, database, case.track.clone())
    });
    replayed.collect()
}

fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().expect("a list").iter();
    list.map(|text| text.as_str().expect("a text").to_owned())
        .collect()
}

/// Every way along `follows` from a tracked account to `to`, of at most `depth` follows. No account
/// is twice on it, and a tracked one only begins it.
fn ways(
    follows: &BTreeMap<String, BTreeSet<String>>,
    tracked: &[String],
    to: &str,
    depth: usize,
) -> BTreeSet<Vec<String>> {
    let mut begun: Vec<Vec<String>> = tracked.iter().map(|did| vec![did.clone()]).collect();
    let mut found = BTreeSet::new();
    while let Some(way) = begun.pop() {
        let last = way.last().expect("never empty");
        if last == to {
            found.insert(way);
            continue;
        }
        if way.len() > depth || tracked.iter().any(|did| did == to) {
            continue;
        }
        for next in follows.get(last).into_iter().flatten() {
            if !way.contains(next) && !tracked.contains(next) {
                begun.push([way.as_slice(), std::slice::from_ref(next)].concat());
            }
        }
    }
    found
}

#[test]
fn every_member_is_explained_by_every_path() {
    for depth in [2, 3] {
        for (kith, database, tracked) in replayed(depth) {
            let mut follows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for pair in database.texts(
                "SELECT f.did || ' ' || s.did FROM follow r \
                 JOIN account f ON f.id = r.follower JOIN account s ON s.id = r.subject",
            ) {
                let (from, to) = pair.split_once(' ').expect("two DIDs");
                follows.entry(from.into()).or_default().insert(to.into());
            }
            let circle = kith.json(&["report", "circle"]);
            let members = circle.as_array().expect("a list");
            assert!(members.len() > 10, "{} members", members.len());
            // One in three: each is a run of the program.
            for member in members.iter().step_by(3) {
                let did = member["did"].as_str().expect("a DID");
                let said = kith.json(&["explain", did, "--limit", "10000"]);
                assert_eq!(said["did"], member["did"]);
                assert_eq!(said["hop"], member["hop"], "{did}");
                assert_eq!(said["reason"], Value::Null, "{did}");
                let paths = said["paths"].as_array().expect("a list");
                let lengths: Vec<usize> = paths.iter().map(|path| texts(path).len()).collect();
                assert!(lengths.is_sorted(), "{did}: {lengths:?}");
                let hop = usize::try_from(member["hop"].as_u64().expect("a hop"));
                assert_eq!(lengths[0], hop.expect("small") + 1, "{did}");
                let said: BTreeSet<Vec<String>> = paths.iter().map(texts).collect();
                assert_eq!(said.len(), paths.len(), "{did}: a path twice");
                let true_ways = ways(&follows, &tracked, did, usize::from(depth));
                assert_eq!(said, true_ways, "{did} at depth {depth}");

                let one = kith.json(&["explain", did, "--limit", "1"]);
                assert_eq!(one["paths"][0], paths[0], "{did}");
                assert_eq!(one["paths"].as_array().map(Vec::len), Some(1));
            }
        }
    }
}

#[test]
fn who_is_not_in_the_circle_is_told_why() {
    for (kith, database, _) in replayed(1) {
        let gone = database.texts(
            "SELECT did FROM account WHERE hop IS NULL AND id IN \
             (SELECT account FROM circle_change WHERE to_hop IS NULL) ORDER BY id",
        );
        assert!(!gone.is_empty(), "somebody left in the recording");
        for did in &gone {
            let said = kith.json(&["explain", did]);
            assert_eq!(said["reason"], "left", "{said}");
            assert_eq!(
                (&said["hop"], said["paths"].as_array().map(Vec::len)),
                (&Value::Null, Some(0))
            );
            let (left, entered) = (&said["left"], &said["entered"]);
            assert!(
                left["micros"].as_i64() >= entered["micros"].as_i64(),
                "{said}"
            );
            let record = left["record"].as_str().unwrap_or_default();
            let by = left["by"].as_str().expect("somebody's record");
            assert!(
                record.starts_with(&format!("at://{by}/app.bsky.graph.follow/")),
                "{said}"
            );
            let text = kith.run(&["explain", did]).expect_ok().stdout;
            assert!(
                text.contains("is not in the circle") && text.contains(record),
                "{text}"
            );
            let whose = "SELECT COALESCE(handle, did) FROM account WHERE did = ";
            for name in database.texts(&format!("{whose}'{by}'")) {
                assert!(text.contains(&name), "{name}: {text}");
            }
        }
        let outside = database.texts(
            "SELECT did FROM account WHERE hop IS NULL AND id NOT IN \
             (SELECT account FROM circle_change) ORDER BY id LIMIT 1",
        );
        for did in &outside {
            assert_eq!(kith.json(&["explain", did])["reason"], "not_followed");
        }
        let nobody = "did:plc:7777777777777777777nobdy";
        let said = kith.json(&["explain", nobody]);
        assert_eq!(
            (&said["reason"], &said["status"]),
            (&"unknown".into(), &Value::Null)
        );
        let _ = kith.run(&["explain", "did:no"]).expect_code(1);
        let _ = kith.run(&["explain", "nobody.example.com"]).expect_code(1);
        let _ = kith
            .run(&["explain", nobody, "--limit", "0"])
            .expect_code(1);

        let mut circle = kith.json(&["report", "circle"]);
        let skipped = circle
            .as_array_mut()
            .expect("a list")
            .pop()
            .expect("a member");
        let skipped = skipped["did"].as_str().expect("a DID");
        let path = kith.folder().join("kith.toml");
        let config = std::fs::read_to_string(&path).expect("the config");
        kith.configure(
            &config.replace("[circle]\n", &format!("[circle]\nskip = [\"{skipped}\"]\n")),
        );
        let case = &Expected::read(&recordings().expected).cases[0];
        let frames = recordings().expected.with_file_name(&case.frames);
        let frames = frames.to_str().expect("test paths are text");
        let _ = kith.run(&["replay", "--frames", frames]).expect_ok();
        let said = kith.json(&["explain", skipped]);
        assert_eq!(said["reason"], "skipped", "{said}");
        assert_eq!(said["hop"], Value::Null, "{said}");
    }
}

/// The record that moved an account is told for what it is: a follow of the account, or of another
/// on its way.
#[test]
fn an_explanation_says_whom_the_record_named() {
    for (kith, database, _) in replayed(2) {
        let said_of = |did: &str| kith.run(&["explain", did]).expect_ok().stdout;
        let entered = "FROM circle_change c JOIN account a ON a.id = c.account \
            JOIN account b ON b.id = c.by JOIN follow f ON f.follower = c.by AND f.rkey = c.rkey \
            JOIN account s ON s.id = f.subject \
            WHERE a.hop > 0 AND c.id = (SELECT MAX(x.id) FROM circle_change x \
            WHERE x.account = a.id AND x.from_hop IS NULL)";
        let name = |whose: &str| format!("COALESCE({whose}.handle, {whose}.did)");
        let [by, subject] = ["b", "s"].map(name);
        for (whose, whom) in [("=", "'this account'"), ("<>", subject.as_str())] {
            let list = database.texts(&format!(
                "SELECT a.did || '|entered|when ' || {by} || ' followed ' || {whom} || ' (record at://' \
                 {entered} AND f.subject {whose} a.id ORDER BY a.id"
            ));
            assert!(!list.is_empty(), "f.subject {whose} a.id");
            for line in list.iter().take(3) {
                let parts: Vec<&str> = line.split('|').collect();
                let said = said_of(parts[0]);
                let is_told = |line: &str| line.starts_with(parts[1]) && line.contains(parts[2]);
                assert!(said.lines().any(is_told), "{line}: {said}");
            }
            if whose == "<>" {
                let did = list[0].split('|').next().expect("a DID");
                let record = kith.json(&["explain", did])["entered"]["record"].clone();
                let rkey = record.as_str().and_then(|uri| uri.rsplit('/').next());
                let rkey = rkey.expect("a record's key");
                database.execute(&format!("DELETE FROM follow WHERE rkey = '{rkey}'"));
                let said = said_of(did);
                assert!(
                    said.contains(&format!("{rkey}, not held any more")),
                    "{said}"
                );
            }
        }
        let moved = database.texts(
            "SELECT a.did || ' moved (hop ' || c.from_hop || ' to ' || c.to_hop || ') 2' \
             FROM circle_change c JOIN account a ON a.id = c.account \
             WHERE c.from_hop >= 0 AND c.to_hop >= 0 \
             AND c.id = (SELECT MAX(x.id) FROM circle_change x WHERE x.account = a.id)",
        );
        for (did, words) in moved.iter().filter_map(|line| line.split_once(' ')) {
            let said = said_of(did);
            assert!(said.contains(words), "{words}: {said}");
        }
        assert!(!moved.is_empty(), "somebody moved in the recording");
    }
}

/// Two records of one follower are one follower.
#[test]
fn followers_at_the_edge_are_accounts() {
    for (kith, database, _) in replayed(1) {
        let ids = |of: &str| {
            database.texts(&format!(
                "SELECT CAST(MIN(id) AS TEXT) FROM account WHERE hop {of}"
            ))
        };
        let (edge, outside) = (ids("= 1").remove(0), ids("IS NULL").remove(0));
        database.execute(&format!("DELETE FROM follow WHERE subject = {outside}"));
        for rkey in ["3aaaaaaaaaaaa", "3bbbbbbbbbbbb"] {
            database.execute(&format!(
                "INSERT INTO follow (follower, rkey, subject) VALUES ({edge}, '{rkey}', {outside})"
            ));
        }
        let did = database
            .texts(&format!("SELECT did FROM account WHERE id = {outside}"))
            .remove(0);
        assert_eq!(kith.json(&["explain", &did])["followers_at_the_edge"], 1);
    }
}

/// Taken together, in their order, the changes are the circle.
#[test]
fn the_changes_add_up_to_the_circle() {
    for (kith, database, tracked) in replayed(2) {
        let mut changes = kith.json(&["report", "changes"]);
        let changes = changes.as_array_mut().expect("a list");
        changes.reverse();
        let mut circle = BTreeMap::new();
        let (mut left, mut by_record) = (0, 0);
        for change in changes.iter() {
            let did = change["did"].as_str().expect("a DID").to_owned();
            let word = match (change["from_hop"].as_i64(), change["to_hop"].as_i64()) {
                (None, Some(_)) => "entered",
                (Some(_), None) => "left",
                _ => "moved",
            };
            assert_eq!(change["change"], word, "{change}");
            assert_eq!(
                circle.get(&did).copied(),
                change["from_hop"].as_i64(),
                "{change}"
            );
            match change["to_hop"].as_i64() {
                Some(hop) => circle.insert(did, hop),
                None => circle.remove(&did),
            };
            left += usize::from(word == "left");
            if let Some(record) = change["record"].as_str() {
                by_record += 1;
                let by = change["by"].as_str().expect("whose record");
                assert!(record.starts_with(&format!("at://{by}/app.bsky.graph.follow/")));
            } else {
                assert!(
                    change["cause"] != "follow" && change["cause"] != "unfollow",
                    "{change}"
                );
            }
        }
        assert!(
            left > 0 && by_record > 20,
            "{left} left, {by_record} by a record"
        );
        let causes = changes.iter().filter(|change| change["cause"] == "track");
        let by_config: Vec<&str> = causes.filter_map(|change| change["did"].as_str()).collect();
        assert_eq!(by_config, tracked, "the tracked accounts entered first");
        let members = kith.json(&["report", "circle"]);
        let members = members.as_array().expect("a list").iter();
        let members =
            members.filter_map(|m| Some((m["did"].as_str()?.to_owned(), m["hop"].as_i64()?)));
        assert_eq!(circle, members.collect(), "{}", database.url());
        let table = kith.run(&["report", "changes", "--limit", "3"]).expect_ok();
        assert_eq!(table.stdout.lines().count(), 4, "{}", table.stdout);
    }
}

/// Who edits at the same time waits, or is told; what was said to be added is there.
#[test]
fn edits_at_once_lose_nothing() {
    let kith = Kith::new(
        "database = \"sqlite:kith.db\"\n[[circle.tracked]]\nid = \"alice.example.com\"\n",
    );
    let mut added = Vec::new();
    for round in 0..4 {
        let names: Vec<String> = (0..8)
            .map(|at| format!("account{at}of{round}.example.com"))
            .collect();
        let running: Vec<_> = names
            .iter()
            .map(|name| (name, kith.start(&["track", "add", name])))
            .collect();
        for (name, running) in running {
            let ran = running.wait();
            assert_eq!(ran.code(), Some(0), "{}", ran.stderr);
            added.push(name.clone());
        }
    }
    let list = kith.json(&["track", "list"]).to_string();
    for name in added {
        assert!(list.contains(&name), "{name} is lost");
    }
}

#[test]
fn the_list_of_tracked_accounts_is_edited_in_place() {
    let text = "# mine\ndatabase = \"sqlite:kith.db\"\n\n[circle]\ndepth = 1 # near\n\n\
                # a friend\n[[circle.tracked]]\nid = \"alice.example.com\"\n";
    let kith = Kith::new(text);
    let file = || std::fs::read_to_string(kith.folder().join("kith.toml")).expect("the config");
    let ran = kith
        .run(&["track", "add", "did:plc:bob", "--label", "Bob"])
        .expect_ok();
    assert!(
        ran.stderr.contains("a running service takes it up"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout, "");
    let added = format!("{text}\n[[circle.tracked]]\nid = \"did:plc:bob\"\nlabel = \"Bob\"\n");
    assert_eq!(file(), added);
    let list = kith.json(&["track", "list"]);
    let expected =
        r#"[{"id":"alice.example.com","label":null},{"id":"did:plc:bob","label":"Bob"}]"#;
    assert_eq!(list.to_string(), expected);

    for (args, told) in [
        (["add", "@Alice.example.com"], "tracked already"),
        (["add", "alice"], "\"alice\""),
        (["remove", "carol.example.com"], "not tracked"),
    ] {
        let ran = kith.run(&[&["track"], &args[..]].concat()).expect_code(1);
        assert!(ran.stderr.contains(told), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(file(), added, "what was refused changed nothing");
    let _ = kith
        .run(&["track", "remove", "alice.example.com"])
        .expect_ok();
    assert!(
        !file().contains("alice") && file().contains("# mine"),
        "{}",
        file()
    );
    let only = kith.run(&["track", "remove", "did:plc:bob"]).expect_code(1);
    assert!(
        only.stderr.contains("the only tracked account"),
        "{}",
        only.stderr
    );

    kith.configure("[circle]\ndepth = 9\n");
    let broken = kith.run(&["track", "list"]).expect_code(1);
    assert!(broken.stderr.contains("kith.toml:2:9"), "{}", broken.stderr);
}
