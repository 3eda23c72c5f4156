//! SQLite: WAL, one writer connection that holds a lock file for its life, a pool of read-only
//! connections.

use std::{
    fs::File,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, SqlitePool,
    migrate::Migrator,
    sqlite::{
        SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions,
        SqliteSynchronous,
    },
};
use tokio::sync::{Mutex, MutexGuard};

use super::{Access, Once, READERS, SCHEMA_VERSION, check_schema, migrate};
use crate::{StoreError, origin_index};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");

/// Memory for pages of SQLite, of the writer: 64 MiB, in its own way of saying so.
pub(crate) const CACHE_SIZE: &str = "-65536";
/// Where SQLite's writer has its temporary tables.
pub(crate) const TEMP_STORE: &str = "MEMORY";
/// The same of each reader, whose pages the system keeps too: 16 MiB.
const READER_CACHE_SIZE: &str = "-16384";
/// Bytes of a page, of databases that are made now: each page costs two calls of the system to write.
const PAGE_BYTES: u32 = 8_192;
/// Pages in the write-ahead log at which it is folded into the file: 128 MiB. Pages that change
/// with every batch are folded once for many.
const WAL_PAGES: &str = "16384";
/// How long a statement of SQLite waits for another connection's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How often the lock is tried for while somebody has it, a moment apart.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Whether no migration was ever applied.
const IS_NEW: &str =
    "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')";

/// Whether a file of SQLite has tables of which no migration of Kith knows.
const IS_FOREIGN: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table') \
     AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')";

#[derive(Debug)]
pub(crate) struct SqliteBackend {
    pub(crate) readers: SqlitePool,
    options: SqliteConnectOptions,
    writer: Option<Mutex<Option<SqliteConnection>>>,
    path: PathBuf,
    /// Held, not read: the lock lasts as long as the file is open.
    _lock: Option<File>,
}

impl SqliteBackend {
    pub(super) async fn open(
        url: &str,
        shown: String,
        access: Access,
    ) -> Result<SqliteBackend, StoreError> {
        let open_error = |source| StoreError::Open {
            url: shown.clone(),
            source,
        };
        let options = SqliteConnectOptions::from_str(url)
            .map_err(open_error)?
            .page_size(PAGE_BYTES)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            // Likes touch accounts all over: pages that do not stay in memory are written again
            // and again.
            .pragma("cache_size", CACHE_SIZE)
            .pragma("temp_store", TEMP_STORE)
            .pragma("wal_autocheckpoint", WAL_PAGES)
            // It is cut off when it begins anew: what lies in it is not read before it is written
            // over, and what a long reader let it grow to is given back.
            .pragma("journal_size_limit", "0");
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
                if path.is_symlink() && !path.exists() {
                    // The lock lies beside what the link names, which has to be there for that.
                    let made = File::options().create(true).append(true).open(&path);
                    made.map_err(|error| open_error(sqlx::Error::Io(error)))?;
                }
                let lock = take_lock_file(&path, &shown).await?;
                let options = options
                    .clone()
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal);
                let mut writer = SqliteConnection::connect_with(&options)
                    .await
                    .map_err(open_error)?;
                let is_new = sqlx::query_scalar(IS_NEW)
                    .fetch_one(&mut writer)
                    .await
                    .map_err(open_error)?;
                migrate(&mut writer, &MIGRATIONS, is_new, &shown).await?;
                origin_index::note(origin_index::make_sqlite(&mut writer).await);
                (Some(lock), Some(Mutex::new(Some(writer))))
            }
            _ if !path.exists() => return Err(StoreError::Missing { url: shown }),
            Access::Read | Access::Snapshot | Access::Copy => (None, None),
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
                let is_foreign = is_foreign(&backend.options).await.unwrap_or(false);
                return Err(match is_foreign {
                    true => StoreError::Foreign { url: shown },
                    false => StoreError::Missing { url: shown },
                });
            }
            known.map_err(open_error)?;
            if access != Access::Copy {
                let version = sqlx::query_scalar(SCHEMA_VERSION)
                    .fetch_one(&backend.readers)
                    .await
                    .map_err(open_error)?;
                check_schema(version, &MIGRATIONS, &shown)?;
            }
        }
        Ok(backend)
    }

    /// Whether some process holds the writer's lock.
    pub(super) fn is_locked(&self) -> bool {
        let file = File::options().write(true).open(lock_path(&self.path));
        // Shared, so that two who ask do not take each other for it.
        file.is_ok_and(|file| file.try_lock_shared().is_err())
    }

    pub(super) async fn close(self) {
        self.readers.close().await;
        if let Some(writer) = self.writer.and_then(Mutex::into_inner) {
            // The last connection folds the write-ahead log into the file.
            if let Err(error) = writer.close().await {
                tracing::warn!(%error, "could not close the database cleanly");
            }
        }
    }

    /// Where the database is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How connections that write are opened.
    pub(crate) fn options(&self) -> &SqliteConnectOptions {
        &self.options
    }

    /// A copy of the file without its write-ahead log and its free pages. The copy is whole when
    /// it has its name, and nothing is left of one that failed.
    pub(crate) async fn backup(&self, file: &Path) -> Result<(), StoreError> {
        let [partial, journal] = [".partial", ".partial-journal"].map(|ending| {
            let mut path = file.as_os_str().to_owned();
            path.push(ending);
            PathBuf::from(path)
        });
        let remove = || {
            for path in [&partial, &journal] {
                match std::fs::remove_file(path) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        let path = path.display();
                        tracing::error!(%error, %path, "cannot remove what is left of a backup");
                    }
                    _ => {}
                }
            }
        };
        remove();
        let copied = self.copy_into(&partial).await.and_then(|()| {
            std::fs::rename(&partial, file).map_err(|e| StoreError::Database(sqlx::Error::Io(e)))
        });
        if copied.is_err() {
            remove();
        }
        copied
    }

    async fn copy_into(&self, file: &Path) -> Result<(), StoreError> {
        // The copy is another file: a connection that may write is needed, and writes nothing else.
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .busy_timeout(BUSY_TIMEOUT);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let vacuumed = sqlx::query("VACUUM INTO $1")
            .bind(file.to_string_lossy().into_owned())
            .execute(&mut connection)
            .await;
        connection.close().await?;
        vacuumed?;
        let synced = File::open(file).and_then(|copy| copy.sync_all());
        synced.map_err(|e| StoreError::Database(sqlx::Error::Io(e)))
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

/// Whether the file is not there, or has nothing in it.
pub(super) fn is_empty(url: &str, shown: &str) -> Result<bool, StoreError> {
    let options = SqliteConnectOptions::from_str(url).map_err(|source| StoreError::Open {
        url: shown.to_owned(),
        source,
    })?;
    let file = std::fs::metadata(options.get_filename());
    Ok(file.map_or(true, |file| file.len() == 0))
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

/// The lock file of a database, beside the file itself, however it is named: a link is another name.
pub(crate) fn lock_path(database: &Path) -> PathBuf {
    let itself = database.canonicalize();
    let mut path = itself.map_or_else(|_| database.as_os_str().to_owned(), Into::into);
    path.push(".lock");
    path.into()
}

async fn take_lock_file(database: &Path, shown: &str) -> Result<File, StoreError> {
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
    let mut locked = file.try_lock();
    // Who only asks whether there is a writer holds it for a moment.
    for _ in 0..LOCK_TRIES {
        if !matches!(locked, Err(std::fs::TryLockError::WouldBlock)) {
            break;
        }
        tokio::time::sleep(LOCK_PAUSE).await;
        locked = file.try_lock();
    }
    match locked {
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
