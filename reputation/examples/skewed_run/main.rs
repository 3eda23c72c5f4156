//! The whole-run driver: throughput of a skewed load, time of a transfer by the number of
//! contributors, time of a tick, and memory, in one table.
//!
//! ```text
//! cargo run --release -p kith-reputation --example skewed_run -- [name=number]...
//! ```
//!
//! Names and defaults: accounts=1000000, likes=20000000, tick_every=4000000, rows=10000000
//! (of the tick), rounds=2000 (of each transfer). Everything runs on one thread.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring program: it looks at the clock and prints"
)]

mod scenes;

use std::time::{Duration, Instant};

use kith_reputation::{AccountId, Ledger, Operation, RuleKind};

use scenes::{Knobs, Skewed};

fn main() {
    let knobs = Knobs::from_arguments();
    println!("| what | rule | measured |");
    println!("| --- | --- | --- |");
    for rule in [RuleKind::Systematic, RuleKind::Reference] {
        skewed(&knobs, rule);
        for contributors in [10, 100, 1_000, 8_000] {
            for known in [true, false] {
                transfers(&knobs, rule, contributors, known);
            }
        }
        tick(&knobs, rule);
    }
}

fn row(rule: RuleKind, what: &str, measured: &str) {
    println!(
        "| {what} | {} | {measured} |",
        format!("{rule:?}").to_lowercase()
    );
}

/// Likes by squared and sixth-power uniforms, a tick every so many.
fn skewed(knobs: &Knobs, rule: RuleKind) {
    let before = resident_bytes();
    let mut load = Skewed::new(knobs, rule);
    let (mut ticking, mut accepted) = (Duration::ZERO, 0_u64);
    let start = Instant::now();
    for at in 0..knobs.likes {
        if at > 0 && at % knobs.tick_every == 0 {
            let start = Instant::now();
            load.ledger.apply(&Operation::Tick);
            ticking += start.elapsed();
        }
        let like = load.next_like();
        accepted += u64::from(load.ledger.apply(&like).is_accepted());
    }
    let took = start.elapsed().as_secs_f64();
    let resident = resident_bytes().saturating_sub(before);
    let (accounts, rows) = (u64::from(load.ledger.accounts()), count_rows(&load.ledger));
    let rate = knobs.likes as f64 / took / 1e6;
    row(
        rule,
        &format!("{} likes, {accounts} accounts", knobs.likes),
        &format!("{rate:.2} M/s ({accepted} accepted)"),
    );
    row(
        rule,
        "ticks among them, lazy",
        &format!("{ticking:.0?} together"),
    );
    let per_row = |fixed: u64| (resident as f64 - (fixed * accounts) as f64) / rows as f64;
    row(
        rule,
        &format!("memory with {rows} rows"),
        &format!(
            "{} MB: {:.1} bytes a row at 100 an account, {:.1} at 48",
            resident >> 20,
            per_row(100),
            per_row(48),
        ),
    );
    let start = Instant::now();
    load.ledger.apply(&Operation::Tick);
    settle_all(&mut load.ledger);
    let took = start.elapsed();
    let each = took.as_nanos() as f64 / rows as f64;
    row(
        rule,
        &format!("settling everybody, {rows} rows"),
        &format!("{took:.0?}, {each:.1} ns a row"),
    );
}

/// A transfer of 100 points by a sender with own = 100,000 and rows of 99 points, to a receiver
/// with 1,000 rows: of the same origins, or of none of them.
fn transfers(knobs: &Knobs, rule: RuleKind, contributors: u32, known: bool) {
    const BATCH: u64 = 10;
    let (mut best, mut all) = (Duration::MAX, Duration::ZERO);
    let rounds = (knobs.rounds / u64::from(contributors.max(100)) * 10).max(5);
    let mut scene = scenes::pair(rule, contributors, known);
    for round in 0..rounds {
        let mut ledger = scene.clone();
        let likes: Vec<Operation> = (0..BATCH)
            .map(|at| scenes::like_of_pair(round * BATCH + at))
            .collect();
        ledger.settle(AccountId(1));
        let start = Instant::now();
        for like in &likes {
            assert!(ledger.apply(like).is_accepted());
        }
        let took = start.elapsed();
        best = best.min(took);
        all += took;
    }
    scene.settle(AccountId(1));
    let micros = |time: Duration, count: u64| time.as_secs_f64() * 1e6 / count as f64;
    row(
        rule,
        &format!(
            "transfer, {contributors} contributors, {} origins",
            if known { "known" } else { "new" }
        ),
        &format!(
            "{:.2} µs (best {:.2})",
            micros(all, rounds * BATCH),
            micros(best, BATCH)
        ),
    );
}

/// A tick of accounts with 1,000 rows each.
fn tick(knobs: &Knobs, rule: RuleKind) {
    let mut ledger = scenes::crowd(rule, u32::try_from(knobs.rows / 1_000).unwrap().max(1));
    let rows = count_rows(&ledger);
    let start = Instant::now();
    ledger.apply(&Operation::Tick);
    let lazy = start.elapsed();
    let start = Instant::now();
    settle_all(&mut ledger);
    let eager = start.elapsed();
    let each = eager.as_nanos() as f64 / rows as f64;
    row(
        rule,
        &format!("tick with {rows} rows, lazy"),
        &format!("{lazy:.0?}"),
    );
    row(
        rule,
        &format!("tick with {rows} rows, eager"),
        &format!("{eager:.0?}, {each:.1} ns a row"),
    );
}

fn settle_all(ledger: &mut Ledger) {
    for id in 0..ledger.accounts() {
        ledger.settle(AccountId(id));
    }
}

fn count_rows(ledger: &Ledger) -> u64 {
    let counts =
        (0..ledger.accounts()).map(|id| ledger.account(AccountId(id)).map_or(0, |a| a.row_count()));
    counts.map(|count| count as u64).sum()
}

/// Resident memory of this process; 0 where the system does not tell.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}
