//! `kith run` against real hosts: it starts in the middle of events, is stopped and started again,
//! and ends with the circle that is true.

use std::collections::BTreeMap;

use kith_tests::{Database, Kith, Network, Populate, Signal, Truth, wait_until};

#[test]
fn the_circle_is_true_after_a_late_start_and_a_restart() {
    let Some(network) = Network::start() else {
        return;
    };
    let population = network.start_populating(Populate::default());
    let tracked = wait_until("the first account", || network.resolve("user000.pds1.test"));

    let database = Database::sqlite();
    let kith = Kith::new(&config(&network, &database, &tracked));
    let mut running = kith.start(&["run"]);
    running.until("a circle of ten", || {
        (circle(&kith).len() >= 10).then_some(())
    });
    let _ = running.stop(Signal::Term).expect_ok();

    let mut running = kith.start(&["run"]);
    let truth = population.wait();
    running.until("the true circle", || {
        wrong(&kith, &truth, &tracked).is_empty().then_some(())
    });
    let _ = running.stop(Signal::Term).expect_ok();
    assert_eq!(wrong(&kith, &truth, &tracked), Vec::<String>::new());
}

/// Everybody is tracked, and both hosts are read from the beginning: what stands in the repos of
/// accounts that are still there must be in the journal, once, and nothing else may be.
#[test]
fn the_journal_has_the_likes_that_are_true() {
    let Some(network) = Network::start() else {
        return;
    };
    let truth = network.populate(Populate::default());
    let database = Database::sqlite();
    let everybody: Vec<&str> = truth.accounts.iter().map(|a| a.did.as_str()).collect();
    let config = config(&network, &database, everybody[0])
        .replace("backfill = \"pds\"", "backfill = \"stream\"")
        .replace("\"live\"", "\"oldest\"")
        + "\n[ledger]\nrepeat = \"count\"\n"
        + &everybody[1..].iter().fold(String::new(), |text, did| {
            format!("{text}[[circle.tracked]]\nid = \"{did}\"\n")
        });
    let kith = Kith::new(&config);
    let journaled = |like: &kith_tests::Record| {
        let rkey = like.uri.rsplit('/').next().unwrap_or_default();
        database.number(&format!(
            "SELECT COUNT(*) FROM journal j JOIN numbered a ON a.ledger_id = j.sender \
             WHERE a.did = '{}' AND j.rkey = '{rkey}'",
            like.author
        ))
    };
    // Hosts are read side by side, so their events meet in another order than they happened: a like
    // of or by somebody who was inactive for a while may come too late or too early.
    let away = ["user017.", "user020."]; // populate.mjs: "away and back", "sanctioned, then forgiven"
    let there = |did: &str| {
        truth.accounts.iter().any(|a| {
            a.did == did
                && a.status == "active"
                && a.moved_from.is_none()
                && !away.iter().any(|name| a.handle.starts_with(name))
        })
    };
    let must: Vec<_> = truth
        .likes
        .iter()
        .filter(|like| {
            let subject = like.subject.as_deref().unwrap_or_default();
            let mut parts = subject.strip_prefix("at://").unwrap_or_default().split('/');
            let (author, collection) = (parts.next().unwrap_or(""), parts.next());
            collection == Some("app.bsky.feed.post")
                && author != like.author
                && there(author)
                && there(&like.author)
        })
        .collect();
    assert!(must.len() > 100, "only {} likes to look for", must.len());

    let mut running = kith.start(&["run"]);
    running.until("every like", || {
        let known = kith.run(&["status", "--json"]).code() == Some(0);
        (known && must.iter().all(|like| journaled(like) >= 1)).then_some(())
    });
    let _ = running.stop(Signal::Term).expect_ok();
    // Once more from the saved cursors: nothing is taken twice.
    let position = database.number("SELECT position FROM state");
    let mut running = kith.start(&["run"]);
    running.until("both hosts", || {
        let status = kith.json(&["status"]);
        let sources = status["sources"].as_array()?;
        sources.iter().all(|s| s["connected"] == true).then_some(())
    });
    let _ = running.stop(Signal::Term).expect_ok();
    assert_eq!(database.number("SELECT position FROM state"), position);
    for like in must {
        assert!(
            (1..=2).contains(&journaled(like)),
            "{} is not there",
            like.uri
        );
    }
    let doubled = database.number(
        "SELECT COUNT(*) FROM (SELECT 1 FROM journal WHERE kind = 1 \
         GROUP BY sender, rkey, rev HAVING COUNT(*) > 1)",
    );
    assert_eq!(doubled, 0, "a like of one commit was taken twice");
}

pub(crate) fn config(network: &Network, database: &Database, tracked: &str) -> String {
    format!(
        r#"database = "{database}"

[circle]
backfill = "pds"
[[circle.tracked]]
id = "{tracked}"

[[source]]
kind = "pds"
url = "{first}"
start = "live"

[[source]]
kind = "pds"
url = "{second}"
start = "live"

[store]
checkpoint = "1s"
batch_milliseconds = 200

[network]
plc = "{plc}"
allow_private_addresses = true
"#,
        database = database.url(),
        first = network.firehose(0),
        second = network.firehose(1),
        plc = network.plc,
    )
}

/// What `report circle` says, DID to hop; nothing before there is a database.
fn circle(kith: &Kith) -> BTreeMap<String, u64> {
    let ran = kith.run(&["report", "circle", "--json"]);
    if ran.code() == Some(1) {
        return BTreeMap::new();
    }
    let rows = ran.expect_ok().json();
    let rows = rows.as_array().expect("report circle is an array");
    let member = |row: &serde_json::Value| {
        Some((
            row.get("did")?.as_str()?.to_owned(),
            row.get("hop")?.as_u64()?,
        ))
    };
    rows.iter()
        .map(|row| member(row).expect("a member has a DID and a hop"))
        .collect()
}

/// Where the circle is not what the truth implies. The follows of accounts that became inactive
/// before they were read can be known or not; all others must be.
pub(crate) fn wrong(kith: &Kith, truth: &Truth, tracked: &str) -> Vec<String> {
    let said = circle(kith);
    let most = truth.circle(&[tracked], 2);
    let least = truth.as_served().circle(&[tracked], 2);
    let missing = least.keys().filter(|did| !said.contains_key(*did));
    let mut wrong: Vec<String> = missing.map(|did| format!("{did} is missing")).collect();
    for (did, hop) in &said {
        let nearest = most.get(did).map_or(u64::MAX, |hop| u64::from(*hop));
        let farthest = least.get(did).map_or(u64::MAX, |hop| u64::from(*hop));
        if !(nearest..=farthest).contains(hop) {
            wrong.push(format!(
                "{did} is at hop {hop}, not {nearest} to {farthest}"
            ));
        }
    }
    wrong
}
