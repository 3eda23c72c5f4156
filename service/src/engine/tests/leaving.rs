//! Who leaves the circle: what was its last commit is no longer known, in memory and in table
//! `repo`, since of strangers not every commit is read.

use std::collections::BTreeMap;

use kith_feeder::wire::Action;
use kith_store::Store;

use super::{ALICE, BOB, CAROL, commit, database, engine, follow, rev, tell_commit, tracked_by};
use crate::engine::Engine;

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
        tell_commit(&mut engine, ALICE, 1, 0, to(BOB));
        tell_commit(&mut engine, BOB, 2, 0, Vec::new());
        commit(&store, &mut engine).await;
        let known = |n, tree| (rev(n), tree);
        let read = repos(&store, &engine).await;
        assert_eq!(read[BOB], known(2, true));

        let gone = vec![follow(Action::Delete, "r1", None)];
        tell_commit(&mut engine, ALICE, 3, 1, gone);
        commit(&store, &mut engine).await;
        let read = repos(&store, &engine).await;
        assert_eq!(read[BOB], known(2, false), "the tree of one who left");
        assert_eq!(read[ALICE], known(3, true), "who stays is known");
        if restarts {
            engine = open().await;
        }
        // Commit 4 of Bob's is the one that nobody reads.
        tell_commit(&mut engine, ALICE, 5, 3, to(BOB));
        tell_commit(&mut engine, BOB, 6, 4, to(CAROL));
        assert_eq!(engine.open_gaps(), 0, "after a restart: {restarts}");
        assert_eq!(engine.members_by_hop(), [1, 1, 1]);
        // His rev stayed: what comes again is not taken again.
        tell_commit(&mut engine, BOB, 2, 0, to(ALICE));
        let stale = engine.counts().find(|(name, _)| *name == "frames.stale");
        assert_eq!(stale, Some(("frames.stale", 1)));

        // Of a member it is a gap.
        tell_commit(&mut engine, BOB, 8, 7, Vec::new());
        assert_eq!(engine.open_gaps(), 1);
    }
}
