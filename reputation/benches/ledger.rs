//! Single operations of the ledger. The whole-run figures are in `examples/skewed_run`.
//!
//! ```text
//! cargo bench -p kith-reputation
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "a bench looks at the clock, and has nobody to tell of an error"
)]

#[path = "../examples/skewed_run/scenes.rs"]
mod scenes;

use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use kith_reputation::{AccountId, Operation, RuleKind};

/// A transfer of 100 points by a sender with own = 100,000 and so many rows of 99 points, to a
/// receiver with 1,000 rows of the same origins, or of none of them. Ten of them are timed, because
/// one is too short for the clock: a tenth is the figure.
fn transfer(criterion: &mut Criterion) {
    for rule in [RuleKind::Systematic, RuleKind::Reference] {
        let mut group = criterion.benchmark_group(format!("transfer/{rule:?}").to_lowercase());
        for contributors in [10, 100, 1_000, 8_000] {
            for known in [true, false] {
                let mut scene = scenes::pair(rule, contributors, known);
                let mut nonce = 0;
                let name = format!("{contributors}/{}", if known { "known" } else { "new" });
                group.bench_function(name, |bencher| {
                    bencher.iter_custom(|rounds| {
                        let mut all = Duration::ZERO;
                        for _ in 0..rounds {
                            nonce += 1;
                            all += scenes::time_of_transfers(&mut scene, nonce);
                        }
                        all
                    });
                });
            }
        }
        group.finish();
    }
}

/// Settling one account with 1,000 rows over one tick.
fn settle(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("settle_1000_rows");
    for rule in [RuleKind::Systematic, RuleKind::Reference] {
        let mut scene = scenes::crowd(rule, 1);
        scene.apply(&Operation::Tick);
        group.bench_function(format!("{rule:?}").to_lowercase(), |bencher| {
            bencher.iter_batched_ref(
                || scene.clone(),
                |ledger| ledger.settle(AccountId(1)),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, transfer, settle);
criterion_main!(benches);
