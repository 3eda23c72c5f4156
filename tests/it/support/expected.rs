//! What replaying a recording must give, and how that is compared with what Kith says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::kith::Kith;

/// The file `expected.json`: outcomes of an independent model. Its `note` explains the fields.
#[derive(Debug, Clone, Deserialize)]
pub struct Expected {
    /// One recording under one configuration each.
    pub cases: Vec<Case>,
}

/// A recording, a configuration, and the outcome.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// In words, for messages.
    pub name: String,
    /// The recording's file name, beside `expected.json`.
    pub frames: String,
    /// The DIDs of the tracked accounts.
    pub track: Vec<String>,
    /// The configuration.
    pub parameters: Parameters,
    /// The outcome.
    pub expect: Outcome,
}

/// The keys of `[circle]` and `[ledger]`, in the config file's words and units. An unknown one is
/// an error: it must not be left out of the comparison unseen.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each is documented where it is a key of the config file"
)]
pub struct Parameters {
    pub depth: u8,
    pub r#match: String,
    pub backfill: String,
    pub rule: String,
    pub epoch: String,
    pub own_points: u64,
    pub like: u64,
    pub repeat: String,
    pub keep_top: u64,
    pub decay_percent: u64,
    pub sink_percent: u64,
    pub seed: Option<u64>,
    pub pin_tracked: Option<bool>,
}

/// What must come out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Outcome {
    /// DID to hop.
    pub circle: BTreeMap<String, u8>,
    /// The counts of `status`, and `ticks`; what is not there is 0. `held` is a part of accepted.
    pub likes: BTreeMap<String, u64>,
    /// The epoch at the end.
    pub epoch: u64,
    /// Every account of the ledger, settled to that epoch, by DID; the sink is `sink`.
    pub ledger: BTreeMap<String, Holdings>,
}

/// An account of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Holdings {
    /// Own points; the sink's mean nothing.
    pub own: u64,
    /// Points of origins that were collapsed.
    pub others: u64,
    /// Origin to points.
    pub rows: BTreeMap<String, u64>,
    /// Entries that wait to be claimed.
    pub unclaimed: u64,
}

/// The sink's name in reports.
const SINK: &str = "sink";

/// The reasons for which `status` counts likes.
const REASONS: [&str; 9] = [
    "accepted",
    "rejected",
    "outside",
    "invalid",
    "not_a_post",
    "self",
    "inactive",
    "repeated",
    "capped",
];

impl Expected {
    /// Reads a file of cases.
    pub fn read(path: &Path) -> Self {
        let text =
            std::fs::read(path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
        serde_json::from_slice(&text)
            .unwrap_or_else(|e| panic!("cannot parse {}: {e}", path.display()))
    }
}

impl Case {
    /// The config file of this case: its parameters, this database, and the recording as source.
    pub fn config(&self, database: &str, frames: &Path) -> String {
        let p = &self.parameters;
        let tracked: Vec<_> = self
            .track
            .iter()
            .map(|did| format!("id = {did:?}\n"))
            .collect();
        let tracked = tracked.join("[[circle.tracked]]\n");
        let optional: String = [
            p.seed.map(|seed| format!("seed = {seed}\n")),
            p.pin_tracked.map(|pin| format!("pin_tracked = {pin}\n")),
        ]
        .into_iter()
        .flatten()
        .collect();
        format!(
            r#"database = "{database}"

[circle]
depth = {depth}
match = "{match}"
backfill = "{backfill}"
[[circle.tracked]]
{tracked}
[[source]]
kind = "file"
path = "{frames}"

[ledger]
rule = "{rule}"
epoch = "{epoch}"
own_points = {own_points}
like = {like}
repeat = "{repeat}"
keep_top = {keep_top}
decay_percent = {decay_percent}
sink_percent = {sink_percent}
{optional}"#,
            depth = p.depth,
            r#match = p.r#match,
            backfill = p.backfill,
            frames = frames.display(),
            rule = p.rule,
            epoch = p.epoch,
            own_points = p.own_points,
            like = p.like,
            repeat = p.repeat,
            keep_top = p.keep_top,
            decay_percent = p.decay_percent,
            sink_percent = p.sink_percent,
        )
    }
}

/// What Kith says, in the shape of its JSON reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    circle: Value,
    status: Value,
    assignments: Value,
    accounts: Value,
}

impl Said {
    /// Asks for the three reports and the status.
    pub fn by(kith: &Kith) -> Self {
        let mut status = kith.json(&["status"]);
        // The size of its files is the database's own business.
        status
            .as_object_mut()
            .expect("status is an object")
            .remove("database");
        Self {
            circle: kith.json(&["report", "circle"]),
            status,
            assignments: kith.json(&["report", "assignments"]),
            accounts: kith.json(&["report", "accounts"]),
        }
    }

    /// Everything in which this differs from `expect`, one line each; empty when nothing does.
    pub fn differences(&self, expect: &Outcome) -> Vec<String> {
        let mut found = Differences::default();
        found.circle(&self.circle, expect);
        found.status(&self.status, expect);
        found.assignments(&self.assignments, expect);
        found.accounts(&self.accounts, expect);
        found.0
    }
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn note<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, said: &T, expected: &T) {
        if said != expected {
            self.0
                .push(format!("{what}: said {said:?}, expected {expected:?}"));
        }
    }

    fn circle(&mut self, said: &Value, expect: &Outcome) {
        let said = by_name("report circle", "did", said);
        self.names("report circle", said.keys(), expect.circle.keys());
        for (did, hop) in &expect.circle {
            if let Some(row) = said.get(did) {
                self.note(
                    &format!("hop of {did}"),
                    &count(row, "hop"),
                    &u64::from(*hop),
                );
            }
        }
    }

    fn status(&mut self, said: &Value, expect: &Outcome) {
        let status = said.as_object().expect("status is an object");
        let likes = status
            .get("likes")
            .and_then(Value::as_object)
            .expect("status has likes");
        for reason in REASONS {
            let expected = expect.likes.get(reason).copied().unwrap_or(0);
            self.note(&format!("likes {reason}"), &count(likes, reason), &expected);
        }
        self.note("epoch", &count(status, "epoch"), &expect.epoch);
        let ticks = expect.likes.get("ticks").copied().unwrap_or(0);
        self.note("ticks", &count(status, "ticks"), &ticks);
    }

    fn assignments(&mut self, said: &Value, expect: &Outcome) {
        let mut left: BTreeMap<(&str, &str), u64> = expect
            .ledger
            .iter()
            .flat_map(|(holder, h)| {
                h.rows
                    .iter()
                    .map(move |(o, p)| ((holder.as_str(), o.as_str()), *p))
            })
            .collect();
        for row in said.as_array().expect("report assignments is an array") {
            let row = row
                .as_object()
                .expect("a row of report assignments is an object");
            let (holder, origin, points) = (
                text(row, "holder"),
                text(row, "origin"),
                count(row, "points"),
            );
            let expected = left.remove(&(holder, origin)).unwrap_or(0); // A second row finds 0.
            self.note(
                &format!("points of {origin} held by {holder}"),
                &points,
                &expected,
            );
        }
        for ((holder, origin), points) in left {
            self.note(&format!("points of {origin} held by {holder}"), &0, &points);
        }
    }

    fn accounts(&mut self, said: &Value, expect: &Outcome) {
        let said = by_name("report accounts", "did", said);
        self.names("report accounts", said.keys(), expect.ledger.keys());
        for (did, expected) in &expect.ledger {
            let Some(row) = said.get(did) else { continue };
            let mut note = |key: &str, expected: u64| {
                self.note(&format!("{key} of {did}"), &count(row, key), &expected);
            };
            if did != SINK {
                note("own", expected.own);
            }
            note("others", expected.others);
            note(
                "tally",
                expected.others + expected.rows.values().sum::<u64>(),
            );
            note("rows", expected.rows.len() as u64);
            note("unclaimed", expected.unclaimed);
        }
    }

    fn names<'a>(
        &mut self,
        report: &str,
        said: impl Iterator<Item = &'a String>,
        expected: impl Iterator<Item = &'a String>,
    ) {
        let (said, expected): (BTreeSet<_>, BTreeSet<_>) = (said.collect(), expected.collect());
        for did in said.difference(&expected) {
            self.0.push(format!("{report}: {did} should not be there"));
        }
        for did in expected.difference(&said) {
            self.0.push(format!("{report}: {did} is missing"));
        }
    }
}

/// The rows of a report by the text under `key`, which must not repeat.
fn by_name<'a>(
    report: &str,
    key: &str,
    rows: &'a Value,
) -> BTreeMap<String, &'a Map<String, Value>> {
    let mut named = BTreeMap::new();
    for row in rows
        .as_array()
        .unwrap_or_else(|| panic!("{report} is an array"))
    {
        let row = row
            .as_object()
            .unwrap_or_else(|| panic!("a row of {report} is an object"));
        let twice = named.insert(text(row, key).to_owned(), row);
        assert!(twice.is_none(), "{report} has {} twice", text(row, key));
    }
    named
}

fn text<'a>(row: &'a Map<String, Value>, key: &str) -> &'a str {
    let value = row.get(key).and_then(Value::as_str);
    value.unwrap_or_else(|| panic!("no text under {key:?} in {row:?}"))
}

fn count(row: &Map<String, Value>, key: &str) -> u64 {
    let value = row.get(key).and_then(Value::as_u64);
    value.unwrap_or_else(|| panic!("no count under {key:?} in {row:?}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Expected, Outcome, REASONS, Said};
    use crate::places::recordings;

    type Report = fn(&mut Said) -> &mut Value;

    /// What a Kith would say that agrees with the expectation.
    fn right(expect: &Outcome) -> Said {
        let likes = |reason: &str| expect.likes.get(reason).copied().unwrap_or(0);
        let circle = expect
            .circle
            .iter()
            .map(|(did, hop)| json!({"did": did, "hop": hop}));
        let accounts = expect.ledger.iter().map(|(did, h)| {
            let tally = h.others + h.rows.values().sum::<u64>();
            json!({"did": did, "own": h.own, "others": h.others, "tally": tally,
                "rows": h.rows.len(), "unclaimed": h.unclaimed})
        });
        let assignments = expect.ledger.iter().flat_map(|(did, h)| {
            h.rows
                .iter()
                .map(move |(o, p)| json!({"holder": did, "origin": o, "points": p}))
        });
        let counts: Value = REASONS
            .iter()
            .map(|r| ((*r).to_owned(), json!(likes(r))))
            .collect();
        Said {
            circle: circle.collect(),
            status: json!({"epoch": expect.epoch, "ticks": likes("ticks"), "likes": counts}),
            assignments: assignments.collect(),
            accounts: accounts.collect(),
        }
    }

    #[test]
    fn what_is_expected_does_not_differ() {
        let cases = Expected::read(&recordings().expected).cases;
        assert_eq!(cases.len(), 5);
        for case in cases {
            let differences = right(&case.expect).differences(&case.expect);
            assert!(differences.is_empty(), "{}: {differences:#?}", case.name);
        }
    }

    fn second_case() -> Outcome {
        let mut cases = Expected::read(&recordings().expected).cases;
        cases.swap_remove(1).expect
    }

    #[test]
    fn every_number_counts() {
        let expect = second_case();
        let numbers: [(Report, &str); 11] = [
            (|said| &mut said.circle, "/3/hop"),
            (|said| &mut said.status, "/likes/accepted"),
            (|said| &mut said.status, "/likes/capped"),
            (|said| &mut said.status, "/epoch"),
            (|said| &mut said.status, "/ticks"),
            (|said| &mut said.assignments, "/0/points"),
            (|said| &mut said.accounts, "/0/own"),
            (|said| &mut said.accounts, "/0/others"),
            (|said| &mut said.accounts, "/0/tally"),
            (|said| &mut said.accounts, "/0/rows"),
            (|said| &mut said.accounts, "/0/unclaimed"),
        ];
        for (report, number) in numbers {
            let mut said = right(&expect);
            *report(&mut said).pointer_mut(number).unwrap() = json!(987_654);
            let differences = said.differences(&expect);
            assert_eq!(differences.len(), 1, "{number}: {differences:?}");
        }
    }

    #[test]
    fn every_row_counts() {
        let expect = second_case();
        let reports: [Report; 3] = [
            |said| &mut said.circle,
            |said| &mut said.assignments,
            |said| &mut said.accounts,
        ];
        for report in reports {
            let mut fewer = right(&expect);
            report(&mut fewer).as_array_mut().unwrap().pop();
            assert_eq!(fewer.differences(&expect).len(), 1);

            let mut more = right(&expect);
            let rows = report(&mut more).as_array_mut().unwrap();
            let mut row = rows[0].clone();
            for name in ["did", "holder"] {
                if let Some(did) = row.get_mut(name) {
                    *did = json!("did:plc:stranger");
                }
            }
            rows.push(row);
            assert_eq!(more.differences(&expect).len(), 1);
        }
    }

    #[test]
    fn a_row_said_twice_is_noticed() {
        let expect = second_case();
        let mut said = right(&expect);
        let rows = said.assignments.as_array_mut().unwrap();
        rows.push(rows[0].clone());
        assert_eq!(said.differences(&expect).len(), 1);
    }
}
