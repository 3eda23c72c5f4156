//! Reading the checkpoint and the flows as they stand, row by row, to hold them against the
//! journal.

use kith_reputation::AccountId;

use sqlx::AssertSqlSafe;

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

/// Columns that name an account, and where its number stands. Tables that name one and are read
/// row by row are not among them: `tracked`, `skipped`, `forgotten`, `follow`, `circle_change.account`.
const NAMED: [(&str, &str, (&str, &str)); 15] = [
    ("ledger_number", "account", ACCOUNT),
    ("repo", "account", ACCOUNT),
    ("block", "blocker", ACCOUNT),
    ("block", "subject", ACCOUNT),
    ("circle_change", "by", ACCOUNT),
    ("backfill", "account", ACCOUNT),
    ("backfill", "gap", ("gap", "id")),
    ("gap", "account", ACCOUNT),
    ("identity", "account", ACCOUNT),
    ("handle_lookup", "account", ACCOUNT),
    ("status_event", "account", ACCOUNT),
    ("bootstrap_account", "account", ACCOUNT),
    ("bootstrap_like", "account", ACCOUNT),
    ("bootstrap_like", "author", ACCOUNT),
    ("dropped_like", "sender", NUMBER),
];
const ACCOUNT: (&str, &str) = ("account", "id");
const NUMBER: (&str, &str) = ("ledger_number", "ledger_id");

/// A row names an account, or a gap, that there is not.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct Nobody {
    /// The row's table.
    pub table: &'static str,
    /// The column that names it.
    pub column: &'static str,
    /// The number there.
    pub number: i64,
    /// The table that has no such number.
    pub missing_in: &'static str,
}

impl Store {
    /// Of each column that names an account, the first number of nobody.
    pub async fn rows_of_nobody(&self) -> Result<Vec<Nobody>, StoreError> {
        let mut found = Vec::new();
        for (table, column, (missing_in, key)) in NAMED {
            let sql = format!(
                "SELECT MIN(t.{column}) FROM {table} t WHERE t.{column} IS NOT NULL AND NOT EXISTS \
                 (SELECT 1 FROM {missing_in} n WHERE n.{key} = t.{column})"
            );
            let first: Option<i64> = on_readers!(self, pool =>
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await?);
            found.extend(first.map(|number| Nobody {
                table,
                column,
                number,
                missing_in,
            }));
        }
        Ok(found)
    }

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
        self.scan(&accounts, &[], |row| {
            let id = row.int(0)?;
            let part = ImagePart::Account {
                own: row.int(1)?,
                others: row.int(2)?,
                tally: row.int(3)?,
                rows: row.int(4)?,
                unclaimed: row.int(5)?,
                ordinal: row.int(6)?,
            };
            let account = AccountId(number("ledger_account", "id", &id, id)?);
            give(account, Some(row.int(7)?.cast_unsigned()), part);
            Ok::<(), StoreError>(())
        })
        .await?;
        let assignments = format!(
            "SELECT holder, origin, points, touched FROM assignment{}",
            of("holder")
        );
        self.scan(&assignments, &[], |row| {
            let id = row.int(0)?;
            let part = ImagePart::Assignment {
                origin: row.int(1)?,
                points: row.int(2)?,
                touched: row.int_opt(3)?,
            };
            give(
                AccountId(number("assignment", "holder", &id, id)?),
                None,
                part,
            );
            Ok::<(), StoreError>(())
        })
        .await?;
        let unclaimed = format!(
            "SELECT receiver, entry, sender, ordinal, points, pieces FROM unclaimed{}",
            of("receiver")
        );
        self.scan(&unclaimed, &[], |row| {
            let id = row.int(0)?;
            let part = ImagePart::Unclaimed {
                entry: row.int(1)?,
                sender: row.int(2)?,
                ordinal: row.int(3)?,
                points: row.int(4)?,
                pieces: Pieces::from_bytes(row.bytes(5)?.unwrap_or_default()),
            };
            give(
                AccountId(number("unclaimed", "receiver", &id, id)?),
                None,
                part,
            );
            Ok(())
        })
        .await
    }

    /// All flows, or those of one epoch.
    pub async fn each_flow(
        &self,
        epoch: Option<i64>,
        mut give: impl FnMut(FlowRow),
    ) -> Result<(), StoreError> {
        let condition = epoch.map_or_else(String::new, |epoch| format!(" WHERE epoch = {epoch}"));
        let sql = format!("SELECT origin, receiver, sender, epoch, points FROM flow{condition}");
        self.scan(&sql, &[], |row| {
            let id = |column| -> Result<AccountId, StoreError> {
                let id = row.int(column)?;
                Ok(AccountId(number(
                    "flow",
                    "origin, receiver or sender",
                    &id,
                    id,
                )?))
            };
            give(FlowRow {
                origin: id(0)?,
                receiver: id(1)?,
                sender: id(2)?,
                epoch: row.int(3)?,
                points: row.int(4)?.cast_unsigned(),
            });
            Ok(())
        })
        .await
    }
}
