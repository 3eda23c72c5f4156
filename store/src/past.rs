//! Reading back what is known of past epochs: the history, kept checkpoints, dropped likes.

use futures_util::TryStreamExt;
use kith_reputation::AccountId;
use sqlx::Row;

use crate::{
    Store, StoreError,
    batch::{ActivityRow, ClosedRow, ImageRow, KeptRow, Micros, RecordKind},
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
        };
        let sql = format!(
            "SELECT holder, epoch, received, given, hop, own, tally, tracked, rank \
             FROM history WHERE {condition}"
        );
        on_readers!(self, pool => {
            let mut rows = sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let id: i64 = row.get("holder");
                let holder = AccountId(number("history", "holder", &id, id)?);
                let epoch: i64 = row.get("epoch");
                let count = |column| row.get::<i64, _>(column).cast_unsigned();
                let known = |column| row.get::<Option<i64>, _>(column);
                let closed = match (known("own"), known("tally"), known("tracked")) {
                    (Some(own), Some(tally), Some(tracked)) => Some(ClosedRow {
                        holder,
                        epoch,
                        hop: known("hop")
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
                        received: count("received"),
                        given: count("given"),
                    },
                    closed,
                    rank: known("rank").map(i64::cast_unsigned),
                });
            }
        });
        Ok(())
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
        on_readers!(self, pool => {
            let mut rows = sqlx::query(SQL).bind(since).fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let id: i64 = row.get(0);
                let hop: Option<i64> = row.get(1);
                give(
                    number("circle_change", "account", &id, id)?,
                    hop.map(|hop| number("circle_change", "from_hop", &id, hop)).transpose()?,
                    row.get(2),
                );
            }
        });
        Ok(())
    }

    /// All changes of the circle in order: account, hop before, hop after, event time.
    pub async fn each_change(
        &self,
        mut give: impl FnMut(u32, Option<u8>, Option<u8>, Micros),
    ) -> Result<(), StoreError> {
        const SQL: &str = "SELECT account, from_hop, to_hop, micros FROM circle_change ORDER BY id";
        on_readers!(self, pool => {
            let mut rows = sqlx::query(SQL).fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let id: i64 = row.get(0);
                let hop = |column: usize| {
                    let hop: Option<i64> = row.get(column);
                    hop.map(|hop| number("circle_change", "hop", &id, hop)).transpose()
                };
                give(number("circle_change", "account", &id, id)?, hop(1)?, hop(2)?, row.get(3));
            }
        });
        Ok(())
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

    /// The images of a kept checkpoint, ascending by holder.
    pub async fn each_kept_image(
        &self,
        ordinal: u32,
        mut give: impl FnMut(ImageRow),
    ) -> Result<(), StoreError> {
        const SQL: &str = "SELECT holder, position, image FROM kept_image WHERE ordinal = $1 \
            ORDER BY holder";
        on_readers!(self, pool => {
            let mut rows = sqlx::query(SQL).bind(i64::from(ordinal)).fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let id: i64 = row.get(0);
                let bytes: &[u8] = row.get(2);
                give(ImageRow {
                    id: AccountId(number("kept_image", "holder", &id, id)?),
                    position: row.get::<i64, _>(1).cast_unsigned(),
                    image: kept::decode(bytes)
                        .ok_or_else(|| corrupt("kept_image", "image", &id, "not an image"))?,
                    changed: None,
                });
            }
        });
        Ok(())
    }

    /// Likes whose journal rows were dropped, of this epoch and later ones: ledger id of the
    /// sender, kind, key.
    pub async fn each_dropped_like(
        &self,
        since: i64,
        mut give: impl FnMut(AccountId, RecordKind, &str),
    ) -> Result<(), StoreError> {
        const SQL: &str = "SELECT sender, record, rkey FROM dropped_like WHERE epoch >= $1";
        on_readers!(self, pool => {
            let mut rows = sqlx::query(SQL).bind(since).fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let id: i64 = row.get(0);
                let kind = match row.get::<i64, _>(1) {
                    1 => RecordKind::Like,
                    _ => RecordKind::Repost,
                };
                give(AccountId(number("dropped_like", "sender", &id, id)?), kind, row.get(2));
            }
        });
        Ok(())
    }
}
