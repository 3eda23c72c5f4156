//! Commits of a Jetstream that come in parts, or again.

use kith_feeder::wire::{Action, Commit, Message, Op};

use super::{
    ALICE, BOB, CAROL, DAN, NOW, SECOND, counted, database, engine, follow, like, made, rev, tell,
};
use crate::engine::Engine;

/// Ops of commit `n` of Alice's, as a Jetstream tells them.
fn tell_part(engine: &mut Engine, n: i64, ops: &[Op]) {
    let commit = Commit {
        seq: n.cast_unsigned(),
        repo: ALICE.into(),
        rev: rev(n).into(),
        since: None,
        time: NOW + n * SECOND,
        commit: None,
        data: None,
        prev_data: None,
        chained: false,
        too_big: false,
        ops: ops.to_vec().into(),
    };
    tell(engine, n, &Message::Commit(commit));
}

/// A commit that follows three, and likes two of them.
fn whole() -> [Op; 5] {
    let followed = |(rkey, did)| follow(Action::Create, rkey, Some(did));
    let [bob, carol, dan] = [("r1", BOB), ("r2", CAROL), ("r3", DAN)].map(followed);
    let [first, second] = [(5, BOB), (6, CAROL)].map(|(n, did)| made(&like(NOW + n * SECOND, did)));
    [bob, carol, first, second, dan]
}

/// An engine that was told of Alice's first commit. Whoever likes a post twice counts twice.
fn begun() -> Engine {
    let mut engine = engine(&[ALICE]);
    engine.settings.parameters.repeat_once = false;
    tell_part(&mut engine, 1, &[]);
    engine
}

/// Whom Alice follows, and what of her likes and commits was counted.
fn outcome(engine: &Engine) -> (u64, u64, u64) {
    let followed = engine.members_by_hop()[1];
    let counts = ["likes.accepted", "frames.stale"].map(|name| counted(engine, name));
    (followed, counts[0], counts[1])
}

#[test]
fn what_comes_of_a_commit_later_is_taken_and_nothing_twice() {
    let all = whole();
    let (first, second) = all.split_at(3);
    let cases: [(&[&[Op]], u64); 5] = [
        (&[first, second], 0),
        (&[first, &all], 0),
        (&[first, second, &all], 1),
        (&[first, first, second], 1),
        (&[&all, &all, &all], 2),
    ];
    for (case, (parts, stale)) in cases.into_iter().enumerate() {
        let mut engine = begun();
        for part in parts {
            tell_part(&mut engine, 9, part);
        }
        assert_eq!(outcome(&engine), (3, 2, stale), "case {case}");
    }
}

/// What the account has done since is newer than the rest of a commit.
#[test]
fn only_of_the_last_commit_more_is_taken() {
    let all = whole();
    let mut engine = begun();
    tell_part(&mut engine, 9, &all[..3]);
    tell_part(&mut engine, 10, &[follow(Action::Delete, "r1", None)]);
    tell_part(&mut engine, 9, &all);
    assert_eq!(outcome(&engine), (1, 1, 1));
}

/// It is not kept: after a restart the rest of a commit passes for one that comes again.
#[tokio::test]
async fn after_a_restart_nothing_is_known_of_parts() {
    let (_folder, store) = database().await;
    let open = async || {
        let settings = engine(&[ALICE]).settings;
        Engine::open(&store, settings).await.expect("opens")
    };
    let (all, mut engine) = (whole(), open().await);
    tell_part(&mut engine, 1, &[]);
    tell_part(&mut engine, 9, &all[..3]);
    super::commit(&store, &mut engine).await;
    let mut engine = open().await;
    tell_part(&mut engine, 9, &all);
    assert_eq!(outcome(&engine), (2, 1, 1));
}
