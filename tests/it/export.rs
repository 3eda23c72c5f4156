//! Files for other programs: opened by those, whole or not there, in bounded memory, of one moment.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kith_tests::{Database, Kith, python};
use serde_json::{Map, Value, json};

use crate::reports::{HOLDER, VIEWER, replayed};

mod graph;
mod large;

/// Exported as a file of each of two formats.
const TABLES: [&str; 6] = [
    "circle",
    "assignments",
    "journal",
    "history",
    "local-trust",
    "pre-trust",
];
/// A handle as nobody should have it.
const STRANGE: &str = "=1+1\"]; x -> y [z=\"\\\u{1b}[2J<&'\u{202e}]]>,\u{ffff}\n";
/// What of it may be seen.
const HARMLESS: &str = "=1+1\"]; x -> y [z=\"\\\u{fffd}[2J<&'\u{fffd}]]>,\u{ffff}\u{fffd}";
/// What of that may be in XML.
const IN_XML: &str = "=1+1\"]; x -> y [z=\"\\\u{fffd}[2J<&'\u{fffd}]]>,\u{fffd}\u{fffd}";

/// The graphs, and what they are asked for with.
const GRAPHS: [(&str, &[&str]); 4] = [
    ("assignments", &[]),
    ("flows", &["--edges", "flows"]),
    ("likes", &["--edges", "likes"]),
    ("strongest", &["--strongest", "5"]),
];

/// The recording in a database, with a stranger in it, and all exports in a folder.
fn exported(database: &str) -> (Kith, PathBuf) {
    let kith = replayed(database);
    let url = match database.strip_prefix("sqlite:") {
        Some(file) => format!("sqlite:{}", kith.folder().join(file).display()),
        None => database.to_owned(),
    };
    let strange = STRANGE.replace('\'', "''");
    Database::at(&url).execute(&format!(
        "UPDATE account SET handle = '{strange}' WHERE did = '{HOLDER}'"
    ));
    let folder = kith.folder().join("out");
    fs::create_dir(&folder).expect("a folder can be made");
    let to = |name: &str, ending: &str| format!("out/{name}.{ending}");
    for table in TABLES {
        for ending in ["csv", "parquet"] {
            let file = to(table, ending);
            let _ = kith.run(&["export", table, "--to", &file]).expect_ok();
        }
    }
    for (name, options) in GRAPHS {
        for ending in ["graphml", "dot"] {
            let file = to(name, ending);
            let arguments = [&["export", "graph", "--to", &file], options].concat();
            let _ = kith.run(&arguments).expect_ok();
        }
    }
    (kith, folder)
}

/// On which databases a test runs.
fn databases() -> Vec<Option<Database>> {
    let postgres = Database::postgres();
    std::iter::once(None).chain(postgres.map(Some)).collect()
}

fn url_of(database: Option<&Database>) -> &str {
    database.map_or("sqlite:kith.db", Database::url)
}

fn list<'a>(value: &'a Value, path: &str) -> &'a Vec<Value> {
    let found = value.pointer(path).and_then(Value::as_array);
    found.unwrap_or_else(|| panic!("no list at {path}"))
}

/// Rows as objects.
fn rows(opened: &Value, with: &str, table: &str) -> Vec<Map<String, Value>> {
    let columns = list(opened, &format!("/{with}/{table}/columns"));
    let name = |column: &Value| match column {
        Value::String(name) => name.clone(),
        column => column[0].as_str().expect("a name").to_owned(),
    };
    let names: Vec<String> = columns.iter().map(name).collect();
    let rows = list(opened, &format!("/{with}/{table}/rows"));
    rows.iter()
        .map(|row| {
            let values = row.as_array().expect("a row").iter().cloned();
            names.iter().cloned().zip(values).collect()
        })
        .collect()
}

fn report(kith: &Kith, arguments: &[&str]) -> Vec<Map<String, Value>> {
    let said = kith.json(&[&["report"], arguments].concat());
    let rows = said.as_array().expect("a list").iter();
    rows.map(|row| row.as_object().expect("an object").clone())
        .collect()
}

fn text<'a>(row: &'a Map<String, Value>, name: &str) -> &'a str {
    row[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} of {row:?}"))
}

fn int(row: &Map<String, Value>, name: &str) -> i64 {
    row[name]
        .as_i64()
        .unwrap_or_else(|| panic!("{name} of {row:?}"))
}

fn count(n: usize) -> i64 {
    n.try_into().expect("few")
}

fn sum(rows: &[Map<String, Value>], name: &str) -> i64 {
    rows.iter().map(|row| row[name].as_i64().unwrap_or(0)).sum()
}

#[test]
fn libraries_of_others_open_what_is_exported() {
    let Some(python) = python() else { return };
    for database in databases() {
        let (kith, folder) = exported(url_of(database.as_ref()));
        let ran = Command::new(python)
            .arg(kith_tests::project().join("tests/python/open_exports.py"))
            .arg(&folder)
            .output()
            .expect("Python starts");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{said}");
        let opened: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
        for table in TABLES {
            let read = rows(&opened, "pyarrow", table);
            assert!(!read.is_empty(), "{table}");
            assert_eq!(read, rows(&opened, "duckdb", table), "{table}");
            assert_eq!(
                as_texts(&read),
                as_texts(&rows(&opened, "csv", table)),
                "{table}"
            );
        }
        types_and_units(&opened);
        tables(&kith, &opened);
        journal(&kith, &opened);
        graph::graphs(&kith, &opened);
    }
}

/// Values as CSV has them, but for what only CSV does to handles.
fn as_texts(rows: &[Map<String, Value>]) -> Vec<Vec<String>> {
    let text = |(name, value): (&String, &Value)| match value {
        _ if name == "handle" => String::new(),
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    rows.iter()
        .map(|row| row.iter().map(text).collect())
        .collect()
}

fn types_and_units(opened: &Value) {
    let circle = opened.pointer("/pyarrow/circle").expect("a table");
    assert_eq!(
        circle["columns"],
        json!([
            ["did", "string", false],
            ["handle", "string", true],
            ["hop", "int64", false],
            ["active", "bool", false],
            ["status", "string", false],
            ["since_micros", "timestamp[us, tz=UTC]", true],
            ["by", "string", true]
        ])
    );
    for table in TABLES {
        let table = &opened["pyarrow"][table];
        assert_eq!(table["codecs"], json!(["ZSTD"]));
        for about in table["described"].as_array().expect("a list") {
            assert_ne!(about, "", "{table:?}");
        }
    }
    assert_eq!(
        opened["pyarrow"]["journal"]["units"]["sink_points"],
        "points"
    );
    let about = &opened["pyarrow"]["local-trust"]["about"];
    assert_eq!(about["kith.export"], "local-trust");
    assert_eq!(about["kith.epoch"], "359045495");
    assert!(about["kith.position"].as_str().is_some_and(|n| n != "0"));
}

/// The tables that reports have too.
fn tables(kith: &Kith, opened: &Value) {
    for table in ["circle", "assignments"] {
        assert_eq!(
            rows(opened, "pyarrow", table),
            report(kith, &[table]),
            "{table}"
        );
    }
    let holder = |row: &&Map<String, Value>| row["did"] == HOLDER;
    let circle = rows(opened, "pyarrow", "circle");
    assert_eq!(
        text(circle.iter().find(holder).expect("is there"), "handle"),
        STRANGE
    );
    let circle = rows(opened, "csv", "circle");
    let shown = circle.iter().find(holder).expect("is there");
    assert_eq!(text(shown, "handle"), format!("'{HARMLESS}"));

    let history = rows(opened, "pyarrow", "history");
    let mut accounts: Vec<&str> = history.iter().map(|row| text(row, "did")).collect();
    accounts.dedup();
    let mut told = 0;
    for did in accounts {
        let mut of_one: Vec<Map<String, Value>> = history
            .iter()
            .filter(|row| row["did"] == did)
            .cloned()
            .collect();
        for row in &mut of_one {
            row.remove("did");
        }
        of_one.reverse();
        assert_eq!(
            of_one,
            report(kith, &["history", "--account", did]),
            "{did}"
        );
        told += of_one.len();
    }
    assert_eq!(told, history.len());

    let tracked = rows(opened, "pyarrow", "pre-trust");
    let mut peers: Vec<&str> = tracked.iter().map(|row| text(row, "peer_id")).collect();
    peers.sort_unstable();
    assert_eq!(peers, [HOLDER, VIEWER]);
    assert_eq!(sum(&tracked, "value"), 2);
}

/// The journal against what reports count in it, and the local trust against the journal.
fn journal(kith: &Kith, opened: &Value) {
    let journal = rows(opened, "pyarrow", "journal");
    let positions: Vec<i64> = journal.iter().map(|row| int(row, "position")).collect();
    let status = kith.json(&["status"]);
    let last = status["journal"]["position"].as_i64().expect("a number");
    assert_eq!(positions, (1..=last).collect::<Vec<_>>());
    let of_kind = |kind: &str| -> Vec<Map<String, Value>> {
        let rows = journal.iter().filter(|row| row["kind"] == kind);
        rows.cloned().collect()
    };
    assert_eq!(
        of_kind("tick").len(),
        usize::try_from(status["ticks"].as_u64().expect("a number")).expect("few")
    );
    assert_eq!(of_kind("pin").len(), 2);
    let rules = of_kind("rules");
    let rules: Value = serde_json::from_str(text(&rules[0], "parameters")).expect("JSON");
    assert_eq!(rules["own_points"], 1000);
    let likes = of_kind("transfer");
    let activity = report(kith, &["activity", "--since", "1000d"]);
    assert_eq!(count(likes.len()), sum(&activity, "likes"));
    let accepted: Vec<Map<String, Value>> = likes
        .iter()
        .filter(|row| row["accepted"] == true)
        .cloned()
        .collect();
    assert_eq!(count(accepted.len()), sum(&activity, "accepted"));
    assert_eq!(sum(&accepted, "points"), sum(&activity, "points"));
    assert_eq!(
        sum(&accepted, "sink_points"),
        sum(&report(kith, &["epochs"]), "sink")
    );
    for row in &likes {
        assert_eq!(
            row["rejected"].is_null(),
            row["accepted"] == true,
            "{row:?}"
        );
    }

    let mut given: BTreeMap<(String, String), i64> = BTreeMap::new();
    for row in accepted.iter().filter(|row| row["held"] == false) {
        let pair = [text(row, "sender"), text(row, "receiver")].map(str::to_owned);
        *given.entry(pair.into()).or_default() += int(row, "points");
    }
    let trust: BTreeMap<(String, String), i64> = rows(opened, "pyarrow", "local-trust")
        .iter()
        .map(|row| {
            let pair = [text(row, "from"), text(row, "to")].map(str::to_owned);
            (pair.into(), int(row, "value"))
        })
        .collect();
    assert_eq!(trust, given);
    // One giver, asked by a report. A like is a hundred points.
    let mut seen = 0;
    for row in report(kith, &["given", "--account", VIEWER, "--since", "1000d"]) {
        let value = int(&row, "points") - 100 * int(&row, "held");
        let pair = (VIEWER.to_owned(), text(&row, "did").to_owned());
        assert_eq!(trust.get(&pair).copied().unwrap_or(0), value, "{row:?}");
        seen += i64::from(value > 0);
    }
    assert_eq!(
        count(trust.keys().filter(|(from, _)| from == VIEWER).count()),
        seen
    );
}

#[test]
fn both_databases_export_the_same_as_reports_print() {
    let folders: Vec<(Kith, PathBuf)> = databases()
        .iter()
        .map(|database| exported(url_of(database.as_ref())))
        .collect();
    let read = |folder: &Path, name: &str| {
        fs::read_to_string(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    };
    let mut names: Vec<String> = TABLES.iter().map(|table| format!("{table}.csv")).collect();
    for (name, _) in GRAPHS {
        names.extend([format!("{name}.graphml"), format!("{name}.dot")]);
    }
    for (kith, folder) in &folders {
        for name in &names {
            assert_eq!(read(folder, name), read(&folders[0].1, name), "{name}");
        }
        for table in ["circle", "assignments"] {
            let printed = kith.run(&["report", table, "--format", "csv"]).expect_ok();
            assert_eq!(read(folder, &format!("{table}.csv")), printed.stdout);
        }
        for (table, head) in [
            ("local-trust", "from,to,value\n"),
            ("pre-trust", "peer_id,value\n"),
        ] {
            assert!(read(folder, &format!("{table}.csv")).starts_with(head));
        }
        // What is printed is what is in the file, and nothing is said beside it.
        let printed = kith.run(&["export", "journal", "--to", "-"]).expect_ok();
        assert_eq!(printed.stdout, read(folder, "journal.csv"));
        assert_eq!(printed.stderr, "");
        let recent = kith
            .run(&["export", "journal", "--to", "-", "--since", "5s"])
            .expect_ok();
        let (head, rows) = recent.stdout.split_once('\n').expect("a line");
        assert!(read(folder, "journal.csv").starts_with(head));
        assert!(!rows.is_empty() && read(folder, "journal.csv").ends_with(rows));
        assert!(recent.stdout.len() < printed.stdout.len());
    }
}

#[test]
fn a_file_is_replaced_only_when_told_and_what_cannot_be_is_said() {
    let kith = replayed("sqlite:kith.db");
    let file = kith.folder().join("circle.csv");
    fs::write(&file, "mine").expect("a file can be written");
    for (arguments, says) in [
        (
            ["circle", "--to", "circle.csv"].as_slice(),
            "is there already",
        ),
        (
            &["circle", "--to", "circle"],
            "does not say in which format",
        ),
        (
            &["circle", "--to", "circle.dot"],
            "circle cannot be written as dot",
        ),
        (
            &["graph", "--to", "graph.csv"],
            "graph cannot be written as csv",
        ),
        (&["graph", "--to", "-"], "--format graphml or dot"),
        (
            &["circle", "--to", "tests", "--format", "csv", "--force"],
            "is no file",
        ),
        (
            &["circle", "--to", "nowhere/circle.csv"],
            "cannot write nowhere/circle.csv: No such file or directory (os error 2)\n  help: its folder",
        ),
        (
            &["journal", "--to", "new.csv", "--since", "soon"],
            "--since",
        ),
        (
            &["graph", "--to", "new.dot", "--strongest", "0"],
            "--strongest",
        ),
        (&["assignment", "--to", "new.csv"], "'assignments'"),
        (&["circle"], "--to"),
    ] {
        let ran = kith.run(&[&["export"], arguments].concat()).expect_code(1);
        assert!(ran.stderr.contains(says), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(fs::read_to_string(&file).expect("a file"), "mine");
    let _ = kith
        .run(&["export", "circle", "--to", "circle.csv", "--force"])
        .expect_ok();
    // Replaced, by whatever name it goes, it is for those whom it was for.
    let (mode, link) = (0o600, kith.folder().join("link.csv"));
    fs::set_permissions(&file, Permissions::from_mode(mode)).expect("set");
    symlink("circle.csv", &link).expect("linked");
    let _ = kith
        .run(&["export", "circle", "--to", "link.csv", "--force"])
        .expect_ok();
    let now = fs::metadata(&file).expect("it is there").permissions();
    assert!(link.is_symlink() && now.mode() & 0o777 == mode, "{now:?}");
    let csv = fs::read_to_string(&file).expect("a file");
    assert!(csv.starts_with("did,handle,hop,"), "{csv}");
    let noted = kith
        .run(&["export", "circle", "--to", "-", "--strongest", "3"])
        .expect_ok();
    assert!(
        noted.stderr.contains("makes no use of --strongest"),
        "{}",
        noted.stderr
    );
    assert_eq!(noted.stdout, csv);
    assert_eq!(large::partial(kith.folder()), None);
    for name in ["new.csv", "new.dot"] {
        assert!(!kith.folder().join(name).exists(), "{name}");
    }
}

#[test]
fn what_the_journal_lacks_is_told() {
    let kith = replayed("sqlite:kith.db");
    let url = format!("sqlite:{}", kith.folder().join("kith.db").display());
    Database::at(&url).execute("UPDATE state SET dropped_position = 5");
    for (arguments, is_told) in [
        (["journal", "--to", "-"].as_slice(), true),
        (&["local-trust", "--to", "-"], true),
        (&["graph", "--to", "likes.dot", "--edges", "likes"], true),
        (&["graph", "--to", "held.dot"], false),
        (&["history", "--to", "-"], false),
    ] {
        let ran = kith.run(&[&["export"], arguments].concat()).expect_ok();
        let told = ran
            .stderr
            .contains("the journal up to position 5 was dropped");
        assert_eq!(told, is_told, "{arguments:?}: {}", ran.stderr);
    }
}

/// A reader that has seen enough is no failure worth a word.
#[test]
fn a_reader_may_go() {
    let kith = replayed("sqlite:kith.db");
    let command = format!(
        "{} export journal --to - | head -n 1",
        kith_tests::kith_binary().display()
    );
    let ran = Command::new("sh")
        .args(["-c", &command])
        .current_dir(kith.folder())
        .stdin(Stdio::null())
        .output()
        .expect("sh starts");
    assert!(String::from_utf8_lossy(&ran.stdout).starts_with("position,epoch,"));
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "");
}
