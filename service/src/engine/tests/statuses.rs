//! What one relay said of an account, told again by another one that is behind.

use kith_feeder::wire::Message;
use kith_graph::Status;
use kith_store::Store;

use super::{ALICE, BOB, NOW, SECOND, commit, database, engine, following, tracked_by};
use crate::{
    checker::Verdict,
    engine::{Arrival, Engine},
};

const RELAY: (&str, &str) = ("relay", "wss://relay.example");
const BEHIND: (&str, &str) = ("relay", "wss://behind.example");

/// A source tells what became of Bob, `seconds` from now by its own clock. Whether Bob is deleted
/// then.
fn tell(engine: &mut Engine, (kind, url): (&str, &str), seconds: i64, is_active: bool) -> bool {
    let source = engine.source(kind, url);
    let seq = engine.sources[source.0].row.cursor.unwrap_or(0) + 1;
    let message = Message::Account {
        seq,
        did: BOB.into(),
        active: is_active,
        status: (!is_active).then(|| "deleted".to_owned()),
        time: NOW + seconds * SECOND,
    };
    let arrival = Arrival {
        source,
        offset: None,
        verdict: Verdict::Good,
        now: NOW + 3_600 * SECOND,
    };
    engine.message(&message, arrival);
    let bob = engine.circle.lookup(BOB).expect("is known");
    engine.circle.status(bob) == Status::Deleted
}

async fn begun(store: &Store) -> Engine {
    let mut settings = engine(&[ALICE]).settings;
    settings.seed = Some(7);
    settings.tracked = vec![tracked_by(ALICE)];
    let mut engine = Engine::open(store, settings).await.expect("opens");
    let _ = engine.backfill_orders(9, NOW);
    engine.backfilled(ALICE, Ok(following(ALICE, &[BOB])), NOW);
    engine
}

#[tokio::test]
async fn what_is_told_again_by_another_relay_is_not_heard_also_after_a_start() {
    let (_folder, store) = database().await;
    let mut engine = begun(&store).await;
    assert!(tell(&mut engine, RELAY, 10, false));
    assert!(!tell(&mut engine, RELAY, 20, true));
    assert!(!tell(&mut engine, BEHIND, 10, false), "it is over");
    commit(&store, &mut engine).await;

    let mut engine = begun(&store).await;
    assert!(!tell(&mut engine, BEHIND, 10, false), "it is known");
    assert!(!tell(&mut engine, BEHIND, 20, true));
    assert!(tell(&mut engine, BEHIND, 30, false), "this is news");
    assert!(!tell(&mut engine, BEHIND, 5, true), "by a clock put back");
    assert!(!tell(&mut engine, RELAY, 4, false));
}

/// A host is asked for its own accounts only, and an account may move to one whose clock is slow.
#[tokio::test]
async fn a_host_is_always_heard() {
    let (_folder, store) = database().await;
    let mut engine = begun(&store).await;
    assert!(tell(&mut engine, RELAY, 10, false));
    assert!(!tell(&mut engine, ("pds", "wss://host.example"), 9, true));
}
