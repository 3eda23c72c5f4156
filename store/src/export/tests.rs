use sqlx::SqlSafeStr;

use super::*;
use crate::Access;

/// All exports, those of the graph too.
const ALL: [&Export; 10] = [
    &Export::CIRCLE,
    &Export::ASSIGNMENTS,
    &Export::JOURNAL,
    &Export::HISTORY,
    &Export::LOCAL_TRUST,
    &Export::PRE_TRUST,
    &Export::NODES,
    &Export::EDGES_ASSIGNMENTS,
    &Export::EDGES_FLOWS,
    &Export::EDGES_LIKES,
];

async fn empty(folder: &tempfile::TempDir) -> Store {
    let url = format!("sqlite:{}", folder.path().join("kith.db").display());
    let store = Store::open(&url, Access::Write).await;
    store.expect("a new database opens").close().await;
    let store = Store::open(&url, Access::Snapshot).await;
    store.expect("it opens again")
}

#[tokio::test]
async fn every_query_gives_its_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = empty(&folder).await;
    let Backend::Sqlite(backend) = &store.backend else {
        panic!("this is SQLite");
    };
    for export in ALL {
        for strongest in [None, Some(3)] {
            let (sql, _) = numbered(&export.query(strongest));
            let known =
                sqlx::Executor::describe(&backend.readers, AssertSqlSafe(sql).into_sql_str())
                    .await
                    .unwrap_or_else(|e| panic!("{}: {e}", export.name));
            assert_eq!(
                known.columns().len(),
                export.columns.len(),
                "{}",
                export.name
            );
        }
    }
}

/// What is long is not sorted: it comes in the order of a key.
#[tokio::test]
async fn long_exports_are_read_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = empty(&folder).await;
    let Backend::Sqlite(backend) = &store.backend else {
        panic!("this is SQLite");
    };
    let long = [
        &Export::CIRCLE,
        &Export::ASSIGNMENTS,
        &Export::JOURNAL,
        &Export::HISTORY,
        &Export::EDGES_ASSIGNMENTS,
    ];
    for export in long {
        let (sql, parameters) = numbered(&export.query(None));
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for _ in parameters {
            query = query.bind(None::<i64>);
        }
        let plan = query.fetch_all(&backend.readers).await.expect("a plan");
        assert!(!plan.is_empty());
        for step in plan {
            let step: String = step.get("detail");
            assert!(!step.contains("TEMP B-TREE"), "{}: {step}", export.name);
        }
    }
}

/// Groups of more bytes than SQLite may hold in memory go through files, inside the snapshot too.
#[tokio::test]
async fn what_is_sorted_is_sorted_in_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = empty(&folder).await;
    store.sort_in_files().await.expect("it can");
    let Backend::Sqlite(backend) = &store.backend else {
        panic!("this is SQLite");
    };
    let kept: i64 = sqlx::query_scalar("PRAGMA temp_store")
        .fetch_one(&backend.readers)
        .await
        .expect("a number");
    assert_eq!(kept, 1);
}
