//! What others rely on: field names of the JSON, exit codes, files that `kith` writes.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt as _;

use kith_tests::{Database, Kith, assert_same, expected::Expected, recordings};
use serde_json::Value;

fn keys(value: &Value) -> Vec<&str> {
    let object = match value {
        Value::Array(list) => list.first().and_then(Value::as_object),
        other => other.as_object(),
    };
    object
        .map(|o| o.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

#[expect(clippy::too_many_lines, reason = "a list of fields")]
#[test]
fn field_names_are_a_contract() {
    let case = &Expected::read(&recordings().expected).cases[4];
    let frames = recordings().expected.with_file_name(&case.frames);
    let database = Database::sqlite();
    let kith = Kith::new(&case.config(database.url(), &frames));
    let frames = frames.to_str().expect("test paths are text");
    let _ = kith.run(&["replay", "--frames", frames]).expect_ok();

    let viewer = &case.track[0];
    let viewers = format!("{viewer}=-2");
    let report =
        |name: &str| kith.json(&["report", name, "--viewer", viewer, "--viewers", &viewers]);
    for (name, fields) in [
        ("circle", "active by did handle hop since_micros status"),
        (
            "changes",
            "by cause change did from_hop handle id micros record to_hop",
        ),
        ("assignments", "holder origin points"),
        ("accounts", "did handle hop others own rows tally unclaimed"),
        (
            "top",
            "did effective_origins handle hop origins points rank",
        ),
        (
            "trust",
            "did direct handle hop points rank second_hand share through through_handle",
        ),
        ("blend", "added did handle hop points rank taken viewers"),
    ] {
        let rows = report(name);
        let mut found = keys(&rows);
        found.sort_unstable();
        assert_eq!(found.join(" "), fields, "report {name}");
    }
    let trust = report("trust");
    let mut shares = 0.0;
    for row in trust.as_array().expect("a list") {
        let number = |field: &str| row[field].as_i64().expect(field);
        assert_eq!(
            number("direct") + number("second_hand"),
            number("points"),
            "{row}"
        );
        shares += row["share"].as_f64().expect("share");
    }
    assert!((shares - 1.0).abs() < 1e-9, "shares add up to {shares}");
    // Against the only viewer, so the last are the first.
    let points = |rows: &Value| -> Vec<i64> {
        let rows = rows.as_array().expect("a list").iter();
        rows.map(|row| row["points"].as_i64().expect("points"))
            .collect()
    };
    let (trusted, against) = (points(&trust), points(&report("blend")));
    let doubled: Vec<i64> = trusted.iter().rev().map(|points| points * -2).collect();
    assert_eq!(against, doubled);
    let wrong = format!("{viewer}=much");
    let _ = kith
        .run(&["report", "blend", "--viewers", &wrong])
        .expect_code(1);

    let mut explained = kith.json(&["explain", viewer]);
    assert_eq!(explained["paths"][0][0], viewer.as_str());
    let explained = explained.as_object_mut().expect("an object");
    let fields: Vec<&str> = explained.keys().map(String::as_str).collect();
    assert_eq!(
        fields.join(" "),
        "did entered followers_at_the_edge handle handles hop left moved paths reason since_micros status"
    );

    let status = kith.json(&["status"]);
    let page = std::fs::read_to_string(kith_tests::project().join("docs/OPERATING.md"));
    let page = page.expect("a page");
    for kind in ["likes", "frames"] {
        for word in keys(&status[kind]) {
            assert!(
                page.contains(&format!("`{word}`")),
                "{kind}.{word} is explained"
            );
        }
    }
    for (path, kind) in [
        ("/epoch", "i"),
        ("/ticks", "i"),
        ("/circle/0", "i"),
        ("/circle/2", "i"),
        ("/likes/accepted", "i"),
        ("/likes/rejected", "i"),
        ("/likes/outside", "i"),
        ("/likes/invalid", "i"),
        ("/likes/not_a_post", "i"),
        ("/likes/self", "i"),
        ("/likes/inactive", "i"),
        ("/likes/repeated", "i"),
        ("/likes/capped", "i"),
        ("/sources/0/kind", "s"),
        ("/sources/0/url", "s"),
        ("/sources/0/cursor", "i"),
        ("/sources/0/connected", "b"),
        ("/sources/0/configured", "b"),
        ("/backfill/queued", "i"),
        ("/backfill/running", "i"),
        ("/backfill/done", "i"),
        ("/backfill/failed", "i"),
        ("/journal/position", "i"),
        ("/checkpoint/oldest_position", "i"),
        ("/gaps", "a"),
        ("/capped_accounts", "i"),
        ("/open_gaps", "i"),
        ("/capped", "a"),
    ] {
        let value = status.pointer(path);
        let fits = value.is_some_and(|v| match kind {
            "i" => v.is_u64(),
            "s" => v.is_string(),
            "b" => v.is_boolean(),
            _ => v.is_array(),
        });
        assert!(fits, "status {path}: {value:?}");
    }
    let csv = kith
        .run(&["report", "accounts", "--format", "csv"])
        .expect_ok()
        .stdout;
    assert_eq!(
        csv.lines().next(),
        Some("did,handle,hop,own,others,tally,rows,unclaimed")
    );
    assert_eq!(
        csv.lines().count(),
        1 + report("accounts").as_array().map_or(0, Vec::len)
    );
}

/// What left the file stays in the database, which knows where it would go on; nobody is alarmed.
#[test]
fn a_source_that_left_the_file_is_said_to_have() {
    let case = &Expected::read(&recordings().expected).cases[4];
    let frames = recordings().expected.with_file_name(&case.frames);
    let database = Database::sqlite();
    let config = case.config(database.url(), &frames);
    let kith = Kith::new(&config);
    let frames = frames.to_str().expect("test paths are text");
    let _ = kith.run(&["replay", "--frames", frames]).expect_ok();
    let url = "wss://pds.example";
    let lag_of_health = || {
        let report = kith.run(&["report", "health"]).expect_ok().stdout;
        report.contains(&format!("lag of pds {url}"))
    };
    database.execute(&format!(
        "INSERT INTO source VALUES ('pds {url}', 'pds', '{url}', 7, 1, 5000000, 1)"
    ));
    assert!(lag_of_health());
    // The next service that starts without it says so.
    database.execute(&format!(
        "UPDATE source SET connected = 0 WHERE url = '{url}'"
    ));
    assert!(!lag_of_health());

    let more = format!("[[source]]\nkind = \"pds\"\nurl = \"{url}\"\n");
    for (more, configured, lag, said) in [
        (
            &*more,
            true,
            Some(5.0),
            "not connected, cursor 7, 5.0 s behind",
        ),
        ("", false, None, "not in the config, cursor 7"),
    ] {
        kith.configure(&format!("{config}{more}"));
        let status = kith.json(&["status"]);
        let mut sources = status["sources"].as_array().expect("a list").iter();
        let source = sources.find(|source| source["url"] == url).expect("one");
        assert_eq!(source["configured"], configured);
        assert_eq!(source["lag_seconds"].as_f64(), lag);
        let text = kith.run(&["status"]).expect_ok().stdout;
        let line = format!("source    pds {url}: {said}\n");
        assert!(text.contains(&line), "{line} in {text}");
    }
}

#[test]
fn a_new_file_is_right_and_a_wrong_one_is_told_all_at_once() {
    let kith = Kith::new("depth = 1");
    let _ = kith.run(&["init"]).expect_code(1);
    let _ = kith.run(&["init", "--force"]).expect_ok();
    // It may come to hold a password.
    let new = kith.folder().join("new.toml");
    let _ = kith.run(&["--config", "new.toml", "init"]).expect_ok();
    let mode = std::fs::metadata(&new).expect("written").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let nowhere = ["--config", "not/there/kith.toml", "init"];
    let said = kith.run(&nowhere).expect_code(1).stderr;
    assert!(said.contains("help: its folder has to be there"), "{said}");
    let _ = kith.run(&["check"]).expect_ok();

    kith.configure(
        "colour = 1\n[circle]\ndepth = 4\n[ledger]\nepoch = \"0s\"\nsink_percent = 101\n",
    );
    let said = kith.run(&["check"]).expect_code(1).stderr;
    for word in [
        "colour",
        "depth",
        "epoch",
        "sink_percent",
        "tracked",
        "source",
        ":3:",
    ] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
}

#[test]
fn a_source_that_never_answered_is_a_clear_no() {
    let database = Database::sqlite();
    let kith = Kith::new(&format!(
        "database = \"{}\"\n[[circle.tracked]]\nid = \"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa\"\n\
         [[source]]\nkind = \"relay\"\nurl = \"ws://127.0.0.1:9\"\n\
         [network]\nplc = \"http://127.0.0.1:9\"\nallow_private_addresses = true\n",
        database.url()
    ));
    let ran = kith.run(&["run"]).expect_code(1);
    assert!(ran.stderr.contains("ws://127.0.0.1:9"), "{}", ran.stderr);
    // Who records waits for it, and is told so.
    let ran = kith.run(&["record", "out.frames", "--seconds", "2"]);
    let said = ran.expect_code(1).stderr;
    assert!(said.contains("source disconnected"), "{said}");
    assert!(said.contains("nothing came"), "{said}");
    assert!(!kith.folder().join("out.frames").exists());
}

/// A Jetstream of version 1 knows nothing of version 2's path: it is asked for both before an address is
/// said to be wrong.
#[test]
fn both_versions_of_a_jetstream_are_asked_for() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = server.local_addr().expect("an address");
    let asked = std::thread::spawn(move || {
        let mut paths = std::collections::BTreeSet::new();
        while paths.len() < 2 {
            let (mut stream, _) = server.accept().expect("somebody asks");
            let mut line = String::new();
            let _ = BufReader::new(&stream).read_line(&mut line);
            let path = line.split([' ', '?']).nth(1).unwrap_or_default();
            paths.insert(path.to_owned());
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
        }
        paths
    });
    let database = Database::sqlite();
    let kith = Kith::new(&format!(
        "database = \"{}\"\n[circle]\nbackfill = \"none\"\n[[circle.tracked]]\nid = \"did:web:a.example\"\n\
         [[source]]\nkind = \"jetstream\"\nurl = \"ws://{address}\"\n\
         [network]\nallow_private_addresses = true\nreconnect_pause = \"100ms\"\n",
        database.url()
    ));
    let said = kith.run(&["run"]).expect_code(1).stderr;
    assert!(said.contains("404"), "{said}");
    assert_eq!(asked.join().expect("both were asked for").len(), 2);
}

/// What cannot be opened says what to do about it.
#[test]
fn what_is_not_as_it_should_be_says_so() {
    let kith = Kith::new("");
    let at = |name: &str| format!("sqlite:{}", kith.folder().join(name).display());
    std::fs::write(kith.folder().join("text.db"), "no database ".repeat(400)).expect("writes");
    std::fs::create_dir(kith.folder().join("folder.db")).expect("can be made");
    Database::at(&at("other.db")).execute("CREATE TABLE account (name TEXT)");
    let mut cases = vec![
        (at("other.db"), "of another program"),
        (at("text.db"), "name another file"),
        (at("folder.db"), "the folder must be there"),
        (at("nowhere/kith.db"), "the folder must be there"),
        (
            "postgres://u:secret@127.0.0.1:9/kith".to_owned(),
            "let the server run",
        ),
    ];
    if let Some(database) = Database::postgres() {
        let (server, _) = database.url().rsplit_once('/').expect("a path");
        cases.push((format!("{server}/nobody_made_it"), "make it first"));
    }
    let tracked = "[circle]\nbackfill = \"stream\"\n[[circle.tracked]]\n\
                   id = \"did:web:a.example\"\n";
    let frames = recordings().first;
    let frames = frames.to_str().expect("test paths are text");
    for (url, help) in cases {
        kith.configure(&format!("database = {url:?}\n{tracked}"));
        let ran = kith.run(&["replay", "--frames", frames]).expect_code(1);
        assert!(ran.stderr.contains(help), "{url}: {}", ran.stderr);
        assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
        let status = kith.run(&["status"]).expect_code(1).stderr;
        let is_missing = status.contains("there is no database");
        assert!(is_missing || status.contains(help), "{url}: {status}");
    }
    let tables = "SELECT COUNT(*) FROM sqlite_schema";
    assert_eq!(Database::at(&at("other.db")).number(tables), 1);
    assert!(!kith.folder().join("other.db.lock").exists());
    kith.configure(&format!("database = {:?}\n{tracked}", at("kith.db")));
    let text = kith.folder().join("kith.toml");
    let text = text.to_str().expect("test paths are text");
    let ran = kith.run(&["replay", "--frames", text]).expect_code(1);
    assert!(ran.stderr.contains("is no recording"), "{}", ran.stderr);
    // A recording that was cut off is one.
    let whole = std::fs::read(frames).expect("there is one");
    let cut = kith.folder().join("cut.frames");
    std::fs::write(&cut, &whole[..whole.len() / 2]).expect("can be written");
    let cut = cut.to_str().expect("test paths are text");
    let _ = kith.run(&["replay", "--frames", cut]).expect_ok();
}

#[test]
fn two_writers_are_one_too_many() {
    let case = &Expected::read(&recordings().expected).cases[0];
    let frames = recordings().expected.with_file_name(&case.frames);
    for database in [Some(Database::sqlite()), Database::postgres()]
        .into_iter()
        .flatten()
    {
        // At the end of its file source `run` waits, and holds the lock.
        let kith = Kith::new(&case.config(database.url(), &frames));
        let mut first = kith.start(&["run"]);
        first.until("the whole file", || {
            let ran = kith.run(&["status", "--json"]);
            let done = ran.code() == Some(0)
                && ran
                    .json()
                    .pointer("/likes/accepted")
                    .and_then(Value::as_u64)
                    == Some(102);
            done.then_some(())
        });
        let second = kith.run(&["run"]).expect_code(1);
        assert!(second.stderr.contains("another kith"), "{}", second.stderr);
        let _ = first.stop(kith_tests::Signal::Term).expect_ok();
    }
}

/// Draws of before would be others.
#[test]
fn another_seed_is_refused() {
    let case = &Expected::read(&recordings().expected).cases[4];
    let frames = recordings().expected.with_file_name(&case.frames);
    let database = Database::sqlite();
    let config = case.config(database.url(), &frames);
    let kith = Kith::new(&config);
    let replay = ["replay", "--frames", frames.to_str().expect("text")];
    let _ = kith.run(&replay).expect_ok();
    let seed = database.number("SELECT seed FROM state");
    let before = database.contents();
    let line = format!("seed = {seed}");
    assert!(config.contains(&line), "{config}");
    kith.configure(&config.replace(&line, &format!("seed = {}", seed + 1)));
    let said = kith.run(&replay).expect_code(1).stderr;
    assert!(said.contains("not the seed of this database"), "{said}");
    assert_same(&database.contents(), &before);
}
