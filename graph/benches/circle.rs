//! The circle's daily work, one thing at a time, on a network of a tenth of the real size.
//!
//! `examples/circle_run.rs` has the whole: real size, memory, tails, and `petgraph` beside it.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a synthetic network"
)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use kith_graph::{AccountId, Changes, Circle};

mod network;

use network::{Network, Random, did, rkey};

const NETWORK: Network = Network {
    accounts: 200_000,
    tracked: 20,
    interior: 3_000,
    mean: 333.0,
};

fn build() -> (Circle, Vec<AccountId>) {
    let mut circle = Circle::new(2).expect("a depth");
    let mut changes = Changes::new();
    for n in NETWORK.shuffled() {
        circle.intern(&did(n));
    }
    let ids: Vec<_> = (0..NETWORK.accounts)
        .map(|n| circle.intern(&did(n)))
        .collect();
    for tracked in &ids[..NETWORK.tracked as usize] {
        circle.track(*tracked, &mut changes);
    }
    for follower in 0..NETWORK.interior {
        let listed = listed(follower, &ids);
        circle.replace_follows(ids[follower as usize], &listed, |_| false, &mut changes);
    }
    (circle, ids)
}

fn listed(follower: u32, ids: &[AccountId]) -> Vec<(String, AccountId)> {
    let follows = NETWORK.follows(follower).into_iter();
    (0_u64..)
        .zip(follows)
        .map(|(n, subject)| (rkey(n), ids[subject as usize]))
        .collect()
}

fn membership(c: &mut Criterion) {
    let (circle, ids) = build();
    let mut group = c.benchmark_group("is_member");
    let strangers: Vec<String> = (1..100_000).map(|n| did(NETWORK.accounts + n)).collect();
    let members: Vec<String> = (0..NETWORK.accounts)
        .filter(|n| circle.hop(ids[*n as usize]).is_some())
        .map(did)
        .collect();
    for (name, dids) in [("stranger", strangers), ("member", members)] {
        let mut next = dids.iter().cycle();
        group.bench_function(name, |b| {
            b.iter(|| next.next().is_some_and(|did| circle.is_member(did)));
        });
    }
}

fn edges(c: &mut Criterion) {
    let (mut circle, ids) = build();
    let mut random = Random(7);
    let mut changes = Changes::new();
    let mut group = c.benchmark_group("follow and unfollow");
    group.bench_function("anyone", |b| {
        b.iter(|| {
            let follower = ids[random.below(NETWORK.interior) as usize];
            let subject = ids[random.below(NETWORK.accounts) as usize];
            circle.set_follow(follower, "3zzzzzzzzzzzz", subject, &mut changes);
            circle.remove_follow(follower, "3zzzzzzzzzzzz", &mut changes);
            changes.clear();
        });
    });
    let hub = circle.intern("did:web:hub.example");
    let follows: Vec<_> = (0..10_000_u32)
        .map(|n| (rkey(u64::from(n)), ids[n as usize]))
        .collect();
    circle.track(hub, &mut changes);
    circle.replace_follows(hub, &follows, |_| false, &mut changes);
    group.bench_function("one with 10,000 follows", |b| {
        b.iter(|| {
            let (rkey, subject) = &follows[random.below(10_000) as usize];
            circle.remove_follow(hub, rkey, &mut changes);
            circle.set_follow(hub, rkey, *subject, &mut changes);
            changes.clear();
        });
    });
    circle.untrack(hub, &mut changes);
    group.bench_function("of one with 10,000 follows", |b| {
        b.iter(|| {
            circle.set_follow(ids[0], "3zzzzzzzzzzzz", hub, &mut changes);
            circle.remove_follow(ids[0], "3zzzzzzzzzzzz", &mut changes);
            changes.clear();
        });
    });
}

fn rereads(c: &mut Criterion) {
    let (mut circle, ids) = build();
    let records = listed(NETWORK.tracked + 1, &ids);
    let follower = ids[NETWORK.tracked as usize + 1];
    let mut changes = Changes::new();
    c.bench_function(
        &format!("re-read of {} follows, nothing new", records.len()),
        |b| {
            b.iter_batched_ref(
                Changes::new,
                |changes| circle.replace_follows(follower, &records, |_| false, changes),
                BatchSize::SmallInput,
            );
        },
    );
    c.bench_function("untrack and track", |b| {
        b.iter(|| {
            circle.untrack(ids[0], &mut changes);
            circle.track(ids[0], &mut changes);
            changes.clear();
        });
    });
}

fn questions(c: &mut Criterion) {
    let (circle, ids) = build();
    let mut random = Random(13);
    let mut group = c.benchmark_group("questions");
    group.sample_size(10);
    group.bench_function("explain", |b| {
        b.iter(|| black_box(circle.explain(ids[random.below(NETWORK.accounts) as usize], 20)));
    });
    group.bench_function("rings", |b| b.iter(|| black_box(circle.rings())));
    group.bench_function("recompute_hops", |b| {
        b.iter(|| black_box(circle.recompute_hops()));
    });
}

criterion_group!(benches, membership, edges, rereads, questions);
criterion_main!(benches);
