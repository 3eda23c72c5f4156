//! What is left of likes whose journal was dropped.

use super::*;

/// Epochs of a day, of which the journal of one is kept.
async fn open(store: &Store) -> Engine {
    let mut settings = engine(&[ALICE, BOB]).settings;
    settings.parameters.epoch_micros = DAY;
    settings.keep_checkpoints = 1;
    settings.retain_epochs = Some(1);
    let mut engine = Engine::open(store, settings).await.expect("opens");
    for order in engine.backfill_orders(9, NOW) {
        engine.backfilled(&order.did, Ok(read(&order.did)), NOW);
    }
    engine
}

async fn commit_all(store: &Store, engine: &mut Engine) {
    engine.begin_checkpoint();
    commit(store, engine).await;
    while engine.has_pending() {
        commit(store, engine).await;
    }
}

async fn dropped(store: &Store) -> Vec<String> {
    let mut keys = Vec::new();
    let each = store.each_dropped_like(i64::MIN, "", |_, _, rkey, _| keys.push(rkey.to_owned()));
    each.await.expect("reads");
    keys.sort_unstable();
    keys
}

/// A repair reaches back 30 days: for so long is it known which likes were counted.
#[tokio::test]
async fn likes_are_forgotten_when_no_repair_can_bring_them() {
    let (_folder, store) = database().await;
    let mut engine = open(&store).await;
    let (mut before, mut most) = (0, 0);
    for day in 0..40 {
        let now = day * DAY / SECOND + 1;
        let one = like(NOW + day * DAY + SECOND, BOB);
        let odd = LikeRecord {
            rkey: format!("day{day}"),
            subject: one.subject.replace("post/3", "post/4"),
            ..one.clone()
        };
        tell_commit(
            &mut engine,
            ALICE,
            now,
            before,
            vec![made(&one), made(&odd)],
        );
        before = now;
        commit_all(&store, &mut engine).await;
        most = most.max(dropped(&store).await.len());
    }
    assert_eq!(counted(&engine, "likes.accepted"), 80);
    assert!(engine.state.dropped_position > 100);
    let left = dropped(&store).await;
    let first = tid::unpack(tid::at(NOW + 9 * DAY));
    assert!(left[0] > first, "{} is after {first}", left[0]);
    assert!((25..=30).contains(&left.len()) && most <= 31, "{left:?}");
}

/// The key of a like is later than the epoch in which it came, by a client's fast clock.
#[tokio::test]
async fn a_like_of_a_fast_clock_is_known_when_its_journal_is_dropped() {
    for restarts in [false, true] {
        let (_folder, store) = database().await;
        let mut engine = open(&store).await;
        let ahead = like(NOW + 3 * DAY, BOB);
        tell_commit(&mut engine, ALICE, 1, 0, vec![made(&ahead)]);
        let mut before = 0;
        for day in 1..4 {
            let now = day * DAY / SECOND;
            tell_commit(&mut engine, BOB, now, before, Vec::new());
            before = now;
            commit_all(&store, &mut engine).await;
        }
        assert_eq!(dropped(&store).await.len(), 1);
        if restarts {
            engine = open(&store).await;
        }
        let now = 4 * DAY / SECOND;
        tell_commit(&mut engine, ALICE, now, now - 1, Vec::new());
        assert_eq!(engine.open_gaps(), 1, "commits were missed");
        assert_eq!(dids(&engine.backfill_orders(9, NOW)), [ALICE]);
        engine.backfilled(ALICE, Ok(liking(ALICE, &[ahead])), NOW + 4 * DAY);
        assert_eq!(engine.open_gaps(), 0);
        let accepted = counted(&engine, "likes.accepted");
        assert_eq!(accepted, 1, "restarted: {restarts}");
    }
}
