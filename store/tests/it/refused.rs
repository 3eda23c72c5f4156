//! Rows that a constraint refuses: a defect, of which trying again does not help. Nothing of their
//! batch stays, and the store goes on with the next one.

use kith_reputation::{AccountId, Operation, Verdict};
use kith_store::{
    Access, Batch, Pieces, Store, StoreError,
    batch::{AccountRow, CircleChangeRow, Clock, FlowRow, JournalRow, State, TrackedRow},
};
use kith_tests::Database;
use rusqlite::ffi;

use crate::twin::{databases, runtime};

/// What makes a good batch one that is refused, and how to call it.
type Spoiled = (&'static str, fn(&mut Batch));

/// One or more for every way in which rows go to a database, behind good rows of the same way.
const SPOILED: [Spoiled; 8] = [
    // New rows: many of a statement on SQLite, COPY on PostgreSQL.
    ("a position that is taken", |batch| {
        batch.journal.push(operation(1));
    }),
    ("a position twice in one batch", |batch| {
        batch.journal.extend_from_within(..1);
    }),
    ("a position below one", |batch| {
        batch.journal.push(operation(0));
    }),
    // Rows that may be there already: many of a statement on SQLite, arrays on PostgreSQL. The
    // journal went through by then.
    ("another account with the DID of one", |batch| {
        batch.accounts.push(account(1_000, "did:web:account1"));
    }),
    ("two accounts with one DID", |batch| {
        batch.accounts.push(account(1_000, "did:web:new"));
        batch.accounts.push(account(1_001, "did:web:new"));
    }),
    // Rows that are added to what is there.
    ("a flow of nothing", |batch| {
        batch.flows.push(flow(1_000, 0));
    }),
    // One row after the other, by the driver, at the end of the transaction.
    ("an account tracked twice", |batch| {
        batch.tracked = Some(vec![tracked("one"), tracked("one")]);
    }),
    ("epochs without length", |batch| {
        batch.state.clock.epoch_micros = 0;
    }),
];

#[test]
fn refused_rows_are_a_defect_and_leave_nothing() {
    for database in databases() {
        goes_on_after(&database, &SPOILED);
    }
}

/// A link to a file is another name of it, also while there is no file.
#[test]
fn a_link_is_no_second_way_to_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let [itself, link] = ["kith.db", "link.db"].map(|name| folder.path().join(name));
    std::os::unix::fs::symlink(&itself, &link).expect("a link can be made");
    let open = async |path: &std::path::Path| {
        Store::open(&format!("sqlite:{}", path.display()), Access::Write).await
    };
    runtime().block_on(async {
        let _writer = open(&link).await.expect("opens");
        for other in [&itself, &link] {
            let refused = open(other).await.map(drop);
            assert!(
                matches!(refused, Err(StoreError::Locked { .. })),
                "{refused:?}"
            );
        }
    });
}

/// A value that a server finds no place for will find none at the next attempt.
#[test]
fn a_value_that_cannot_be_stored_is_a_defect() {
    if let Some(database) = Database::postgres() {
        runtime().block_on(async {
            let store = Store::open(database.url(), Access::Write).await;
            store.expect("opens").close().await;
        });
        database.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF NEW.label = 'no' THEN RAISE EXCEPTION 'not this' USING ERRCODE = '22021'; END IF; \
             RETURN NEW; END $$; \
             CREATE TRIGGER refuse BEFORE INSERT ON tracked FOR EACH ROW EXECUTE FUNCTION refuse()",
        );
        goes_on_after(
            &database,
            &[("a data exception", |batch| {
                batch.tracked = Some(vec![tracked("no")]);
            })],
        );
    }
}

/// A stranger's word that was not checked well enough does not end the ledger.
#[test]
fn a_nul_in_rows_is_replaced() {
    for database in databases() {
        runtime().block_on(async {
            let store = new(database.url()).await;
            let mut batch = good(1);
            batch.accounts.push(account(1_000, "did:web:\0"));
            batch.changes.push(change(1_000, "rk\0ey"));
            batch.tracked = Some(vec![tracked("o\0ne")]);
            store.commit(&batch).await.expect("commits");
            store.close().await;
        });
        let replaced = "SELECT COUNT(*) FROM account JOIN circle_change ON rkey = 'rk\u{fffd}ey' \
                        WHERE did = 'did:web:\u{fffd}'";
        assert_eq!(database.number(replaced), 1);
        let label = "SELECT COUNT(*) FROM tracked WHERE label = 'o\u{fffd}ne'";
        assert_eq!(database.number(label), 1);
    }
}

/// Good batches, each after one that is refused: what is there in the end is what the good ones
/// alone leave.
fn goes_on_after(database: &Database, spoiled: &[Spoiled]) {
    let alone = Database::sqlite();
    let (runtime, url) = (runtime(), database.url());
    runtime.block_on(async {
        let (store, undisturbed) = (new(url).await, new(alone.url()).await);
        let first = good(1);
        store.commit(&first).await.expect("commits");
        undisturbed.commit(&first).await.expect("commits");
        for ((what, spoil), n) in spoiled.iter().zip(2..) {
            let mut refused = good(n);
            spoil(&mut refused);
            let error = store.commit(&refused).await.expect_err(what);
            assert!(error.is_defect(), "{what} in {url}: {error:?}");
            assert!(!error.is_input(), "{what} in {url}: {error:?}");
            let stands = store.last_batch().await.expect("reads");
            let stands = (stands.batch, stands.position);
            assert_eq!(stands, good(n).expected, "after {what} in {url}");

            store.commit(&good(n)).await.expect("commits");
            undisturbed.commit(&good(n)).await.expect("commits");
        }
        store.close().await;
        undisturbed.close().await;
    });
    assert_eq!(database.contents(), alone.contents(), "{url}");
}

/// What passes by itself is no defect: the same batch is tried again until it is in.
#[test]
fn what_passes_is_no_defect() {
    for code in [
        ffi::SQLITE_BUSY,
        ffi::SQLITE_FULL,
        ffi::SQLITE_IOERR,
        ffi::SQLITE_READONLY,
    ] {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let error = StoreError::from(error);
        assert!(!error.is_defect(), "{error:?}");
    }
    let lost = StoreError::from(sqlx::Error::WorkerCrashed);
    assert!(!lost.is_defect(), "{lost:?}");
}

async fn new(url: &str) -> Store {
    let store = Store::open(url, Access::Write).await.expect("opens");
    store.create(&state(0)).await.expect("is new");
    store
}

/// Batch `n`, on top of batch `n - 1`, with something for each way of writing.
fn good(n: u32) -> Batch {
    let (before, after) = (state(n - 1), state(n));
    Batch {
        expected: (before.batch, before.position),
        journal: vec![operation(after.position - 1), operation(after.position)],
        accounts: vec![account(n, &format!("did:web:account{n}"))],
        tracked: Some(vec![tracked(&format!("label {n}"))]),
        changes: vec![change(n.into(), "rkey")],
        counters: vec![("frames".to_owned(), n.into())],
        flows: vec![flow(1, 5)],
        state: after,
        ..Batch::default()
    }
}

fn state(n: u32) -> State {
    State {
        batch: n.into(),
        position: 2 * u64::from(n),
        clock: Clock {
            epoch_micros: 1,
            started: None,
        },
        ..State::default()
    }
}

fn operation(position: u64) -> JournalRow {
    JournalRow {
        position,
        epoch: 1,
        operation: Operation::Tick,
        verdict: Verdict::Accepted,
        claimed_from: None,
        pieces: Pieces::default(),
        sink_points: 0,
        sink_pieces: Pieces::default(),
        parameters: None,
        record: None,
        micros: 1,
    }
}

fn account(id: u32, did: &str) -> AccountRow {
    AccountRow {
        id,
        did: did.to_owned(),
        handle: None,
        hop: Some(1),
        since_micros: Some(1),
        status: "active".to_owned(),
        ledger_id: None,
        capped: false,
    }
}

fn change(id: u64, rkey: &str) -> CircleChangeRow {
    CircleChangeRow {
        id,
        micros: 1,
        account: 1,
        from_hop: None,
        to_hop: Some(1),
        cause: "follow",
        by: Some(1),
        rkey: Some(rkey.to_owned()),
    }
}

fn flow(sender: u32, points: u64) -> FlowRow {
    FlowRow {
        origin: AccountId(1),
        sender: AccountId(sender),
        receiver: AccountId(2),
        epoch: 1,
        points,
    }
}

fn tracked(label: &str) -> TrackedRow {
    TrackedRow {
        account: 1,
        label: Some(label.to_owned()),
    }
}
