//! The table: what a server does, and what Kith does.
//!
//! Every row is a server of its own, read as a relay from the oldest event on, and everything that
//! the source says until the row's last event. Rows run at once; none may take long. Certificates
//! are in `tls`, Jetstreams in `jetstream`, stalled readers in `gaps` and `streams`.

use crate::events::{quick, start};
use crate::frames::{ALICE, TIME, cbor_bytes, error_frame, frame, identity_frame, map};
use crate::server::{Plan, Say, Server};
use ciborium::Value;
use kith_feeder::source::{DISCONNECT_REASONS, Position, SourceKind, StreamOptions};
use std::time::{Duration, Instant, SystemTime};

struct Row {
    /// What the server does.
    server: &'static str,
    plans: Vec<Plan>,
    /// What Kith says, in order; `pause`: nothing for a while.
    kith: String,
}

fn talk(lines: Vec<Say>) -> Plan {
    Plan::Talk(lines)
}

fn event(seq: u64) -> Say {
    Say::Frame(identity_frame(seq))
}

/// Events of these seqs, and then nothing, but pings are answered.
fn events(seqs: &[u64]) -> Plan {
    talk(seqs.iter().map(|&seq| event(seq)).collect())
}

fn dead_after(seqs: &[u64]) -> Plan {
    talk(
        seqs.iter()
            .map(|&seq| event(seq))
            .chain([Say::Freeze])
            .collect(),
    )
}

/// An event of another account at another time.
fn event_of(did: &str, seq: u64, time: &str) -> Say {
    let fields = vec![
        ("did", did.into()),
        ("seq", seq.into()),
        ("time", time.into()),
    ];
    Say::Frame(frame("#identity", &map(fields)))
}

/// An event of so many bytes, and some more.
fn large(seq: u64, bytes: usize) -> Say {
    let fields = vec![
        ("did", ALICE.into()),
        ("seq", seq.into()),
        ("time", TIME.into()),
        ("x", Value::Bytes(vec![0; bytes])),
    ];
    Say::Frame(frame("#identity", &map(fields)))
}

fn info(name: &str) -> Say {
    Say::Frame(frame("#info", &map(vec![("name", name.into())])))
}

fn answer(text: &str) -> Plan {
    Plan::Raw(format!("HTTP/1.1 {text}\r\n\r\n").into_bytes())
}

/// `Retry-After` as a date, one to two seconds from now.
fn soon() -> String {
    httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2))
}

fn cuts_and_order() -> Vec<Row> {
    vec![
        Row {
            server: "cuts in the middle of a frame, and of a header of one",
            plans: vec![
                Plan::Nonsense([vec![0x82, 60], vec![0; 30]].concat()),
                Plan::Nonsense(vec![0x82]),
                events(&[1]),
            ],
            kith: "connected, disconnected protocol, connected, disconnected protocol, \
                 connected, frame 1"
                .into(),
        },
        Row {
            server: "sends everything twice, also after a reconnect",
            plans: vec![
                talk(vec![event(5), event(5), event(6), Say::Cut]),
                events(&[5, 6, 6, 7, 5, 7, 8]),
            ],
            kith: "connected, frame 5, frame 6, disconnected protocol, connected, frame 7, \
                 frame 8"
                .into(),
        },
        Row {
            server: "reorders across repos",
            plans: vec![talk(vec![
                event_of(ALICE, 5, TIME),
                event_of("did:plc:c", 9, "2026-07-04T14:38:09Z"),
                event_of(ALICE, 7, TIME),
                event_of("did:plc:c", 6, "2026-07-04T14:38:07Z"),
                event(10),
            ])],
            kith: "connected, frame 5, frame 9, frame 7, frame 6, frame 10".into(),
        },
        Row {
            server: "jumps in its seqs, and goes back",
            plans: vec![events(&[5, 9_007_199_254_740_992, 7, 8])],
            kith: "connected, frame 5, frame 9007199254740992, frame 7, frame 8".into(),
        },
        Row {
            server: "counts from a new beginning",
            plans: vec![talk(vec![
                event(900),
                event_of(ALICE, 900, "2026-07-04T15:00:00Z"),
                event_of(ALICE, 901, "2026-07-04T15:00:01Z"),
            ])],
            kith: "connected, frame 900, gap seq_restarted, frame 900, frame 901".into(),
        },
        Row {
            server: "hangs up at once, a thousand times",
            plans: (0..1_000)
                .map(|_| talk(vec![Say::Cut]))
                .chain([events(&[1])])
                .collect(),
            kith: "connected, disconnected protocol, ".repeat(1_000) + "connected, frame 1",
        },
    ]
}

fn silences() -> Vec<Row> {
    vec![
        Row {
            server: "goes silent, and answers no pings: dead",
            plans: vec![dead_after(&[1]), events(&[2])],
            kith: "connected, frame 1, disconnected silence, connected, frame 2".into(),
        },
        Row {
            server: "goes silent, and answers pings: idle",
            plans: vec![talk(vec![event(1), Say::Ping, event(2)])],
            kith: "connected, frame 1, frame 2".into(),
        },
        Row {
            server: "does not speak HTTP, or not at all",
            plans: vec![
                Plan::Raw(b"not http at all\r\n\r\n".to_vec()),
                Plan::Raw(Vec::new()),
                events(&[1]),
            ],
            kith: "disconnected handshake, disconnected handshake, connected, frame 1".into(),
        },
        Row {
            server: "never closes after an error",
            plans: vec![
                talk(vec![Say::Frame(error_frame("SomethingNew")), Say::Freeze]),
                events(&[1]),
            ],
            kith: "connected, error frame, disconnected error, connected, frame 1".into(),
        },
    ]
}

fn garbage() -> Vec<Row> {
    let not_cbor = || Say::Frame(vec![0xff; 20]);
    let op = |op: i64| {
        let header = map(vec![("op", op.into()), ("t", "#commit".into())]);
        let bytes = [cbor_bytes(&header), cbor_bytes(&map(Vec::new()))].concat();
        Say::Frame(bytes)
    };
    vec![
        Row {
            server: "sends a frame of 4.9 MB, one beyond 5 MB, and one beyond 6 MB three times",
            plans: vec![
                talk(vec![
                    large(1, 4_900_000),
                    large(2, 5_000_001),
                    event(3),
                    large(4, 6_000_001),
                ]),
                talk(vec![large(4, 6_000_001)]),
                talk(vec![large(4, 6_000_001)]),
                events(&[5]),
            ],
            kith: "connected, frame 1, bad too_long at 0, frame 3, bad too_long at 0, \
                 disconnected too_long, connected, bad too_long at 0, disconnected too_long, \
                 connected, bad too_long at 0, gap left_out, disconnected too_long, connected, \
                 frame 5"
                .into(),
        },
        Row {
            server: "sends garbage, and after a reconnect again: stepped over",
            plans: vec![
                talk(vec![event(1), not_cbor()]),
                talk(vec![not_cbor(), not_cbor(), event(2)]),
            ],
            kith: "connected, frame 1, bad not_cbor at 0, disconnected garbage, connected, \
                 bad not_cbor at 0, bad not_cbor at 0, frame 2"
                .into(),
        },
        Row {
            server: "sends text",
            plans: vec![talk(vec![Say::Text("hello".to_owned())]), events(&[1])],
            kith: "connected, bad text_message at 0, disconnected garbage, connected, frame 1"
                .into(),
        },
        Row {
            server: "is no Jetstream, and sends its JSON: what cannot be verified is not taken",
            plans: vec![
                talk(vec![Say::Frame(
                    br#"{"did":"did:plc:a","time_us":5,"kind":"identity"}"#.to_vec(),
                )]),
                events(&[1]),
            ],
            kith: "connected, bad json_frame at 0, disconnected garbage, connected, frame 1".into(),
        },
        Row {
            server: "sends ops and kinds of the future: passed on, to be counted by the reader",
            plans: vec![talk(vec![
                op(7),
                Say::Frame(frame("#news", &map(vec![("seq", 4.into())]))),
                event(5),
            ])],
            kith: "connected, frame 0, frame 4, frame 5".into(),
        },
        Row {
            server: "uses wrong opcodes of WebSocket: reserved, a continuation of nothing",
            plans: vec![
                Plan::Nonsense(vec![0x83, 1, 0]),
                Plan::Nonsense(vec![0x80, 1, 0]),
                Plan::Nonsense(vec![0xff; 64]),
                events(&[1]),
            ],
            kith: "connected, disconnected protocol, ".repeat(3) + "connected, frame 1",
        },
        Row {
            server: "sends endless headers",
            plans: vec![
                Plan::Raw([b"HTTP/1.1 101 OK\r\n".to_vec(), b"x: y\r\n".repeat(100_000)].concat()),
                events(&[1]),
            ],
            kith: "disconnected handshake, connected, frame 1".into(),
        },
    ]
}

fn answers() -> Vec<Row> {
    vec![
        Row {
            server: "answers 503 and 429 without Retry-After, and 500",
            plans: vec![
                answer("503 Service Unavailable"),
                answer("429 Too Many Requests"),
                answer("500 Internal Server Error"),
                events(&[1]),
            ],
            kith: "disconnected http_503, disconnected http_429, disconnected http_500, \
                 connected, frame 1"
                .into(),
        },
        Row {
            server: "answers 429 with Retry-After in seconds",
            plans: vec![
                answer("429 Too Many Requests\r\nretry-after: 1"),
                events(&[1]),
            ],
            kith: "disconnected http_429, pause, connected, frame 1".into(),
        },
        Row {
            server: "answers 503 with Retry-After as a date",
            plans: vec![
                answer(&format!(
                    "503 Service Unavailable\r\nretry-after: {}",
                    soon()
                )),
                events(&[1]),
            ],
            kith: "disconnected http_503, pause, connected, frame 1".into(),
        },
        Row {
            server: "redirects, which is not followed",
            plans: vec![
                answer("302 Found\r\nlocation: ws://127.0.0.1:1/"),
                events(&[1]),
            ],
            kith: "disconnected http_302, connected, frame 1".into(),
        },
        Row {
            server: "answers 400, 401, 404, 405, 426",
            plans: ["400 a", "401 a", "404 a", "405 a", "426 a"]
                .map(answer)
                .into_iter()
                .chain([events(&[1])])
                .collect(),
            kith: "disconnected http_400, disconnected http_401, disconnected http_404, \
                 disconnected http_405, disconnected http_426, connected, frame 1"
                .into(),
        },
    ]
}

fn words() -> Vec<Row> {
    vec![
        Row {
            server: "says FutureCursor: not skipped in silence",
            plans: vec![
                talk(vec![event(5), Say::Cut]),
                talk(vec![Say::Frame(error_frame("FutureCursor")), Say::Freeze]),
                events(&[2]),
            ],
            kith: "connected, frame 5, disconnected protocol, connected, error frame, \
                 gap future_cursor, disconnected future_cursor, connected, frame 2"
                .into(),
        },
        Row {
            server: "says OutdatedCursor, and goes on with what it has",
            plans: vec![
                talk(vec![event(5), Say::Cut]),
                talk(vec![
                    info("OutdatedCursor"),
                    event_of(ALICE, 90, "2026-07-09T00:00:00Z"),
                ]),
            ],
            kith: "connected, frame 5, disconnected protocol, connected, frame 0, \
                 gap outdated_cursor, frame 90"
                .into(),
        },
        Row {
            server: "says OutdatedCursor again and again: heard once",
            plans: vec![
                talk(vec![event(5), Say::Cut]),
                talk(vec![
                    info("OutdatedCursor"),
                    info("OutdatedCursor"),
                    event_of(ALICE, 90, "2026-07-09T00:00:00Z"),
                    info("OutdatedCursor"),
                    event_of(ALICE, 91, "2026-07-09T00:00:01Z"),
                ]),
            ],
            kith: "connected, frame 5, disconnected protocol, connected, frame 0, \
                 gap outdated_cursor, frame 0, frame 90, frame 0, frame 91"
                .into(),
        },
        Row {
            server: "says nothing, and goes on with what it has",
            plans: vec![
                talk(vec![event(5), Say::Cut]),
                talk(vec![
                    event_of(ALICE, 90, "2026-07-09T00:00:00Z"),
                    event_of(ALICE, 91, "2026-07-10T00:00:00Z"),
                ]),
            ],
            kith: "connected, frame 5, disconnected protocol, connected, gap clamped, frame 90, \
                 frame 91"
                .into(),
        },
        Row {
            server: "says ConsumerTooSlow and InvalidRequest",
            plans: vec![
                talk(vec![Say::Frame(error_frame("ConsumerTooSlow")), Say::Close]),
                talk(vec![Say::Frame(error_frame("InvalidRequest")), Say::Close]),
                events(&[1]),
            ],
            kith: "connected, error frame, disconnected consumer_too_slow, connected, \
                 error frame, disconnected invalid_request, connected, frame 1"
                .into(),
        },
        Row {
            server: "closes with every code, the name of an error as reason or not",
            plans: vec![
                talk(vec![Say::CloseWith(1000, "")]),
                talk(vec![Say::CloseWith(1001, "bye")]),
                talk(vec![Say::CloseWith(1008, "policy")]),
                talk(vec![Say::CloseWith(1008, "ConsumerTooSlow")]),
                talk(vec![Say::CloseWith(1008, "FutureCursor: 7")]),
                talk(vec![Say::CloseWith(1011, "oh")]),
                talk(vec![Say::CloseWith(1012, "restart")]),
                events(&[1]),
            ],
            kith: "connected, disconnected closed, connected, disconnected going_away, \
                 connected, disconnected closed, connected, disconnected consumer_too_slow, \
                 connected, gap future_cursor, disconnected future_cursor, connected, \
                 disconnected server_error, connected, disconnected going_away, connected, \
                 frame 1"
                .into(),
        },
    ]
}

#[tokio::test]
async fn what_the_server_did_and_what_kith_did() {
    let began = Instant::now();
    let patient = [cuts_and_order(), garbage(), answers(), words()];
    let patient = patient.into_iter().flatten();
    let patient = patient.map(|row| (row, StreamOptions::default().silence_max));
    let impatient = silences()
        .into_iter()
        .map(|row| (row, Duration::from_secs(2)));
    let rows: Vec<_> = patient
        .chain(impatient)
        .map(|(row, silence_max)| tokio::spawn(check(row, silence_max, began)))
        .collect();
    assert!(rows.len() > 20);
    for row in rows {
        row.await.unwrap();
    }
}

async fn check(row: Row, silence_max: Duration, began: Instant) {
    let server = Server::start(row.plans).await;
    let options = StreamOptions {
        ping_after: silence_max / 10,
        silence_max,
        // A thousand of them are waited for.
        backoff_max: Duration::from_millis(1),
        ..quick()
    };
    let url = server.url.clone();
    let kind = SourceKind::Relay { url };
    let mut source = start(kind, options, Position::Oldest, 16 << 20);
    let mut said = Vec::new();
    let mut pause = Duration::ZERO;
    for expected in row.kith.split(", ") {
        if expected == "pause" {
            // Both servers ask for a second at least, and were asked after the test began.
            pause = Duration::from_secs(1);
            continue;
        }
        said.extend(source.take(1).await);
        assert!(began.elapsed() >= pause, "{}: did not wait", row.server);
    }
    let expected = row.kith.split(", ").filter(|event| *event != "pause");
    assert!(said.iter().eq(expected), "{}: {said:#?}", row.server);

    // What was said was counted.
    let counted = source.meters[0].read();
    let count = |start: &str| said.iter().filter(|event| event.starts_with(start)).count() as u64;
    let disconnects: u64 = counted.disconnects.iter().map(|(_, count)| count).sum();
    assert_eq!(disconnects, count("disconnected"), "{}", row.server);
    assert!(
        counted
            .disconnects
            .iter()
            .all(|(name, _)| DISCONNECT_REASONS.contains(name))
    );
    assert_eq!(
        counted.frames,
        count("frame") + count("error frame"),
        "{}",
        row.server
    );
    assert_eq!(counted.reconnects + 1, count("connected"), "{}", row.server);
    assert_eq!(
        (counted.bad, counted.gaps),
        (count("bad"), count("gap")),
        "{}",
        row.server
    );
}
