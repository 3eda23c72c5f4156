//! The two databases: opening, the writer's lock, transactions.
//!
//! SQLite: WAL, one writer connection that holds a lock file for its life, a pool of read-only
//! connections. PostgreSQL: one writer connection that holds an advisory lock, a pool of
//! readers. The lock gives a second writer a clear line; what keeps it from writing is the
//! position that every batch expects ([`crate::Store::commit`]).

use std::{
    cmp::Ordering,
    fs::File,
    io::Write,
    path::PathBuf,
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, PgPool, SqlitePool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgConnection, PgPoolOptions},
    sqlite::{
        SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions,
        SqliteSynchronous,
    },
};
use tokio::sync::{Mutex, MutexGuard};

use crate::{StoreError, origin_index};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// "kith" in ASCII: the advisory lock's key.
pub(crate) const ADVISORY_LOCK: i64 = 0x6b69_7468;
/// Readers at once: reports are few.
const READERS: u32 = 4;
/// Memory for pages of SQLite, of the writer: 64 MiB, in its own way of saying so.
pub(crate) const CACHE_SIZE: &str = "-65536";
/// Where SQLite's writer has its temporary tables.
pub(crate) const TEMP_STORE: &str = "MEMORY";
/// The same of each reader, whose pages the system keeps too: 16 MiB.
const READER_CACHE_SIZE: &str = "-16384";
/// Pages in the write-ahead log at which it is folded into the file: 128 MiB. Pages that change
/// with every batch are folded once for many.
const WAL_PAGES: &str = "32768";
/// How long a statement of SQLite waits for another connection's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a start waits for the lock of a process that has just died: its server side
/// notices only when it next reads.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait for a connection to PostgreSQL.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether a file of SQLite has tables of which no migration of Kith knows.
const IS_FOREIGN: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table') \
     AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')";

/// What the caller wants of the database.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub enum Access {
    /// To write: migrations run, the writer's lock is taken.
    Write,
    /// To read: nothing is changed.
    Read,
    /// To read everything as it is at one moment, whatever is written meanwhile: one connection,
    /// one transaction, so one question at a time. Such questions are long, and nobody is warned.
    Snapshot,
}

/// One of the two databases.
#[derive(Debug)]
pub(crate) enum Backend {
    Sqlite(Box<SqliteBackend>),
    Postgres(Box<PostgresBackend>),
}

#[derive(Debug)]
pub(crate) struct SqliteBackend {
    pub(crate) readers: SqlitePool,
    options: SqliteConnectOptions,
    writer: Option<Mutex<Option<SqliteConnection>>>,
    path: PathBuf,
    /// Held, not read: the lock lasts as long as the file is open.
    _lock: Option<File>,
}

#[derive(Debug)]
pub(crate) struct PostgresBackend {
    pub(crate) readers: PgPool,
    options: PgConnectOptions,
    writer: Option<Mutex<Option<PgConnection>>>,
    url: String,
}

impl Backend {
    pub(crate) async fn open(url: &str, access: Access) -> Result<Backend, StoreError> {
        let shown = mask_password(url);
        if url.starts_with("sqlite:") {
            Ok(Backend::Sqlite(Box::new(
                SqliteBackend::open(url, shown, access).await?,
            )))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Backend::Postgres(Box::new(
                PostgresBackend::open(url, shown, access).await?,
            )))
        } else {
            Err(StoreError::UnknownUrl { url: shown })
        }
    }

    /// Refuses a database that has anything in it.
    pub(crate) async fn expect_empty(url: &str) -> Result<(), StoreError> {
        let shown = mask_password(url);
        let open_error = |source| StoreError::Open {
            url: shown.clone(),
            source,
        };
        let is_empty = if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url).map_err(open_error)?;
            let file = std::fs::metadata(options.get_filename());
            file.map_or(true, |file| file.len() == 0)
        } else if url.starts_with("postgres") {
            let options = PgConnectOptions::from_str(url).map_err(open_error)?;
            let mut connection = connect(&options).await.map_err(open_error)?;
            let tables: i64 = sqlx::query_scalar(
                "SELECT COUNT(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace",
            )
            .fetch_one(&mut connection)
            .await?;
            connection.close().await?;
            tables == 0
        } else {
            return Err(StoreError::UnknownUrl { url: shown });
        };
        match is_empty {
            true => Ok(()),
            false => Err(StoreError::NotEmpty { url: shown }),
        }
    }

    /// Whether some process holds the writer's lock.
    pub(crate) async fn is_locked(&self) -> Result<bool, StoreError> {
        match self {
            Backend::Sqlite(b) => {
                let Ok(file) = File::options().write(true).open(lock_path(&b.path)) else {
                    return Ok(false);
                };
                Ok(file.try_lock().is_err())
            }
            Backend::Postgres(b) => {
                let held: i64 = sqlx::query_scalar(
                    "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND granted \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
                     AND ((classid::bigint << 32) | objid::bigint) = $1",
                )
                .bind(ADVISORY_LOCK)
                .fetch_one(&b.readers)
                .await?;
                Ok(held > 0)
            }
        }
    }

    pub(crate) async fn close(self) {
        match self {
            Backend::Sqlite(b) => {
                b.readers.close().await;
                if let Some(writer) = b.writer.and_then(Mutex::into_inner) {
                    // The last connection folds the write-ahead log into the file.
                    if let Err(error) = writer.close().await {
                        tracing::warn!(%error, "could not close the database cleanly");
                    }
                }
            }
            Backend::Postgres(b) => {
                b.readers.close().await;
                if let Some(connection) = b.writer.and_then(Mutex::into_inner) {
                    let _closed = connection.close().await;
                }
            }
        }
    }
}

impl SqliteBackend {
    async fn open(url: &str, shown: String, access: Access) -> Result<SqliteBackend, StoreError> {
        let open_error = |source| StoreError::Open {
            url: shown.clone(),
            source,
        };
        let options = SqliteConnectOptions::from_str(url)
            .map_err(open_error)?
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            // Likes touch accounts all over: pages that do not stay in memory are written again
            // and again.
            .pragma("cache_size", CACHE_SIZE)
            .pragma("temp_store", TEMP_STORE)
            .pragma("wal_autocheckpoint", WAL_PAGES);
        let options = match access {
            Access::Snapshot => options.disable_statement_logging(),
            _ => options,
        };
        let path = options.get_filename().to_owned();
        let (lock, writer) = match access {
            Access::Write => {
                if path.is_file() && is_foreign(&options).await.map_err(open_error)? {
                    return Err(StoreError::Foreign { url: shown });
                }
                let lock = take_lock_file(&path, &shown)?;
                let options = options
                    .clone()
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal);
                let mut writer = SqliteConnection::connect_with(&options)
                    .await
                    .map_err(open_error)?;
                SQLITE_MIGRATIONS
                    .run(&mut writer)
                    .await
                    .map_err(|e| migrate_error(&shown, e))?;
                origin_index::note(origin_index::make_sqlite(&mut writer).await);
                (Some(lock), Some(Mutex::new(Some(writer))))
            }
            _ if !path.exists() => return Err(StoreError::Missing { url: shown }),
            Access::Read | Access::Snapshot => (None, None),
        };
        let mut pool = SqlitePoolOptions::new().max_connections(READERS);
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
                        sqlx::raw_sql("BEGIN").execute(connection).await.map(drop)
                    })
                });
        }
        let reading = options.clone().read_only(true);
        let readers = pool
            .connect_with(reading.pragma("cache_size", READER_CACHE_SIZE))
            .await
            .map_err(open_error)?;
        let backend = SqliteBackend {
            readers,
            options,
            writer,
            path,
            _lock: lock,
        };
        if access != Access::Write {
            let known = sqlx::query("SELECT 1 FROM state")
                .fetch_optional(&backend.readers)
                .await;
            if matches!(&known, Err(sqlx::Error::Database(e)) if e.message().contains("no such table"))
            {
                return Err(StoreError::Missing { url: shown });
            }
            known.map_err(open_error)?;
            let version = sqlx::query_scalar(SCHEMA_VERSION)
                .fetch_one(&backend.readers)
                .await
                .map_err(open_error)?;
            check_schema(version, &SQLITE_MIGRATIONS, &shown)?;
        }
        Ok(backend)
    }

    /// Where the database is.
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// How connections that write are opened.
    pub(crate) fn options(&self) -> &SqliteConnectOptions {
        &self.options
    }

    /// A copy of the file without its write-ahead log and its free pages. The copy is whole when
    /// it has its name.
    pub(crate) async fn backup(&self, file: &std::path::Path) -> Result<(), StoreError> {
        let failed = |e: std::io::Error| StoreError::Database(sqlx::Error::Io(e));
        let mut partial = file.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        if partial.exists() {
            std::fs::remove_file(&partial).map_err(failed)?;
        }
        // The copy is another file: a connection that may write is needed, and writes nothing else.
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .busy_timeout(BUSY_TIMEOUT);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::query("VACUUM INTO $1")
            .bind(partial.to_string_lossy().into_owned())
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        File::open(&partial)
            .and_then(|copy| copy.sync_all())
            .and_then(|()| std::fs::rename(&partial, file))
            .map_err(failed)
    }

    /// The writer's connection, made anew if the last transaction failed.
    pub(crate) async fn writer(
        &self,
    ) -> Result<MutexGuard<'_, Option<SqliteConnection>>, StoreError> {
        let Some(writer) = &self.writer else {
            return Err(StoreError::Database(sqlx::Error::PoolClosed));
        };
        let mut guard = writer.lock().await;
        if guard.is_none() {
            let mut connection = SqliteConnection::connect_with(&self.options).await?;
            origin_index::note(origin_index::make_sqlite(&mut connection).await);
            *guard = Some(connection);
        }
        Ok(guard)
    }
}

/// Whether another program made the file.
async fn is_foreign(options: &SqliteConnectOptions) -> Result<bool, sqlx::Error> {
    let options = options.clone().read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let is_foreign = sqlx::query_scalar(IS_FOREIGN)
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(is_foreign)
}

impl PostgresBackend {
    async fn open(url: &str, shown: String, access: Access) -> Result<PostgresBackend, StoreError> {
        let open_error = |source| StoreError::Open {
            url: shown.clone(),
            source,
        };
        let options = PgConnectOptions::from_str(url)
            .map_err(open_error)?
            .application_name("kith")
            .options([("timezone", "UTC")]);
        let options = match access {
            Access::Snapshot => options.disable_statement_logging(),
            _ => options,
        };
        let writer = match access {
            Access::Write => {
                let mut connection = connect(&options).await.map_err(open_error)?;
                take_advisory_lock(&mut connection, &shown).await?;
                POSTGRES_MIGRATIONS
                    .run(&mut connection)
                    .await
                    .map_err(|e| migrate_error(&shown, e))?;
                origin_index::note(origin_index::make_postgres(&mut connection).await);
                Some(Mutex::new(Some(connection)))
            }
            Access::Read | Access::Snapshot => {
                let mut connection = connect(&options).await.map_err(open_error)?;
                let there: Option<String> = sqlx::query_scalar("SELECT to_regclass('state')::text")
                    .fetch_one(&mut connection)
                    .await
                    .map_err(open_error)?;
                if there.is_none() {
                    return Err(StoreError::Missing { url: shown });
                }
                let version = sqlx::query_scalar(SCHEMA_VERSION)
                    .fetch_one(&mut connection)
                    .await
                    .map_err(open_error)?;
                check_schema(version, &POSTGRES_MIGRATIONS, &shown)?;
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
            url: shown,
        })
    }

    /// The writer's connection, made anew (with its lock) if it was lost.
    pub(crate) async fn writer(&self) -> Result<MutexGuard<'_, Option<PgConnection>>, StoreError> {
        let Some(writer) = &self.writer else {
            return Err(StoreError::Database(sqlx::Error::PoolClosed));
        };
        let mut guard = writer.lock().await;
        if guard.is_none() {
            let mut connection = connect(&self.options).await?;
            take_advisory_lock(&mut connection, &self.url).await?;
            origin_index::note(origin_index::make_postgres(&mut connection).await);
            *guard = Some(connection);
        }
        Ok(guard)
    }
}

/// A connection that is not of the pool, which would ask again and again and tell of no reason.
async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connection = PgConnection::connect_with(options);
    match tokio::time::timeout(ACQUIRE_TIMEOUT, connection).await {
        Ok(connected) => connected,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

/// A snapshot is of one connection: another would see another moment.
#[derive(Debug, Default)]
struct Once(AtomicBool);

impl Once {
    fn is_first(&self) -> Result<(), sqlx::Error> {
        match self.0.swap(true, SeqCst) {
            false => Ok(()),
            true => Err(sqlx::Error::Protocol(
                "the connection was lost in the middle; begin again".to_owned(),
            )),
        }
    }
}

/// The lock file of a database, beside the file itself, however it is named: a link is another name.
pub(crate) fn lock_path(database: &std::path::Path) -> PathBuf {
    let itself = database.canonicalize();
    let mut path = itself.map_or_else(|_| database.as_os_str().to_owned(), Into::into);
    path.push(".lock");
    path.into()
}

fn take_lock_file(database: &std::path::Path, shown: &str) -> Result<File, StoreError> {
    let open = |source: std::io::Error| StoreError::Open {
        url: shown.to_owned(),
        source: sqlx::Error::Io(source),
    };
    let file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(lock_path(database))
        .map_err(open)?;
    match file.try_lock() {
        Ok(()) => {
            // For people who ask who holds it; the lock itself is what counts.
            let noted = file.set_len(0).and_then(|()| {
                let mut noted = &file;
                noted.write_all(format!("{}\n", std::process::id()).as_bytes())
            });
            noted.map_err(open)?;
            Ok(file)
        }
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Locked {
            url: shown.to_owned(),
        }),
        Err(std::fs::TryLockError::Error(source)) => Err(open(source)),
    }
}

async fn take_advisory_lock(connection: &mut PgConnection, shown: &str) -> Result<(), StoreError> {
    let deadline = tokio::time::Instant::now() + LOCK_PATIENCE;
    loop {
        let taken: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(ADVISORY_LOCK)
            .fetch_one(&mut *connection)
            .await?;
        if taken {
            return Ok(());
        }
        if tokio::time::Instant::now() > deadline {
            return Err(StoreError::Locked {
                url: shown.to_owned(),
            });
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The last migration that was applied.
const SCHEMA_VERSION: &str =
    "SELECT CAST(MAX(version) AS BIGINT) FROM _sqlx_migrations WHERE success";

/// Readers do not migrate: the schema must be this version's.
fn check_schema(found: Option<i64>, ours: &Migrator, shown: &str) -> Result<(), StoreError> {
    let version = found.unwrap_or(0);
    let url = shown.to_owned();
    match version.cmp(&ours.iter().map(|m| m.version).max().unwrap_or(0)) {
        Ordering::Less => Err(StoreError::Older { url, version }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(StoreError::Newer { url, version }),
    }
}

fn migrate_error(shown: &str, error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => StoreError::Newer {
            url: shown.to_owned(),
            version,
        },
        source => StoreError::Migrate {
            url: shown.to_owned(),
            source,
        },
    }
}

/// The url as it may be shown: `user:secret@` becomes `user:***@`.
pub(crate) fn mask_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let Some(at) = rest[..end].rfind('@') else {
        return url.to_owned();
    };
    match rest[..at].split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:***{}", &rest[at..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::mask_password;

    #[test]
    fn passwords_are_not_shown() {
        for (url, shown) in [
            ("sqlite:kith.db", "sqlite:kith.db"),
            ("postgres://localhost/kith", "postgres://localhost/kith"),
            ("postgres://me:pw@host/kith", "postgres://me:***@host/kith"),
            (
                "postgres://me:p@w@host:5/kith",
                "postgres://me:***@host:5/kith",
            ),
            ("postgres://me@host/a@b", "postgres://me@host/a@b"),
        ] {
            assert_eq!(mask_password(url), shown);
        }
    }
}
