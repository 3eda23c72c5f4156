//! The whole-run driver: throughput of a skewed load, time of a transfer by the number of
//! contributors, time of a tick, and memory, in one table.
//!
//! ```text
//! cargo run --release -p kith-reputation --example skewed_run -- [name=number]...
//! ```
//!
//! Names and defaults: `accounts=1000000`, `likes=20000000`, `tick_every=4000000`,
//! `rows=10000000` (of the tick), `rounds=20000` (of each transfer), `rule=0` (1 systematic only,
//! 2 reference only), `contributors=0` (of one transfer; 0 for all). Everything runs on one thread. Times are processor time where the system
//! tells it (a shared machine makes others meaningless), except of single transfers and ticks.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring program: it looks at the clock and prints"
)]

mod load;
mod scenes;

use std::time::{Duration, Instant};

use kith_reputation::{AccountId, Ledger, Operation, RuleKind};

use load::{Knobs, Skewed};

fn main() {
    let knobs = Knobs::from_arguments();
    println!("| what | rule | measured |");
    println!("| --- | --- | --- |");
    for (at, rule) in (1..).zip([RuleKind::Systematic, RuleKind::Reference]) {
        if knobs.rule != 0 && knobs.rule != at {
            continue;
        }
        skewed(&knobs, rule);
        for contributors in [10, 100, 1_000, 8_000] {
            if knobs.contributors != 0 && knobs.contributors != contributors {
                continue;
            }
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
    let (start, busy, mut pieces) = (Instant::now(), busy_time(), 0_u64);
    let mut batch = Vec::new();
    for at in 0..knobs.likes {
        if at > 0 && at % knobs.tick_every == 0 {
            let start = Instant::now();
            load.ledger.apply(&Operation::Tick);
            ticking += start.elapsed();
        }
        batch.push(load.next_like());
        if batch.len() < 8_192 && at + 1 < knobs.likes {
            continue;
        }
        // As a writer does that takes its operations in batches.
        for (at, like) in batch.iter().enumerate() {
            load.ledger.prefetch(|ahead| batch.get(at + ahead));
            let outcome = load.ledger.apply(like);
            accepted += u64::from(outcome.is_accepted());
            pieces += outcome.pieces.len() as u64;
        }
        batch.clear();
    }
    let took = Elapsed::since(start, busy);
    let resident = resident_bytes().saturating_sub(before);
    let (accounts, rows) = (u64::from(load.ledger.accounts()), count_rows(&load.ledger));
    let rate = knobs.likes as f64 / took.busy.as_secs_f64() / 1e6;
    let each = pieces as f64 / accepted.max(1) as f64;
    let measured = format!(
        "{rate:.2} M/s of processor time ({took}; {accepted} accepted, {each:.1} pieces each)"
    );
    row(
        rule,
        &format!("{} likes, {accounts} accounts", knobs.likes),
        &measured,
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
    let (start, busy) = (Instant::now(), busy_time());
    load.ledger.apply(&Operation::Tick);
    settle_all(&mut load.ledger);
    let took = Elapsed::since(start, busy);
    let each = took.busy.as_nanos() as f64 / rows as f64;
    row(
        rule,
        &format!("settling everybody, {rows} rows"),
        &format!("{each:.1} ns a row ({took})"),
    );
}

/// A transfer of 100 points by a sender with own = 100,000 and rows of 99 points, to a receiver
/// with 1,000 rows: of the same origins, or of none of them.
fn transfers(knobs: &Knobs, rule: RuleKind, contributors: u32, known: bool) {
    let (mut best, mut all) = (Duration::MAX, Duration::ZERO);
    let rounds = (knobs.rounds / u64::from(contributors.max(100)) * 10).max(5);
    let mut pair = scenes::pair(rule, contributors, known);
    for round in 0..rounds {
        let took = scenes::time_of_transfers(&mut pair, round);
        best = best.min(took);
        all += took;
    }
    let micros = |time: Duration, count: u64| time.as_secs_f64() * 1e6 / count as f64;
    let origins = if known { "known" } else { "new" };
    let (mean, best) = (
        micros(all, rounds * scenes::BATCH),
        micros(best, scenes::BATCH),
    );
    row(
        rule,
        &format!("transfer, {contributors} contributors, {origins} origins"),
        &format!("{best:.2} µs best, {mean:.2} mean"),
    );
}

/// A tick of accounts with 1,000 rows each.
fn tick(knobs: &Knobs, rule: RuleKind) {
    let mut ledger = scenes::crowd(rule, u32::try_from(knobs.rows / 1_000).unwrap().max(1));
    let rows = count_rows(&ledger);
    let start = Instant::now();
    ledger.apply(&Operation::Tick);
    let lazy = start.elapsed();
    let (start, busy) = (Instant::now(), busy_time());
    settle_all(&mut ledger);
    let eager = Elapsed::since(start, busy);
    let each = eager.busy.as_nanos() as f64 / rows as f64;
    row(
        rule,
        &format!("tick with {rows} rows, lazy"),
        &format!("{lazy:.0?}"),
    );
    row(
        rule,
        &format!("tick with {rows} rows, eager"),
        &format!("{each:.1} ns a row ({eager})"),
    );
}

/// Time that passed, and how much of it this thread ran.
struct Elapsed {
    wall: Duration,
    busy: Duration,
}

impl Elapsed {
    fn since(start: Instant, busy: Duration) -> Self {
        let wall = start.elapsed();
        let busy = busy_time().saturating_sub(busy);
        Self {
            wall,
            busy: if busy.is_zero() { wall } else { busy },
        }
    }
}

impl std::fmt::Display for Elapsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0?} busy, {:.0?} passed", self.busy, self.wall)
    }
}

/// Processor time of this process's only thread; 0 where the system does not tell.
fn busy_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
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
