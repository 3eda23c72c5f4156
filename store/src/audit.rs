//! Reading the checkpoint and the flows as they stand, row by row, to hold them against the
//! journal.

use futures_util::TryStreamExt;
use kith_reputation::AccountId;
use sqlx::{AssertSqlSafe, Row};

use crate::{Store, StoreError, batch::FlowRow, load::number, on_readers, pieces::Pieces};

/// One row of an account's image, every number as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ImagePart {
    /// Of table `ledger_account`.
    Account {
        /// Own points.
        own: i64,
        /// Points of collapsed origins.
        others: i64,
        /// Others and all assignments.
        tally: i64,
        /// How many assignments.
        rows: i64,
        /// How many unclaimed entries.
        unclaimed: i64,
        /// The tick it is settled to.
        ordinal: i64,
    },
    /// Of table `assignment`.
    Assignment {
        /// Whose points.
        origin: i64,
        /// How many.
        points: i64,
        /// Rule reference: the last touch.
        touched: Option<i64>,
    },
    /// Of table `unclaimed`.
    Unclaimed {
        /// Its place.
        entry: i64,
        /// Who sent it.
        sender: i64,
        /// When.
        ordinal: i64,
        /// How many points.
        points: i64,
        /// Of which origins.
        pieces: Pieces,
    },
}

impl Store {
    /// The rows of the checkpoint, of one account or of all: whose, the image's position with the
    /// account's own row, and the row.
    pub async fn each_image_part(
        &self,
        of: Option<AccountId>,
        mut give: impl FnMut(AccountId, Option<u64>, ImagePart),
    ) -> Result<(), StoreError> {
        let of =
            |column: &str| of.map_or_else(String::new, |id| format!(" WHERE {column} = {}", id.0));
        let accounts = format!(
            "SELECT id, own, others, tally, rows, unclaimed, ordinal, position \
             FROM ledger_account{}",
            of("id")
        );
        let assignments = format!(
            "SELECT holder, origin, points, touched FROM assignment{}",
            of("holder")
        );
        let unclaimed = format!(
            "SELECT receiver, entry, sender, ordinal, points, pieces FROM unclaimed{}",
            of("receiver")
        );
        on_readers!(self, pool => {
            let mut rows = sqlx::query(AssertSqlSafe(accounts.as_str())).fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let id: i64 = row.get("id");
                let part = ImagePart::Account {
                    own: row.get("own"),
                    others: row.get("others"),
                    tally: row.get("tally"),
                    rows: row.get("rows"),
                    unclaimed: row.get("unclaimed"),
                    ordinal: row.get("ordinal"),
                };
                let position = row.get::<i64, _>("position").cast_unsigned();
                give(AccountId(number("ledger_account", "id", &id, id)?), Some(position), part);
            }
            drop(rows);
            let mut rows = sqlx::query(AssertSqlSafe(assignments.as_str())).fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let id: i64 = row.get("holder");
                let part = ImagePart::Assignment {
                    origin: row.get("origin"),
                    points: row.get("points"),
                    touched: row.get("touched"),
                };
                give(AccountId(number("assignment", "holder", &id, id)?), None, part);
            }
            drop(rows);
            let mut rows = sqlx::query(AssertSqlSafe(unclaimed.as_str())).fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let id: i64 = row.get("receiver");
                let part = ImagePart::Unclaimed {
                    entry: row.get("entry"),
                    sender: row.get("sender"),
                    ordinal: row.get("ordinal"),
                    points: row.get("points"),
                    pieces: Pieces::from_bytes(row.get("pieces")),
                };
                give(AccountId(number("unclaimed", "receiver", &id, id)?), None, part);
            }
        });
        Ok(())
    }

    /// All flows, or those of one epoch.
    pub async fn each_flow(
        &self,
        epoch: Option<i64>,
        mut give: impl FnMut(FlowRow),
    ) -> Result<(), StoreError> {
        let condition = epoch.map_or_else(String::new, |epoch| format!(" WHERE epoch = {epoch}"));
        let sql = format!("SELECT origin, receiver, sender, epoch, points FROM flow{condition}");
        on_readers!(self, pool => {
            let mut rows = sqlx::query(AssertSqlSafe(sql.as_str())).fetch(pool);
            while let Some(row) = rows.try_next().await? {
                let id = |column| -> Result<AccountId, StoreError> {
                    let id: i64 = row.get(column);
                    Ok(AccountId(number("flow", "origin, receiver or sender", &id, id)?))
                };
                give(FlowRow {
                    origin: id("origin")?,
                    receiver: id("receiver")?,
                    sender: id("sender")?,
                    epoch: row.get("epoch"),
                    points: row.get::<i64, _>("points").cast_unsigned(),
                });
            }
        });
        Ok(())
    }
}
