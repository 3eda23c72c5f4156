//! The graphs against what reports say of the same.

use std::collections::{BTreeMap, BTreeSet};

use kith_tests::Kith;
use serde_json::{Map, Value, json};

use super::{HARMLESS, IN_XML, int, report, rows, text};
use crate::reports::{HOLDER, VIEWER};

type Edges = BTreeMap<(String, String), i64>;

fn edges(graph: &Value) -> Edges {
    let edges = graph["edges"].as_array().expect("a list");
    let found: Edges = edges
        .iter()
        .map(|edge| {
            let name = |i: usize| edge[i].as_str().expect("a DID").to_owned();
            ((name(0), name(1)), edge[2].as_i64().expect("a number"))
        })
        .collect();
    assert_eq!(found.len(), edges.len(), "an edge for each pair");
    found
}

/// Sums of rows by pairs of members.
fn summed(rows: &[Map<String, Value>], from: &str, to: &str, members: &BTreeSet<String>) -> Edges {
    let mut sums = Edges::new();
    for row in rows {
        let pair = [text(row, from), text(row, to)].map(str::to_owned);
        if pair.iter().all(|did| members.contains(did)) {
            let points = row.get("points").or(row.get("value"));
            *sums.entry(pair.into()).or_default() +=
                points.and_then(Value::as_i64).expect("points");
        }
    }
    sums
}

/// Every graph, as both formats have it, against reports.
pub(super) fn graphs(kith: &Kith, opened: &Value) {
    let circle = report(kith, &["circle"]);
    let members: BTreeSet<String> = circle
        .iter()
        .map(|row| text(row, "did").to_owned())
        .collect();
    let points: BTreeMap<String, i64> = report(kith, &["top"])
        .iter()
        .map(|row| (text(row, "did").to_owned(), int(row, "points")))
        .collect();
    let assignments = report(kith, &["assignments"]);
    let ties = report(kith, &["ties"]);
    let trust = rows(opened, "pyarrow", "local-trust");
    for format in ["graphml", "dot"] {
        let graph = |name: &str| &opened[format][name];
        for (name, wanted) in [
            (
                "assignments",
                summed(&assignments, "origin", "holder", &members),
            ),
            ("flows", summed(&ties, "sender", "receiver", &members)),
            ("likes", summed(&trust, "from", "to", &members)),
        ] {
            assert_eq!(graph(name)["directed"], true);
            assert!(wanted.len() > 20, "{name}");
            assert_eq!(edges(graph(name)), wanted, "{format} {name}");
            let nodes = graph(name)["nodes"].as_object().expect("nodes");
            assert_eq!(nodes.len(), circle.len());
            for member in &circle {
                let node = &nodes[text(member, "did")];
                let held = points.get(text(member, "did")).copied().unwrap_or(0);
                assert_eq!(node["points"], held, "{member:?}");
                assert_eq!(node["hop"], member["hop"], "{member:?}");
                let handle = match (text(member, "did"), format) {
                    (HOLDER, "dot") => json!(HARMLESS),
                    (HOLDER, _) => json!(IN_XML),
                    _ => member["handle"].clone(),
                };
                assert_eq!(node.get("handle").unwrap_or(&Value::Null), &handle);
            }
        }
        let all = edges(graph("assignments"));
        let best = edges(graph("strongest"));
        assert_eq!(best.len(), 5);
        let least = best.values().min().expect("five");
        assert!(best.iter().all(|(pair, weight)| all[pair] == *weight));
        assert!(
            all.iter()
                .all(|(pair, weight)| best.contains_key(pair) || weight <= least)
        );
        let ends: BTreeSet<&str> = best
            .keys()
            .flat_map(|(from, to)| [from.as_str(), to])
            .chain([VIEWER, HOLDER])
            .collect();
        let nodes = graph("strongest")["nodes"].as_object().expect("nodes");
        assert_eq!(
            nodes.keys().map(String::as_str).collect::<BTreeSet<_>>(),
            ends
        );
    }
}
