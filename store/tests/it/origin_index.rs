//! The index of assignments by origin: removed while the table is filled, made again as the
//! migrations made it.

use kith_store::{
    Access, Batch, Store,
    batch::{Clock, OriginIndex, State},
};
use kith_tests::Database;
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::twin::{databases, runtime};

#[test]
fn it_is_made_again_as_it_was() {
    for database in databases() {
        let url = database.url();
        runtime().block_on(async {
            let store = new(url).await;
            let first = definition(url).await.expect("the migrations make it");
            commit(&store, 1, OriginIndex::Drop).await;
            assert_eq!(definition(url).await, None, "{url}");
            commit(&store, 2, OriginIndex::Keep).await;
            assert_eq!(definition(url).await, None, "{url}");
            commit(&store, 3, OriginIndex::Make).await;
            assert_eq!(definition(url).await.as_ref(), Some(&first), "{url}");
            // It is there already.
            commit(&store, 4, OriginIndex::Make).await;
            store.close().await;
        });
    }
}

#[test]
fn a_start_makes_it_if_it_is_missing() {
    for database in databases() {
        let url = database.url();
        runtime().block_on(async {
            let store = new(url).await;
            let first = definition(url).await;
            commit(&store, 1, OriginIndex::Drop).await;
            store.close().await;
            let store = Store::open(url, Access::Write).await.expect("opens");
            assert_eq!(definition(url).await, first, "{url}");
            store.close().await;
        });
    }
}

/// A batch that fails ends the connection; what it was to make, the next one makes.
#[test]
fn a_new_connection_makes_it_if_it_is_missing() {
    for database in databases() {
        let url = database.url();
        runtime().block_on(async {
            let store = new(url).await;
            let first = definition(url).await;
            commit(&store, 1, OriginIndex::Drop).await;
            let mut refused = batch(2, OriginIndex::Make);
            refused.state.clock.epoch_micros = 0;
            store
                .commit(&refused)
                .await
                .expect_err("epochs have a length");
            commit(&store, 2, OriginIndex::Keep).await;
            assert_eq!(definition(url).await, first, "{url}");
            store.close().await;
        });
    }
}

/// PostgreSQL does not let an index go while somebody reads by it.
#[test]
fn it_stays_while_a_report_reads() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let url = database.url();
    runtime().block_on(async {
        let store = new(url).await;
        let first = definition(url).await;
        let mut reader = PgConnection::connect(url).await.expect("connects");
        let mut reading = reader.begin().await.expect("begins");
        let rows = sqlx::query("SELECT holder FROM assignment WHERE origin = 1");
        rows.fetch_all(&mut *reading).await.expect("reads");
        commit(&store, 1, OriginIndex::Drop).await;
        reading.rollback().await.expect("ends");
        assert_eq!(definition(url).await, first);
        store.close().await;
    });
}

async fn new(url: &str) -> Store {
    let store = Store::open(url, Access::Write).await.expect("opens");
    store.create(&state(0)).await.expect("is new");
    store
}

async fn commit(store: &Store, n: u64, origin_index: OriginIndex) {
    let batch = batch(n, origin_index);
    store.commit(&batch).await.expect("commits");
}

/// Batch `n`, on top of batch `n - 1`.
fn batch(n: u64, origin_index: OriginIndex) -> Batch {
    Batch {
        expected: (n - 1, 0),
        state: state(n),
        origin_index,
        ..Batch::default()
    }
}

fn state(batch: u64) -> State {
    State {
        batch,
        clock: Clock {
            epoch_micros: 1,
            started: None,
        },
        ..State::default()
    }
}

/// How the database says that the index was made.
async fn definition(url: &str) -> Option<String> {
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.expect("connects");
        let sql = "SELECT sql FROM sqlite_master WHERE name = 'assignment_origin'";
        let definition = sqlx::query_scalar(sql).fetch_optional(&mut connection);
        return definition.await.expect("reads");
    }
    let mut connection = PgConnection::connect(url).await.expect("connects");
    let sql = "SELECT indexdef FROM pg_indexes WHERE indexname = 'assignment_origin'";
    let definition = sqlx::query_scalar(sql).fetch_optional(&mut connection);
    definition.await.expect("reads")
}
