//! A live stream is looked at now and then, and wakes nobody in between.

use crate::events::{Running, quick, start};
use crate::frames::{ALICE, frame, map};
use crate::server::{Plan, Say, Server};
use crate::tls::certified;
use kith_feeder::source::{Position, SourceKind, StreamOptions, What};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Live, however slow the machine is.
const SOON: &str = "2126-11-22T00:00:00.000Z";

fn event(seq: u64, time: &str) -> Vec<u8> {
    let payload = map(vec![
        ("did", ALICE.into()),
        ("seq", seq.into()),
        ("time", time.into()),
    ]);
    frame("#identity", &payload)
}

/// Events of these times, one for each word.
fn one_by_one(times: &[&str], word: &Arc<Notify>) -> Plan {
    let lines = (1..)
        .zip(times)
        .flat_map(|(seq, time)| [Say::Wait(Arc::clone(word)), Say::Frame(event(seq, time))]);
    Plan::Talk(lines.chain([Say::Freeze]).collect())
}

/// Receives until it has so many frames; answers with how many deliveries that were.
async fn receive(source: &mut Running, count: usize) -> u128 {
    let (mut frames, mut deliveries) = (0, 0);
    while frames < count {
        let delivery = source.receiver.recv().await.unwrap();
        if let What::Frames(some) = &delivery.what {
            deliveries += 1;
            frames += some.iter().count();
        }
    }
    deliveries
}

/// Not each frame wakes everybody: between two looks lie 200 ms.
#[tokio::test]
async fn a_live_stream_is_looked_at_now_and_then() {
    let word = Arc::new(Notify::new());
    let server = Server::start(vec![one_by_one(&[SOON; 300], &word)]).await;
    let sending = tokio::spawn(async move {
        loop {
            word.notify_one();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let url = server.url.clone();
    let mut source = start(SourceKind::Relay { url }, quick(), Position::Live, 1 << 20);
    let begun = Instant::now();
    let deliveries = receive(&mut source, 300).await;
    let looks = 2 + begun.elapsed().as_millis() / 200;
    assert!(
        deliveries <= looks,
        "{deliveries} deliveries, {looks} looks"
    );
    sending.abort();
}

/// What the system is asked to tell of is in /proc: whether that is so of the connection to a
/// port, once there is one.
#[cfg(target_os = "linux")]
fn is_watched(port: u16) -> Option<bool> {
    use std::fs::{read_dir, read_link, read_to_string};
    let table = read_to_string("/proc/net/tcp").unwrap();
    let to = format!(":{port:04X}");
    let inode = table.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (words.get(2)?.ends_with(&to) && words[3] == "01").then(|| words[9])
    })?;
    let socket = format!("socket:[{inode}]");
    let files = read_dir("/proc/self/fd").unwrap().flatten();
    let files: Vec<_> = files
        .filter_map(|file| {
            let link = read_link(file.path()).ok()?;
            let name = file.file_name().into_string().ok()?;
            Some((name, link.into_os_string().into_string().ok()?))
        })
        .collect();
    let (descriptor, _) = files.iter().find(|(_, link)| *link == socket)?;
    let polls = files
        .iter()
        .filter(|(_, link)| link.contains("[eventpoll]"));
    let mut polls = polls.filter_map(|(name, _)| {
        let told = read_to_string(format!("/proc/self/fdinfo/{name}")).ok()?;
        let targets = told.lines().filter_map(|line| line.strip_prefix("tfd:"));
        let mut targets = targets.filter_map(|line| line.split_whitespace().next());
        Some(targets.any(|target| target == descriptor))
    });
    Some(polls.any(|watches| watches))
}

/// With TLS and without: after an event of now nobody is told of what comes, until the next look;
/// after an old one everybody is, since there may be more than the system has room for.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_stream_that_rests_wakes_nobody_and_one_that_is_late_does_not_rest() {
    const OLD: &str = "2025-11-22T00:00:00.000Z";
    const LATE: usize = 20;
    const TRIES: usize = 40;
    let (root, acceptor) = certified("127.0.0.1");
    for acceptor in [None, Some(acceptor)] {
        let word = Arc::new(Notify::new());
        let mut times = vec![SOON];
        times.extend([OLD; LATE]);
        times.extend([SOON; TRIES]);
        let server = Server::start_with(vec![one_by_one(&times, &word)], acceptor).await;
        let port = server.url.rsplit(':').next().unwrap().parse().unwrap();
        let options = StreamOptions {
            extra_roots: vec![root.clone()],
            ..quick()
        };
        let url = server.url.clone();
        let mut source = start(SourceKind::Relay { url }, options, Position::Live, 1 << 20);
        word.notify_one();
        receive(&mut source, 1).await;
        for _ in 0..LATE {
            word.notify_one();
            receive(&mut source, 1).await;
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_millis(1)).await;
                assert_eq!(is_watched(port), Some(true), "{}", server.url);
            }
        }
        let mut has_rested = false;
        for _ in 0..TRIES {
            word.notify_one();
            receive(&mut source, 1).await;
            for _ in 0..20 {
                has_rested |= is_watched(port) == Some(false);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if has_rested {
                break;
            }
        }
        assert!(has_rested, "{}", server.url);
    }
}
