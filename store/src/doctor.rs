//! What `kith doctor` asks of a database.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use sqlx::sqlite::SqliteConnectOptions;

use crate::{
    Store, StoreError,
    backend::{ADVISORY_LOCK, Backend, lock_path},
};

/// The file of an SQLite url; None: it is no such url.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let options = SqliteConnectOptions::from_str(url).ok()?;
    Some(options.get_filename().to_owned()).filter(|_| url.starts_with("sqlite:"))
}

impl Store {
    /// Which process writes to this database, in words; None: none does.
    pub async fn writer(&self) -> Result<Option<String>, StoreError> {
        if !self.has_writer().await? {
            return Ok(None);
        }
        let unknown = || "a process that does not say which".to_owned();
        let who = match &self.backend {
            Backend::Sqlite(b) => process_of(b.path()).map(|pid| format!("process {pid}")),
            Backend::Postgres(b) => {
                const SQL: &str = "SELECT CAST(a.pid AS BIGINT), COALESCE(host(a.client_addr), \
                    'the server itself'), CAST(a.backend_start AS TEXT) FROM pg_locks l \
                    JOIN pg_stat_activity a ON a.pid = l.pid \
                    WHERE l.locktype = 'advisory' AND l.granted \
                    AND ((l.classid::bigint << 32) | l.objid::bigint) = $1 \
                    AND a.datname = current_database()";
                let row: Option<(i64, String, String)> = sqlx::query_as(SQL)
                    .bind(ADVISORY_LOCK)
                    .fetch_optional(&b.readers)
                    .await?;
                row.map(|(pid, from, since)| {
                    format!("server process {pid}, from {from}, since {since}")
                })
            }
        };
        Ok(Some(who.unwrap_or_else(unknown)))
    }

    /// The id of the process that writes to a SQLite file; None: none does, or nobody knows which.
    pub async fn writer_process(&self) -> Result<Option<u32>, StoreError> {
        match &self.backend {
            Backend::Sqlite(b) if self.has_writer().await? => Ok(process_of(b.path())),
            _ => Ok(None),
        }
    }
}

fn process_of(database: &Path) -> Option<u32> {
    let pid = std::fs::read_to_string(lock_path(database)).ok()?;
    pid.trim().parse().ok()
}
