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

fn config(network: &Network, database: &Database, tracked: &str) -> String {
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
fn wrong(kith: &Kith, truth: &Truth, tracked: &str) -> Vec<String> {
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
