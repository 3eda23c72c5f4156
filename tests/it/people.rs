//! What people see at the command line: names, numbers, help, and nothing that strangers put
//! there to be acted upon.

use kith_tests::{Database, Kith, expected::Expected, recordings};

/// A replayed recording of several tracked accounts, and one of those.
fn replayed() -> (Kith, Database, String) {
    let case = &Expected::read(&recordings().expected).cases[4];
    let frames = recordings().expected.with_file_name(&case.frames);
    let database = Database::sqlite();
    let kith = Kith::new(&case.config(database.url(), &frames));
    let frames = frames.to_str().expect("test paths are text");
    let _ = kith.run(&["replay", "--frames", frames]).expect_ok();
    (kith, database, case.track[0].clone())
}

#[test]
fn a_report_without_a_name_is_a_list_and_a_mistyped_one_is_answered() {
    let kith = Kith::new("");
    let listed = kith.run(&["report"]).expect_ok().stdout;
    let files = std::fs::read_dir(kith_tests::project().join("reports")).expect("reports");
    for file in files {
        let path = file.expect("can be listed").path();
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&path).expect("can be read");
        let question = text
            .lines()
            .next()
            .expect("a line")
            .trim_start_matches("-- ");
        let line = listed
            .lines()
            .find(|line| line.split_whitespace().next() == Some(&name))
            .unwrap_or_else(|| panic!("{name} is not in\n{listed}"));
        assert!(line.ends_with(question), "{line}");
    }
    for (typed, meant) in [("tpo", "top"), ("circl", "circle"), ("suspect", "suspects")] {
        let said = kith.run(&["report", typed]).expect_code(1).stderr;
        assert!(said.contains(&format!("'{meant}'")), "{typed}: {said}");
    }
    let said = kith.run(&["report", "zzzzzz"]).expect_code(1).stderr;
    assert!(
        said.contains("possible values") && !said.contains("similar"),
        "{said}"
    );
}

#[test]
fn people_read_names_and_dates_and_programs_read_dids() {
    let (kith, _database, viewer) = replayed();
    let table = kith.run(&["report", "circle", "--limit", "5"]).expect_ok();
    let json = kith.json(&["report", "circle"]);
    let rows = json.as_array().expect("a list");
    assert_eq!(table.stdout.lines().count(), 6, "{}", table.stdout);
    assert_eq!(
        table.stderr,
        format!("{} more rows; --limit shows more\n", rows.len() - 5)
    );
    for row in &rows[..5] {
        let (did, handle) = (row["did"].as_str(), row["handle"].as_str());
        let shown = handle.or(did).expect("a name");
        assert!(table.stdout.contains(shown), "{shown} in\n{}", table.stdout);
        assert!(did.is_some_and(|did| did.starts_with("did:")));
        let dates = row["since_micros"].is_i64() || row["since_micros"].is_null();
        assert!(dates, "{row}");
    }
    assert!(table.stdout.contains("Z  "), "dates in\n{}", table.stdout);
    let whole = kith
        .run(&["report", "circle", "--limit", "1000"])
        .expect_ok();
    assert_eq!(whole.stderr, "");
    assert_eq!(whole.stdout.lines().count(), rows.len() + 1);
    let none = kith.run(&["report", "gaps"]).expect_ok();
    assert_eq!(none.stderr, "nothing to show\n");
    let beside = kith
        .run(&["report", "circle", "--viewer", &viewer, "--json"])
        .expect_ok();
    assert!(beside.stderr.contains("makes no use of --viewer"));
    let gamed = kith.run(&["report", "top", "--all-origins"]).expect_ok();
    assert!(gamed.stderr.contains("easily gamed"), "{}", gamed.stderr);
    let missing = kith.run(&["report", "trust"]).expect_code(1);
    let example = "help: for example kith report trust --viewer alice.example.com";
    assert!(missing.stderr.contains(example), "{}", missing.stderr);
    let missing = kith.run(&["report", "why"]).expect_code(1).stderr;
    let example = "report why --viewer alice.example.com --holder bob.example.com";
    assert!(missing.contains(example), "{missing}");
    let past = kith.run(&["report", "top", "--epoch", "3"]).expect_code(1);
    let said = "report top has no past";
    assert!(
        past.stderr.contains(said) && past.stderr.contains("standings"),
        "{}",
        past.stderr
    );
    let past = kith
        .run(&["report", "standings", "--epoch", "3"])
        .expect_code(1);
    assert!(
        past.stderr
            .contains("nothing is known of the end of epoch 3"),
        "{}",
        past.stderr
    );
    let given = ["report", "given", "--account", &viewer];
    for (asked, from) in [
        (&given[..], "since the current epoch's beginning, 20"),
        (
            &["report", "activity"],
            "since seven days before the last event, 20",
        ),
    ] {
        let said = kith.run(asked).expect_ok().stderr;
        assert!(said.contains(from), "{asked:?}: {said}");
        let told = [asked, &["--since", "1h"]].concat();
        let said = kith.run(&told).expect_ok().stderr;
        assert!(!said.contains(from), "{told:?}: {said}");
    }
    let wrong = ["report", "newcomers", "--since", "soon"];
    let said = kith.run(&wrong).expect_code(1).stderr;
    assert!(said.contains("--since"), "{said}");
}

/// A handle is a stranger's text: whoever runs a host writes there what he likes.
#[test]
fn an_empty_report_says_why() {
    let case = &Expected::read(&recordings().expected).cases[3];
    let recording = recordings().expected.with_file_name(&case.frames);
    let text = |path: &std::path::Path| path.to_str().expect("test paths are text").to_owned();
    let epoch = format!("epoch = \"{}\"", case.parameters.epoch);
    let nothing = |changed: &dyn Fn(&str) -> String, frames: &dyn Fn(&Kith) -> String| {
        let database = Database::sqlite();
        let kith = Kith::new(&changed(&case.config(database.url(), &recording)));
        let _ = kith
            .run(&["replay", "--frames", &frames(&kith)])
            .expect_ok();
        kith.run(&["report", "standings"]).expect_ok().stderr
    };
    let whole = |_: &Kith| text(&recording);
    let none = |kith: &Kith| {
        let empty = kith.folder().join("empty.frames");
        std::fs::write(&empty, "").expect("can be written");
        text(&empty)
    };
    let as_it_is = |config: &str| config.to_owned();
    assert!(nothing(&as_it_is, &none).contains("no event was taken so far"));
    let long = |config: &str| config.replace(&epoch, "epoch = \"30d\"");
    assert!(nothing(&long, &whole).contains("no epoch has ended so far"));
    let unpinned = |config: &str| config.replace("pin_tracked = true", "pin_tracked = false");
    assert!(nothing(&unpinned, &whole).contains("ledger.pin_tracked is false"));
    assert!(!nothing(&as_it_is, &whole).contains("nothing to show"));
}

#[test]
fn strangers_names_are_harmless() {
    let (kith, database, viewer) = replayed();
    let evil = "=HYPERLINK(\"http://evil.example\")\u{1b}[2J\u{202e}\u{7}\u{9b}31m,x";
    database.execute(&format!("UPDATE account SET handle = '{evil}' || id"));
    for name in [
        "circle", "accounts", "top", "trust", "suspects", "mutual", "why",
    ] {
        for format in ["table", "csv"] {
            let said = kith
                .run(&[
                    "report", name, "--viewer", &viewer, "--holder", &viewer, "--format", format,
                ])
                .expect_ok()
                .stdout;
            let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
            assert!(!said.contains(acts), "{name} as {format}: {said:?}");
            if format == "csv" {
                let formula =
                    |line: &str| line.split([',', '"']).any(|field| field.starts_with('='));
                assert!(!said.lines().any(formula), "{name}: {said}");
            }
        }
    }
    // JSON says what is there, in JSON's own escapes.
    let raw = kith.run(&["report", "circle", "--json"]).expect_ok().stdout;
    assert!(!raw.contains('\u{1b}'), "{raw:?}");
    let handle = &kith.json(&["report", "circle"])[0]["handle"];
    assert!(handle.as_str().is_some_and(|said| said.starts_with(evil)));
}

#[test]
fn shells_and_manuals_know_the_commands() {
    let kith = Kith::new("");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = kith.run(&["completions", shell]).expect_ok().stdout;
        for word in ["report", "replay", "all-origins", "newcomers"] {
            assert!(script.contains(word), "{word} for {shell}");
        }
    }
    let bash = kith.folder().join("kith.bash");
    let script = kith.run(&["completions", "bash"]).expect_ok().stdout;
    std::fs::write(&bash, script).expect("can be written");
    let completed = std::process::Command::new("bash")
        .args(["-c", "source ./kith.bash; COMP_WORDS=(kith report conc); COMP_CWORD=2; _kith kith conc report; echo ${COMPREPLY[@]}"])
        .current_dir(kith.folder())
        .output()
        .expect("bash starts");
    let completed = String::from_utf8_lossy(&completed.stdout);
    assert_eq!(completed.trim(), "concentration");

    let help = kith.run(&["--help"]).expect_ok().stdout;
    assert!(help.contains("  man "), "{help}");
    let folder = kith.folder().join("man");
    std::fs::create_dir(&folder).expect("a folder can be made");
    let _ = kith.run(&["man", "man"]).expect_ok();
    for page in ["kith.1", "kith-report.1", "kith-run.1"] {
        let text = std::fs::read_to_string(folder.join(page)).expect(page);
        assert!(text.contains(".TH"), "{page}");
    }
    let _ = kith.run(&["man", "not/there/yet"]).expect_ok();
    let _ = kith.run(&["man", "kith.toml"]).expect_code(1);
}
