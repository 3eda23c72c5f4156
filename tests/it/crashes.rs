//! Killed without a word, again and again, while a real host brings events.

use std::thread::sleep;
use std::time::{Duration, Instant};

use kith_tests::{Database, Kith, Network, Populate, Signal};

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
    let tracked =
        kith_tests::wait_until("the first account", || network.resolve("user000.pds1.test"));

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
    let mut running = kith.start(&["run"]);
    let (mut cursor, mut since) = (0, Instant::now());
    running.until("everything to be read", || {
        let ran = kith.run(&["status", "--json"]);
        let now = ran.json()["sources"][0]["cursor"].as_u64()?;
        if now != cursor {
            (cursor, since) = (now, Instant::now());
        }
        (since.elapsed() > Duration::from_secs(3)).then_some(())
    });
    let _ = running.stop(Signal::Term).expect_ok();
    let _ = recorder.stop(Signal::Term).expect_ok();

    let undisturbed = Database::sqlite();
    let other = Kith::new(&config(&network, &undisturbed, &tracked));
    let frames = beside.folder().join("frames.bin");
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

/// Recording needs no circle, but a config has one.
const TRACKED_NOBODY: &str = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa";

/// Everything of the journal but how it is stored.
fn journal(database: &Database) -> Vec<String> {
    database.texts(
        "SELECT j.position || ' ' || j.epoch || ' ' || j.kind || ' ' || j.outcome || ' ' \
             || COALESCE(s.did, '') || ' ' || COALESCE(r.did, '') || ' ' || COALESCE(j.points, 0) \
             || ' ' || COALESCE(j.rkey, '') || ' ' || COALESCE(j.rev, '') || ' ' || j.micros \
             || ' ' || COALESCE(HEX(j.pieces), '') \
         FROM journal j LEFT JOIN account s ON s.ledger_id = j.sender \
         LEFT JOIN account r ON r.ledger_id = j.receiver ORDER BY j.position",
    )
}

/// The first host, read as a relay is: what it says of accounts is believed, live and recorded.
fn config(network: &Network, database: &Database, tracked: &str) -> String {
    format!(
        "database = \"{}\"\n[circle]\nbackfill = \"stream\"\n\
         [[circle.tracked]]\nid = \"{tracked}\"\n\
         [[source]]\nkind = \"relay\"\nurl = \"{}\"\nstart = \"oldest\"\n\
         [ledger]\nepoch = \"5s\"\nseed = 42\n[store]\ncheckpoint = \"300ms\"\n\
         [network]\nplc = \"{}\"\nallow_private_addresses = true\n",
        database.url(),
        network.firehose(0),
        network.plc,
    )
}
