//! The same history once more: under the rules it had, whatever was edited meanwhile, and under others.

use kith_tests::{Database, Kith, assert_same};

use crate::verify::{EARLIER, Growing, assert_identical, config, databases, recording, replayed};

/// Without other rules the new database says what the old one does, on either side; with them it
/// says something else, which follows from its own journal too.
#[test]
fn the_same_history_under_other_rules() {
    for database in databases() {
        let kith = replayed(&database, "keep_checkpoints = 0\n");
        for other in databases() {
            let ran = kith.run(&["recompute", "--into", other.url()]);
            let _ = ran.expect_ok();
            assert_same(&other.contents(), &database.contents());
            let again = kith.run(&["recompute", "--into", other.url()]);
            assert!(again.expect_code(1).stderr.contains("already"));
        }
        // An edit since then is not what is asked.
        let edited = config(&database, "keep_checkpoints = 0\n");
        let edited = Kith::new(&edited.replace("pin_tracked = true", "pin_tracked = false"));
        let other = Database::sqlite();
        let _ = edited
            .run(&["recompute", "--into", other.url()])
            .expect_ok();
        assert_same(&other.contents(), &database.contents());
        let more = ["ledger.repeat=count", "ledger.max_likes_per_epoch=99999999"];
        let unused = Database::sqlite();
        let args = ["recompute", "--into", unused.url(), "--set", more[0]];
        let said = kith.run(&[&args[..], &["--set", more[1]]].concat());
        let said = said.expect_ok().stderr;
        assert_eq!(said.matches("cannot count now").count(), 2, "{said}");
        let assignments = kith.json(&["report", "assignments"]);
        for (sets, ticks_differ) in [
            (vec!["ledger.decay_percent=50"], false),
            (vec!["ledger.rule=reference", "ledger.like=50"], false),
            (vec!["ledger.pin_tracked=false", "ledger.keep_top=0"], false),
            (vec!["ledger.epoch=3s", "ledger.repeat=once"], true),
            (vec!["ledger.seed=43"], false),
        ] {
            let other = Database::sqlite();
            let mut args = vec!["recompute", "--into", other.url()];
            for set in &sets {
                args.extend(["--set", set]);
            }
            let _ = kith.run(&args).expect_ok();
            let there = Kith::new(&config(&other, ""));
            assert_identical(&there);
            assert_ne!(
                there.json(&["report", "assignments"]),
                assignments,
                "{sets:?}"
            );
            let ticks = |kith: &Kith| kith.json(&["status"])["ticks"].as_u64();
            assert_eq!(ticks(&there) != ticks(&kith), ticks_differ, "{sets:?}");
            let circle = |kith: &Kith| kith.json(&["report", "circle"]);
            assert_eq!(circle(&there), circle(&kith));
        }
        for gone in ["sqlite::memory:", "sqlite:x.db?mode=memory", "nothing"] {
            let said = kith.run(&["recompute", "--into", gone]).expect_code(1);
            assert!(said.stderr.contains("--into: "), "{}", said.stderr);
        }
        let wrong = [
            "recompute",
            "--into",
            "sqlite:x.db",
            "--set",
            "circle.depth=1",
        ];
        let _ = kith.run(&wrong).expect_code(1);
    }
}

/// What is edited between two starts is in the journal, so that the history is the same when it is computed
/// again: nothing is asked to be other than it was.
#[test]
fn edits_of_the_ledger_are_part_of_its_history() {
    let growing = Growing::new();
    let all = growing.all.len();
    let edits: [(&str, &str); 6] = [
        ("like = 100", "like = 50"),
        ("repeat = \"once\"", "repeat = \"count\""),
        ("seed = 42", "seed = 42\nrepost = 30"),
        ("rule = \"systematic\"", "rule = \"reference\""),
        ("pin_tracked = true", "pin_tracked = false"),
        ("epoch = \"5s\"", "epoch = \"3s\""),
    ];
    for (before, after) in edits {
        let database = Database::sqlite();
        let first = config(&database, "keep_checkpoints = 0\n");
        let edited = first.replacen(before, after, 1);
        assert_ne!(first, edited, "{before}");
        let kith = Kith::new(&first);
        for (frames, config) in [(EARLIER / 2, &first), (EARLIER, &edited), (all, &first)] {
            kith.configure(config);
            growing.replay(&kith, frames);
        }
        assert_identical(&kith);
        let rules = "SELECT COUNT(*) FROM journal WHERE kind = 6";
        let expected = if before.starts_with("pin") { 1 } else { 3 };
        assert_eq!(database.number(rules), expected, "{after}");
        let other = Database::sqlite();
        let ran = kith.run(&["recompute", "--into", other.url()]);
        let _ = ran.expect_ok();
        assert_same(&other.contents(), &database.contents());
    }
}

/// Who is pinned gets its number by its first like, also where an earlier one is left out.
#[test]
fn what_is_left_out_gives_no_numbers() {
    let with = |points| {
        let database = Database::sqlite();
        let first = config(&database, "keep_checkpoints = 0\n");
        let kith = Kith::new(&first.replacen("seed = 42", &format!("seed = 42\n{points}"), 1));
        let frames = recording();
        let frames = frames.to_str().expect("test paths are text");
        let _ = kith.run(&["replay", "--frames", frames]).expect_ok();
        (kith, database)
    };
    let journal = |database: &Database| {
        let mut contents = database.contents();
        contents.retain(|row| row.starts_with("journal "));
        contents
    };
    let (kith, database) = with("repost = 10");
    let (_, fresh) = with("repost = 0");
    assert_ne!(journal(&database), journal(&fresh));
    let other = Database::sqlite();
    let args = [
        "recompute",
        "--into",
        other.url(),
        "--set",
        "ledger.repost=0",
    ];
    let _ = kith.run(&args).expect_ok();
    assert_eq!(journal(&other), journal(&fresh));
}
