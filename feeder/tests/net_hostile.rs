//! Hosts that mean ill, all kinds at once: each costs its own accounts, and nobody else's.

#![expect(clippy::unwrap_used, reason = "a test stops where something is amiss")]

mod net_support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kith_feeder::backfill::{
    AccountRead, BackfillDone, LikesWanted, ReadError, Reader, ReaderOptions, Scheduler,
    SchedulerOptions, Wanted,
};
use kith_feeder::identity::{Directory, DirectoryOptions, Dns};
use kith_feeder::xrpc::{Client, ClientOptions, FetchError};
use net_support::{Asked, Reply, Server, client, directory, options};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Accounts on each host: two hosts that keep us waiting could take all the room there is.
const ACCOUNTS: usize = 10;

fn document(did: &str, pds: &str) -> Reply {
    let kind = "AtprotoPersonalDataServer";
    let service = json!([{"id": "#atproto_pds", "type": kind, "serviceEndpoint": pds}]);
    Reply::json(&json!({"id": did, "service": service}))
}

fn record(asked: &Asked, repo: &str, rkey: &str) -> Value {
    let collection = asked.query("collection").unwrap();
    json!({"uri": format!("at://{repo}/{collection}/{rkey}"), "value": {"subject": "did:plc:x"}})
}

/// A page of one record, with a cursor that goes on for ever.
fn endless(asked: &Asked) -> Reply {
    let next = asked
        .query("cursor")
        .map_or(0, |text| text.parse::<usize>().unwrap())
        + 1;
    let repo = asked.query("repo").unwrap();
    let records = [record(asked, &repo, &format!("r{next}"))];
    Reply::json(&json!({"records": records, "cursor": next.to_string()}))
}

fn honest(asked: &Asked) -> Reply {
    let repo = asked.query("repo").unwrap();
    Reply::json(&json!({"records": [record(asked, &repo, "r1")]}))
}

#[tokio::test]
async fn a_fleet_of_hostile_hosts_does_not_hold_up_the_others() {
    let kinds: Vec<(&str, Server)> = vec![
        ("endless", Server::start(endless).await),
        (
            "foreign",
            Server::start(|asked| {
                let records = [record(asked, "did:plc:somebodyelse", "r1")];
                Reply::json(&json!({"records": records, "cursor": "r1"}))
            })
            .await,
        ),
        (
            "gigabytes",
            Server::start(|_| Reply::endless(vec![b'['; 65_536], Duration::ZERO)).await,
        ),
        (
            "drips",
            Server::start(|_| Reply::endless(" ", Duration::from_secs(1))).await,
        ),
        (
            "limits",
            Server::start(|_| Reply::new(429, "").header("retry-after", "600")).await,
        ),
        (
            "redirects",
            Server::start(|_| Reply::redirect("/again")).await,
        ),
        ("hangs_up", Server::start(|_| Reply::cut()).await),
        ("honest", Server::start(honest).await),
    ];
    let urls: BTreeMap<String, String> = kinds
        .iter()
        .map(|(kind, server)| ((*kind).to_owned(), server.url.clone()))
        .collect();
    let plc = Server::start(move |asked| {
        let did = &asked.path()[1..];
        let kind = did
            .trim_start_matches("did:plc:")
            .split('.')
            .next()
            .unwrap();
        document(did, &urls[kind])
    })
    .await;
    let cancel = CancellationToken::new();
    let (done, mut results) = mpsc::channel(4);
    let reader = Reader::new(directory(&plc.url), ReaderOptions::default());
    let few = SchedulerOptions {
        accounts_at_once_max: 16,
        ..SchedulerOptions::default()
    };
    let (scheduler, _task) = Scheduler::start(reader, &few, done, cancel);
    let mut ends: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    // The honest host's come when nothing else ends any more: those that let us wait have taken
    // all the room they get.
    let hostile: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
    let (honest, hostile) = hostile.split_last().unwrap();
    let waiting = ["drips", "limits"];
    for (kinds, expected) in [
        (hostile, (hostile.len() - waiting.len()) * ACCOUNTS),
        (&[*honest], ACCOUNTS),
    ] {
        for kind in kinds {
            for number in 0..ACCOUNTS {
                let did = format!("did:plc:{kind}.{number}");
                scheduler.request(did, 1, Wanted::records()).await.unwrap();
            }
        }
        for _ in 0..expected {
            let BackfillDone { did, result } = results.recv().await.unwrap();
            let kind = did
                .trim_start_matches("did:plc:")
                .split('.')
                .next()
                .unwrap();
            let end = result.map_or_else(|error| error.reason(), |_| "read");
            ends.entry(kind.to_owned()).or_default().push(end);
        }
    }
    for (kind, end) in [
        ("endless", "malformed"),
        ("foreign", "malformed"),
        ("gigabytes", "malformed"),
        ("redirects", "malformed"),
        ("hangs_up", "unreachable"),
        ("honest", "read"),
    ] {
        assert_eq!(ends.remove(kind), Some(vec![end; ACCOUNTS]), "{kind}");
    }
    assert!(ends.is_empty(), "nobody else has an end yet: {ends:?}");
}

/// Likes are read from the newest: what holds for follows holds for them.
#[tokio::test]
async fn likes_are_read_with_the_same_suspicion() {
    let did = "did:plc:a";
    let at = |endpoint: String| async move {
        let plc = Server::start(move |_| document(did, &endpoint)).await;
        let client = Client::new(ClientOptions {
            request_time_max: Duration::from_millis(300),
            ..options(&plc.url)
        });
        let directory = Directory::new(
            client.unwrap(),
            DirectoryOptions {
                dns: Dns::Off,
                ..DirectoryOptions::default()
            },
        );
        let wanted = Wanted {
            likes: Some(LikesWanted {
                after: "2222222222222".to_owned(),
                upto: "bzzzzzzzzzzzz".to_owned(),
                reposts: true,
                max: 500,
            }),
            ..Wanted::default()
        };
        let reader = Reader::new(directory, ReaderOptions::default());
        let read: Result<AccountRead, ReadError> = reader.read_account(did, &wanted).await;
        read
    };
    let same = Server::start(|asked| {
        let records = [record(asked, did, "3n2rzvx4z7s2r")];
        Reply::json(&json!({"records": records, "cursor": "same"}))
    });
    let gigabytes = Server::start(|_| Reply::endless(vec![b'['; 65_536], Duration::ZERO));
    let drips = Server::start(|_| Reply::endless(" ", Duration::from_millis(50)));
    let inside = Server::start(|_| Reply::redirect("file:///etc/passwd"));
    for (server, end) in [
        (same.await, "malformed"),
        (gigabytes.await, "malformed"),
        (drips.await, "unreachable"),
        (inside.await, "refused"),
    ] {
        let error = at(server.url.clone()).await.unwrap_err();
        assert_eq!(error.reason(), end, "{error}");
        assert!(
            server.asked().len() <= 3,
            "{} requests",
            server.asked().len()
        );
    }
    // Pages that go on for ever cost a bounded number of requests, and what was read is of use.
    let count = AtomicUsize::new(0);
    let foreign = Server::start(move |asked| {
        let next = count.fetch_add(1, Ordering::SeqCst).to_string();
        let records = [record(asked, "did:plc:somebodyelse", "3n2rzvx4z7s2r")];
        Reply::json(&json!({"records": records, "cursor": next}))
    })
    .await;
    let read = at(foreign.url.clone()).await.unwrap();
    assert!(read.likes.records.is_empty() && read.likes.capped);
    assert!(
        foreign.asked().len() < 60,
        "{} requests",
        foreign.asked().len()
    );
}

/// A small body that becomes a large one.
#[tokio::test]
async fn a_compressed_body_counts_as_what_it_becomes() {
    let bomb = bomb();
    assert!(bomb.len() < 1_000);
    let server =
        Server::start(move |_| Reply::new(200, bomb.clone()).header("content-encoding", "gzip"))
            .await;
    let url = Url::parse(&server.url).unwrap();
    let client = client(&server.url);
    let error = client.get(&url, 10_000).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLong { .. }), "{error}");
    let whole = client.get(&url, 300_000).await.unwrap();
    assert_eq!(whole.body().len(), 300_000, "with room it is read");
}

/// 300,000 zeros, compressed.
fn bomb() -> Vec<u8> {
    let head = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x01, 0x0d, 0x00,
        0x00, 0x00, 0xc2, 0xa0, 0xf7, 0x4f, 0x6d, 0x0f, 0x07, 0x14,
    ];
    let tail = [0xfc, 0x18, 0xfb, 0xe2, 0xb2, 0xf6, 0xe0, 0x93, 0x04, 0x00];
    [&head[..], &[0; 290], &tail].concat()
}
