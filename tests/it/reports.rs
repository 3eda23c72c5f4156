//! Every report: the same from Kith on both databases and from the databases' own programs, and
//! the example in its file is real.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use kith_tests::{Database, Kith, expected::Expected, frames, missing, project, recordings};
use serde_json::Value;

/// Two accounts of the recording: both tracked.
pub(crate) const VIEWER: &str = "did:plc:xgcmvr2q5axie2fmg33jtqgp";
pub(crate) const HOLDER: &str = "did:plc:7d6uityyfpfxqrmd2y2olxsu";
/// The frames, from the folder where `kith` runs.
const FRAMES: &str = "tests/recordings/recording.frames";
/// With this in the environment the examples are written anew instead of compared.
const RENEW: &str = "KITH_RENEW_EXAMPLES";

/// A report's file.
struct File {
    name: String,
    path: PathBuf,
    text: String,
}

fn files() -> Vec<File> {
    let folder = project().join("reports");
    let mut files: Vec<File> = fs::read_dir(&folder)
        .expect("there is a folder of reports")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|e| e == "sql"))
        .map(|path| File {
            name: path.file_stem().expect("a name").to_string_lossy().into(),
            text: fs::read_to_string(&path).expect("a report can be read"),
            path,
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(files.len() > 20, "{} reports", files.len());
    files
}

impl File {
    /// The arguments of the example, and what it shows.
    fn example(&self) -> (String, String) {
        let start = "\n-- For example: kith ";
        let (_, rest) = self.text.split_once(start).expect("there is an example");
        let (arguments, rest) = rest.split_once('\n').expect("a line");
        let shown: Vec<&str> = rest
            .lines()
            .map_while(|line| line.strip_prefix("--     "))
            .collect();
        (arguments.to_owned(), shown.join("\n") + "\n")
    }

    /// Puts what was really shown there.
    fn renew(&self, said: &str) {
        let (arguments, shown) = self.example();
        let block = |text: &str| {
            let mut out = format!("-- For example: kith {arguments}\n");
            for line in text.lines() {
                let _ = writeln!(out, "--     {line}");
            }
            out
        };
        let text = self.text.replace(&block(&shown), &block(said));
        fs::write(&self.path, text).expect("a report can be written");
    }

    /// The parameters that the query uses.
    fn uses(&self, name: &str) -> bool {
        let sql = self.text.lines().filter(|line| !line.starts_with("--"));
        sql.into_iter().any(|line| {
            line.split(':').skip(1).any(|rest| {
                rest.split(|c: char| c != '_' && !c.is_alphanumeric())
                    .next()
                    == Some(name)
            })
        })
    }

    /// The command of a database's own program, from the header.
    fn by_hand(&self, program: &str) -> String {
        let start = format!("--   {program} ");
        let line = self.text.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("{} tells of no {program}", self.name))
            .to_owned()
    }

    /// What Kith is to be asked for the same.
    fn arguments(&self) -> Vec<String> {
        let mut list = vec!["report".to_owned(), self.name.clone()];
        let viewers = format!("{VIEWER}=2,{HOLDER}=-1");
        for (name, value) in [
            ("viewer", VIEWER),
            ("holder", HOLDER),
            ("account", VIEWER),
            ("viewers", &viewers),
        ] {
            if self.uses(name) {
                list.extend([format!("--{name}"), value.to_owned()]);
            }
        }
        list
    }
}

/// The example's configuration, its recording replayed into a database.
pub(crate) fn replayed(database: &str) -> Kith {
    let kith = configured(database);
    let _ = kith.run(&["replay", "--frames", FRAMES]).expect_ok();
    kith
}

/// The example's configuration.
pub(crate) fn configured(database: &str) -> Kith {
    let config = fs::read_to_string(project().join("examples/recording.toml")).expect("an example");
    let written = "sqlite:recording.db";
    assert!(config.contains(written));
    let kith = Kith::new(&config.replace(written, database));
    for folder in ["tests", "reports"] {
        symlink(project().join(folder), kith.folder().join(folder)).expect("links can be made");
    }
    kith
}

fn ask(kith: &Kith, arguments: &[String]) -> Value {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    kith.json(&arguments)
}

/// The page with each report's question and example between its marks.
fn catalogue(page: &str, files: &[File]) -> String {
    let (begin, end) = ("<!-- examples -->\n", "<!-- end of examples -->\n");
    let (before, rest) = page.split_once(begin).expect("a mark");
    let (_, after) = rest.split_once(end).expect("another mark");
    let mut out = format!("{before}{begin}");
    for file in files {
        let question = file.text.lines().next().unwrap_or_default();
        let question = question.trim_start_matches("-- ");
        let (arguments, shown) = file.example();
        let _ = write!(
            out,
            "\n### [{name}](../reports/{name}.sql)\n\n{question}\n\n```text\n$ kith {arguments}\n{shown}```\n",
            name = file.name
        );
    }
    out + "\n" + end + after
}

/// The page with what is really said in its blocks that begin with `$ kith report`.
fn answered(page: &str, kith: &Kith) -> String {
    let begin = "```text\n$ kith report ";
    let mut parts = page.split(begin);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (arguments, rest) = part.split_once('\n').expect("a line");
        let (_, after) = rest.split_once("```\n").expect("an end");
        let asked: Vec<&str> = std::iter::once("report")
            .chain(arguments.split(' '))
            .collect();
        let said = kith.run(&asked).expect_ok().stdout;
        let _ = write!(out, "{begin}{arguments}\n{said}```\n{after}");
    }
    out
}

#[test]
fn the_examples_are_real() {
    let kith = replayed("sqlite:kith.db");
    let mut wrong = String::new();
    for file in files() {
        let (arguments, shown) = file.example();
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let said = kith.run(&arguments).expect_ok().stdout;
        // A database's size depends on how its pages filled.
        let size_apart = |text: &str| -> Vec<String> {
            let lines = text.lines();
            lines
                .map(|line| match line.ends_with("  bytes") {
                    true => "database".to_owned(),
                    false => line.to_owned(),
                })
                .collect()
        };
        if size_apart(&said) != size_apart(&shown) {
            if std::env::var_os(RENEW).is_some() {
                file.renew(&said);
            } else {
                let _ = writeln!(wrong, "{}: shows\n{shown}but says\n{said}", file.name);
            }
        }
    }
    for page in ["README.md", "docs/GUIDE.md"] {
        let text = fs::read_to_string(project().join(page)).expect("the page can be read");
        let made = answered(&text, &kith);
        if text != made && std::env::var_os(RENEW).is_some() {
            fs::write(project().join(page), made).expect("the page can be written");
        } else if text != made {
            let _ = writeln!(wrong, "{page} does not show what is said now");
        }
    }
    let page = project().join("docs/REPORTS.md");
    let text = fs::read_to_string(&page).expect("there is a page of reports");
    let made = catalogue(&text, &files());
    if text != made {
        if std::env::var_os(RENEW).is_some() {
            fs::write(&page, made).expect("the page can be written");
        } else {
            wrong.push_str("docs/REPORTS.md does not show the examples of the files\n");
        }
    }
    assert!(wrong.is_empty(), "{RENEW}=1 renews them\n{wrong}");
}

#[test]
fn both_databases_say_the_same() {
    let Some(postgres) = Database::postgres() else {
        return;
    };
    let (sqlite, postgres) = (replayed("sqlite:kith.db"), replayed(postgres.url()));
    for file in files() {
        let variants: &[&[&str]] = match file.name.as_str() {
            "top" => &[&[], &["--all-origins"], &["--all-origins", "--limit", "3"]],
            "given" | "activity" | "newcomers" => {
                &[&[], &["--since", "12s"], &["--since", "1000d"]]
            }
            "delta" => &[&[], &["--epoch", "359045492"]],
            "trust" | "bridges" | "why" | "mutual" => &[&[], &["--limit", "3"]],
            _ => &[&[]],
        };
        for variant in variants {
            let mut arguments = file.arguments();
            arguments.extend(variant.iter().map(ToString::to_string));
            let mut said = [&sqlite, &postgres].map(|kith| ask(kith, &arguments));
            if file.name == "health" {
                for rows in &mut said {
                    rows[0]["value"] = Value::Null; // How large it is.
                }
            }
            assert_eq!(said[0], said[1], "{arguments:?}");
            // Nothing was missed in this recording; gaps are in the tests of gaps.
            if file.name != "gaps" && !variant.contains(&"12s") {
                let rows = said[0].as_array().expect("a list");
                assert!(!rows.is_empty(), "{arguments:?}");
            }
        }
    }
}

/// A separator that is in no value.
const APART: char = '\u{1f}';

#[test]
fn every_file_runs_by_hand_in_sqlite3() {
    let kith = replayed("sqlite:kith.db");
    if !is_there("sqlite3") {
        return;
    }
    for file in files() {
        let hand = filled(&file.by_hand("sqlite3"));
        let hand = format!("sqlite3 -list -separator '{APART}' -header {hand}");
        compare(&kith, &file, &hand);
    }
}

#[test]
fn every_file_runs_by_hand_in_psql() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let kith = replayed(database.url());
    if !is_there("psql") {
        return;
    }
    for file in files() {
        let hand = filled(&file.by_hand("psql")).replace("postgres://…", database.url());
        let hand = format!("psql -q -A -F '{APART}' -P footer=off {hand}");
        compare(&kith, &file, &hand);
    }
}

fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        missing(
            &format!("the program {program} is not installed"),
            "install it",
        );
    }
    found
}

/// The header's command with accounts in the places left open.
fn filled(command: &str) -> String {
    let mut filled = command.to_owned();
    for did in [VIEWER, HOLDER] {
        filled = filled.replacen("did:plc:…", did, 1);
    }
    assert!(!filled.contains("did:plc:…"), "{command}");
    filled
}

/// Runs the command, and asks Kith for the same.
fn compare(kith: &Kith, file: &File, command: &str) {
    let ran = Command::new("sh")
        .args(["-c", command])
        .current_dir(kith.folder())
        .output()
        .expect("sh starts");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.is_empty(), "{command}: {said}");
    let said = String::from_utf8_lossy(&ran.stdout);
    let mut lines = said
        .lines()
        .map(|line| line.split(APART).collect::<Vec<_>>());
    let columns = lines.next().unwrap_or_default();
    let by_hand: Vec<Vec<&str>> = lines.collect();

    let mut arguments = file.arguments();
    arguments.extend(["--limit", "20"].map(str::to_owned));
    let rows = ask(kith, &arguments);
    let rows = rows.as_array().expect("a list");
    assert_eq!(by_hand.len(), rows.len(), "{command}\n{said}");
    for (hand, row) in by_hand.iter().zip(rows) {
        let row = row.as_object().expect("an object");
        assert_eq!(hand.len(), row.len(), "{command}: {hand:?}");
        for (column, text) in columns.iter().zip(hand) {
            let value = row
                .get(*column)
                .unwrap_or_else(|| panic!("{}: no {column}", file.name));
            let is_same = match row.get("unit").and_then(Value::as_str) {
                Some("bytes") => is_near,
                _ => is_same,
            };
            assert!(
                is_same(value, text),
                "{command}: {column} is {text}, {row:?}"
            );
        }
    }
}

/// PostgreSQL vacuums between two looks, of which its files grow.
fn is_near(value: &Value, text: &str) -> bool {
    let said: Option<f64> = text.parse().ok();
    match (said, value.as_f64()) {
        (Some(said), Some(value)) => (said - value).abs() <= 0.1 * value,
        _ => is_same(value, text),
    }
}

fn is_same(value: &Value, text: &str) -> bool {
    match value {
        Value::Null => text.is_empty(),
        Value::Bool(yes) => text == if *yes { "1" } else { "0" },
        Value::Number(number) if number.is_f64() => text
            .parse()
            .is_ok_and(|said: f64| (said - number.as_f64().unwrap_or(f64::NAN)).abs() < 1e-9),
        Value::Number(number) => text == number.to_string(),
        other => other.as_str() == Some(text),
    }
}

/// The way of points is told where the flows that are kept tell all of it: not of those that went
/// before their origin was tracked, nor after it is tracked no more.
#[test]
fn ways_are_told_of_who_is_tracked_as_far_as_they_are_known() {
    let recording = recordings().first;
    let all = frames::read(&recording);
    for database in [Some(Database::sqlite()), Database::postgres()]
        .into_iter()
        .flatten()
    {
        let case = &Expected::read(&recordings().expected).cases[4];
        let [first, second] = [&case.track[0], &case.track[1]];
        let config = case.config(database.url(), &recording);
        let alone = config.replacen(&format!("[[circle.tracked]]\nid = {second:?}\n"), "", 1);
        assert_ne!(alone, config);
        let kith = Kith::new(&alone);
        let file = kith.folder().join("growing.frames");
        let replay = |upto: usize| {
            frames::write(&file, &all[..upto]).expect("can be written");
            let file = file.to_str().expect("test paths are text");
            let _ = kith.run(&["replay", "--frames", file]).expect_ok();
        };
        let trust = |viewer: &str| kith.json(&["report", "trust", "--viewer", viewer]);
        let count = |rows: &Value, column: &str| {
            let rows = rows.as_array().expect("rows").iter();
            rows.filter(|row| !row[column].is_null()).count()
        };
        let origins = || {
            let ties = kith.json(&["report", "ties"]);
            let ties = ties.as_array().expect("rows").iter();
            let origins: BTreeSet<_> = ties.map(|tie| tie["origin"].to_string()).collect();
            origins
        };
        replay(all.len() - 150);
        assert_eq!(count(&trust(second), "direct"), 0, "not tracked");
        kith.configure(&config);
        replay(all.len() - 1);
        let late = trust(second);
        let rows = late.as_array().expect("rows");
        let known = count(&late, "direct");
        assert!(0 < known && known < rows.len(), "{known} of {late:#}");
        for row in rows.iter().filter(|row| row["direct"].is_null()) {
            assert!(
                row["second_hand"].is_null() && row["through"].is_null(),
                "{row}"
            );
        }
        let whole = trust(first);
        assert_eq!(
            count(&whole, "direct"),
            whole.as_array().expect("rows").len()
        );
        let through = whole
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| &row["through"]);
        assert!(
            through
                .filter_map(Value::as_str)
                .all(|did| did.starts_with("did:"))
        );
        assert!(origins().contains(&format!("{second:?}")));
        kith.configure(&alone);
        replay(all.len());
        assert_eq!(count(&trust(second), "direct"), 0, "not tracked any more");
        let why = kith.json(&["report", "why", "--viewer", second, "--holder", first]);
        assert_eq!(why, Value::Array(Vec::new()));
        assert!(origins().contains(&format!("{first:?}")));
        assert!(!origins().contains(&format!("{second:?}")));
    }
}
