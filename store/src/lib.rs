//! The store: the only place with SQL.
//!
//! One writer gives it [`Batch`]es: journal rows, circle changes, cursors, counts and slices of
//! the checkpoint, each batch one transaction on top of the one before ([`Store::commit`]).
//! At start it gives all of it back ([`Store::load_state`] and the `each_*` readers). Readers ask
//! [`Store::report`] for tables.
//!
//! SQLite and PostgreSQL stand behind one type. The schema is in `migrations/`, with the same
//! names in both; the reporting queries are in `reports/`, one file each.
//!
//! To add a table: a migration in both folders, its rows in [`batch`], its bulk in `plan`, its
//! reader in `load`. To add a report: a file in `reports/` and a line in `report`.

mod audit;
mod backend;
pub mod batch;
mod bulk;
mod copy;
mod day_one;
mod doctor;
mod error;
mod explain;
mod export;
mod handle;
mod handles;
mod images;
mod kept;
mod leb128;
mod load;
mod news;
mod origin_index;
mod past;
mod pieces;
mod plan;
mod report;
mod requests;
mod scan;
mod status;

pub use audit::{ImagePart, Nobody};
pub use backend::Access;
pub use batch::Batch;
pub use doctor::sqlite_file;
pub use error::StoreError;
pub use explain::{Explanation, KnownAccount, Membership, Way};
pub use export::{ColumnKind, EXPORTS, Export, ExportColumn};
pub use handles::HandleWanted;
pub use images::ImageHeads;
pub use load::JournalPart;
pub use news::{ChangeNews, LikeNews, Moment};
pub use past::{HistoryPart, HistoryRow};
pub use pieces::Pieces;
pub use plan::Planned;
pub use report::{Parameter, REPORTS, Report, Table, Value};
pub use requests::RequestState;
pub use status::{BootstrapStatus, CappedAccount, Status, StatusSource};

use backend::Backend;
use batch::{OriginIndex, State};
use sqlx::{AssertSqlSafe, Connection};

/// Runs the same reading code on either database.
macro_rules! on_readers {
    ($store:expr, $pool:ident => $body:expr) => {
        match &$store.backend {
            $crate::backend::Backend::Sqlite(b) => {
                let $pool = &b.readers;
                $body
            }
            $crate::backend::Backend::Postgres(b) => {
                let $pool = &b.readers;
                $body
            }
        }
    };
}
pub(crate) use on_readers;

/// Moves table `state` to the batch's, if it stands where the batch expects it.
macro_rules! advance {
    ($batch:expr, $transaction:expr) => {{
        let (state, expected) = (&$batch.state, $batch.expected);
        let start = state.clock.started;
        let moved = sqlx::query(
            "UPDATE state SET batch = $1, position = $2, ticks = $3, epoch = $4, \
             epoch_micros = $5, epoch_base = $6, epoch_base_micros = $7, clock_micros = $8, \
             flow_position = $9, depth = $10, checkpoint_position = $13, dropped_position = $14, \
             history_epoch = $15, writer = $16 WHERE singleton = 1 AND batch = $11 AND position = $12",
        )
        .bind(state.batch.cast_signed())
        .bind(state.position.cast_signed())
        .bind(i64::from(state.ticks))
        .bind(start.map(|s| s.epoch))
        .bind(state.clock.epoch_micros)
        .bind(start.map(|s| s.base_epoch))
        .bind(start.map(|s| s.base_micros))
        .bind(start.map(|s| s.now_micros))
        .bind(state.flow_position.cast_signed())
        .bind(i64::from(state.depth))
        .bind(expected.0.cast_signed())
        .bind(expected.1.cast_signed())
        .bind(state.checkpoint_position.cast_signed())
        .bind(state.dropped_position.cast_signed())
        .bind(state.history_epoch)
        .bind(state.writer)
        .execute(&mut **$transaction)
        .await?
        .rows_affected();
        if moved != 1 {
            let (batch, position): (i64, i64) = sqlx::query_as("SELECT batch, position FROM state")
                .fetch_optional(&mut **$transaction)
                .await?
                .unwrap_or_default();
            return Err(StoreError::Fenced {
                batch: expected.0,
                position: expected.1,
                found_batch: batch.cast_unsigned(),
                found_position: position.cast_unsigned(),
            });
        }
    }};
}

/// Removes what is to go, and commits.
macro_rules! finish {
    ($batch:expr, $transaction:expr, $backend:expr) => {{
        for removal in kept::removals($batch, $backend) {
            sqlx::query(AssertSqlSafe(removal))
                .execute(&mut *$transaction)
                .await?;
        }
        $transaction.commit().await?;
    }};
}

/// The batch that was committed last.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct LastBatch {
    /// Its number.
    pub batch: u64,
    /// The last journal position with it.
    pub position: u64,
    /// Who wrote it, see [`State::writer`]. Another may have written one of the same number and
    /// position.
    pub writer: i64,
}

/// An open database.
#[derive(Debug)]
pub struct Store {
    pub(crate) backend: Backend,
}

impl Store {
    /// Opens the database; to write, also takes the writer's lock and brings the schema up to
    /// date.
    ///
    /// # Errors
    /// A [`StoreError`] that says what to do: unknown url, missing or unreadable database, another
    /// writer, a newer schema.
    pub async fn open(url: &str, access: Access) -> Result<Store, StoreError> {
        Ok(Store {
            backend: Backend::open(url, access).await?,
        })
    }

    /// Opens a database to write that must have nothing in it.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`], or what [`Store::open`] says.
    pub async fn open_new(url: &str) -> Result<Store, StoreError> {
        Backend::expect_empty(url).await?;
        Store::open(url, Access::Write).await
    }

    /// Closes all connections; on SQLite this folds the write-ahead log into the file.
    pub async fn close(self) {
        self.backend.close().await;
    }

    /// Closes all connections and removes an SQLite database; of PostgreSQL's nothing is removed. Says
    /// whether it is gone.
    pub async fn discard(self) -> bool {
        let path = match &self.backend {
            Backend::Sqlite(b) => Some(b.path().to_owned()),
            Backend::Postgres(_) => None,
        };
        self.close().await;
        path.is_some_and(|path| {
            let lock = backend::lock_path(&path);
            let removed = std::fs::remove_file(&path);
            let _ = std::fs::remove_file(lock);
            removed.is_ok()
        })
    }

    /// Whether a writer runs on this database now.
    pub async fn has_writer(&self) -> Result<bool, StoreError> {
        self.backend.is_locked().await
    }

    /// Writes a copy of an SQLite database, as it is at one moment, into a new file.
    ///
    /// # Errors
    /// The file cannot be written; the database is not of SQLite.
    pub async fn backup(&self, file: &std::path::Path) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(b) => b.backup(file).await,
            Backend::Postgres(_) => Err(StoreError::Database(sqlx::Error::Protocol(
                "PostgreSQL is backed up with pg_dump".to_owned(),
            ))),
        }
    }

    /// Writes the first state of a new database.
    pub async fn create(&self, state: &State) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO state (singleton, batch, position, ticks, seed, \
            epoch_micros, flow_position, depth) VALUES (1, $1, $2, $3, $4, $5, $6, $7)";
        macro_rules! insert {
            ($connection:expr) => {
                sqlx::query(SQL)
                    .bind(state.batch.cast_signed())
                    .bind(state.position.cast_signed())
                    .bind(i64::from(state.ticks))
                    .bind(state.seed.cast_signed())
                    .bind(state.clock.epoch_micros)
                    .bind(state.flow_position.cast_signed())
                    .bind(i64::from(state.depth))
                    .execute($connection)
                    .await?
            };
        }
        match &self.backend {
            Backend::Sqlite(b) => {
                if let Some(connection) = b.writer().await?.as_mut() {
                    insert!(connection);
                }
            }
            Backend::Postgres(b) => {
                if let Some(connection) = b.writer().await?.as_mut() {
                    insert!(connection);
                }
            }
        }
        Ok(())
    }

    /// Commits a batch: all of it, on top of the batch it expects, or nothing.
    ///
    /// After an error other than [`StoreError::Fenced`] the outcome may be unknown (a connection
    /// lost during COMMIT): [`Store::last_batch`] says.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if the database is not where the batch expects it to be.
    pub async fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.commit_planned(&Planned::of(batch)).await
    }

    /// As [`Store::commit`], with the rows at hand.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn commit_planned(&self, planned: &Planned<'_>) -> Result<(), StoreError> {
        let Planned { batch, bulks } = planned;
        match &self.backend {
            Backend::Sqlite(b) => {
                let mut writer = b.writer().await?;
                let Some(connection) = writer.as_mut() else {
                    return Err(StoreError::Database(sqlx::Error::PoolClosed));
                };
                let done = async {
                    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
                    advance!(batch, &mut transaction);
                    if batch.origin_index == OriginIndex::Drop {
                        origin_index::drop_sqlite(&mut transaction).await?;
                    }
                    bulk::run_sqlite(&mut transaction, bulks).await?;
                    finish!(batch, transaction, &self.backend);
                    if batch.origin_index == OriginIndex::Make {
                        origin_index::note(origin_index::make_sqlite(connection).await);
                    }
                    Ok::<(), StoreError>(())
                }
                .await;
                if matches!(done, Err(StoreError::Database(_) | StoreError::Rows(_))) {
                    // A full disk rolls back behind the driver's back: the next one starts clean.
                    if let Some(connection) = writer.take() {
                        let _closed = connection.close_hard().await;
                    }
                }
                done?;
            }
            Backend::Postgres(b) => {
                let mut writer = b.writer().await?;
                let Some(connection) = writer.as_mut() else {
                    return Err(StoreError::Database(sqlx::Error::PoolClosed));
                };
                let done = async {
                    let mut transaction = connection.begin().await?;
                    advance!(batch, &mut transaction);
                    if batch.origin_index == OriginIndex::Drop {
                        origin_index::drop_postgres(&mut transaction).await?;
                    }
                    for bulk in bulks {
                        bulk::run_postgres(&mut transaction, bulk).await?;
                    }
                    finish!(batch, transaction, &self.backend);
                    if batch.origin_index == OriginIndex::Make {
                        origin_index::note(origin_index::make_postgres(connection).await);
                    }
                    Ok::<(), StoreError>(())
                };
                let done = tokio::select! {
                    done = done => done,
                    error = b.lost() => Err(error),
                };
                if matches!(done, Err(StoreError::Database(_))) {
                    // Whatever state the connection is in, the next one starts clean.
                    *writer = None;
                }
                done?;
            }
        }
        Ok(())
    }

    /// The last batch that the database holds.
    pub async fn last_batch(&self) -> Result<LastBatch, StoreError> {
        let (batch, position, writer): (i64, i64, i64) = on_readers!(self, pool =>
            sqlx::query_as("SELECT batch, position, writer FROM state").fetch_one(pool).await?);
        Ok(LastBatch {
            batch: batch.cast_unsigned(),
            position: position.cast_unsigned(),
            writer,
        })
    }
}
