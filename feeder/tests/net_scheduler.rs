//! Many accounts at once: order, bounds, cancellation, and one bad host among good ones.

#![expect(clippy::unwrap_used, reason = "a test stops where something is amiss")]

mod net_support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kith_feeder::backfill::{
    BackfillDone, Reader, ReaderOptions, Scheduler, SchedulerOptions, SchedulerStopped, Wanted,
};
use net_support::{Asked, Reply, Server, directory};
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

fn document(did: &str, pds: &str) -> Reply {
    let kind = "AtprotoPersonalDataServer";
    let service = json!([{"id": "#atproto_pds", "type": kind, "serviceEndpoint": pds}]);
    Reply::json(&json!({"id": did, "service": service}))
}

/// A directory and host in one: every account follows `did:plc:x`.
fn answer(asked: &Asked) -> Reply {
    let base = asked.url.origin().ascii_serialization();
    match asked.query("repo") {
        None => document(&asked.path()[1..], &base),
        Some(repo) => {
            let collection = asked.query("collection").unwrap();
            let uri = format!("at://{repo}/{collection}/r1");
            Reply::json(&json!({"records": [{"uri": uri, "value": {"subject": "did:plc:x"}}]}))
        }
    }
}

fn start(
    plc: &str,
    options: &SchedulerOptions,
) -> (
    Scheduler,
    tokio::task::JoinHandle<()>,
    mpsc::Receiver<BackfillDone>,
    CancellationToken,
) {
    let cancel = CancellationToken::new();
    let (done, results) = mpsc::channel(4);
    let reader = Reader::new(directory(plc), ReaderOptions::default());
    let (scheduler, task) = Scheduler::start(reader, options, done, cancel.clone());
    (scheduler, task, results, cancel)
}

#[tokio::test]
async fn all_requests_are_answered_and_then_it_ends() {
    let server = Server::start(answer).await;
    let (scheduler, task, mut results, _) = start(&server.url, &SchedulerOptions::default());
    let requests = tokio::spawn(async move {
        for number in 0..100 {
            scheduler
                .request(format!("did:plc:a{number}"), 1, Wanted::records())
                .await
                .unwrap();
        }
    });
    let mut seen = BTreeSet::new();
    while let Some(BackfillDone { did, result }) = results.recv().await {
        let account = result.unwrap();
        assert_eq!(
            (account.follows.records.len(), account.blocks.records.len()),
            (1, 1)
        );
        assert!(seen.insert(did), "an account was read twice");
    }
    assert_eq!(seen.len(), 100);
    requests.await.unwrap();
    task.await.unwrap();
}

#[tokio::test]
async fn better_priorities_go_first_and_doubles_are_read_once() {
    let server = Server::start(answer).await;
    let options = SchedulerOptions {
        accounts_at_once_max: 1,
        ..SchedulerOptions::default()
    };
    let (scheduler, task, mut results, _) = start(&server.url, &options);
    // The single reader is held by its result until somebody takes it: four fit into the channel, the fifth waits.
    for number in 0..5 {
        scheduler
            .request(format!("did:plc:filler{number}"), 0, Wanted::records())
            .await
            .unwrap();
    }
    wait_until(|| scheduler.progress().running == 1 && scheduler.progress().queued == 0).await;
    for (did, priority) in [
        ("late", 2),
        ("first", 1),
        ("second", 1),
        ("late", 2),
        ("promoted", 9),
        ("promoted", 0),
    ] {
        scheduler
            .request(format!("did:plc:{did}"), priority, Wanted::records())
            .await
            .unwrap();
    }
    wait_until(|| scheduler.progress().queued == 4).await;
    drop(scheduler);
    let mut order = Vec::new();
    while let Some(done) = results.recv().await {
        order.push(done.did);
    }
    assert_eq!(
        order[5..],
        [
            "did:plc:promoted",
            "did:plc:first",
            "did:plc:second",
            "did:plc:late"
        ]
    );
    task.await.unwrap();
}

#[tokio::test]
async fn an_account_requested_while_it_is_read_is_read_again() {
    let gate = Arc::new(Semaphore::new(0));
    let reads = Arc::new(AtomicUsize::new(0));
    let server = Server::start({
        let (gate, reads) = (Arc::clone(&gate), Arc::clone(&reads));
        move |asked| {
            if asked
                .query("collection")
                .is_some_and(|name| name.ends_with("follow"))
            {
                reads.fetch_add(1, Ordering::SeqCst);
                return answer(asked).held(&gate);
            }
            answer(asked)
        }
    })
    .await;
    let (scheduler, task, mut results, _) = start(&server.url, &SchedulerOptions::default());
    let did = "did:plc:a";
    scheduler
        .request(did.to_owned(), 1, Wanted::records())
        .await
        .unwrap();
    wait_until(|| reads.load(Ordering::SeqCst) == 1).await;
    scheduler
        .request(did.to_owned(), 1, Wanted::records())
        .await
        .unwrap();
    scheduler
        .request(did.to_owned(), 1, Wanted::records())
        .await
        .unwrap();
    drop(scheduler);
    gate.add_permits(2);
    for _ in 0..2 {
        assert_eq!(results.recv().await.unwrap().did, did);
    }
    assert!(results.recv().await.is_none());
    task.await.unwrap();
}

/// That it cannot be located is told once for each time that it was asked for.
#[tokio::test]
async fn an_account_requested_while_it_is_located_in_vain_is_answered_again() {
    let gate = Arc::new(Semaphore::new(0));
    let plc = Server::start({
        let gate = Arc::clone(&gate);
        move |_| Reply::new(404, "").held(&gate)
    })
    .await;
    let (scheduler, task, mut results, _) = start(&plc.url, &SchedulerOptions::default());
    let did = "did:plc:a";
    let request = || scheduler.request(did.to_owned(), 1, Wanted::records());
    request().await.unwrap();
    wait_until(|| plc.asked().len() == 1).await;
    request().await.unwrap();
    request().await.unwrap();
    // When one that comes behind them is located, they were taken.
    let other = scheduler.request("did:plc:b".to_owned(), 1, Wanted::records());
    other.await.unwrap();
    wait_until(|| plc.asked().len() == 2).await;
    drop(scheduler);
    gate.add_permits(3);
    let mut told = Vec::new();
    while let Some(done) = results.recv().await {
        assert_eq!(done.result.unwrap_err().reason(), "gone");
        told.push(done.did);
    }
    told.sort_unstable();
    assert_eq!(told, [did, did, "did:plc:b"]);
    task.await.unwrap();
}

#[tokio::test]
async fn cancelling_stops_at_once_and_says_so() {
    let silent = Server::start(|_| Reply::endless(" ", Duration::from_mins(10))).await;
    let (scheduler, task, mut results, cancel) = start(&silent.url, &SchedulerOptions::default());
    scheduler
        .request("did:plc:a".to_owned(), 1, Wanted::records())
        .await
        .unwrap();
    wait_until(|| scheduler.progress().running == 1).await;
    cancel.cancel();
    task.await.unwrap();
    assert!(results.recv().await.is_none());
    assert_eq!(
        scheduler
            .request("did:plc:b".to_owned(), 1, Wanted::records())
            .await,
        Err(SchedulerStopped)
    );
}

#[tokio::test]
async fn a_full_queue_holds_requests_back() {
    let silent = Server::start(|_| Reply::endless(" ", Duration::from_mins(10))).await;
    let options = SchedulerOptions {
        accounts_at_once_max: 1,
        queued_max: 10,
        ..SchedulerOptions::default()
    };
    let (scheduler, _task, _results, _cancel) = start(&silent.url, &options);
    let sent = Arc::new(AtomicUsize::new(0));
    let requests = tokio::spawn({
        let sent = Arc::clone(&sent);
        async move {
            for number in 0..10_000 {
                scheduler
                    .request(format!("did:plc:a{number}"), 1, Wanted::records())
                    .await
                    .unwrap();
                sent.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    wait_until(|| sent.load(Ordering::SeqCst) >= 11).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent < 1000, "{sent} requests were taken in");
    requests.abort();
}

#[tokio::test]
async fn a_hostile_host_costs_its_own_accounts_only() {
    let endless = Server::start(|asked| {
        let cursor = asked
            .query("cursor")
            .map_or(0, |text| text.parse::<usize>().unwrap())
            + 1;
        let uri = format!(
            "at://{}/app.bsky.graph.follow/r{cursor}",
            asked.query("repo").unwrap()
        );
        let record = json!({"uri": uri, "value": {"subject": "did:plc:x"}});
        Reply::json(&json!({"records": [record], "cursor": cursor.to_string()}))
    })
    .await;
    let limited = Server::start(|_| Reply::new(429, "").header("retry-after", "600")).await;
    let [bad, stuck] = [endless.url.clone(), limited.url.clone()];
    let plc = Server::start(move |asked| match asked.path() {
        "/did:plc:bad" => document("did:plc:bad", &bad),
        "/did:plc:stuck" => document("did:plc:stuck", &stuck),
        _ => answer(asked),
    })
    .await;
    let (scheduler, _task, mut results, _cancel) = start(&plc.url, &SchedulerOptions::default());
    for did in ["bad", "stuck", "a", "b", "c"] {
        scheduler
            .request(format!("did:plc:{did}"), 1, Wanted::records())
            .await
            .unwrap();
    }
    let mut outcomes = BTreeMap::new();
    for _ in 0..4 {
        let BackfillDone { did, result } = results.recv().await.unwrap();
        outcomes.insert(did, result.map_or_else(|error| error.reason(), |_| "read"));
    }
    assert_eq!(
        outcomes.into_iter().collect::<Vec<_>>(),
        [
            ("did:plc:a".to_owned(), "read"),
            ("did:plc:b".to_owned(), "read"),
            ("did:plc:bad".to_owned(), "malformed"),
            ("did:plc:c".to_owned(), "read"),
        ]
    );
    assert_eq!(
        scheduler.progress().running,
        1,
        "the limited host's account waits"
    );
}

/// Who lets us wait holds a turn for so long, and no longer.
#[tokio::test]
async fn who_does_not_answer_in_time_is_given_up() {
    let limited = Server::start(|_| Reply::new(429, "").header("retry-after", "600")).await;
    let stuck = limited.url.clone();
    let plc = Server::start(move |asked| match asked.path() {
        "/did:plc:unknown" => Reply::new(429, "").header("retry-after", "600"),
        "/did:plc:stuck" => document("did:plc:stuck", &stuck),
        _ => answer(asked),
    })
    .await;
    let options = SchedulerOptions {
        locating_time_max: Duration::from_millis(300),
        reading_time_max: Duration::from_millis(100),
        page_time: Duration::ZERO,
        ..SchedulerOptions::default()
    };
    let (scheduler, _task, mut results, _cancel) = start(&plc.url, &options);
    for (did, told) in [
        ("did:plc:stuck", "not read in 100ms"),
        ("did:plc:unknown", "no document in 300ms"),
    ] {
        let asked = scheduler.request(did.to_owned(), 1, Wanted::records());
        asked.await.unwrap();
        let done = results.recv().await.unwrap();
        let error = done.result.expect_err("nobody answered");
        assert_eq!((&*done.did, error.is_retryable()), (did, true));
        assert!(error.to_string().contains(told), "{error}");
    }
}

/// Who has more to tell has more time.
#[tokio::test]
async fn each_page_lengthens_the_time_to_read() {
    let limited = Server::start(|_| Reply::new(429, "").header("retry-after", "600")).await;
    let stuck = limited.url.clone();
    let plc = Server::start(move |_| document("did:plc:stuck", &stuck)).await;
    let options = SchedulerOptions {
        reading_time_max: Duration::from_millis(100),
        page_time: Duration::from_millis(10),
        ..SchedulerOptions::default()
    };
    let (done, mut results) = mpsc::channel(1);
    let reader = Reader::new(directory(&plc.url), ReaderOptions::default());
    let stop = CancellationToken::new();
    let (scheduler, _task) = Scheduler::start(reader.clone(), &options, done, stop);
    for (records_max, told) in [(1_000, "not read in 300ms"), (500, "not read in 200ms")] {
        reader.set_records_max(records_max);
        let asked = scheduler.request("did:plc:stuck".to_owned(), 1, Wanted::records());
        asked.await.unwrap();
        let error = results.recv().await.unwrap().result;
        let error = error.expect_err("nobody answered");
        assert!(error.to_string().contains(told), "{error}");
    }
}

/// Polls until something has happened; a test that waits in vain is stopped by its runner.
async fn wait_until(happened: impl Fn() -> bool) {
    while !happened() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
