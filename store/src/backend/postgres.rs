//! PostgreSQL: one writer connection that holds an advisory lock, a pool of readers.

use std::{
    io::ErrorKind,
    str::FromStr,
    sync::atomic::{AtomicI32, Ordering},
    time::Duration,
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgConnection, PgPoolOptions},
};
use tokio::sync::{Mutex, MutexGuard};

use super::{Access, Once, READERS, SCHEMA_VERSION, check_schema, migrate};
use crate::{StoreError, origin_index};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// "kith" in ASCII: the advisory lock's key.
pub(crate) const ADVISORY_LOCK: i64 = 0x6b69_7468;
/// How the server is to treat our connections. A host of Kith that is gone without a word, or a way to
/// it, is noticed in a minute: until then it holds the lock, by default for two hours.
const SESSION: [(&str, &str); 6] = [
    ("timezone", "UTC"),
    // That a table of migrations is there already is nothing to tell of at each start.
    ("client_min_messages", "warning"),
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    // While an answer is on its way there are no probes.
    ("tcp_user_timeout", "60000"),
];
/// Whether no migration was ever applied.
const IS_NEW: &str = "SELECT to_regclass('_sqlx_migrations') IS NULL";
/// Advisory locks that are held with the key.
const LOCKS: &str = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND granted \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND ((classid::bigint << 32) | objid::bigint) = $1";
/// How long a start waits for the lock of a process that has just died: its server side
/// notices only when it next reads.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait for a connection to PostgreSQL, and for the answer to a small question.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// A batch that takes longer than this is asked after, as often.
const SILENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct PostgresBackend {
    pub(crate) readers: PgPool,
    options: PgConnectOptions,
    writer: Option<Mutex<Option<PgConnection>>>,
    /// The server's process behind the writer's connection.
    process: AtomicI32,
    url: String,
}

impl PostgresBackend {
    pub(super) async fn open(
        url: &str,
        shown: String,
        access: Access,
    ) -> Result<PostgresBackend, StoreError> {
        let open_error = |source| StoreError::Open {
            url: shown.clone(),
            source,
        };
        let options = PgConnectOptions::from_str(url)
            .map_err(open_error)?
            .application_name("kith")
            .options(SESSION);
        let options = match access {
            Access::Snapshot => options.disable_statement_logging(),
            _ => options,
        };
        let mut process = 0;
        let writer = match access {
            Access::Write => {
                let mut connection = connect(&options).await.map_err(open_error)?;
                process = take_advisory_lock(&mut connection, &shown).await?;
                let is_new = sqlx::query_scalar(IS_NEW)
                    .fetch_one(&mut connection)
                    .await
                    .map_err(open_error)?;
                migrate(&mut connection, &MIGRATIONS, is_new, &shown).await?;
                origin_index::note(origin_index::make_postgres(&mut connection).await);
                Some(Mutex::new(Some(connection)))
            }
            Access::Read | Access::Snapshot | Access::Copy => {
                let mut connection = connect(&options).await.map_err(open_error)?;
                let there: Option<String> = sqlx::query_scalar("SELECT to_regclass('state')::text")
                    .fetch_one(&mut connection)
                    .await
                    .map_err(open_error)?;
                if there.is_none() {
                    return Err(StoreError::Missing { url: shown });
                }
                if access != Access::Copy {
                    let version = sqlx::query_scalar(SCHEMA_VERSION)
                        .fetch_one(&mut connection)
                        .await
                        .map_err(open_error)?;
                    check_schema(version, &MIGRATIONS, &shown)?;
                }
                connection.close().await.map_err(open_error)?;
                None
            }
        };
        let mut pool = PgPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT);
        if access == Access::Snapshot {
            let once = Once::default();
            pool = pool
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .after_connect(move |connection, _| {
                    let first = once.is_first();
                    Box::pin(async move {
                        first?;
                        sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                            .execute(connection)
                            .await
                            .map(drop)
                    })
                });
        }
        Ok(PostgresBackend {
            readers: pool.connect_lazy_with(options.clone()),
            options,
            writer,
            process: process.into(),
            url: shown,
        })
    }

    /// Whether some process holds the writer's lock.
    pub(super) async fn is_locked(&self) -> Result<bool, StoreError> {
        let held: i64 = sqlx::query_scalar(LOCKS)
            .bind(ADVISORY_LOCK)
            .fetch_one(&self.readers)
            .await?;
        Ok(held > 0)
    }

    pub(super) async fn close(self) {
        self.readers.close().await;
        if let Some(connection) = self.writer.and_then(Mutex::into_inner) {
            let _closed = connection.close().await;
        }
    }

    /// The writer's connection, made anew (with its lock) if it was lost.
    pub(crate) async fn writer(&self) -> Result<MutexGuard<'_, Option<PgConnection>>, StoreError> {
        let Some(writer) = &self.writer else {
            return Err(StoreError::Database(sqlx::Error::PoolClosed));
        };
        let mut guard = writer.lock().await;
        if guard.is_none() {
            let mut connection = connect(&self.options).await?;
            let process = take_advisory_lock(&mut connection, &self.url).await?;
            self.process.store(process, Ordering::Relaxed);
            origin_index::note(origin_index::make_postgres(&mut connection).await);
            *guard = Some(connection);
        }
        Ok(guard)
    }

    /// Ends when the server works for the writer no more though it never said so: its host is gone, or
    /// the way to it. A batch may take long, and a server that cannot be asked may come back.
    pub(crate) async fn lost(&self) -> StoreError {
        let begun = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(SILENCE).await;
            let seconds = begun.elapsed().as_secs();
            match tokio::time::timeout(ACQUIRE_TIMEOUT, self.is_served()).await {
                Ok(Ok(true)) => tracing::info!(seconds, "the database is still at work on a batch"),
                Ok(Ok(false)) => {
                    return StoreError::Database(sqlx::Error::Io(
                        ErrorKind::ConnectionAborted.into(),
                    ));
                }
                Ok(Err(error)) => tracing::error!(%error, seconds, "no answer to a batch, waiting"),
                Err(_) => tracing::error!(seconds, "no answer to a batch, waiting"),
            }
        }
    }

    /// Whether the process that took the lock for the writer holds it. A server that was started again
    /// gives its numbers again, to readers too.
    async fn is_served(&self) -> Result<bool, sqlx::Error> {
        let mut connection = connect(&self.options).await?;
        let held: i64 = sqlx::query_scalar(AssertSqlSafe(format!("{LOCKS} AND pid = $2")))
            .bind(ADVISORY_LOCK)
            .bind(self.process.load(Ordering::Relaxed))
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(held > 0)
    }
}

/// Whether the database has no tables.
pub(super) async fn is_empty(url: &str, shown: &str) -> Result<bool, StoreError> {
    let open_error = |source| StoreError::Open {
        url: shown.to_owned(),
        source,
    };
    let options = PgConnectOptions::from_str(url).map_err(open_error)?;
    let mut connection = connect(&options).await.map_err(open_error)?;
    let tables: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    Ok(tables == 0)
}

/// A connection that is not of the pool, which would ask again and again and tell of no reason.
async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connection = PgConnection::connect_with(options);
    match tokio::time::timeout(ACQUIRE_TIMEOUT, connection).await {
        Ok(connected) => connected,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

/// Takes the writer's lock; returns the number of the server's process that holds it.
async fn take_advisory_lock(connection: &mut PgConnection, shown: &str) -> Result<i32, StoreError> {
    let deadline = tokio::time::Instant::now() + LOCK_PATIENCE;
    loop {
        let (taken, process): (bool, i32) =
            sqlx::query_as("SELECT pg_try_advisory_lock($1), pg_backend_pid()")
                .bind(ADVISORY_LOCK)
                .fetch_one(&mut *connection)
                .await?;
        if taken {
            return Ok(process);
        }
        if tokio::time::Instant::now() > deadline {
            return Err(StoreError::Locked {
                url: shown.to_owned(),
            });
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[cfg(test)]
mod tests {
    use kith_tests::Database;

    use super::*;

    /// Looks at a writer's backend; where there is no PostgreSQL, nothing.
    fn with_writer(look: impl AsyncFnOnce(&PostgresBackend)) {
        let Some(database) = Database::postgres() else {
            return;
        };
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let url = database.url();
            let backend = PostgresBackend::open(url, url.to_owned(), Access::Write).await;
            let backend = backend.expect("opens");
            look(&backend).await;
            backend.close().await;
        });
    }

    /// Readers bear the same name, and after a restart of the server perhaps the writer's number.
    #[test]
    fn the_writer_is_who_holds_the_lock() {
        with_writer(async |backend| {
            assert!(backend.is_served().await.expect("says"));
            let reader: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
                .fetch_one(&backend.readers)
                .await
                .expect("reads");
            backend.process.store(reader, Ordering::Relaxed);
            assert!(!backend.is_served().await.expect("says"));
        });
    }

    #[test]
    fn a_host_that_is_gone_is_noticed() {
        with_writer(async |backend| {
            let mut writer = backend.writer().await.expect("is there");
            let connection = writer.as_mut().expect("is there");
            for (name, value) in SESSION.iter().filter(|(name, _)| name.starts_with("tcp")) {
                let set: String = sqlx::query_scalar("SELECT current_setting($1)")
                    .bind(name)
                    .fetch_one(&mut *connection)
                    .await
                    .expect("says");
                assert_eq!(set.trim_end_matches("ms"), *value, "{name}");
            }
        });
    }
}
