//! What the server did, and what the source did.

use crate::events::{Running, SILENCE_MAX, quick, start};
use crate::frames::{ALICE, error_frame, frame, identity_frame, map};
use crate::server::{Plan, Say, Server};
use kith_feeder::source::{Position, SourceKind, StreamOptions, What};
use kith_feeder::wire;
use std::time::Duration;

const BUDGET: usize = 1 << 20;
const PATH: &str = "/xrpc/com.atproto.sync.subscribeRepos";

fn relay(server: &Server, options: StreamOptions, position: Position) -> Running {
    start(
        SourceKind::Relay {
            url: server.url.clone(),
        },
        options,
        position,
        BUDGET,
    )
}

fn says(frames: &[u64], last: Say) -> Plan {
    let frames = frames.iter().map(|&seq| Say::Frame(identity_frame(seq)));
    Plan::Talk(frames.chain([last]).collect())
}

fn seqs_of(events: &[String]) -> Vec<u64> {
    events
        .iter()
        .filter_map(|event| event.strip_prefix("frame ")?.parse().ok())
        .collect()
}

#[tokio::test]
async fn a_lost_connection_is_resumed_by_the_last_seq_without_duplicates() {
    let plans = vec![
        says(&[5, 6, 7], Say::Cut),
        says(&[7, 8, 6], Say::Close),
        says(&[8, 9, 9, 10], Say::Freeze),
    ];
    let server = Server::start(plans).await;
    let mut source = relay(&server, quick(), Position::Oldest);
    let events = source.until("frame 10").await;
    assert_eq!(seqs_of(&events), [5, 6, 7, 8, 9, 10]);
    let lost: Vec<_> = events
        .iter()
        .filter(|event| event.starts_with("disconnected"))
        .collect();
    assert_eq!(lost.len(), 2, "{events:?}");
    let cursors = ["0", "7", "8"].map(|cursor| format!("{PATH}?cursor={cursor}"));
    assert_eq!(server.asked(), cursors);
    let agent = format!("kith/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(*server.agents.lock().unwrap(), [&*agent; 3]);
}

#[tokio::test]
async fn frames_that_wait_for_room_are_delivered_together() {
    let frames: Vec<u64> = (1..=300).collect();
    let mut lines: Vec<_> = frames
        .iter()
        .map(|&seq| Say::Frame(identity_frame(seq)))
        .collect();
    lines.extend([Say::Ping, Say::Freeze]);
    let mut server = Server::start(vec![Plan::Talk(lines)]).await;
    let kind = SourceKind::Relay {
        url: server.url.clone(),
    };
    // One delivery takes all of it.
    let mut source = start(kind, quick(), Position::Live, 1);
    let connected = source.receiver.recv().await;
    // Everything before the ping was read by then.
    tokio::time::timeout(SILENCE_MAX, server.pongs.recv())
        .await
        .expect("a ping is answered while nothing is taken");
    drop(connected);
    let (mut seqs, mut deliveries) = (Vec::new(), 0);
    while seqs.len() < frames.len() {
        let delivery = source.receiver.recv().await.unwrap();
        let What::Frames(frames) = &delivery.what else {
            continue;
        };
        deliveries += 1;
        seqs.extend(
            frames
                .iter()
                .map(|frame| wire::peek(frame.bytes).unwrap().seq.unwrap()),
        );
    }
    assert_eq!(seqs, frames);
    assert_eq!(deliveries, 1);
}

#[tokio::test]
async fn every_start_asks_for_its_cursor() {
    let table = [
        (Position::Live, PATH.to_owned(), vec![4, 5]),
        (Position::Oldest, format!("{PATH}?cursor=0"), vec![4, 5]),
        (Position::From(4), format!("{PATH}?cursor=4"), vec![4, 5]),
        (Position::After(4), format!("{PATH}?cursor=4"), vec![5]),
    ];
    for (position, path, expect) in table {
        let server = Server::start(vec![says(&[4, 5], Say::Freeze)]).await;
        let events = relay(&server, quick(), position).until("frame 5").await;
        assert_eq!(
            (server.asked(), seqs_of(&events)),
            (vec![path], expect),
            "{position:?}"
        );
    }
}

#[tokio::test]
async fn a_reconnect_overlaps_and_an_event_sent_late_is_met() {
    let server = Server::start(vec![
        says(&[10, 12], Say::Close),
        says(&[10, 11, 12, 13], Say::Freeze),
    ])
    .await;
    let options = StreamOptions {
        overlap: 5,
        ..quick()
    };
    let events = relay(&server, options, Position::After(9))
        .until("frame 13")
        .await;
    assert_eq!(
        server.asked(),
        [format!("{PATH}?cursor=4"), format!("{PATH}?cursor=7")]
    );
    assert_eq!(seqs_of(&events), [10, 12, 11, 13]);
}

#[tokio::test]
async fn a_ping_is_answered_while_the_reader_stalls() {
    let large = |seq: u64| {
        let padding = ("x", ciborium::Value::Bytes(vec![0; 40_000]));
        let (did, seq) = (("did", ALICE.into()), ("seq", seq.into()));
        frame(
            "#identity",
            &map(vec![
                did,
                seq,
                ("time", crate::frames::TIME.into()),
                padding,
            ]),
        )
    };
    let mut lines: Vec<_> = (1..=10).map(|seq| Say::Frame(large(seq))).collect();
    lines.extend([Say::Ping, Say::Frame(identity_frame(11))]);
    let mut server = Server::start(vec![Plan::Talk(lines)]).await;
    let kind = SourceKind::Relay {
        url: server.url.clone(),
    };
    // Room for one frame; the others must wait until the test begins to read.
    let mut source = start(kind, quick(), Position::Live, 50_000);
    server
        .pongs
        .recv()
        .await
        .expect("the ping is answered before anything is read");
    assert!(source.receiver.queued_bytes() <= 50_000);
    let events = source.until("frame 11").await;
    assert_eq!(seqs_of(&events), (1..=11).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stalled_reader_stops_the_stream_and_loses_nothing() {
    let count = 2_000;
    let big = |seq: u64| {
        let padding = ("x", ciborium::Value::Bytes(vec![0; 4_000]));
        let (did, seq) = (("did", ALICE.into()), ("seq", seq.into()));
        frame(
            "#identity",
            &map(vec![
                did,
                seq,
                ("time", crate::frames::TIME.into()),
                padding,
            ]),
        )
    };
    let server = Server::start(vec![Plan::Talk(
        (1..=count).map(|seq| Say::Frame(big(seq))).collect(),
    )])
    .await;
    let kind = SourceKind::Pds {
        url: server.url.clone(),
    };
    // A watchdog that is quicker than the stall: silence must not be blamed on the server.
    let options = StreamOptions {
        ping_after: Duration::from_millis(100),
        silence_max: Duration::from_secs(2),
        ..quick()
    };
    let mut source = start(kind, options, Position::Live, 100_000);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert!(source.receiver.queued_bytes() <= 100_000);
    let events = source.until(&format!("frame {count}")).await;
    assert_eq!(seqs_of(&events), (1..=count).collect::<Vec<_>>());
    assert!(
        !events.iter().any(|event| event.starts_with("disconnected")),
        "{events:?}"
    );
}

#[tokio::test]
async fn garbage_ends_the_connection_once_and_is_then_stepped_over() {
    let garbage = || Say::Frame(vec![0xff; 20]);
    let again = || {
        Plan::Talk(vec![
            garbage(),
            Say::Text("hello".to_owned()),
            Say::Frame(identity_frame(6)),
        ])
    };
    let first = Plan::Talk(vec![Say::Frame(identity_frame(5)), garbage()]);
    let server = Server::start(vec![first, again()]).await;
    let events = relay(&server, quick(), Position::Live)
        .until("frame 6")
        .await;
    let expect = [
        "connected",
        "frame 5",
        "bad not_cbor at 0",
        "disconnected garbage",
        "connected",
        "bad not_cbor at 0",
        "bad text_message at 0",
        "frame 6",
    ];
    assert_eq!(events, expect);
}

#[tokio::test]
async fn endless_garbage_does_not_keep_a_connection() {
    let plan = || Plan::Talk((0..500).map(|_| Say::Frame(b"GET /".to_vec())).collect());
    let server = Server::start(vec![plan()]).await;
    let mut source = relay(&server, quick(), Position::Live);
    let first = source.until("disconnected").await;
    assert_eq!(
        first,
        ["connected", "bad bad_header at 0", "disconnected garbage"]
    );
    let second = source.until("disconnected").await;
    assert_eq!(
        second.len(),
        102,
        "a hundred pieces between connected and disconnected"
    );
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_left_out_after_some_attempts() {
    let long = || Say::Frame(vec![0; 6_000_001]);
    let stuck = || Plan::Talk(vec![Say::Frame(identity_frame(10)), long(), Say::Freeze]);
    let plans = vec![stuck(), stuck(), stuck(), says(&[12], Say::Freeze)];
    let server = Server::start(plans).await;
    let events = relay(&server, quick(), Position::Live)
        .until("frame 12")
        .await;
    assert_eq!(seqs_of(&events), [10, 12]);
    let counted = events
        .iter()
        .filter(|event| *event == "bad too_long at 0")
        .count();
    assert_eq!(counted, 3, "{events:?}");
    let tail = |path: &String| path[PATH.len()..].to_owned();
    let cursors: Vec<_> = server.asked().iter().map(tail).collect();
    assert_eq!(cursors, ["", "?cursor=10", "?cursor=10", "?cursor=12"]);
}

#[tokio::test]
async fn an_idle_server_is_left_alone_unless_that_is_configured() {
    let options = StreamOptions {
        ping_after: Duration::from_millis(50),
        silence_max: Duration::from_secs(2),
        ..quick()
    };
    // This one answers pings, because it reads on after its last line.
    let idle = Server::start(vec![Plan::Talk(vec![Say::Frame(identity_frame(1))])]).await;
    let mut source = relay(&idle, options.clone(), Position::Live);
    assert_eq!(source.take(2).await, ["connected", "frame 1"]);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert!(
        source.receiver.try_recv().is_none(),
        "an idle stream is left alone"
    );

    let impatient = StreamOptions {
        idle_max: Some(Duration::from_millis(200)),
        ..options
    };
    let mut source = relay(&idle, impatient, Position::Live);
    let events = source.until("disconnected").await;
    assert_eq!(events, ["connected", "frame 1", "disconnected idle"]);
}

#[tokio::test]
async fn error_frames_are_delivered_and_name_the_end() {
    let plan = |name: &str| Plan::Talk(vec![Say::Frame(error_frame(name)), Say::Freeze]);
    let plans = vec![
        says(&[5], Say::Close),
        plan("ConsumerTooSlow"),
        plan("SomethingNew"),
        plan("FutureCursor"),
        // After FutureCursor the server's seqs may begin anew.
        says(&[2], Say::Freeze),
    ];
    let server = Server::start(plans).await;
    let events = relay(&server, quick(), Position::Oldest)
        .until("frame 2")
        .await;
    let expect = [
        "connected",
        "frame 5",
        "disconnected closed",
        "connected",
        "error frame",
        "disconnected consumer_too_slow",
        "connected",
        "error frame",
        "disconnected error",
        "connected",
        "error frame",
        "gap future_cursor",
        "disconnected future_cursor",
        "connected",
        "frame 2",
    ];
    assert_eq!(events, expect);
    assert_eq!(server.asked()[4], PATH, "live, without a cursor");
}

#[tokio::test]
async fn sources_that_can_never_be_read_fail_in_one_line() {
    let table = [
        (
            SourceKind::Relay {
                url: "relay.example".to_owned(),
            },
            "write wss://",
        ),
        (
            SourceKind::Relay {
                url: "ftp://relay.example".to_owned(),
            },
            "write wss://",
        ),
        (
            SourceKind::Relay {
                url: "ws://relay.example".to_owned(),
            },
            "allow_private_addresses",
        ),
        (
            SourceKind::Pds {
                url: "wss://127.0.0.1".to_owned(),
            },
            "allow_private_addresses",
        ),
        (
            SourceKind::Jetstream {
                url: "j.example".to_owned(),
            },
            "write wss://",
        ),
    ];
    for (kind, hint) in table {
        let events = start(kind, StreamOptions::default(), Position::Live, BUDGET)
            .all()
            .await;
        assert_eq!(events.len(), 1, "{events:?}");
        assert!(
            events[0].starts_with("failed ") && events[0].contains(hint),
            "{events:?}"
        );
    }
}

#[tokio::test]
async fn a_name_of_a_private_address_is_not_dialled() {
    let url = "wss://localhost:1".to_owned();
    let options = StreamOptions {
        allow_private_addresses: false,
        ..quick()
    };
    let mut source = start(SourceKind::Relay { url }, options, Position::Live, BUDGET);
    assert_eq!(source.take(1).await, ["disconnected refused_address"]);
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_tried_again() {
    let url = "ws://127.0.0.1:9".to_owned();
    let mut source = start(SourceKind::Pds { url }, quick(), Position::Live, BUDGET);
    assert_eq!(source.take(3).await, ["disconnected connect"; 3]);
}
