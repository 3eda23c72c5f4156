//! The index of assignments by origin, which a table that is filled or changed for the most part
//! goes without: made once at the end it takes less than its rows one by one, each at a random place
//! (docs/decisions/0013).
//!
//! Reports that ask by origin are slower meanwhile. A writer makes it when it connects, at a start or
//! anew, if it is missing: one that was killed, or did not hear of its commit, may have left it so.

use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::backend::{CACHE_SIZE, TEMP_STORE};

/// As the migrations have it.
const SQLITE: &str = "CREATE INDEX assignment_origin ON assignment (origin, points)";
/// As the migrations have it.
const POSTGRES: &str = "CREATE INDEX assignment_origin \
    ON assignment (origin, holder) INCLUDE (points)";
const DROP: &str = "DROP INDEX IF EXISTS assignment_origin";

/// A report that runs holds the index; after so long it stays.
const PATIENCE: &str = "SET LOCAL lock_timeout = '1s'";
/// What comes after it in the transaction waits as the server is set up.
const NO_PATIENCE: &str = "SET LOCAL lock_timeout TO DEFAULT";
/// SQLSTATE `lock_not_available`.
const LOCKED: &str = "55P03";

/// Whether it is there.
const SQLITE_THERE: &str =
    "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'assignment_origin')";
/// Whether it is there.
const POSTGRES_THERE: &str = "SELECT to_regclass('assignment_origin') IS NOT NULL";

/// Sorting in memory would take as much of it as there are rows; in files it takes as much as the
/// cache of pages may have, and that beside the cache, for each thread that sorts: two help.
const SORT_IN_FILES: &str = "PRAGMA temp_store = FILE; PRAGMA cache_size = -4096; \
    PRAGMA shrink_memory; PRAGMA threads = 2";

/// Making it may take longer than a server lets a statement take.
const NO_TIMEOUT: &str = "SET LOCAL statement_timeout = 0";

/// The batch is committed, with the index or without.
pub(crate) fn note(made: Result<(), sqlx::Error>) {
    if let Err(error) = made {
        tracing::warn!(%error, "no index of assignments by origin: the next connection makes it");
    }
}

/// Removes it.
pub(crate) async fn drop_sqlite(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(DROP).execute(connection).await.map(drop)
}

/// Makes it, if it is not there.
pub(crate) async fn make_sqlite(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let there = sqlx::query_scalar(SQLITE_THERE);
    if there.fetch_one(&mut *connection).await? {
        return Ok(());
    }
    tracing::info!("making the index of assignments by origin");
    sqlx::raw_sql(SORT_IN_FILES)
        .execute(&mut *connection)
        .await?;
    let made = sqlx::raw_sql(SQLITE).execute(&mut *connection).await;
    let as_before = format!(
        "PRAGMA threads = 0; PRAGMA temp_store = {TEMP_STORE}; PRAGMA cache_size = {CACHE_SIZE}"
    );
    let as_before = sqlx::AssertSqlSafe(as_before);
    sqlx::raw_sql(as_before).execute(connection).await?;
    made.map(drop)
}

/// Removes it, unless somebody reads by it.
pub(crate) async fn drop_postgres(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut point = connection.begin().await?;
    sqlx::raw_sql(PATIENCE).execute(&mut *point).await?;
    match sqlx::raw_sql(DROP).execute(&mut *point).await {
        Ok(_) => {
            sqlx::raw_sql(NO_PATIENCE).execute(&mut *point).await?;
            point.commit().await
        }
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(LOCKED) => {
            point.rollback().await
        }
        Err(error) => Err(error),
    }
}

/// Makes it, if it is not there.
pub(crate) async fn make_postgres(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let there = sqlx::query_scalar(POSTGRES_THERE);
    if there.fetch_one(&mut *connection).await? {
        return Ok(());
    }
    tracing::info!("making the index of assignments by origin");
    let mut point = connection.begin().await?;
    sqlx::raw_sql(NO_TIMEOUT).execute(&mut *point).await?;
    sqlx::raw_sql(POSTGRES).execute(&mut *point).await?;
    point.commit().await
}
