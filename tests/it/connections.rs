//! Connections to the server: who asks nothing, asks slowly, or comes in numbers; and what is
//! compressed on the way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use kith_tests::Web;

use crate::http::serve;
use crate::reports::replayed;

/// Connections that are taken at once.
const CONNECTIONS: usize = 128;

fn ask(web: &Web, stream: &mut TcpStream, path: &str, headers: &str) {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n",
        web.address
    );
    stream.write_all(request.as_bytes()).expect("sent");
}

/// Head and body, as they came.
fn answer(web: &Web, path: &str, headers: &str) -> (String, Vec<u8>) {
    let mut stream = web.connect();
    ask(
        web,
        &mut stream,
        path,
        &format!("Connection: close\r\n{headers}"),
    );
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a head");
    let head = String::from_utf8(bytes[..end].to_vec())
        .expect("text")
        .to_lowercase();
    let body = bytes[end + 4..].to_vec();
    match head.contains("transfer-encoding: chunked") {
        true => (head, dechunked(&body)),
        false => (head, body),
    }
}

fn dechunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body
            .windows(2)
            .position(|two| two == b"\r\n")
            .expect("a length");
        let length = std::str::from_utf8(&body[..end]).expect("text");
        let length = usize::from_str_radix(length, 16).expect("a number");
        if length == 0 {
            return whole;
        }
        whole.extend(&body[end + 2..end + 2 + length]);
        body = &body[end + 4 + length..];
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let start = format!("{name}: ");
    head.lines().find_map(|line| line.strip_prefix(&start))
}

#[test]
fn answers_are_compressed_for_who_wants_them_so() {
    let kith = replayed("sqlite:kith.db");
    let (_running, web) = serve(&kith, false);
    for path in [
        "/page.js",
        "/page.css",
        "/icon.svg",
        "/",
        "/api/v1/reports/assignments?limit=5000",
    ] {
        let (plain_head, plain) = answer(&web, path, "");
        assert_eq!(header(&plain_head, "content-encoding"), None, "{path}");
        let (head, small) = answer(&web, path, "Accept-Encoding: gzip\r\n");
        assert_eq!(
            header(&head, "content-encoding"),
            Some("gzip"),
            "{path}: {head}"
        );
        let vary: Vec<_> = head
            .lines()
            .filter(|line| line.starts_with("vary: "))
            .collect();
        let vary = vary.join(" ");
        assert!(
            vary.contains("accept-encoding") && vary.contains("authorization"),
            "{head}"
        );
        assert!(header(&head, "content-security-policy").is_some(), "{head}");
        let mut unpacked = Vec::new();
        let mut unpacking = GzDecoder::new(&small[..]);
        let _ = unpacking.read_to_end(&mut unpacked).expect("gzip");
        assert_eq!(unpacked, plain, "{path}");
        let many = plain.len() > 1_000;
        assert!(
            !many || small.len() * 2 < plain.len(),
            "{path}: {} of {}",
            small.len(),
            plain.len()
        );
        // What was compressed is known again, by its weak name or the strong one.
        let (weak, strong) = (header(&head, "etag"), header(&plain_head, "etag"));
        let (weak, strong) = (weak.expect("a tag"), strong.expect("a tag"));
        assert_eq!(weak, format!("w/{strong}"));
        for tag in [weak.replacen("w/", "W/", 1).as_str(), strong] {
            let known = format!("Accept-Encoding: gzip\r\nIf-None-Match: {tag}\r\n");
            let (head, body) = answer(&web, path, &known);
            assert!(
                head.starts_with("http/1.1 304") && body.is_empty(),
                "{path}: {head}"
            );
        }
    }
    // Events are not: they are wanted one by one.
    let mut stream = web.connect();
    ask(
        &web,
        &mut stream,
        "/api/v1/events",
        "Accept-Encoding: gzip\r\n",
    );
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "event: state"));
}

/// Reads until the server closes; how long that took.
fn until_closed(mut stream: TcpStream) -> Duration {
    let begun = Instant::now();
    let _ = stream.read_to_end(&mut Vec::new());
    begun.elapsed()
}

#[test]
fn who_dawdles_is_let_go_and_who_listens_is_not() {
    let kith = replayed("sqlite:kith.db");
    let (_running, web) = serve(&kith, false);
    // Nothing, half a head, and a second request that does not come.
    let silent = web.connect();
    let mut halting = web.connect();
    halting
        .write_all(b"GET / HTTP/1.1\r\nHost: local")
        .expect("sent");
    let mut resting = web.connect();
    ask(&web, &mut resting, "/icon.svg", "");
    let mut listening = web.connect();
    ask(&web, &mut listening, "/api/v1/events", "");
    for dawdler in [silent, halting, resting] {
        let _ = until_closed(dawdler);
    }
    let mut lines = BufReader::new(listening).lines();
    let mut heard = 0;
    // Every fifteen seconds there is a line that says nothing, so one that follows is new.
    while heard < 2 {
        let line = lines.next().expect("it is not closed").expect("nor broken");
        heard += usize::from(line == "event: state" || line.starts_with(':'));
    }
}

#[test]
fn so_many_connections_are_taken_and_the_next_waits() {
    let kith = replayed("sqlite:kith.db");
    let (_running, web) = serve(&kith, false);
    // Each is known to be taken once it was answered.
    let mut taken = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = web.connect();
        ask(&web, &mut stream, "/icon.svg", "");
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("it is answered");
        taken.push(stream);
    }
    let mut next = web.connect();
    ask(&web, &mut next, "/icon.svg", "Connection: close\r\n");
    let short = Some(Duration::from_millis(700));
    next.set_read_timeout(short).expect("a timeout can be set");
    let begun = Instant::now();
    let early = next.read(&mut [0; 16]);
    // If this machine slept, the others may have been let go by then.
    if begun.elapsed() < Duration::from_secs(5) {
        assert!(early.is_err(), "the next one waits: {early:?}");
    }
    drop(taken);
    next.set_read_timeout(Some(kith_tests::PATIENCE))
        .expect("a timeout can be set");
    let mut said = String::new();
    let _ = next.read_to_string(&mut said).expect("an answer");
    assert!(said.contains("<svg"), "{said}");
}
