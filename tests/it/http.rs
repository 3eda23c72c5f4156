//! `kith serve`: the same answers as on the command line, and no more than asked for.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};

use kith_tests::{Database, Kith, Reply, Running, Signal, Web};
use serde_json::{Value, json};

use crate::reports::{HOLDER, VIEWER, replayed};

pub(crate) const TOKEN: &str = "0123456789abcdef-for-tests";
pub(crate) const BEARER: (&str, &str) = ("Authorization", "Bearer 0123456789abcdef-for-tests");

/// `kith serve` on a free port, with a token in a file.
pub(crate) fn serve(kith: &Kith, has_token: bool) -> (Running, Web) {
    let file = kith.folder().join("kith.toml");
    let mut config = std::fs::read_to_string(&file).expect("a configuration");
    if has_token && !config.contains("[http]") {
        std::fs::write(kith.folder().join("token"), TOKEN).expect("written");
        config += "\n[http]\ntoken_file = \"token\"\n";
        kith.configure(&config);
    }
    let mut running = kith.start(&["serve", "--listen", "127.0.0.1:0"]);
    let address = address(&mut running);
    (running, Web { address })
}

/// Where it says that it serves.
pub(crate) fn address(running: &mut Running) -> String {
    let mut said = String::new();
    running.until("an address", || Some(()));
    for _ in 0..30_000 {
        said = running.stderr();
        let line = said.lines().find(|line| line.contains("serving"));
        if let Some(url) = line.and_then(|line| line.split('"').nth(1)) {
            let address = url.trim_start_matches("http://").trim_end_matches('/');
            return address.to_owned();
        }
        assert!(running.is_running(), "it ended: {said}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("no address: {said}");
}

/// The path of a report with what it needs, and the same for the command line.
fn asked(report: &Value) -> (String, Vec<String>) {
    let name = report["name"].as_str().expect("a name");
    let mut path = format!("/api/v1/reports/{name}?limit=5000");
    let mut arguments = vec!["report".to_owned(), name.to_owned()];
    for parameter in report["parameters"].as_array().expect("a list") {
        let name = parameter["name"].as_str().expect("a name");
        let value = match name {
            "viewer" | "account" => VIEWER.to_owned(),
            "holder" => HOLDER.to_owned(),
            "viewers" => format!("{VIEWER}=2,{HOLDER}=-1"),
            _ => {
                assert_eq!(parameter["required"], false, "{report}");
                continue;
            }
        };
        let _ = write!(path, "&{name}={value}");
        arguments.extend([format!("--{name}"), value]);
    }
    (path, arguments)
}

/// A report without the bytes it counts: a server that tidies up changes them at any moment.
fn without_sizes(mut report: Value) -> Value {
    let rows = report.as_array_mut().into_iter().flatten();
    for row in rows.filter(|row| row["unit"] == "bytes") {
        row["value"] = Value::Null;
    }
    report
}

#[test]
fn every_report_is_the_one_of_the_command_line() {
    let databases = [Some(Database::sqlite()), Database::postgres()];
    for database in databases.into_iter().flatten() {
        let kith = replayed(database.url());
        let (running, web) = serve(&kith, true);
        let list = web.json("/api/v1/reports");
        let list = list.as_array().expect("a list");
        let files = std::fs::read_dir(kith.folder().join("reports")).expect("reports");
        assert_eq!(list.len(), files.count());
        for report in list {
            let (path, arguments) = asked(report);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let reply = web.get(&path, &[BEARER]);
            assert_eq!(reply.status, 200, "{path}: {}", reply.body);
            let said = kith.json(&arguments);
            assert_eq!(without_sizes(reply.json()), without_sizes(said), "{path}");
            let columns = report["columns"].as_array().expect("columns");
            if let Some(row) = reply.json().get(0).and_then(Value::as_object) {
                assert_eq!(columns.len(), row.len(), "{path}");
                let names = columns.iter().filter_map(|column| column["name"].as_str());
                assert!(
                    names.into_iter().all(|name| row.contains_key(name)),
                    "{path}"
                );
            }
        }
        let mut status = kith.json(&["status"]);
        let mut served = web.json("/api/v1/status");
        for said in [&mut status, &mut served] {
            said["database"]["bytes"] = Value::Null;
        }
        assert_eq!(served, status);
        for account in [VIEWER, HOLDER, "did:web:nobody.example"] {
            let explained = web.json(&format!("/api/v1/explain/{account}?limit=3"));
            assert_eq!(explained, kith.json(&["explain", account, "--limit", "3"]));
        }
        let stopped = running.stop(Signal::Term).expect_ok();
        assert!(!stopped.stderr.contains("ERROR"), "{}", stopped.stderr);
    }
}

#[test]
fn pages_of_a_report_are_the_whole() {
    let kith = replayed("sqlite:kith.db");
    let (_running, web) = serve(&kith, false);
    let all = web.json("/api/v1/reports/circle");
    let mut rows = Vec::new();
    let mut path = "/api/v1/reports/circle?limit=7".to_owned();
    loop {
        let reply = web.get(&path, &[]);
        let page = reply.json();
        let page = page.as_array().expect("a list");
        assert!(page.len() <= 7 && !page.is_empty(), "{path}");
        rows.extend(page.iter().cloned());
        match reply.header("link") {
            Some(link) => {
                let (next, rel) = link.split_once('>').expect("a link");
                assert_eq!(rel, "; rel=\"next\"");
                path = next.trim_start_matches('<').to_owned();
            }
            None => break,
        }
    }
    assert_eq!(Value::from(rows), all);
    let view = format!("/api/v1/reports/trust?viewer={VIEWER}&limit=1");
    let link = web.get(&view, &[]);
    let link = link.header("link").expect("more").to_owned();
    assert!(
        link.contains("viewer=") && link.contains("offset=1"),
        "{link}"
    );
    assert_eq!(
        web.json("/api/v1/reports/circle?offset=1000000"),
        Value::Array(vec![])
    );
}

#[test]
fn an_answer_stands_until_the_database_moves() {
    let database = Database::sqlite();
    let kith = replayed(database.url());
    let (_running, web) = serve(&kith, false);
    for path in ["/api/v1/status", "/api/v1/reports/circle", "/", "/page.js"] {
        let first = web.get(path, &[]);
        let tag = first.header("etag").expect("a tag").to_owned();
        let known = [("If-None-Match", tag.as_str())];
        let again = web.get(path, &known);
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        let other = web.get(path, &[("If-None-Match", "\"something else\"")]);
        assert_eq!(other.status, 200, "{path}");
        if path.starts_with("/api") {
            database.execute("UPDATE state SET batch = batch + 1");
            let moved = web.get(path, &known);
            assert_eq!(moved.status, 200, "{path}");
            assert_ne!(moved.header("etag"), Some(tag.as_str()), "{path}");
        }
    }
}

/// What is asked, the status, and words of the answer.
const REFUSED: [(&str, u16, &str); 23] = [
    ("/api/v1/reports/tpo", 404, "did you mean top?"),
    ("/api/v1/reports/zzzzzz", 404, "/api/v1/reports lists them"),
    ("/api/v1/reports/%FF", 404, "there is no report"),
    (
        "/api/v1/reports/trust",
        400,
        "viewer is what report trust needs",
    ),
    ("/api/v1/reports/trust?vewer=a", 400, "did you mean viewer?"),
    (
        "/api/v1/reports/circle?viewer=a",
        400,
        "viewer is no parameter of report circle",
    ),
    ("/api/v1/reports/circle?limit=0", 400, "from 1 to 5000"),
    ("/api/v1/reports/circle?limit=5001", 400, "from 1 to 5000"),
    (
        "/api/v1/reports/circle?limit=9e9",
        400,
        "limit is a whole number",
    ),
    ("/api/v1/reports/circle?offset=-1", 400, "from 0 to 1000000"),
    (
        "/api/v1/reports/circle?limit=1&limit=2",
        400,
        "limit is given twice",
    ),
    ("/api/v1/reports/trust?viewer=did:plc:x%00", 400, "viewer"),
    (
        "/api/v1/reports/trust?viewer=nobody.example",
        404,
        "no account is known by the handle",
    ),
    (
        "/api/v1/reports/trust?viewer=did:plc:nobodynobodynobodynobody",
        404,
        "no account did:plc:nobodynobodynobodynobody is known",
    ),
    (
        "/api/v1/reports/delta?epoch=5",
        404,
        "nothing is known of the end of epoch 5",
    ),
    (
        "/api/v1/reports/trust?viewer='%20OR%201=1--",
        400,
        "write a DID",
    ),
    (
        "/api/v1/reports/blend?viewers=a.example=1.5",
        400,
        "weight of a.example",
    ),
    (
        "/api/v1/reports/newcomers?since=soon",
        400,
        "since \\\"soon\\\" is no time",
    ),
    (
        "/api/v1/reports/delta?epoch=last",
        400,
        "no number of an epoch",
    ),
    (
        "/api/v1/reports/top?all_origins=perhaps",
        400,
        "neither yes nor no",
    ),
    ("/api/v1/explain/nonsense", 400, "write a DID"),
    ("/api/v1/status?verbose=1", 400, "verbose is no parameter"),
    (
        "/api/v2/reports",
        404,
        "there is nothing at /api/v2/reports",
    ),
];

pub(crate) fn assert_problem(reply: &Reply, status: u16, says: &str, path: &str) {
    assert_eq!(reply.status, status, "{path}: {}", reply.body);
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json"),
        "{path}"
    );
    assert_eq!(reply.json()["status"], status, "{path}");
    assert!(reply.body.contains(says), "{path}: {}", reply.body);
}

#[test]
fn a_refusal_says_what_is_wrong_and_what_to_do() {
    let kith = replayed("sqlite:kith.db");
    let (_running, web) = serve(&kith, false);
    for (path, status, says) in REFUSED {
        assert_problem(&web.get(path, &[]), status, says, path);
    }
    let posted = web.ask("POST", "/api/v1/status", &[], "");
    assert_problem(&posted, 405, "POST is not for /api/v1/status", "POST");
    assert!(
        posted
            .header("allow")
            .is_some_and(|allow| allow.contains("GET"))
    );
    assert_problem(&web.ask("DELETE", "/", &[], ""), 405, "DELETE", "DELETE");
}

#[test]
fn what_is_sent_to_do_harm_does_none() {
    let kith = replayed("sqlite:kith.db");
    let (mut running, web) = serve(&kith, true);
    // Another site's name that was made to point here; a request without a name.
    for host in [
        "evil.example",
        "evil.example:9463",
        "localhost.evil.example",
        "127.0.0.1@evil",
        "",
    ] {
        let reply = web.get("/api/v1/status", &[("Host", host)]);
        assert!(
            [400, 421].contains(&reply.status),
            "{host}: {}",
            reply.status
        );
        assert!(!reply.body.contains("circle"), "{host}: {}", reply.body);
        // Who reads this behind a reverse proxy should not open the server to everybody.
        assert!(
            reply.status == 400 || reply.body.contains("a reverse proxy sets Host"),
            "{host}: {}",
            reply.body
        );
    }
    for host in ["localhost", "127.0.0.1", "[::1]:9463"] {
        assert_eq!(
            web.get("/api/v1/status", &[("Host", host)]).status,
            200,
            "{host}"
        );
    }
    let long = format!("/api/v1/reports/trust?viewer={}", "a".repeat(60_000));
    assert_eq!(web.get(&long, &[]).status, 414);
    let viewers: Vec<String> = (0..1_001).map(|i| format!("a{i}.example")).collect();
    let crowd = format!("/api/v1/reports/blend?viewers={}", viewers.join(","));
    assert_problem(&web.get(&crowd, &[]), 400, "at most 1000", "a crowd");
    let body = "x".repeat(40_000);
    let posted = web.ask(
        "POST",
        "/api/v1/track",
        &[BEARER, ("Content-Type", "application/json")],
        &body,
    );
    assert_eq!(posted.status, 413);
    let names = "X-Many: y\r\n".repeat(500);
    for bytes in [
        &b"\0\0\0\0"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        format!("GET / HTTP/1.1\r\nHost: localhost\r\n{names}\r\n").as_bytes(),
        format!(
            "GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "a".repeat(1 << 20)
        )
        .as_bytes(),
    ] {
        let mut stream = web.connect();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let reply = BufReader::new(stream).lines().next();
        let line = reply.and_then(Result::ok).unwrap_or_default();
        assert!(!line.contains(" 200 "), "{line}");
    }
    assert_eq!(web.get("/../../etc/passwd", &[]).status, 404);
    // It is still there, and nothing of this was a failure of its own.
    assert_eq!(web.get("/api/v1/status", &[]).status, 200);
    assert!(running.is_running());
    let said = running.stderr();
    assert!(
        !said.contains("ERROR") && !said.contains("panicked"),
        "{said}"
    );
}

#[test]
fn events_are_told_as_they_are_committed() {
    let database = Database::sqlite();
    let kith = replayed(database.url());
    let (running, web) = serve(&kith, false);
    let listen = || {
        let mut stream = web.connect();
        let request = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\n\r\n",
            web.address
        );
        stream.write_all(request.as_bytes()).expect("sent");
        BufReader::new(stream).lines().map_while(Result::ok)
    };
    let mut lines = listen();
    let head: Vec<_> = (lines.by_ref())
        .take_while(|line| !line.is_empty())
        .collect();
    for header in ["cache-control: no-store", "x-accel-buffering: no"] {
        assert!(head.iter().any(|line| line == header), "{header}: {head:?}");
    }
    let mut next = |kind: &str| -> Value {
        let begin = format!("event: {kind}");
        let found = lines.any(|line| line == begin);
        assert!(found, "{kind} is told");
        let data = lines.next().expect("data");
        serde_json::from_str(data.trim_start_matches("data: ")).expect("JSON")
    };
    let first = next("state");
    let position = first["position"].as_i64().expect("a position");
    // A like that is held, one that is rejected, and one that is neither; somebody leaves.
    let like = |at: i64, outcome: i64, held: i64| {
        format!(
            "INSERT INTO journal (position, epoch, kind, outcome, sender, receiver, points, held, sink_points, record, micros) \
             VALUES ({at}, 1, 1, {outcome}, 1, 2, 100, {held}, 1, 1, 5)"
        )
    };
    // Whatever comes after that is told, whether or not anybody has looked since.
    database.execute(&format!(
        "BEGIN; {}; {}; {}; INSERT INTO circle_change (id, micros, account, from_hop, cause) \
         VALUES (1000, 6, 1, 2, 'unfollow'); UPDATE state SET position = {}, batch = batch + 1; COMMIT",
        like(position + 1, 0, 1),
        like(position + 2, 7, 0),
        like(position + 3, 0, 0),
        position + 3
    ));
    let change = next("change");
    assert_eq!(
        (&change["id"], &change["cause"], &change["to_hop"]),
        (&1000.into(), &"unfollow".into(), &Value::Null)
    );
    let told = next("like");
    assert_eq!(told["position"], position + 3, "neither held nor rejected");
    assert_eq!(told["points"], 100);
    assert_eq!(next("state")["position"], position + 3);

    // More at once than are told of: it is said so.
    let many: Vec<_> = (position + 4..position + 604)
        .map(|at| like(at, 0, 0))
        .collect();
    database.execute(&format!(
        "BEGIN; {}; UPDATE state SET position = {}, batch = batch + 1; COMMIT",
        many.join("; "),
        position + 603
    ));
    for at in 0..500 {
        assert_eq!(next("like")["position"], position + 4 + at);
    }
    let left_out = next("left_out");
    assert_eq!(left_out, json!({ "changes": false, "likes": true }));

    // So many may listen, and no more.
    let kept: Vec<_> = (0..40)
        .map(|_| {
            let mut lines = listen();
            (lines.next().unwrap_or_default(), lines)
        })
        .collect();
    let said = |status: &str| {
        kept.iter()
            .filter(|(line, _)| line.contains(status))
            .count()
    };
    assert_eq!((said(" 200 "), said(" 503 ")), (31, 9));
    // A stop ends the streams, and does not wait for the clients.
    let _ = running.stop(Signal::Term).expect_ok();
}

#[test]
fn the_description_says_what_is_there() {
    let kith = replayed("sqlite:kith.db");
    let (_running, web) = serve(&kith, false);
    let document = web.json("/api/v1/openapi.json");
    let paths = document["paths"].as_object().expect("paths");
    for report in web.json("/api/v1/reports").as_array().expect("a list") {
        let name = report["name"].as_str().expect("a name");
        let described = &paths[&format!("/api/v1/reports/{name}")]["get"];
        assert_eq!(described["summary"], report["question"]);
        let parameters = described["parameters"].as_array().expect("parameters");
        for parameter in report["parameters"].as_array().expect("parameters") {
            let is_it = |known: &&Value| known["name"] == parameter["name"];
            let known = parameters.iter().find(is_it).expect("it is described");
            assert_eq!(known["required"], parameter["required"], "{name}");
        }
    }
    for path in paths
        .keys()
        .filter(|path| !path.contains("reports/") && !path.contains('{'))
    {
        let status = match paths[path].get("post") {
            Some(_) => 405,
            None => 200,
        };
        if !path.ends_with("events") {
            assert_eq!(web.get(path, &[]).status, status, "{path}");
        }
    }
}

#[test]
fn answers_are_as_described() {
    let kith = replayed("sqlite:kith.db");
    let (_running, web) = serve(&kith, true);
    let document = web.json("/api/v1/openapi.json");
    let reports = web.json("/api/v1/reports");
    let mut asked: Vec<_> = (reports.as_array().expect("a list").iter())
        .map(|report| asked(report).0)
        .map(|path| (path.split('?').next().unwrap_or_default().to_owned(), path))
        .collect();
    for alone in ["status", "reports"] {
        let path = format!("/api/v1/{alone}");
        asked.push((path.clone(), path));
    }
    for account in [VIEWER, HOLDER, "did:plc:eeeeeeeeeeeeeeeeeeeeeeee"] {
        let described = "/api/v1/explain/{account}".to_owned();
        asked.push((described, format!("/api/v1/explain/{account}")));
    }
    for (described, path) in asked {
        let answers = &document["paths"][&described]["get"]["responses"];
        let schema = &answers["200"]["content"]["application/json"]["schema"];
        assert!(schema["properties"].is_object() || schema["items"]["properties"].is_object());
        let schema = jsonschema::validator_for(schema).expect("a schema");
        let reply = web.get(&path, &[BEARER]);
        assert_eq!(reply.status, 200, "{path}");
        let answer = serde_json::from_str(&reply.body).expect("JSON");
        let wrong: Vec<_> = schema.iter_errors(&answer).map(|e| e.to_string()).collect();
        assert_eq!(wrong, Vec::<String>::new(), "{path}");
    }
}

/// What the description allows is understood, and what is understood it allows.
#[expect(clippy::too_many_lines, reason = "a list of values")]
#[test]
fn the_description_allows_what_is_understood() {
    let kith = replayed("sqlite:kith.db");
    let (_running, web) = serve(&kith, false);
    let document = web.json("/api/v1/openapi.json");
    let long = format!("{0}.{0}.{0}.example.com", "a".repeat(63));
    let crowd = vec![VIEWER; 400].join(",");
    let [over, wide] = [64, 240].map(|letters| format!("{}.example.com", "a".repeat(letters)));
    let cases: [(&str, &str, &[&str], &[&str]); 3] = [
        (
            "activity",
            "since",
            &[
                "7d",
                "2w",
                "1week",
                "12h",
                "1h 30m",
                "90 min",
                "1.5h",
                "2.25 weeks",
                "1.5months",
                "0.125s",
                "250ms",
                "3ns",
                "2months",
                "1year",
                "100years",
                "2026-11-21",
                "2026-01-31",
                "2026-10-29",
                "2028-02-29",
                "2000-02-29",
                "2026-11-21T10:00:00Z",
                "2026-11-21 10:00:00",
                "2026-12-31T23:59:60Z",
                "2026-11-21T10:00:00.123456Z",
                "2026-11-21T10:00:00+00:00",
            ],
            &[
                "",
                "soon",
                "0",
                "7",
                "-7d",
                "1.5ns",
                "1.3months",
                "0.001h",
                "d",
                "7x",
                "2026-02-29",
                "2100-02-29",
                "2026-02-30",
                "2026-04-31",
                "2026-13-01",
                "1969-12-31",
                "2026-11-21T24:00:00Z",
                "2026-11-21T10:00Z",
                "2026-11",
            ],
        ),
        (
            "trust",
            "viewer",
            &[
                VIEWER,
                "@alice.example.com",
                "Alice.Example.COM",
                "a-name-of-more-than-22-letters.example.com",
                &long,
                "xn--80ak6aa92e.com",
                "a.b.c.d.e.f.g.h.example",
                "x.y2",
                "did:web:example.com%3A3000",
                "did:web:example.com:of:somebody",
            ],
            &[
                "",
                "alice",
                "-a.com",
                "a-.com",
                "a..com",
                "a.1com",
                "did:",
                "did:plc:",
                "did:PLC:abc",
                "did:plc:abc:",
                &over,
                &wide,
            ],
        ),
        (
            "blend",
            "viewers",
            &[
                VIEWER,
                &crowd,
                "alice.example.com=2,bob.example.com=-1",
                "a.example=1000000",
                "a.example=0",
                "did:web:example.com:of:somebody=-1000000",
            ],
            &[
                "",
                "a.example=",
                "a.example=1.5",
                "a.example=1000001",
                "a.example,",
                "a.example=1=2",
            ],
        ),
    ];
    for (report, name, taken, refused) in cases {
        let described =
            &document["paths"][format!("/api/v1/reports/{report}")]["get"]["parameters"];
        let parameters = described.as_array().expect("parameters");
        let known = parameters.iter().find(|known| known["name"] == name);
        let schema = &known.expect("it is described")["schema"];
        let schema = jsonschema::validator_for(schema).expect("a schema");
        let is_understood = |text: &str| {
            let mut escaped = String::new();
            for byte in text.bytes() {
                let _ = write!(escaped, "%{byte:02X}");
            }
            let path = format!("/api/v1/reports/{report}?{name}={escaped}");
            web.get(&path, &[]).status != 400
        };
        for (list, is_taken) in [(taken, true), (refused, false)] {
            for text in list {
                assert_eq!(is_understood(text), is_taken, "{name}={text}, asked");
                assert_eq!(
                    schema.is_valid(&json!(text)),
                    is_taken,
                    "{name}={text}, described"
                );
            }
        }
    }
}

#[test]
fn the_page_is_served_with_its_policy() {
    let kith = replayed("sqlite:kith.db");
    let (_running, web) = serve(&kith, false);
    let page = web.get("/", &[]);
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    for tag in page
        .body
        .split('<')
        .filter(|tag| tag.starts_with("script") || tag.starts_with("link"))
    {
        let source = tag.split('"').find(|part| part.starts_with('/'));
        let source = source.unwrap_or_else(|| panic!("{tag} loads nothing of ours"));
        let file = web.get(source, &[]);
        assert_eq!(file.status, 200, "{source}");
        assert!(file.body.len() > 100, "{source}");
    }
    assert!(!page.body.contains("style=") && !page.body.contains("http://"));
    let posted = web.ask("POST", "/", &[], "");
    assert_eq!(posted.status, 405);
    assert_eq!(posted.header("allow"), Some("GET, HEAD"));
}

#[test]
fn a_wrong_address_is_told() {
    let kith = replayed("sqlite:kith.db");
    let (_running, web) = serve(&kith, false);
    let said = kith
        .run(&["serve", "--listen", &web.address])
        .expect_code(1)
        .stderr;
    assert!(
        said.contains("cannot serve at") && said.contains("--listen"),
        "{said}"
    );
    let said = kith
        .run(&["serve", "--listen", "nowhere"])
        .expect_code(1)
        .stderr;
    assert!(said.contains("--listen"), "{said}");
}
