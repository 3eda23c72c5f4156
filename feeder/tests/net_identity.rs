//! DID documents and handles, by the recorded answers of real servers and by broken ones.

#![expect(clippy::unwrap_used, reason = "a test stops where something is amiss")]

mod net_support;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use kith_feeder::identity::{
    DidDocument, Directory, DirectoryOptions, Dns, HandleError, IdentityError,
};
use kith_feeder::xrpc::{Client, ClientOptions};
use net_support::{Reply, Server, client, dead_url, directory, replay, sample};
use serde_json::{Value, json};
use tokio::net::UdpSocket;

const DID: &str = "did:plc:sxmei4ym4fsfdyeu4nxhimby";

fn document(did: &str, handle: &str, pds: &str) -> Value {
    json!({
        "id": did,
        "alsoKnownAs": [format!("at://{handle}")],
        "service": [{
            "id": "#atproto_pds",
            "type": "AtprotoPersonalDataServer",
            "serviceEndpoint": pds,
        }],
    })
}

#[tokio::test]
async fn both_shapes_of_real_documents_are_read() {
    let (Some(old), Some(new)) = (sample("plc-active"), sample("plc-modern-doc")) else {
        return;
    };
    let parse = |sample: &Value| {
        let did = sample["body"]["id"].as_str().unwrap();
        DidDocument::parse(did, sample["body"].to_string().as_bytes()).unwrap()
    };
    let data = sample("plc-data").unwrap();
    let key = data["body"]["verificationMethods"]["atproto"]
        .as_str()
        .unwrap();
    assert_eq!(
        parse(&old),
        DidDocument {
            did: DID.to_owned(),
            handle: Some("user001.pds1.test".to_owned()),
            pds: Some("http://localhost:2583".to_owned()),
            // The old shape has the bare point; the directory's own data has the multikey.
            signing_key: key.strip_prefix("did:key:").map(str::to_owned),
        }
    );
    let new = parse(&new);
    assert_eq!(new.handle.as_deref(), Some("modern.pds1.test"));
    assert_eq!(new.pds.as_deref(), Some("http://localhost:2723"));
    assert_eq!(
        new.signing_key.as_deref(),
        Some("zQ3shmsHM9zy33Z2SaXJHc7v35oQddi7KxvGKwTiquvrRJqXv")
    );
}

#[tokio::test]
async fn real_answers_of_the_directory_are_classified() {
    let names = [
        "plc-active",
        "plc-moved",
        "plc-tombstoned",
        "plc-unknown",
        "plc-not-a-did",
    ];
    let samples: Option<Vec<Value>> = names.iter().map(|name| sample(name)).collect();
    let Some(samples) = samples else { return };
    let by_path: HashMap<String, Value> = samples
        .into_iter()
        .map(|sample| {
            (
                sample["request"]["path"].as_str().unwrap().to_owned(),
                sample,
            )
        })
        .collect();
    let paths: Vec<String> = by_path.keys().cloned().collect();
    let plc = Server::start(move |asked| replay(&by_path[asked.path()], "https://pds.example"));
    let plc = plc.await;
    let directory = directory(&plc.url);
    for path in paths {
        let answer = directory.document(&path[1..]).await;
        match path.as_str() {
            "/did:plc:sxmei4ym4fsfdyeu4nxhimby" => {
                assert_eq!(answer.unwrap().pds.as_deref(), Some("https://pds.example"));
            }
            "/did:plc:nmjnezh4sfk7dvtifqiymoye" => {
                assert_eq!(
                    answer.unwrap().pds.as_deref(),
                    Some("http://localhost:2584")
                );
            }
            _ => assert!(
                matches!(answer, Err(IdentityError::Gone { .. })),
                "{path}: {answer:?}"
            ),
        }
    }
}

#[tokio::test]
async fn broken_answers_are_classified() {
    let plc = Server::start(|asked| match asked.path() {
        "/did:plc:gone" => Reply::new(410, "{}"),
        "/did:plc:busy" => Reply::new(503, ""),
        "/did:plc:denied" => Reply::new(403, ""),
        "/did:plc:html" => Reply::new(200, "<html>"),
        "/did:plc:other" => Reply::json(&document(DID, "a.example.com", "https://pds.example")),
        "/did:plc:huge" => Reply::endless(vec![b' '; 4096], std::time::Duration::ZERO),
        "/did:plc:cut" => Reply::cut(),
        path => Reply::json(&json!({"id": &path[1..]})),
    })
    .await;
    let directory = directory(&plc.url);
    let kind = async |did: &str| match directory.document(did).await {
        Ok(_) => "ok",
        Err(IdentityError::Gone { .. }) => "gone",
        Err(IdentityError::Unreachable { .. }) => "unreachable",
        Err(IdentityError::Malformed { .. }) => "malformed",
        Err(IdentityError::Refused { .. }) => "refused",
        Err(IdentityError::NotADid { .. }) => "not a did",
    };
    for (did, want) in [
        ("did:plc:fine", "ok"),
        ("did:plc:gone", "gone"),
        ("did:plc:busy", "unreachable"),
        ("did:plc:cut", "unreachable"),
        ("did:plc:denied", "malformed"),
        ("did:plc:html", "malformed"),
        ("did:plc:other", "malformed"),
        ("did:plc:huge", "malformed"),
        ("did:key:zQ3sh", "not a did"),
        ("alice.example.com", "not a did"),
        ("did:web:a.example:path", "refused"),
    ] {
        assert_eq!(kind(did).await, want, "{did}");
    }
    let dead = net_support::directory(&dead_url().await)
        .document(DID)
        .await
        .unwrap_err();
    assert!(matches!(dead, IdentityError::Unreachable { .. }) && dead.is_retryable());
}

#[tokio::test]
async fn web_documents_at_private_addresses_are_refused_by_default() {
    let client = Client::new(ClientOptions::default()).unwrap();
    let options = DirectoryOptions {
        dns: Dns::Off,
        ..DirectoryOptions::default()
    };
    let directory = Directory::new(client, options);
    for did in ["did:web:localhost", "did:web:localhost%3A2583"] {
        let error = directory.document(did).await.unwrap_err();
        assert!(
            matches!(error, IdentityError::Refused { .. }),
            "{did}: {error}"
        );
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn web_documents_are_read() {
    let server = Server::start(|asked| {
        assert_eq!(asked.path(), "/.well-known/did.json");
        let did = format!("did:web:localhost%3A{}", asked.url.port().unwrap());
        Reply::json(&document(&did, "web.example.com", "https://pds.example"))
    })
    .await;
    let port = server.url.rsplit(':').next().unwrap();
    let did = format!("did:web:localhost%3A{port}");
    let document = directory("http://plc.invalid")
        .document(&did)
        .await
        .unwrap();
    assert_eq!(document.did, did);
    assert_eq!(document.handle.as_deref(), Some("web.example.com"));
}

#[tokio::test]
async fn documents_are_cached_until_invalidated_and_current_host_asks_anew() {
    let moves = AtomicUsize::new(0);
    let plc = Server::start(move |_| {
        let host = moves.fetch_add(1, Ordering::SeqCst);
        Reply::json(&document(
            DID,
            "a.example.com",
            &format!("https://pds{host}.example"),
        ))
    })
    .await;
    let directory = directory(&plc.url);
    let cached = async || directory.document(DID).await.unwrap().pds.clone().unwrap();
    assert_eq!(cached().await, "https://pds0.example");
    assert_eq!(cached().await, "https://pds0.example");
    assert_eq!(plc.asked().len(), 1);
    let current = directory.current_host(DID).await.unwrap();
    assert_eq!(current.as_deref(), Some("https://pds1.example"));
    assert_eq!(cached().await, "https://pds1.example");
    directory.invalidate(DID);
    assert_eq!(cached().await, "https://pds2.example");
    assert_eq!(plc.asked().len(), 3);
}

/// A PLC and a PDS in one: two accounts, and handles that point at the first.
async fn network() -> Server {
    Server::start(|asked| match asked.path() {
        "/did:plc:alice" => Reply::json(&document(
            "did:plc:alice",
            "alice.test",
            "https://pds.example",
        )),
        "/did:plc:nameless" => Reply::json(&json!({"id": "did:plc:nameless"})),
        "/xrpc/com.atproto.identity.resolveHandle" => {
            match asked.query("handle").unwrap().as_str() {
                "alice.test" | "impostor.test" => Reply::json(&json!({"did": "did:plc:alice"})),
                "nameless.test" => Reply::json(&json!({"did": "did:plc:nameless"})),
                "ghost.test" => Reply::json(&json!({"did": "did:plc:ghost"})),
                "odd.test" => Reply::json(&json!({"did": "not a did"})),
                "busy.test" => Reply::new(502, ""),
                _ => Reply::error(400, "InvalidRequest", "Unable to resolve handle"),
            }
        }
        _ => Reply::new(404, ""),
    })
    .await
}

fn with_resolvers(plc: &str, resolvers: &[&str]) -> Directory {
    let handle_resolvers = resolvers.iter().map(|&url| url.to_owned()).collect();
    let options = DirectoryOptions {
        handle_resolvers,
        dns: Dns::Off,
        ..Default::default()
    };
    Directory::new(client(plc), options)
}

#[tokio::test]
async fn handles_are_resolved_by_servers_in_order_and_verified() {
    let network = network().await;
    let dead = dead_url().await;
    let directory = with_resolvers(&network.url, &[&dead, &network.url]);
    for handle in ["alice.test", "@Alice.TEST"] {
        assert_eq!(
            directory.resolve_handle(handle).await.unwrap().did,
            "did:plc:alice"
        );
    }
    let error = async |handle: &str| directory.resolve_handle(handle).await.unwrap_err();
    let text = error("impostor.test").await.to_string();
    assert_eq!(
        text,
        "the handle impostor.test points at did:plc:alice, but that account goes by alice.test"
    );
    let nameless = error("nameless.test").await;
    assert!(
        matches!(nameless, HandleError::NotClaimed { claimed: None, .. }),
        "{nameless}"
    );
    let ghost = error("ghost.test").await;
    assert!(
        matches!(
            ghost,
            HandleError::Identity {
                source: IdentityError::Gone { .. },
                ..
            }
        ),
        "{ghost}"
    );
    assert!(!ghost.is_retryable());
    for handle in ["nobody.test", "odd.test", "busy.test"] {
        let nobody = error(handle).await;
        assert!(matches!(nobody, HandleError::NotFound { .. }), "{nobody}");
        assert!(nobody.to_string().contains(&network.url), "{nobody}");
    }
    for text in [
        "",
        "alice",
        "al ice.test",
        "did:plc:alice",
        "https://alice.test",
    ] {
        let error = error(text).await;
        assert!(
            matches!(error, HandleError::NotAHandle { .. }),
            "{text}: {error}"
        );
    }
}

#[tokio::test]
async fn the_recorded_answers_to_resolve_handle_are_understood() {
    let names = ["resolveHandle-ok", "resolveHandle-unknown", "plc-active"];
    let samples: Option<Vec<Value>> = names.iter().map(|name| sample(name)).collect();
    let Some(samples) = samples else { return };
    let server = Server::start(move |asked| match asked.query("handle").as_deref() {
        Some("user001.pds1.test") => replay(&samples[0], ""),
        Some(_) => replay(&samples[1], ""),
        None => replay(&samples[2], "https://pds.example"),
    })
    .await;
    let directory = with_resolvers(&server.url, &[&server.url]);
    assert_eq!(
        directory
            .resolve_handle("user001.pds1.test")
            .await
            .unwrap()
            .did,
        DID
    );
    let error = directory
        .resolve_handle("nobody.pds1.test")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("unknown"), "{error}");
}

#[tokio::test]
async fn a_handle_is_shown_only_if_it_points_back() {
    let network = network().await;
    let directory = with_resolvers(&network.url, &[&network.url]);
    let shown = async |did: &str, handle: Option<&str>| {
        let (did, handle) = (did.to_owned(), handle.map(str::to_owned));
        let document = DidDocument {
            did,
            handle,
            pds: None,
            signing_key: None,
        };
        directory.verified_handle(&document).await
    };
    let alice = shown("did:plc:alice", Some("alice.test")).await;
    assert_eq!(alice.unwrap().as_deref(), Some("alice.test"));
    assert_eq!(
        shown("did:plc:thief", Some("alice.test")).await.unwrap(),
        None
    );
    assert_eq!(shown("did:plc:nameless", None).await.unwrap(), None);
    let nobody = shown("did:plc:alice", Some("nobody.test")).await;
    assert!(
        matches!(nobody, Err(HandleError::NotFound { .. })),
        "{nobody:?}"
    );
}

#[tokio::test]
async fn without_anybody_to_ask_the_error_says_so() {
    let directory = with_resolvers("http://plc.invalid", &[]);
    let error = directory.resolve_handle("alice.test").await.unwrap_err();
    assert!(
        error.to_string().contains("network.handle_resolver"),
        "{error}"
    );
}

/// A name server that knows TXT records only, whatever the case of the question.
async fn name_server(records: &'static [(&'static str, &'static [&'static str])]) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut question = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question).await {
            let answer = dns_answer(&question[..length], records);
            let _ = socket.send_to(&answer, from).await;
        }
    });
    address
}

fn dns_answer(question: &[u8], records: &[(&str, &[&str])]) -> Vec<u8> {
    let mut labels = Vec::new();
    let mut at = 12;
    while question[at] != 0 {
        let end = at + 1 + usize::from(question[at]);
        labels.push(String::from_utf8_lossy(&question[at + 1..end]).to_ascii_lowercase());
        at = end;
    }
    let question_end = at + 5;
    let name = labels.join(".");
    let texts = records
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, texts)| *texts);
    let count = u8::try_from(texts.unwrap_or_default().len()).unwrap();
    let flags = if texts.is_some() {
        [0x81, 0x80]
    } else {
        [0x81, 0x83]
    };
    let mut answer = question[..2].to_vec();
    answer.extend(flags);
    answer.extend([0, 1, 0, count, 0, 0, 0, 0]);
    answer.extend(&question[12..question_end]);
    for text in texts.unwrap_or_default() {
        let length = u8::try_from(text.len()).unwrap();
        answer.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, length + 1, length]);
        answer.extend(text.as_bytes());
    }
    answer
}

#[tokio::test]
async fn handles_are_resolved_in_dns_first() {
    let names = name_server(&[
        (
            "_atproto.alice.kith-tests.com",
            &["v=spf1 -all", "did=did:plc:dns"],
        ),
        (
            "_atproto.two.kith-tests.com",
            &["did=did:plc:one", "did=did:plc:two"],
        ),
        ("_atproto.odd.kith-tests.com", &["did=nonsense"]),
    ])
    .await;
    let asked = Mutex::new(Vec::new());
    let plc = Server::start(move |request| {
        asked.lock().unwrap().push(request.path().to_owned());
        match request.path() {
            "/did:plc:dns" => Reply::json(&document(
                "did:plc:dns",
                "alice.kith-tests.com",
                "https://pds.example",
            )),
            _ => Reply::error(400, "InvalidRequest", "Unable to resolve handle"),
        }
    })
    .await;
    let options = DirectoryOptions {
        dns: Dns::Servers(vec![names]),
        handle_resolvers: vec![plc.url.clone()],
        ..DirectoryOptions::default()
    };
    let directory = Directory::new(client(&plc.url), options);
    let alice = directory
        .resolve_handle("alice.kith-tests.com")
        .await
        .unwrap();
    assert_eq!(alice.did, "did:plc:dns");
    assert_eq!(plc.count("resolveHandle"), 0);
    let two = directory
        .resolve_handle("two.kith-tests.com")
        .await
        .unwrap_err();
    assert!(
        matches!(two, HandleError::Ambiguous { dids: 2, .. }),
        "{two}"
    );
}

/// A host of accounts is asked for handles that nobody else can know, and for no others: of those it
/// may say what it likes.
#[tokio::test]
async fn a_host_is_not_asked_whose_a_public_handle_is() {
    let network = network().await;
    let options = DirectoryOptions {
        private_handle_resolvers: vec![network.url.clone()],
        dns: Dns::Servers(vec!["127.0.0.1:9".parse().unwrap()]),
        ..DirectoryOptions::default()
    };
    let directory = Directory::new(client(&network.url), options);
    let alice = directory.resolve_handle("alice.test").await.unwrap();
    assert_eq!(alice.did, "did:plc:alice");
    let asked = network.count("resolveHandle");
    let public = directory.resolve_handle("alice.kith-tests.com").await;
    let error = public.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert!(!error.to_string().contains("no record"), "{error}");
    assert_eq!(network.count("resolveHandle"), asked);
}
