//! Reading back what is known of past epochs: the history, kept checkpoints, dropped likes.

use kith_reputation::AccountId;
use sqlx::Row;

use crate::{
    Store, StoreError,
    batch::{ActivityRow, ClosedRow, ImageRow, KeptRow, Micros, RecordKind, StoredRows},
    kept,
    load::{corrupt, number},
    on_readers,
};

/// A row of table `history`.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct HistoryRow {
    /// What was given and received.
    pub activity: ActivityRow,
    /// How it ended; None: it has not, or the account is not settled beyond it.
    pub closed: Option<ClosedRow>,
    /// The rank.
    pub rank: Option<u64>,
}

/// Which rows of the history to read.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub enum HistoryPart {
    /// Everything.
    All,
    /// Of one epoch.
    Epoch(i64),
    /// Those whose end is not filled in.
    Open,
    /// Members with tracked points, of all epochs in which one of them has no rank.
    Unranked,
    /// Those that nothing explains: of epochs before this one, or of nothing, or with a rank before the
    /// epoch's end is filled in.
    Unexplained(i64),
}

impl Store {
    /// The first and the last epoch of which it is known how accounts ended; None: there is none.
    pub async fn closed_epochs(&self) -> Result<Option<(i64, i64)>, StoreError> {
        const SQL: &str = "SELECT (SELECT MIN(epoch) FROM history), epoch - 1 FROM state";
        let span: Option<(Option<i64>, Option<i64>)> = on_readers!(self, pool =>
            sqlx::query_as(SQL).fetch_optional(pool).await?);
        let span = span.and_then(|(first, last)| first.zip(last));
        Ok(span.filter(|(first, last)| first <= last))
    }

    /// The last epoch of which there are rows.
    pub async fn last_history_epoch(&self) -> Result<Option<i64>, StoreError> {
        on_readers!(self, pool => {
            let last = sqlx::query_scalar("SELECT MAX(epoch) FROM history");
            Ok(last.fetch_one(pool).await?)
        })
    }

    /// Part of the history.
    pub async fn each_history(
        &self,
        part: HistoryPart,
        mut give: impl FnMut(HistoryRow),
    ) -> Result<(), StoreError> {
        const MEMBERS: &str = "hop IS NOT NULL AND tracked > 0";
        let condition = match part {
            HistoryPart::All => "1 = 1".to_owned(),
            HistoryPart::Epoch(epoch) => format!("epoch = {epoch}"),
            HistoryPart::Open => "own IS NULL".to_owned(),
            HistoryPart::Unranked => format!(
                "{MEMBERS} AND epoch IN \
                 (SELECT epoch FROM history WHERE rank IS NULL AND {MEMBERS})"
            ),
            HistoryPart::Unexplained(first) => format!(
                "epoch < {first} OR own IS NULL AND (rank IS NOT NULL OR received = 0 AND given = 0)"
            ),
        };
        let sql = format!(
            "SELECT holder, epoch, received, given, hop, own, tally, tracked, rank \
             FROM history WHERE {condition}"
        );
        self.scan(&sql, &[], |row| {
            let id = row.int(0)?;
            let holder = AccountId(number("history", "holder", &id, id)?);
            let epoch = row.int(1)?;
            let closed = match (row.int_opt(5)?, row.int_opt(6)?, row.int_opt(7)?) {
                (Some(own), Some(tally), Some(tracked)) => Some(ClosedRow {
                    holder,
                    epoch,
                    hop: row
                        .int_opt(4)?
                        .map(|hop| number("history", "hop", &id, hop))
                        .transpose()?,
                    own: number("history", "own", &id, own)?,
                    tally: tally.cast_unsigned(),
                    tracked: tracked.cast_unsigned(),
                }),
                _ => None,
            };
            give(HistoryRow {
                activity: ActivityRow {
                    holder,
                    epoch,
                    received: row.int(2)?.cast_unsigned(),
                    given: row.int(3)?.cast_unsigned(),
                },
                closed,
                rank: row.int_opt(8)?.map(i64::cast_unsigned),
            });
            Ok(())
        })
        .await
    }

    /// Changes of the circle at or after an event time, the last one first: account, hop before,
    /// event time.
    pub async fn each_change_since(
        &self,
        since: Micros,
        mut give: impl FnMut(u32, Option<u8>, Micros),
    ) -> Result<(), StoreError> {
        const SQL: &str = "SELECT account, from_hop, micros FROM circle_change \
            WHERE micros >= $1 ORDER BY id DESC";
        self.scan(SQL, &[since], |row| {
            let id = row.int(0)?;
            let hop = row.int_opt(1)?;
            give(
                number("circle_change", "account", &id, id)?,
                hop.map(|hop| number("circle_change", "from_hop", &id, hop))
                    .transpose()?,
                row.int(2)?,
            );
            Ok(())
        })
        .await
    }

    /// All changes of the circle in order: account, hop before, hop after, event time.
    pub async fn each_change(
        &self,
        mut give: impl FnMut(u32, Option<u8>, Option<u8>, Micros),
    ) -> Result<(), StoreError> {
        const SQL: &str = "SELECT account, from_hop, to_hop, micros FROM circle_change ORDER BY id";
        self.scan(SQL, &[], |row| {
            let id = row.int(0)?;
            let hop = |column| {
                let hop = row.int_opt(column)?;
                hop.map(|hop| number("circle_change", "hop", &id, hop))
                    .transpose()
            };
            let account = number("circle_change", "account", &id, id)?;
            give(account, hop(1)?, hop(2)?, row.int(3)?);
            Ok(())
        })
        .await
    }

    /// The kept checkpoints, ascending.
    pub async fn load_kept(&self) -> Result<Vec<KeptRow>, StoreError> {
        const SQL: &str = "SELECT ordinal, epoch, position, accounts, complete \
            FROM kept_checkpoint ORDER BY ordinal";
        on_readers!(self, pool => {
            let rows = sqlx::query(SQL).fetch_all(pool).await?;
            rows.iter()
                .map(|row| {
                    let id: i64 = row.get("ordinal");
                    Ok(KeptRow {
                        ordinal: number("kept_checkpoint", "ordinal", &id, id)?,
                        epoch: row.get("epoch"),
                        position: row.get::<i64, _>("position").cast_unsigned(),
                        accounts: number("kept_checkpoint", "accounts", &id, row.get("accounts"))?,
                        complete: row.get::<i64, _>("complete") != 0,
                    })
                })
                .collect()
        })
    }

    /// The ordinals of which there are kept images, ascending.
    pub async fn kept_ordinals(&self) -> Result<Vec<u32>, StoreError> {
        let mut ordinals = Vec::new();
        let mut after = -1i64;
        loop {
            let next: Option<i64> = on_readers!(self, pool =>
                sqlx::query_scalar("SELECT MIN(ordinal) FROM kept_image WHERE ordinal > $1")
                    .bind(after)
                    .fetch_one(pool)
                    .await?);
            let Some(next) = next else {
                return Ok(ordinals);
            };
            ordinals.push(number("kept_image", "ordinal", &next, next)?);
            after = next;
        }
    }

    /// Where the images of a kept checkpoint are true, ascending by holder.
    pub async fn kept_positions(&self, ordinal: u32) -> Result<Vec<(AccountId, u64)>, StoreError> {
        const SQL: &str = "SELECT holder, position FROM kept_image WHERE ordinal = $1 \
            ORDER BY holder";
        let mut positions = Vec::new();
        self.scan(SQL, &[i64::from(ordinal)], |row| {
            let id = row.int(0)?;
            let holder = AccountId(number("kept_image", "holder", &id, id)?);
            positions.push((holder, row.int(1)?.cast_unsigned()));
            Ok::<_, StoreError>(())
        })
        .await?;
        Ok(positions)
    }

    /// The images of a kept checkpoint, ascending by holder.
    pub async fn each_kept_image<E: From<StoreError>>(
        &self,
        ordinal: u32,
        mut give: impl FnMut(ImageRow) -> Result<(), E>,
    ) -> Result<(), E> {
        const SQL: &str = "SELECT holder, position, image FROM kept_image WHERE ordinal = $1 \
            ORDER BY holder";
        self.scan(SQL, &[i64::from(ordinal)], |row| {
            let id = row.int(0)?;
            let bytes = row.bytes(2)?.unwrap_or_default();
            give(ImageRow {
                id: AccountId(number("kept_image", "holder", &id, id)?),
                position: row.int(1)?.cast_unsigned(),
                image: kept::decode(bytes)
                    .ok_or_else(|| corrupt("kept_image", "image", &id, "not an image"))?,
                stored: StoredRows::Unknown,
                entries_stored: None,
            })
        })
        .await
    }

    /// Likes in the journal whose keys, from a TID on, are of a later time than their commits, or that
    /// came with none: ledger id of the sender, kind, key, and whether it came with a commit.
    pub async fn each_like_ahead(
        &self,
        first: &str,
        give: impl FnMut(AccountId, RecordKind, &str, bool),
    ) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT sender, record, rkey, CAST(CASE WHEN rev = '' THEN 0 ELSE 1 END AS BIGINT) FROM journal \
             WHERE {c} AND {}",
            self.backend.by_bytes("rkey", ">=", &quoted(first)),
            c = self.backend.by_bytes("rkey", ">", "rev"),
        );
        self.each_like_key("journal", &sql, &[], give).await
    }

    /// Likes whose journal rows were dropped, of this epoch and later ones or with this key and later
    /// ones: ledger id of the sender, kind, key, and false, since it is not known how it came.
    pub async fn each_dropped_like(
        &self,
        since: i64,
        since_key: &str,
        give: impl FnMut(AccountId, RecordKind, &str, bool),
    ) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT sender, record, rkey, CAST(0 AS BIGINT) FROM dropped_like WHERE epoch >= $1 OR {}",
            self.backend.by_bytes("rkey", ">=", &quoted(since_key))
        );
        self.each_like_key("dropped_like", &sql, &[since], give)
            .await
    }

    async fn each_like_key(
        &self,
        table: &'static str,
        sql: &str,
        values: &[i64],
        mut give: impl FnMut(AccountId, RecordKind, &str, bool),
    ) -> Result<(), StoreError> {
        self.scan(sql, values, |row| {
            let id = row.int(0)?;
            let kind = match row.int(1)? {
                1 => RecordKind::Like,
                _ => RecordKind::Repost,
            };
            let sender = AccountId(number(table, "sender", &id, id)?);
            let has_commit = row.int(3)? == 1;
            give(sender, kind, row.text(2)?.unwrap_or_default(), has_commit);
            Ok(())
        })
        .await
    }
}

/// A TID in a statement.
pub(crate) fn quoted(tid: &str) -> String {
    let plain: String = tid.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("'{plain}'")
}
