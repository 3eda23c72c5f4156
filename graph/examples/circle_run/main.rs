//! Measures the circle, and `petgraph`'s own graphs beside it, on a synthetic network.
//!
//! `cargo run --release -p kith-graph --example circle_run -- [ACCOUNTS [TRACKED [INTERIOR [MEAN]]]]`
//!
//! Each storage runs in a process of its own, so that resident memory is its own. Latencies of
//! edge changes are of the first time each is made, and `worst` is the worst of each one's best of
//! three, which leaves out what other processes did to this one.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its output is its purpose"
)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "figures for people"
)]

use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use kith_graph::{AccountId, Changes, Circle};

mod beside;
#[path = "../../benches/network/mod.rs"]
mod network;
mod timings;

use network::{Network, Random, did, rkey};
use timings::Timings;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, default: f64| {
        arguments
            .get(place)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let network = Network {
        accounts: number(0, 2e6) as u32,
        tracked: number(1, 50.0) as u32,
        interior: number(2, 30_000.0) as u32,
        mean: number(3, 333.0),
    };
    match arguments.get(4).map(String::as_str) {
        Some("circle") => circle(&network),
        Some("DiGraphMap") => beside::graph_map(&network),
        Some("StableDiGraph") => beside::stable_graph(&network),
        _ => return run_each(&network),
    }
    ExitCode::SUCCESS
}

/// Runs each storage in a process of its own.
fn run_each(network: &Network) -> ExitCode {
    let Network {
        accounts,
        tracked,
        interior,
        mean,
    } = network;
    println!("{network:?}");
    let Ok(program) = std::env::current_exe() else {
        return ExitCode::FAILURE;
    };
    for storage in ["circle", "DiGraphMap", "StableDiGraph"] {
        println!("\n{storage}");
        let numbers = [accounts, tracked, interior].map(u32::to_string);
        let mut command = Command::new(&program);
        command
            .args(numbers)
            .args([mean.to_string(), storage.to_owned()]);
        if !command.status().is_ok_and(|status| status.success()) {
            eprintln!("{storage} did not finish");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn circle(network: &Network) {
    let mut circle = Circle::new(2).expect("a depth");
    let before = resident();
    let start = Instant::now();
    for n in network.shuffled() {
        circle.intern(&did(n));
    }
    let interned = resident() - before;
    row(
        "intern, ns each (with making the DID)",
        per(start.elapsed(), network.accounts as usize),
    );
    row(
        "bytes an account",
        interned as f64 / f64::from(network.accounts),
    );

    let ids: Vec<AccountId> = (0..network.accounts)
        .map(|n| circle.intern(&did(n)))
        .collect();
    let mut changes = Changes::new();
    for tracked in &ids[..network.tracked as usize] {
        circle.track(*tracked, &mut changes);
    }
    let before = resident();
    let mut building = Duration::ZERO;
    for follower in 0..network.interior {
        let listed: Vec<(String, AccountId)> = (0_u64..)
            .zip(network.follows(follower))
            .map(|(n, subject)| (rkey(n), ids[subject as usize]))
            .collect();
        let start = Instant::now();
        circle.replace_follows(ids[follower as usize], &listed, |_| false, &mut changes);
        building += start.elapsed();
        changes.clear();
    }
    let held = resident() - before;
    let edges = circle.sizes().follows;
    row("edges", edges as f64);
    row("members", circle.members().count() as f64);
    row("build, s", building.as_secs_f64());
    row("build, ns an edge", per(building, edges));
    row("bytes an edge", held as f64 / edges as f64);
    questions(network, &circle, &ids);
    edge_changes(network, &mut circle, &ids);
    tracking(&mut circle, &ids);
    growth(network);
}

/// Follows and unfollows at ordinary accounts and at hubs.
fn edge_changes(network: &Network, circle: &mut Circle, ids: &[AccountId]) {
    let mut random = Random(7);
    let mut timings = Timings::default();
    for n in 0..100_000 {
        let follower = ids[random.below(network.interior) as usize];
        let subject = ids[random.below(network.accounts) as usize];
        timings.follow_and_unfollow(circle, follower, &rkey(1_000_000 + n), subject);
    }
    timings.print("anyone's new follow, and its end");

    let mut timings = Timings::default();
    for n in 0..20_000_u64 {
        let follower = ids[random.below(network.interior) as usize];
        let records = circle.follow_count(follower) as u32;
        let nth = random.below(records.max(1)) as usize;
        let Some((old, subject)) = circle
            .follows(follower)
            .nth(nth)
            .map(|(rkey, subject)| (rkey.to_string(), subject))
        else {
            continue;
        };
        timings.unfollow_and_follow(circle, follower, &old, subject);
        black_box(n);
    }
    timings.print("anyone's old follow ended, and again");

    for size in [10_000, 100_000, 1_000_000] {
        let hub = circle.intern(&format!("did:web:out-{size}.example"));
        circle.track(hub, &mut Changes::new());
        let listed: Vec<_> = (0..size)
            .map(|n| (rkey(n), ids[n as usize % ids.len()]))
            .collect();
        circle.replace_follows(hub, &listed, |_| false, &mut Changes::new());
        let mut timings = Timings::default();
        for _ in 0..10_000 {
            let (rkey, subject) = &listed[random.below(size as u32) as usize];
            timings.unfollow_and_follow(circle, hub, rkey, *subject);
        }
        timings.print(&format!("a follow of one with {size} follows"));
        circle.drop_follows(hub, &mut Changes::new());
        circle.untrack(hub, &mut Changes::new());
    }

    let celebrity = circle.intern("did:web:in.example");
    for follower in ids.iter().take(1_000_000) {
        circle.set_follow(*follower, &rkey(2_000_000), celebrity, &mut Changes::new());
    }
    let mut timings = Timings::default();
    for _ in 0..10_000 {
        let follower = ids[random.below(ids.len().min(1_000_000) as u32) as usize];
        timings.unfollow_and_follow(circle, follower, &rkey(2_000_000), celebrity);
    }
    timings.print("a follow of one with 1000000 followers");

    hub_comes_and_goes(circle, ids);
}

/// A hub whose 10,000 follows begin and end to count, though few hops change by it.
fn hub_comes_and_goes(circle: &mut Circle, ids: &[AccountId]) {
    let hub = circle.intern("did:web:comes.example");
    let followed: Vec<_> = circle
        .members()
        .filter(|(_, hop)| *hop > 0)
        .map(|(id, _)| id)
        .collect();
    let step = (followed.len() / 10_000).max(1);
    let listed: Vec<_> = (0..)
        .zip(followed.iter().step_by(step))
        .map(|(n, id)| (rkey(n), *id))
        .collect();
    circle.replace_follows(hub, &listed, |_| false, &mut Changes::new());
    let mut timings = Timings::default();
    let mut cold = vec![0_u8; 1 << 26];
    for n in 0..100 {
        // So that each time the hub's subjects are out of the cache.
        cold.iter_mut()
            .step_by(64)
            .for_each(|byte| *byte = byte.wrapping_add(1));
        timings.follow_and_unfollow(circle, ids[0], &rkey(3_000_000 + n), hub);
    }
    timings.print(&format!("one with {} follows enters, leaves", listed.len()));
}

fn questions(network: &Network, circle: &Circle, ids: &[AccountId]) {
    let strangers: Vec<String> = (0..1_000_000).map(|n| did(network.accounts + n)).collect();
    let dids = |wanted: &dyn Fn(AccountId) -> bool| -> Vec<String> {
        let mut random = Random(11);
        let all = (0..2_000_000).map(|_| random.below(network.accounts));
        all.filter(|n| wanted(ids[*n as usize]))
            .take(300_000)
            .map(did)
            .collect()
    };
    let outside = dids(&|id| circle.hop(id).is_none());
    let inside = dids(&|id| circle.hop(id).is_some());
    for (name, dids) in [
        ("a stranger", strangers),
        ("a known non-member", outside),
        ("a member", inside),
    ] {
        let found = dids.iter().filter(|did| circle.is_member(did)).count();
        let at_once = by_block(&dids, |dids| {
            black_box(dids.iter().filter(|did| circle.is_member(did)).count());
        });
        row(
            &format!("is_member of {name} ({found} of {}), ns", dids.len()),
            at_once,
        );
        // Each question waits for the answer before, as on the way of a frame.
        let waiting = by_block(&dids, |dids| {
            let mut answer = 0;
            for did in dids {
                answer = black_box(usize::from(circle.is_member(&did[answer >> 1..])));
            }
        });
        row("  each after the answer before, ns", waiting);
    }
    let start = Instant::now();
    let hops = circle.recompute_hops();
    row("recompute_hops, ms", millis(start));
    assert!(
        (0..)
            .zip(&hops)
            .all(|(id, hop)| circle.hop(AccountId(id)) == *hop),
        "hops differ"
    );
    let start = Instant::now();
    let rings = circle.rings();
    row(&format!("rings, ms ({} rings)", rings.len()), millis(start));
    let mut random = Random(13);
    let mut worst = 0.0_f64;
    for _ in 0..20 {
        let start = Instant::now();
        black_box(circle.explain(ids[random.below(network.accounts) as usize], 20));
        worst = worst.max(millis(start));
    }
    row("explain, worst of 20, ms", worst);
}

/// What growing costs the call in which it happens: everybody is interned, enters and leaves.
fn growth(network: &Network) {
    let mut circle = Circle::new(1).expect("a depth");
    let mut changes = Changes::new();
    let roots: Vec<_> = (0..1_000)
        .map(|n| circle.intern(&format!("did:web:{n}.example")))
        .collect();
    for root in &roots {
        circle.track(*root, &mut changes);
    }
    let mut took = [Vec::new(), Vec::new(), Vec::new()];
    let mut time = |kind: usize, call: &mut dyn FnMut()| {
        let start = Instant::now();
        call();
        took[kind].push(start.elapsed());
    };
    let mut ids = Vec::new();
    for n in network.shuffled() {
        let did = did(n);
        time(0, &mut || ids.push(circle.intern(&did)));
    }
    for (kind, follow) in [(1, true), (2, false)] {
        for (n, id) in (0_u64..).zip(&ids) {
            let (root, rkey) = (roots[n as usize % roots.len()], rkey(n));
            changes.clear();
            time(kind, &mut || {
                if follow {
                    circle.set_follow(root, &rkey, *id, &mut changes);
                } else {
                    circle.remove_follow(root, &rkey, &mut changes);
                }
            });
        }
    }
    for (name, took) in [
        "everybody is interned",
        "everybody enters",
        "everybody leaves",
    ]
    .into_iter()
    .zip(took)
    {
        let between = |from: u64, to: u64| {
            let range = Duration::from_micros(from)..Duration::from_micros(to);
            took.iter().filter(|took| range.contains(took)).count()
        };
        // Longer is the scheduler giving another process its turn.
        println!(
            "  {name:<46} calls of 100-200 µs: {}, 200-500 µs: {}, 500-3000 µs: {}",
            between(100, 200),
            between(200, 500),
            between(500, 3_000),
        );
    }
}

/// Nanoseconds for each DID: the median block of a thousand, each the best of five passes over all
/// of them (what a block brought into the cache is out of it again in the next pass).
fn by_block(dids: &[String], ask: impl Fn(&[String])) -> f64 {
    let blocks: Vec<&[String]> = dids.chunks(1_000).collect();
    let mut best = vec![f64::MAX; blocks.len()];
    for _ in 0..5 {
        for (best, block) in best.iter_mut().zip(&blocks) {
            let start = Instant::now();
            ask(block);
            *best = best.min(per(start.elapsed(), block.len()));
        }
    }
    best.sort_by(f64::total_cmp);
    best[best.len() / 2]
}

fn tracking(circle: &mut Circle, ids: &[AccountId]) {
    let mut changes = Changes::new();
    let start = Instant::now();
    circle.untrack(ids[0], &mut changes);
    row(
        &format!("untrack, ms ({} hops changed)", changes.len()),
        millis(start),
    );
    changes.clear();
    let start = Instant::now();
    circle.track(ids[0], &mut changes);
    row(
        &format!("track, ms ({} hops changed)", changes.len()),
        millis(start),
    );
}

fn row(name: &str, value: f64) {
    println!("  {name:<46} {value:>14.1}");
}

fn per(took: Duration, count: usize) -> f64 {
    took.as_secs_f64() * 1e9 / count as f64
}

fn millis(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// Resident memory in bytes; 0 where there is no `/proc`.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}
