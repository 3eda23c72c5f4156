//! Every report: the same from Kith on both databases and from the databases' own programs, the
//! example in its file is real, and what it says follows from the ledger.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use kith_tests::{Database, Kith, missing, project};
use serde_json::Value;

/// Two accounts of the recording: both tracked.
const VIEWER: &str = "did:plc:xgcmvr2q5axie2fmg33jtqgp";
const HOLDER: &str = "did:plc:7d6uityyfpfxqrmd2y2olxsu";
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
fn replayed(database: &str) -> Kith {
    let config = fs::read_to_string(project().join("examples/recording.toml")).expect("an example");
    let written = "sqlite:recording.db";
    assert!(config.contains(written));
    let kith = Kith::new(&config.replace(written, database));
    for folder in ["tests", "reports"] {
        symlink(project().join(folder), kith.folder().join(folder)).expect("links can be made");
    }
    let _ = kith.run(&["replay", "--frames", FRAMES]).expect_ok();
    kith
}

fn ask(kith: &Kith, arguments: &[String]) -> Value {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    kith.json(&arguments)
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
            assert!(
                is_same(value, text),
                "{command}: {column} is {text}, {row:?}"
            );
        }
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

/// What the reports must say, computed from the circle, the accounts and the assignments, which
/// other tests hold equal to an independent model.
struct World {
    tracked: Vec<String>,
    hops: BTreeMap<String, i64>,
    /// (holder, origin) -> points, the sink left out.
    held: BTreeMap<(String, String), i64>,
}

impl World {
    fn of(kith: &Kith) -> World {
        let list = |name: &str| match kith.json(&["report", name]) {
            Value::Array(list) => list,
            other => panic!("no list: {other}"),
        };
        let hops: BTreeMap<String, i64> = list("circle")
            .iter()
            .map(|row| (text(row, "did"), number(row, "hop")))
            .collect();
        let held = list("assignments")
            .iter()
            .map(|row| {
                let key = (text(row, "holder"), text(row, "origin"));
                (key, number(row, "points"))
            })
            .filter(|((holder, _), _)| holder != "sink")
            .collect();
        let tracked = hops.iter().filter(|(_, hop)| **hop == 0);
        World {
            tracked: tracked.map(|(did, _)| did.clone()).collect(),
            hops,
            held,
        }
    }

    /// Points by holder, of these origins.
    fn by_holder(&self, origins: &[String]) -> BTreeMap<&str, Vec<i64>> {
        let mut sums: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for ((holder, origin), points) in &self.held {
            if origins.contains(origin) {
                sums.entry(holder).or_default().push(*points);
            }
        }
        sums
    }
}

fn text(row: &Value, field: &str) -> String {
    row[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} in {row}"))
        .to_owned()
}

fn number(row: &Value, field: &str) -> i64 {
    row[field]
        .as_i64()
        .unwrap_or_else(|| panic!("{field} in {row}"))
}

fn real(row: &Value, field: &str) -> f64 {
    row[field]
        .as_f64()
        .unwrap_or_else(|| panic!("{field} in {row}"))
}

fn rows(kith: &Kith, arguments: &[&str]) -> Vec<Value> {
    match kith.json(&[&["report"], arguments].concat()) {
        Value::Array(list) => list,
        other => panic!("no list: {other}"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn effective(points: &[i64]) -> f64 {
    let sum: i64 = points.iter().sum();
    let squares: i64 = points.iter().map(|points| points * points).sum();
    (sum * sum) as f64 / squares as f64
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
#[test]
fn what_they_say_follows_from_the_ledger() {
    let kith = replayed("sqlite:kith.db");
    let world = World::of(&kith);
    let close = |a: f64, b: f64| (a - b).abs() < 1e-9;

    let sums = world.by_holder(&world.tracked);
    let top = rows(&kith, &["top"]);
    assert_eq!(top.len(), sums.len());
    for row in &top {
        let points = &sums[text(row, "did").as_str()];
        assert_eq!(number(row, "points"), points.iter().sum::<i64>(), "{row}");
        assert_eq!(row["origins"], points.len(), "{row}");
        assert!(
            close(real(row, "effective_origins"), effective(points)),
            "{row}"
        );
        let before = sums
            .values()
            .filter(|other| other.iter().sum::<i64>() > points.iter().sum::<i64>());
        assert_eq!(row["rank"], before.count() + 1, "{row}");
    }

    let bridges = rows(&kith, &["bridges"]);
    assert_eq!(
        bridges.len(),
        sums.values().filter(|points| points.len() > 1).count()
    );
    let mut last = f64::INFINITY;
    for row in &bridges {
        let points = &sums[text(row, "did").as_str()];
        let largest = points.iter().max().copied().unwrap_or_default();
        let share = largest as f64 / points.iter().sum::<i64>() as f64;
        assert!(close(real(row, "largest_share"), share), "{row}");
        assert!(
            close(real(row, "effective_origins"), effective(points)),
            "{row}"
        );
        assert!(real(row, "effective_origins") <= last, "{row}");
        last = real(row, "effective_origins");
    }

    for row in rows(&kith, &["concentration"]) {
        let mut all: Vec<i64> = match text(&row, "of").as_str() {
            "tracked" => sums.values().map(|points| points.iter().sum()).collect(),
            _ => rows(&kith, &["accounts"])
                .iter()
                .filter(|row| text(row, "did") != "sink" && number(row, "tally") > 0)
                .map(|row| number(row, "tally"))
                .collect(),
        };
        all.sort_unstable();
        let (n, total) = (all.len() as f64, all.iter().sum::<i64>() as f64);
        // The mean difference of two holders, over twice the mean.
        let differences: i64 = all
            .iter()
            .flat_map(|a| all.iter().map(move |b| (a - b).abs()))
            .sum();
        let gini = differences as f64 / (2.0 * n * total);
        assert!((real(&row, "gini") - gini).abs() < 1e-9, "{row}: {gini}");
        let most = all.iter().rev().take(all.len().div_ceil(100)).sum::<i64>();
        assert!(close(real(&row, "top_share"), most as f64 / total), "{row}");
    }

    let mut pairs = 0;
    for row in rows(&kith, &["mutual"]) {
        let (a, b) = (text(&row, "did"), text(&row, "other"));
        let (ab, ba) = (world.held[&(a.clone(), b.clone())], world.held[&(b, a)]);
        assert_eq!(
            (number(&row, "holds"), number(&row, "other_holds")),
            (ab, ba)
        );
        assert_eq!(number(&row, "least"), ab.min(ba));
        pairs += 2;
    }
    let back = |(holder, origin): &(String, String)| (origin.clone(), holder.clone());
    assert_eq!(
        world
            .held
            .keys()
            .filter(|key| world.held.contains_key(&back(key)))
            .count(),
        pairs
    );

    for account in world.hops.keys() {
        for row in rows(&kith, &["composition", "--account", account]) {
            let mut groups = world.held.iter().filter(|((holder, origin), _)| {
                holder == account && world.hops.get(origin).copied() == row["hop"].as_i64()
            });
            match text(&row, "origins_are").as_str() {
                "collapsed" => {}
                _ => assert_eq!(
                    groups.by_ref().map(|(_, points)| points).sum::<i64>(),
                    number(&row, "points")
                ),
            }
        }
    }
}

/// What the journal says, the counts of `status` say too.
#[test]
fn likes_are_counted_alike() {
    let kith = replayed("sqlite:kith.db");
    let status = kith.json(&["status"]);
    let count = |reason: &str| status["likes"][reason].as_i64().expect("a count");
    let sum = |rows: &[Value], field: &str| rows.iter().map(|row| number(row, field)).sum::<i64>();

    let activity = rows(&kith, &["activity"]);
    assert_eq!(sum(&activity, "accepted"), count("accepted"));
    assert_eq!(sum(&activity, "rejected"), count("rejected"));
    assert_eq!(sum(&activity, "held"), count("held"));
    assert!(count("held") > 0 && count("rejected") > 0, "{status}");

    let rejections = rows(&kith, &["rejections"]);
    for row in &rejections {
        let reason = text(row, "reason");
        let expected = match reason.as_str() {
            "not enough points" => count("rejected"),
            reason => count(reason),
        };
        assert_eq!(number(row, "likes"), expected, "{row}");
    }
    assert!(rejections.len() > 4);

    let mut given = [0; 4];
    for row in rows(&kith, &["accounts"]) {
        if text(&row, "did") == "sink" {
            continue;
        }
        let to = rows(
            &kith,
            &[
                "given",
                "--account",
                &text(&row, "did"),
                "--since",
                "2000-01-01",
            ],
        );
        for (sum_of, field) in given
            .iter_mut()
            .zip(["likes", "rejected", "held", "points"])
        {
            *sum_of += sum(&to, field);
        }
    }
    let likes = count("accepted") + count("rejected");
    assert_eq!(
        given,
        [
            likes,
            count("rejected"),
            count("held"),
            100 * count("accepted")
        ]
    );

    let epochs = rows(&kith, &["epochs"]);
    assert_eq!(epochs[0]["residual"], 0, "{}", epochs[0]);
    assert_eq!(
        sum(&epochs, "moved") + sum(&epochs, "sink"),
        100 * count("accepted"),
        "moved and sink"
    );
    assert!(epochs.len() > 3);

    let unclaimed = rows(&kith, &["unclaimed"]);
    let waits: i64 = rows(&kith, &["accounts"])
        .iter()
        .map(|row| number(row, "unclaimed"))
        .sum();
    assert_eq!(i64::try_from(unclaimed.len()).ok(), Some(waits));
}

/// Legs lead from the viewer to the holder without a break, and the last ones bring what there is.
#[test]
fn why_is_a_way() {
    let kith = replayed("sqlite:kith.db");
    let trusted = rows(&kith, &["trust", "--viewer", VIEWER]);
    let mut long = 0;
    for row in &trusted {
        let holder = text(row, "did");
        let legs = rows(&kith, &["why", "--viewer", VIEWER, "--holder", &holder]);
        let last: Vec<&Value> = legs.iter().filter(|leg| number(leg, "step") == 1).collect();
        let came: i64 = last.iter().map(|leg| number(leg, "points")).sum();
        assert!(came >= number(row, "points"), "{row}: {came} came");
        let shares: f64 = last.iter().map(|leg| real(leg, "share")).sum();
        assert!((shares - 1.0).abs() < 1e-9, "{row}: {shares}");
        let direct: i64 = last
            .iter()
            .filter(|leg| text(leg, "sender") == VIEWER)
            .map(|leg| number(leg, "points"))
            .sum();
        assert_eq!(direct > 0, number(row, "direct") > 0, "{row}");
        for leg in &legs {
            let (step, receiver) = (number(leg, "step"), text(leg, "receiver"));
            let goes_on = legs
                .iter()
                .any(|next| number(next, "step") == step - 1 && text(next, "sender") == receiver);
            assert!(goes_on || step == 1 && receiver == holder, "{leg}");
            let sender = text(leg, "sender");
            let comes_from =
                sender == VIEWER || legs.iter().any(|before| text(before, "receiver") == sender);
            assert!(comes_from, "{leg}");
            long += usize::from(step > 1);
        }
    }
    assert!(long > 3, "{long} legs further away");
}
