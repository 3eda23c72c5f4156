//! The likes of a span of time, from hosts that are honest, and from such that are not.

mod net_support;

use kith_feeder::backfill::{AccountRead, LikesWanted, ReadError, Reader, ReaderOptions, Wanted};
use net_support::{Asked, Reply, Server, directory};
use serde_json::{Value, json};

const DID: &str = "did:plc:sxmei4ym4fsfdyeu4nxhimby";
const CID: &str = "bafyreiazmiig4jfhhuiz247t2nba5xjgnrsajf365hd7gzi2pcu7entrdq";

/// A TID that grows with its number.
fn tid(number: usize) -> String {
    format!("3jzfcijpj{:0>4}", base32(number))
}

fn base32(mut number: usize) -> String {
    let alphabet = b"234567abcdefghijklmnopqrstuvwxyz";
    let mut digits = vec![];
    while number > 0 {
        digits.push(char::from(alphabet[number % 32]));
        number /= 32;
    }
    let text: String = digits.into_iter().rev().collect();
    format!("{text:2>4}")
}

fn like(repo: &str, rkey: &str) -> Value {
    let subject =
        json!({"uri": format!("at://did:plc:author/app.bsky.feed.post/{rkey}"), "cid": CID});
    json!({
        "uri": format!("at://{repo}/app.bsky.feed.like/{rkey}"),
        "cid": CID,
        "value": {"$type": "app.bsky.feed.like", "subject": subject, "createdAt": "yesterday"},
    })
}

fn document(base: &str) -> Reply {
    let service = json!({
        "id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": base,
    });
    Reply::json(&json!({"id": DID, "service": [service]}))
}

/// A host with the directory on the same port: `likes` says what a page of likes has, from below a
/// cursor.
async fn host(likes: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |asked| match asked.query("collection").as_deref() {
        None => document(&asked.url.origin().ascii_serialization()),
        Some("app.bsky.feed.like") => {
            assert_eq!(
                asked.query("reverse").as_deref(),
                Some("false"),
                "newest first"
            );
            likes(asked)
        }
        Some(_) => Reply::json(&json!({"records": []})),
    })
    .await
}

/// Likes `from` down to 1, a hundred a page.
fn honest(asked: &Asked, from: usize) -> Reply {
    let below = asked.query("cursor");
    let all = (1..=from).rev().map(tid);
    let page: Vec<String> = all
        .filter(|rkey| below.as_ref().is_none_or(|below| rkey < below))
        .take(100)
        .collect();
    let records: Vec<Value> = page.iter().map(|rkey| like(DID, rkey)).collect();
    Reply::json(&json!({"records": records, "cursor": page.last()}))
}

async fn read(
    server: &Server,
    after: usize,
    upto: usize,
    max: u32,
) -> Result<AccountRead, ReadError> {
    let reader = Reader::new(directory(&server.url), ReaderOptions::default());
    let likes = LikesWanted {
        after: tid(after),
        upto: tid(upto),
        reposts: false,
        max,
    };
    let wanted = Wanted {
        follows: false,
        blocks: true,
        likes: Some(likes),
    };
    reader.read_account(DID, &wanted).await
}

fn keys(account: &AccountRead) -> Vec<String> {
    account
        .likes
        .records
        .iter()
        .map(|like| like.rkey.clone())
        .collect()
}

#[tokio::test]
async fn a_span_is_read_newest_first_and_no_further() {
    let server = host(|asked| honest(asked, 1_000)).await;
    let account = read(&server, 690, 800, 1_000).await.unwrap();
    assert_eq!(
        keys(&account),
        (691..=800).map(tid).collect::<Vec<_>>(),
        "without its beginning"
    );
    assert!(!account.likes.capped);
    let like = &account.likes.records[0];
    assert_eq!(
        like.subject,
        format!("at://did:plc:author/app.bsky.feed.post/{}", tid(691))
    );
    assert_eq!(like.cid.to_string(), CID);
    let pages = server
        .asked()
        .iter()
        .filter(|asked| {
            asked
                .query("collection")
                .is_some_and(|c| c.ends_with("like"))
        })
        .count();
    assert_eq!(pages, 4, "from 1,000 down to 690");
}

#[tokio::test]
async fn a_bound_keeps_the_newest_and_says_so() {
    let server = host(|asked| honest(asked, 500)).await;
    let account = read(&server, 0, 500, 150).await.unwrap();
    assert_eq!(keys(&account), (351..=500).map(tid).collect::<Vec<_>>());
    assert!(account.likes.capped);
}

/// Honest subjects have seventy bytes, and so many accounts are read at once that long ones would fill
/// the memory.
#[tokio::test]
async fn long_subjects_have_no_more_room_than_usual_ones() {
    let server = host(|asked| {
        let below = asked.query("cursor");
        let all = (1..=2_000).rev().map(tid);
        let page: Vec<String> = all
            .filter(|rkey| below.as_ref().is_none_or(|below| rkey < below))
            .take(100)
            .collect();
        let records = page.iter().map(|rkey| {
            let mut like = like(DID, rkey);
            let uri = format!("at://did:web:{}/app.bsky.feed.post/3k", "a".repeat(900));
            like["value"]["subject"]["uri"] = json!(uri);
            like
        });
        let records: Vec<Value> = records.collect();
        Reply::json(&json!({"records": records, "cursor": page.last()}))
    })
    .await;
    let account = read(&server, 0, 2_000, 1_000).await.unwrap();
    let likes = &account.likes;
    let bytes = likes.records.iter();
    let bytes: usize = bytes.map(|like| like.rkey.len() + like.subject.len()).sum();
    assert!(likes.capped && bytes <= 1_000 * 128 + (64 << 10), "{bytes}");
    assert!(likes.records.len() > 100);
}

#[tokio::test]
async fn what_is_not_a_like_of_the_account_is_left_out() {
    let server = host(|_| {
        let good = like(DID, &tid(5));
        let mut no_cid = like(DID, &tid(6));
        no_cid["cid"] = json!("bafy");
        let mut no_subject = like(DID, &tid(7));
        no_subject["value"]["subject"] = json!(7);
        let mut endless = like(DID, &tid(8));
        endless["value"]["subject"]["uri"] = json!("x".repeat(1_025));
        let records = [
            endless,
            like("did:plc:other", &tid(9)),
            like(DID, "self"),
            like(DID, &tid(2_000)),
            no_cid,
            no_subject,
            json!(null),
            good.clone(),
            good,
        ];
        Reply::json(&json!({"records": records}))
    })
    .await;
    let account = read(&server, 0, 1_000, 100).await.unwrap();
    assert_eq!(keys(&account), [tid(5)]);
    assert_eq!(account.likes.invalid, 6);
}

#[tokio::test]
async fn a_host_that_pages_for_ever_costs_its_own_account_only() {
    let endless = host(|asked| {
        let at: usize = asked
            .query("cursor")
            .map_or(0, |text| text.parse().unwrap());
        let records = [like(DID, &tid(900_000))];
        Reply::json(&json!({"records": records, "cursor": (at + 1).to_string()}))
    })
    .await;
    let account = read(&endless, 0, 1_000, 100).await.unwrap();
    assert!(account.likes.capped && account.likes.records.is_empty());
    assert!(
        endless.asked().len() < 30,
        "{} requests",
        endless.asked().len()
    );

    let same =
        host(|_| Reply::json(&json!({"records": [like(DID, &tid(3))], "cursor": "x"}))).await;
    assert!(matches!(
        read(&same, 0, 1_000, 100).await,
        Err(ReadError::Malformed { .. })
    ));
}
