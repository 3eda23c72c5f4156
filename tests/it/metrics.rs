//! What Prometheus is shown, while all is well and while it is not.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use kith_tests::{Database, Kith, Signal};

use crate::failures;

const METRICS: &str = "[network]\nmetrics = \"127.0.0.1:0\"\n";

/// The database takes nothing while frames come: the writer waits, and the metrics say so.
#[test]
fn a_database_that_takes_nothing_is_seen() {
    let (database, long) = (Database::sqlite(), failures::Long::of(60));
    let config = failures::config_of(&database, &long.path) + METRICS;
    let kith = Kith::new(&config);
    let mut running = kith.start(&["run"]);
    let url = running.until("metrics", || url(&kith));
    failures::begun(&kith, &mut running);
    running.until("a lag that nobody knows", || {
        value(&url, "kith_source_lag_seconds{").filter(|lag| lag.is_nan())
    });
    let uncommitted = || value(&url, "kith_uncommitted_seconds").expect("it is shown");
    let failures = || value(&url, "kith_commit_failures_total").expect("it is shown");
    let stall = database.stall();
    let seen = running.until("a batch that waits", || {
        Some(uncommitted()).filter(|seconds| *seconds > 2.0)
    });
    sleep(Duration::from_secs(1));
    assert!(uncommitted() >= seen + 0.9);
    running.until("a failure", || (failures() > 0.0).then_some(()));
    drop(stall);
    running.until("nothing to wait", || (uncommitted() < 0.5).then_some(()));
    let said = running.stop(Signal::Term).expect_ok().stderr;
    let last = said.lines().last();
    assert!(
        last.is_some_and(|line| line.ends_with(" stopped")),
        "{said}"
    );
}

/// Where metrics are shown, as the log says.
pub(crate) fn url(kith: &Kith) -> Option<String> {
    let log = std::fs::read_to_string(kith.folder().join("run-0.stderr")).ok()?;
    let line = log.lines().find(|line| line.contains("/metrics"))?;
    let url = line.split('"').find(|part| part.starts_with("http://"))?;
    Some(url.to_owned())
}

/// All that is shown.
fn get(url: &str) -> String {
    let answer = ask(url, address_of(url));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}

fn address_of(url: &str) -> &str {
    let address = url.trim_start_matches("http://");
    address.trim_end_matches("/metrics")
}

/// What a series says, by how its line begins; nothing if it has not begun.
pub(crate) fn value(url: &str, series: &str) -> Option<f64> {
    let page = get(url);
    let line = page.lines().find(|line| line.starts_with(series))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// One GET, by hand, of whom it names.
pub(crate) fn ask(url: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(address_of(url)).expect("metrics are served");
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .expect("a request can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
