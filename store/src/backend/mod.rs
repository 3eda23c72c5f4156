//! The two databases: opening, and the writer's lock.
//!
//! The lock gives a second writer a clear line; what keeps it from writing is the position that
//! every batch expects ([`crate::Store::commit`]).

mod postgres;
mod sqlite;

use std::{
    cmp::Ordering,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

use sqlx::migrate::{Migrate, MigrateError, Migrator};

pub(crate) use postgres::{ADVISORY_LOCK, PostgresBackend};
pub(crate) use sqlite::{CACHE_SIZE, SqliteBackend, TEMP_STORE, lock_path};

use crate::StoreError;

/// Readers at once: reports are few.
const READERS: u32 = 4;

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
    /// To copy the whole file, whichever Kith made it: its schema may be another's.
    Copy,
}

/// One of the two databases.
#[derive(Debug)]
pub(crate) enum Backend {
    Sqlite(Box<SqliteBackend>),
    Postgres(Box<PostgresBackend>),
}

impl Backend {
    /// A comparison of texts by their bytes, whatever language the database was made for.
    pub(crate) fn by_bytes(&self, left: &str, comparison: &str, right: &str) -> String {
        match self {
            Backend::Sqlite(_) => format!("{left} {comparison} {right}"),
            Backend::Postgres(_) => {
                format!("{left} COLLATE \"C\" {comparison} {right} COLLATE \"C\"")
            }
        }
    }

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
        let is_empty = if url.starts_with("sqlite:") {
            sqlite::is_empty(url, &shown)?
        } else if url.starts_with("postgres") {
            postgres::is_empty(url, &shown).await?
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
            Backend::Sqlite(b) => Ok(b.is_locked()),
            Backend::Postgres(b) => b.is_locked().await,
        }
    }

    pub(crate) async fn close(self) {
        match self {
            Backend::Sqlite(b) => b.close().await,
            Backend::Postgres(b) => b.close().await,
        }
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

/// Where sqlx keeps which migrations were applied.
const MIGRATIONS: &str = "_sqlx_migrations";

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

/// Brings the schema up to date, and says so: what an older Kith made, it reads no more. A database that
/// is new has no migrations yet.
async fn migrate<C: Migrate>(
    connection: &mut C,
    migrations: &Migrator,
    is_new: bool,
    shown: &str,
) -> Result<(), StoreError> {
    let migrated = async {
        let before = match is_new {
            true => None,
            false => last_migration(connection).await?,
        };
        migrations.run_direct(None, connection, false).await?;
        Ok((before, last_migration(connection).await?))
    };
    let (before, after) = migrated.await.map_err(|e| migrate_error(shown, e))?;
    if let (Some(from), Some(to)) = (before, after)
        && from < to
    {
        tracing::info!(database = shown, from, to, "migrated");
    }
    Ok(())
}

async fn last_migration<C: Migrate>(connection: &mut C) -> Result<Option<i64>, MigrateError> {
    let applied = connection.list_applied_migrations(MIGRATIONS).await?;
    Ok(applied.iter().map(|migration| migration.version).max())
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

/// The url as it may be shown: `user:secret@` becomes `user:***@`, and `password=secret` likewise. When
/// in doubt, it hides too much.
pub(crate) fn mask_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let rest = match rest.rsplit_once('@') {
        Some((who, place)) if who.contains(':') => {
            let user = who.split(':').next().unwrap_or_default();
            // The sign may be one of a password that is a parameter.
            let place = match who.contains("password=") {
                true => place.find('&').map_or("", |end| &place[end..]).to_owned(),
                false => format!("@{place}"),
            };
            format!("{user}:***{place}")
        }
        _ => rest.to_owned(),
    };
    let mut parts = rest.split("password=");
    let mut shown = format!("{scheme}://{}", parts.next().unwrap_or_default());
    for part in parts {
        let rest = part.find('&').map_or("", |end| &part[end..]);
        shown.extend(["password=***", rest]);
    }
    shown
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
            ("postgres://me:1/pw@host/k", "postgres://me:***@host/k"),
            ("postgres://me@host/a", "postgres://me@host/a"),
            (
                "postgres://me@host:1/k?password=p@w&host=h",
                "postgres://me@host:***&host=h",
            ),
            (
                "postgres://me@host/k?password=p@w&host=h",
                "postgres://me@host/k?password=***&host=h",
            ),
            (
                "postgres:///k?host=/run&password=pw",
                "postgres:///k?host=/run&password=***",
            ),
            (
                "postgres://me@host/k?password=pw&sslpassword=pw&x=1",
                "postgres://me@host/k?password=***&sslpassword=***&x=1",
            ),
        ] {
            assert_eq!(mask_password(url), shown);
        }
    }
}
