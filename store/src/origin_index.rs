//! The index of assignments by origin, which a table that is filled for the most part goes
//! without: to make it once takes a fifth of the time that its rows take one by one, each at a
//! random place (docs/decisions/0013).
//!
//! Reports that ask by origin are slower meanwhile. A start makes it again if a writer was killed
//! in between.

use sqlx::{Connection, PgConnection, SqliteConnection};

/// As the migrations have it.
const SQLITE: &str = "CREATE INDEX IF NOT EXISTS assignment_origin ON assignment (origin, points)";
/// As the migrations have it.
const POSTGRES: &str = "CREATE INDEX IF NOT EXISTS assignment_origin \
    ON assignment (origin, holder) INCLUDE (points)";
const DROP: &str = "DROP INDEX IF EXISTS assignment_origin";

/// A report that runs holds the index; after so long it stays.
const PATIENCE: &str = "SET LOCAL lock_timeout = '1s'";
/// SQLSTATE `lock_not_available`.
const LOCKED: &str = "55P03";

/// Removes it.
pub(crate) async fn drop_sqlite(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(DROP).execute(connection).await.map(drop)
}

/// Makes it, if it is not there.
pub(crate) async fn make_sqlite(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(SQLITE).execute(connection).await.map(drop)
}

/// Removes it, unless somebody reads by it.
pub(crate) async fn drop_postgres(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut point = connection.begin().await?;
    sqlx::raw_sql(PATIENCE).execute(&mut *point).await?;
    match sqlx::raw_sql(DROP).execute(&mut *point).await {
        Ok(_) => point.commit().await,
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(LOCKED) => {
            point.rollback().await
        }
        Err(error) => Err(error),
    }
}

/// Makes it, if it is not there.
pub(crate) async fn make_postgres(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(POSTGRES).execute(connection).await.map(drop)
}
