//! Killed without a word, again and again, and stalled, while a real host brings events.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use kith_tests::{Database, Kith, Network, Populate, Signal, wait_until};

use crate::metrics::{self, ask};

/// How often it is killed.
const KILLS: u32 = 30;

/// A Kith that is killed thirty times while a host is populated has, in the end, the journal and
/// the circle of one that read a recording of the same frames in peace.
#[test]
fn a_service_killed_thirty_times_misses_nothing_and_doubles_nothing() {
    let Some(network) = Network::start() else {
        return;
    };
    let beside = Kith::new(&config(&network, &Database::sqlite(), TRACKED_NOBODY));
    let recorder = beside.start(&["record", "frames.bin"]);
    let population = network.start_populating(Populate::default());
    let tracked = wait_until("the first account", || network.resolve("user000.pds1.test"));

    let database = Database::sqlite();
    let kith = Kith::new(&config(&network, &database, &tracked));
    let mut moment = 7_u64;
    let mut kills = 0;
    while kills < KILLS {
        let mut running = kith.start(&["run"]);
        moment = moment
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        sleep(Duration::from_millis(100 + (moment >> 33) % 900));
        assert!(
            running.is_running(),
            "it ended by itself:\n{}",
            running.stderr()
        );
        let _ = running.stop(Signal::Kill);
        kills += 1;
    }
    let _ = population.wait();
    let frames = beside.folder().join("frames.bin");
    let bytes = || std::fs::metadata(&frames).map_or(0, |file| file.len());
    wait_until("a quiet recording", || {
        unchanged_for(Duration::from_secs(5), bytes)
    });
    let ended = recorder.stop(Signal::Term).expect_ok();
    let last = ended.stderr.split("last_seq=").nth(1);
    let last = last.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    let last = last.unwrap_or_else(|| panic!("no last_seq in {}", ended.stderr));
    let mut running = kith.start(&["run"]);
    running.until("everything to be read", || {
        (cursor(&kith)? >= last).then_some(())
    });
    let _ = running.stop(Signal::Term).expect_ok();

    let undisturbed = Database::sqlite();
    let other = Kith::new(&config(&network, &undisturbed, &tracked));
    let _ = other
        .run(&[
            "replay",
            "--frames",
            frames.to_str().expect("test paths are text"),
        ])
        .expect_ok();
    let likes = undisturbed.number("SELECT COUNT(*) FROM journal WHERE kind = 1");
    assert!(likes > 50, "only {likes} likes");
    assert_eq!(journal(&database), journal(&undisturbed));
    for report in ["circle", "assignments", "accounts"] {
        let of = |kith: &Kith| kith.json(&["report", report]);
        assert_eq!(of(&kith), of(&other), "{report}");
    }
}

/// The database takes nothing for as long as a host is populated: what waits stays within its
/// bound, whatever the host does to a slow reader, and nothing is lost.
#[test]
fn a_database_that_stalls_stops_the_reader_and_loses_nothing() {
    let Some(network) = Network::start() else {
        return;
    };
    let population = network.start_populating(Populate::default());
    let tracked = wait_until("the first account", || network.resolve("user000.pds1.test"));
    let database = Database::sqlite();
    let metrics = "metrics = \"127.0.0.1:0\"\nbuffer_mebibytes = 1\n";
    let config = config(&network, &database, &tracked) + metrics;
    let kith = Kith::new(&config);
    let mut running = kith.start(&["run"]);
    let url = running.until("metrics", || {
        let said = metrics::url(&kith)?;
        (kith.run(&["status", "--json"]).code() == Some(0)).then_some(said)
    });
    let misdirected = ask(&url, "evil.example");
    assert!(misdirected.starts_with("HTTP/1.1 421"), "{misdirected}");
    let stall = database.stall();
    let truth = population.wait();
    let (mut queued_max, begun) = (0.0, Instant::now());
    while begun.elapsed() < Duration::from_secs(3) {
        let queued = metrics::value(&url, "kith_source_queue_bytes");
        queued_max = f64::max(queued_max, queued.unwrap_or_default());
        sleep(Duration::from_millis(200));
    }
    assert!(queued_max <= f64::from(1 << 20), "{queued_max} bytes wait");
    let resident = resident_kibibytes(running.id());
    assert!(resident < (64 + 1) << 10, "{resident} KiB are resident");
    drop(stall);

    // What the host still tells of its beginning is read in peace.
    let undisturbed = Database::sqlite();
    let other = Kith::new(&self::config(&network, &undisturbed, &tracked));
    let mut in_peace = other.start(&["run"]);
    let last = in_peace.until("everything to be read in peace", || {
        unchanged_for(Duration::from_secs(8), || cursor(&other).unwrap_or(0)).filter(|at| *at > 0)
    });
    let _ = in_peace.stop(Signal::Term).expect_ok();
    running.until("as much", || (cursor(&kith)? >= last).then_some(()));
    let _ = running.stop(Signal::Term).expect_ok();
    // A deleted account's events are gone from the host, so one that was behind cannot have them.
    let deleted: Vec<_> = (truth.accounts.iter())
        .filter(|a| a.status == "deleted")
        .map(|a| a.did.clone())
        .collect();
    let kept = |database: &Database| -> BTreeSet<String> {
        let likes = "SELECT s.did || ' ' || r.did || ' ' || j.rkey || ' ' || j.rev FROM journal j \
             JOIN numbered s ON s.ledger_id = j.sender JOIN numbered r ON r.ledger_id = j.receiver";
        let mut likes: BTreeSet<_> = database.texts(likes).into_iter().collect();
        likes.retain(|like| !deleted.iter().any(|did| like.contains(did)));
        likes
    };
    assert!(kept(&undisturbed).len() > 50);
    assert_eq!(kept(&database), kept(&undisturbed));
}

/// A value that stays the same for so long; None if it changes meanwhile.
fn unchanged_for(time: Duration, value: impl Fn() -> u64) -> Option<u64> {
    let (first, begun) = (value(), Instant::now());
    while begun.elapsed() < time {
        sleep(Duration::from_millis(200));
        if value() != first {
            return None;
        }
    }
    Some(first)
}

/// Where the first source was read to; None before there is a database.
fn cursor(kith: &Kith) -> Option<u64> {
    let ran = kith.run(&["status", "--json"]);
    if ran.code() != Some(0) {
        return None;
    }
    ran.json()["sources"][0]["cursor"].as_u64()
}

fn resident_kibibytes(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    number.unwrap_or_default()
}

/// Recording needs no circle, but a config has one.
const TRACKED_NOBODY: &str = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa";

/// Everything of the journal but how it is stored.
fn journal(database: &Database) -> Vec<String> {
    database.texts(
        "SELECT j.position || ' ' || j.epoch || ' ' || j.kind || ' ' || j.outcome || ' ' \
             || COALESCE(s.did, '') || ' ' || COALESCE(r.did, '') || ' ' || COALESCE(j.points, 0) \
             || ' ' || COALESCE(j.rkey, '') || ' ' || COALESCE(j.rev, '') || ' ' || j.micros \
             || ' ' || COALESCE(HEX(j.pieces), '') \
         FROM journal j LEFT JOIN numbered s ON s.ledger_id = j.sender \
         LEFT JOIN numbered r ON r.ledger_id = j.receiver ORDER BY j.position",
    )
}

/// The first host, read as a relay is: what it says of accounts is believed, live and recorded.
fn config(network: &Network, database: &Database, tracked: &str) -> String {
    format!(
        "database = \"{}\"\n[circle]\nbackfill = \"stream\"\n\
         [[circle.tracked]]\nid = \"{tracked}\"\n\
         [[source]]\nkind = \"relay\"\nurl = \"{}\"\nstart = \"oldest\"\n\
         [ledger]\nepoch = \"5s\"\nseed = 42\n[store]\ncheckpoint = \"300ms\"\nbatch_milliseconds = 50\n\
         [network]\nplc = \"{}\"\nallow_private_addresses = true\n",
        database.url(),
        network.firehose(0),
        network.plc,
    )
}
