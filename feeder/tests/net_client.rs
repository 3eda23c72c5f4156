//! The HTTP client against servers that are busy, slow, huge or devious.

#![expect(clippy::unwrap_used, reason = "a test stops where something is amiss")]

mod net_support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kith_feeder::xrpc::address::Refusal;
use kith_feeder::xrpc::{self, Client, ClientOptions, FetchError, Host, Rate};
use net_support::{Reply, Server, client, dead_url, options, replay, sample};
use url::Url;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

async fn get(client: &Client, text: &str) -> Result<(u16, Vec<u8>), FetchError> {
    let answer = client.get(&url(text), 1000).await?;
    Ok((answer.status().as_u16(), answer.into_body()))
}

#[tokio::test]
async fn a_429_is_waited_out_and_not_a_failure() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::new(429, "").header("retry-after", "1"),
        _ => Reply::new(200, "at last"),
    })
    .await;
    let begun = Instant::now();
    let (status, body) = get(&client(&server.url), &server.url).await.unwrap();
    assert_eq!((status, body.as_slice()), (200, b"at last".as_slice()));
    assert!(
        begun.elapsed() >= Duration::from_secs(1),
        "asked again too early"
    );
    assert_eq!(server.count("/"), 2);
}

#[tokio::test]
async fn nothing_remaining_holds_the_next_request_until_the_reset() {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let reset = (now.as_secs() + 2).to_string();
    let server = Server::start(move |_| {
        Reply::new(200, "")
            .header("ratelimit-remaining", "0")
            .header("ratelimit-reset", &reset)
    })
    .await;
    let client = client(&server.url);
    let begun = Instant::now();
    get(&client, &server.url).await.unwrap();
    get(&client, &server.url).await.unwrap();
    assert!(
        begun.elapsed() >= Duration::from_millis(900),
        "asked again before the reset"
    );
}

#[tokio::test]
async fn a_host_that_limits_for_ever_is_given_up_as_retryable() {
    let server = Server::start(|_| Reply::new(429, "").header("retry-after", "0")).await;
    let options = ClientOptions {
        rate_limit_waits_max: 2,
        ..options(&server.url)
    };
    let error = get(&Client::new(options).unwrap(), &server.url)
        .await
        .unwrap_err();
    assert!(
        matches!(error, FetchError::RateLimited { waits: 2, .. }),
        "{error}"
    );
    assert!(error.is_retryable());
    assert_eq!(server.count("/"), 3);
}

#[tokio::test]
async fn the_recorded_429_of_a_real_server_is_understood() {
    let Some(limited) = sample("rate-limit-429") else {
        return;
    };
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => replay(&limited, ""),
        _ => Reply::new(200, ""),
    })
    .await;
    // Its reset is long past, so the wait is our own default.
    assert_eq!(get(&client(&server.url), &server.url).await.unwrap().0, 200);
    assert_eq!(server.count("/"), 2);
}

#[tokio::test]
async fn requests_to_one_host_are_spaced() {
    let server = Server::start(|_| Reply::new(200, "")).await;
    let rate = Rate {
        requests: 11,
        period: Duration::from_secs(1),
        burst: 1,
    };
    let options = ClientOptions {
        host_rate: rate,
        ..options("http://plc.invalid")
    };
    let client = Client::new(options).unwrap();
    let begun = Instant::now();
    for _ in 0..5 {
        get(&client, &server.url).await.unwrap();
    }
    assert!(
        begun.elapsed() >= Duration::from_millis(390),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn long_bodies_are_not_read_to_their_end() {
    let told = Server::start(|_| Reply::new(200, vec![b'x'; 1001])).await;
    let untold = Server::start(|_| Reply::endless(vec![b'x'; 100], Duration::ZERO)).await;
    let fits = Server::start(|_| Reply::new(200, vec![b'x'; 1000])).await;
    for server in [&told, &untold] {
        let error = get(&client(&server.url), &server.url).await.unwrap_err();
        assert!(
            matches!(
                error,
                FetchError::TooLong {
                    bytes_max: 1000,
                    ..
                }
            ),
            "{error}"
        );
        assert!(!error.is_retryable());
    }
    assert_eq!(
        get(&client(&fits.url), &fits.url).await.unwrap().1.len(),
        1000
    );
}

#[tokio::test]
async fn slow_bodies_are_cut_off() {
    let server = Server::start(|_| Reply::endless("x", Duration::from_millis(20))).await;
    let time_max = Duration::from_millis(200);
    let options = ClientOptions {
        request_time_max: time_max,
        ..options(&server.url)
    };
    let error = get(&Client::new(options).unwrap(), &server.url)
        .await
        .unwrap_err();
    assert!(matches!(error, FetchError::TooSlow { .. }), "{error}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn redirects_are_followed_within_bounds() {
    let server = Server::start(|asked| match asked.path() {
        "/a" => Reply::redirect("/b"),
        "/b" => Reply::new(200, "b"),
        "/file" => Reply::redirect("file:///etc/passwd"),
        "/secret" => Reply::redirect("http://user:secret@127.0.0.1/"),
        "/nowhere" => Reply::new(302, ""),
        _ => Reply::redirect("/loop"),
    })
    .await;
    let client = client(&server.url);
    let at = |path: &str| format!("{}{path}", server.url);
    assert_eq!(get(&client, &at("/a")).await.unwrap(), (200, b"b".to_vec()));
    let error = get(&client, &at("/loop")).await.unwrap_err();
    assert!(matches!(error, FetchError::BadRedirect { .. }), "{error}");
    assert_eq!(
        server.count("/loop"),
        6,
        "the first request and five redirects"
    );
    let error = get(&client, &at("/nowhere")).await.unwrap_err();
    assert!(matches!(error, FetchError::BadRedirect { .. }), "{error}");
    for path in ["/file", "/secret"] {
        let error = get(&client, &at(path)).await.unwrap_err();
        assert!(
            matches!(error, FetchError::Refused { .. }),
            "{path}: {error}"
        );
    }
}

#[tokio::test]
async fn dead_and_broken_hosts_are_unreachable() {
    let cut = Server::start(|_| Reply::cut()).await;
    for text in [
        dead_url().await,
        cut.url.clone(),
        "http://nobody.invalid/".to_owned(),
    ] {
        let error = get(&client("http://plc.invalid"), &text).await.unwrap_err();
        assert!(
            matches!(error, FetchError::Unreachable { .. }),
            "{text}: {error}"
        );
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn private_addresses_are_refused_by_default_also_behind_names() {
    let server = Server::start(|_| Reply::new(200, "")).await;
    let port = url(&server.url).port().unwrap();
    let client = Client::new(ClientOptions::default()).unwrap();
    for text in [
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://10.0.0.1/".to_owned(),
    ] {
        let error = get(&client, &text).await.unwrap_err();
        let FetchError::Refused {
            refusal: Refusal::NotPublic { .. },
            ..
        } = error
        else {
            panic!("{text}: {error}");
        };
        assert!(!error.is_retryable());
    }
    let error = get(&client, &server.url).await.unwrap_err();
    assert!(matches!(
        error,
        FetchError::Refused {
            refusal: Refusal::Scheme { .. },
            ..
        }
    ));
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn requests_say_who_they_are() {
    let server = Server::start(|_| Reply::new(200, "")).await;
    get(&client(&server.url), &server.url).await.unwrap();
    assert!(
        server.asked()[0].head.contains("user-agent: kith/"),
        "{:?}",
        server.asked()
    );
}

#[tokio::test]
async fn a_call_asks_what_the_lexicon_says() {
    let server = Server::start(|_| Reply::json(&serde_json::json!({"records": []}))).await;
    let host = Host::new(&client(&server.url), &format!("{}/", server.url));
    let did = "did:plc:sxmei4ym4fsfdyeu4nxhimby";
    let collection = "app.bsky.graph.follow";
    let page = host
        .list_records(
            did,
            collection,
            xrpc::Order::OldestFirst,
            Some("3abc".to_owned()),
        )
        .await
        .unwrap();
    assert!(page.is_empty());
    let asked = &server.asked()[0];
    assert_eq!(asked.path(), "/xrpc/com.atproto.repo.listRecords");
    let query = |name| asked.query(name).unwrap_or_default();
    assert_eq!(
        [
            query("repo"),
            query("collection"),
            query("limit"),
            query("reverse"),
            query("cursor")
        ],
        [did, collection, "100", "true", "3abc"]
    );
}
