//! What is said of gaps, and what a stalled reader does to a stream.

use crate::events::{SILENCE_MAX, quick, start, start_after};
use crate::frames::{ALICE, TIME, frame, identity_frame, map};
use crate::server::{Plan, Say, Server};
use kith_feeder::source::{Position, SourceKind, StreamOptions};
use kith_feeder::syntax::parse_datetime;
use kith_feeder::wire;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant, SystemTime};

fn event(seq: u64, time: &str) -> Vec<u8> {
    let fields = vec![
        ("did", ALICE.into()),
        ("seq", seq.into()),
        ("time", time.into()),
    ];
    frame("#identity", &map(fields))
}

fn at(seconds: u64) -> String {
    format!(
        "2026-07-04T{:02}:{:02}:{:02}Z",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn relay(server: &Server) -> SourceKind {
    let url = server.url.clone();
    SourceKind::Relay { url }
}

#[tokio::test]
async fn a_gap_says_from_where_to_where() {
    let (first, second) = ("2026-07-04T14:00:00Z", "2026-07-06T14:00:00Z");
    let plans = vec![
        Plan::Talk(vec![Say::Frame(event(5, first)), Say::Cut]),
        Plan::Talk(vec![Say::Frame(event(90, second))]),
    ];
    let server = Server::start(plans).await;
    let mut source = start(relay(&server), quick(), Position::Oldest, 1 << 20);
    source.until("frame 90").await;
    let [gap] = &source.gaps[..] else {
        panic!("{:?}", source.gaps)
    };
    assert_eq!(gap.reason, "clamped");
    assert_eq!((gap.from_seq, gap.to_seq), (Some(5), Some(90)));
    assert_eq!(
        (gap.from_time, gap.to_time),
        (parse_datetime(first), parse_datetime(second))
    );
    assert!(!gap.cursor_is_void && gap.did.is_none());
}

#[tokio::test]
async fn a_server_that_reaches_back_leaves_no_gap() {
    // A quiet relay: hours between two events, but the second connection begins with the first.
    let plans = vec![
        Plan::Talk(vec![Say::Frame(event(5, &at(0))), Say::Cut]),
        Plan::Talk(vec![
            Say::Frame(event(5, &at(0))),
            Say::Frame(event(6, &at(80_000))),
        ]),
    ];
    let server = Server::start(plans).await;
    let mut source = start(relay(&server), quick(), Position::Oldest, 1 << 20);
    source.until("frame 6").await;
    assert_eq!(source.gaps, []);
}

/// Hosts say when an event was: a slow clock, a fast one, or none, does not tell where a gap ends.
#[tokio::test]
async fn a_gap_ends_at_the_first_event_of_a_believable_time() {
    let (heard, later) = ("2026-07-04T14:00:00Z", "2026-07-06T14:00:00Z");
    let doubtful = ["2026-07-04T13:58:00Z", "9999-01-01T00:00:00Z", "never"];
    let first = Plan::Talk(vec![Say::Frame(event(5, heard)), Say::Cut]);
    let times = doubtful.into_iter().chain([later, "2026-07-09T14:00:00Z"]);
    let events = (90..)
        .zip(times)
        .map(|(seq, time)| Say::Frame(event(seq, time)));
    let server = Server::start(vec![first, Plan::Talk(events.collect())]).await;
    let mut source = start(relay(&server), quick(), Position::Oldest, 1 << 20);
    let events = source.until("frame 94").await;
    let expected = [
        "frame 90",
        "frame 91",
        "frame 92",
        "gap clamped",
        "frame 93",
        "frame 94",
    ];
    assert_eq!(events[events.len() - 6..], expected);
    let [gap] = &source.gaps[..] else {
        panic!("{:?}", source.gaps)
    };
    assert_eq!((gap.from_seq, gap.to_seq), (Some(5), Some(93)));
    assert_eq!(
        (gap.from_time, gap.to_time),
        (parse_datetime(heard), parse_datetime(later))
    );
}

#[tokio::test]
async fn an_event_that_does_not_tell_leaves_no_gap_where_there_is_none() {
    let slow = "2026-07-04T13:58:00Z";
    // Days are too long, unless what was heard before has already told that nothing is missing.
    for (second, gaps) in [("2026-07-04T14:00:01Z", 0), ("2026-07-06T14:00:00Z", 1)] {
        let talk = |events: [(u64, &str); 2]| {
            let events = events.map(|(seq, time)| Say::Frame(event(seq, time)));
            let mut lines = Vec::from(events);
            lines.push(Say::Cut);
            Plan::Talk(lines)
        };
        let server = Server::start(vec![
            talk([(4, slow), (5, "2026-07-04T14:00:00Z")]),
            // The end of the connection makes nothing known.
            talk([(90, slow), (91, slow)]),
            talk([(91, slow), (92, second)]),
            talk([(92, second), (93, "2026-07-09T14:00:00Z")]),
        ])
        .await;
        let mut source = start(relay(&server), quick(), Position::Oldest, 1 << 20);
        source.until("frame 93").await;
        assert_eq!(source.gaps.len(), gaps, "{second}");
        let from = source.gaps.iter().map(|gap| gap.from_seq);
        assert!(from.eq(source.gaps.iter().map(|_| Some(5))));
    }
}

/// One that has no cursor is joined live again, by a restart or a reconnect.
#[tokio::test]
async fn a_source_alone_that_is_joined_live_again_leaves_a_gap() {
    let (heard, later) = ("2026-07-04T14:00:00Z", "2026-07-04T14:00:05Z");
    let talk = || Plan::Talk(vec![Say::Frame(event(7, later))]);
    for (heard, gaps) in [(None, 0), (parse_datetime(heard), 1)] {
        let server = Server::start(vec![talk()]).await;
        let (kind, options) = (relay(&server), quick());
        let mut source = start_after(heard, kind, options, Position::Live, 1 << 20);
        source.until("frame 7").await;
        assert_eq!(source.gaps.len(), gaps);
        let from = source.gaps.iter().map(|gap| (gap.reason, gap.from_time));
        assert!(from.eq(heard.map(|_| ("joined_live", heard))));
    }
}

/// An event of a little later than when it is sent.
fn of_now(seq: u64) -> Vec<u8> {
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(5));
    let [_, day, month, year, time, _] = date.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{date}")
    };
    let month = "JanFebMarAprMayJunJulAugSepOctNovDec".find(month).unwrap() / 3 + 1;
    event(seq, &format!("{year}-{month:02}-{day}T{time}Z"))
}

#[tokio::test]
async fn a_source_that_was_connected_and_told_nothing_leaves_a_gap_too() {
    for (plans, gaps) in [
        (vec![Plan::Resume(1, of_now)], 0),
        (vec![Plan::Talk(vec![Say::Cut]), Plan::Resume(1, of_now)], 1),
    ] {
        let server = Server::start(plans).await;
        let mut source = start(relay(&server), quick(), Position::Live, 1 << 20);
        source.until("frame 1").await;
        let reasons: Vec<_> = source.gaps.iter().map(|gap| gap.reason).collect();
        assert_eq!(reasons, ["joined_live"][..gaps]);
    }
}

/// What is asked for by a cursor from the config may begin later than what was heard.
#[tokio::test]
async fn a_resumed_source_without_a_time_of_its_own_goes_on_from_what_was_heard() {
    let heard = parse_datetime("2026-07-04T14:00:00Z");
    let later = "2026-07-06T14:00:00Z";
    let server = Server::start(vec![Plan::Talk(vec![Say::Frame(event(90, later))])]).await;
    let (kind, options) = (relay(&server), quick());
    let mut source = start_after(heard, kind, options, Position::From(5), 1 << 20);
    source.until("frame 90").await;
    let [gap] = &source.gaps[..] else {
        panic!("{:?}", source.gaps)
    };
    assert_eq!((gap.reason, gap.from_time), ("clamped", heard));
}

#[tokio::test]
async fn what_is_usual_is_learned() {
    // One event a minute; after the reconnect one comes an hour later: no gap. Then one a second;
    // an hour is a gap.
    for (pace, gaps) in [(60, 0), (1, 1)] {
        let mut lines: Vec<_> = (0..200)
            .map(|i| Say::Frame(event(i + 1, &at(i * pace))))
            .collect();
        lines.push(Say::Cut);
        let later = Say::Frame(event(300, &at(200 * pace + 3_600)));
        let server = Server::start(vec![Plan::Talk(lines), Plan::Talk(vec![later])]).await;
        let mut source = start(relay(&server), quick(), Position::Oldest, 1 << 20);
        source.until("frame 300").await;
        assert_eq!(source.gaps.len(), gaps, "an event every {pace} s");
    }
}

#[tokio::test]
async fn a_saved_position_with_its_time_finds_a_gap_at_the_start() {
    let time = parse_datetime("2026-07-04T14:00:00Z").unwrap();
    for (position, gaps) in [
        (Position::AfterEvent { seq: 5, time }, 1),
        (Position::After(5), 0),
    ] {
        let lines = vec![Say::Frame(event(90, "2026-07-06T14:00:00Z"))];
        let server = Server::start(vec![Plan::Talk(lines)]).await;
        let mut source = start(relay(&server), quick(), position, 1 << 20);
        source.until("frame 90").await;
        assert_eq!(source.gaps.len(), gaps, "{position:?}");
    }
}

#[tokio::test]
async fn void_cursors_are_called_void() {
    let error = Say::Frame(crate::frames::error_frame("FutureCursor"));
    let plans = vec![
        Plan::Talk(vec![error]),
        Plan::Talk(vec![Say::Frame(event(2, TIME))]),
    ];
    let server = Server::start(plans).await;
    let mut source = start(relay(&server), quick(), Position::After(70), 1 << 20);
    source.until("frame 2").await;
    let [gap] = &source.gaps[..] else {
        panic!("{:?}", source.gaps)
    };
    assert!(gap.cursor_is_void && gap.from_seq == Some(70), "{gap:?}");
}

#[tokio::test]
async fn a_pace_that_was_learned_tells_a_dead_stream() {
    let mut lines: Vec<_> = (0..200).map(|i| Say::Frame(event(i + 1, &at(i)))).collect();
    let quickly = StreamOptions {
        idle_learned_min: Some(Duration::from_millis(300)),
        ..quick()
    };
    // An event a second: a thousand of them are not waited for here.
    let slow = Server::start(vec![Plan::Talk(lines)]).await;
    let mut source = start(relay(&slow), quickly.clone(), Position::Oldest, 1 << 20);
    source.until("frame 200").await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert!(source.receiver.try_recv().is_none(), "idle, not dead");

    lines = (0..200)
        .map(|i| Say::Frame(event(i + 1, &format!("2026-07-04T14:00:00.{i:05}Z"))))
        .collect();
    let began = Instant::now();
    let fast = Server::start(vec![Plan::Talk(lines), Plan::Talk(Vec::new())]).await;
    let mut source = start(relay(&fast), quickly, Position::Oldest, 1 << 20);
    source.until("frame 200").await;
    assert_eq!(source.take(1).await, ["disconnected idle"]);
    // It may be a quiet hour after a busy one: each time it is given twice the time.
    let again = ["connected", "disconnected idle"].repeat(2);
    assert_eq!(source.take(4).await, again);
    assert!(began.elapsed() >= Duration::from_millis(300 + 600 + 1_200));
}

/// An event of four kilobytes; one every millisecond.
fn padded(seq: u64) -> Vec<u8> {
    let padding = ciborium::Value::Bytes(vec![0; 4_000]);
    let (second, milli) = (seq / 1_000, seq % 1_000);
    let fields = vec![
        ("did", ALICE.into()),
        ("seq", seq.into()),
        (
            "time",
            format!("2026-07-04T14:00:{second:02}.{milli:03}Z").into(),
        ),
        ("x", padding),
    ];
    frame("#identity", &map(fields))
}

/// Lets a server that sends more than anybody takes be left, and reads everything then.
async fn check_unread(kind: impl FnOnce(&Server) -> SourceKind, unread_max: Duration) {
    let last = 3_000;
    let server = Server::start(vec![Plan::Resume(last, padded)]).await;
    let options = StreamOptions {
        unread_max,
        ..quick()
    };
    let mut source = start(kind(&server), options, Position::Live, 100_000);
    // What is queued and read ahead is full, and then too long nothing is read.
    let is_left = async {
        while server.left.load(SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let left = tokio::time::timeout(SILENCE_MAX, is_left).await;
    left.expect("a server that sends more than anybody takes is left");
    assert!(source.receiver.queued_bytes() <= 100_000);
    assert_eq!(
        server.asked().len(),
        1,
        "not resumed while there is no room"
    );
    let events = source.until(&format!("frame {last}")).await;
    let seqs = source.frames.iter().map(|f| wire::peek(f).unwrap().seq);
    assert!(
        seqs.eq((1..=last).map(Some)),
        "nothing is lost, nothing comes twice"
    );
    assert!(events.contains(&"disconnected behind".to_owned()));
    assert!(server.asked().len() > 1);
    let counted = source.meters[0].read();
    assert!(
        counted
            .disconnects
            .iter()
            .any(|(name, _)| *name == "behind")
    );
    assert_eq!((counted.gaps, counted.frames), (0, last));
}

#[tokio::test]
async fn a_server_is_left_before_its_buffer_overflows_and_nothing_is_lost() {
    check_unread(relay, Duration::from_millis(200)).await;
    // A PDS keeps 500 events: at one a millisecond that is not long.
    let pds = |server: &Server| SourceKind::Pds {
        url: server.url.clone(),
    };
    check_unread(pds, Duration::from_hours(1)).await;
}

#[tokio::test]
async fn meters_count_what_happens() {
    let lines = [1, 2, 2, 3].map(|seq| Say::Frame(identity_frame(seq)));
    let plan = Plan::Talk(lines.into_iter().chain([Say::Freeze]).collect());
    let server = Server::start(vec![plan]).await;
    let options = StreamOptions {
        ping_after: Duration::from_millis(20),
        silence_max: Duration::from_secs(2),
        ..quick()
    };
    let mut source = start(relay(&server), options, Position::Oldest, 1 << 20);
    source.until("disconnected").await;
    let read = source.meters[0].read();
    let bytes = 3 * identity_frame(1).len() as u64;
    assert_eq!((read.frames, read.duplicates, read.bytes), (3, 1, bytes));
    assert_eq!(read.disconnects, [("silence", 1)]);
    assert_eq!(read.last_event, parse_datetime(TIME));
    assert!(read.pings_unanswered >= 1 && !read.connected, "{read:?}");
}
