//! What reports say follows from the circle, the accounts and the assignments (which other tests
//! hold equal to an independent model), and from the counts of `status`.

use std::collections::BTreeMap;

use kith_tests::Kith;
use serde_json::Value;

use crate::reports::{VIEWER, replayed};

/// Who holds what, and where they stand.
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

/// An account's past is the journal's, and ranks compare what members held.
#[test]
fn the_past_is_that_of_the_journal() {
    let kith = replayed("sqlite:kith.db");
    let status = kith.json(&["status"]);
    let accepted = status["likes"]["accepted"].as_i64().expect("a count");
    let epoch = status["epoch"].as_i64().expect("an epoch");
    let mut pasts: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in rows(&kith, &["accounts"]) {
        let did = text(&row, "did");
        if did != "sink" {
            pasts.insert(did.clone(), rows(&kith, &["history", "--account", &did]));
        }
    }
    let given: i64 = pasts
        .values()
        .flatten()
        .map(|row| number(row, "given"))
        .sum();
    assert_eq!(given, 100 * accepted);
    let at = |did: &str, epoch: i64| pasts[did].iter().find(|row| number(row, "epoch") == epoch);

    let delta = rows(&kith, &["delta"]);
    for row in &delta {
        let did = text(row, "did");
        let (now, before) = (at(&did, epoch - 1), at(&did, epoch - 2));
        let of =
            |row: Option<&Value>, field: &str| row.map_or(Value::Null, |row| row[field].clone());
        assert_eq!(row["rank"], of(now, "rank"), "{row}");
        assert_eq!(row["rank_before"], of(before, "rank"), "{row}");
        // Also of who was not in the circle, and so had no rank.
        let held = |row| of(row, "tracked").as_i64().unwrap_or_default();
        let (points, points_before) = (number(row, "points"), number(row, "points_before"));
        assert_eq!((points, points_before), (held(now), held(before)), "{row}");
        assert_eq!(number(row, "gained"), points - points_before, "{row}");
        if let Some(rank) = row["rank"].as_i64() {
            let more = delta.iter().filter(|other| {
                !other["rank"].is_null() && number(other, "points") > number(row, "points")
            });
            assert_eq!(i64::try_from(more.count()).ok(), Some(rank - 1), "{row}");
        }
        let movement = match (row["rank_before"].as_i64(), row["rank"].as_i64()) {
            (None, _) => "entered",
            (_, None) => "left",
            (Some(before), Some(now)) if now < before => "rising",
            (Some(before), Some(now)) if now > before => "falling",
            _ => "level",
        };
        assert_eq!(text(row, "movement"), movement);
    }
    assert!(delta.len() > 5, "{delta:?}");
    let newest = rows(&kith, &["standings"]);
    for back in 1..=3 {
        let then = epoch - back;
        let standings = rows(&kith, &["standings", "--epoch", &then.to_string()]);
        assert_eq!(standings == newest, back == 1, "{standings:?}");
        let ranked = pasts.keys().filter_map(|did| at(did, then));
        let ranked = ranked.filter(|row| !row["rank"].is_null()).count();
        assert!(
            ranked > 1 && standings.len() == ranked,
            "{ranked} of {standings:?}"
        );
        for row in &standings {
            let past = at(&text(row, "did"), then).expect("a past");
            assert_eq!(row["points"], past["tracked"], "{row}");
            for field in ["rank", "hop", "own", "tally", "received", "given", "epoch"] {
                assert_eq!(row[field], past[field], "{field} of {row}");
            }
        }
    }
    let earlier = (epoch - 3).to_string();
    assert_ne!(rows(&kith, &["delta", "--epoch", &earlier]), delta);
}
