//! Edits, while running and at the next start.

use kith_config::{Config, Env, Mode};
use kith_feeder::backfill::{AccountRead, AccountStatus, LikeListing, Listing};
use kith_feeder::wire::{Action, Collection, Op, Record};
use kith_store::{Access, Store};

use super::*;
use crate::{engine::tid, network::settings_offline};

fn settings(tracked: &[&str], more: &str) -> Settings {
    let entry = |name: &&str| format!("[[circle.tracked]]\nid = \"did:web:{name}\"\n");
    let entries: String = tracked.iter().map(entry).collect();
    let text = format!("[circle]\n{more}\n{entries}");
    let config = Config::parse(&text, "test", &Env::default(), Mode::Offline);
    settings_offline(&config.expect("a right config")).expect("DIDs alone")
}

/// What an account's host says: whom it follows.
fn read(engine: &mut Engine, name: &str, follows: &[&str]) {
    read_listing(engine, name, follows, false);
}

fn read_listing(engine: &mut Engine, name: &str, follows: &[&str], capped: bool) {
    let did = format!("did:web:{name}");
    let records = follows.iter().enumerate();
    let records = records.map(|(n, to)| (format!("r{n}"), format!("did:web:{to}")));
    let read = AccountRead {
        did: did.clone(),
        status: AccountStatus::Active,
        handle: None,
        pds: String::new(),
        follows: Listing {
            records: records.collect(),
            capped,
            invalid: 0,
        },
        blocks: Listing::default(),
        likes: LikeListing::default(),
    };
    engine.backfilled(&did, Ok(read), 1);
}

/// Who is to be read now.
fn orders(engine: &mut Engine) -> Vec<String> {
    let orders = engine.backfill_orders(100, 1);
    let dids = orders.into_iter().map(|order| order.did);
    dids.map(|did| did.replace("did:web:", "")).collect()
}

/// Members and their hops, by name.
fn circle(engine: &Engine) -> String {
    let members = engine.circle.members().map(|(id, hop)| {
        let did = engine.circle.did(id).as_str().replace("did:web:", "");
        format!("{did}{hop}")
    });
    let mut members: Vec<String> = members.collect();
    members.sort_unstable();
    members.join(" ")
}

/// Commits what is pending; says what changed: who, by what, by whom.
async fn commit(engine: &mut Engine, store: &Store) -> Vec<String> {
    let batch = engine.batch();
    store.commit(&batch).await.expect("committed");
    let name = |id: u32| {
        let did = engine.circle.did(AccountId(id)).as_str().to_owned();
        did.replace("did:web:", "")
    };
    let hop = |hop: Option<u8>| hop.map_or("-".to_owned(), |hop| hop.to_string());
    let changes = batch.changes.iter().map(|row| {
        format!(
            "{} {}>{} {} {}",
            name(row.account),
            hop(row.from_hop),
            hop(row.to_hop),
            row.cause,
            row.by.map(name).unwrap_or_default()
        )
    });
    changes.map(|text| text.trim_end().to_owned()).collect()
}

async fn store(folder: &tempfile::TempDir) -> Store {
    let url = format!("sqlite:{}/kith.db", folder.path().display());
    Store::open(&url, Access::Write).await.expect("opened")
}

#[tokio::test]
async fn what_only_a_removed_account_supported_leaves_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(&folder).await;
    let mut engine = Engine::open(&store, settings(&["a"], ""))
        .await
        .expect("opened");
    assert_eq!(orders(&mut engine), ["a"]);
    read(&mut engine, "a", &["x", "y"]);
    assert_eq!(orders(&mut engine), ["x", "y"]);
    read(&mut engine, "x", &["z", "w"]);
    read(&mut engine, "y", &["w"]);
    assert_eq!(circle(&engine), "a0 w2 x1 y1 z2");
    let _ = commit(&mut engine, &store).await;

    engine.reconfigure(settings(&["a", "b"], ""));
    assert_eq!(commit(&mut engine, &store).await, ["b ->0 track"]);
    assert_eq!(orders(&mut engine), ["b"], "the new one is to be read");
    read(&mut engine, "b", &["y", "a"]);
    assert_eq!(circle(&engine), "a0 b0 w2 x1 y1 z2");
    let _ = commit(&mut engine, &store).await;

    engine.reconfigure(settings(&["b"], ""));
    let mut changes = commit(&mut engine, &store).await;
    changes.sort_unstable();
    // b follows a, so a stays, and so do those it follows, one step further.
    assert_eq!(
        changes,
        ["a 0>1 untrack", "x 1>2 untrack a", "z 2>- untrack a"]
    );
    assert_eq!(circle(&engine), "a1 b0 w2 x2 y1");
    assert_eq!(orders(&mut engine), [""; 0]);
    let again = Engine::open(&store, settings(&["b"], "")).await;
    let mut again = again.expect("opened");
    assert_eq!(circle(&again), circle(&engine));
    assert_eq!(commit(&mut again, &store).await, [""; 0]);
}

#[tokio::test]
async fn skipping_opting_out_and_labels_change_while_running() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(&folder).await;
    let mut engine = Engine::open(&store, settings(&["a"], ""))
        .await
        .expect("opened");
    let _ = orders(&mut engine);
    read(&mut engine, "a", &["x", "y"]);
    let _ = orders(&mut engine);
    read(&mut engine, "x", &["z"]);
    let _ = commit(&mut engine, &store).await;

    let lists = "skip = [\"did:web:x\"]\nopt_out = [\"did:web:y\"]";
    engine.reconfigure(settings(&["a"], lists));
    assert_eq!(circle(&engine), "a0 y1");
    let y = engine.circle.lookup("did:web:y").expect("known");
    assert!(engine.opted_out.contains(&y));
    assert_eq!(
        commit(&mut engine, &store).await,
        ["x 1>- skip", "z 2>- skip x"]
    );

    engine.reconfigure(settings(&["a"], ""));
    assert_eq!(circle(&engine), "a0 x1 y1", "x is read anew");
    assert!(engine.opted_out.is_empty());
    assert_eq!(orders(&mut engine), ["x"]);
    assert_eq!(commit(&mut engine, &store).await, ["x ->1 unskip"]);

    assert!(!engine.has_pending());
    let label = "tracked = [{ id = \"did:web:a\", label = \"A\" }]";
    engine.reconfigure(settings(&[], label));
    assert!(engine.has_pending());
    assert_eq!(commit(&mut engine, &store).await, [""; 0]);
    let tracked = store.load_tracked().await.expect("rows");
    assert_eq!(tracked[0].label.as_deref(), Some("A"));
}

fn follows(engine: &mut Engine, who: &str, whom: &str) {
    let record = Record::Follow {
        subject: format!("did:web:{whom}").into(),
    };
    let op = Op {
        index: 0,
        action: Action::Create,
        collection: Collection::Follow,
        rkey: format!("to-{whom}").into(),
        cid: None,
        record: Some(Ok(record)),
    };
    engine.follow_op(&format!("did:web:{who}"), &op);
}

async fn open(store: &Store, tracked: &[&str], more: &str) -> Engine {
    let opened = Engine::open(store, settings(tracked, more)).await;
    opened.expect("opened")
}

#[tokio::test]
async fn who_is_skipped_since_goes_as_while_running() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(&folder).await;
    let from = "backfill = \"stream\"\n";
    let mut engine = open(&store, &["a"], from).await;
    for (who, whom) in [("a", "x"), ("x", "z"), ("y", "z")] {
        follows(&mut engine, who, whom);
    }
    let _ = commit(&mut engine, &store).await;
    let skips = format!("{from}skip = [\"did:web:x\"]");
    let mut engine = open(&store, &["a", "y"], &skips).await;
    let changes = commit(&mut engine, &store).await;
    assert_eq!(
        changes,
        ["z 2>1 track y", "y ->0 track", "x 1>- skip"],
        "nobody leaves only to come back"
    );
    assert_eq!(store.load_skipped().await.expect("rows").len(), 1);
    let mut again = open(&store, &["a", "y"], &skips).await;
    assert_eq!(commit(&mut again, &store).await, [""; 0]);
    assert_eq!(circle(&again), "a0 y0 z1");
}

#[tokio::test]
async fn who_was_never_read_is_when_hosts_are_asked_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(&folder).await;
    let mut engine = open(&store, &["a"], "backfill = \"none\"").await;
    follows(&mut engine, "a", "x");
    let _ = commit(&mut engine, &store).await;
    for _ in 0..2 {
        let mut engine = open(&store, &["a"], "").await;
        assert_eq!(orders(&mut engine), ["a", "x"]);
    }
}

#[tokio::test]
async fn follows_may_come_from_elsewhere_since() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(&folder).await;
    let (none, stream) = ("backfill = \"none\"", "backfill = \"stream\"");
    let mut engine = open(&store, &["a"], stream).await;
    for (who, whom) in [("a", "x"), ("x", "z"), ("stranger", "y")] {
        follows(&mut engine, who, whom);
    }
    let source = engine.source("relay", "wss://relay.example");
    engine.stream_gap("clamped", source, Some(1), 2);
    assert_eq!(orders(&mut engine), [""; 0]);
    let _ = commit(&mut engine, &store).await;

    let mut engine = open(&store, &["a"], none).await;
    assert_eq!(orders(&mut engine), [""; 0]);
    assert_eq!(engine.open_gaps(), 1, "nobody was read");
    let stranger = engine.circle.lookup("did:web:stranger").expect("known");
    assert_eq!(engine.circle.follow_count(stranger), 0, "of before");
    assert_eq!(circle(&engine), "a0 x1 z2");
    let _ = commit(&mut engine, &store).await;

    let mut engine = open(&store, &["a"], "").await;
    assert_eq!(orders(&mut engine), ["a", "x"]);
    let _ = commit(&mut engine, &store).await;
    let mut engine = open(&store, &["a"], none).await;
    assert_eq!(orders(&mut engine), [""; 0], "nobody is asked");

    let mut engine = open(&store, &["a"], "").await;
    assert_eq!(orders(&mut engine), ["a", "x"], "they have waited");
    read(&mut engine, "a", &["x"]);
    read(&mut engine, "x", &["z"]);
    let likes = orders(&mut engine);
    assert!(likes.contains(&"z".to_owned()), "{likes:?}");
    read(&mut engine, "z", &[]);
    for name in likes.iter().filter(|name| *name != "z") {
        read(&mut engine, name, &[["x"], ["z"]][usize::from(name == "x")]);
    }
    let _ = orders(&mut engine);
    assert_eq!(engine.open_gaps(), 0);
    let _ = commit(&mut engine, &store).await;
    let mut again = open(&store, &["a"], "").await;
    assert_eq!(orders(&mut again), [""; 0]);
}

/// That it was read says nothing of who left and came back while nobody was.
#[tokio::test]
async fn who_came_back_while_nobody_was_read_is_read() {
    for more in ["backfill = \"none\"", "backfill = \"stream\""] {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        let mut engine = open(&store, &["a", "x"], "").await;
        assert_eq!(orders(&mut engine), ["a", "x"]);
        read(&mut engine, "a", &["y"]);
        read(&mut engine, "x", &["z"]);
        let _ = commit(&mut engine, &store).await;
        let mut engine = open(&store, &["a"], "").await;
        assert_eq!(circle(&engine), "a0 y1");
        let _ = commit(&mut engine, &store).await;
        let mut engine = open(&store, &["a", "x"], more).await;
        let _ = commit(&mut engine, &store).await;
        let mut engine = open(&store, &["a", "x"], "").await;
        assert_eq!(orders(&mut engine), ["x", "y"], "{more}: y was still to be");
    }
}

#[tokio::test]
async fn a_gap_that_grew_while_nobody_was_read_is_read_to_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(&folder).await;
    let mut engine = open(&store, &["a"], "").await;
    let _ = orders(&mut engine);
    read(&mut engine, "a", &["x"]);
    let _ = orders(&mut engine);
    read(&mut engine, "x", &[]);
    let source = engine.source("relay", "wss://relay.example");
    let missed = |engine: &mut Engine, to: i64| {
        let minute = 60_000_000;
        let now = 1_783_173_600_000_000;
        engine.stream_gap("clamped", source, Some(now), now + to * minute);
    };
    missed(&mut engine, 1);
    assert_eq!(orders(&mut engine), ["a", "x"], "their follows");
    read(&mut engine, "a", &["x"]);
    read(&mut engine, "x", &[]);
    assert_eq!(orders(&mut engine), ["a", "x"], "their likes");
    read(&mut engine, "x", &[]);
    let _ = commit(&mut engine, &store).await;
    // As long as it does not grow, who was read is not read again.
    let mut engine = open(&store, &["a"], "").await;
    assert_eq!(orders(&mut engine), ["a"]);
    let _ = commit(&mut engine, &store).await;
    let mut engine = open(&store, &["a"], "backfill = \"none\"").await;
    missed(&mut engine, 9);
    let _ = commit(&mut engine, &store).await;
    let mut engine = open(&store, &["a"], "").await;
    assert_eq!(orders(&mut engine), ["a", "x"]);
}

#[tokio::test]
async fn likes_of_a_gap_are_read_of_who_is_tracked_since() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(&folder).await;
    let mut engine = open(&store, &["a"], "backfill = \"none\"").await;
    for (who, whom) in [("a", "x"), ("x", "z")] {
        follows(&mut engine, who, whom);
    }
    let z = engine.circle.lookup("did:web:z").expect("known");
    let minute = 60_000_000;
    let now = 1_783_173_600_000_000;
    engine.move_clock(now);
    engine.open_gap("chain", z, tid::at(now), tid::at(now + minute));
    let _ = commit(&mut engine, &store).await;
    let mut engine = open(&store, &["a", "z"], "").await;
    let orders = engine.backfill_orders(100, 1);
    let of_z = orders.iter().find(|order| order.did == "did:web:z");
    let wanted = &of_z.expect("it is to be read").wanted;
    assert!(wanted.follows && wanted.likes.is_some(), "{wanted:?}");
}

/// Of who is tracked since, and of strangers, there were records.
#[tokio::test]
async fn what_is_known_of_who_is_tracked_since_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(&folder).await;
    let mut engine = open(&store, &["a"], "backfill = \"stream\"").await;
    for (who, whom) in [("a", "x"), ("y", "z"), ("stranger", "z")] {
        follows(&mut engine, who, whom);
    }
    let _ = commit(&mut engine, &store).await;
    let engine = open(&store, &["a", "y"], "backfill = \"none\"").await;
    assert_eq!(circle(&engine), "a0 x1 y0 z1");
    let stranger = engine.circle.lookup("did:web:stranger").expect("known");
    assert_eq!(engine.circle.follow_count(stranger), 0);
}

/// An earlier Kith did not note who was skipped.
#[tokio::test]
async fn who_was_skipped_before_that_was_noted_does_not_come_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(&folder).await;
    let more = "backfill = \"stream\"\nskip = [\"did:web:x\"]";
    let mut engine = open(&store, &["a"], more).await;
    for (who, whom) in [("a", "x"), ("x", "z"), ("a", "y")] {
        follows(&mut engine, who, whom);
    }
    engine.settings.skip.clear();
    let _ = commit(&mut engine, &store).await;
    assert_eq!(store.load_skipped().await.expect("rows"), [0; 0]);
    let mut engine = open(&store, &["a"], more).await;
    assert_eq!(circle(&engine), "a0 y1");
    assert_eq!(commit(&mut engine, &store).await, [""; 0]);
    assert_eq!(store.load_skipped().await.expect("rows").len(), 1);
}

#[tokio::test]
async fn another_depth_is_a_matter_of_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(&folder).await;
    let mut engine = Engine::open(&store, settings(&["a"], ""))
        .await
        .expect("opened");
    let _ = orders(&mut engine);
    read(&mut engine, "a", &["x"]);
    let _ = orders(&mut engine);
    read(&mut engine, "x", &["z"]);
    let _ = commit(&mut engine, &store).await;
    let near = Engine::open(&store, settings(&["a"], "depth = 1")).await;
    let mut near = near.expect("opened");
    assert_eq!(circle(&near), "a0 x1");
    assert_eq!(commit(&mut near, &store).await, ["z 2>- config"]);
    let state = store.load_state().await.expect("read").expect("a state");
    assert_eq!(state.depth, 1, "readers of the tables go by it");
}

/// Whatever is edited in a row: the circle of a service that took up each edit, that of one
/// which was started again after each, and that of one which only knows the last, are one.
#[tokio::test]
async fn an_edit_does_what_a_restart_does() {
    let names: Vec<String> = (0..12).map(|n| format!("n{n:02}")).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = fastrand::Rng::with_seed(11);
    let follows: Vec<Vec<&str>> = (0..names.len())
        .map(|_| random.choose_multiple(names.iter(), 3))
        .map(|list| list.into_iter().map(String::as_str).collect())
        .collect();
    let all_read = |engine: &mut Engine| loop {
        let orders = orders(engine);
        if orders.is_empty() {
            return;
        }
        for name in orders {
            let number = names.binary_search(&name).expect("a name");
            read(engine, &name, &follows[number]);
        }
    };
    let live = store(&folder).await;
    let restarted_folder = tempfile::tempdir().expect("a folder");
    let restarted = store(&restarted_folder).await;
    let mut engine = Engine::open(&live, settings(&["n00"], ""))
        .await
        .expect("opened");
    let mut sizes = HashSet::new();
    for _ in 0..30 {
        let count = random.usize(1..4);
        let chosen = random.choose_multiple(names.iter(), count + 2);
        let (tracked, skip) = chosen.split_at(count);
        let tracked: Vec<&str> = tracked.iter().map(|name| name.as_str()).collect();
        let skip = format!("skip = [\"did:web:{}\", \"did:web:{}\"]", skip[0], skip[1]);
        engine.reconfigure(settings(&tracked, &skip));
        all_read(&mut engine);
        let _ = commit(&mut engine, &live).await;

        let mut other = Engine::open(&restarted, settings(&tracked, &skip))
            .await
            .expect("opened");
        all_read(&mut other);
        let _ = commit(&mut other, &restarted).await;
        assert_eq!(circle(&engine), circle(&other));

        let fresh_folder = tempfile::tempdir().expect("a folder");
        let fresh = store(&fresh_folder).await;
        let fresh = Engine::open(&fresh, settings(&tracked, &skip)).await;
        let mut fresh = fresh.expect("opened");
        all_read(&mut fresh);
        assert_eq!(circle(&engine), circle(&fresh));
        sizes.insert(engine.circle.members().count());
    }
    assert!(sizes.len() > 3, "the histories have variety: {sizes:?}");
}

#[tokio::test]
async fn a_higher_bound_reads_capped_accounts_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(&folder).await;
    let bound = |max: u32| settings(&["a"], &format!("max_follows = {max}"));
    let mut engine = Engine::open(&store, bound(2)).await.expect("opened");
    let _ = orders(&mut engine);
    read_listing(&mut engine, "a", &["x", "y"], true);
    for done in orders(&mut engine) {
        read(&mut engine, &done, &[]);
    }
    engine.reconfigure(bound(2));
    assert_eq!(orders(&mut engine), [""; 0]);
    engine.reconfigure(bound(3));
    assert_eq!(orders(&mut engine), ["a"]);
}

/// The oldest follows up to the bound, and those seen live, count; the account is told of.
#[tokio::test]
async fn an_account_with_too_many_follows_is_read_to_the_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(&folder).await;
    let bound = settings(&["a"], "max_follows = 2");
    let mut engine = Engine::open(&store, bound.clone()).await.expect("opened");
    let _ = orders(&mut engine);
    read_listing(&mut engine, "a", &["x", "y"], true);
    let a = engine.circle.lookup("did:web:a").expect("known");
    let z = engine.intern("did:web:z");
    engine.set_follow(a, "r7", Some(z));
    assert_eq!(circle(&engine), "a0 x1 y1 z1");
    for done in orders(&mut engine) {
        read(&mut engine, &done, &[]);
    }
    let _ = commit(&mut engine, &store).await;
    let status = store.status(&[]).await.expect("a status");
    assert_eq!(status.capped_accounts, 1);
    assert_eq!(status.capped[0].did, "did:web:a");

    engine.order_backfill(a, "gap");
    assert_eq!(orders(&mut engine), ["a"]);
    read_listing(&mut engine, "a", &["x", "w"], true);
    assert_eq!(
        circle(&engine),
        "a0 w1 x1 z1",
        "z lies beyond what was read"
    );
    let _ = commit(&mut engine, &store).await;
    // Also after a restart it is known to be cut, and not read again for that.
    let mut engine = Engine::open(&store, bound).await.expect("opened");
    assert_eq!(circle(&engine), "a0 w1 x1 z1");
    assert_eq!(orders(&mut engine), ["w"]);
    engine.order_backfill(a, "gap");
    let _ = orders(&mut engine);
    read_listing(&mut engine, "a", &["x"], false);
    assert_eq!(circle(&engine), "a0 x1", "now everything was read");
    let _ = commit(&mut engine, &store).await;
    let status = store.status(&[]).await.expect("a status");
    assert_eq!((status.capped_accounts, status.capped.len()), (0, 0));
}
