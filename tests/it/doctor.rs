//! `kith doctor` finds what is wrong, and says what to do.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use kith_tests::{Database, Kith, Network, Signal, kith_binary, project, recordings};
use serde_json::Value;

/// The example with the recording as a source.
fn configured(database: &str, more: &str) -> Kith {
    let file = project().join("examples/recording.toml");
    let config = std::fs::read_to_string(file).expect("an example");
    let config = config.replace("sqlite:recording.db", database);
    let path = recordings().first;
    let source = format!(
        "[[source]]\nkind = \"file\"\npath = \"{}\"\n",
        path.display()
    );
    Kith::new(&format!("{config}\n{source}{more}"))
}

/// What is found, as `state check: detail`, and the exit status.
fn findings(kith: &Kith, arguments: &[&str]) -> (Vec<String>, Option<i32>) {
    let ran = kith.run(&[&["doctor", "--json"], arguments].concat());
    let list = ran.json();
    let text = |row: &Value, column: &str| row[column].as_str().unwrap_or_default().to_owned();
    let list = list.as_array().expect("a list").iter().map(|row| {
        let is_well = row["state"] == "ok";
        assert_eq!(
            row["help"].is_null(),
            is_well,
            "who is unwell is helped: {row}"
        );
        let (state, check) = (text(row, "state"), text(row, "check"));
        format!("{state} {check}: {}", text(row, "detail"))
    });
    (list.collect(), ran.code())
}

/// The one finding that begins so.
fn one<'f>(findings: &'f [String], start: &str) -> &'f str {
    let found: Vec<_> = findings
        .iter()
        .filter(|one| one.starts_with(start))
        .collect();
    assert_eq!(found.len(), 1, "{start:?} in {findings:#?}");
    found[0]
}

#[test]
fn the_database_and_its_service_are_looked_at() {
    for database in [Some(Database::sqlite()), Database::postgres()]
        .into_iter()
        .flatten()
    {
        let kith = configured(database.url(), "");
        let (found, code) = findings(&kith, &["--offline"]);
        assert_eq!(
            code,
            Some(0),
            "a database that is not there yet is no failure"
        );
        let _ = one(&found, "warn database: there is no database");
        let frames = recordings().first;
        let frames = frames.to_str().expect("a text");
        let _ = kith.run(&["replay", "--frames", frames]).expect_ok();
        let (found, code) = findings(&kith, &["--offline"]);
        assert_eq!(code, Some(0), "{found:#?}");
        let _ = one(&found, "ok config: kith.toml: 2 tracked, 1 sources");
        let _ = one(&found, "ok database: ");
        let _ = one(&found, "warn service: does not run");
        let _ = one(&found, "ok events: the last was ");
        let is_file = database.url().starts_with("sqlite:");
        let disk = found.iter().filter(|one| one.contains(" disk: ")).count();
        assert_eq!(disk, usize::from(is_file));
        assert!(!found.iter().any(|one| one.contains("reach")), "{found:#?}");

        let mut running = kith.start(&["run"]);
        running.until("a service", || {
            let (found, _) = findings(&kith, &["--offline"]);
            let runs = found
                .iter()
                .find(|one| one.starts_with("ok service: runs: "));
            let who = match is_file {
                true => format!("process {}", running_id(&kith)),
                false => "server process ".to_owned(),
            };
            runs.is_some_and(|one| one.contains(&who)).then_some(())
        });
        if is_file {
            let told = of_few_files(&kith);
            let whose = format!(" at most of process {}", running.id());
            assert!(told.ends_with(&whose), "{told}");
        }
        let _ = running.stop(Signal::Term).expect_ok();
    }
}

/// Who has the lock, as the lock's file says.
fn running_id(kith: &Kith) -> String {
    let text = std::fs::read_to_string(kith.folder().join("kith.toml")).expect("a config");
    let url = text
        .lines()
        .find_map(|line| line.strip_prefix("database = \"sqlite:"));
    let file = url.expect("a file").split('"').next().expect("a name");
    let pid = std::fs::read_to_string(format!("{file}.lock")).unwrap_or_default();
    pid.trim().to_owned()
}

/// All that is wrong is told at once.
#[test]
fn check_online_asks_for_every_account_and_source() {
    // Nobody listens at that port.
    let kith = Kith::new(
        "[network]\nplc = \"http://127.0.0.1:9\"\nhandle_resolver = \"http://127.0.0.1:9\"\n\
         allow_private_addresses = true\n\
         [[circle.tracked]]\nid = \"alice.test\"\n[[circle.tracked]]\nid = \"bob.test\"\n\
         [[source]]\nkind = \"relay\"\nurl = \"ws://127.0.0.1:9\"\n\
         [[source]]\nkind = \"file\"\npath = \"nothing.frames\"\n",
    );
    let _ = kith.run(&["check"]).expect_ok();
    let said = kith.run(&["check", "--online"]).expect_code(1).stderr;
    for told in [
        "\"alice.test\"",
        "\"bob.test\"",
        "FAIL  reach ws://127.0.0.1:9",
        "FAIL  reach nothing.frames",
        "4 things are wrong",
    ] {
        assert!(said.contains(told), "{told} in {said}");
    }
}

#[test]
fn what_is_broken_is_named_and_the_rest_still_looked_at() {
    let kith = Kith::new("[circle\n");
    let (found, code) = findings(&kith, &[]);
    assert_eq!(code, Some(1));
    let _ = one(&found, "fail config: ");
    assert!(found.iter().any(|one| one.contains("open files")));

    let missing = "[[source]]\nkind = \"file\"\npath = \"nothing.frames\"\n\
                   [http]\ntoken_file = \"token\"\n";
    let kith = configured("sqlite:/nowhere/at/all/kith.db", missing);
    std::fs::write(kith.folder().join("token"), "short").expect("written");
    let (found, code) = findings(&kith, &[]);
    assert_eq!(code, Some(1), "{found:#?}");
    let _ = one(&found, "fail token: ");
    let _ = one(&found, "fail disk: ");
    let _ = one(&found, "fail reach nothing.frames: ");
    let said = kith.run(&["doctor"]).expect_code(1);
    assert!(said.stdout.contains("FAIL  token: "), "{}", said.stdout);
    assert!(said.stderr.contains("checks failed"), "{}", said.stderr);

    assert_eq!(
        of_few_files(&kith),
        "fail: 200 at most here; a service may have another limit"
    );
}

/// What is said of open files by a doctor that may have few.
fn of_few_files(kith: &Kith) -> String {
    let few = format!(
        "ulimit -n 200; exec '{}' doctor --offline --json",
        kith_binary().display()
    );
    let ran = Command::new("sh")
        .args(["-c", &few])
        .current_dir(kith.folder())
        .output();
    let said = String::from_utf8(ran.expect("a shell").stdout).expect("text");
    let found: Value = serde_json::from_str(&said).expect("JSON");
    let files = found.as_array().expect("a list").iter();
    let mut files = files.filter(|row| row["check"] == "open files");
    let files = files.next().expect("looked at");
    let text = |column: &str| files[column].as_str().unwrap_or_default().to_owned();
    format!("{}: {}", text("state"), text("detail"))
}

/// As it is of the token's file.
#[test]
fn a_password_that_others_can_read_is_told() {
    let kith = configured("postgres://kith:not-for-any-log@127.0.0.1:9/kith", "");
    let file = kith.folder().join("kith.toml");
    let told = |mode: u32| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&file, mode).expect("set");
        let (found, _) = findings(&kith, &["--offline"]);
        assert!(!found.iter().any(|one| one.contains("for-any-log")));
        (found.iter()).any(|one| one.starts_with("warn config: ") && one.contains("the password"))
    };
    assert!(told(0o644));
    assert!(told(0o640));
    assert!(!told(0o600));
    let without = std::fs::read_to_string(&file).expect("a file");
    kith.configure(&without.replace(":not-for-any-log", ""));
    assert!(!told(0o644), "there is nothing to hide");
}

/// Answers one request after the other with this date.
fn directory(date: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (mut stream, mut request) = (stream, [0; 4_096]);
            let _ = stream.read(&mut request);
            let answer = format!(
                "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn who_cannot_be_reached_and_whose_clock_differs_is_told() {
    let config = |plc: &str| {
        format!(
            "database = \"sqlite:kith.db\"\n[[circle.tracked]]\nid = \"did:plc:xgcmvr2q5axie2fmg33jtqgp\"\n\
             [[source]]\nkind = \"relay\"\nurl = \"ws://127.0.0.1:9\"\n\
             [network]\nplc = \"{plc}\"\nallow_private_addresses = true\n"
        )
    };
    let kith = Kith::new(&config("http://127.0.0.1:9"));
    let (found, code) = findings(&kith, &[]);
    assert_eq!(code, Some(1));
    let _ = one(&found, "fail directory http://127.0.0.1:9: ");
    let _ = one(&found, "fail reach ws://127.0.0.1:9: connect");
    assert!(!found.iter().any(|one| one.contains("clock")), "{found:#?}");

    let kith = Kith::new(&config(&directory("Tue, 01 Jan 2030 00:00:00 GMT")));
    let (found, _) = findings(&kith, &[]);
    let _ = one(&found, "ok directory ");
    let clock = one(&found, "fail clock: this machine is ");
    assert!(clock.contains(" behind http://"), "{clock}");
    let kith = Kith::new(&config(&directory("Tue, 01 Jan 2019 00:00:00 GMT")));
    let (found, _) = findings(&kith, &[]);
    assert!(one(&found, "fail clock: ").contains(" ahead of "));
}

/// Against real hosts nothing is wrong.
#[test]
fn a_network_that_is_well_is_found_well() {
    let Some(network) = Network::start() else {
        return;
    };
    let sources: String = [("relay", 0), ("pds", 1)]
        .map(|(kind, n)| {
            let url = network.firehose(n);
            format!("[[source]]\nkind = \"{kind}\"\nurl = \"{url}\"\n")
        })
        .concat();
    let kith = Kith::new(&format!(
        "database = \"sqlite:kith.db\"\n[[circle.tracked]]\nid = \"did:plc:xgcmvr2q5axie2fmg33jtqgp\"\n\
         {sources}[network]\nplc = \"{}\"\nallow_private_addresses = true\n",
        network.plc
    ));
    let (found, code) = findings(&kith, &[]);
    assert_eq!(code, Some(0), "{found:#?}");
    let _ = one(&found, "ok directory ");
    let reached = found.iter().filter(|one| one.starts_with("ok reach ws://"));
    assert_eq!(reached.count(), 2, "{found:#?}");
    let _ = one(&found, "ok accounts: 1 tracked");
}

/// Nobody answers: neither the PDS nor any of those that stand in for each other. A service waits.
#[test]
fn sources_of_which_nothing_comes_are_told() {
    let silent = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    let urls = silent
        .each_ref()
        .map(|silent| format!("ws://{}", silent.local_addr().expect("an address")));
    let [pds, relay, jetstream] = &urls;
    let sources = [("pds", pds), ("relay", relay), ("jetstream", jetstream)]
        .map(|(kind, url)| format!("[[source]]\nkind = \"{kind}\"\nurl = \"{url}\"\n"))
        .concat();
    let database = Database::sqlite();
    let network = "[network]\nallow_private_addresses = true\n";
    let kith = configured(database.url(), &format!("{sources}{network}"));
    let mut running = kith.start(&["run"]);
    let found = running.until("a service", || {
        let (found, _) = findings(&kith, &["--offline"]);
        let runs = found.iter().any(|one| one.starts_with("ok service: runs"));
        runs.then_some(found)
    });
    let told = one(&found, &format!("warn source {pds}"));
    assert!(told.ends_with(": not connected"), "{told}");
    let told = one(&found, &format!("warn source {relay}, {jetstream}"));
    assert!(told.ends_with(": none of them is connected"), "{told}");
    let _ = running.stop(Signal::Term).expect_ok();

    // Who does not run reads nothing.
    let (found, _) = findings(&kith, &["--offline"]);
    assert!(
        !found.iter().any(|one| one.contains(" source ")),
        "{found:#?}"
    );
}

/// A file without a source is good for a recording, and nothing is wrong with it; what else is
/// wrong is told all the same.
#[test]
fn a_file_without_a_source_is_good_for_a_recording() {
    let file = project().join("examples/recording.toml");
    let config = std::fs::read_to_string(file).expect("an example");
    let kith = Kith::new(&config);
    let (findings, code) = findings(&kith, &["--offline"]);
    assert_eq!(code, Some(0), "{findings:#?}");
    let found = one(&findings, "warn config: ");
    assert!(found.ends_with("2 tracked, 0 sources"), "{found}");
    let _ = one(&findings, "warn database: ");
    let _ = one(&findings, "ok disk: ");
    let said = kith.run(&["check"]).expect_ok().stderr;
    assert!(said.contains("`kith run` needs a [[source]]"), "{said}");
    let said = kith.run(&["run"]).expect_code(1).stderr;
    assert!(said.contains("there is no source to read from"), "{said}");

    kith.configure(&config.replace("own_points", "colour"));
    let said = kith.run(&["check"]).expect_code(1).stderr;
    assert!(
        said.contains("colour") && said.contains("no source"),
        "{said}"
    );
    let file = format!("{config}\n[[source]]\nkind = \"relay\"\nurl = \"ws://127.0.0.1:1\"\n");
    kith.configure(&file);
    let said = kith.run(&["check"]).expect_code(1).stderr;
    assert!(said.contains("source.url"), "{said}");
}
