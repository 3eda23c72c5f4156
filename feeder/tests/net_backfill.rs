//! Reading accounts: recorded answers of real servers, moved and missing accounts, and hosts
//! that page for ever, answer other people's records, gigabytes, or slowly.

#![expect(clippy::unwrap_used, reason = "a test stops where something is amiss")]

mod net_support;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kith_feeder::backfill::{
    AccountStatus, Listing, ReadError, Reader, ReaderOptions, Wanted, read_blocks, read_follows,
};
use kith_feeder::xrpc::{Client, ClientOptions};
use net_support::{Asked, Reply, Server, client, dead_url, directory, options, replay, sample};
use serde_json::{Value, json};

const DID: &str = "did:plc:sxmei4ym4fsfdyeu4nxhimby";
const FOLLOW: &str = "app.bsky.graph.follow";

fn record(repo: &str, rkey: &str, subject: &Value) -> Value {
    let value = json!({"$type": FOLLOW, "subject": subject, "createdAt": "2026-11-21T02:17:52Z"});
    json!({"uri": format!("at://{repo}/{FOLLOW}/{rkey}"), "cid": "bafyrei", "value": value})
}

/// A record of `DID` with a good subject.
fn good(rkey: usize) -> Value {
    record(
        DID,
        &format!("r{rkey:06}"),
        &json!(format!("did:plc:s{rkey}")),
    )
}

fn page(records: &[Value], cursor: Option<&str>) -> Reply {
    Reply::json(&json!({"records": records, "cursor": cursor}))
}

/// An honest host of one account with `total` follows.
fn honest(asked: &Asked, total: usize) -> Reply {
    let total = if asked.query("collection").as_deref() == Some(FOLLOW) {
        total
    } else {
        0
    };
    let after = asked
        .query("cursor")
        .map_or(0, |text| text[1..].parse::<usize>().unwrap() + 1);
    let end = (after + 100).min(total);
    let records: Vec<Value> = (after..end).map(good).collect();
    let cursor = (!records.is_empty()).then(|| format!("r{:06}", end - 1));
    page(&records, cursor.as_deref())
}

async fn follows(server: &Server, max: u32) -> Result<Listing, ReadError> {
    read_follows(&client("http://plc.invalid"), &server.url, DID, max).await
}

#[tokio::test]
async fn a_recorded_listing_is_read_page_by_page() {
    let Some(Value::Array(pages)) = sample("listRecords-follow-pages-reverse") else {
        return;
    };
    let by_cursor: HashMap<Option<String>, Value> = pages
        .iter()
        .map(|page| {
            let path = format!("http://x{}", page["path"].as_str().unwrap());
            let url = url::Url::parse(&path).unwrap();
            let mut query = url.query_pairs();
            let cursor = query
                .find(|(name, _)| name == "cursor")
                .map(|(_, text)| text.into());
            (cursor, page["body"].clone())
        })
        .collect();
    let want: Vec<String> = pages
        .iter()
        .flat_map(|page| page["body"]["records"].as_array().unwrap())
        .map(|record| record["value"]["subject"].as_str().unwrap().to_owned())
        .collect();
    assert!(pages.len() > 1 && !want.is_empty());
    let server = Server::start(move |asked| {
        assert_eq!(asked.query("repo").as_deref(), Some(DID));
        Reply::json(&by_cursor[&asked.query("cursor")])
    })
    .await;
    let listing = follows(&server, 1000).await.unwrap();
    let subjects: Vec<String> = listing
        .records
        .iter()
        .map(|(_, subject)| subject.clone())
        .collect();
    assert_eq!(subjects, want);
    assert!(listing.records.is_sorted(), "oldest first: {listing:?}");
    assert_eq!((listing.capped, listing.invalid), (false, 0));
}

#[tokio::test]
async fn listings_end_without_cursor_or_with_an_empty_page() {
    let full = Server::start(|asked| honest(asked, 300)).await;
    let listing = follows(&full, 1000).await.unwrap();
    assert_eq!(
        (listing.records.len(), listing.capped, listing.invalid),
        (300, false, 0)
    );
    assert_eq!(
        full.asked().len(),
        4,
        "the last full page is followed by an empty one"
    );
    let single = Server::start(|_| page(&[good(1)], None)).await;
    assert_eq!(follows(&single, 1000).await.unwrap().records.len(), 1);
    let empty_cursor = Server::start(|_| page(&[good(1)], Some(""))).await;
    assert_eq!(follows(&empty_cursor, 1000).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn the_bound_is_exact_and_said() {
    for (total, max, read, capped) in [
        (250, 250, 250, false),
        (250, 249, 249, true),
        (250, 100, 100, true),
        (1, 0, 0, true),
    ] {
        let server = Server::start(move |asked| honest(asked, total)).await;
        let listing = follows(&server, max).await.unwrap();
        assert_eq!(
            (listing.records.len(), listing.capped),
            (read, capped),
            "{total}, {max}"
        );
        assert_eq!(
            listing.records.first().map(|(rkey, _)| rkey.as_str()),
            (read > 0).then_some("r000000"),
            "oldest first"
        );
    }
}

/// A listing of long keys and subjects takes no more room than one of honest ones.
#[tokio::test]
async fn the_bound_is_one_of_bytes_too() {
    let server = Server::start(|_| {
        let subject = json!(format!("did:web:{}", "x".repeat(2_000)));
        let records = (0..200).map(|n| record(DID, &format!("r{n:06}"), &subject));
        page(&records.collect::<Vec<_>>(), None)
    })
    .await;
    let listing = follows(&server, 1_000).await.unwrap();
    assert!(listing.capped);
    let bytes = |(rkey, subject): &(String, String)| rkey.len() + subject.len();
    let bytes: usize = listing.records.iter().map(bytes).sum();
    assert!((100_000..200_000).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn bad_records_are_counted_and_do_not_lose_the_page() {
    let server = Server::start(|_| {
        page(
            &[
                good(1),
                record("did:plc:somebodyelse", "r2", &json!("did:plc:x")),
                json!({"uri": format!("at://{DID}/app.bsky.graph.block/r3"),
                    "cid": "x", "value": {"subject": "did:plc:x"}}),
                record(DID, "r4", &json!("handle.example.com")),
                record(DID, "r5", &json!("")),
                record(DID, "r6", &json!(7)),
                record(DID, "r7", &Value::Null),
                record(DID, "not/an/rkey", &json!("did:plc:x")),
                record(DID, "..", &json!("did:plc:x")),
                json!({"uri": 5, "value": []}),
                json!("nonsense"),
                Value::Null,
                json!({"uri": format!("at://{DID}/{FOLLOW}/r8"), "value": {
                    "subject": "did:plc:y", "createdAt": 5, "extra": 1.5e300, "cid": null}}),
            ],
            None,
        )
    })
    .await;
    let listing = follows(&server, 1000).await.unwrap();
    let subjects: Vec<_> = listing
        .records
        .iter()
        .map(|(_, subject)| subject.as_str())
        .collect();
    assert_eq!(subjects, ["did:plc:s1", "did:plc:y"]);
    assert_eq!((listing.invalid, listing.capped), (11, false));
}

#[tokio::test]
async fn bad_text_and_deep_nesting_cost_one_record() {
    let server = Server::start(|_| {
        let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
        let good = good(1).to_string();
        let uri = format!("\"uri\":\"at://{DID}/{FOLLOW}/");
        let mut body = format!(
            "{{\"records\":[{good},{{{uri}r2\",\"value\":{{\"subject\":{deep}}}}},\
             {{{uri}r3\",\"value\":{{\"subject\":\"did:plc:z\",\"more\":{deep}}}}},\
             {{{uri}r4\",\"value\":{{\"subject\":\"\\ud800\"}}}},\
             {{{uri}r5\",\"value\":{{\"subject\":\"did:plc:"
        )
        .into_bytes();
        body.extend(b"\xff\xfe\"}}]}");
        Reply::new(200, body).header("content-type", "application/json")
    })
    .await;
    let listing = follows(&server, 1000).await.unwrap();
    let subjects: Vec<_> = listing
        .records
        .iter()
        .map(|(_, subject)| subject.as_str())
        .collect();
    assert_eq!(subjects, ["did:plc:s1", "did:plc:z"]);
    assert_eq!(listing.invalid, 3);
}

#[tokio::test]
async fn hostile_pages_end_with_an_error() {
    let same = Server::start(|_| page(&[good(1)], Some("same"))).await;
    let counter = AtomicUsize::new(0);
    let repeating = Server::start(move |_| {
        let next = format!("c{}", counter.fetch_add(1, Ordering::SeqCst));
        page(&[good(1), good(2)], Some(&next))
    })
    .await;
    let counter = AtomicUsize::new(0);
    let foreign = Server::start(move |_| {
        let number = counter.fetch_add(1, Ordering::SeqCst);
        let rkey = format!("r{number}");
        page(
            &[record("did:plc:somebodyelse", &rkey, &json!("did:plc:x"))],
            Some(&rkey),
        )
    })
    .await;
    let counter = AtomicUsize::new(0);
    let endless = Server::start(move |_| {
        let number = counter.fetch_add(1, Ordering::SeqCst);
        page(&[good(number)], Some(&format!("c{number}")))
    })
    .await;
    let counter = AtomicUsize::new(0);
    let endless_bad = Server::start(move |_| {
        let number = counter.fetch_add(1, Ordering::SeqCst);
        let rkey = format!("r{number}");
        page(&[record(DID, &rkey, &json!("no did"))], Some(&rkey))
    })
    .await;
    let long = Server::start(|_| page(&[good(1)], Some(&"c".repeat(5000)))).await;
    let huge = Server::start(|_| Reply::endless(vec![b'['; 65536], Duration::ZERO)).await;
    let html = Server::start(|_| Reply::new(200, "<html>").header("content-type", "text/html"));
    let html = html.await;
    let no_json =
        Server::start(|_| Reply::new(200, "{").header("content-type", "application/json"));
    let no_json = no_json.await;
    for (name, server, requests_max) in [
        ("same", &same, 2),
        ("repeating", &repeating, 2),
        ("foreign", &foreign, 1),
        ("endless", &endless, 60),
        ("endless_bad", &endless_bad, 60),
        ("long", &long, 1),
        ("huge", &huge, 1),
        ("html", &html, 1),
        ("no_json", &no_json, 1),
    ] {
        let error = follows(server, 1000).await.unwrap_err();
        assert!(
            matches!(error, ReadError::Malformed { .. }),
            "{name}: {error}"
        );
        assert!(!error.is_retryable());
        let requests = server.asked().len();
        assert!(requests <= requests_max, "{name}: {requests} requests");
    }
}

#[tokio::test]
async fn slow_hosts_are_given_up_for_now() {
    let drip = Server::start(|_| Reply::endless(" ", Duration::from_millis(20))).await;
    let time_max = Duration::from_millis(200);
    let short = ClientOptions {
        request_time_max: time_max,
        ..options("http://plc.invalid")
    };
    let client = Client::new(short).unwrap();
    let error = read_follows(&client, &drip.url, DID, 1000)
        .await
        .unwrap_err();
    assert!(matches!(error, ReadError::Unreachable { .. }), "{error}");
    assert!(error.is_retryable());
    let dead = dead_url().await;
    let error = read_blocks(&client, &dead, DID, 1000).await.unwrap_err();
    assert!(matches!(error, ReadError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn all_pages_together_have_a_time_too() {
    let server = Server::start(|asked| match asked.path() {
        "/xrpc/com.atproto.repo.listRecords" => {
            honest(asked, 100_000).after(Duration::from_millis(30))
        }
        _ => document(DID, &asked.url.origin().ascii_serialization()),
    })
    .await;
    let answer_time_max = Duration::from_millis(100);
    let options = ReaderOptions {
        answer_time_max,
        ..ReaderOptions::default()
    };
    let reader = Reader::new(directory(&server.url), options);
    let error = reader
        .read_account(DID, &Wanted::records())
        .await
        .unwrap_err();
    assert!(matches!(error, ReadError::Unreachable { .. }), "{error}");
    assert!(server.asked().len() < 10);
}

#[tokio::test]
async fn private_hosts_are_refused_by_default() {
    let server = Server::start(|asked| honest(asked, 1)).await;
    let client = Client::new(ClientOptions::default()).unwrap();
    for pds in [server.url.clone(), server.url.replace("http:", "https:")] {
        let error = read_follows(&client, &pds, DID, 10).await.unwrap_err();
        assert!(matches!(error, ReadError::Refused { .. }), "{error}");
    }
    assert_eq!(server.asked().len(), 0);
}

fn document(did: &str, pds: &str) -> Reply {
    Reply::json(&json!({
        "id": did,
        "alsoKnownAs": ["at://a.example.com"],
        "service": [{
            "id": "#atproto_pds",
            "type": "AtprotoPersonalDataServer",
            "serviceEndpoint": pds,
        }],
    }))
}

/// A directory and host in one that answers as the real ones were recorded.
async fn recorded() -> Option<Server> {
    let mut answers = HashMap::new();
    for state in [
        "active",
        "deactivated",
        "takendown",
        "deleted",
        "moved",
        "unknown",
    ] {
        for kind in ["plc", "listRecords-follow", "getRepoStatus"] {
            let answer = sample(&format!("{kind}-{state}"))?;
            let path = answer["request"]["path"].as_str().unwrap();
            let url = url::Url::parse(&format!("http://x{path}")).unwrap();
            let mut query = url.query_pairs();
            let did = query.find(|(name, _)| name == "repo" || name == "did");
            let did = did.map_or_else(|| url.path()[1..].to_owned(), |(_, did)| did.into_owned());
            answers.insert((kind, did), answer);
        }
    }
    let no_blocks = sample("listRecords-empty-collection")?;
    let server = Server::start(move |asked| {
        let base = asked.url.origin().ascii_serialization();
        match asked.path() {
            "/xrpc/com.atproto.repo.listRecords" => {
                let mut answer = &answers[&("listRecords-follow", asked.query("repo").unwrap())];
                let block = asked.query("collection").as_deref() != Some(FOLLOW);
                let second_page = asked.query("cursor").is_some();
                if answer["status"] == 200 && (block || second_page) {
                    answer = &no_blocks;
                }
                replay(answer, &base)
            }
            "/xrpc/com.atproto.sync.getRepoStatus" => replay(
                &answers[&("getRepoStatus", asked.query("did").unwrap())],
                &base,
            ),
            path => {
                // All documents name this server, the moved one's too.
                let reply = &answers[&("plc", path[1..].to_owned())];
                replay(reply, &base)
            }
        }
    });
    Some(server.await)
}

#[tokio::test]
async fn every_recorded_state_of_an_account_is_told_apart() {
    let Some(server) = recorded().await else {
        return;
    };
    let reader = Reader::new(directory(&server.url), ReaderOptions::default());
    let read = async |did: &str| reader.read_account(did, &Wanted::records()).await;
    let active = read(DID).await.unwrap();
    assert_eq!(active.status, AccountStatus::Active);
    assert_eq!(active.handle.as_deref(), Some("user001.pds1.test"));
    assert_eq!(active.pds, server.url);
    assert_eq!(
        (active.follows.records.len(), active.blocks.records.len()),
        (3, 0)
    );
    for (did, want) in [
        (
            "did:plc:6wj2mdutbl7f3ber4c3epoys",
            AccountStatus::Deactivated,
        ),
        ("did:plc:gxyjli6fnce5fn5pnkwumm4y", AccountStatus::Takendown),
        ("did:plc:4zb4vu5coi2tv462we2ywewp", AccountStatus::Deleted),
    ] {
        let account = read(did).await.unwrap();
        assert_eq!(
            (account.status, account.follows),
            (want, Listing::default()),
            "{did}"
        );
    }
    let unknown = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa";
    assert!(matches!(read(unknown).await, Err(ReadError::Gone { .. })));
    let client = client("http://plc.invalid");
    let at_host = read_follows(&client, &server.url, unknown, 10)
        .await
        .unwrap_err();
    assert!(matches!(at_host, ReadError::NotFound { .. }), "{at_host}");
    let moved = "did:plc:nmjnezh4sfk7dvtifqiymoye";
    let old_host = read_follows(&client, &server.url, moved, 10)
        .await
        .unwrap_err();
    let ReadError::Inactive {
        status: AccountStatus::Deactivated,
        ..
    } = old_host
    else {
        panic!("{old_host}");
    };
}

#[tokio::test]
async fn an_account_that_moved_is_read_at_its_new_host() {
    for old_answer in ["deactivated", "deleted", "dead"] {
        let new = Server::start(|asked| honest(asked, 3)).await;
        let old = Server::start(move |asked| match (asked.path(), old_answer) {
            (_, "dead") => Reply::cut(),
            ("/xrpc/com.atproto.sync.getRepoStatus", "deactivated") => {
                Reply::json(&json!({"did": DID, "active": false, "status": "deactivated"}))
            }
            ("/xrpc/com.atproto.sync.getRepoStatus", _) => Reply::error(400, "RepoNotFound", ""),
            _ => Reply::error(400, "InvalidRequest", "Could not find repo: x"),
        })
        .await;
        let hosts = [old.url.clone(), new.url.clone()];
        let fetched = AtomicUsize::new(0);
        let plc = Server::start(move |_| {
            document(DID, &hosts[fetched.fetch_add(1, Ordering::SeqCst).min(1)])
        })
        .await;
        let directory = directory(&plc.url);
        directory.document(DID).await.unwrap();
        let reader = Reader::new(directory, ReaderOptions::default());
        let account = reader.read_account(DID, &Wanted::records()).await.unwrap();
        assert_eq!(account.status, AccountStatus::Active, "{old_answer}");
        assert_eq!(
            (account.pds, account.follows.records.len()),
            (new.url.clone(), 3)
        );
    }
}

#[tokio::test]
async fn odd_answers_about_an_account_are_classified() {
    let server = Server::start(|asked| {
        let base = asked.url.origin().ascii_serialization();
        let account = asked
            .query("repo")
            .or(asked.query("did"))
            .unwrap_or_default();
        let not_found = Reply::error(400, "InvalidRequest", "Could not find repo: x");
        match (asked.path(), account.as_str()) {
            ("/did:plc:homeless", _) => Reply::json(&json!({"id": "did:plc:homeless"})),
            ("/did:plc:inside", _) => document("did:plc:inside", "http://u:p@127.0.0.1"),
            ("/xrpc/com.atproto.repo.listRecords", "did:plc:crash") => Reply::new(500, "oops"),
            ("/xrpc/com.atproto.repo.listRecords", "did:plc:denied") => Reply::new(403, ""),
            ("/xrpc/com.atproto.repo.listRecords", "did:plc:teapot") => Reply::new(418, ""),
            ("/xrpc/com.atproto.repo.listRecords", "did:plc:nopds") => Reply::new(404, ""),
            ("/xrpc/com.atproto.repo.listRecords", _) => not_found,
            ("/xrpc/com.atproto.sync.getRepoStatus", "did:plc:liar") => {
                Reply::json(&json!({"did": "did:plc:liar", "active": true, "rev": null}))
            }
            ("/xrpc/com.atproto.sync.getRepoStatus", "did:plc:mixup") => {
                Reply::json(&json!({"did": DID, "active": false}))
            }
            ("/xrpc/com.atproto.sync.getRepoStatus", "did:plc:wordless") => {
                Reply::json(&json!({"did": "did:plc:wordless", "active": false}))
            }
            ("/xrpc/com.atproto.sync.getRepoStatus", "did:plc:old") => {
                Reply::error(501, "MethodNotImplemented", "no")
            }
            ("/xrpc/com.atproto.sync.getRepoStatus", _) => Reply::new(404, ""),
            (path, _) => document(&path[1..], &base),
        }
    })
    .await;
    let reader = Reader::new(directory(&server.url), ReaderOptions::default());
    for (did, want) in [
        ("did:plc:homeless", "no_host"),
        ("did:plc:inside", "no_host"),
        ("did:plc:crash", "unreachable"),
        ("did:plc:denied", "unreachable"),
        ("did:plc:teapot", "malformed"),
        ("did:plc:nopds", "malformed"),
        ("did:plc:liar", "unreachable"),
        ("did:plc:mixup", "malformed"),
        ("did:plc:old", "inactive"),
        ("did:plc:wordless", "inactive"),
        ("did:key:zQ3sh", "malformed"),
    ] {
        let got = match reader.read_account(did, &Wanted::records()).await {
            Ok(account) => account.status.to_string(),
            Err(error) => error.reason().to_owned(),
        };
        assert_eq!(got, want, "{did}");
    }
}
