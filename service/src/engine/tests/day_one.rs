//! The likes of before the first start.

use super::*;

/// Day one of two who follow nobody; the sources begin now.
fn day_one() -> Engine {
    let mut engine = engine(&[ALICE, BOB]);
    assert!(engine.day_one_is_due(30) && !engine.day_one_is_due(0));
    begin(&mut engine);
    engine
}

fn begin(engine: &mut Engine) {
    let joined = Joined {
        first: NOW,
        last: NOW,
        continued: false,
    };
    engine.begin_day_one(joined, 30, 500, NOW);
}

/// What a batch put away, in the order in which it is taken.
fn staged(batch: Batch) -> Vec<StagedLike> {
    let mut staged = batch.staged;
    staged.sort_unstable_by_key(|like| like.key);
    staged
}

#[test]
fn likes_of_before_are_taken_in_order_with_the_ticks_in_their_places() {
    let mut engine = day_one();
    let orders = engine.day_one_orders(9, NOW);
    assert_eq!(dids(&orders), [ALICE, BOB]);
    let wanted = orders[0].wanted.likes.clone().expect("likes are wanted");
    assert_eq!(wanted.after, tid::unpack(tid::at(NOW - 30 * DAY)));
    assert_eq!(wanted.upto, tid::unpack(tid::at(NOW + 600 * SECOND)));
    assert!(!orders[0].wanted.blocks && !engine.day_one_is_read());

    let late = NOW + 300 * SECOND;
    let alice = [
        like(NOW - 29 * DAY, BOB),
        like(NOW - 15 * DAY, BOB),
        like(NOW - DAY, ALICE),
        like(NOW - 60 * SECOND, BOB),
        like(late, BOB),
    ];
    let bob = [like(NOW - 20 * DAY, ALICE), like(NOW - DAY, CAROL)];
    engine.day_one_read(ALICE, Ok(liking(ALICE, &alice)), NOW);
    engine.day_one_read(BOB, Ok(liking(BOB, &bob)), NOW);
    assert!(engine.day_one_is_read());
    let likes = staged(engine.batch());
    assert_eq!(likes.len(), 5, "not those of oneself and of strangers");
    let counts: Vec<_> = engine
        .counts()
        .filter(|(name, _)| name.starts_with("likes."))
        .collect();
    assert_eq!(counts, [("likes.outside", 1), ("likes.self", 1)]);

    assert_eq!(engine.begin_taking(5, 0), Some(StagedKey::default()));
    engine.take_staged(&likes[..2]);
    engine.take_staged(&likes[2..]);
    let journal = engine.batch().journal;
    let week = |micros: Micros| micros / (7 * DAY);
    let transfers = journal.iter().filter(|row| row.record.is_some());
    let times: Vec<_> = transfers.map(|row| (row.micros, row.epoch)).collect();
    let expected = [29 * DAY, 20 * DAY, 15 * DAY, 60 * SECOND, 0].map(|ago| NOW - ago);
    assert_eq!(
        times,
        expected.map(|time| (time, week(time))),
        "never beyond now"
    );
    let ticks = journal
        .iter()
        .filter(|row| row.operation == Operation::Tick);
    let ticks: Vec<_> = ticks.map(|row| row.epoch).collect();
    let all: Vec<_> = (week(NOW - 29 * DAY) + 1..=week(NOW)).collect();
    assert_eq!(ticks, all, "every boundary is one tick");
    assert!(journal.iter().map(|row| row.epoch).is_sorted());

    // The stream brings what was just liked once more, and what was liked since.
    engine.end_day_one(NOW);
    assert!(!engine.day_one_is_due(30));
    let mut is_new = |micros: Micros| {
        let key = tid::unpack(tid::at(micros));
        let rev = tid::at(micros + SECOND);
        engine
            .gaps
            .is_new(AccountId(0), rev, (RecordKind::Like, &key))
    };
    assert!(!is_new(NOW - 60 * SECOND));
    assert!(!is_new(late));
    assert!(is_new(late + SECOND));
}

#[test]
fn who_cannot_be_read_on_day_one_is_given_up_after_some_tries() {
    let mut engine = day_one();
    let mut now = NOW;
    let mut tries = 0;
    while !engine.day_one_is_read() {
        for order in engine.day_one_orders(9, now) {
            match order.did.as_str() {
                ALICE => {
                    tries += 1;
                    engine.day_one_read(ALICE, Err(unreachable(ALICE)), now);
                }
                did => engine.day_one_read(did, Ok(read(did)), now),
            }
        }
        now += SECOND;
    }
    assert_eq!((tries, (now - NOW) / SECOND), (4, 15));
    let accounts = engine.batch().bootstrap_accounts;
    let errors: Vec<_> = accounts.iter().map(|row| row.error.as_deref()).collect();
    assert_eq!(errors, [None, Some("unreachable")]);
}

/// Nobody knows what a source told between two runs, if it had told nothing before: whoever was
/// read before is asked for what is newer.
#[test]
fn after_a_stop_only_what_may_be_missing_is_read_again() {
    let mut engine = day_one();
    let _ = engine.day_one_orders(9, NOW);
    engine.day_one_read(ALICE, Ok(liking(ALICE, &[like(NOW - DAY, BOB)])), NOW);
    let later = NOW + 3_600 * SECOND;
    let joined = |continued| Joined {
        first: later,
        last: later,
        continued,
    };
    engine.day_one.running.clear();
    engine.begin_day_one(joined(true), 30, 500, later);
    assert_eq!(dids(&engine.day_one_orders(9, later)), [BOB]);
    engine.day_one_read(BOB, Ok(read(BOB)), later);
    assert!(engine.day_one_is_read());

    let _ = engine.begin_taking(1, 0);
    let bobs = StagedKey {
        tid: tid::at(later),
        account: 1,
        record: 1,
    };
    let bobs_like = StagedLike {
        key: bobs,
        author: 0,
        post: "post".to_owned(),
        nonce: 0,
    };
    engine.take_staged(std::slice::from_ref(&bobs_like));
    let _ = engine.backfill_orders(9, later);
    for did in [ALICE, BOB] {
        engine.backfilled(did, Ok(read(did)), later);
    }
    let latest = later + 3_600 * SECOND;
    engine.begin_day_one(
        Joined {
            first: latest,
            last: latest,
            continued: false,
        },
        30,
        500,
        latest,
    );
    let orders = engine.day_one_orders(9, latest);
    assert_eq!(dids(&orders), [ALICE, BOB]);
    let wanted = orders[0].wanted.likes.clone().expect("likes are wanted");
    assert_eq!(wanted.after, tid::unpack(tid::at(NOW - 600 * SECOND)));
    assert_eq!(wanted.upto, tid::unpack(tid::at(latest + 600 * SECOND)));
    assert_eq!(engine.day_one_state(), Some(BootstrapState::Reading));
    assert_eq!(dids(&engine.backfill_orders(9, latest)), [ALICE, BOB]);
    // Alice may have made one before Bob's, which was taken.
    let taken = engine.begin_taking(1, 0).expect("has begun");
    assert_eq!(taken.tid, tid::at(NOW - 600 * SECOND));
    // Bob's is taken twice, and told once.
    engine.take_staged(&[bobs_like]);
    let row = engine.batch().bootstrap.expect("noted");
    assert_eq!((row.likes_read, row.likes_taken), (1, 1));
}

/// What is taken before a stop is not taken again, and what is not, is.
#[tokio::test]
async fn taking_goes_on_where_it_was_stopped() {
    let likes: Vec<_> = (1..40).map(|day| like(NOW - day * DAY / 2, BOB)).collect();
    let mut journals = Vec::new();
    for stops in [0, 1, 3] {
        let (_folder, store) = database().await;
        let mut settings = engine(&[ALICE, BOB]).settings;
        settings.seed = Some(7);
        settings.tracked = [ALICE, BOB].map(tracked_by).to_vec();
        let open = async || Engine::open(&store, settings.clone()).await.expect("opens");
        let mut engine = open().await;
        begin(&mut engine);
        let _ = engine.day_one_orders(9, NOW);
        engine.day_one_read(ALICE, Ok(liking(ALICE, &likes)), NOW);
        engine.day_one_read(BOB, Ok(read(BOB)), NOW);
        commit(&store, &mut engine).await;
        for _ in 0..stops {
            let taken = engine.day_one_taken();
            let (waiting, taken) = store.staged(taken).await.expect("counts");
            let last = engine.begin_taking(waiting, taken).expect("is reading");
            let some = store.staged_likes(last, 10).await.expect("reads");
            engine.take_staged(&some[..5]);
            commit(&store, &mut engine).await;
            // Taken, and lost by the kill.
            engine.take_staged(&some[5..]);
            engine = open().await;
            assert_eq!(engine.day_one_state(), Some(BootstrapState::Taking));
        }
        let taken = engine.day_one_taken();
        let counts = store.staged(taken).await.expect("counts");
        assert_eq!(counts, (likes.len() as u64, 5 * stops as u64));
        let last = engine.begin_taking(counts.0, counts.1).expect("is reading");
        let rest = store.staged_likes(last, 1_000).await.expect("reads");
        assert_eq!(rest.len(), likes.len() - 5 * stops);
        engine.take_staged(&rest);
        engine.end_day_one(NOW);
        commit(&store, &mut engine).await;
        let waiting = store.staged(taken).await.expect("counts");
        assert_eq!(waiting, (0, 0), "what was taken takes no room any more");
        let status = store
            .status(&[])
            .await
            .expect("reads")
            .bootstrap
            .expect("day one");
        assert_eq!((status.accounts_read, status.likes_taken), (2, 39));

        let mut journal = Vec::new();
        store
            .each_journal(JournalPart::After(0), |row| {
                journal.push(row);
                Ok(())
            })
            .await
            .expect("reads");
        journals.push(journal);
    }
    assert_eq!(journals[0], journals[1]);
    assert_eq!(journals[0], journals[2]);
    assert!(journals[0].len() > 39 + 2, "likes, ticks, rules");
}
