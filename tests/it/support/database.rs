//! A database of a test's own, on either side.

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::postgres::postgres;

/// An empty database that nobody else uses.
#[derive(Debug)]
pub struct Database {
    url: String,
    _folder: Option<TempDir>,
}

impl Database {
    /// A file of its own, removed with this value.
    pub fn sqlite() -> Self {
        let folder = TempDir::with_prefix("kith-sqlite-").expect("a temporary folder can be made");
        let url = format!("sqlite:{}", folder.path().join("kith.db").display());
        Self {
            url,
            _folder: Some(folder),
        }
    }

    /// A fresh one of [`postgres`]; `None` (said clearly) where that is not installed.
    pub fn postgres() -> Option<Self> {
        Some(Self {
            url: postgres()?.fresh_database(),
            _folder: None,
        })
    }

    /// What the config file's `database` takes.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements, separated by semicolons.
    pub fn execute(&self, sql: &str) {
        execute(&self.url, sql).unwrap_or_else(|e| panic!("cannot run {sql:?}: {e}"));
    }

    /// Keeps every writer out of a SQLite file until the answer is dropped.
    pub fn stall(&self) -> Stall {
        let runtime = runtime();
        let connection = runtime.block_on(async {
            let mut connection = SqliteConnection::connect(&self.url).await?;
            sqlx::raw_sql("PRAGMA busy_timeout = 60000; BEGIN EXCLUSIVE")
                .execute(&mut connection)
                .await?;
            Ok::<_, sqlx::Error>(connection)
        });
        Stall {
            connection: Some(
                connection.unwrap_or_else(|e| panic!("cannot lock {}: {e}", self.url)),
            ),
            runtime,
        }
    }

    /// Asks for a column of text.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        texts(&self.url, sql).unwrap_or_else(|e| panic!("no text from {sql:?}: {e}"))
    }

    /// How the database would answer a query: a line for each step.
    pub fn plan(&self, sql: &str) -> Vec<String> {
        plan(&self.url, sql).unwrap_or_else(|e| panic!("no plan for {sql:?}: {e}"))
    }

    /// Asks for one integer (a `BIGINT` in `PostgreSQL`).
    pub fn number(&self, sql: &str) -> i64 {
        number(&self.url, sql).unwrap_or_else(|e| panic!("no number from {sql:?}: {e}"))
    }
}

pub(crate) fn execute(url: &str, sql: &str) -> Result<(), sqlx::Error> {
    block_on(async {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        if url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&format!("{url}?mode=rwc")).await?;
            sql.execute(&mut connection).await?;
            connection.close().await
        } else {
            let mut connection = PgConnection::connect(url).await?;
            sql.execute(&mut connection).await?;
            connection.close().await
        }
    })
}

pub(crate) fn number(url: &str, sql: &str) -> Result<i64, sqlx::Error> {
    block_on(async {
        if url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(url).await?;
            let number = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(&mut connection)
                .await?;
            connection.close().await?;
            Ok(number)
        } else {
            let mut connection = PgConnection::connect(url).await?;
            let number = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(&mut connection)
                .await?;
            connection.close().await?;
            Ok(number)
        }
    })
}

fn texts(url: &str, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    block_on(async {
        if url.starts_with("sqlite:") {
            sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_all(&mut SqliteConnection::connect(url).await?)
                .await
        } else {
            sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_all(&mut PgConnection::connect(url).await?)
                .await
        }
    })
}

fn plan(url: &str, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    block_on(async {
        if url.starts_with("sqlite:") {
            let sql = format!("EXPLAIN QUERY PLAN {sql}");
            let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
                .fetch_all(&mut SqliteConnection::connect(url).await?)
                .await?;
            Ok(steps.into_iter().map(|(_, _, _, step)| step).collect())
        } else {
            sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN {sql}")))
                .fetch_all(&mut PgConnection::connect(url).await?)
                .await
        }
    })
}

/// A transaction that no other can pass.
#[derive(Debug)]
pub struct Stall {
    connection: Option<SqliteConnection>,
    runtime: tokio::runtime::Runtime,
}

impl Drop for Stall {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Closing rolls back.
            let _ = self.runtime.block_on(connection.close());
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    runtime().block_on(work)
}

#[cfg(test)]
mod tests {
    use super::Database;

    #[test]
    fn both_sides_run_sql() {
        for database in [Some(Database::sqlite()), Database::postgres()]
            .into_iter()
            .flatten()
        {
            database.execute("CREATE TABLE things (id BIGINT); INSERT INTO things VALUES (40)");
            assert_eq!(database.number("SELECT id + 2 FROM things"), 42);
        }
    }
}
