//! Claims, accounts that are forgotten, and opting out: with a service and without one, on both
//! databases, and whatever is killed meanwhile.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kith_tests::{Database, Kith, Running, Signal, assert_same, frames, project, recordings};
use serde_json::Value;

/// Two tracked accounts, and one that opted out: see `examples/recording.toml`.
const OPTED_OUT: &str = "did:plc:bdnr6r6dm2nv67ow46s2yoxs";
const TRACKED: &str = "did:plc:xgcmvr2q5axie2fmg33jtqgp";
const NOBODY: &str = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa";

fn databases() -> impl Iterator<Item = Database> {
    [Some(Database::sqlite()), Database::postgres()]
        .into_iter()
        .flatten()
}

/// A folder with the example's configuration, on a database.
fn configured(database: &Database) -> Kith {
    let file = project().join("examples/recording.toml");
    let config = std::fs::read_to_string(file).expect("an example");
    let own = config.replace("sqlite:recording.db", database.url());
    assert_ne!(own, config);
    Kith::new(&own)
}

fn replay(kith: &Kith, file: &Path) {
    let path = file.to_str().expect("test paths are text");
    let _ = kith.run(&["replay", "--frames", path]).expect_ok();
}

/// The recording in two files, of the first frames and of the others.
fn halves(kith: &Kith) -> [PathBuf; 2] {
    let all = frames::read(&recordings().first);
    let (first, second) = all.split_at(all.len() / 2);
    [("first", first), ("second", second)].map(|(name, part)| {
        let file = kith.folder().join(name).with_extension("frames");
        frames::write(&file, part).expect("written");
        file
    })
}

fn rows(kith: &Kith, report: &str) -> Vec<Value> {
    let rows = kith.json(&["report", report]);
    rows.as_array().expect("a list").clone()
}

fn text<'v>(row: &'v Value, column: &str) -> &'v str {
    row[column].as_str().unwrap_or_default()
}

/// What waits for the account that opted out, oldest first: senders.
fn senders(kith: &Kith) -> Vec<String> {
    let mut bundles: Vec<_> = rows(kith, "unclaimed")
        .iter()
        .filter(|row| text(row, "receiver") == OPTED_OUT)
        .map(|row| (row["entry"].as_i64(), text(row, "sender").to_owned()))
        .collect();
    bundles.sort();
    bundles.into_iter().map(|(_, sender)| sender).collect()
}

fn account(kith: &Kith, did: &str) -> Value {
    let all = rows(kith, "accounts");
    let found = all.into_iter().find(|row| text(row, "did") == did);
    found.unwrap_or_else(|| panic!("{did} is in the ledger"))
}

/// Everything follows from the journal, and no point was made or lost.
fn is_sound(kith: &Kith) {
    let verified = kith.run(&["verify"]);
    assert_eq!(verified.code(), Some(0), "{}", verified.stdout);
    // The newest row has what is left over all.
    let epochs = rows(kith, "epochs");
    assert_eq!(epochs[0]["residual"], 0, "{}", epochs[0]);
}

/// Runs a command that is refused; what it says.
fn refused(kith: &Kith, command: &[&str]) -> String {
    kith.run(command).expect_code(1).stderr
}

#[test]
fn what_waits_is_claimed_by_place_by_sender_and_all() {
    for database in databases() {
        let kith = configured(&database);
        replay(&kith, &recordings().first);
        let waiting = senders(&kith);
        let first = waiting.first().expect("something waits").clone();
        let other = waiting.iter().find(|sender| **sender != first);
        let other = other.expect("bundles of two senders").clone();
        let before = account(&kith, OPTED_OUT)["tally"].as_i64().expect("points");

        // Rejections have names, and change nothing but the journal.
        let far = waiting.len().to_string();
        let said = refused(&kith, &["claim", OPTED_OUT, "--entry", &far]);
        let whole = "SELECT COUNT(*) FROM state WHERE checkpoint_position = position";
        assert_eq!(database.number(whole), 1, "so that the books are compared");
        assert!(
            said.contains("no such bundle") && said.contains("unclaimed"),
            "{said}"
        );
        let journaled = "SELECT COUNT(*) FROM journal WHERE kind = 3 AND outcome <> 0";
        assert_eq!(database.number(journaled), 1);
        for (command, why) in [
            (
                ["claim", OPTED_OUT, "--entry", "0", "--from", &other],
                "no such bundle",
            ),
            (
                ["claim", NOBODY, "--all", "--wait", "30", "--json"],
                "never took part",
            ),
            (
                ["claim", TRACKED, "--all", "--wait", "30", "--csv"],
                "unexpected argument",
            ),
            (
                ["claim", OPTED_OUT, "--from", TRACKED, "--entry", "99"],
                "no such bundle",
            ),
            (
                ["claim", OPTED_OUT, "--from", NOBODY, "--wait", "30"],
                "nothing of did:plc:aaaa",
            ),
            (
                ["claim", OPTED_OUT, "--all", "--entry", "1", "--json"],
                "cannot be used with",
            ),
        ] {
            let said = refused(&kith, &command);
            assert!(said.contains(why), "{command:?}: {said}");
        }
        let said = refused(&kith, &["claim", OPTED_OUT]);
        assert!(said.contains("--all"), "one says what is claimed: {said}");
        assert_eq!(senders(&kith), waiting);
        assert_eq!(database.number(journaled), 1);

        let claimed = kith.json(&["claim", OPTED_OUT, "--entry", "0", "--from", &first]);
        assert_eq!(claimed["answer"], "done", "{claimed}");
        assert_eq!(
            (&claimed["operations"], &claimed["kind"]),
            (&1.into(), &"claim".into())
        );
        assert_eq!(senders(&kith), waiting[1..]);
        let claimed = kith.json(&["claim", OPTED_OUT, "--from", &other]);
        assert!(claimed["points"].as_i64() > Some(0), "{claimed}");
        let left: Vec<_> = waiting[1..]
            .iter()
            .filter(|s| **s != other)
            .cloned()
            .collect();
        assert_eq!(senders(&kith), left);
        let said = kith.run(&["claim", OPTED_OUT, "--all"]).expect_ok().stdout;
        let words = format!("claimed {} bundles", left.len());
        assert!(left.len() > 1 && said.contains(&words), "{said}");
        assert_eq!(senders(&kith), [""; 0]);
        let claimed = "SELECT CAST(SUM(points) AS BIGINT) FROM request WHERE answer = 'done'";
        let points = database.number(claimed);
        let after = account(&kith, OPTED_OUT)["tally"].as_i64().expect("points");
        assert!(points > 0);
        assert_eq!(after, before + points, "what was claimed is held");
        let said = refused(&kith, &["claim", OPTED_OUT, "--all"]);
        assert!(said.contains("nothing waits"), "{said}");
        is_sound(&kith);
    }
}

/// A service that has read its file and waits for requests.
fn service(kith: &Kith, database: &Database) -> Running {
    let mut running = kith.start(&["run"]);
    running.until("everything to be read", || {
        let read = "SELECT COUNT(*) FROM source WHERE cursor >= SIZE";
        let size = std::fs::metadata(recordings().first).expect("a file").len();
        let ran = kith.run(&["status", "--json"]);
        let read = read.replace("SIZE", &size.to_string());
        // What waits is of the checkpoint.
        (ran.code() == Some(0) && database.number(&read) == 1 && !senders(kith).is_empty())
            .then_some(())
    });
    running
}

/// The example's configuration with the recording as a source of `kith run`.
fn with_source(database: &Database) -> Kith {
    let kith = configured(database);
    let config = std::fs::read_to_string(kith.folder().join("kith.toml")).expect("a config");
    let path = recordings().first;
    let source = format!(
        "[[source]]\nkind = \"file\"\npath = \"{}\"\n",
        path.display()
    );
    let store = "[store]\ncheckpoint = \"200ms\"\nbatch_milliseconds = 100\n";
    kith.configure(&format!("{config}\n{source}{store}"));
    kith
}

#[test]
fn a_running_service_answers() {
    for database in databases() {
        let kith = with_source(&database);
        let running = service(&kith, &database);
        let waiting = senders(&kith);
        let claimed = kith.json(&["claim", OPTED_OUT, "--from", &waiting[0]]);
        assert_eq!(claimed["answer"], "done", "{claimed}");
        assert!(
            running.stderr().contains("request taken"),
            "{}",
            running.stderr()
        );
        let said = refused(&kith, &["claim", NOBODY, "--all"]);
        assert!(said.contains("never took part"), "{said}");
        let said = refused(&kith, &["forget", TRACKED]);
        assert!(said.contains("kith track remove"), "{said}");
        // Left to the service, and looked for by its number.
        let left = kith.json(&["claim", OPTED_OUT, "--all", "--later"]);
        assert_eq!(left["answer"], Value::Null, "{left}");
        let mut running = running;
        running.until("the answer", || {
            let done = "SELECT COUNT(*) FROM request WHERE answer = 'done'";
            (database.number(done) == 2).then_some(())
        });
        let _ = running.stop(Signal::Term).expect_ok();
        assert_eq!(senders(&kith), [""; 0]);
        is_sound(&kith);
    }
}

/// Requests are made while a service is killed again and again: each is answered once, and what
/// comes of them all is what comes of them in peace.
#[test]
fn every_request_is_taken_once_whatever_is_killed() {
    for database in databases() {
        let peaceful = Database::sqlite();
        let [kith, other] = [&database, &peaceful].map(with_source);
        let _ = service(&kith, &database).stop(Signal::Term).expect_ok();
        let _ = service(&other, &peaceful).stop(Signal::Term).expect_ok();
        let bundles = senders(&kith);
        let all: BTreeSet<_> = bundles.iter().cloned().collect();
        assert!(all.len() > 3, "{} senders", all.len());
        let victim = rows(&kith, "circle");
        let victim = victim
            .iter()
            .find(|row| row["hop"] == 1 && text(row, "did") != OPTED_OUT);
        let victim = text(victim.expect("a member"), "did").to_owned();
        let mut requests: Vec<Vec<&str>> = all
            .iter()
            .filter(|sender| **sender != victim)
            .map(|sender| vec!["claim", OPTED_OUT, "--from", sender, "--later"])
            .collect();
        requests.push(vec!["forget", &victim, "--later"]);
        requests.push(vec!["claim", NOBODY, "--all", "--later"]);

        for request in &requests {
            let _ = other.run(request).expect_ok();
        }
        let mut kills = 0;
        for (n, request) in (0_u64..).zip(&requests) {
            let running = kith.start(&["run"]);
            // Before, while and after it is asked; a service looks twice a second.
            std::thread::sleep(Duration::from_millis(n * 211 % 500));
            let _ = kith.run(request).expect_ok();
            std::thread::sleep(Duration::from_millis(n * 137 % 700));
            let _ = running.stop(Signal::Kill);
            kills += 1;
        }
        assert!(kills > 4, "{kills} kills");
        let waits = "SELECT COUNT(*) FROM request WHERE answer IS NULL";
        for (kith, database) in [(&kith, &database), (&other, &peaceful)] {
            let mut running = kith.start(&["run"]);
            running.until("all answers", || {
                (database.number(waits) == 0).then_some(())
            });
            let _ = running.stop(Signal::Term).expect_ok();
            is_sound(kith);
        }
        let answers = "SELECT kind || did || COALESCE(sender, '') || answer || \
            COALESCE(operations, 0) || ' ' || COALESCE(points, 0) FROM request ORDER BY id";
        assert_eq!(database.texts(answers), peaceful.texts(answers));
        assert_same(&database.contents(), &peaceful.contents());
        let claims = "SELECT COUNT(*) FROM journal WHERE kind = 3";
        let of_victim = bundles.iter().filter(|sender| **sender == victim).count();
        assert_eq!(
            usize::try_from(database.number(claims)).expect("a count"),
            bundles.len() - of_victim
        );
    }
}

/// A member that has points and gave some in the first half, and is in most likes of the second.
fn somebody_lively(first: &Path) -> String {
    let database = Database::sqlite();
    let kith = configured(&database);
    replay(&kith, first);
    let candidates = database.texts(
        "SELECT a.did FROM numbered a JOIN ledger_account l ON l.id = a.ledger_id \
         WHERE a.hop > 0 AND l.tally > 0 AND a.id IN (SELECT follower FROM follow) \
         AND a.ledger_id IN (SELECT origin FROM assignment)",
    );
    let half = database.number("SELECT MAX(position) FROM journal");
    replay(&kith, &recordings().first);
    let likes = |did: &String| {
        database.number(&format!(
            "SELECT COUNT(*) FROM journal j JOIN numbered a ON a.ledger_id IN (j.sender, j.receiver) \
             WHERE a.did = '{did}' AND j.outcome = 0 AND j.position > {half}"
        ))
    };
    let most = candidates.into_iter().max_by_key(likes);
    let most = most.expect("somebody has points");
    assert!(likes(&most) > 2, "{} likes", likes(&most));
    most
}

#[test]
fn who_is_forgotten_is_emptied_and_never_met_again() {
    for database in databases() {
        let kith = configured(&database);
        let [first, second] = halves(&kith);
        let did = somebody_lively(&first);
        replay(&kith, &first);
        let before = account(&kith, &did);
        let given = format!(
            "SELECT COUNT(*) FROM assignment s JOIN numbered a ON a.ledger_id = s.origin \
             WHERE a.did = '{did}'"
        );
        let records = format!(
            "SELECT COUNT(*) FROM follow f JOIN account a ON a.id = f.follower WHERE a.did = '{did}'"
        );
        assert!(
            before["tally"].as_i64() > Some(0) && before["hop"].is_number(),
            "{before}"
        );
        assert!(database.number(&given) > 0 && database.number(&records) > 0);
        for (whom, why) in [
            (TRACKED, "kith track remove"),
            (NOBODY, "nothing is known"),
            ("alice.example.com", "write the account's DID"),
        ] {
            let said = refused(&kith, &["forget", whom]);
            assert!(said.contains(why), "{whom}: {said}");
        }
        let undo = ["forget", did.as_str(), "--undo"];
        assert!(refused(&kith, &undo).contains("was not forgotten"));

        let said = kith.json(&["forget", &did]);
        assert_eq!(
            (&said["answer"], &said["points"]),
            (&"done".into(), &before["tally"])
        );
        assert!(refused(&kith, &["forget", &did]).contains("forgotten already"));
        let empty = account(&kith, &did);
        assert_eq!((&empty["tally"], &empty["hop"]), (&0.into(), &Value::Null));
        assert_eq!(empty["handle"], Value::Null, "its name is gone, too");
        assert_eq!((database.number(&given), database.number(&records)), (0, 0));
        let why = kith.json(&["explain", &did]);
        assert_eq!(why["reason"], "forgotten", "{why}");
        is_sound(&kith);

        // What comes later passes it by, also after a restart.
        let position = database.number("SELECT MAX(position) FROM journal");
        replay(&kith, &second);
        let likes = format!(
            "SELECT COUNT(*) FROM journal j JOIN numbered a ON a.ledger_id IN (j.sender, j.receiver) \
             WHERE a.did = '{did}' AND j.position > {position}"
        );
        assert_eq!(database.number(&likes), 0);
        assert!(database.number("SELECT MAX(position) FROM journal") > position + 20);
        assert_eq!(database.number(&records), 0);
        let after = account(&kith, &did);
        assert_eq!(
            (&after["tally"], &after["handle"]),
            (&0.into(), &Value::Null)
        );
        is_sound(&kith);
        // Under other rules it stays out as well.
        let elsewhere = Database::sqlite();
        let _ = kith
            .run(&["recompute", "--into", elsewhere.url()])
            .expect_ok();
        let other = configured(&elsewhere);
        assert_eq!(account(&other, &did)["hop"], Value::Null);
        is_sound(&other);
        let _ = kith.run(&undo).expect_ok();
        is_sound(&kith);
        assert!(
            account(&kith, &did)["hop"].is_number(),
            "others follow it still"
        );
    }
}

#[test]
fn who_opts_out_is_sent_points_that_wait() {
    let database = Database::sqlite();
    let kith = configured(&database);
    let [first, second] = halves(&kith);
    let did = somebody_lively(&first);
    replay(&kith, &first);
    let waiting = |kith: &Kith| {
        let all = rows(kith, "unclaimed");
        all.iter()
            .filter(|row| text(row, "receiver") == did)
            .count()
    };
    assert_eq!(waiting(&kith), 0);
    let _ = kith.run(&["opt-out", "add", &did]).expect_ok();
    assert!(refused(&kith, &["opt-out", "add", &did]).contains("opted out already"));
    let list = kith
        .run(&["opt-out", "list", "--format", "csv"])
        .expect_ok()
        .stdout;
    assert_eq!(list.lines().collect::<Vec<_>>(), ["id", OPTED_OUT, &did]);
    replay(&kith, &second);
    assert!(waiting(&kith) > 0, "likes to it wait");
    let _ = kith.run(&["opt-out", "remove", &did]).expect_ok();
    assert!(refused(&kith, &["opt-out", "remove", &did]).contains("has not opted out"));
    let text = std::fs::read_to_string(kith.folder().join("kith.toml")).expect("a config");
    assert!(
        text.contains("# likes to user037 wait"),
        "comments stay:\n{text}"
    );
    let claimed = kith.json(&["claim", &did, "--all"]);
    assert!(claimed["operations"].as_i64() > Some(0), "{claimed}");
    assert_eq!(waiting(&kith), 0);
    is_sound(&kith);
}

/// Who asks for it again is told that it was done with this.
#[test]
fn what_was_left_for_later_is_told_with_the_next() {
    let database = Database::sqlite();
    let kith = configured(&database);
    replay(&kith, &recordings().first);
    let all = ["claim", OPTED_OUT, "--all"];
    let _ = kith.run(&[&all[..], &["--later"]].concat()).expect_ok();
    let said = refused(&kith, &all);
    assert!(
        said.contains("note: request 1: ") && said.contains(" claimed "),
        "{said}"
    );
    assert!(said.contains("nothing waits"), "{said}");
}

/// Somebody may copy the file: what was asked for without a service is in it, and not beside it.
#[test]
fn what_is_asked_without_a_service_is_in_the_file() {
    let database = Database::sqlite();
    let kith = configured(&database);
    replay(&kith, &recordings().first);
    let forgotten = account(&kith, OPTED_OUT);
    let _ = kith.run(&["forget", text(&forgotten, "did")]).expect_ok();
    let file = database.url().trim_start_matches("sqlite:");
    let copy = kith.folder().join("copy.db");
    std::fs::copy(file, &copy).expect("copied");
    let there = Database::at(&format!("sqlite:{}", copy.display()));
    assert_eq!(there.number("SELECT COUNT(*) FROM forgotten"), 1);
    assert_same(&there.contents(), &database.contents());
}
