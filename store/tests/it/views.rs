//! The reports say what `kith_reputation::views` say, row by row.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use kith_reputation::views::{blend, tally, trust};
use kith_reputation::{AccountId, Ledger, RuleKind};
use kith_store::{Parameter, Value};

use crate::history::{TRACKED, did_of, handle_of, hop_of};
use crate::twin::{Twin, twins};

#[test]
fn the_histories_have_something_of_everything() {
    let mut rules = BTreeSet::new();
    for Twin { history, name, .. } in twins() {
        let kind = history.ledger.rules().rule;
        rules.insert(format!("{kind:?}"));
        for what in [
            "transfer",
            "held",
            "tick",
            "claim",
            "pin",
            "unpin",
            "rules",
            "forget",
            "NotEnoughPoints",
            "SelfTransfer",
            "NoSuchEntry",
        ] {
            let times = history.happened.get(what).copied().unwrap_or_default();
            assert!(times > 0, "{name}: no {what} in {:?}", history.happened);
        }
        let accounts = || accounts(&history.ledger);
        let views = || accounts().filter_map(|id| history.ledger.account(id));
        assert!(views().any(|v| v.others() > 0), "{name}: nothing collapsed");
        assert!(
            views().any(|v| !v.unclaimed().is_empty()),
            "{name}: nothing waits"
        );
        let ways = || accounts().map(|id| history.flows.way(TRACKED[0], id));
        assert!(
            ways().any(|way| way.direct > 0 && way.second_hand > 0),
            "{name}: no second hand"
        );
        let sink = history
            .ledger
            .account(AccountId::SINK)
            .expect("is always there");
        assert_eq!(
            sink.row_count() > 0,
            kind == RuleKind::Reference,
            "{name}: rows of the sink"
        );
    }
    assert_eq!(rules.len(), 2);
}

#[test]
fn tally_is_report_accounts() {
    for twin in twins() {
        let ledger = &twin.history.ledger;
        let mut all: Vec<_> = accounts(ledger).map(|id| (tally(ledger, id), id)).collect();
        all.sort_by_key(|&(tally, id)| (std::cmp::Reverse(tally), id));
        let expected: Vec<_> = all
            .into_iter()
            .map(|(tally, id)| {
                let account = ledger.account(id).expect("is there");
                let [did, handle, hop] = named(id);
                vec![
                    did,
                    handle,
                    hop,
                    int(account.own()),
                    int(account.others()),
                    int(tally),
                    int(account.row_count() as u64),
                    int(account.unclaimed().len() as u64),
                ]
            })
            .collect();
        // This report has no limit.
        let said = twin.report("accounts", &[]);
        assert_eq!(
            said.columns.join(" "),
            "did handle hop own others tally rows unclaimed"
        );
        assert_eq!(said.rows, expected, "{}", twin.name);
    }
}

#[test]
fn trust_and_its_second_hand_part_are_report_trust() {
    let mut ways = 0;
    for twin in twins() {
        let (ledger, flows) = (&twin.history.ledger, &twin.history.flows);
        for viewer in accounts(ledger).skip(1) {
            let view = trust(ledger, viewer);
            let all: u64 = view.iter().map(|(_, points)| points).sum();
            let expected: Vec<_> = ranked(view)
                .map(|(rank, holder, points)| {
                    let [did, handle, hop] = named(holder);
                    let way = flows.way(viewer, holder);
                    let is_pinned = TRACKED.contains(&viewer) && ledger.is_pinned(viewer);
                    let split = way.split(points).filter(|_| is_pinned);
                    ways += usize::from(split.is_some());
                    let through = split.and_then(|_| through(&twin, viewer, holder));
                    vec![
                        did,
                        handle,
                        hop,
                        int(points),
                        share(points, all),
                        int(rank),
                        split.map_or(Value::Null, |way| int(way.direct)),
                        split.map_or(Value::Null, |way| int(way.second_hand)),
                        through.map_or(Value::Null, |id| Value::Text(did_of(id))),
                        through.and_then(handle_of).map_or(Value::Null, Value::Text),
                    ]
                })
                .collect();
            let parameter = ("viewer", Parameter::Text(did_of(viewer)));
            let columns =
                "did handle hop points share rank direct second_hand through through_handle";
            twin.says("trust", &[parameter], columns, &expected);
        }
    }
    assert!(ways > 100, "{ways} ways known");
}

/// The share of what flowed, in parts of 10,000 rounded down, bounds what the report makes of
/// the points that are left.
#[test]
fn the_second_hand_share_is_that_of_report_trust() {
    for twin in twins() {
        let mut shares = BTreeSet::new();
        for viewer in TRACKED {
            let parameters = [
                ("viewer", Parameter::Text(did_of(viewer))),
                ("limit", Parameter::Int(i64::MAX)),
            ];
            let said = twin.report("trust", &parameters);
            for row in &said.rows {
                let (Value::Int(points), Value::Int(second_hand)) = (&row[3], &row[7]) else {
                    continue;
                };
                let holder = accounts(&twin.history.ledger)
                    .find(|id| Value::Text(did_of(*id)) == row[0])
                    .expect("a known holder");
                let share = twin.history.flows.way(viewer, holder).second_hand_share();
                let bound =
                    |share: u32| (u64::from(share) * points.unsigned_abs()).div_ceil(10_000);
                let between = bound(share)..=bound(share + 1);
                let second_hand = second_hand.unsigned_abs();
                assert!(
                    between.contains(&second_hand),
                    "{}: {viewer:?} {row:?}, not within {between:?}",
                    twin.name
                );
                shares.insert(share);
            }
        }
        assert!(shares.len() > 10, "{}: shares {shares:?}", twin.name);
    }
}

#[test]
fn blend_is_report_blend() {
    for twin in twins() {
        let ledger = &twin.history.ledger;
        let mut rng = Rng::with_seed(7);
        let mut below_zero = 0;
        for _ in 0..60 {
            let viewers = random_viewers(&mut rng, ledger);
            let blended = blend(ledger, &viewers);
            below_zero += blended.iter().filter(|(_, points)| *points < 0).count();
            let expected: Vec<_> = ranked(blended)
                .map(|(rank, holder, points)| {
                    let [did, handle, hop] = named(holder);
                    let [added, taken, known] = parts(ledger, holder, &viewers);
                    assert_eq!(added - taken, points);
                    let numbers = [points, rank, added, taken, known];
                    let numbers = numbers.map(Value::Int);
                    [did, handle, hop].into_iter().chain(numbers).collect()
                })
                .collect();
            let text = written(&mut rng, &viewers);
            let columns = "did handle hop points rank added taken viewers";
            twin.says(
                "blend",
                &[("viewers", Parameter::Text(text))],
                columns,
                &expected,
            );
        }
        assert!(below_zero > 100, "{}: {below_zero} below zero", twin.name);
    }
}

#[test]
fn a_list_of_nobody_is_a_blend_of_nothing() {
    for twin in twins() {
        for nobody in [
            "",
            ",",
            "=",
            " , ,, ",
            "did:plc:unknown=2",
            "did:web:a",
            "nobody,=3",
        ] {
            let parameter = ("viewers", Parameter::Text(nobody.to_owned()));
            let columns = "did handle hop points rank added taken viewers";
            twin.says("blend", &[parameter], columns, &[]);
        }
    }
}

#[test]
fn the_blend_of_the_tracked_accounts_is_report_top() {
    for twin in twins() {
        let ledger = &twin.history.ledger;
        let viewers = TRACKED.map(|id| (id, 1));
        let expected: Vec<_> = ranked(blend(ledger, &viewers))
            .map(|(rank, holder, points)| {
                let [did, handle, hop] = named(holder);
                let [_, _, origins] = parts(ledger, holder, &viewers);
                let effective = effective_origins(ledger, holder);
                vec![
                    int(rank),
                    did,
                    handle,
                    hop,
                    int(points),
                    int(origins),
                    effective,
                ]
            })
            .collect();
        assert!(
            expected.len() > 10,
            "{}: {} holders",
            twin.name,
            expected.len()
        );
        let columns = "rank did handle hop points origins effective_origins";
        twin.says("top", &[], columns, &expected);
    }
}

/// The square of the sum over the sum of the squares, of the points of tracked accounts.
#[expect(
    clippy::cast_precision_loss,
    reason = "the query divides the same doubles"
)]
fn effective_origins(ledger: &Ledger, holder: AccountId) -> Value {
    let held = ledger.account(holder).expect("a known holder");
    let points = TRACKED.map(|origin| u64::from(held.points_of(origin)));
    let sum: u64 = points.iter().sum();
    let squares: u64 = points.iter().map(|points| points * points).sum();
    Value::Real((sum * sum) as f64 / squares as f64)
}

/// Up to six viewers, some twice, with weights of all kinds.
fn random_viewers(rng: &mut Rng, ledger: &Ledger) -> Vec<(AccountId, i32)> {
    let count = rng.usize(1..=6);
    let mut viewers: Vec<(AccountId, i32)> = (0..count)
        .map(|_| {
            let viewer = match rng.bool() {
                true => TRACKED[rng.usize(0..TRACKED.len())],
                false => AccountId(rng.u32(1..ledger.accounts())),
            };
            let weight = match rng.u32(0..10) {
                0 => rng.i32(-1_000_000..=1_000_000),
                _ => rng.i32(-3..=3),
            };
            (viewer, weight)
        })
        .collect();
    if rng.u32(0..4) == 0 {
        // Named again, so that nothing is left of its weight.
        viewers.push((viewers[0].0, -viewers[0].1));
    }
    viewers
}

/// The viewers as somebody might write them.
fn written(rng: &mut Rng, viewers: &[(AccountId, i32)]) -> String {
    let mut list: Vec<String> = viewers
        .iter()
        .map(|(viewer, weight)| {
            let did = did_of(*viewer);
            match rng.u32(0..4) {
                0 if *weight == 1 => did,
                1 => format!(" {did} = {weight} "),
                2 => format!("{did}={weight:+}"),
                _ => format!("{did}={weight}"),
            }
        })
        .collect();
    match rng.u32(0..4) {
        0 => list.push("did:plc:unknown=5".to_owned()),
        1 => list.push(String::new()),
        2 => list.insert(0, String::new()),
        _ => {}
    }
    list.join(",")
}

/// What viewers for and against a holder say, and how many say anything.
fn parts(ledger: &Ledger, holder: AccountId, viewers: &[(AccountId, i32)]) -> [i64; 3] {
    let mut weights: BTreeMap<AccountId, i64> = BTreeMap::new();
    for (viewer, weight) in viewers {
        *weights.entry(*viewer).or_default() += i64::from(*weight);
    }
    let held = ledger.account(holder).expect("a known holder");
    let mut parts = [0; 3];
    for (viewer, weight) in weights {
        let points = i64::from(held.points_of(viewer));
        parts[0] += weight.max(0) * points;
        parts[1] += (-weight).max(0) * points;
        parts[2] += i64::from(points > 0);
    }
    parts
}

/// Who passed on most of the viewer's points, of several the first.
fn through(twin: &Twin, viewer: AccountId, holder: AccountId) -> Option<AccountId> {
    let senders = twin.history.flows.senders(viewer, holder);
    let others = senders.filter(|(sender, _)| *sender != viewer);
    let most = others.min_by_key(|&(sender, points)| (std::cmp::Reverse(points), sender));
    most.map(|(sender, _)| sender)
}

/// With ranks: equal points, equal rank.
fn ranked<P: Copy + PartialEq>(
    view: Vec<(AccountId, P)>,
) -> impl Iterator<Item = (i64, AccountId, P)> {
    let mut before: Option<(i64, P)> = None;
    (1..).zip(view).map(move |(place, (holder, points))| {
        let rank = match before {
            Some((rank, same)) if same == points => rank,
            _ => place,
        };
        before = Some((rank, points));
        (rank, holder, points)
    })
}

fn accounts(ledger: &Ledger) -> impl Iterator<Item = AccountId> {
    (0..ledger.accounts()).map(AccountId)
}

/// The columns did, handle and hop.
fn named(id: AccountId) -> [Value; 3] {
    if id == AccountId::SINK {
        return [Value::Text("sink".to_owned()), Value::Null, Value::Null];
    }
    [
        Value::Text(did_of(id)),
        handle_of(id).map_or(Value::Null, Value::Text),
        hop_of(id).map_or(Value::Null, int),
    ]
}

fn int<N: TryInto<i64>>(number: N) -> Value {
    Value::Int(number.try_into().ok().expect("fits a column"))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the query divides the same two doubles"
)]
fn share(points: u64, all: u64) -> Value {
    Value::Real(points as f64 / all as f64)
}
