//! Day one: a Kith started at the end has the likes that one which listened all along has, as far
//! as repos still hold them; however often it is killed meanwhile.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::Duration;

use kith_tests::{Account, Database, Kith, Network, Populate, Record, Signal, Truth, wait_until};

use crate::metrics;

/// Length of an epoch, seconds: a population lasts for several.
const EPOCH: i64 = 5;
const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

#[test]
fn who_starts_at_the_end_has_the_likes_of_who_listened_all_along() {
    let Some(network) = Network::start() else {
        return;
    };
    let truth = network.populate(Populate::default());
    let everybody: Vec<String> = truth.accounts.iter().map(|a| a.did.clone()).collect();
    let standing = standing(&truth);
    assert!(standing.len() > 100, "only {} likes stand", standing.len());

    let early = Database::sqlite();
    let listener = Kith::new(&config(
        &network,
        &early,
        &everybody,
        ("stream", "oldest", 0),
    ));
    let mut running = listener.start(&["run"]);
    running.until("every like", || {
        let known = listener.run(&["status", "--json"]).code() == Some(0);
        (known && is_subset(&standing, &journaled(&early))).then_some(())
    });
    let _ = running.stop(Signal::Term).expect_ok();

    let late = Database::postgres().unwrap_or_else(Database::sqlite);
    // Slowly, so that the metrics are seen meanwhile.
    let config = config(&network, &late, &everybody, ("pds", "live", 1))
        + "host_requests_per_five_minutes = 1500\nmetrics = \"127.0.0.1:0\"\n";
    let kith = Kith::new(&config);
    let mut running = kith.start(&["run"]);
    let url = running.until("metrics", || metrics::url(&kith));
    let left = || metrics::value(&url, "kith_day_one_accounts_left");
    running.until("somebody to be read", || left().filter(|left| *left > 0.0));
    running.until("somebody to have been read", || {
        let read = "kith_day_one_total{outcome=\"accounts_read\"}";
        metrics::value(&url, read).filter(|_| left() > Some(0.0))
    });
    running.until("day one", || is_done(&kith).then_some(()));
    running.until("nobody to be left", || left().filter(|left| *left == 0.0));
    let status = kith.json(&["status"]);
    let ran = running.stop(Signal::Term).expect_ok();

    let heard: BTreeSet<String> = journaled(&early).into_iter().collect();
    let read = journaled(&late);
    let lost: Vec<_> = standing
        .iter()
        .filter(|like| heard.contains(*like) && !read.contains(like))
        .collect();
    assert_eq!(lost, Vec::<&String>::new(), "{}", ran.stderr);
    // Nothing else is there: only what stands in the repos of those who are there.
    let there = stands_at_all(&truth);
    let odd: Vec<_> = read.iter().filter(|like| !there.contains(*like)).collect();
    assert_eq!(odd, Vec::<&String>::new());
    in_the_right_places(&late);
    let _ = kith.run(&["verify"]).expect_ok();
    let day_one = &status["bootstrap"];
    assert_eq!(day_one["accounts_left"], 0, "{day_one}");
    assert_eq!(day_one["likes_read"], day_one["likes_taken"], "{day_one}");
    // Who is not there, and two whom somebody follows and nobody ever was.
    let away = truth.accounts.iter().filter(|a| a.status != "active");
    assert_eq!(day_one["accounts_failed"], away.count() + 2, "{day_one}");
}

/// The population goes on while it is read and killed: what was made before the start and what
/// was made since is there once.
#[test]
fn killed_again_and_again_it_goes_on_and_has_every_like_once() {
    let Some(network) = Network::start() else {
        return;
    };
    let population = network.start_populating(Populate {
        actions: 1_500,
        ..Populate::default()
    });
    let everybody: Vec<String> = (0..40)
        .map(|i| {
            let host = if i % 4 == 3 { 2 } else { 1 };
            let handle = format!("user{i:03}.pds{host}.test");
            wait_until(&handle, || network.resolve(&handle))
        })
        .collect();
    // So that there is something to read.
    sleep(Duration::from_secs(8));
    let database = Database::sqlite();
    let slowly = "host_requests_per_five_minutes = 450\n";
    let config = config(&network, &database, &everybody, ("pds", "live", 1));
    let kith = Kith::new(&(config.clone() + slowly));
    let (mut moment, mut seen) = (11_u64, BTreeSet::new());
    for round in 0..12 {
        let mut running = kith.start(&["run"]);
        moment = moment
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let some_time = Duration::from_millis((moment >> 33) % 3_500);
        if round % 2 == 0 {
            sleep(some_time);
        } else {
            // However slow the machine is: when it has read somebody else.
            let before = seen.last().copied();
            running.until("somebody more to be read", || {
                let (state, read) = day_one(&kith)?;
                (state == "done" || before.is_none_or(|before| read > before)).then_some(())
            });
            sleep(some_time / 4);
        }
        assert!(running.is_running(), "it ended:\n{}", running.stderr());
        let _ = running.stop(Signal::Kill);
        if let Some((_, read)) = day_one(&kith) {
            assert!(
                seen.last().is_none_or(|before| *before <= read),
                "it started over: {read} after {seen:?}"
            );
            seen.insert(read);
        }
    }
    assert!(seen.len() > 2, "never killed in the middle: {seen:?}");
    let truth = population.wait();
    let standing = standing(&truth);
    let kith = Kith::new(&config);
    let mut running = kith.start(&["run"]);
    running.until("day one, and every like since", || {
        (is_done(&kith) && is_subset(&standing, &journaled(&database))).then_some(())
    });
    let _ = running.stop(Signal::Term).expect_ok();
    let _ = kith.run(&["verify"]).expect_ok();
    let doubled = database.texts(
        "SELECT a.did || ' ' || j.rkey FROM journal j JOIN numbered a ON a.ledger_id = j.sender \
         WHERE j.kind = 1 GROUP BY a.did, j.record, j.rkey HAVING COUNT(*) > 1",
    );
    // One like of the population is made twice under one key.
    let doubled: Vec<_> = doubled
        .iter()
        .filter(|like| !like.ends_with("3kaaaaaaaaa2a"))
        .collect();
    assert_eq!(doubled, Vec::<&String>::new());
}

/// Likes read from repos are in the order of their keys, and each is in the epoch of its key.
fn in_the_right_places(database: &Database) {
    let rows = database.texts(
        "SELECT rkey || ' ' || epoch FROM journal WHERE kind = 1 AND rev = '' ORDER BY position",
    );
    let (mut last, mut epochs) = (0, BTreeSet::new());
    for row in &rows {
        let (rkey, epoch) = row.split_once(' ').expect("two words");
        let micros = Record {
            uri: rkey.to_owned(),
            author: String::new(),
            subject: None,
        };
        let micros = micros.rkey_micros().expect("a TID");
        assert!(micros >= last, "{rkey} comes too late");
        last = micros;
        let epoch: i64 = epoch.parse().expect("a number");
        assert_eq!(micros / (EPOCH * 1_000_000), epoch, "the epoch of {rkey}");
        epochs.insert(epoch);
    }
    assert!(epochs.len() > 2, "{} likes in {epochs:?}", rows.len());
    // Every boundary between them is one tick.
    let (first, last) = (epochs.first().expect("one"), epochs.last().expect("one"));
    let ticks = database.number(&format!(
        "SELECT COUNT(*) FROM journal WHERE kind = 2 AND epoch > {first} AND epoch <= {last}"
    ));
    assert_eq!(ticks, last - first);
}

/// Likes that stand, made today by their keys, of and by accounts that are there, and always were.
fn standing(truth: &Truth) -> BTreeSet<String> {
    let away = ["user017.", "user020."]; // populate.mjs: "away and back", "sanctioned, then forgiven"
    likes(truth, |account| {
        account.status == "active"
            && account.moved_from.is_none()
            && !away.iter().any(|name| account.handle.starts_with(name))
    })
}

/// The same, of and by accounts that are there now.
fn stands_at_all(truth: &Truth) -> BTreeSet<String> {
    likes(truth, |account| account.status == "active")
}

fn likes(truth: &Truth, is_there: impl Fn(&Account) -> bool) -> BTreeSet<String> {
    let there: BTreeSet<&str> = truth
        .accounts
        .iter()
        .filter(|account| is_there(account))
        .map(|account| account.did.as_str())
        .collect();
    let newest = truth.likes.iter().filter_map(Record::rkey_micros).max();
    let today = newest.expect("likes have keys") - DAY_MICROS / 2;
    truth
        .likes
        .iter()
        .filter(|like| {
            like.rkey_micros().is_some_and(|micros| micros > today)
                && like.post().is_some_and(|(author, _)| {
                    author != like.author
                        && there.contains(author)
                        && there.contains(like.author.as_str())
                })
        })
        .map(|like| format!("{} {}", like.author, like.rkey()))
        .collect()
}

/// Liker and key of every like in the journal.
fn journaled(database: &Database) -> Vec<String> {
    database.texts(
        "SELECT a.did || ' ' || j.rkey FROM journal j JOIN numbered a ON a.ledger_id = j.sender \
         WHERE j.kind = 1",
    )
}

fn is_subset(some: &BTreeSet<String>, all: &[String]) -> bool {
    let all: BTreeSet<&String> = all.iter().collect();
    some.iter().all(|like| all.contains(like))
}

fn is_done(kith: &Kith) -> bool {
    day_one(kith).is_some_and(|(state, _)| state == "done")
}

/// How far it is: its state, and the accounts that were read.
fn day_one(kith: &Kith) -> Option<(String, u64)> {
    let ran = kith.run(&["status", "--json"]);
    let status = (ran.code() == Some(0)).then(|| ran.json())?;
    let state = status["bootstrap"]["state"].as_str()?.to_owned();
    Some((state, status["bootstrap"]["accounts_read"].as_u64()?))
}

/// Both hosts, everybody tracked; `how`: backfill, start, days.
fn config(
    network: &Network,
    database: &Database,
    everybody: &[String],
    (backfill, start, days): (&str, &str, u32),
) -> String {
    let tracked = everybody.iter().fold(String::new(), |text, did| {
        format!("{text}[[circle.tracked]]\nid = \"{did}\"\n")
    });
    format!(
        "database = \"{}\"\n[circle]\ndepth = 1\nbackfill = \"{backfill}\"\n{tracked}\
         [[source]]\nkind = \"pds\"\nurl = \"{}\"\nstart = \"{start}\"\n\
         [[source]]\nkind = \"pds\"\nurl = \"{}\"\nstart = \"{start}\"\n\
         [bootstrap]\ndays = {days}\n\
         [ledger]\nrepeat = \"count\"\nepoch = \"{EPOCH}s\"\n[store]\ncheckpoint = \"1s\"\nbatch_milliseconds = 200\n\
         [network]\nplc = \"{}\"\nallow_private_addresses = true\n",
        database.url(),
        network.firehose(0),
        network.firehose(1),
        network.plc,
    )
}
