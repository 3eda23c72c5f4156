//! The engine without a store: what it asks for, and what it does with the answers.

mod day_one;
mod halves;
mod lateness;
mod leaving;
mod retention;
mod statuses;
mod streams;
mod worlds;

use kith_config::{Config, Env, Mode};
use kith_feeder::{
    backfill::{AccountRead, AccountStatus, LikeListing, LikeRecord, Listing, ReadError},
    identity::DidDocument,
    source::Gap,
    wire::{Action, Cid, Codec, Collection, Commit, Message, Op, Record},
};
use kith_graph::{AccountId, Status};
use kith_reputation::Operation;
use kith_store::{
    Access, JournalPart, Store,
    batch::{BackfillState, Batch, BootstrapState, Micros, RecordKind, StagedKey, StagedLike},
};

use super::{Arrival, Engine, Joined, Settings, TrackedDid, repair::BackfillOrder, restore, tid};
use crate::checker::Verdict;

const ALICE: &str = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa";
const BOB: &str = "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb";
const CAROL: &str = "did:plc:cccccccccccccccccccccccc";
const DAN: &str = "did:plc:dddddddddddddddddddddddd";

const SECOND: Micros = 1_000_000;
const DAY: Micros = 24 * 3_600 * SECOND;
/// A Thursday, when an epoch of seven days begins.
const NOW: Micros = 2_900 * 7 * DAY + 3 * DAY;

fn engine(tracked: &[&str]) -> Engine {
    let text = tracked.iter().fold(String::new(), |text, did| {
        format!("{text}[[circle.tracked]]\nid = \"{did}\"\n")
    });
    let config = Config::parse(&text, "kith.toml", &Env::default(), Mode::Offline).expect("valid");
    let tracked = tracked.iter().map(|did| tracked_by(did));
    let settings = Settings::new(&config, tracked.collect(), Vec::new(), Vec::new());
    let state = restore::first_state(&settings).expect("a seed");
    let mut engine = Engine::empty(state, settings.clone()).expect("a depth");
    engine.reconfigure(settings);
    engine
}

fn tracked_by(did: &str) -> TrackedDid {
    TrackedDid {
        did: did.to_owned(),
        handle: None,
        label: None,
    }
}

fn read(did: &str) -> AccountRead {
    AccountRead {
        did: did.to_owned(),
        status: AccountStatus::Active,
        handle: None,
        pds: "https://pds.example".to_owned(),
        follows: Listing::default(),
        blocks: Listing::default(),
        likes: LikeListing::default(),
    }
}

/// An account that follows these, by records r0, r1, ..
fn following(did: &str, subjects: &[&str]) -> AccountRead {
    let records = subjects.iter().enumerate();
    let mut account = read(did);
    account.follows.records = records
        .map(|(i, subject)| (format!("r{i}"), (*subject).to_owned()))
        .collect();
    account
}

fn unreachable(did: &str) -> ReadError {
    ReadError::Unreachable {
        did: did.to_owned(),
        reason: "nobody is there".to_owned(),
    }
}

fn dids(orders: &[BackfillOrder]) -> Vec<&str> {
    orders.iter().map(|order| order.did.as_str()).collect()
}

#[test]
fn tracked_accounts_are_read_before_those_they_follow() {
    let mut engine = engine(&[ALICE, DAN]);
    assert_eq!(dids(&engine.backfill_orders(1, NOW)), [ALICE]);
    engine.backfilled(ALICE, Ok(following(ALICE, &[BOB, CAROL])), NOW);
    let orders = engine.backfill_orders(1, NOW);
    assert_eq!((dids(&orders), orders[0].priority), (vec![DAN], 0));
    let orders = engine.backfill_orders(9, NOW);
    assert_eq!((dids(&orders), orders[0].priority), (vec![BOB, CAROL], 1));
    assert!(orders[0].wanted.follows && orders[0].wanted.blocks);
    engine.backfilled(BOB, Ok(following(BOB, &[DAN, "did:web:far.example"])), NOW);
    let [tracked, interior, _] = engine.reading();
    assert_eq!((tracked.done, tracked.left), (1, 1));
    assert_eq!((interior.done, interior.left), (1, 1));
    assert_eq!(
        engine.members_by_hop(),
        [2, 2, 1],
        "the last degree is not read"
    );
}

#[test]
fn who_cannot_be_read_is_tried_again_later_and_given_up_in_the_end() {
    let mut engine = engine(&[ALICE]);
    let (mut now, mut pauses) = (NOW, Vec::new());
    loop {
        assert_eq!(dids(&engine.backfill_orders(9, now)), [ALICE]);
        engine.backfilled(ALICE, Err(unreachable(ALICE)), now);
        if engine.reading()[0].failed == 1 {
            break;
        }
        let row = engine.batch().backfill.pop().expect("a row");
        let pause = row.not_before_micros - now;
        assert!(engine.backfill_orders(9, now + pause - 1).is_empty());
        pauses.push(pause / SECOND);
        now += pause;
    }
    assert_eq!(pauses[..4], [5, 10, 20, 40]);
    assert_eq!((pauses.len(), pauses.last()), (11, Some(&3_600)));
    assert!(engine.backfill_orders(9, now + DAY).is_empty());
    let row = last_backfill(&mut engine);
    assert_eq!(row, (BackfillState::Failed, Some("unreachable".to_owned())));
}

#[test]
fn failures_that_no_waiting_mends_are_given_up_at_once() {
    let mut engine = engine(&[ALICE]);
    let _ = engine.backfill_orders(9, NOW);
    let malformed = ReadError::Malformed {
        did: ALICE.to_owned(),
        reason: "no end".to_owned(),
    };
    let reason = malformed.reason().to_owned();
    engine.backfilled(ALICE, Err(malformed), NOW);
    let row = last_backfill(&mut engine);
    assert_eq!(row, (BackfillState::Failed, Some(reason)));
    assert_eq!(engine.circle.status(AccountId(0)), Status::Active);
    engine.reactivated(AccountId(0));
    let _ = engine.backfill_orders(9, NOW);
    let mut away = read(ALICE);
    away.status = AccountStatus::Deactivated;
    engine.backfilled(ALICE, Ok(away), NOW);
    let row = last_backfill(&mut engine);
    assert_eq!(row, (BackfillState::Failed, Some("deactivated".to_owned())));
    // It comes back: what could not be read may be now.
    engine.set_status(AccountId(0), Status::Active);
    assert_eq!(dids(&engine.backfill_orders(9, NOW)), [ALICE]);
}

fn last_backfill(engine: &mut Engine) -> (BackfillState, Option<String>) {
    let row = engine.batch().backfill.pop().expect("a row");
    (row.state, row.error)
}

#[test]
fn what_happens_while_an_account_is_read_is_newer_than_what_was_read() {
    let mut engine = engine(&[ALICE]);
    let _ = engine.backfill_orders(9, NOW);
    engine.follow_op(ALICE, &follow(Action::Delete, "r0", None));
    engine.follow_op(ALICE, &follow(Action::Create, "r7", Some(DAN)));
    engine.follow_op(ALICE, &follow(Action::Update, "r1", Some(DAN)));
    engine.backfilled(ALICE, Ok(following(ALICE, &[BOB, CAROL])), NOW);
    let mut follows: Vec<_> = engine.circle.follows(AccountId(0)).collect();
    follows.sort_unstable_by_key(|(rkey, _)| rkey.as_str().to_owned());
    let dan = engine.circle.lookup(DAN).expect("is known");
    let said: Vec<_> = follows
        .iter()
        .map(|(rkey, id)| (rkey.as_str(), *id))
        .collect();
    assert_eq!(said, [("r1", dan), ("r7", dan)]);
}

fn follow(action: Action, rkey: &str, subject: Option<&str>) -> Op {
    Op {
        index: 0,
        action,
        collection: Collection::Follow,
        rkey: rkey.into(),
        cid: None,
        record: subject.map(|subject| {
            Ok(Record::Follow {
                subject: subject.into(),
            })
        }),
    }
}

#[test]
fn a_changed_identity_is_forgotten_for_the_next_start_too() {
    let mut engine = engine(&[ALICE]);
    let document = DidDocument {
        did: ALICE.to_owned(),
        handle: None,
        pds: Some("https://pds.example".to_owned()),
        signing_key: None,
    };
    engine.learn(&document, NOW);
    let fetched = |engine: &mut Engine| engine.batch().identities[0].fetched_micros;
    assert_eq!(fetched(&mut engine), NOW);
    engine.identity(ALICE, None);
    assert_eq!(engine.take_identity_changes(), [ALICE]);
    assert_eq!(fetched(&mut engine), 0, "older than any that is believed");
}

#[test]
fn who_follows_too_many_is_marked() {
    let mut engine = engine(&[ALICE]);
    let _ = engine.backfill_orders(9, NOW);
    let mut account = following(ALICE, &[BOB]);
    account.follows.capped = true;
    engine.backfilled(ALICE, Ok(account), NOW);
    let batch = engine.batch();
    let alice = batch.accounts.iter().find(|row| row.did == ALICE);
    assert!(alice.is_some_and(|row| row.capped));
    // Live records still count.
    engine.follow_op(ALICE, &follow(Action::Create, "r9", Some(CAROL)));
    assert_eq!(engine.members_by_hop(), [1, 2, 0]);
}

/// Numbers are given for good, so nobody can make Kith give them without end.
#[test]
fn who_names_too_many_nobody_knows_is_not_heard() {
    let mut engine = engine(&[ALICE]);
    let known = |engine: &Engine| engine.circle.accounts().len();
    let named = |n: u32| format!("did:web:n{n}.example");
    // Read, and heard.
    let crowd: Vec<_> = (0..39_000).map(named).collect();
    let crowd: Vec<_> = crowd.iter().map(String::as_str).collect();
    let _ = engine.backfill_orders(9, NOW);
    engine.backfilled(ALICE, Ok(following(ALICE, &crowd)), NOW);
    for n in 39_000..41_000 {
        engine.follow_op(ALICE, &follow(Action::Create, "zz", Some(&named(n))));
        engine.follow_op(ALICE, &follow(Action::Delete, "zz", None));
    }
    assert_eq!(known(&engine), 1 + 40_000);
    // Those who are known can be named, and what is left out shows.
    engine.follow_op(ALICE, &follow(Action::Create, "zz", Some(&named(39_000))));
    assert_eq!(engine.members_by_hop(), [1, 39_001, 0]);
    let batch = engine.batch();
    let alice = batch.accounts.iter().find(|row| row.did == ALICE);
    assert!(alice.is_some_and(|row| row.capped));
    // Of others each has as many.
    let blocked = |n| Op {
        collection: Collection::Block,
        record: Some(Ok(Record::Block {
            subject: named(n).into(),
        })),
        ..follow(Action::Create, "b8", None)
    };
    engine.block_op(&named(1), &blocked(50_000));
    assert_eq!(known(&engine), 1 + 40_001);
    // In the next epoch it may name others.
    engine.move_clock(NOW);
    engine.move_clock(NOW + 8 * DAY);
    engine.follow_op(ALICE, &follow(Action::Create, "zz", Some(&named(50_001))));
    assert_eq!(known(&engine), 1 + 40_002);
}

/// Nor can it keep any number of records that name who is known.
#[test]
fn records_of_an_account_are_bounded() {
    let mut engine = engine(&[ALICE]);
    let blocking = |rkey: &str| Op {
        collection: Collection::Block,
        record: Some(Ok(Record::Block {
            subject: BOB.into(),
        })),
        ..follow(Action::Create, rkey, None)
    };
    for n in 0..40_100 {
        engine.follow_op(ALICE, &follow(Action::Create, &format!("r{n}"), Some(BOB)));
        engine.block_op(ALICE, &blocking(&format!("b{n}")));
    }
    let alice = engine.circle.lookup(ALICE).expect("known");
    let held = |engine: &Engine| {
        let circle = &engine.circle;
        (circle.follow_count(alice), circle.block_count(alice))
    };
    assert_eq!(held(&engine), (40_000, 40_000));
    assert!(engine.notes[alice.index()].capped, "what is left out shows");
    // What is there can change, and go.
    engine.follow_op(ALICE, &follow(Action::Update, "r7", Some(CAROL)));
    assert_eq!(engine.members_by_hop(), [1, 2, 0]);
    engine.follow_op(ALICE, &follow(Action::Delete, "r8", None));
    engine.block_op(ALICE, &follow(Action::Delete, "b8", None));
    engine.follow_op(ALICE, &follow(Action::Create, "zz", Some(BOB)));
    engine.block_op(ALICE, &blocking("zz"));
    assert!(engine.circle.follow(alice, "zz").is_some());
    assert!(engine.circle.block(alice, "zz").is_some());
    assert_eq!(held(&engine), (40_000, 40_000));
}

/// Likes of before the first event do not count, whatever is read again later.
#[test]
fn who_is_there_before_the_first_event_is_from_that_on() {
    let mut engine = engine(&[ALICE]);
    let _ = engine.backfill_orders(9, NOW);
    engine.backfilled(ALICE, Ok(following(ALICE, &[BOB])), NOW);
    let since = |engine: &Engine, did: &str| {
        let id = engine.circle.lookup(did).expect("known");
        engine.notes[id.index()].since
    };
    assert_eq!(since(&engine, ALICE), None);
    // What was missed so far is read again, and is no gap in likes.
    let alice = engine.circle.lookup(ALICE).expect("known");
    engine.open_gap("unreadable", alice, 0, tid::at(NOW));
    assert_eq!(engine.open_gaps(), 0);
    let orders = engine.backfill_orders(9, NOW);
    assert_eq!(dids(&orders), [ALICE, BOB]);
    assert!(orders.iter().all(|order| order.wanted.likes.is_none()));
    let source = engine.source("relay", "wss://relay.example");
    let gap = Gap {
        reason: "future_cursor",
        detail: String::new(),
        did: None,
        from_time: None,
        from_seq: None,
        to_time: None,
        to_seq: None,
        cursor_is_void: true,
    };
    engine.source_gap(&gap, source, NOW);
    engine.end_silent_gaps(NOW + DAY);
    assert_eq!(
        engine.open_gaps(),
        0,
        "nothing was heard that could be missed"
    );
    assert_eq!(engine.position(), 0);
    engine.move_clock(NOW);
    for did in [ALICE, BOB] {
        assert_eq!(since(&engine, did), Some(NOW), "{did}");
    }
    let batch = engine.batch();
    let rows = batch
        .accounts
        .iter()
        .filter(|row| row.since_micros == Some(NOW));
    assert_eq!(rows.count(), 2);
}

/// Who is not there says nothing for another reason than that nothing happens.
#[test]
fn a_gap_does_not_end_while_nobody_is_connected() {
    let mut engine = engine(&[ALICE]);
    let source = engine.source("relay", "wss://relay.example");
    engine.move_clock(NOW);
    let gap = Gap {
        reason: "future_cursor",
        detail: String::new(),
        did: None,
        from_time: None,
        from_seq: None,
        to_time: None,
        to_seq: None,
        cursor_is_void: true,
    };
    engine.source_gap(&gap, source, NOW);
    engine.end_silent_gaps(NOW + DAY);
    assert_eq!(engine.open_gaps(), 0);
    engine.set_connected(source, true, NOW);
    engine.end_silent_gaps(NOW + DAY);
    assert_eq!(engine.open_gaps(), 1);
}

/// Who is connected hears what comes, though nothing does: when it is joined again, that is known.
#[tokio::test]
async fn a_source_that_was_connected_was_heard() {
    let (_folder, store) = database().await;
    let open = async || {
        let settings = engine(&[ALICE]).settings;
        Engine::open(&store, settings).await.expect("opens")
    };
    let mut engine = open().await;
    let pds = engine.source("pds", "https://pds.example");
    let relay = engine.source("relay", "wss://relay.example");
    engine.set_connected(pds, true, NOW);
    engine.set_connected(relay, false, NOW);
    assert_eq!(
        (engine.heard(pds), engine.heard_of_a_group()),
        (Some(NOW), None)
    );
    commit(&store, &mut engine).await;
    engine = open().await;
    engine.set_connected(pds, true, NOW + DAY);
    assert_eq!(engine.heard(pds), Some(NOW));
    assert_eq!((engine.resume(pds), engine.lag_micros(pds)), (None, None));

    // It was asked for what is oldest: so far was it read.
    let mut hears = |source, seq, time| {
        let arrival = Arrival {
            source,
            offset: None,
            verdict: Verdict::Unchecked,
            now: NOW + DAY,
        };
        assert!(engine.is_due(arrival, Some(seq), Some(time), false));
        engine.heard(source)
    };
    assert_eq!(hears(pds, 7, NOW - DAY), Some(NOW - DAY));
    assert_eq!(hears(pds, 8, NOW - 2 * DAY), Some(NOW - DAY));
    // Another relay does not hear what one has missed, before it tells something.
    assert_eq!(hears(relay, 7, NOW), Some(NOW));
    hears(pds, 9, NOW + DAY);
    let other = engine.source("relay", "wss://other.example");
    engine.set_connected(other, true, NOW + DAY);
    assert_eq!(engine.heard_of_a_group(), Some(NOW));

    // What was before it was connected is not missing.
    let second = engine.source("pds", "https://second.example");
    engine.set_connected(second, true, NOW + 9 * DAY);
    assert_eq!(engine.heard(second), Some(NOW + 9 * DAY));
}

/// A stream is joined a little before where it was left: what comes once more is old, and the source is
/// not late for that.
#[test]
fn what_comes_once_more_does_not_make_a_source_late() {
    let mut engine = engine(&[ALICE]);
    let source = engine.source("pds", "https://pds.example");
    let lag_of = |engine: &mut Engine, seq, time, has_rev| {
        let arrival = Arrival {
            source,
            offset: None,
            verdict: Verdict::Unchecked,
            now: NOW,
        };
        let is_due = engine.is_due(arrival, Some(seq), Some(time), has_rev);
        (is_due, engine.lag_micros(source))
    };
    let hour = 3_600 * SECOND;
    let late = lag_of(&mut engine, 9, NOW - hour, true);
    assert_eq!(late, (true, Some(hour)));
    engine.set_connected(source, true, NOW);
    // Commits may be new though their number is not: whether they are, their revs say.
    for (seq, has_rev) in [(8, false), (8, true), (9, true)] {
        let again = lag_of(&mut engine, seq, NOW - hour, has_rev);
        assert_eq!(again, (has_rev, None), "{seq}");
    }
    let new = lag_of(&mut engine, 10, NOW - SECOND, true);
    assert_eq!(new, (true, Some(SECOND)));
    assert_eq!(lag_of(&mut engine, 9, NOW - hour, true).1, Some(SECOND));
    engine.set_connected(source, true, NOW);
    assert_eq!(engine.lag_micros(source), None);
}

/// Each server of accounts tells of its own only: what others have told meanwhile says nothing of it.
#[test]
fn a_server_that_tells_nothing_yet_has_told_nothing_before() {
    let mut ends = Vec::new();
    for is_first in [true, false] {
        let mut engine = engine(&[ALICE, BOB]);
        let source = engine.source("pds", "https://second.example");
        if is_first {
            engine.set_connected(source, true, NOW);
        }
        engine.move_clock(NOW);
        if !is_first {
            engine.set_connected(source, true, NOW);
        }
        ends.push(engine.sources[source.0].told_upto);
    }
    assert_eq!(ends, [None, None]);
}

/// A server can say again and again that something was missed, also while an account's host is down.
#[test]
fn an_account_waits_once_for_its_next_turn() {
    let mut engine = engine(&[ALICE]);
    let source = engine.source("relay", "wss://relay.example");
    assert_eq!(dids(&engine.backfill_orders(9, NOW)), [ALICE]);
    engine.backfilled(ALICE, Err(unreachable(ALICE)), NOW);
    for second in 1..50 {
        engine.stream_gap("clamped", source, Some(NOW), NOW + second * SECOND);
    }
    assert_eq!(engine.waiting_later(), 1);
    let later = NOW + DAY;
    assert_eq!(dids(&engine.backfill_orders(9, later)), [ALICE]);
}

/// Whoever says where a gap ends may have a clock that is fast: the next event tells it then.
#[test]
fn a_gap_does_not_end_in_the_future() {
    let mut engine = engine(&[ALICE]);
    let source = engine.source("relay", "wss://relay.example");
    engine.move_clock(NOW);
    let gap = Gap {
        reason: "clamped",
        detail: String::new(),
        did: None,
        from_time: Some(NOW - DAY),
        from_seq: None,
        to_time: Some(NOW + DAY),
        to_seq: None,
        cursor_is_void: false,
    };
    engine.source_gap(&gap, source, NOW);
    assert_eq!(engine.open_gaps(), 0);
    let arrival = Arrival {
        source,
        offset: None,
        verdict: Verdict::Unchecked,
        now: NOW,
    };
    assert!(engine.is_due(arrival, Some(1), Some(NOW), false));
    let gaps = engine.batch().gaps.into_iter();
    let ends = gaps.map(|row| (row.from_micros, row.to_micros));
    let before = NOW - DAY - 60 * SECOND;
    assert_eq!(ends.collect::<Vec<_>>(), [(Some(before), Some(NOW))]);
}

/// A first event of another century would make a tick of every epoch since.
#[test]
fn day_one_begins_at_a_believable_time() {
    let mut engine = engine(&[ALICE]);
    let source = engine.source("jetstream", "wss://jetstream.example");
    for (time, joined) in [(1, None), (NOW, Some(NOW)), (NOW + DAY, None)] {
        let frame = format!(r#"{{"did":"","time_us":{time},"kind":"nothing"}}"#);
        assert_eq!(engine.join(source, frame.as_bytes(), NOW), joined, "{time}");
    }
}

/// Whoever holds points of an account that is forgotten has another image, whichever way it came.
#[test]
fn who_is_forgotten_is_so_in_every_image() {
    let mut engine = engine(&[ALICE]);
    engine.move_clock(NOW);
    let [a, b, c] = [ALICE, BOB, CAROL].map(|did| {
        let id = engine.intern(did);
        engine.ledger_id(id)
    });
    let transfer = |sender, receiver, nonce| {
        Operation::Transfer(kith_reputation::Transfer {
            sender,
            receiver,
            points: 100,
            nonce,
            held: false,
        })
    };
    for operation in [transfer(a, b, 1), transfer(c, a, 2)] {
        assert!(engine.operate(operation, None));
    }
    let images = |engine: &mut Engine| {
        engine.begin_checkpoint();
        let mut images = Vec::new();
        while engine.has_slices() {
            images.extend(engine.batch().images.into_iter().map(|image| image.id));
        }
        images.sort_unstable();
        images
    };
    assert!(images(&mut engine).len() >= 3);
    assert_eq!(images(&mut engine), []);
    assert!(engine.operate(Operation::Forget { account: a }, None));
    let changed = images(&mut engine);
    assert!(changed.contains(&a) && changed.contains(&b), "{changed:?}");
}

/// A Jetstream that counted by time counts by events: what it says next is new.
#[test]
fn a_jetstream_may_learn_another_way_to_count() {
    let mut engine = engine(&[ALICE]);
    let source = engine.source("jetstream", "wss://jetstream.example");
    let mut hears = |seq: u64, time| {
        let arrival = Arrival {
            source,
            offset: None,
            verdict: Verdict::Unchecked,
            now: NOW,
        };
        let is_due = engine.is_due(arrival, Some(seq), Some(time), false);
        (is_due, engine.cursor(source))
    };
    let by_time = NOW.cast_unsigned();
    assert_eq!(hears(by_time, NOW), (true, Some(by_time)));
    assert_eq!(hears(7, 7), (false, Some(by_time)), "of another century");
    assert_eq!(hears(7, NOW), (true, Some(7)));
    assert_eq!(hears(7, NOW), (false, Some(7)));
    assert_eq!(hears(8, NOW), (true, Some(8)));
}

fn counted(engine: &Engine, name: &str) -> u64 {
    let mut counts = engine.counts();
    counts.find(|(n, _)| *n == name).map_or(0, |(_, n)| n)
}

/// A like at a time, of somebody's post.
fn like(micros: Micros, author: &str) -> LikeRecord {
    let text = "bafyreidkweoizs45i4lumtkwmd5dw44e3yx2dyxbmqymvjv26t3nv2ravi";
    LikeRecord {
        collection: Collection::Like,
        rkey: tid::unpack(tid::at(micros)),
        cid: Cid::parse(text).expect("a CID"),
        subject: format!(
            "at://{author}/app.bsky.feed.post/{}",
            tid::unpack(tid::at(micros))
        ),
    }
}

/// The like is made.
fn made(like: &LikeRecord) -> Op {
    Op {
        collection: Collection::Like,
        cid: Some(like.cid),
        record: Some(Ok(Record::Like {
            subject: like.subject.as_str().into(),
        })),
        ..follow(Action::Create, &like.rkey, None)
    }
}

fn liking(did: &str, likes: &[LikeRecord]) -> AccountRead {
    let mut account = read(did);
    account.likes.records = likes.to_vec();
    account
}

fn rev(n: i64) -> String {
    tid::unpack(tid::at(NOW + n * SECOND))
}

/// The tree of a repo after its commit `n`, which comes `n` seconds from now.
fn tree(n: i64) -> Cid {
    Cid::for_block(Codec::DagCbor, &n.to_be_bytes())
}

/// The relay says something, `n` seconds from now.
fn tell(engine: &mut Engine, n: i64, message: &Message) {
    let arrival = Arrival {
        source: engine.source("relay", "wss://relay.example"),
        offset: None,
        verdict: Verdict::Good,
        now: NOW + n * SECOND,
    };
    engine.message(message, arrival);
}

/// Commit `n` of an account, which continues commit `before`.
fn tell_commit(engine: &mut Engine, did: &str, n: i64, before: i64, ops: Vec<Op>) {
    let commit = Commit {
        seq: n.cast_unsigned(),
        repo: did.into(),
        rev: rev(n).into(),
        since: Some(rev(before).into()),
        time: NOW + n * SECOND,
        commit: None,
        data: Some(tree(n)),
        prev_data: Some(tree(before)),
        chained: true,
        too_big: false,
        ops: ops.into(),
    };
    tell(engine, n, &Message::Commit(commit));
}

/// A database of its own, removed with the folder.
async fn database() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("kith.db").display());
    let store = Store::open(&url, Access::Write).await.expect("opens");
    (folder, store)
}

async fn commit(store: &Store, engine: &mut Engine) {
    store.commit(&engine.batch()).await.expect("commits");
}
