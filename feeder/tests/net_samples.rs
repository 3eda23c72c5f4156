//! Every recorded answer of real servers, given to the call that asks for it; and those that no
//! call of ours asks for, given to one that did not.

#![expect(clippy::unwrap_used, reason = "a test stops where something is amiss")]

mod net_support;

use kith_feeder::identity::{DidDocument, IdentityError};
use kith_feeder::xrpc::{CallError, FetchError, Host};
use net_support::{Server, client, directory, replay, sample};
use serde_json::Value;
use std::path::Path;

const DID: &str = "did:plc:sxmei4ym4fsfdyeu4nxhimby";
const FOLLOW: &str = "app.bsky.graph.follow";

/// The names of all recorded answers that are one answer to one request.
fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/network/samples");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        // Frames have their test in `wire`, pages in `net_backfill`, 429 in `net_client`.
        .filter(|name| {
            let elsewhere = ["ws-", "listRecords-follow-pages", "rate-limit-429"];
            !elsewhere.iter().any(|prefix| name.starts_with(prefix))
        })
        .collect();
    names.sort();
    names
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// An XRPC error as the sample has it.
fn as_sampled(error: &CallError, sample: &Value) -> bool {
    let CallError::Answer {
        status,
        name,
        message,
        ..
    } = error
    else {
        return false;
    };
    let body = &sample["body"];
    let said = (Some(u64::from(*status)), name.clone(), message.clone());
    said == (
        sample["status"].as_u64(),
        text(&body["error"]),
        text(&body["message"]),
    )
}

#[tokio::test]
async fn every_recorded_answer_is_read_or_refused_as_it_should() {
    if sample("health").is_none() {
        return;
    }
    let mut counts = [0; 4];
    for name in names() {
        let recorded = sample(&name).unwrap();
        let path = recorded["request"]["path"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let good = recorded["status"].as_u64() == Some(200);
        let server = Server::start({
            let recorded = recorded.clone();
            move |_| replay(&recorded, "https://pds.example")
        });
        let server = server.await;
        let host = Host::new(&client(&server.url), &server.url);
        let kind = if path.contains("getRepoStatus") {
            repo_status(&host, &recorded, &path, good).await;
            0
        } else if path.contains("resolveHandle") {
            resolve_handle(&host, &recorded, good).await;
            1
        } else if name.starts_with("plc-")
            && path.matches('/').count() == 1
            && path.contains("did:")
        {
            document(&server.url, &recorded, &path[1..], good).await;
            2
        } else {
            list_records(&host, &name, &recorded, good).await;
            3
        };
        counts[kind] += 1;
    }
    assert!(counts.iter().all(|&count| count >= 5), "{counts:?}");
}

async fn repo_status(host: &Host, recorded: &Value, path: &str, good: bool) {
    let (_, did) = path.split_once("did=").unwrap();
    let answer = host.repo_status(&did.replace("%3A", ":")).await;
    let body = &recorded["body"];
    if good {
        let status = answer.unwrap().unwrap();
        let said = (Some(status.active), status.status, status.rev);
        assert_eq!(
            said,
            (
                body["active"].as_bool(),
                text(&body["status"]),
                text(&body["rev"])
            )
        );
    } else {
        assert_eq!(
            (answer, body["error"].as_str()),
            (Ok(None), Some("RepoNotFound"))
        );
    }
}

async fn resolve_handle(host: &Host, recorded: &Value, good: bool) {
    let body = &recorded["body"];
    match host.resolve_handle("user001.pds1.test").await {
        Ok(did) => assert_eq!((did, good), (text(&body["did"]), did_is_said(body))),
        Err(error) => assert!(as_sampled(&error, recorded) && !good, "{error}"),
    }
}

fn did_is_said(body: &Value) -> bool {
    body["did"].is_string()
}

async fn document(plc: &str, recorded: &Value, did: &str, good: bool) {
    let answer = directory(plc).document(did).await;
    if !good {
        assert!(
            matches!(answer, Err(IdentityError::Gone { .. })),
            "{did}: {answer:?}"
        );
        return;
    }
    let body = recorded["body"].to_string();
    let document = answer.unwrap();
    let key = document.signing_key.clone().unwrap();
    kith_feeder::verify::SigningKey::from_did_key(&key).unwrap();
    assert!(document.handle.is_some() && document.pds.is_some());
    let again = DidDocument::parse(did, body.as_bytes()).unwrap();
    assert_eq!(
        (again.signing_key, again.handle),
        (Some(key), document.handle.clone())
    );
}

/// What is a page of records is read, what is an error is told as it is, and what answers another
/// question is not taken for a page.
async fn list_records(host: &Host, name: &str, recorded: &Value, good: bool) {
    let answer = host
        .list_records(DID, FOLLOW, kith_feeder::xrpc::Order::OldestFirst, None)
        .await;
    let body = &recorded["body"];
    match answer {
        Ok(page) => {
            let records = body["records"].as_array().unwrap();
            assert_eq!(
                (page.len(), page.cursor.clone()),
                (records.len(), text(&body["cursor"]))
            );
            for (entry, record) in page
                .entries::<kith_feeder::xrpc::RecordEntry>()
                .zip(records)
            {
                let entry = entry.unwrap();
                let said = (Some(entry.uri.as_str()), Some(entry.subject()));
                let value = &record["value"];
                assert_eq!(said, (record["uri"].as_str(), value["subject"].as_str()));
            }
        }
        Err(CallError::Malformed { .. }) => assert!(good && body["records"].is_null(), "{name}"),
        Err(CallError::Fetch(FetchError::BadRedirect { .. })) => panic!("{name} redirects"),
        Err(error) => assert!(as_sampled(&error, recorded) && !good, "{name}: {error}"),
    }
}
