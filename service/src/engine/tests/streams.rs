//! Gaps of a stream, in which anybody's likes and follows may lie.

use std::collections::{BTreeMap, VecDeque};

use kith_feeder::{
    backfill::{AccountRead, ReadError},
    wire::Action,
};
use kith_store::{Store, batch::CircleChangeRow};

use super::{
    ALICE, BOB, CAROL, DAN, NOW, SECOND, counted, database, engine, follow, following, like,
    liking, read, tell_commit, tracked_by,
};
use crate::engine::{Engine, Settings, repair::BackfillOrder};

/// What the hosts list; of others they list nothing. And whom they were asked for.
struct Hosts {
    lists: BTreeMap<String, AccountRead>,
    asked: VecDeque<BackfillOrder>,
}

impl Hosts {
    fn new<const N: usize>(reads: [AccountRead; N]) -> Hosts {
        Hosts {
            lists: reads.map(|read| (read.did.clone(), read)).into(),
            asked: VecDeque::new(),
        }
    }

    fn read(&self, did: &str) -> AccountRead {
        let listed = self.lists.get(did).cloned();
        listed.unwrap_or_else(|| read(did))
    }

    /// Answers in the order in which is asked, until nobody is to be read.
    fn answer_all(&mut self, engine: &mut Engine) {
        self.answer(engine, usize::MAX);
    }

    fn answer(&mut self, engine: &mut Engine, max: usize) {
        for _ in 0..max {
            self.asked.extend(engine.backfill_orders(9, NOW));
            let Some(BackfillOrder { did, .. }) = self.asked.pop_front() else {
                return;
            };
            engine.backfilled(&did, Ok(self.read(&did)), NOW);
        }
    }
}

fn miss_a_minute(engine: &mut Engine) {
    let source = engine.source("relay", "wss://relay.example");
    engine.stream_gap("clamped", source, Some(NOW), NOW + 60 * SECOND);
}

fn hop(engine: &Engine, did: &str) -> Option<u8> {
    let id = engine.circle.lookup(did)?;
    engine.circle.hop(id)
}

fn settings() -> Settings {
    let mut settings = engine(&[ALICE]).settings;
    settings.tracked = vec![tracked_by(ALICE)];
    settings
}

/// Alice is tracked, and everybody was read as these hosts have it.
async fn begun(store: &Store, hosts: &mut Hosts) -> Engine {
    let mut engine = Engine::open(store, settings()).await.expect("opens");
    tell_commit(&mut engine, ALICE, -90, -91, Vec::new());
    hosts.answer_all(&mut engine);
    engine
}

/// Commits, and says what the circle did.
async fn commit(store: &Store, engine: &mut Engine) -> Vec<CircleChangeRow> {
    let batch = engine.batch();
    store.commit(&batch).await.expect("commits");
    batch.changes
}

/// Dan stays in the circle by another way than before. Whoever is read first, he has never left it, and
/// what he did counts; after a restart in the middle, too.
#[tokio::test]
async fn who_is_followed_by_another_now_has_not_left() {
    let nobody = "did:web:nobody.example";
    // Whom Alice follows before and after, and Bob before.
    let cases: [(&[&str], &[&str], &[&str]); 4] = [
        // Bob leaves, Carol enters.
        (&[BOB], &[nobody, CAROL], &[DAN]),
        // Carol was there already, a hop further.
        (&[BOB], &[nobody, CAROL], &[DAN, CAROL]),
        // Both stay.
        (&[BOB, CAROL], &[BOB, CAROL], &[DAN]),
        // The key of one record is the other's now.
        (&[BOB, nobody], &[CAROL, BOB], &[DAN]),
    ];
    for (case, (before, after, by_bob)) in cases.into_iter().enumerate() {
        for restarted_after in 0..5 {
            let told = format!("case {case}, restarted after {restarted_after}");
            let (_folder, store) = database().await;
            let mut then = Hosts::new([following(ALICE, before), following(BOB, by_bob)]);
            let mut engine = begun(&store, &mut then).await;
            miss_a_minute(&mut engine);
            let alice = AccountRead {
                likes: liking(ALICE, &[like(NOW + 40 * SECOND, DAN)]).likes,
                ..following(ALICE, after)
            };
            let dan = liking(DAN, &[like(NOW + 30 * SECOND, ALICE)]);
            let mut now = Hosts::new([alice, following(CAROL, &[DAN]), dan]);
            let mut changes = Vec::new();
            if restarted_after > 0 {
                now.answer(&mut engine, restarted_after);
                changes.extend(commit(&store, &mut engine).await);
                engine = Engine::open(&store, settings()).await.expect("opens");
                now.asked.clear();
            }
            now.answer_all(&mut engine);
            changes.extend(commit(&store, &mut engine).await);
            assert_eq!(engine.open_gaps(), 0, "{told}");
            let dan = engine.circle.lookup(DAN).expect("is known");
            let of_dan = changes.iter().filter(|row| row.account == dan.0);
            let hops: Vec<_> = of_dan.map(|row| (row.from_hop, row.to_hop)).collect();
            assert_eq!(hops, [(None, Some(2))], "{told}");
            assert_eq!(counted(&engine, "likes.accepted"), 2, "{told}");
            let bob = if case < 2 { None } else { Some(1) };
            assert_eq!(hop(&engine, BOB), bob, "{told}");
        }
    }
}

/// What is told by the stream while a gap is read is newer than what was put off.
#[tokio::test]
async fn a_follow_that_is_made_again_meanwhile_stays() {
    for again in [false, true] {
        let (_folder, store) = database().await;
        let mut hosts = Hosts::new([following(ALICE, &[BOB, CAROL]), following(BOB, &[DAN])]);
        let mut engine = begun(&store, &mut hosts).await;
        miss_a_minute(&mut engine);
        let followed = hosts.lists.remove(BOB).expect("a list");
        hosts.answer(&mut engine, 2);
        assert_eq!(hop(&engine, DAN), Some(2), "Carol is still to be read");
        if again {
            engine.follow_op(BOB, &follow(Action::Create, "r0", Some(DAN)));
            hosts.lists.insert(BOB.to_owned(), followed);
        }
        // Once more, with the likes, Bob is read last.
        hosts.answer(&mut engine, 1);
        let _ = engine.backfill_orders(0, NOW);
        assert_eq!(hop(&engine, DAN), again.then_some(2));
        hosts.answer_all(&mut engine);
        assert_eq!(hop(&engine, DAN), again.then_some(2));
        assert_eq!(engine.open_gaps(), 0);
    }
}

/// What was put off is not lost, though of Bob no like is missing, who so would be done with.
#[tokio::test]
async fn what_was_put_off_outlives_a_restart() {
    let (_folder, store) = database().await;
    let mut hosts = Hosts::new([following(ALICE, &[BOB, CAROL]), following(BOB, &[DAN])]);
    let mut engine = begun(&store, &mut hosts).await;
    tell_commit(&mut engine, BOB, 100, 99, Vec::new());
    miss_a_minute(&mut engine);
    hosts.lists.remove(BOB);
    hosts.answer(&mut engine, 2);
    assert_eq!(hop(&engine, DAN), Some(2));
    commit(&store, &mut engine).await;
    engine = Engine::open(&store, settings()).await.expect("opens");
    hosts.asked.clear();
    hosts.answer_all(&mut engine);
    assert_eq!(hop(&engine, DAN), None);
    assert_eq!(engine.open_gaps(), 0);
}

/// Whoever is read last, and whatever becomes of it, the gap is closed then.
#[tokio::test]
async fn a_gap_is_closed_when_the_last_of_the_interior_was_read() {
    let (_folder, store) = database().await;
    let mut hosts = Hosts::new([following(ALICE, &[BOB])]);
    for case in 0..3 {
        let mut engine = begun(&store, &mut hosts).await;
        if case == 1 {
            // It said something after the gap's end already: no like of it is missing.
            tell_commit(&mut engine, BOB, 100, 99, Vec::new());
        }
        miss_a_minute(&mut engine);
        while let [order] = &engine.backfill_orders(1, NOW)[..] {
            let did = order.did.as_str();
            let answer = if did == BOB && case == 2 {
                Err(ReadError::Malformed {
                    did: BOB.to_owned(),
                    reason: "no end".to_owned(),
                })
            } else {
                Ok(hosts.read(did))
            };
            engine.backfilled(did, answer, NOW);
        }
        let open = engine.open_gaps();
        assert_eq!(open, 0, "case {case}");
    }
}
