//! What comes late, or early: reads that are older than what was said meanwhile, answers that are
//! not the last word, keys of fast clocks.

use kith_feeder::{
    backfill::{AccountRead, AccountStatus, LikeRecord, ReadError},
    wire::{Action, Collection, Message, Op, Record},
};
use kith_graph::Status;
use kith_store::Store;

use super::{
    ALICE, BOB, CAROL, DAN, DAY, NOW, SECOND, commit, counted, database, dids, engine, follow,
    following, like, liking, made, read, rev, tell, tell_commit, tracked_by, tree,
};
use crate::engine::Engine;

fn tell_status(engine: &mut Engine, did: &str, n: i64, status: Option<&str>) {
    let message = Message::Account {
        seq: n.cast_unsigned(),
        did: did.into(),
        active: status.is_none(),
        status: status.map(str::to_owned),
        time: NOW + n * SECOND,
    };
    tell(engine, n, &message);
}

fn status(engine: &Engine, did: &str) -> Status {
    let id = engine.circle.lookup(did).expect("is known");
    engine.circle.status(id)
}

/// Alice is tracked, was read, and follows Bob, who is being read.
fn reading_bob() -> Engine {
    let mut engine = engine(&[ALICE]);
    assert_eq!(dids(&engine.backfill_orders(9, NOW)), [ALICE]);
    engine.backfilled(ALICE, Ok(following(ALICE, &[BOB])), NOW);
    assert_eq!(dids(&engine.backfill_orders(9, NOW)), [BOB]);
    engine
}

/// Who is not known to the directory for a while loses nothing but the while.
#[test]
fn only_who_stays_unknown_is_deleted() {
    let gone = |did: &str| ReadError::Gone {
        did: did.to_owned(),
    };
    for again in 0..2 {
        let mut engine = engine(&[ALICE]);
        let _ = engine.backfill_orders(9, NOW);
        engine.backfilled(ALICE, Ok(following(ALICE, &[BOB, CAROL])), NOW);
        engine.reactivated(engine.circle.lookup(ALICE).expect("is known"));
        let mut now = NOW;
        let mut attempts = 0;
        while status(&engine, ALICE) != Status::Deleted {
            assert_eq!(engine.members_by_hop(), [1, 2, 0], "nothing is lost");
            let orders = engine.backfill_orders(9, now);
            now += 3_600 * SECOND;
            if !orders.iter().any(|order| order.did == ALICE) {
                continue;
            }
            attempts += 1;
            engine.backfilled(ALICE, Err(gone(ALICE)), now);
            if again == 0 && attempts == 5 {
                assert_eq!(status(&engine, ALICE), Status::Inactive);
                let _ = engine.backfill_orders(9, now + 3_600 * SECOND);
                engine.backfilled(ALICE, Ok(following(ALICE, &[BOB, CAROL])), now);
                assert_eq!(status(&engine, ALICE), Status::Active);
                break;
            }
        }
        assert_eq!(attempts, if again == 0 { 5 } else { 12 });
    }
    // Its own host says it at once.
    let mut engine = reading_bob();
    let away = AccountRead {
        status: AccountStatus::Deleted,
        ..read(BOB)
    };
    engine.backfilled(BOB, Ok(away), NOW);
    assert_eq!(status(&engine, BOB), Status::Deleted);
}

#[test]
fn what_was_asked_before_an_account_left_is_not_what_it_follows_now() {
    let mut engine = reading_bob();
    engine.follow_op(ALICE, &follow(Action::Delete, "r0", None));
    assert_eq!(engine.members_by_hop(), [1, 0, 0]);
    engine.follow_op(ALICE, &follow(Action::Create, "r9", Some(BOB)));
    engine.backfilled(BOB, Ok(following(BOB, &[CAROL])), NOW);
    assert_eq!(engine.members_by_hop(), [1, 1, 0], "it was unfollowed");
    assert_eq!(dids(&engine.backfill_orders(9, NOW)), [BOB]);
    engine.backfilled(BOB, Ok(following(BOB, &[DAN])), NOW);
    assert_eq!(engine.members_by_hop(), [1, 1, 1]);
}

#[test]
fn a_status_that_is_told_while_an_account_is_read_is_newer() {
    for (word, expected) in [
        ("deactivated", Status::Deactivated),
        ("deleted", Status::Deleted),
    ] {
        let mut engine = reading_bob();
        tell_status(&mut engine, BOB, 1, Some(word));
        engine.backfilled(BOB, Ok(following(BOB, &[CAROL])), NOW);
        assert_eq!(status(&engine, BOB), expected);
        assert_eq!(engine.members_by_hop(), [1, 1, 0]);
        tell_status(&mut engine, BOB, 2, None);
        assert_eq!(dids(&engine.backfill_orders(9, NOW)), [BOB]);
    }
}

#[test]
fn a_relays_takedown_is_not_lifted_by_a_host_that_still_serves() {
    let mut engine = reading_bob();
    engine.backfilled(BOB, Ok(following(BOB, &[])), NOW);
    for (word, lifted) in [("takendown", false), ("deactivated", true)] {
        tell_status(&mut engine, BOB, 1, None);
        tell_status(&mut engine, BOB, 2, Some(word));
        let bob = engine.circle.lookup(BOB).expect("is known");
        engine.order_backfill(bob, "test");
        assert_eq!(dids(&engine.backfill_orders(9, NOW)), [BOB]);
        engine.backfilled(BOB, Ok(following(BOB, &[])), NOW);
        assert_eq!(status(&engine, BOB).is_active(), lifted, "{word}");
        engine.sources.clear();
    }
}

/// What the host itself says it may take back, whatever a relay had passed on before.
#[test]
fn a_suspension_that_was_read_is_lifted_by_reading() {
    let mut engine = reading_bob();
    tell_status(&mut engine, BOB, 1, None);
    let away = |status| AccountRead {
        status,
        ..read(BOB)
    };
    engine.backfilled(BOB, Ok(away(AccountStatus::Suspended)), NOW);
    assert_eq!(
        status(&engine, BOB),
        Status::Active,
        "that was told meanwhile"
    );
    assert_eq!(dids(&engine.backfill_orders(9, NOW)), [BOB]);
    engine.backfilled(BOB, Ok(away(AccountStatus::Suspended)), NOW);
    assert_eq!(status(&engine, BOB), Status::Suspended);
    let bob = engine.circle.lookup(BOB).expect("is known");
    engine.order_backfill(bob, "test");
    let _ = engine.backfill_orders(9, NOW);
    engine.backfilled(BOB, Ok(read(BOB)), NOW);
    assert_eq!(status(&engine, BOB), Status::Active);

    // A relay's stays, though the host finds another word for it.
    tell_status(&mut engine, BOB, 2, Some("takendown"));
    engine.order_backfill(bob, "test");
    let _ = engine.backfill_orders(9, NOW);
    engine.backfilled(BOB, Ok(away(AccountStatus::Deactivated)), NOW);
    assert_eq!(status(&engine, BOB), Status::Takendown);
}

/// An account that was read, and of which no commit came since, says that its repo is another.
#[test]
fn a_sync_of_who_is_known_by_reading_alone_is_read_again() {
    let mut engine = reading_bob();
    engine.backfilled(BOB, Ok(following(BOB, &[CAROL])), NOW);
    let message = Message::Sync {
        seq: 1,
        did: BOB.into(),
        rev: rev(1),
        data: Some(tree(1)),
        commit_rev: Some(rev(1)),
        time: NOW + SECOND,
    };
    tell(&mut engine, 1, &message);
    assert_eq!(dids(&engine.backfill_orders(9, NOW)), [BOB]);
    engine.backfilled(BOB, Ok(following(BOB, &[DAN])), NOW);
    assert_eq!(engine.open_gaps(), 0);
    let dan = engine.circle.lookup(DAN).expect("is known");
    assert_eq!(engine.circle.hop(dan), Some(2));
}

#[test]
fn blocks_beyond_the_end_of_a_listing_stay() {
    let mut engine = reading_bob();
    let block = Op {
        collection: Collection::Block,
        record: Some(Ok(Record::Block {
            subject: DAN.into(),
        })),
        ..follow(Action::Create, "r7", Some(DAN))
    };
    let before = read(BOB);
    engine.backfilled(BOB, Ok(before), NOW);
    engine.block_op(BOB, &block);
    let bob = engine.circle.lookup(BOB).expect("is known");
    engine.order_backfill(bob, "test");
    let _ = engine.backfill_orders(9, NOW);
    let mut cut = read(BOB);
    cut.blocks.records = vec![("r1".to_owned(), CAROL.to_owned())];
    cut.blocks.capped = true;
    engine.backfilled(BOB, Ok(cut), NOW);
    let mut blocks: Vec<_> = engine.circle.block_records(bob).collect();
    blocks.sort_unstable_by_key(|(rkey, _)| rkey.as_str().to_owned());
    assert_eq!(blocks.len(), 2, "{blocks:?}");
}

/// A stream's gap: likes of all wait until the follows are read, but not for hours for one host.
#[test]
fn one_dead_host_does_not_withhold_what_the_others_missed() {
    let mut engine = reading_bob();
    engine.backfilled(BOB, Ok(following(BOB, &[])), NOW);
    tell_commit(&mut engine, ALICE, 1, 0, Vec::new());
    let source = engine.source("relay", "wss://relay.example");
    engine.stream_gap("clamped", source, Some(NOW), NOW + 60 * SECOND);
    let mut now = NOW;
    for _ in 0..9 {
        for order in engine.backfill_orders(9, now) {
            let did = order.did.as_str();
            if did == BOB {
                engine.backfilled(BOB, Err(super::unreachable(BOB)), now);
            } else if order.wanted.likes.is_some() {
                return;
            } else {
                engine.backfilled(did, Ok(following(did, &[BOB])), now);
            }
        }
        now += 60 * SECOND;
    }
    panic!("Alice's likes are not asked for");
}

async fn begun(store: &Store) -> Engine {
    let mut settings = engine(&[ALICE, BOB]).settings;
    settings.seed = Some(7);
    settings.tracked = [ALICE, BOB].map(tracked_by).to_vec();
    let mut engine = Engine::open(store, settings).await.expect("opens");
    for order in engine.backfill_orders(9, NOW) {
        engine.backfilled(&order.did, Ok(read(&order.did)), NOW);
    }
    engine
}

/// A stream that is joined again tells a little of what it told before: what was of outside then is not
/// judged by the circle of now.
#[test]
fn a_like_of_before_an_entry_is_not_made_by_telling_it_again() {
    for is_again in [false, true] {
        let mut engine = engine(&[ALICE]);
        let _ = engine.backfill_orders(9, NOW);
        engine.backfilled(ALICE, Ok(read(ALICE)), NOW);
        tell_commit(&mut engine, ALICE, 1, 0, Vec::new());
        let enters = follow(Action::Create, "r1", Some(BOB));
        tell_commit(&mut engine, ALICE, 3, 1, vec![enters]);
        if is_again {
            let source = engine.source("relay", "wss://relay.example");
            engine.set_connected(source, true, NOW);
        }
        // One that is only late tells it for the first time.
        let earlier = like(NOW + 2 * SECOND, ALICE);
        tell_commit(&mut engine, BOB, 2, 0, vec![made(&earlier)]);
        let counts = |engine: &Engine| {
            let counts = ["likes.accepted", "gaps.likes_of_before"];
            counts.map(|name| counted(engine, name))
        };
        let expected = if is_again { [0, 1] } else { [1, 0] };
        assert_eq!(counts(&engine), expected);
        let later = like(NOW + 4 * SECOND, ALICE);
        tell_commit(&mut engine, BOB, 4, 2, vec![made(&later)]);
        assert_eq!(counts(&engine)[0], expected[0] + 1);
    }
}

/// Whoever passes a commit on may list as its ops what the repo has had for long, if nobody knows the
/// tree before it.
#[test]
fn likes_of_long_ago_are_not_made_again_by_a_commit_that_continues_nothing_known() {
    let mut engine = engine(&[ALICE, BOB]);
    let _ = engine.backfill_orders(9, NOW);
    for did in [ALICE, BOB] {
        engine.backfilled(did, Ok(read(did)), NOW);
    }
    let one = like(NOW + SECOND, BOB);
    tell_commit(&mut engine, ALICE, 1, 0, vec![made(&one)]);
    assert_eq!(counted(&engine, "likes.accepted"), 1);
    tell_commit(&mut engine, ALICE, 700, 1, Vec::new());
    let later = 15 * 24 * 3_600;
    tell_commit(&mut engine, BOB, later, 0, Vec::new());
    let new = like(NOW + (later + 2) * SECOND, BOB);
    assert!(engine.ticks() > 0, "it could count again");
    // A tree that it signed long ago is not what it has now.
    let again = Message::Sync {
        seq: 1,
        did: ALICE.into(),
        rev: rev(later + 1),
        data: Some(tree(1)),
        commit_rev: Some(rev(1)),
        time: NOW + (later + 1) * SECOND,
    };
    tell(&mut engine, later + 1, &again);
    tell_commit(&mut engine, ALICE, later + 1, 1, vec![made(&one)]);
    assert_eq!(counted(&engine, "likes.accepted"), 1);
    // Something was missed, or so it says.
    tell_commit(
        &mut engine,
        ALICE,
        later + 2,
        later,
        vec![made(&one), made(&new)],
    );
    assert_eq!(engine.open_gaps(), 1);
    assert_eq!(counted(&engine, "likes.accepted"), 2, "the new one alone");
    // Where it continues what was seen, a key may be of any time.
    let slow = like(NOW - SECOND, BOB);
    tell_commit(&mut engine, ALICE, later + 3, later + 2, vec![made(&slow)]);
    assert_eq!(counted(&engine, "likes.accepted"), 3);
}

/// The rev of a `#sync` is signed by nobody: commits up to it are not seen for that.
#[test]
fn a_sync_of_a_later_rev_shuts_nobody_out() {
    for known in [0, 9] {
        let mut engine = engine(&[ALICE, BOB]);
        let _ = engine.backfill_orders(9, NOW);
        for did in [ALICE, BOB] {
            engine.backfilled(did, Ok(read(did)), NOW);
        }
        tell_commit(&mut engine, ALICE, 1, 0, Vec::new());
        let message = Message::Sync {
            seq: 2,
            did: ALICE.into(),
            rev: rev(200),
            data: Some(tree(1 + known)),
            commit_rev: Some(rev(1)),
            time: NOW + 2 * SECOND,
        };
        tell(&mut engine, 2, &message);
        let one = like(NOW + 3 * SECOND, BOB);
        tell_commit(&mut engine, ALICE, 3, 1 + known, vec![made(&one)]);
        assert_eq!(counted(&engine, "likes.accepted"), 1);
    }
}

/// The key of a like is later than its commit, by a client's fast clock. A gap after the commit brings
/// it again.
#[tokio::test]
async fn a_like_of_a_fast_clock_counts_once() {
    for restarts in [false, true] {
        let (_folder, store) = database().await;
        let mut engine = begun(&store).await;
        let ahead = like(NOW + 30 * SECOND, BOB);
        tell_commit(&mut engine, ALICE, 1, 0, vec![made(&ahead)]);
        // Epochs pass, so that nothing is left of it but the journal.
        let later = 15 * 24 * 3_600;
        tell_commit(&mut engine, BOB, later, 0, Vec::new());
        commit(&store, &mut engine).await;
        let before = engine.state.position;
        if restarts {
            engine = begun(&store).await;
        }
        tell_commit(&mut engine, ALICE, later + 1, later, Vec::new());
        assert_eq!(engine.open_gaps(), 1, "commits were missed");
        assert_eq!(dids(&engine.backfill_orders(9, NOW)), [ALICE]);
        engine.backfilled(ALICE, Ok(liking(ALICE, &[ahead])), NOW);
        assert_eq!(engine.open_gaps(), 0);
        assert_eq!(engine.state.position, before, "restarted: {restarts}");
    }
}

/// What is dated later than now says nothing of what comes next, whatever its seq; and an event of
/// before the network was does not start the clock.
#[test]
fn a_date_that_cannot_be_moves_neither_cursor_nor_clock() {
    let mut engine = reading_bob();
    let identity = |seq: u64, time: i64| Message::Identity {
        seq,
        did: BOB.into(),
        handle: None,
        time,
    };
    tell(&mut engine, 0, &identity(1, -62_135_596_800_000_000));
    assert_eq!(engine.clock.epoch(), None);
    tell(&mut engine, 0, &identity(5, NOW));
    let epoch = engine.clock.epoch();
    assert!(epoch.is_some());
    tell(&mut engine, 0, &identity(1 << 53, NOW + 3_600 * SECOND));
    assert_eq!(engine.clock.epoch(), epoch);
    assert_eq!(engine.sources[0].row.cursor, Some(5));
    tell_status(&mut engine, BOB, 6, Some("deactivated"));
    assert_eq!(status(&engine, BOB), Status::Deactivated);
}

/// A gap that is open when an epoch ends, and when Kith does, brings likes that were counted before.
#[tokio::test]
async fn what_an_epoch_before_counted_is_not_counted_by_a_gap_after_a_restart() {
    let (_folder, store) = database().await;
    let mut settings = engine(&[ALICE, BOB]).settings;
    settings.parameters.epoch_micros = DAY;
    let mut engine = Engine::open(&store, settings.clone()).await.expect("opens");
    for order in engine.backfill_orders(9, NOW) {
        engine.backfilled(&order.did, Ok(read(&order.did)), NOW);
    }
    tell_commit(&mut engine, BOB, 1, 0, Vec::new());
    // On the fourth day at one o'clock a commit is missed, and with it a like.
    let days = 3 * DAY / SECOND;
    let [first, second, third] = [10, 20, 30].map(|n| days + 3_600 + n);
    let [missed, told] = [second, third].map(|n| like(NOW + (n - 1) * SECOND, BOB));
    tell_commit(&mut engine, ALICE, first, 0, Vec::new());
    tell_commit(&mut engine, ALICE, third, second, vec![made(&told)]);
    let later = days + DAY / SECOND;
    tell_commit(&mut engine, BOB, later, 1, Vec::new());
    commit(&store, &mut engine).await;
    assert_eq!((engine.ticks(), counted(&engine, "likes.accepted")), (4, 1));

    let mut engine = Engine::open(&store, settings).await.expect("opens");
    let now = NOW + (later + 1) * SECOND;
    assert_eq!(dids(&engine.backfill_orders(9, now)), [ALICE]);
    engine.backfilled(ALICE, Ok(liking(ALICE, &[missed, told])), now);
    assert_eq!(
        counted(&engine, "likes.accepted"),
        2,
        "the one that was missed"
    );
}

/// In an epoch that a tick began, and in the first one, which none did.
#[tokio::test]
async fn a_post_counts_once_an_epoch_also_beyond_a_restart() {
    for day in 0..2 {
        let (_folder, store) = database().await;
        let mut settings = engine(&[ALICE, BOB]).settings;
        settings.parameters.epoch_micros = DAY;
        let mut engine = Engine::open(&store, settings.clone()).await.expect("opens");
        for order in engine.backfill_orders(9, NOW) {
            engine.backfilled(&order.did, Ok(read(&order.did)), NOW);
        }
        tell_commit(&mut engine, BOB, 1, 0, Vec::new());
        let now = day * DAY / SECOND + 10;
        let one = like(NOW + now * SECOND, BOB);
        tell_commit(&mut engine, ALICE, now, 0, vec![made(&one)]);
        commit(&store, &mut engine).await;
        assert_eq!(i64::from(engine.ticks()), day);

        let mut engine = Engine::open(&store, settings).await.expect("opens");
        let again = LikeRecord {
            rkey: rev(now + 10),
            ..one
        };
        tell_commit(&mut engine, ALICE, now + 10, now, vec![made(&again)]);
        let ends = ["likes.accepted", "likes.repeated"].map(|name| counted(&engine, name));
        assert_eq!(ends, [1, 1], "day {day}");
    }
}
