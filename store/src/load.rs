//! Reading everything back at start.

use futures_util::TryStreamExt;
use kith_reputation::{AccountId, AccountImage, Entry, Operation, Row as AssignedRow, Transfer};
use sqlx::{AssertSqlSafe, Row};

use crate::{
    Store, StoreError,
    batch::{
        AccountRow, BackfillRow, BackfillState, Clock, ClockStart, CommitRow, GapRow, IdentityRow,
        ImageRow, JournalRow, Micros, RecordIdentity, RecordKind, RulesRecord, SourceRow, State,
        TotalsRow, TrackedRow, verdict_of,
    },
    on_readers,
    pieces::Pieces,
    plan::kind,
};

const JOURNAL_COLUMNS: &str = "position, epoch, kind, outcome, sender, receiver, points, nonce, \
    held, entry, pieces, sink_points, sink_pieces, parameters, record, rkey, rev, subject_rkey, micros";

/// Which rows of the journal to read.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub enum JournalPart {
    /// Beyond this position.
    After(u64),
    /// Transfers of this epoch and later ones.
    TransfersSince(i64),
    /// Rules and pins up to this position.
    RulesUntil(u64),
    /// Every tick.
    Ticks,
    /// The 10,000 rows beyond this position.
    Page(u64),
}

impl Store {
    /// The state, or None in a database that was never written to.
    pub async fn load_state(&self) -> Result<Option<State>, StoreError> {
        const SQL: &str = "SELECT batch, position, ticks, seed, epoch, epoch_micros, epoch_base, \
            epoch_base_micros, clock_micros, flow_position, depth, checkpoint_position, \
            dropped_position, history_epoch FROM state";
        on_readers!(self, pool => {
            let Some(row) = sqlx::query(SQL).fetch_optional(pool).await? else { return Ok(None) };
            let started = match (
                row.get::<Option<i64>, _>("epoch"),
                row.get::<Option<i64>, _>("epoch_base"),
                row.get::<Option<i64>, _>("epoch_base_micros"),
                row.get::<Option<i64>, _>("clock_micros"),
            ) {
                (Some(epoch), Some(base_epoch), Some(base_micros), Some(now_micros)) => {
                    Some(ClockStart { base_epoch, base_micros, epoch, now_micros })
                }
                _ => None,
            };
            Ok(Some(State {
                batch: row.get::<i64, _>("batch").cast_unsigned(),
                position: row.get::<i64, _>("position").cast_unsigned(),
                ticks: number("state", "ticks", &"1", row.get("ticks"))?,
                seed: row.get::<i64, _>("seed").cast_unsigned(),
                clock: Clock { epoch_micros: row.get("epoch_micros"), started },
                flow_position: row.get::<i64, _>("flow_position").cast_unsigned(),
                depth: number("state", "depth", &"1", row.get("depth"))?,
                checkpoint_position: row.get::<i64, _>("checkpoint_position").cast_unsigned(),
                dropped_position: row.get::<i64, _>("dropped_position").cast_unsigned(),
                history_epoch: row.get("history_epoch"),
            }))
        })
    }

    /// All accounts, ascending by id.
    pub async fn load_accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        const SQL: &str = "SELECT id, did, handle, hop, since_micros, status, \
            ledger_id, capped FROM account ORDER BY id";
        let mut accounts = Vec::new();
        on_readers!(self, pool => {
            let mut rows = sqlx::query(SQL).fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let id: i64 = row.get("id");
                let hop: Option<i64> = row.get("hop");
                let ledger_id: Option<i64> = row.get("ledger_id");
                accounts.push(AccountRow {
                    id: number("account", "id", &id, id)?,
                    did: row.get("did"),
                    handle: row.get("handle"),
                    hop: hop.map(|hop| number("account", "hop", &id, hop)).transpose()?,
                    since_micros: row.get("since_micros"),
                    status: row.get("status"),
                    ledger_id: ledger_id
                        .map(|n| number("account", "ledger_id", &id, n).map(AccountId))
                        .transpose()?,
                    capped: row.get::<i64, _>("capped") != 0,
                });
            }
        });
        Ok(accounts)
    }

    /// The last commit seen of every repo.
    pub async fn each_commit(&self, mut give: impl FnMut(CommitRow)) -> Result<(), StoreError> {
        on_readers!(self, pool => {
            let mut rows = sqlx::query("SELECT account, rev, data FROM repo").fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let account: i64 = row.get("account");
                let data: Option<Vec<u8>> = row.get("data");
                give(CommitRow {
                    account: number("repo", "account", &account, account)?,
                    rev: row.get("rev"),
                    data: data.and_then(|data| data.try_into().ok()),
                });
            }
        });
        Ok(())
    }

    /// The tracked accounts.
    pub async fn load_tracked(&self) -> Result<Vec<TrackedRow>, StoreError> {
        on_readers!(self, pool => {
            let rows = sqlx::query("SELECT account, label FROM tracked ORDER BY account")
                .fetch_all(pool)
                .await?;
            rows.iter()
                .map(|row| {
                    let account: i64 = row.get("account");
                    let account = number("tracked", "account", &account, account)?;
                    Ok(TrackedRow { account, label: row.get("label") })
                })
                .collect()
        })
    }

    /// Every follow record: follower, rkey, subject; ascending by follower.
    pub async fn each_follow(&self, give: impl FnMut(u32, &str, u32)) -> Result<(), StoreError> {
        const SQL: &str = "SELECT follower, rkey, subject FROM follow ORDER BY follower";
        self.each_record("follow", SQL, give).await
    }

    /// Every block record: blocker, rkey, subject; ascending by blocker.
    pub async fn each_block(&self, give: impl FnMut(u32, &str, u32)) -> Result<(), StoreError> {
        const SQL: &str = "SELECT blocker, rkey, subject FROM block ORDER BY blocker";
        self.each_record("block", SQL, give).await
    }

    async fn each_record(
        &self,
        table: &'static str,
        sql: &'static str,
        mut give: impl FnMut(u32, &str, u32),
    ) -> Result<(), StoreError> {
        on_readers!(self, pool => {
            let mut rows = sqlx::query(sql).fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let author = number(table, "author", &row.get::<i64, _>(0), row.get(0))?;
                let subject = number(table, "subject", &author, row.get(2))?;
                give(author, row.get(1), subject);
            }
        });
        Ok(())
    }

    /// All counters.
    pub async fn load_counters(&self) -> Result<Vec<(String, u64)>, StoreError> {
        on_readers!(self, pool => {
            let rows: Vec<(String, i64)> =
                sqlx::query_as("SELECT name, value FROM counter ORDER BY name")
                    .fetch_all(pool)
                    .await?;
            Ok(rows.into_iter().map(|(name, value)| (name, value.cast_unsigned())).collect())
        })
    }

    /// All sources ever read.
    pub async fn load_sources(&self) -> Result<Vec<SourceRow>, StoreError> {
        const SQL: &str = "SELECT kind, url, cursor, event_micros, lag_micros, connected \
            FROM source ORDER BY name";
        on_readers!(self, pool => {
            let rows = sqlx::query(SQL).fetch_all(pool).await?;
            Ok(rows
                .iter()
                .map(|row| SourceRow {
                    kind: row.get("kind"),
                    url: row.get("url"),
                    cursor: row.get::<Option<i64>, _>("cursor").map(i64::cast_unsigned),
                    event_micros: row.get("event_micros"),
                    lag_micros: row.get("lag_micros"),
                    connected: row.get::<i64, _>("connected") != 0,
                })
                .collect())
        })
    }

    /// All backfills.
    pub async fn load_backfill(&self) -> Result<Vec<BackfillRow>, StoreError> {
        const SQL: &str = "SELECT account, state, reason, attempts, not_before_micros, error, \
            likes, gap FROM backfill ORDER BY account";
        on_readers!(self, pool => {
            let rows = sqlx::query(SQL).fetch_all(pool).await?;
            rows.iter()
                .map(|row| {
                    let id: i64 = row.get("account");
                    let state: &str = row.get("state");
                    Ok(BackfillRow {
                        account: number("backfill", "account", &id, id)?,
                        state: BackfillState::parse(state)
                            .ok_or_else(|| corrupt("backfill", "state", &id, state))?,
                        reason: row.get("reason"),
                        attempts: number("backfill", "attempts", &id, row.get("attempts"))?,
                        not_before_micros: row.get("not_before_micros"),
                        error: row.get("error"),
                        likes: row.get("likes"),
                        gap: row.get::<Option<i64>, _>("gap").map(i64::cast_unsigned),
                    })
                })
                .collect()
        })
    }

    /// The greatest id in use of `circle_change` and of `gap`.
    pub async fn last_ids(&self) -> Result<(u64, u64), StoreError> {
        const SQL: &str = "SELECT COALESCE((SELECT MAX(id) FROM circle_change), 0), \
            COALESCE((SELECT MAX(id) FROM gap), 0)";
        let (change, gap): (i64, i64) =
            on_readers!(self, pool => sqlx::query_as(SQL).fetch_one(pool).await?);
        Ok((change.cast_unsigned(), gap.cast_unsigned()))
    }

    /// The gaps that are open, ascending by id.
    pub async fn load_open_gaps(&self) -> Result<Vec<GapRow>, StoreError> {
        const SQL: &str = "SELECT id, kind, account, source, from_rev, to_rev, from_micros, \
            to_micros, accounts, accounts_left, opened_micros, likes_found, follows_changed, \
            blocks_changed FROM gap WHERE closed_micros IS NULL ORDER BY id";
        on_readers!(self, pool => {
            let rows = sqlx::query(SQL).fetch_all(pool).await?;
            rows.iter()
                .map(|row| {
                    let id: i64 = row.get("id");
                    let account: Option<i64> = row.get("account");
                    let count = |column| row.get::<i64, _>(column).cast_unsigned();
                    Ok(GapRow {
                        id: id.cast_unsigned(),
                        kind: row.get("kind"),
                        account: account
                            .map(|account| number("gap", "account", &id, account))
                            .transpose()?,
                        source: row.get("source"),
                        from_rev: row.get("from_rev"),
                        to_rev: row.get("to_rev"),
                        from_micros: row.get("from_micros"),
                        to_micros: row.get("to_micros"),
                        accounts: count("accounts"),
                        accounts_left: count("accounts_left"),
                        opened_micros: row.get("opened_micros"),
                        closed_micros: None,
                        likes_found: count("likes_found"),
                        follows_changed: count("follows_changed"),
                        blocks_changed: count("blocks_changed"),
                    })
                })
                .collect()
        })
    }

    /// What DID documents said, those fetched since a time; each with its DID.
    pub async fn load_identities(
        &self,
        since: Micros,
    ) -> Result<Vec<(String, IdentityRow)>, StoreError> {
        const SQL: &str = "SELECT a.did, i.account, i.pds, i.handle, i.signing_key, \
            i.fetched_micros FROM identity i JOIN account a ON a.id = i.account \
            WHERE i.fetched_micros >= $1 ORDER BY i.account";
        on_readers!(self, pool => {
            let rows = sqlx::query(SQL).bind(since).fetch_all(pool).await?;
            rows.iter()
                .map(|row| {
                    let account: i64 = row.get("account");
                    let identity = IdentityRow {
                        account: number("identity", "account", &account, account)?,
                        pds: row.get("pds"),
                        handle: row.get("handle"),
                        signing_key: row.get("signing_key"),
                        fetched_micros: row.get("fetched_micros"),
                    };
                    Ok((row.get("did"), identity))
                })
                .collect()
        })
    }

    /// Totals of all epochs, ascending by ordinal.
    pub async fn load_totals(&self) -> Result<Vec<TotalsRow>, StoreError> {
        const SQL: &str = "SELECT ordinal, epoch, minted, moved, sink, returned, decayed, expired, \
            burned, forgotten FROM epoch ORDER BY ordinal";
        on_readers!(self, pool => {
            let rows = sqlx::query(SQL).fetch_all(pool).await?;
            rows.iter()
                .map(|row| {
                    let ordinal: i64 = row.get("ordinal");
                    Ok(TotalsRow {
                        ordinal: number("epoch", "ordinal", &ordinal, ordinal)?,
                        epoch: row.get("epoch"),
                        totals: kith_reputation::Totals {
                            minted: row.get("minted"),
                            moved: row.get::<i64, _>("moved").cast_unsigned(),
                            sink: row.get::<i64, _>("sink").cast_unsigned(),
                            returned: row.get::<i64, _>("returned").cast_unsigned(),
                            decayed: row.get::<i64, _>("decayed").cast_unsigned(),
                            expired: row.get::<i64, _>("expired").cast_unsigned(),
                            burned: row.get::<i64, _>("burned").cast_unsigned(),
                            forgotten: row.get::<i64, _>("forgotten").cast_unsigned(),
                        },
                    })
                })
                .collect()
        })
    }

    /// The images of the checkpoint, ascending by id. An image that is not whole (its rows are not
    /// as many, or do not sum up, as its account says) is left out: the journal has everything.
    pub async fn load_images(&self) -> Result<Vec<ImageRow>, StoreError> {
        let mut images = Vec::new();
        let mut claims = Vec::new();
        on_readers!(self, pool => {
            let mut rows = sqlx::query("SELECT id, own, others, tally, rows, unclaimed, ordinal, \
                position FROM ledger_account ORDER BY id").fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let id: i64 = row.get("id");
                let at = |column| row.get::<i64, _>(column).cast_unsigned();
                images.push(ImageRow {
                    id: AccountId(number("ledger_account", "id", &id, id)?),
                    position: at("position"),
                    image: AccountImage {
                        own: number("ledger_account", "own", &id, row.get("own"))?,
                        others: at("others"),
                        ordinal: number("ledger_account", "ordinal", &id, row.get("ordinal"))?,
                        ..AccountImage::default()
                    },
                    changed: None,
                });
                claims.push((at("tally"), at("rows"), at("unclaimed")));
            }
            drop(rows);
            let index = |images: &[ImageRow], id| images.binary_search_by_key(&id, |i| i.id);
            let mut rows = sqlx::query("SELECT holder, origin, points, touched FROM assignment \
                ORDER BY holder, origin").fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let holder: i64 = row.get("holder");
                let Ok(i) =
                    index(&images, AccountId(number("assignment", "holder", &holder, holder)?))
                else { continue };
                let touched: Option<i64> = row.get("touched");
                images[i].image.rows.push(AssignedRow {
                    origin: AccountId(number("assignment", "origin", &holder, row.get("origin"))?),
                    points: number("assignment", "points", &holder, row.get("points"))?,
                    touched: touched
                        .map(|t| number("assignment", "touched", &holder, t))
                        .transpose()?,
                });
            }
            drop(rows);
            let mut rows = sqlx::query("SELECT receiver, entry, sender, ordinal, pieces \
                FROM unclaimed ORDER BY receiver, entry").fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let id: i64 = row.get("receiver");
                let Ok(i) = index(&images, AccountId(number("unclaimed", "receiver", &id, id)?))
                else { continue };
                images[i].image.unclaimed.push(Entry {
                    sender: AccountId(number("unclaimed", "sender", &id, row.get("sender"))?),
                    ordinal: number("unclaimed", "ordinal", &id, row.get("ordinal"))?,
                    pieces: Pieces::from_bytes(row.get("pieces"))
                        .decode()
                        .ok_or_else(|| corrupt("unclaimed", "pieces", &id, "not pieces"))?,
                });
            }
        });
        let all = images.len();
        let mut claims = claims.into_iter();
        images.retain(|row| {
            let image = &row.image;
            let Some((tally, rows, unclaimed)) = claims.next() else {
                return false;
            };
            let sum: u64 = image.rows.iter().map(|row| u64::from(row.points)).sum();
            tally == image.others + sum
                && rows == image.rows.len() as u64
                && unclaimed == image.unclaimed.len() as u64
        });
        if images.len() < all {
            let broken = all - images.len();
            tracing::warn!(
                broken,
                "images are not whole: taken from the journal instead"
            );
        }
        Ok(images)
    }

    /// Ticks in the journal after a position.
    pub async fn ticks_after(&self, position: u64) -> Result<u32, StoreError> {
        let ticks: i64 = on_readers!(self, pool =>
            sqlx::query_scalar("SELECT COUNT(*) FROM journal WHERE kind = 2 AND position > $1")
                .bind(position.cast_signed())
                .fetch_one(pool)
                .await?);
        number("journal", "kind", &"ticks", ticks)
    }

    /// Part of the journal, ascending by position.
    pub async fn each_journal(
        &self,
        part: JournalPart,
        mut give: impl FnMut(JournalRow) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (condition, value) = match part {
            JournalPart::After(position) | JournalPart::Page(position) => {
                ("position > $1", position.cast_signed())
            }
            JournalPart::TransfersSince(epoch) => ("epoch >= $1 AND kind = 1", epoch),
            JournalPart::RulesUntil(position) => (
                "kind <> 1 AND kind IN (4, 5, 6) AND position <= $1",
                position.cast_signed(),
            ),
            JournalPart::Ticks => ("kind <> 1 AND kind = $1", kind::TICK),
        };
        let limit = match part {
            JournalPart::Page(_) => " LIMIT 10000",
            _ => "",
        };
        let sql = format!(
            "SELECT {JOURNAL_COLUMNS} FROM journal WHERE {condition} ORDER BY position{limit}"
        );
        on_readers!(self, pool => {
            let mut rows = sqlx::query(AssertSqlSafe(sql.as_str())).bind(value).fetch(pool);
            while let Some(row) = rows.try_next().await? {
                give(journal_row!(row)?)?;
            }
        });
        Ok(())
    }
}

/// A journal row of either database as a value. The casts cannot lose anything: all columns are
/// read as 64 bits and checked.
macro_rules! journal_row {
    ($row:expr) => {
        JournalColumns {
            position: $row.get("position"),
            epoch: $row.get("epoch"),
            kind: $row.get("kind"),
            outcome: $row.get("outcome"),
            sender: $row.get("sender"),
            receiver: $row.get("receiver"),
            points: $row.get("points"),
            nonce: $row.get("nonce"),
            held: $row.get("held"),
            entry: $row.get("entry"),
            pieces: $row.get("pieces"),
            sink_points: $row.get("sink_points"),
            sink_pieces: $row.get("sink_pieces"),
            parameters: $row.get("parameters"),
            record: $row.get("record"),
            rkey: $row.get("rkey"),
            rev: $row.get("rev"),
            subject_rkey: $row.get("subject_rkey"),
            micros: $row.get("micros"),
        }
        .decode()
    };
}
use journal_row;

struct JournalColumns {
    position: i64,
    epoch: i64,
    kind: i64,
    outcome: i64,
    sender: Option<i64>,
    receiver: Option<i64>,
    points: Option<i64>,
    nonce: Option<i64>,
    held: Option<i64>,
    entry: Option<i64>,
    pieces: Option<Vec<u8>>,
    sink_points: i64,
    sink_pieces: Option<Vec<u8>>,
    parameters: Option<String>,
    record: Option<i64>,
    rkey: Option<String>,
    rev: Option<String>,
    subject_rkey: Option<String>,
    micros: i64,
}

impl JournalColumns {
    fn decode(self) -> Result<JournalRow, StoreError> {
        let mut parameters = None;
        let operation = match self.kind {
            kind::TRANSFER => Operation::Transfer(Transfer {
                sender: AccountId(self.field("sender", self.sender)?),
                receiver: AccountId(self.field("receiver", self.receiver)?),
                points: self.field("points", self.points)?,
                nonce: self
                    .nonce
                    .ok_or_else(|| corrupt("journal", "nonce", &self.position, "NULL"))?
                    .cast_unsigned(),
                held: self.held == Some(1),
            }),
            kind::TICK => Operation::Tick,
            kind::CLAIM => Operation::Claim {
                receiver: AccountId(self.field("receiver", self.receiver)?),
                index: self.field("entry", self.entry)?,
            },
            kind::PIN => Operation::Pin {
                account: AccountId(self.field("sender", self.sender)?),
            },
            kind::UNPIN => Operation::Unpin {
                account: AccountId(self.field("sender", self.sender)?),
            },
            kind::FORGET => Operation::Forget {
                account: AccountId(self.field("sender", self.sender)?),
            },
            kind::RULES => {
                let text = self.parameters.as_deref().unwrap_or_default();
                let record: RulesRecord = serde_json::from_str(text)
                    .map_err(|e| corrupt("journal", "parameters", &self.position, &e))?;
                parameters = Some(record.parameters);
                Operation::Rules(record.rules())
            }
            other => return Err(corrupt("journal", "kind", &self.position, &other)),
        };
        Ok(JournalRow {
            position: self.position.cast_unsigned(),
            epoch: self.epoch,
            operation,
            verdict: verdict_of(self.outcome)
                .ok_or_else(|| corrupt("journal", "outcome", &self.position, &self.outcome))?,
            claimed_from: match operation {
                Operation::Claim { .. } => self.sender.and_then(|id| u32::try_from(id).ok()),
                _ => None,
            }
            .map(AccountId),
            sink_points: self.sink_points.cast_unsigned(),
            parameters,
            record: self.record_identity(),
            micros: self.micros,
            pieces: Pieces::from_bytes(self.pieces.unwrap_or_default()),
            sink_pieces: Pieces::from_bytes(self.sink_pieces.unwrap_or_default()),
        })
    }

    fn field<T: TryFrom<i64>>(
        &self,
        column: &'static str,
        value: Option<i64>,
    ) -> Result<T, StoreError> {
        let value = value.ok_or_else(|| corrupt("journal", column, &self.position, "NULL"))?;
        number("journal", column, &self.position, value)
    }

    fn record_identity(&self) -> Option<RecordIdentity> {
        Some(RecordIdentity {
            kind: match self.record? {
                1 => RecordKind::Like,
                _ => RecordKind::Repost,
            },
            rkey: self.rkey.clone()?,
            rev: self.rev.clone()?,
            subject_rkey: self.subject_rkey.clone()?,
        })
    }
}

pub(crate) fn number<T: TryFrom<i64>>(
    table: &'static str,
    column: &'static str,
    row: &impl ToString,
    value: i64,
) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| corrupt(table, column, row, &value))
}

pub(crate) fn corrupt(
    table: &'static str,
    column: &'static str,
    row: &impl ToString,
    what: &(impl ToString + ?Sized),
) -> StoreError {
    StoreError::Corrupt {
        table,
        column,
        row: row.to_string(),
        what: what.to_string(),
    }
}
