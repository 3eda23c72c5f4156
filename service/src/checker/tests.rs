//! Verdicts, and how long is waited for them.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use axum::{Router, routing::get};
use kith_feeder::{
    identity::{DirectoryOptions, Dns},
    source::Frames,
    xrpc::{Client, ClientOptions},
};

use super::patience::{LANE_PATIENCE, PATIENCE_SPAN, WRITER_PATIENCE_IN_ALL};
use super::*;

/// A file of the folder of facts beside the project; without it nothing is tested.
fn production(file: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/interop/production")
        .join(file);
    if !path.exists() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "no {}",
            path.display()
        );
        tracing::warn!(path = %path.display(), "skipped: it is not there");
        return None;
    }
    let file = std::fs::File::open(path).unwrap();
    Some(zstd::decode_all(file).unwrap())
}

/// The first commit of the recorded stream of production, its account and its document.
fn commit() -> Option<(Vec<u8>, String, serde_json::Value)> {
    let frames = production("frames.bin.zst")?;
    let documents: serde_json::Value =
        serde_json::from_slice(&production("did_docs.json.zst")?).unwrap();
    let mut rest = frames.as_slice();
    loop {
        let (length, more) = rest.split_first_chunk::<4>()?;
        let (frame, more) = more.split_at(u32::from_le_bytes(*length) as usize);
        rest = more;
        let repo = std::cell::RefCell::new(None);
        let note = |did: &str, _| {
            repo.replace(Some(did.to_owned()));
            false
        };
        let _ = wire::decode(frame, &note);
        if let Some(did) = repo.into_inner() {
            let document = documents[&did].clone();
            return Some((frame.to_vec(), did, document));
        }
    }
}

/// A directory whose server gives these documents one after the other, the last one for ever, or
/// never answers if there is none; and how often it was asked.
async fn directory(documents: Vec<serde_json::Value>) -> (Directory, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let answer = async move || {
        let at = count.fetch_add(1, Ordering::SeqCst);
        match documents.get(at).or(documents.last()) {
            Some(document) => document.to_string(),
            None => std::future::pending().await,
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plc = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/{did}", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = Client::new(ClientOptions {
        plc,
        allow_private_addresses: true,
        ..ClientOptions::default()
    });
    let options = DirectoryOptions {
        dns: Dns::Off,
        ..DirectoryOptions::default()
    };
    (Directory::new(client.unwrap(), options), asked)
}

fn delivered(frame: &[u8]) -> What {
    What::Frames(Frames::of_stream(frame))
}

#[tokio::test]
async fn each_frame_of_a_delivery_has_its_own_verdict() {
    let Some((frame, did, document)) = commit() else {
        return;
    };
    let (directory, _) = directory(vec![document]).await;
    let watched = Arc::new(Watched::default());
    watched.set(&did, Some(Concern::Commits));
    let checker = Checker::new(directory, watched, Verify::Full, true);
    let mut bent = frame.clone();
    let middle = bent.len() / 2;
    bent[middle] ^= 1;
    let garbage = b"garbage".to_vec();
    let mut frames = Frames::of_stream(&frame);
    for next in [&garbage, &bent, &frame] {
        frames.add(next).expect("a stream's");
    }
    let what = What::Frames(frames);
    let mut patience = Patience::of_a_stream();
    let verdicts = checker.look(&what, &Trust::Relay, &mut patience).await;
    assert_eq!(patience.left, patience.whole, "who answers uses up nothing");
    let [
        Verdict::Good,
        Verdict::Unchecked,
        Verdict::Bad(_),
        Verdict::Good,
    ] = verdicts[..]
    else {
        panic!("{verdicts:?}");
    };
}

/// The writer waits for nobody, a stream for one account so long, and for all of them together not
/// much longer.
#[tokio::test(start_paused = true)]
async fn who_does_not_answer_is_not_waited_for_long() {
    let Some((frame, did, _)) = commit() else {
        return;
    };
    let (directory, _) = directory(Vec::new()).await;
    let watched = Arc::new(Watched::default());
    watched.set(&did, Some(Concern::Commits));
    let checker = Checker::new(directory, watched, Verify::Full, true);
    let mut patience = Patience::of_a_stream();
    let mut look = async |checker: &Checker| {
        let begun = Instant::now();
        let what = delivered(&frame);
        let verdicts = checker.look(&what, &Trust::Relay, &mut patience);
        assert_eq!(verdicts.await, [Verdict::Bad("no_document")]);
        begun.elapsed().as_secs()
    };
    assert_eq!(look(&checker).await, COMMIT_PATIENCE.as_secs());
    assert_eq!(look(&checker).await, 0, "it is known to be silent");
    let others = || Checker {
        silent: Arc::default(),
        ..checker.clone()
    };
    let mut waited = COMMIT_PATIENCE.as_secs();
    for _ in 0..20 {
        waited += look(&others()).await;
    }
    assert_eq!(waited, LANE_PATIENCE.as_secs());
    tokio::time::advance(PATIENCE_SPAN).await;
    assert_eq!(look(&others()).await, COMMIT_PATIENCE.as_secs());

    // Where nobody can be read again, each has its time.
    let mut patience = Patience::of_the_writer();
    for _ in 0..20 {
        let checker = Checker {
            has_repair: false,
            ..others()
        };
        let begun = Instant::now();
        let verdict = checker.check(&frame, &Trust::Relay, &mut patience).await;
        assert_eq!(verdict, Verdict::Bad("no_document"));
        assert_eq!(begun.elapsed().as_secs(), WRITER_PATIENCE.as_secs());
    }

    let (begun, mut patience) = (Instant::now(), Patience::of_the_writer());
    for asked in 1..100 {
        let verdict = others().check(&frame, &Trust::Relay, &mut patience).await;
        assert_eq!(verdict, Verdict::Bad("no_document"));
        let waited = (asked * WRITER_PATIENCE).min(WRITER_PATIENCE_IN_ALL);
        assert_eq!(begun.elapsed().as_secs(), waited.as_secs());
    }
}

/// The same document with a key of somebody else.
fn with_other_key(document: &serde_json::Value) -> serde_json::Value {
    let mut other = document.clone();
    for method in other["verificationMethod"].as_array_mut().unwrap() {
        method["type"] = "Multikey".into();
        method["publicKeyMultibase"] = "zQ3shqwJEJyMBsBXCWyCBpUBMqxcon9oHB7mCvx4sSpMdLJwc".into();
    }
    other
}

#[tokio::test]
async fn a_rotated_key_is_fetched_once_more_and_then_not_for_a_while() {
    let Some((frame, did, document)) = commit() else {
        return;
    };
    let watched = Arc::new(Watched::default());
    watched.set(&did, Some(Concern::Commits));
    let checker = async |documents| {
        let (directory, asked) = directory(documents).await;
        (
            Checker::new(directory, Arc::clone(&watched), Verify::Full, true),
            asked,
        )
    };
    let old = with_other_key(&document);
    let (rotated, asked) = checker(vec![old.clone(), document.clone()]).await;
    assert_eq!(
        rotated
            .look(
                &delivered(&frame),
                &Trust::Relay,
                &mut Patience::of_a_stream()
            )
            .await,
        [Verdict::Good]
    );
    assert_eq!(asked.load(Ordering::SeqCst), 2);

    let (wrong, asked) = checker(vec![old]).await;
    for _ in 0..3 {
        let verdict = wrong
            .look(
                &delivered(&frame),
                &Trust::Relay,
                &mut Patience::of_a_stream(),
            )
            .await;
        assert_eq!(verdict, [Verdict::Bad("bad_signature")]);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2, "once, and once more");

    let (bent, _) = checker(vec![document]).await;
    let mut frame = frame;
    let middle = frame.len() / 2;
    frame[middle] ^= 1;
    assert!(matches!(
        bent.look(
            &delivered(&frame),
            &Trust::Relay,
            &mut Patience::of_a_stream()
        )
        .await[..],
        [Verdict::Bad(_)]
    ));
}

/// A commit whose host left the blocks out is signed by nobody, and its ops may be anything.
#[tokio::test]
async fn nothing_that_came_is_not_believed() {
    let Some((_, did, document)) = commit() else {
        return;
    };
    let (directory, _) = directory(vec![document]).await;
    let watched = Arc::new(Watched::default());
    watched.set(&did, Some(Concern::Commits));
    let checker = Checker::new(directory, watched, Verify::Full, true);
    let frame = [
        b"\xa2\x61t\x67#commit\x62op\x01".to_vec(),
        b"\xa5\x63ops\x80\x63seq\x01\x64repo\x78\x20".to_vec(),
        did.into_bytes(),
        b"\x66blocks\x40\x66tooBig\xf5".to_vec(),
    ]
    .concat();
    let mut patience = Patience::of_a_stream();
    let what = delivered(&frame);
    let verdicts = checker.look(&what, &Trust::Relay, &mut patience);
    assert_eq!(verdicts.await, [Verdict::Bad("too_big")]);
}

#[tokio::test]
async fn only_those_who_matter_are_asked_about() {
    let Some((frame, did, document)) = commit() else {
        return;
    };
    let (directory, asked) = directory(vec![document]).await;
    let watched = Arc::new(Watched::default());
    let checker = Checker::new(directory, Arc::clone(&watched), Verify::Full, true);
    let look = async |trust| {
        checker
            .look(&delivered(&frame), &trust, &mut Patience::of_a_stream())
            .await
    };
    assert_eq!(look(Trust::Relay).await, [Verdict::Unchecked], "a stranger");
    watched.set(&did, Some(Concern::Status));
    assert_eq!(
        look(Trust::Relay).await,
        [Verdict::Unchecked],
        "of the last degree"
    );
    watched.set(&did, Some(Concern::Commits));
    assert_eq!(look(Trust::Believed).await, [], "a file");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert_eq!(look(Trust::Relay).await, [Verdict::Good]);
    assert_eq!(
        checker
            .check(&frame, &Trust::Relay, &mut Patience::of_a_stream())
            .await,
        Verdict::Good
    );
    watched.set(&did, None);
    assert_eq!(look(Trust::Relay).await, [Verdict::Unchecked]);
    assert_eq!(
        checker
            .check(&frame, &Trust::Relay, &mut Patience::of_a_stream())
            .await,
        Verdict::Good,
        "asked for"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1, "the document is kept");
}
/// What a host says of an account is left, and the account read again, if nobody says whose it is.
#[tokio::test(start_paused = true)]
async fn an_unreachable_directory_is_no_other_host() {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).unwrap();
        [&[0x78, length], text.as_bytes()].concat()
    };
    let did = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa";
    let frame = [
        b"\xa2\x61t\x68#account\x62op\x01\xa5\x63did".to_vec(),
        text(did),
        b"\x63seq\x01\x64time".to_vec(),
        text("2026-11-21T00:00:00.000Z"),
        b"\x66active\xf4\x66status".to_vec(),
        text("deactivated"),
    ]
    .concat();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plc = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::new(ClientOptions {
        plc,
        allow_private_addresses: true,
        ..ClientOptions::default()
    });
    let directory = Directory::new(client.unwrap(), DirectoryOptions::default());
    let watched = Arc::new(Watched::default());
    watched.set(did, Some(Concern::Status));
    let checker = Checker::new(directory, watched, Verify::Full, true);
    let mut patience = Patience::of_a_stream();
    let (begun, trust) = (Instant::now(), Trust::Pds("https://pds.example".to_owned()));
    let what = delivered(&frame);
    let verdicts = checker.look(&what, &trust, &mut patience);
    assert_eq!(verdicts.await, [Verdict::Bad(HOST_UNKNOWN)]);
    let waited = begun.elapsed();
    assert!(patience.left <= LANE_PATIENCE.saturating_sub(waited));
    assert!(waited >= HOST_PAUSES.iter().sum());
}
