//! A database of a test's own, on either side.

use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::postgres::postgres;

/// Table, columns (`#`: bytes), order: every table there is. Left out are columns that depend on
/// how what was read was cut into batches (`state.batch`, where an image is true, images of kept
/// checkpoints, which are of the tick or later, how far the journal was dropped), those of local
/// time, and what a source is called, since tests read the same from several files.
const CONTENTS: [(&str, &str, &str); 30] = [
    (
        "state",
        "position ticks seed epoch epoch_micros epoch_base epoch_base_micros clock_micros depth \
         history_epoch",
        "singleton",
    ),
    ("tracked", "account label", "account"),
    ("skipped", "account", "account"),
    ("named", "handle did", "CAST(handle AS TEXT)"),
    (
        "account",
        "id did handle hop since_micros status capped",
        "id",
    ),
    ("ledger_number", "ledger_id account", "ledger_id"),
    ("repo", "account rev #data likes_upto", "account"),
    ("forgotten", "account", "account"),
    ("status_event", "account micros", "account"),
    (
        "follow",
        "follower rkey subject",
        "follower, subject, CAST(rkey AS TEXT)",
    ),
    (
        "block",
        "blocker rkey subject",
        "blocker, subject, CAST(rkey AS TEXT)",
    ),
    (
        "circle_change",
        "id micros account from_hop to_hop cause by rkey",
        "id",
    ),
    ("source", "kind cursor event_micros", "CAST(name AS TEXT)"),
    (
        "backfill",
        "account state reason attempts error likes gap",
        "account",
    ),
    (
        "gap",
        "id kind account source from_rev to_rev from_micros to_micros accounts accounts_left \
         opened_micros closed_micros likes_found follows_changed blocks_changed",
        "id",
    ),
    ("identity", "account pds handle signing_key", "account"),
    ("handle_lookup", "account attempts", "account"),
    (
        "bootstrap",
        "state likes_read likes_taken taken_tid taken_account taken_record",
        "singleton",
    ),
    ("bootstrap_account", "account likes capped error", "account"),
    (
        "bootstrap_like",
        "tid account record author post nonce",
        "tid, account, record",
    ),
    (
        "journal",
        "position epoch kind outcome sender receiver points nonce held entry #pieces sink_points \
         #sink_pieces parameters record rkey rev subject_rkey micros",
        "position",
    ),
    (
        "ledger_account",
        "id own others tally rows unclaimed ordinal",
        "id",
    ),
    (
        "assignment",
        "holder origin points touched",
        "holder, origin",
    ),
    (
        "unclaimed",
        "receiver entry sender ordinal points #pieces",
        "receiver, entry",
    ),
    (
        "flow",
        "origin receiver sender epoch points",
        "origin, receiver, sender, epoch",
    ),
    (
        "epoch",
        "ordinal epoch minted moved sink returned decayed expired burned forgotten",
        "ordinal",
    ),
    (
        "history",
        "holder epoch received given hop own tally tracked rank",
        "holder, epoch",
    ),
    ("counter", "name value", "CAST(name AS TEXT)"),
    (
        "request",
        "id kind did sender entry answer operations position points",
        "id",
    ),
    (
        "dropped_like",
        "sender record rkey epoch",
        "sender, record, CAST(rkey AS TEXT)",
    ),
];

/// The contents of two databases are the same, or the first difference is told.
#[track_caller]
pub fn assert_same(found: &[String], expected: &[String]) {
    let differing = found.iter().zip(expected).find(|(a, b)| a != b);
    assert_eq!(differing, None, "found, expected");
    assert_eq!(found.len(), expected.len());
}

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

    /// A file in a folder that somebody else removes.
    pub fn sqlite_in(folder: &Path) -> Self {
        Self {
            url: format!("sqlite:{}", folder.join("kith.db").display()),
            _folder: None,
        }
    }

    /// A database that is there already, or will be.
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            _folder: None,
        }
    }

    /// Every row of every table that follows from what was read, each as text, but for what
    /// depends on how it was cut into batches: the number of batches, and where each image is true.
    pub fn contents(&self) -> Vec<String> {
        let queries = CONTENTS.iter().map(|(table, columns, order)| {
            let texts: Vec<String> = columns
                .split(' ')
                .map(|column| {
                    let column = match column.strip_prefix('#') {
                        Some(bytes) if self.url.starts_with("sqlite:") => {
                            format!("CASE WHEN {bytes} IS NOT NULL THEN HEX({bytes}) END")
                        }
                        Some(bytes) => format!("UPPER(ENCODE({bytes}, 'hex'))"),
                        None => format!("CAST({column} AS TEXT)"),
                    };
                    format!("COALESCE({column}, '-')")
                })
                .collect();
            let row = texts.join(" || ' ' || ");
            let row = format!("SELECT '{table} ' || {row} FROM {table} ORDER BY {order}");
            let mut rows = self.texts(&row);
            // What is first among texts depends on the language that a database was made for.
            if order.contains("AS TEXT") {
                rows.sort_unstable();
            }
            rows
        });
        queries.flatten().collect()
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

    /// Whether somebody is in the middle of writing to a SQLite file.
    pub fn is_locked(&self) -> bool {
        self.url.starts_with("sqlite:")
            && execute(
                &self.url,
                "PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK",
            )
            .is_err()
    }

    /// A session of PostgreSQL in a transaction that begins with these statements and is rolled
    /// back when the answer is dropped.
    pub fn hold(&self, sql: &str) -> Held {
        let runtime = runtime();
        let connection = runtime.block_on(PgConnection::connect(&self.url));
        let connection = connection.unwrap_or_else(|e| panic!("cannot reach {}: {e}", self.url));
        let mut held = Held {
            connection: Some(connection),
            runtime,
        };
        held.execute(&format!("BEGIN; {sql}"));
        held
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

/// An open transaction of PostgreSQL.
#[derive(Debug)]
pub struct Held {
    connection: Option<PgConnection>,
    runtime: tokio::runtime::Runtime,
}

impl Held {
    /// Runs statements in the transaction.
    pub fn execute(&mut self, sql: &str) {
        let connection = self.connection.as_mut().expect("it is open");
        self.runtime
            .block_on(sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection))
            .unwrap_or_else(|e| panic!("cannot run {sql:?}: {e}"));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Closing rolls back.
            let _ = self.runtime.block_on(connection.close());
        }
    }
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
