//! What `kith status` shows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{Store, StoreError, backend::Backend, batch::SourceRow, on_readers};

/// The state of a database in numbers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Status {
    /// The current epoch; null before the first event.
    pub epoch: Option<i64>,
    /// Epoch boundaries passed.
    pub ticks: i64,
    /// Members by hop.
    pub circle: BTreeMap<String, i64>,
    /// Likes by what became of them, since the database was made.
    pub likes: BTreeMap<String, u64>,
    /// Frames by what became of them.
    pub frames: BTreeMap<String, u64>,
    /// Verified commits, and those that failed, by reason.
    pub verify: BTreeMap<String, u64>,
    /// The sources that were ever read.
    pub sources: Vec<StatusSource>,
    /// Backfills by state.
    pub backfill: BTreeMap<&'static str, i64>,
    /// Day one; null where it was never asked for.
    pub bootstrap: Option<BootstrapStatus>,
    /// Members whose follows are known only up to `circle.max_follows`: how many.
    pub capped_accounts: i64,
    /// How many gaps are open; the first of them are shown.
    pub open_gaps: i64,
    /// The first of them, by hop.
    pub capped: Vec<CappedAccount>,
    /// The journal.
    pub journal: JournalStatus,
    /// The checkpoint.
    pub checkpoint: CheckpointStatus,
    /// Gaps that are open.
    pub gaps: Vec<GapStatus>,
    /// The database.
    pub database: DatabaseStatus,
}

/// The database in the status.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DatabaseStatus {
    /// Its size on disk.
    pub bytes: i64,
}

/// An account in the status whose follows are not all known.
#[derive(Debug, Clone, Eq, PartialEq, Serialize, JsonSchema, sqlx::FromRow)]
pub struct CappedAccount {
    /// Who.
    pub did: String,
    /// Its name, if it is known.
    pub handle: Option<String>,
}

/// A source in the status.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StatusSource {
    /// relay, jetstream, pds, file.
    pub kind: String,
    /// Url, or the path of a file.
    pub url: String,
    /// Where it will go on.
    pub cursor: Option<u64>,
    /// How late the last new frame was when it was applied; null before the first since it was
    /// connected, for files, and for what is not configured.
    pub lag_seconds: Option<f64>,
    /// Whether it is connected now.
    pub connected: bool,
    /// Whether the configuration names it; a file that is replayed need not be in it.
    pub configured: bool,
}

/// Day one in the status: the likes of before the first start.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BootstrapStatus {
    /// reading, taking, done.
    pub state: String,
    /// Accounts that were read.
    pub accounts_read: i64,
    /// Accounts given up.
    pub accounts_failed: i64,
    /// Of those read, accounts that have more likes than the bound.
    pub accounts_capped: i64,
    /// Members that have still to be read.
    pub accounts_left: i64,
    /// Likes that may count.
    pub likes_read: i64,
    /// Of them, given to the ledger.
    pub likes_taken: i64,
}

/// The journal in the status.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct JournalStatus {
    /// Last position.
    pub position: i64,
    /// It was dropped up to here, but for its rules and pins; 0: it is whole.
    pub dropped_position: i64,
}

/// The checkpoint in the status.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CheckpointStatus {
    /// Position of the oldest image; null if there is none.
    pub oldest_position: Option<i64>,
    /// A start reads the journal after this position.
    pub position: i64,
    /// The epochs whose first moment is kept as a checkpoint.
    pub kept: Vec<i64>,
}

/// An open gap in the status.
#[derive(Debug, Clone, Serialize, JsonSchema, sqlx::FromRow)]
pub struct GapStatus {
    /// Its number, in the order of discovery.
    pub id: i64,
    /// What was noticed: see [`crate::batch::GapRow::kind`].
    pub kind: String,
    /// The account whose repo it is; null: everybody's.
    pub did: Option<String>,
    /// The source, if it is a stream's gap.
    pub source: Option<String>,
    /// Of an account: the last commit seen before.
    pub from_rev: Option<String>,
    /// Of an account: the commit where it ends.
    pub to_rev: Option<String>,
    /// Of a stream: event time of the last event seen before, unix microseconds.
    pub from_micros: Option<i64>,
    /// Of a stream: event time of the first event after it.
    pub to_micros: Option<i64>,
    /// Accounts to be read again.
    pub accounts: i64,
    /// Of them, not yet read.
    pub accounts_left: i64,
    /// Event time at which it was noticed, unix microseconds.
    pub opened_micros: i64,
    /// Likes found so far.
    pub likes_found: i64,
}

/// The ends that a like can meet, in the order of the tests. All are shown, also at zero.
const LIKES: [&str; 10] = [
    "accepted",
    "held",
    "rejected",
    "outside",
    "invalid",
    "not_a_post",
    "self",
    "inactive",
    "repeated",
    "capped",
];

/// Capped accounts named at most.
const CAPPED_SHOWN: i64 = 100;
/// Open gaps shown at most.
const GAPS_SHOWN: i64 = 100;

impl Store {
    /// Reads the status. `configured`: kind and url of each source that the configuration names.
    pub async fn status(&self, configured: &[(&str, String)]) -> Result<Status, StoreError> {
        let running = self.has_writer().await?;
        let (epoch, ticks, position, dropped_position, whole_at): (
            Option<i64>,
            i64,
            i64,
            i64,
            i64,
        ) = on_readers!(self, pool =>
            sqlx::query_as("SELECT epoch, ticks, position, dropped_position, checkpoint_position \
                FROM state")
                .fetch_optional(pool)
                .await?
                .unwrap_or_default());
        let mut circle: BTreeMap<String, i64> =
            (0..=2).map(|hop: i64| (hop.to_string(), 0)).collect();
        for (hop, members) in self
            .pairs("SELECT CAST(hop AS TEXT), COUNT(*) FROM account WHERE hop IS NOT NULL GROUP BY hop")
            .await?
        {
            circle.insert(hop, members);
        }
        let mut likes: BTreeMap<String, u64> =
            LIKES.iter().map(|name| ((*name).to_owned(), 0)).collect();
        let (mut frames, mut verify) = (BTreeMap::new(), BTreeMap::new());
        for (name, value) in self.load_counters().await? {
            if let Some(name) = name.strip_prefix("likes.") {
                likes.insert(name.to_owned(), value);
            } else if let Some(name) = name.strip_prefix("frames.") {
                frames.insert(name.to_owned(), value);
            } else if let Some(name) = name.strip_prefix("verify.") {
                verify.insert(name.to_owned(), value);
            }
        }
        let mut backfill: BTreeMap<&'static str, i64> =
            [("queued", 0), ("running", 0), ("done", 0), ("failed", 0)].into();
        for (state, accounts) in self
            .pairs("SELECT state, COUNT(*) FROM backfill GROUP BY state")
            .await?
        {
            if let Some(count) = backfill.get_mut(state.as_str()) {
                *count = accounts;
            }
        }
        let oldest_position: Option<i64> = on_readers!(self, pool =>
            sqlx::query_scalar("SELECT MIN(position) FROM ledger_account").fetch_one(pool).await?);
        let open_gaps: i64 = on_readers!(self, pool =>
            sqlx::query_scalar("SELECT COUNT(*) FROM gap WHERE closed_micros IS NULL")
                .fetch_one(pool)
                .await?);
        let capped_accounts: i64 = on_readers!(self, pool =>
            sqlx::query_scalar("SELECT COUNT(*) FROM account WHERE capped = 1 AND hop IS NOT NULL")
                .fetch_one(pool)
                .await?);
        Ok(Status {
            epoch,
            ticks,
            circle,
            likes,
            frames,
            verify,
            sources: self
                .load_sources()
                .await?
                .into_iter()
                .map(|s| source(s, running, configured))
                .collect(),
            backfill,
            bootstrap: self.bootstrap_status().await?,
            capped_accounts,
            open_gaps,
            capped: self.capped().await?,
            journal: JournalStatus {
                position,
                dropped_position,
            },
            checkpoint: CheckpointStatus {
                oldest_position,
                position: whole_at,
                kept: self
                    .load_kept()
                    .await?
                    .iter()
                    .filter(|row| row.complete)
                    .map(|row| row.epoch)
                    .collect(),
            },
            gaps: self.open_gaps().await?,
            database: DatabaseStatus {
                bytes: self.bytes().await?,
            },
        })
    }

    /// Size on disk, the write-ahead log of SQLite not included.
    async fn bytes(&self) -> Result<i64, StoreError> {
        Ok(match &self.backend {
            Backend::Sqlite(b) => {
                const SQL: &str =
                    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
                sqlx::query_scalar(SQL).fetch_one(&b.readers).await?
            }
            Backend::Postgres(b) => {
                sqlx::query_scalar("SELECT pg_database_size(current_database())")
                    .fetch_one(&b.readers)
                    .await?
            }
        })
    }

    async fn pairs(&self, sql: &'static str) -> Result<Vec<(String, i64)>, StoreError> {
        Ok(on_readers!(self, pool => sqlx::query_as(sql).fetch_all(pool).await?))
    }

    async fn capped(&self) -> Result<Vec<CappedAccount>, StoreError> {
        const SQL: &str = "SELECT did, handle FROM account WHERE capped = 1 AND hop IS NOT NULL \
            ORDER BY hop, id LIMIT $1";
        Ok(on_readers!(self, pool =>
            sqlx::query_as(SQL).bind(CAPPED_SHOWN).fetch_all(pool).await?))
    }

    async fn open_gaps(&self) -> Result<Vec<GapStatus>, StoreError> {
        const SQL: &str = "SELECT g.id, g.kind, a.did, g.source, g.from_rev, g.to_rev, \
            g.from_micros, g.to_micros, g.accounts, g.accounts_left, g.opened_micros, \
            g.likes_found FROM gap g \
            LEFT JOIN account a ON a.id = g.account WHERE g.closed_micros IS NULL \
            ORDER BY g.id LIMIT $1";
        Ok(on_readers!(self, pool =>
            sqlx::query_as(SQL).bind(GAPS_SHOWN).fetch_all(pool).await?))
    }
}

/// Nobody is connected when no writer runs, whatever the last one wrote.
fn source(row: SourceRow, running: bool, configured: &[(&str, String)]) -> StatusSource {
    let is_this = |(kind, url): &(&str, String)| *kind == row.kind && *url == row.url;
    let configured = configured.iter().any(is_this);
    StatusSource {
        lag_seconds: match row.kind.as_str() {
            "file" => None,
            _ if !configured => None,
            _ => row
                .lag_micros
                .and_then(|micros| Some(f64::from(i32::try_from(micros / 1_000).ok()?) / 1e3)),
        },
        kind: row.kind,
        url: row.url,
        cursor: row.cursor,
        connected: row.connected && running,
        configured,
    }
}
