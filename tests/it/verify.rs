//! The store proves itself: a value bent in any table is named; what is dropped was not needed.

use std::path::PathBuf;

use kith_tests::{Database, Kith, assert_same, expected::Expected, frames, recordings};

/// Both databases, as far as this machine has them.
pub(crate) fn databases() -> impl Iterator<Item = Database> {
    [Some(Database::sqlite()), Database::postgres()]
        .into_iter()
        .flatten()
}

/// A recording with ticks under rule systematic, small batches, and one author who wants no points.
pub(crate) fn config(database: &Database, more: &str) -> String {
    let case = &Expected::read(&recordings().expected).cases[3];
    let config = case.config(database.url(), &recording());
    let opt_out = format!("opt_out = [\"{}\"]\n[[circle.tracked]]", case.track[1]);
    config.replacen("[[circle.tracked]]", &opt_out, 1)
        + "[store]\nbatch_operations = 20\nbatch_milliseconds = 20\ncheckpoint = \"100ms\"\n"
        + more
}

pub(crate) fn recording() -> PathBuf {
    recordings().first
}

pub(crate) fn replayed(database: &Database, more: &str) -> Kith {
    let kith = Kith::new(&config(database, more));
    let frames = recording();
    let frames = frames.to_str().expect("test paths are text");
    let _ = kith.run(&["replay", "--frames", frames]).expect_ok();
    kith
}

#[track_caller]
pub(crate) fn assert_identical(kith: &Kith) {
    let said = kith.run(&["verify", "--json"]);
    assert_eq!(said.code(), Some(0), "{}\n{}", said.stdout, said.stderr);
    let said = said.json();
    let keys: Vec<_> = said.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["differences", "identical", "position"]);
    assert_eq!(said["identical"], true);
    assert!(said["position"].as_u64() > Some(100), "{said}");
}

/// So many frames at the end of the recording are of its last epoch, with likes among them.
const LATER: usize = 40;

/// So many frames are of the epochs but the last ones.
pub(crate) const EARLIER: usize = 640;

/// A change, how it is taken back, the table, and the column that is to be named.
const BENDS: [(&str, &str, &str, &str); 69] = [
    (
        "INSERT INTO ledger_number (ledger_id, account) VALUES (9999, 9999)",
        "DELETE FROM ledger_number WHERE ledger_id = 9999",
        "ledger_number",
        "account",
    ),
    (
        "UPDATE journal SET sink_points = sink_points + 1 WHERE position = 20",
        "UPDATE journal SET sink_points = sink_points - 1 WHERE position = 20",
        "journal",
        "sink_points",
    ),
    (
        "UPDATE journal SET outcome = outcome + 7 WHERE position = 20",
        "UPDATE journal SET outcome = outcome - 7 WHERE position = 20",
        "journal",
        "outcome",
    ),
    (
        "UPDATE journal SET epoch = epoch + 1 WHERE position = 20",
        "UPDATE journal SET epoch = epoch - 1 WHERE position = 20",
        "journal",
        "epoch",
    ),
    (
        "UPDATE journal SET points = points + 1 WHERE position = 20",
        "UPDATE journal SET points = points - 1 WHERE position = 20",
        "journal",
        "pieces",
    ),
    (
        "UPDATE journal SET kind = kind + 90 WHERE position = 20",
        "UPDATE journal SET kind = kind - 90 WHERE position = 20",
        "journal",
        "kind",
    ),
    (
        "UPDATE ledger_account SET own = own + 1 WHERE id = 5",
        "UPDATE ledger_account SET own = own - 1 WHERE id = 5",
        "ledger_account",
        "own",
    ),
    (
        "UPDATE ledger_account SET tally = tally + 1 WHERE id = 5",
        "UPDATE ledger_account SET tally = tally - 1 WHERE id = 5",
        "ledger_account",
        "tally",
    ),
    (
        "UPDATE assignment SET points = points + 1 WHERE holder = 9",
        "UPDATE assignment SET points = points - 1 WHERE holder = 9",
        "assignment",
        "points",
    ),
    (
        "UPDATE unclaimed SET sender = sender + 1",
        "UPDATE unclaimed SET sender = sender - 1",
        "unclaimed",
        "sender",
    ),
    (
        "UPDATE flow SET points = points + 1 WHERE epoch = (SELECT MIN(epoch) FROM flow)",
        "UPDATE flow SET points = points - 1 WHERE epoch = (SELECT MIN(epoch) FROM flow)",
        "flow",
        "points",
    ),
    (
        "UPDATE epoch SET decayed = decayed + 1 WHERE ordinal = 2",
        "UPDATE epoch SET decayed = decayed - 1 WHERE ordinal = 2",
        "epoch",
        "decayed",
    ),
    (
        "UPDATE epoch SET minted = minted + 1 WHERE ordinal = 3",
        "UPDATE epoch SET minted = minted - 1 WHERE ordinal = 3",
        "epoch",
        "minted",
    ),
    (
        "UPDATE history SET received = received + 1 WHERE received > 0",
        "UPDATE history SET received = received - 1 WHERE received > 0",
        "history",
        "received",
    ),
    (
        "UPDATE history SET tally = tally + 1 WHERE rank = 1",
        "UPDATE history SET tally = tally - 1 WHERE rank = 1",
        "history",
        "tally",
    ),
    (
        "UPDATE history SET rank = rank + 1 WHERE rank > 3",
        "UPDATE history SET rank = rank - 1 WHERE rank > 3",
        "history",
        "rank",
    ),
    (
        "UPDATE counter SET value = value + 1 WHERE name = 'likes.accepted'",
        "UPDATE counter SET value = value - 1 WHERE name = 'likes.accepted'",
        "counter",
        "value",
    ),
    (
        "UPDATE account SET hop = hop + 1 WHERE hop = 0",
        "UPDATE account SET hop = 0 WHERE id IN (SELECT account FROM tracked)",
        "account",
        "hop",
    ),
    (
        "INSERT INTO skipped (account) SELECT MIN(account) FROM tracked",
        "DELETE FROM skipped",
        "account",
        "hop",
    ),
    (
        "INSERT INTO skipped (account) VALUES (99999999)",
        "DELETE FROM skipped",
        "skipped",
        "account",
    ),
    (
        "UPDATE ledger_number SET ledger_id = ledger_id + 1000 WHERE ledger_id = 3",
        "UPDATE ledger_number SET ledger_id = ledger_id - 1000 WHERE ledger_id = 1003",
        "ledger_number",
        "ledger_id",
    ),
    (
        "UPDATE circle_change SET to_hop = to_hop + 1 WHERE id = 1",
        "UPDATE circle_change SET to_hop = to_hop - 1 WHERE id = 1",
        "circle_change",
        "to_hop",
    ),
    (
        "UPDATE state SET ticks = ticks + 1",
        "UPDATE state SET ticks = ticks - 1",
        "state",
        "ticks",
    ),
    (
        "UPDATE state SET epoch_base = epoch_base + 1",
        "UPDATE state SET epoch_base = epoch_base - 1",
        "state",
        "epoch of clock_micros",
    ),
    (
        "UPDATE state SET checkpoint_position = position + 1",
        "UPDATE state SET checkpoint_position = position",
        "state",
        "checkpoint_position",
    ),
    (
        "UPDATE kept_checkpoint SET position = position + 1",
        "UPDATE kept_checkpoint SET position = position - 1",
        "kept_checkpoint",
        "position",
    ),
    (
        "UPDATE kept_image SET holder = 1000 - holder WHERE holder IN (4, 5); \
         UPDATE kept_image SET holder = holder - 991 WHERE holder > 900",
        "UPDATE kept_image SET holder = 1000 - holder WHERE holder IN (4, 5); \
         UPDATE kept_image SET holder = holder - 991 WHERE holder > 900",
        "kept_image",
        "image",
    ),
    (
        "CREATE TABLE saved AS SELECT * FROM kept_image WHERE holder = 5; \
         DELETE FROM kept_image WHERE holder = 5",
        "INSERT INTO kept_image SELECT * FROM saved; DROP TABLE saved",
        "kept_image",
        "*",
    ),
    (
        "CREATE TABLE saved AS SELECT * FROM ledger_account; DELETE FROM ledger_account",
        "INSERT INTO ledger_account SELECT * FROM saved; DROP TABLE saved",
        "ledger_account",
        "*",
    ),
    (
        "CREATE TABLE saved AS SELECT * FROM history; UPDATE history SET rank = NULL",
        "DELETE FROM history; INSERT INTO history SELECT * FROM saved; DROP TABLE saved",
        "history",
        "rank",
    ),
    (
        "CREATE TABLE saved AS SELECT * FROM history; UPDATE history SET rank = NULL WHERE rank = 2",
        "DELETE FROM history; INSERT INTO history SELECT * FROM saved; DROP TABLE saved",
        "history",
        "rank",
    ),
    (
        "CREATE TABLE saved AS SELECT * FROM state; UPDATE state SET epoch = NULL",
        "UPDATE state SET epoch = (SELECT epoch FROM saved); DROP TABLE saved",
        "state",
        "epoch or clock_micros",
    ),
    (
        "CREATE TABLE saved AS SELECT * FROM state; UPDATE state SET clock_micros = NULL",
        "UPDATE state SET clock_micros = (SELECT clock_micros FROM saved); DROP TABLE saved",
        "state",
        "epoch or clock_micros",
    ),
    (
        "CREATE TABLE saved AS SELECT * FROM state; \
         UPDATE state SET clock_micros = (SELECT MAX(micros) - 1 FROM journal)",
        "UPDATE state SET clock_micros = (SELECT clock_micros FROM saved); DROP TABLE saved",
        "state",
        "clock_micros",
    ),
    (
        "CREATE TABLE saved AS SELECT * FROM state; UPDATE state SET epoch = NULL; \
         UPDATE history SET rank = rank + 1 WHERE rank > 3",
        "UPDATE state SET epoch = (SELECT epoch FROM saved); DROP TABLE saved; \
         UPDATE history SET rank = rank - 1 WHERE rank > 4",
        "history",
        "rank",
    ),
    (
        "UPDATE state SET history_epoch = 999999999999",
        "UPDATE state SET history_epoch = NULL",
        "state",
        "history_epoch",
    ),
    (
        "UPDATE state SET history_epoch = epoch",
        "UPDATE state SET history_epoch = NULL",
        "history",
        "*",
    ),
    (
        "UPDATE state SET dropped_position = 20",
        "UPDATE state SET dropped_position = 0",
        "journal",
        "*",
    ),
    (
        "UPDATE ledger_account SET position = position + 1000000 WHERE id = 5",
        "UPDATE ledger_account SET position = position - 1000000 WHERE id = 5",
        "ledger_account",
        "position",
    ),
    (
        "UPDATE kept_image SET position = position + 1000000 WHERE holder = 5",
        "UPDATE kept_image SET position = position - 1000000 WHERE holder = 5",
        "kept_image",
        "position",
    ),
    (
        "UPDATE kept_checkpoint SET ordinal = ordinal + 100",
        "UPDATE kept_checkpoint SET ordinal = ordinal - 100",
        "kept_checkpoint",
        "ordinal",
    ),
    (
        "UPDATE kept_image SET ordinal = ordinal + 100",
        "UPDATE kept_image SET ordinal = ordinal - 100",
        "kept_image",
        "*",
    ),
    (
        "CREATE TABLE saved AS SELECT * FROM history; \
         UPDATE history SET rank = 3, own = NULL WHERE rank = 1",
        "DELETE FROM history; INSERT INTO history SELECT * FROM saved; DROP TABLE saved",
        "history",
        "rank",
    ),
    (
        "INSERT INTO history (holder, epoch) VALUES (5, 1)",
        "DELETE FROM history WHERE epoch = 1",
        "history",
        "*",
    ),
    (
        "UPDATE account SET since_micros = since_micros + 1 WHERE hop = 1",
        "UPDATE account SET since_micros = since_micros - 1 WHERE hop = 1",
        "account",
        "since_micros",
    ),
    (
        "UPDATE counter SET value = value + 5 WHERE name = 'checkpoint.images'",
        "UPDATE counter SET value = value - 5 WHERE name = 'checkpoint.images'",
        "counter",
        "value",
    ),
    (
        "CREATE TABLE saved AS SELECT * FROM account WHERE id = 10; DELETE FROM account WHERE id = 10",
        "INSERT INTO account SELECT * FROM saved; DROP TABLE saved",
        "account",
        "id",
    ),
    (
        "UPDATE history SET given = given + 1 WHERE given > 0",
        "UPDATE history SET given = given - 1 WHERE given > 0",
        "history",
        "given",
    ),
    (
        "UPDATE history SET own = own + 1 WHERE rank = 1",
        "UPDATE history SET own = own - 1 WHERE rank = 1",
        "history",
        "own",
    ),
    (
        "UPDATE history SET tracked = tracked + 1 WHERE rank = 1",
        "UPDATE history SET tracked = tracked - 1 WHERE rank = 1",
        "history",
        "tracked",
    ),
    (
        "UPDATE history SET hop = hop + 1 WHERE rank = 1",
        "UPDATE history SET hop = hop - 1 WHERE rank = 1",
        "history",
        "hop",
    ),
    (
        "UPDATE unclaimed SET points = points + 1",
        "UPDATE unclaimed SET points = points - 1",
        "unclaimed",
        "points",
    ),
    (
        "UPDATE assignment SET touched = 7 WHERE holder = 9",
        "UPDATE assignment SET touched = NULL WHERE holder = 9",
        "assignment",
        "touched",
    ),
    (
        "INSERT INTO tracked (account) VALUES (99999999)",
        "DELETE FROM tracked WHERE account = 99999999",
        "tracked",
        "account",
    ),
    (
        "INSERT INTO forgotten (account, micros) VALUES (99999999, 0)",
        "DELETE FROM forgotten WHERE account = 99999999",
        "forgotten",
        "account",
    ),
    (
        "INSERT INTO follow (follower, rkey, subject) VALUES (5, 'bent', 99999999)",
        "DELETE FROM follow WHERE subject = 99999999",
        "follow",
        "subject",
    ),
    (
        "INSERT INTO repo (account, rev) VALUES (99999999, '3kaaaaaaaaaaa')",
        "DELETE FROM repo WHERE account = 99999999",
        "repo",
        "account",
    ),
    (
        "INSERT INTO block (blocker, rkey, subject) VALUES (99999999, 'bent', 5)",
        "DELETE FROM block WHERE blocker = 99999999",
        "block",
        "blocker",
    ),
    (
        "INSERT INTO block (blocker, rkey, subject) VALUES (5, 'bent', 99999999)",
        "DELETE FROM block WHERE subject = 99999999",
        "block",
        "subject",
    ),
    (
        "INSERT INTO backfill (account, state, reason, attempts, not_before_micros) VALUES (99999999, 'queued', 'bent', 0, 0)",
        "DELETE FROM backfill WHERE account = 99999999",
        "backfill",
        "account",
    ),
    (
        "INSERT INTO backfill (account, state, reason, attempts, not_before_micros, gap) VALUES (5, 'queued', 'bent', 0, 0, 99999999)",
        "DELETE FROM backfill WHERE reason = 'bent'",
        "backfill",
        "gap",
    ),
    (
        "INSERT INTO gap (id, kind, account, accounts, accounts_left, opened_micros, likes_found, follows_changed, blocks_changed) VALUES (1, 'bent', 99999999, 1, 1, 0, 0, 0, 0)",
        "DELETE FROM gap WHERE id = 1",
        "gap",
        "account",
    ),
    (
        "INSERT INTO identity (account, fetched_micros) VALUES (99999999, 0)",
        "DELETE FROM identity WHERE account = 99999999",
        "identity",
        "account",
    ),
    (
        "INSERT INTO handle_lookup (account, attempts) VALUES (99999999, 1)",
        "DELETE FROM handle_lookup WHERE account = 99999999",
        "handle_lookup",
        "account",
    ),
    (
        "INSERT INTO status_event (account, micros, source) VALUES (99999999, 1, 'bent')",
        "DELETE FROM status_event WHERE account = 99999999",
        "status_event",
        "account",
    ),
    (
        "INSERT INTO bootstrap_account (account, read_micros, likes, capped) VALUES (99999999, 0, 0, 0)",
        "DELETE FROM bootstrap_account WHERE account = 99999999",
        "bootstrap_account",
        "account",
    ),
    (
        "INSERT INTO bootstrap_like (tid, account, record, author, post, nonce) VALUES (1, 99999999, 1, 5, 'bent', 0)",
        "DELETE FROM bootstrap_like WHERE tid = 1",
        "bootstrap_like",
        "account",
    ),
    (
        "INSERT INTO bootstrap_like (tid, account, record, author, post, nonce) VALUES (1, 5, 1, 99999999, 'bent', 0)",
        "DELETE FROM bootstrap_like WHERE tid = 1",
        "bootstrap_like",
        "author",
    ),
    (
        "INSERT INTO dropped_like (sender, record, rkey, epoch) VALUES (99999999, 1, 'bent', 1)",
        "DELETE FROM dropped_like WHERE sender = 99999999",
        "dropped_like",
        "sender",
    ),
];

/// Tables whose rows are somebody's; they are told with names.
const BY_ACCOUNT: [&str; 7] = [
    "assignment",
    "circle_change",
    "flow",
    "history",
    "kept_image",
    "ledger_account",
    "unclaimed",
];

#[test]
fn a_value_bent_in_any_table_is_named() {
    for database in databases() {
        let kith = replayed(&database, "keep_checkpoints = 2\n");
        assert_identical(&kith);
        for (bend, back, table, column) in BENDS {
            database.execute(bend);
            let said = kith.run(&["verify", "--json"]).expect_code(1);
            let said = said.json();
            assert_eq!(said["identical"], false, "{bend}");
            let differences = said["differences"].as_array().expect("a list");
            let names_accounts = BY_ACCOUNT.contains(&table);
            let is_named = |d: &serde_json::Value| {
                let row = d["row"].as_str().expect("a row");
                let has_names = row.contains("did:plc:") || row.ends_with("sink");
                d["table"] == table && d["column"] == column && (has_names || !names_accounts)
            };
            assert!(
                differences.iter().any(is_named),
                "{table}.{column} is not named after {bend} on {}: {said:#}",
                database.url()
            );
            assert!(differences.len() <= 100);
            database.execute(back);
        }
        assert_identical(&kith);
        let _ = kith.run(&["verify", "--kept"]).expect_ok();
        // One that came during the sweep has an image, too, and the tick did not count it.
        database.execute(
            "UPDATE kept_checkpoint SET accounts = (SELECT MAX(holder) FROM kept_image \
             WHERE kept_image.ordinal = kept_checkpoint.ordinal)",
        );
        let _ = kith.run(&["verify", "--kept"]).expect_ok();
    }
}

/// Bends of what was asked, the table, and the column that is to be named.
const BENDS_ASKED: [(&str, &str, &str); 6] = [
    (
        "UPDATE request SET points = points + 1 WHERE kind = 'claim'",
        "request",
        "points",
    ),
    (
        "UPDATE request SET points = points + 1 WHERE kind = 'forget'",
        "request",
        "points",
    ),
    (
        "UPDATE request SET operations = operations + 1 WHERE kind = 'claim'",
        "request",
        "operations",
    ),
    (
        "UPDATE request SET position = position - 1 WHERE kind = 'forget'",
        "request",
        "position",
    ),
    (
        "UPDATE request SET did = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb' WHERE kind = 'forget'",
        "request",
        "answer",
    ),
    ("DELETE FROM forgotten", "forgotten", "account"),
];

/// What was claimed and who was forgotten is in the journal: the answers say the same.
#[test]
fn an_answer_that_is_bent_is_named() {
    for database in databases() {
        let kith = replayed(&database, "");
        let claimant = &Expected::read(&recordings().expected).cases[3].track[1];
        let _ = kith.run(&["claim", claimant, "--all"]).expect_ok();
        let points = "SELECT a.did FROM ledger_account l JOIN numbered n ON n.ledger_id = l.id \
             JOIN account a ON a.id = n.id WHERE a.hop > 0 AND l.tally > 0 ORDER BY l.id";
        let victim = database.texts(points).remove(0);
        let _ = kith.run(&["forget", &victim]).expect_ok();
        assert_identical(&kith);
        database.execute(
            "CREATE TABLE saved_request AS SELECT * FROM request; \
             CREATE TABLE saved_forgotten AS SELECT * FROM forgotten",
        );
        for (bend, table, column) in BENDS_ASKED {
            database.execute(bend);
            let said = kith.run(&["verify", "--json"]).expect_code(1).json();
            let differences = said["differences"].as_array().expect("a list");
            let is_named = |d: &serde_json::Value| d["table"] == table && d["column"] == column;
            assert!(
                differences.iter().any(is_named),
                "{table}.{column} is not named after {bend} on {}: {said:#}",
                database.url()
            );
            database.execute(
                "DELETE FROM request; INSERT INTO request SELECT * FROM saved_request; \
                 DELETE FROM forgotten; INSERT INTO forgotten SELECT * FROM saved_forgotten",
            );
        }
        assert_identical(&kith);
    }
}

/// An edit that no writer has taken up says nothing of what is stored.
#[test]
fn who_is_skipped_is_verified_as_it_was_written() {
    for database in databases() {
        let kith = replayed(&database, "");
        let members = |kith: &Kith| {
            let circle = kith.json(&["report", "circle"]);
            let members = circle.as_array().expect("a list").clone();
            members
                .into_iter()
                .map(|row| (row["did"].clone(), row["hop"].clone()))
        };
        let (someone, _) = members(&kith).find(|(_, hop)| *hop == 1).expect("a member");
        let skip = format!("[circle]\nskip = [{someone}]\n");
        let edited = Kith::new(&config(&database, "").replacen("[circle]\n", &skip, 1));
        assert_identical(&edited);
        let frames = recording();
        let frames = frames.to_str().expect("test paths are text");
        let _ = edited.run(&["replay", "--frames", frames]).expect_ok();
        assert!(members(&edited).all(|(did, _)| did != someone));
        assert_identical(&edited);
        assert_identical(&kith);
    }
}

/// Verifying is of one moment, whatever is written meanwhile.
#[test]
fn it_verifies_beside_a_writer() {
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let long = scratch.path().join("long.frames");
    let once = frames::read(&recording());
    frames::write(&long, std::iter::repeat_n(&once, 60).flatten()).expect("can be written");
    for database in databases() {
        let kith = Kith::new(&config(&database, "keep_checkpoints = 1\n"));
        let path = long.to_str().expect("test paths are text");
        let mut running = kith.start(&["replay", "--frames", path]);
        running.until("a journal", || {
            let ran = kith.run(&["status", "--json"]);
            let position = (ran.code() == Some(0)).then(|| ran.json())?;
            (position["journal"]["position"].as_u64()? > 0).then_some(())
        });
        let mut verified = 0;
        while running.is_running() {
            let said = kith.run(&["verify", "--json"]).expect_ok().json();
            assert_eq!(said["identical"], true, "{said:#}");
            verified += 1;
        }
        assert!(verified > 0);
        let _ = running.wait().expect_ok();
        assert_identical(&kith);
    }
}

/// A recording that grows.
pub(crate) struct Growing {
    folder: tempfile::TempDir,
    pub(crate) all: Vec<Vec<u8>>,
}

impl Growing {
    pub(crate) fn new() -> Growing {
        Growing {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            all: frames::read(&recording()),
        }
    }

    /// Replays it with so many of its frames.
    pub(crate) fn replay(&self, kith: &Kith, frames: usize) {
        let file = self.folder.path().join("growing.frames");
        frames::write(&file, &self.all[..frames]).expect("can be written");
        let file = file.to_str().expect("test paths are text");
        let _ = kith.run(&["replay", "--frames", file]).expect_ok();
    }
}

/// Old journal goes once a kept checkpoint covers it; everything else stays as it would be, also
/// after images are lost. The history goes on after the kept checkpoint: the file has grown.
#[test]
fn what_is_dropped_was_not_needed() {
    let growing = Growing::new();
    let all = growing.all.len();
    for (database, whole) in databases().zip(databases()) {
        let more = "keep_checkpoints = 1\nretain = 1\n";
        let kith = Kith::new(&config(&database, more));
        growing.replay(&kith, all - LATER);
        growing.replay(&kith, all);
        let later = database.number(
            "SELECT COUNT(*) FROM journal WHERE kind = 1 \
             AND position > (SELECT MAX(position) FROM kept_image)",
        );
        assert!(later > 5, "{later} likes after the kept checkpoint");
        let other = Kith::new(&config(&whole, "keep_checkpoints = 0\n"));
        growing.replay(&other, all);
        let rows = "SELECT COUNT(*) FROM journal WHERE kind = 1";
        let likes = "SELECT COUNT(*) FROM dropped_like";
        let (kept, dropped) = (database.number(rows), database.number(likes));
        assert!(dropped > 10 && kept > 0, "{kept} kept, {dropped} dropped");
        assert_eq!(kept + dropped, whole.number(rows));
        let status = kith.json(&["status"]);
        assert!(
            status["journal"]["dropped_position"].as_u64() > Some(0),
            "{status:#}"
        );
        assert!(
            status["database"]["bytes"].as_u64() > Some(10_000),
            "{status:#}"
        );
        assert_identical(&kith);
        let _ = kith.run(&["verify", "--kept"]).expect_ok();
        let without_journal = |database: &Database| {
            let mut contents = database.contents();
            let is_dropped = ["journal ", "dropped_like "];
            contents.retain(|row| !is_dropped.iter().any(|table| row.starts_with(table)));
            contents
        };
        assert_same(&without_journal(&database), &without_journal(&whole));

        for table in ["assignment", "unclaimed", "ledger_account"] {
            database.execute(&format!("DELETE FROM {table}"));
        }
        growing.replay(&kith, all);
        assert_same(&without_journal(&database), &without_journal(&whole));
        assert_identical(&kith);
        let _ = other.run(&["verify"]).expect_ok();
        let ran = kith.run(&["recompute", "--into", "sqlite:what-if.db"]);
        assert!(ran.stderr.contains("was dropped"), "{}", ran.stderr);
        assert!(!kith.folder().join("what-if.db").exists(), "a part is left");
    }
}

/// A ledger that is made again from a kept checkpoint counts what later ticks did once, though they had
/// been counted when the images that are lost were made.
#[test]
fn what_is_made_again_is_counted_once() {
    let growing = Growing::new();
    let all = growing.all.len();
    for (database, whole) in databases().zip(databases()) {
        // The last ticks come when no checkpoint is kept any more.
        let kith = Kith::new(&config(&database, "keep_checkpoints = 1\nretain = 1\n"));
        growing.replay(&kith, EARLIER);
        kith.configure(&config(&database, "keep_checkpoints = 0\n"));
        growing.replay(&kith, all);
        let kept = database.number("SELECT MAX(ordinal) FROM kept_checkpoint WHERE complete = 1");
        let ticks = database.number("SELECT ticks FROM state");
        assert!(kept > 0 && kept < ticks, "kept at {kept} of {ticks}");
        assert!(database.number("SELECT COUNT(*) FROM dropped_like") > 0);

        for table in ["assignment", "unclaimed", "ledger_account"] {
            database.execute(&format!("DELETE FROM {table}"));
        }
        growing.replay(&kith, all);
        assert_identical(&kith);
        let undisturbed = replayed(&whole, "keep_checkpoints = 0\n");
        let epochs = |kith: &Kith| kith.json(&["report", "epochs"]);
        assert_eq!(epochs(&kith), epochs(&undisturbed));
    }
}

/// Without the one row by which everything else is read, nothing is.
#[test]
fn a_lost_state_is_told() {
    for (database, is_journal_gone) in databases().zip([true, false]) {
        let kith = replayed(&database, "");
        database.execute("DELETE FROM state");
        if is_journal_gone {
            database.execute("DELETE FROM journal");
        }
        let frames = recording();
        let frames = frames.to_str().expect("test paths are text");
        for command in [&["verify"][..], &["replay", "--frames", frames]] {
            let said = kith.run(command).expect_code(2);
            assert!(said.stderr.contains("table state"), "{}", said.stderr);
        }
    }
}

#[test]
fn a_backup_is_the_whole_database_at_one_moment() {
    let database = Database::sqlite();
    let kith = replayed(&database, "");
    let copy = kith.folder().join("copy.db");
    let _ = kith.run(&["backup", "copy.db"]).expect_ok();
    let _ = kith.run(&["backup", "copy.db"]).expect_code(1);
    // What a killed database left beside the name would be read into the copy.
    std::fs::write(kith.folder().join("other.db-wal"), "left").expect("can be written");
    let refused = kith.run(&["backup", "other.db"]).expect_code(1);
    assert!(
        refused.stderr.contains("other.db-wal"),
        "{}",
        refused.stderr
    );
    let restored = Database::at(&format!("sqlite:{}", copy.display()));
    assert_same(&restored.contents(), &database.contents());
    let there = Kith::new(&config(&restored, ""));
    assert_identical(&there);
    let frames = recording();
    let frames = frames.to_str().expect("test paths are text");
    let _ = there.run(&["replay", "--frames", frames]).expect_ok();
    assert_same(&restored.contents(), &database.contents());

    if let Some(database) = Database::postgres() {
        let kith = Kith::new(&config(&database, ""));
        let said = kith.run(&["backup", "copy.dump"]).expect_code(1).stderr;
        assert!(said.contains("pg_dump"), "{said}");
        assert!(!said.contains("not-for-any-log"), "{said}");
    }
}
