//! What the token opens, and that edits over HTTP are taken up.

use std::io::{BufRead, BufReader, Write};

use kith_tests::{Database, Kith, Reply, Signal, Web, recordings};
use serde_json::{Value, json};

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
        400,
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

/// A token that somebody else has seen is exchanged without a restart.
#[test]
fn a_new_token_is_taken_up_and_the_old_one_is_none_any_more() {
    let database = Database::sqlite();
    let kith = Kith::new("");
    let frames = recordings().expected.with_file_name("recording.frames");
    let token = |text: &str| std::fs::write(kith.folder().join("token"), text).expect("written");
    token(TOKEN);
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
    let reserved = "/api/v1/reports/unclaimed";
    let new = ("Authorization", "Bearer another-one-for-tests");
    let statuses = || [BEARER, new].map(|header| web.get(reserved, &[header]).status);
    assert_eq!(statuses(), [200, 401]);
    token("another-one-for-tests");
    running.signal(Signal::Hup);
    running.until("the new token", || (statuses() == [401, 200]).then_some(()));
    // One that is half written, say, lets nobody in and locks nobody out.
    token("");
    running.signal(Signal::Hup);
    let file = running.stderr_file().to_owned();
    running.until("it to be told", || {
        let said = std::fs::read_to_string(&file).unwrap_or_default();
        said.contains("the token stays as it is").then_some(())
    });
    assert_eq!(statuses(), [401, 200]);
    let said = running.stop(Signal::Term).expect_ok().stderr;
    assert!(
        !said.contains("for-tests"),
        "no token is in the log: {said}"
    );
}

/// Asks for something with the token.
fn post(web: &Web, path: &str, body: &Value) -> Reply {
    let headers = [("Content-Type", "application/json"), BEARER];
    web.ask("POST", path, &headers, &body.to_string())
}

/// What tells of blocks, opt-outs and wishes to be forgotten, wherever it is shown.
#[test]
fn what_tells_of_blocks_is_hidden_everywhere() {
    let kith = replayed("sqlite:kith.db");
    let forgotten = kith.json(&["report", "circle"]);
    let mut forgotten = forgotten.as_array().expect("a list").iter();
    let forgotten = forgotten.rfind(|row| row["hop"] == 2);
    let forgotten = forgotten.expect("a member")["did"].as_str().expect("a DID");
    let _ = kith.run(&["forget", forgotten]).expect_ok();
    let (_running, web) = serve(&kith, true);
    for (report, column) in [
        ("accounts", "unclaimed"),
        (&format!("given?account={VIEWER}"), "held"),
        ("gaps", "blocks_changed"),
    ] {
        let path = format!("/api/v1/reports/{report}");
        let values = |headers: &[(&str, &str)]| {
            let rows = web.get(&path, headers).json();
            let rows = rows.as_array().expect("a list");
            rows.iter()
                .map(|row| row[column].clone())
                .collect::<Vec<_>>()
        };
        let (open, all) = (values(&[]), values(&[BEARER]));
        assert!(open.iter().all(Value::is_null), "{report}: {open:?}");
        assert!(all.iter().all(Value::is_number), "{report}: {all:?}");
        assert_eq!(all.is_empty(), report == "gaps", "{report}");
    }
    // Nor by the likes beside them.
    let held = "SELECT a.did FROM journal j JOIN numbered a ON a.ledger_id = j.sender \
                WHERE j.held = 1 AND j.outcome = 0 LIMIT 1";
    let path = kith.folder().join("kith.db");
    let database = Database::at(&format!("sqlite:{}", path.display()));
    let blocked = database.texts(held).remove(0);
    let path = format!("/api/v1/reports/given?account={blocked}&since=1000d");
    let sum = |headers: &[(&str, &str)], column: &str| -> i64 {
        let rows = web.get(&path, headers).json();
        let rows = rows.as_array().expect("a list");
        rows.iter().filter_map(|row| row[column].as_i64()).sum()
    };
    assert!(sum(&[BEARER], "held") > 0);
    assert_eq!(
        sum(&[], "likes"),
        sum(&[BEARER], "likes") - sum(&[BEARER], "held")
    );
    // That somebody asked to be forgotten is not told, nor by the changes of the circle.
    let path = format!("/api/v1/explain/{forgotten}");
    assert_eq!(web.json(&path)["reason"], "skipped");
    assert_eq!(web.get(&path, &[BEARER]).json()["reason"], "forgotten");
    let everything = ["changes", "circle", "accounts"].map(|report| {
        let path = format!("/api/v1/reports/{report}?limit=5000");
        web.get(&path, &[]).body
    });
    assert!(everything[0].contains(forgotten), "it left");
    for said in &everything {
        assert!(!said.contains("forg"), "{said}");
    }
    assert_eq!(web.get("/api/v1/requests/1", &[]).status, 401);
}

#[test]
fn what_is_posted_is_understood_or_refused() {
    let kith = replayed("sqlite:kith.db");
    let (_running, web) = serve(&kith, true);
    let listed = || kith.run(&["opt-out", "list"]).expect_ok().stdout;
    let carol = json!({ "id": "carol.example.com" });
    let open = [("Content-Type", "application/json")];
    for path in [
        "/api/v1/opt-out",
        "/api/v1/opt-in",
        "/api/v1/claim",
        "/api/v1/forget",
    ] {
        let without = web.ask("POST", path, &open, &carol.to_string());
        assert_problem(&without, 401, "only with the token", path);
    }
    assert_eq!(
        post(&web, "/api/v1/opt-out", &carol).json()["opted_out"],
        "carol.example.com"
    );
    assert!(listed().contains("carol.example.com"));
    let twice = post(&web, "/api/v1/opt-out", &carol);
    assert_problem(&twice, 409, "opted out already", "twice");
    assert_eq!(
        post(&web, "/api/v1/opt-in", &carol).json()["opted_in"],
        "carol.example.com"
    );
    assert!(!listed().contains("carol.example.com"));
    let twice = post(&web, "/api/v1/opt-in", &carol);
    assert_problem(&twice, 409, "has not opted out", "twice");
    let lines = json!({ "id": "carol.example.com", "label": "C\nD" });
    let lines = post(&web, "/api/v1/track", &lines);
    assert_problem(&lines, 400, "on one line", "label");
    let labelled = json!({ "id": "carol.example.com", "label": "C" });
    let labelled = post(&web, "/api/v1/opt-out", &labelled);
    assert_problem(&labelled, 400, "unknown field", "label");

    for (body, why) in [
        (json!({ "account": VIEWER }), "either of all"),
        (
            json!({ "account": VIEWER, "all": true, "entry": 0 }),
            "either of all",
        ),
        (json!({ "account": "did:x", "all": true }), "account"),
        (
            json!({ "account": VIEWER, "entry": -1 }),
            "is a whole number",
        ),
        (
            json!({ "account": VIEWER, "entry": 0.5 }),
            "is a whole number",
        ),
        (json!({ "account": VIEWER, "entry": "0" }), "cannot be read"),
    ] {
        let reply = post(&web, "/api/v1/claim", &body);
        assert_problem(&reply, 400, why, &body.to_string());
    }
    let handle = json!({ "did": "alice.example.com" });
    let handle = post(&web, "/api/v1/forget", &handle);
    assert_problem(&handle, 400, "is no DID", "a handle");
}

/// Without a service a request waits, and the next start takes it; with one it is answered.
#[test]
fn claims_over_http_are_answered_by_the_service() {
    for database in [Some(Database::sqlite()), Database::postgres()] {
        let Some(database) = database else { continue };
        let kith = replayed(database.url());
        let (running, web) = serve(&kith, true);
        let waiting = |web: &Web| {
            let rows = web
                .get("/api/v1/reports/unclaimed?limit=5000", &[BEARER])
                .json();
            rows.as_array().expect("a list").clone()
        };
        let bundles = waiting(&web);
        let (receiver, sender) = (&bundles[0]["receiver"], &bundles[0]["sender"]);
        let claim = json!({ "account": receiver, "from": sender });
        let asked = post(&web, "/api/v1/claim", &claim);
        assert_eq!(asked.status, 202, "{}", asked.body);
        let place = asked.header("location").expect("a place").to_owned();
        assert_eq!(web.get(&place, &[BEARER]).json()["answer"], Value::Null);
        assert_eq!(waiting(&web).len(), bundles.len());
        let _ = running.stop(Signal::Term).expect_ok();

        let config = std::fs::read_to_string(kith.folder().join("kith.toml")).expect("read");
        let config = config.replace("[http]\n", "[http]\nlisten = \"127.0.0.1:0\"\n");
        let frames = recordings().first;
        let source = format!(
            "[[source]]\nkind = \"file\"\npath = \"{}\"\n",
            frames.display()
        );
        kith.configure(&format!(
            "{config}\n{source}[store]\ncheckpoint = \"100ms\"\nbatch_milliseconds = 100\n"
        ));
        let mut running = kith.start(&["run"]);
        let web = Web {
            address: address(&mut running),
        };
        running.until("the answer", || {
            (web.get(&place, &[BEARER]).json()["answer"] == "done").then_some(())
        });
        running.until("a checkpoint", || {
            waiting(&web)
                .iter()
                .all(|row| row["sender"] != *sender)
                .then_some(())
        });
        let again = post(&web, "/api/v1/claim", &claim);
        assert_problem(&again, 409, "nothing of", "claimed already");
        assert_eq!(again.json()["reason"], "nothing_waits");
        let all = json!({ "account": receiver, "all": true });
        let claimed = post(&web, "/api/v1/claim", &all);
        assert_eq!(
            (claimed.status, &claimed.json()["answer"]),
            (200, &"done".into())
        );
        let nobody = json!({ "did": "did:plc:zzzzzzzzzzzzzzzzzzzzzzzz" });
        assert_problem(
            &post(&web, "/api/v1/forget", &nobody),
            404,
            "nothing is known",
            "nobody",
        );
        let tracked = json!({ "did": VIEWER });
        assert_problem(
            &post(&web, "/api/v1/forget", &tracked),
            409,
            "is tracked",
            "tracked",
        );
        let forgotten = post(&web, "/api/v1/forget", &json!({ "did": sender }));
        assert_eq!(forgotten.json()["answer"], "done", "{}", forgotten.body);
        let met = post(
            &web,
            "/api/v1/forget",
            &json!({ "did": sender, "undo": true }),
        );
        assert_eq!(met.json()["kind"], "remember", "{}", met.body);
        let _ = running.stop(Signal::Term).expect_ok();
        let verified = kith.run(&["verify"]);
        assert_eq!(verified.code(), Some(0), "{}", verified.stdout);
    }
}
