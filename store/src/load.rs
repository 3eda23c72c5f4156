//! Reading everything back at start.

use compact_str::CompactString;
use kith_reputation::{AccountId, Operation, Transfer};
use sqlx::{AssertSqlSafe, Row};

use crate::{
    Store, StoreError,
    batch::{
        AccountRow, BackfillRow, BackfillState, Clock, ClockStart, CommitRow, GapRow, IdentityRow,
        JournalRow, Micros, RecordIdentity, RecordKind, RulesRecord, SourceRow, State,
        StatusEventRow, TotalsRow, TrackedRow, verdict_of,
    },
    on_readers,
    pieces::Pieces,
    plan::kind,
    scan::Cells,
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
        self.load_state_and("seed").await
    }

    /// The same with seed 0, for those who may not know it, or have no need to.
    pub async fn load_state_without_seed(&self) -> Result<Option<State>, StoreError> {
        self.load_state_and("CAST(0 AS BIGINT)").await
    }

    async fn load_state_and(&self, seed: &str) -> Result<Option<State>, StoreError> {
        let sql = format!(
            "SELECT batch, position, ticks, {seed} AS seed, epoch, epoch_micros, epoch_base, \
             epoch_base_micros, clock_micros, flow_position, depth, checkpoint_position, \
             dropped_position, history_epoch, writer FROM state"
        );
        on_readers!(self, pool => {
            let Some(row) = sqlx::query(AssertSqlSafe(sql.as_str())).fetch_optional(pool).await? else {
                const LEFT: &str = "SELECT EXISTS (SELECT 1 FROM journal) OR EXISTS (SELECT 1 FROM account)";
                let is_left: bool = sqlx::query_scalar(LEFT).fetch_one(pool).await?;
                return match is_left {
                    false => Ok(None),
                    true => Err(corrupt("state", "position", &"1", "lost, while other tables are filled")),
                };
            };
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
                writer: row.get("writer"),
            }))
        })
    }

    /// The first position of which the journal has a row that may be dropped: anything but rules and pins.
    pub async fn first_position(&self) -> Result<Option<u64>, StoreError> {
        const SQL: &str = "SELECT position FROM journal WHERE kind NOT IN (4, 5, 6) \
            ORDER BY position LIMIT 1";
        let first: Option<i64> = on_readers!(self, pool =>
            sqlx::query_scalar(SQL).fetch_optional(pool).await?);
        Ok(first.map(i64::cast_unsigned))
    }

    /// All accounts, ascending by id.
    pub async fn load_accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        let mut accounts = Vec::new();
        self.each_account(|row| {
            accounts.push(row);
            Ok::<(), StoreError>(())
        })
        .await?;
        Ok(accounts)
    }

    /// All accounts, ascending by id.
    pub async fn each_account<E: From<StoreError>>(
        &self,
        mut give: impl FnMut(AccountRow) -> Result<(), E>,
    ) -> Result<(), E> {
        const SQL: &str = "SELECT a.id, a.did, a.handle, a.hop, a.since_micros, a.status, \
            n.ledger_id, a.capped FROM account a LEFT JOIN ledger_number n ON n.account = a.id \
            ORDER BY a.id";
        self.scan(SQL, &[], |row| {
            let id = row.int(0)?;
            let small = |column, value| number("account", column, &id, value);
            let ledger_id = row.int_opt(6)?;
            let row = AccountRow {
                id: number("account", "id", &id, id)?,
                did: row.text(1)?.unwrap_or_default().to_owned(),
                handle: row.text(2)?.map(str::to_owned),
                hop: row.int_opt(3)?.map(|hop| small("hop", hop)).transpose()?,
                since_micros: row.int_opt(4)?,
                status: row.text(5)?.unwrap_or_default().to_owned(),
                ledger_id: ledger_id
                    .map(|n| number("ledger_number", "ledger_id", &id, n).map(AccountId))
                    .transpose()?,
                capped: row.int(7)? != 0,
            };
            give(row)
        })
        .await
    }

    /// The last commit seen of every repo.
    pub async fn each_commit(&self, mut give: impl FnMut(CommitRow)) -> Result<(), StoreError> {
        self.scan(
            "SELECT account, rev, data, likes_upto FROM repo",
            &[],
            |row| {
                let account = row.int(0)?;
                give(CommitRow {
                    account: number("repo", "account", &account, account)?,
                    rev: row.text(1)?.unwrap_or_default().to_owned(),
                    data: row.bytes(2)?.and_then(|data| data.try_into().ok()),
                    likes_upto: row.text(3)?.map(str::to_owned),
                });
                Ok(())
            },
        )
        .await
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

    /// Accounts that the configuration keeps out of the circle, as the last writer had it.
    pub async fn load_skipped(&self) -> Result<Vec<u32>, StoreError> {
        self.accounts_in("skipped").await
    }

    /// Handles of the configuration, and whose they were when they were last resolved.
    pub async fn load_named(&self) -> Result<Vec<(String, String)>, StoreError> {
        on_readers!(self, pool => {
            let rows = sqlx::query_as("SELECT handle, did FROM named ORDER BY handle");
            Ok(rows.fetch_all(pool).await?)
        })
    }

    /// The accounts of a table that has little else.
    pub(crate) async fn accounts_in(&self, table: &'static str) -> Result<Vec<u32>, StoreError> {
        let sql = format!("SELECT account FROM {table} ORDER BY account");
        let rows: Vec<i64> = on_readers!(self, pool =>
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await?);
        rows.into_iter()
            .map(|account| number(table, "account", &account, account))
            .collect()
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
        self.scan(sql, &[], |row| {
            let author = row.int(0)?;
            let author = number(table, "author", &author, author)?;
            let subject = number(table, "subject", &author, row.int(2)?)?;
            give(author, row.text(1)?.unwrap_or_default(), subject);
            Ok(())
        })
        .await
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

    /// The last status event of every account that one was heard of.
    pub async fn each_status_event(
        &self,
        mut give: impl FnMut(StatusEventRow),
    ) -> Result<(), StoreError> {
        const SQL: &str = "SELECT account, micros, source FROM status_event";
        self.scan(SQL, &[], |row| {
            let account = row.int(0)?;
            give(StatusEventRow {
                account: number("status_event", "account", &account, account)?,
                micros: row.int(1)?,
                source: row.text(2)?.unwrap_or_default().to_owned(),
            });
            Ok(())
        })
        .await
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
            // The tick that began the epoch says where to look; it may be that there is none, or no more.
            JournalPart::TransfersSince(epoch) => (
                "position > COALESCE((SELECT MIN(position) FROM journal \
                 WHERE kind <> 1 AND kind = 2 AND epoch = $1), 0) AND epoch >= $1 AND kind = 1",
                epoch,
            ),
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
        self.scan(&sql, &[value], |row| {
            give(JournalColumns::read(row)?.decode()?)
        })
        .await
    }
}

/// A row of the journal as it is stored, in the order of [`JOURNAL_COLUMNS`].
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
    pieces: Pieces,
    sink_points: i64,
    sink_pieces: Pieces,
    parameters: Option<String>,
    record: Option<i64>,
    rkey: Option<CompactString>,
    rev: Option<CompactString>,
    subject_rkey: Option<CompactString>,
    micros: i64,
}

impl JournalColumns {
    fn read(row: &Cells<'_>) -> Result<JournalColumns, StoreError> {
        let key = |column| Ok::<_, StoreError>(row.text(column)?.map(CompactString::from));
        let pieces = |column| {
            let bytes = row.bytes(column)?.unwrap_or_default();
            Ok::<_, StoreError>(Pieces::from_bytes(bytes))
        };
        Ok(JournalColumns {
            position: row.int(0)?,
            epoch: row.int(1)?,
            kind: row.int(2)?,
            outcome: row.int(3)?,
            sender: row.int_opt(4)?,
            receiver: row.int_opt(5)?,
            points: row.int_opt(6)?,
            nonce: row.int_opt(7)?,
            held: row.int_opt(8)?,
            entry: row.int_opt(9)?,
            pieces: pieces(10)?,
            sink_points: row.int(11)?,
            sink_pieces: pieces(12)?,
            parameters: row.text(13)?.map(str::to_owned),
            record: row.int_opt(14)?,
            rkey: key(15)?,
            rev: key(16)?,
            subject_rkey: key(17)?,
            micros: row.int(18)?,
        })
    }

    fn decode(mut self) -> Result<JournalRow, StoreError> {
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
            micros: self.micros,
            pieces: std::mem::take(&mut self.pieces),
            sink_pieces: std::mem::take(&mut self.sink_pieces),
            record: self.record_identity(),
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

    fn record_identity(self) -> Option<RecordIdentity> {
        Some(RecordIdentity {
            kind: match self.record? {
                1 => RecordKind::Like,
                _ => RecordKind::Repost,
            },
            rkey: self.rkey?,
            rev: self.rev?,
            subject_rkey: self.subject_rkey?,
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
