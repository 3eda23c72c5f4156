//! Who leaves the circle: what was its last commit is no longer known, in memory and in table
//! `repo`, since of strangers not every commit is read.

use std::collections::BTreeMap;

use kith_feeder::wire::{Action, Cid, Codec, Commit, Message, Op};
use kith_store::Store;

use super::{ALICE, BOB, CAROL, NOW, SECOND, commit, database, engine, follow, tracked_by};
use crate::{
    checker::Verdict,
    engine::{Arrival, Engine, tid},
};

/// The tree of a repo after its commit `n`, which comes `n` seconds from now.
fn tree(n: i64) -> Cid {
    Cid::for_block(Codec::DagCbor, &n.to_be_bytes())
}

fn rev(n: i64) -> String {
    tid::unpack(tid::at(NOW + n * SECOND))
}

/// The relay tells commit `n` of an account, which continues commit `before`.
fn tell(engine: &mut Engine, did: &str, n: i64, before: i64, ops: Vec<Op>) {
    let source = engine.source("relay", "wss://relay.example");
    let time = NOW + n * SECOND;
    let message = Message::Commit(Commit {
        seq: n.cast_unsigned(),
        repo: did.to_owned(),
        rev: rev(n),
        since: Some(rev(before)),
        time,
        commit: None,
        data: Some(tree(n)),
        prev_data: Some(tree(before)),
        chained: true,
        too_big: false,
        ops,
    });
    let arrival = Arrival {
        source,
        offset: None,
        verdict: Verdict::Good,
        now: time,
    };
    engine.message(message, arrival);
}

/// Table `repo`, by DID: the rev, and whether the tree is known.
async fn repos(store: &Store, engine: &Engine) -> BTreeMap<String, (String, bool)> {
    let mut repos = BTreeMap::new();
    let each = store.each_commit(|row| {
        let did = engine.circle.did(kith_graph::AccountId(row.account));
        repos.insert(did.as_str().to_owned(), (row.rev, row.data.is_some()));
    });
    each.await.expect("reads");
    repos
}

/// Bob is a member, leaves, and comes back. What he commits while he is away nobody reads.
#[tokio::test]
async fn who_left_and_comes_back_has_missed_nothing() {
    for restarts in [false, true] {
        let (_folder, store) = database().await;
        let mut settings = engine(&[ALICE]).settings;
        settings.tracked = vec![tracked_by(ALICE)];
        let open = async || Engine::open(&store, settings.clone()).await.expect("opens");
        let mut engine = open().await;
        let to = |subject| vec![follow(Action::Create, "r1", Some(subject))];
        tell(&mut engine, ALICE, 1, 0, to(BOB));
        tell(&mut engine, BOB, 2, 0, Vec::new());
        commit(&store, &mut engine).await;
        let known = |n, tree| (rev(n), tree);
        let read = repos(&store, &engine).await;
        assert_eq!(read[BOB], known(2, true));

        let gone = vec![follow(Action::Delete, "r1", None)];
        tell(&mut engine, ALICE, 3, 1, gone);
        commit(&store, &mut engine).await;
        let read = repos(&store, &engine).await;
        assert_eq!(read[BOB], known(2, false), "the tree of one who left");
        assert_eq!(read[ALICE], known(3, true), "who stays is known");
        if restarts {
            engine = open().await;
        }
        // Commit 4 of Bob's is the one that nobody reads.
        tell(&mut engine, ALICE, 5, 3, to(BOB));
        tell(&mut engine, BOB, 6, 4, to(CAROL));
        assert_eq!(engine.open_gaps(), 0, "after a restart: {restarts}");
        assert_eq!(engine.members_by_hop(), [1, 1, 1]);
        // His rev stayed: what comes again is not taken again.
        tell(&mut engine, BOB, 2, 0, to(ALICE));
        let stale = engine.counts().find(|(name, _)| *name == "frames.stale");
        assert_eq!(stale, Some(("frames.stale", 1)));

        // Of a member it is a gap.
        tell(&mut engine, BOB, 8, 7, Vec::new());
        assert_eq!(engine.open_gaps(), 1);
    }
}
