//! What the token opens, and that edits over HTTP are taken up.

use std::io::{BufRead, BufReader, Write};

use kith_tests::{Database, Kith, Reply, Signal, Web, recordings};

use crate::http::{BEARER, TOKEN, address, assert_problem, serve};
use crate::reports::{HOLDER, VIEWER, replayed};

/// Asks to track an account.
fn add(web: &Web, id: &str, headers: &[(&str, &str)]) -> Reply {
    let mut all = vec![("Content-Type", "application/json")];
    all.extend(headers);
    web.ask(
        "POST",
        "/api/v1/track",
        &all,
        &format!("{{\"id\": \"{id}\"}}"),
    )
}

#[test]
fn the_token_opens_what_is_reserved() {
    let kith = replayed("sqlite:kith.db");
    let reserved = "/api/v1/reports/unclaimed";
    {
        let (_running, web) = serve(&kith, false);
        assert_problem(&web.get(reserved, &[]), 403, "none is configured", reserved);
        assert_problem(
            &web.get(reserved, &[BEARER]),
            403,
            "none is configured",
            reserved,
        );
        assert_problem(
            &add(&web, "a.example.com", &[BEARER]),
            403,
            "none is configured",
            "track",
        );
        let accounts = web.json("/api/v1/reports/accounts");
        assert!(
            accounts
                .as_array()
                .expect("a list")
                .iter()
                .all(|row| row["unclaimed"].is_null())
        );
    }
    let (_running, web) = serve(&kith, true);
    for wrong in [
        "Bearer wrong",
        "Bearer",
        "Basic 0123456789abcdef-for-tests",
        "0123456789abcdef-for-tests",
    ] {
        let header = [("Authorization", wrong)];
        let reply = web.get(reserved, &header);
        assert_problem(&reply, 401, "only with the token", wrong);
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        assert_eq!(add(&web, "a.example.com", &header).status, 401);
    }
    assert!(
        !web.get(reserved, &[BEARER])
            .json()
            .as_array()
            .expect("a list")
            .is_empty()
    );
    let accounts = web.get("/api/v1/reports/accounts", &[BEARER]).json();
    assert!(
        accounts
            .as_array()
            .expect("a list")
            .iter()
            .all(|row| row["unclaimed"].is_number())
    );
    // Not to be mixed up by a cache.
    let tag = |headers: &[(&str, &str)]| {
        web.get("/api/v1/reports/accounts", headers)
            .header("etag")
            .map(str::to_owned)
    };
    assert_ne!(tag(&[]), tag(&[BEARER]));

    std::fs::write(kith.folder().join("token"), "short").expect("written");
    let said = kith
        .run(&["serve", "--listen", "127.0.0.1:0"])
        .expect_code(1)
        .stderr;
    assert!(
        said.contains("16 or more") && !said.contains("short\""),
        "{said}"
    );
}

#[test]
fn with_the_token_the_file_is_edited() {
    let kith = replayed("sqlite:kith.db");
    let (_running, web) = serve(&kith, true);
    let tracked = |kith: &Kith| kith.run(&["track", "list"]).expect_ok().stdout;
    assert_eq!(add(&web, "alice.example.com", &[BEARER]).status, 200);
    assert!(tracked(&kith).contains("alice.example.com"));
    let twice = add(&web, "alice.example.com", &[BEARER]);
    assert_problem(&twice, 409, "alice.example.com", "twice");
    assert_problem(
        &add(&web, "no name", &[BEARER]),
        409,
        "write a handle",
        "no name",
    );
    let plain = web.ask(
        "POST",
        "/api/v1/track",
        &[BEARER],
        "{\"id\": \"b.example.com\"}",
    );
    assert_eq!(plain.status, 415, "a form of another site cannot send JSON");
    let json = ("Content-Type", "application/json");
    let unknown = web.ask(
        "POST",
        "/api/v1/track",
        &[BEARER, json],
        "{\"id\": \"b.example.com\", \"x\": 1}",
    );
    assert_problem(&unknown, 400, "unknown field", "x");
    let untrack = web.ask(
        "POST",
        "/api/v1/untrack",
        &[BEARER, json],
        "{\"id\": \"alice.example.com\"}",
    );
    assert_eq!(untrack.json()["untracked"], "alice.example.com");
    assert!(!tracked(&kith).contains("alice.example.com"));
}

/// The service itself serves the same, and an edit that comes by HTTP is taken up by it.
#[test]
fn a_running_service_takes_up_an_edit_and_tells_of_it() {
    let database = Database::sqlite();
    let kith = Kith::new("");
    let frames = recordings().expected.with_file_name("recording.frames");
    std::fs::write(kith.folder().join("token"), TOKEN).expect("written");
    kith.configure(&format!(
        "database = \"{}\"\n[http]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"token\"\n\
         [circle]\nbackfill = \"stream\"\n[[circle.tracked]]\nid = \"{VIEWER}\"\n\
         [[source]]\nkind = \"file\"\npath = \"{}\"\n",
        database.url(),
        frames.display()
    ));
    let mut running = kith.start(&["run"]);
    let web = Web {
        address: address(&mut running),
    };
    running.until("likes", || {
        let status = web.json("/api/v1/status");
        let accepted = status["likes"]["accepted"].as_u64().unwrap_or(0);
        (accepted > 0 && status["journal"]["position"] == status["checkpoint"]["oldest_position"])
            .then_some(())
    });
    let before = web.json(&format!("/api/v1/explain/{HOLDER}"));
    assert_ne!(before["hop"], 0);

    let mut stream = web.connect();
    let request = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\n\r\n",
        web.address
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "event: state"));
    std::thread::sleep(std::time::Duration::from_millis(1_500));

    let headers = [BEARER, ("Content-Type", "application/json")];
    let body = format!("{{\"id\": \"{HOLDER}\", \"label\": \"another\"}}");
    let tracked = web.ask("POST", "/api/v1/track", &headers, &body);
    assert_eq!(tracked.status, 200, "{}", tracked.body);
    let change = lines
        .filter(|line| line.contains("\"cause\":\"track\""))
        .find(|line| line.contains(HOLDER));
    assert!(change.is_some_and(|line| line.contains("\"to_hop\":0")));
    let after = web.json(&format!("/api/v1/explain/{HOLDER}"));
    assert_eq!(after["hop"], 0);
    let stopped = running.stop(Signal::Term).expect_ok();
    assert!(!stopped.stderr.contains("ERROR"), "{}", stopped.stderr);
}
