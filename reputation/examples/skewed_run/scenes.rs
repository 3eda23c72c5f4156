//! The ledgers that are measured.

use std::hint::black_box;
use std::time::{Duration, Instant};

use kith_reputation::{AccountId, AccountImage, Ledger, Operation, Row, RuleKind, Rules, Transfer};

/// Transfers in one batch.
pub(crate) const BATCH: u64 = 10;

/// A pair whose transfers are timed over and over.
pub(crate) struct Pair {
    ledger: Ledger,
    images: [AccountImage; 2],
}

/// Account 1 with so many contributors of 99 points each, account 2 with 1,000: the same ones
/// as far as they go, or others.
pub(crate) fn pair(rule: RuleKind, contributors: u32, known: bool) -> Pair {
    let most = 3 * contributors.max(1_000) + 10;
    let ledger = Ledger::resume(42, rules(rule), [], 0, most).unwrap();
    let odd = |at: u32| 2 * at + 3;
    let others = (0..1_000).map(|at| if known { odd(at) } else { odd(at) + 1 });
    let images = [image(rule, (0..contributors).map(odd)), image(rule, others)];
    let mut pair = Pair { ledger, images };
    for (id, image) in [AccountId(1), AccountId(2)].into_iter().zip(&pair.images) {
        pair.ledger.restore_account(id, image.clone()).unwrap();
    }
    pair
}

/// Puts the pair back to where it began, and times a batch of transfers of 100 points.
pub(crate) fn time_of_transfers(pair: &mut Pair, round: u64) -> Duration {
    for (id, image) in [AccountId(1), AccountId(2)].into_iter().zip(&pair.images) {
        pair.ledger.steps().replace(id, image.clone()).unwrap();
    }
    let nonce = |at: u64| (round * BATCH + at).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let likes: Vec<Operation> = (0..BATCH).map(|at| like(1, 2, 100, nonce(at))).collect();
    let start = Instant::now();
    for like in &likes {
        assert!(black_box(pair.ledger.apply(black_box(like))).is_accepted());
    }
    start.elapsed()
}

/// So many accounts with 1,000 rows each.
pub(crate) fn crowd(rule: RuleKind, accounts: u32) -> Ledger {
    let mut ledger = Ledger::resume(42, rules(rule), [], 0, accounts + 1).unwrap();
    for id in 1..=accounts {
        let origins = (0..1_000).map(|at| accounts + 1 + at * 3 + id % 3);
        ledger
            .restore_account(AccountId(id), image(rule, origins))
            .unwrap();
    }
    ledger
}

fn image(rule: RuleKind, origins: impl Iterator<Item = u32>) -> AccountImage {
    let touched = (rule == RuleKind::Reference).then_some(0);
    let rows = origins.map(|origin| Row {
        origin: AccountId(origin),
        points: 99,
        touched,
    });
    AccountImage {
        own: 100_000,
        rows: rows.collect(),
        ..AccountImage::default()
    }
}

pub(crate) fn rules(rule: RuleKind) -> Rules {
    Rules {
        rule,
        ..Rules::default()
    }
}

pub(crate) fn like(sender: u32, receiver: u32, points: u64, nonce: u64) -> Operation {
    let (sender, receiver) = (AccountId(sender), AccountId(receiver));
    Operation::Transfer(Transfer {
        sender,
        receiver,
        points,
        nonce,
        held: false,
    })
}
