//! Sources that stand in for each other.

use crate::events::{quick, start_group};
use crate::frames::{ALICE, error_frame, frame, identity_frame, map};
use crate::server::{Plan, Say, Server};
use kith_feeder::source::{
    GroupOptions, Position, SourceId, SourceKind, SourceSpec, StreamOptions, channel, run_group,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn event(seq: u64, minute: u64) -> Say {
    let time = format!("2026-07-04T14:{minute:02}:00Z");
    let fields = vec![
        ("did", ALICE.into()),
        ("seq", seq.into()),
        ("time", time.into()),
    ];
    Say::Frame(frame("#identity", &map(fields)))
}

fn relay(server: &Server) -> SourceKind {
    let url = server.url.clone();
    SourceKind::Relay { url }
}

fn refuse() -> Plan {
    Plan::Raw(b"HTTP/1.1 503 No\r\n\r\n".to_vec())
}

/// A port that nobody listens on.
fn nobody() -> SourceKind {
    let url = "ws://127.0.0.1:9".to_owned();
    SourceKind::Relay { url }
}

fn options() -> GroupOptions {
    GroupOptions {
        failures_max: 3,
        unconnected_max: Duration::from_secs(30),
        return_after: Duration::from_millis(100),
        ..GroupOptions::default()
    }
}

#[tokio::test]
async fn the_next_is_read_when_one_fails_and_the_first_when_it_works_again() {
    let works = Arc::new(AtomicBool::new(false));
    let again = Plan::Talk(vec![event(101, 1), event(102, 2), event(103, 3)]);
    let first = Server::start(vec![
        Plan::Talk(vec![event(100, 0), event(101, 1), Say::Cut]),
        Plan::Gate(works.clone(), Box::new(again)),
    ])
    .await;
    let second = Server::start(vec![Plan::Talk(vec![event(7, 2), event(8, 3)])]).await;
    let members = vec![
        (relay(&first), Position::After(99)),
        (relay(&second), Position::After(6)),
    ];
    let mut group = start_group(members, &quick(), options());
    let mut events = group.until("1: frame 8").await;
    works.store(true, SeqCst);
    events.extend(group.until("0: frame 103").await);
    events.retain(|event| event.contains("frame"));
    let (before, meanwhile, after) = ([100, 101], [7, 8], [102, 103]);
    let expect = before.map(|seq| format!("0: frame {seq}")).into_iter();
    let expect = expect.chain(meanwhile.map(|seq| format!("1: frame {seq}")));
    let expect = expect.chain(after.map(|seq| format!("0: frame {seq}")));
    assert!(events.iter().eq(&expect.collect::<Vec<_>>()), "{events:?}");
    // Each has its own cursor, and there was an overlap: nothing to be said.
    assert_eq!(group.gaps, []);
    let last = group.until("1: disconnected").await.pop().unwrap();
    assert_eq!(last, "1: disconnected returned");
    let cursors = |server: &Server| -> Vec<String> {
        let cursor = |path: &String| path.split("cursor=").nth(1).unwrap().to_owned();
        server.asked().iter().map(cursor).collect()
    };
    let [start, again @ ..] = &cursors(&first)[..] else {
        panic!("never asked");
    };
    assert!(start == "99" && again.len() >= 3, "{again:?}");
    assert!(again.iter().all(|cursor| cursor == "101"), "{again:?}");
    assert_eq!(cursors(&second), ["6"]);
    let failovers = group.meters.iter().map(|meters| meters.read().failovers);
    assert_eq!(failovers.collect::<Vec<_>>(), [1, 0]);
}

#[tokio::test]
async fn one_that_is_joined_live_leaves_a_gap() {
    let first = Server::start(vec![Plan::Talk(vec![event(100, 0), Say::Cut]), refuse()]).await;
    let second = Server::start(vec![Plan::Talk(vec![event(7, 5)])]).await;
    let members = vec![
        (relay(&first), Position::Oldest),
        (relay(&second), Position::Live),
    ];
    let mut group = start_group(members, &quick(), options());
    let events = group.until("1: frame 7").await;
    let told: Vec<_> = events
        .iter()
        .filter(|event| event.starts_with("1:"))
        .collect();
    assert_eq!(told, ["1: connected", "1: gap joined_live", "1: frame 7"]);
    let [gap] = &group.gaps[..] else {
        panic!("{:?}", group.gaps)
    };
    assert_eq!(
        gap.to_time.unwrap() - gap.from_time.unwrap(),
        300_000_000,
        "five minutes"
    );
    assert_eq!((gap.from_seq, gap.to_seq), (None, Some(7)));
}

/// After a restart, or where the file names another: what was heard before is told.
#[tokio::test]
async fn what_was_heard_before_ends_where_one_is_joined_live() {
    let server = Server::start(vec![Plan::Talk(vec![event(7, 5)])]).await;
    let before = 1_783_173_600_000_000;
    for (heard, expected) in [
        (None, vec!["0: connected", "0: frame 7"]),
        (
            Some(before),
            vec!["0: connected", "0: gap joined_live", "0: frame 7"],
        ),
    ] {
        let server = match heard {
            None => &server,
            Some(_) => &Server::start(vec![Plan::Talk(vec![event(7, 5)])]).await,
        };
        let options = GroupOptions { heard, ..options() };
        let members = vec![(relay(server), Position::Live), (nobody(), Position::Live)];
        let mut group = start_group(members, &quick(), options);
        assert_eq!(group.until("0: frame 7").await, expected);
    }
}

#[tokio::test]
async fn one_that_fails_often_is_left_and_the_last_is_followed_by_the_first() {
    let quiet = Server::start(vec![
        Plan::Talk(vec![Say::Cut]),
        Plan::Talk(vec![Say::Cut]),
        Plan::Talk(vec![event(3, 0)]),
    ])
    .await;
    let members = vec![
        (nobody(), Position::Oldest),
        (relay(&quiet), Position::Oldest),
        (nobody(), Position::Oldest),
    ];
    let slowly = StreamOptions {
        backoff_first: Duration::from_millis(40),
        backoff_max: Duration::from_millis(40),
        ..quick()
    };
    let options = GroupOptions {
        failures_max: 2,
        unconnected_max: Duration::from_mins(1),
        return_after: Duration::from_mins(1),
        ..GroupOptions::default()
    };
    let mut group = start_group(members, &slowly, options);
    let events = group.until("1: frame 3").await;
    let failovers: Vec<_> = group
        .meters
        .iter()
        .map(|meters| meters.read().failovers)
        .collect();
    assert_eq!(failovers, [2, 1, 1], "{events:#?}");
}

#[tokio::test]
async fn one_that_brings_an_event_each_time_is_not_left() {
    let plans = (1..=6).map(|seq| Plan::Talk(vec![event(seq, 0), Say::Cut]));
    let brief = Server::start(plans.collect()).await;
    let other = Server::start(vec![Plan::Talk(vec![event(100, 0)])]).await;
    let members = vec![
        (relay(&brief), Position::Oldest),
        (relay(&other), Position::Oldest),
    ];
    let options = GroupOptions {
        failures_max: 2,
        unconnected_max: Duration::from_mins(1),
        return_after: Duration::from_mins(1),
        ..GroupOptions::default()
    };
    let mut group = start_group(members, &quick(), options);
    let events = group.until("0: frame 6").await;
    assert!(other.asked().is_empty(), "{events:#?}");
}

#[tokio::test]
async fn time_alone_is_enough_to_go_on() {
    // The backoff is so long that failures do not add up.
    let good = Server::start(vec![Plan::Talk(vec![Say::Frame(identity_frame(3))])]).await;
    let slowly = StreamOptions {
        backoff_first: Duration::from_mins(10),
        backoff_max: Duration::from_mins(10),
        ..quick()
    };
    let options = GroupOptions {
        unconnected_max: Duration::from_millis(200),
        ..GroupOptions::default()
    };
    let members = vec![
        (nobody(), Position::Oldest),
        (relay(&good), Position::Oldest),
    ];
    let mut group = start_group(members, &slowly, options);
    assert_eq!(
        group.until("1: frame 3").await.last().unwrap(),
        "1: frame 3"
    );
}

#[tokio::test]
async fn a_member_that_can_never_be_read_is_passed_over() {
    let good = Server::start(vec![Plan::Talk(vec![Say::Frame(identity_frame(3))])]).await;
    let bad = SourceKind::Relay {
        url: "nonsense".to_owned(),
    };
    let file = SourceKind::File { path: "x".into() };
    let members = [bad, file, relay(&good)].map(|kind| (kind, Position::Oldest));
    let mut group = start_group(members.into(), &quick(), options());
    let events = group.until("2: frame 3").await;
    assert!(events[0].starts_with("0: failed nonsense"), "{events:?}");
    assert!(
        events[1].starts_with("1: failed x: a file cannot"),
        "{events:?}"
    );
    assert_eq!(events[2..], ["2: connected", "2: frame 3"]);

    let bad = SourceKind::Relay {
        url: "nonsense".to_owned(),
    };
    let members = vec![(bad.clone(), Position::Live), (bad, Position::Live)];
    let events = start_group(members, &quick(), options()).all().await;
    assert_eq!(events.len(), 2, "and then it ends");
}

#[tokio::test]
async fn a_group_ends_with_its_reader_and_with_shutdown() {
    let server = Server::start(vec![Plan::Talk(vec![event(1, 0), event(2, 0)])]).await;
    for is_shutdown in [false, true] {
        let members = [relay(&server), relay(&server)].map(|kind| {
            let spec = SourceSpec::new(SourceId(0), kind, quick());
            (spec, Position::Oldest)
        });
        // Room for one delivery, so that the member waits with the next.
        let (sender, receiver) = channel(1);
        let shutdown = CancellationToken::new();
        let group = run_group(members.into(), options(), sender, shutdown.clone());
        let group = tokio::spawn(group);
        while receiver.queued_bytes() == 0 {
            tokio::task::yield_now().await;
        }
        if is_shutdown {
            shutdown.cancel();
        } else {
            drop(receiver);
        }
        group.await.unwrap();
    }
}

/// It is there, and answers pings, and that is all.
#[tokio::test]
async fn one_that_says_nothing_from_the_first_is_left() {
    let mute = Server::start(vec![Plan::Talk(Vec::new())]).await;
    let good = Server::start(vec![Plan::Talk(vec![event(3, 0)])]).await;
    let options = GroupOptions {
        eventless_max: Duration::from_millis(200),
        ..options()
    };
    let members = vec![
        (relay(&mute), Position::Oldest),
        (relay(&good), Position::Oldest),
    ];
    let mut group = start_group(members, &quick(), options);
    assert_eq!(
        group.until("1: frame 3").await.last().unwrap(),
        "1: frame 3"
    );
}

/// Who finds us too slow before it has said anything may say so for ever.
#[tokio::test]
async fn one_that_finds_us_slow_from_the_first_is_left() {
    let slow = || Plan::Talk(vec![Say::Frame(error_frame("ConsumerTooSlow")), Say::Close]);
    let hasty = Server::start(vec![slow(), slow(), slow(), slow()]).await;
    let good = Server::start(vec![Plan::Talk(vec![event(3, 0)])]).await;
    let members = vec![
        (relay(&hasty), Position::Oldest),
        (relay(&good), Position::Oldest),
    ];
    let mut group = start_group(members, &quick(), options());
    assert_eq!(
        group.until("1: frame 3").await.last().unwrap(),
        "1: frame 3"
    );
}
