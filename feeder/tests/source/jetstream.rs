//! A scripted Jetstream of either version. No real one has been connected to.

use crate::data::shared;
use crate::events::{Running, quick, start};
use crate::frames::{ALICE, BOB};
use crate::production::{lines_v1, lines_v2, said_by_relay, said_in, to_v2};
use crate::server::{Plan, Say, Server};
use kith_feeder::source::{
    Position, RecordLimits, SourceId, SourceKind, SourceSpec, StreamOptions, record,
};
use kith_feeder::wire;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const V2: &str = "/xrpc/network.bsky.jetstream.subscribeEvents";
/// A cursor of v1.
const TIME: u64 = 1_783_175_888_085_434;

fn jetstream(server: &Server, path: &str, options: StreamOptions, start_at: Position) -> Running {
    let url = format!("{}{path}", server.url);
    start(SourceKind::Jetstream { url }, options, start_at, 1 << 20)
}

fn texts(lines: Vec<String>, last: Say) -> Plan {
    Plan::Talk(lines.into_iter().map(Say::Text).chain([last]).collect())
}

fn refuse(status: &str, error: &str) -> Plan {
    let body = json!({ "error": error, "message": "so it is" }).to_string();
    let text = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Plan::Raw(text.into_bytes())
}

/// One op of a commit.
fn op(did: &str, rev: u64, time: u64) -> Value {
    json!({
        "did": did, "time_us": TIME + time, "kind": "commit",
        "commit": {
            "rev": format!("3mptbyplu{rev:04}").replace(['0', '1'], "2"), "operation": "delete",
            "collection": "app.bsky.feed.like", "rkey": "3k",
        },
    })
}

fn v1(did: &str, rev: u64, time: u64) -> String {
    op(did, rev, time).to_string()
}

/// An event that passes on what is open of the same account.
fn identity(did: &str, time: u64) -> Value {
    json!({ "did": did, "time_us": TIME + time, "kind": "identity", "identity": {} })
}

/// Commits are whole when another event says so, however slow the machine is.
fn patient() -> StreamOptions {
    StreamOptions {
        commit_quiet: Duration::from_mins(1),
        ..quick()
    }
}

/// How many ops each frame has, and its cursor beyond the first time.
fn shape(source: &Running) -> Vec<(usize, u64)> {
    let shape = |frame: &Vec<u8>| {
        let ops = frame.split(|byte| *byte == b'\n').count();
        (
            ops,
            wire::peek(frame).unwrap().seq.unwrap().wrapping_sub(TIME),
        )
    };
    source.frames.iter().map(shape).collect()
}

fn dictionary(name: &str) -> Option<(PathBuf, Vec<u8>)> {
    let path = shared("interop/jetstream")?.join(name);
    let bytes = std::fs::read(&path).unwrap();
    Some((path, bytes))
}

fn id_of(dictionary: &[u8]) -> u32 {
    u32::from_le_bytes(dictionary[4..8].try_into().unwrap())
}

/// What the source makes of production's events is what the relay said.
async fn check_production(server: &Server, path: &str, options: StreamOptions) {
    let mut source = jetstream(server, path, options, Position::Live);
    source.until("frame 1000000000000000").await;
    source
        .frames
        .retain(|frame| !frame.ends_with(b"\"end\":0}"));
    assert!(Some(said_in(source.frames)) == said_by_relay());
}

/// Ends a list of lines with events that pass on the commit of every account.
fn with_ends(mut lines: Vec<String>) -> Vec<String> {
    let events = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let did = |event: Value| event.get("payload").unwrap_or(&event)["did"].clone();
    let ends: Vec<_> = events.map(did).collect();
    for (left, did) in (0..ends.len()).rev().zip(ends) {
        let time = 1_000_000_000_000_000 + left;
        lines.push(format!(
            r#"{{"did":{did},"time_us":{time},"kind":"identity","identity":{{}},"end":0}}"#
        ));
    }
    lines
}

#[tokio::test]
async fn production_events_come_out_as_the_relay_said_them() {
    let (Some(one), Some(two)) = (lines_v1(), lines_v2()) else {
        return;
    };
    // A v2 passes on any line, also one of v1.
    let (one, two) = (with_ends(one), with_ends(two));
    let server = Server::start(vec![texts(one.clone(), Say::Freeze)]).await;
    check_production(&server, "/subscribe", patient()).await;
    let server = Server::start(vec![texts(two.clone(), Say::Freeze)]).await;
    check_production(&server, "", patient()).await;

    // The same, compressed by the dictionaries.
    for (name, lines, path) in [("v1.zdict", one, "/subscribe"), ("v2.zdict", two, V2)] {
        let (file, bytes) = dictionary(name).unwrap();
        let mut packer = zstd::bulk::Compressor::with_dictionary(3, &bytes).unwrap();
        let messages = lines
            .iter()
            .map(|line| packer.compress(line.as_bytes()).unwrap());
        let plan = Plan::Talk(messages.map(Say::Frame).collect());
        let server = Server::start(vec![plan]).await;
        let options = StreamOptions {
            zstd_dictionary: Some(file),
            ..patient()
        };
        check_production(&server, path, options).await;
        let parameter = match name {
            "v1.zdict" => "&compress=true".to_owned(),
            _ => format!("&zstdDictionary={}", id_of(&bytes)),
        };
        assert!(
            server.asked()[0].ends_with(&parameter),
            "{:?}",
            server.asked()
        );
    }
}

#[tokio::test]
async fn an_address_without_a_path_is_asked_for_v2_and_then_for_v1() {
    for status in ["404 Not Found", "400 Bad Request", "405 No", "501 No"] {
        let again = identity(BOB, 9_000_000).to_string();
        let plans = vec![
            Plan::Raw(format!("HTTP/1.1 {status}\r\n\r\n").into_bytes()),
            texts(vec![identity(ALICE, 7).to_string()], Say::Cut),
            texts(vec![again], Say::Freeze),
        ];
        let server = Server::start(plans).await;
        let mut source = jetstream(&server, "", quick(), Position::After(TIME));
        source.until(&format!("frame {}", TIME + 7)).await;
        source.until("connected").await;
        let asked = server.asked();
        let wanted = ["feed.like", "feed.repost", "graph.follow", "graph.block"];
        let query = |name: &str| {
            wanted
                .map(|nsid| format!("{name}=app.bsky.{nsid}"))
                .join("&")
        };
        let expect = [
            format!("{V2}?{}&cursor={TIME}", query("collections")),
            format!(
                "/subscribe?{}&cursor={}",
                query("wantedCollections"),
                TIME - 5_000_000
            ),
            format!(
                "/subscribe?{}&cursor={}",
                query("wantedCollections"),
                TIME + 7 - 5_000_000
            ),
        ];
        assert_eq!(asked, expect, "{status}");
    }
}

#[tokio::test]
async fn the_ops_of_a_commit_are_one_frame_also_when_repos_are_mixed() {
    let mixed = [
        (ALICE, 3, 1),
        (BOB, 3, 2),
        (ALICE, 3, 3),
        (BOB, 3, 4),
        (ALICE, 4, 5),
    ];
    let mut lines: Vec<_> = mixed.map(|(did, rev, time)| v1(did, rev, time)).into();
    lines.extend([identity(BOB, 6), identity(ALICE, 7)].map(|line| line.to_string()));
    let server = Server::start(vec![texts(lines, Say::Freeze)]).await;
    let mut source = jetstream(&server, "/subscribe", patient(), Position::Live);
    source.take(6).await;
    assert_eq!(shape(&source), [(2, 3), (2, 4), (1, 6), (1, 5), (1, 7)]);
}

#[tokio::test]
async fn half_a_commit_is_dropped_with_its_connection_and_read_again() {
    let ops = [(ALICE, 1), (ALICE, 2), (BOB, 3), (BOB, 4)];
    let end = identity(BOB, 5);
    let one: Vec<_> = ops.map(|(did, time)| v1(did, 3, time)).into();
    let two: Vec<_> = ops.map(|(did, n)| to_v2(TIME + n, &op(did, 3, n))).into();
    for (path, lines, end) in [
        ("/subscribe", one, end.to_string()),
        (V2, two, to_v2(TIME + 5, &end)),
    ] {
        let first = texts(lines[..3].to_vec(), Say::Cut);
        let rest = if path == V2 { &lines[1..] } else { &lines[..] };
        let rest = [rest, &[end]].concat();
        let server = Server::start(vec![first, texts(rest, Say::Freeze)]).await;
        let mut source = jetstream(&server, path, patient(), Position::Live);
        source.until(&format!("frame {}", TIME + 5)).await;
        let whole = shape(&source);
        assert!(whole.contains(&(2, 4)), "{path}: {whole:?}");
        assert!(whole.iter().all(|(_, seq)| *seq != 3), "{path}: no half");
        assert!(source.gaps.is_empty());
    }
}

#[tokio::test]
async fn ops_that_come_too_late_are_a_gap_of_their_account() {
    let word = Arc::new(Notify::new());
    let lines = vec![
        Say::Text(v1(ALICE, 3, 1)),
        Say::Wait(word.clone()),
        Say::Text(v1(ALICE, 3, 2)),
    ];
    let server = Server::start(vec![Plan::Talk(lines)]).await;
    let mut source = jetstream(&server, "/subscribe", quick(), Position::Live);
    source.until("frame").await;
    word.notify_one();
    source.until("gap commit_split").await;
    assert_eq!(source.gaps[0].did.as_deref(), Some(ALICE));
}

#[tokio::test]
async fn what_a_v1_repeats_is_dropped_and_what_it_had_lost_is_not() {
    let ends = [identity(ALICE, 7), identity(BOB, 8)].map(|line| line.to_string());
    let first = [&[v1(ALICE, 3, 1), v1(BOB, 3, 6)], &ends[..]].concat();
    // After the rewind an older event appears that the replay had lost.
    let lost = identity("did:plc:c", 2).to_string();
    let mut again = first.clone();
    again.insert(1, lost);
    again.push(identity(BOB, 9).to_string());
    let server = Server::start(vec![texts(first, Say::Cut), texts(again, Say::Freeze)]).await;
    let mut source = jetstream(&server, "/subscribe", patient(), Position::Live);
    source.until(&format!("frame {}", TIME + 9)).await;
    let expect = [1, 7, 6, 8, 2, 9].map(|time| (1, time));
    assert_eq!(shape(&source), expect);
    assert_eq!(source.meters[0].read().duplicates, 4);
    assert!(source.gaps.is_empty());
}

#[tokio::test]
async fn what_v2_says_of_cursors_is_a_gap() {
    let note = |name: &str| {
        let t = "network.bsky.jetstream.subscribeEvents#info";
        json!({ "$type": "message", "payload": { "$type": t, "name": name } }).to_string()
    };
    let event = |seq| to_v2(seq, &op(ALICE, seq, 0));
    let end = |seq| to_v2(seq, &identity(BOB, 0));
    let plans = vec![
        refuse("400 Bad Request", "CursorTooOld"),
        texts(
            vec![note("OutdatedCursor"), event(552), event(553), end(554)],
            Say::CloseWith(1008, "ConsumerTooSlow"),
        ),
        texts(vec![note("FutureCursor"), end(3)], Say::Freeze),
    ];
    let server = Server::start(plans).await;
    let mut source = jetstream(&server, "", patient(), Position::After(70));
    let events = source.until("frame 3").await;
    let expect = [
        "gap cursor_too_old",
        "disconnected cursor_too_old",
        "connected",
        "frame 0",
        "gap outdated_cursor",
        "frame 552",
        "frame 553",
        "frame 554",
        "disconnected consumer_too_slow",
        "connected",
        "frame 0",
        "gap future_cursor",
        "frame 3",
    ];
    assert_eq!(events, expect);
    let cursor = |path: &String| path.split("cursor=").nth(1).map(str::to_owned);
    let cursors: Vec<_> = server.asked().iter().map(cursor).collect();
    let oldest = "1000000000000000";
    assert_eq!(
        cursors,
        ["70", oldest, "554"].map(|cursor| Some(cursor.to_owned()))
    );
    assert_eq!(source.gaps[0].from_seq, Some(70));
}

#[tokio::test]
async fn a_dictionary_that_is_not_known_is_done_without() {
    let Some((file, _)) = dictionary("v2.zdict") else {
        return;
    };
    let plans = vec![
        refuse("400 Bad Request", "UnknownZstdDictionary"),
        texts(vec![to_v2(5, &op(ALICE, 3, 0))], Say::Freeze),
    ];
    let server = Server::start(plans).await;
    let options = StreamOptions {
        zstd_dictionary: Some(file),
        ..quick()
    };
    let mut source = jetstream(&server, "", options, Position::Live);
    let events = source.until("frame 5").await;
    assert_eq!(
        events,
        ["disconnected unknown_dictionary", "connected", "frame 5"]
    );
    let asked = server.asked();
    assert!(asked[0].contains("zstdDictionary=") && !asked[1].contains("zstdDictionary"));
    assert!(
        asked[1].starts_with(V2),
        "a v2 that is known to be one stays one"
    );
}

#[tokio::test]
async fn a_request_that_a_v2_finds_wrong_is_counted_and_tried_again() {
    let event = |seq| vec![to_v2(seq, &identity(ALICE, 0))];
    let plans = vec![
        texts(event(5), Say::Cut),
        refuse("400 Bad Request", "InvalidRequest"),
        texts(event(6), Say::Freeze),
    ];
    let server = Server::start(plans).await;
    let mut source = jetstream(&server, "", quick(), Position::Live);
    source.until("frame 6").await;
    let asked = server.asked();
    assert!(
        asked.iter().all(|path| path.starts_with(V2)),
        "it is known: {asked:?}"
    );
    let counted = source.meters[0].read().disconnects;
    assert!(counted.contains(&("http_400", 1)), "{counted:?}");
}

#[tokio::test]
async fn garbage_of_a_jetstream_is_counted() {
    let lines = ["", "[]", "{\"did\":", "null", "{}"].map(|text| Say::Text(text.to_owned()));
    let binary = Say::Frame(v1(ALICE, 3, 1).into_bytes());
    let again: Vec<_> = lines
        .into_iter()
        .chain([binary, Say::Text(v1(ALICE, 3, 1))])
        .collect();
    let first = Plan::Talk(vec![Say::Text("garbage".to_owned())]);
    let server = Server::start(vec![first, Plan::Talk(again)]).await;
    let mut source = jetstream(&server, "/subscribe", quick(), Position::Live);
    let events = source.until("frame").await;
    let bad: Vec<_> = events
        .iter()
        .filter_map(|event| event.strip_prefix("bad "))
        .collect();
    let expect = [
        "not_json",
        "truncated",
        "bad_field",
        "truncated",
        "bad_field",
        "missing_field",
        "binary_message",
    ];
    assert_eq!(bad, expect.map(|reason| format!("{reason} at 0")));
}

#[tokio::test]
async fn a_line_with_newlines_stays_one_line() {
    let pretty = serde_json::to_string_pretty(&op(ALICE, 3, 1)).unwrap();
    let lines = vec![
        pretty.replace('\n', "\r\n"),
        v1(ALICE, 3, 2),
        identity(ALICE, 3).to_string(),
    ];
    let server = Server::start(vec![texts(lines, Say::Freeze)]).await;
    let mut source = jetstream(&server, "/subscribe", patient(), Position::Live);
    source.until(&format!("frame {}", TIME + 3)).await;
    assert_eq!(shape(&source), [(2, 2), (1, 3)]);
}

#[tokio::test]
async fn a_recording_of_a_jetstream_is_read_like_any_other() {
    let Some(lines) = lines_v2() else { return };
    let server = Server::start(vec![texts(lines, Say::Freeze)]).await;
    let url = server.url.clone();
    let spec = SourceSpec::new(SourceId(0), SourceKind::Jetstream { url }, patient());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.zst");
    let limits = RecordLimits {
        frames_max: Some(150),
        ..RecordLimits::default()
    };
    let stop = CancellationToken::new();
    let recorded = record(vec![(spec, Position::Live)], &path, limits, stop)
        .await
        .unwrap();
    assert_eq!((recorded.frames, recorded.gaps), (150, 0));
    let mut file = start(
        SourceKind::File { path },
        quick(),
        Position::Oldest,
        1 << 20,
    );
    file.until("finished").await;
    assert!(Some(said_in(file.frames)) == said_by_relay());
}

#[tokio::test]
async fn a_dictionary_that_is_none_fails_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none");
    std::fs::write(&path, b"not a dictionary").unwrap();
    for file in [path, folder.path().join("missing")] {
        let options = StreamOptions {
            zstd_dictionary: Some(file),
            ..quick()
        };
        let url = "wss://j.example".to_owned();
        let kind = SourceKind::Jetstream { url };
        let events = start(kind, options, Position::Live, 1 << 20).all().await;
        assert_eq!(events.len(), 1);
        assert!(
            events[0].contains("cannot read the zstd dictionary"),
            "{events:?}"
        );
    }
}
