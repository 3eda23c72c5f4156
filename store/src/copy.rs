//! Copying what does not follow from the journal into another database.

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, Row};

use crate::{
    Store, StoreError,
    backend::Backend,
    bulk::{self, Action, Bulk, Column},
    on_readers,
};

/// Rows of a statement.
const ROWS: usize = 5_000;

/// What a column holds.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
enum Kind {
    Int,
    Text,
    Bytes,
    /// A number in the ledger, which may be another there.
    LedgerId,
}

use Kind::{Bytes, Int, LedgerId, Text};

/// A table with its columns.
type TableColumns = (&'static str, &'static [(&'static str, Kind)]);

/// The tables that the journal says nothing of.
const TABLES: [TableColumns; 10] = [
    (
        "account",
        &[
            ("id", Int),
            ("did", Text),
            ("handle", Text),
            ("hop", Int),
            ("since_micros", Int),
            ("status", Text),
            ("ledger_id", LedgerId),
            ("capped", Int),
        ],
    ),
    ("repo", &[("account", Int), ("rev", Text), ("data", Bytes)]),
    ("tracked", &[("account", Int), ("label", Text)]),
    (
        "follow",
        &[("follower", Int), ("rkey", Text), ("subject", Int)],
    ),
    (
        "block",
        &[("blocker", Int), ("rkey", Text), ("subject", Int)],
    ),
    (
        "circle_change",
        &[
            ("id", Int),
            ("micros", Int),
            ("account", Int),
            ("from_hop", Int),
            ("to_hop", Int),
            ("cause", Text),
            ("by", Int),
            ("rkey", Text),
        ],
    ),
    (
        "source",
        &[
            ("name", Text),
            ("kind", Text),
            ("url", Text),
            ("cursor", Int),
            ("event_micros", Int),
            ("lag_micros", Int),
            ("connected", Int),
        ],
    ),
    (
        "backfill",
        &[
            ("account", Int),
            ("state", Text),
            ("reason", Text),
            ("attempts", Int),
            ("not_before_micros", Int),
            ("error", Text),
            ("likes", Text),
            ("gap", Int),
        ],
    ),
    (
        "gap",
        &[
            ("id", Int),
            ("kind", Text),
            ("account", Int),
            ("source", Text),
            ("from_rev", Text),
            ("to_rev", Text),
            ("from_micros", Int),
            ("to_micros", Int),
            ("accounts", Int),
            ("accounts_left", Int),
            ("opened_micros", Int),
            ("closed_micros", Int),
            ("likes_found", Int),
            ("follows_changed", Int),
            ("blocks_changed", Int),
        ],
    ),
    (
        "identity",
        &[
            ("account", Int),
            ("pds", Text),
            ("handle", Text),
            ("signing_key", Text),
            ("fetched_micros", Int),
        ],
    ),
];

impl Store {
    /// Copies accounts, records, changes of the circle, sources, backfills, gaps and identities
    /// into a database that has none. `ledger_id` gives an account's number in the ledger there.
    pub async fn copy_circle(
        &self,
        into: &Store,
        ledger_id: impl Fn(i64) -> Option<i64>,
    ) -> Result<(), StoreError> {
        for (table, columns) in TABLES {
            let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
            let sql = format!("SELECT {} FROM {table}", names.join(", "));
            on_readers!(self, pool => {
                let mut rows = sqlx::query(AssertSqlSafe(sql.as_str())).fetch(pool);
                let mut copied = empty(columns);
                let mut count = 0;
                while let Some(row) = rows.try_next().await? {
                    for (i, (column, (_, kind))) in copied.iter_mut().zip(columns).enumerate() {
                        match column {
                            Column::Int(values) => {
                                let value: Option<i64> = row.get(i);
                                values.push(match kind {
                                    LedgerId => value.and_then(&ledger_id),
                                    _ => value,
                                });
                            }
                            Column::Text(values) => {
                                values.push(row.get::<Option<String>, _>(i).map(Into::into));
                            }
                            Column::Bytes(values) => {
                                values.push(row.get::<Option<Vec<u8>>, _>(i).map(Into::into));
                            }
                        }
                    }
                    count += 1;
                    if count == ROWS {
                        let full = std::mem::replace(&mut copied, empty(columns));
                        into.insert(table, columns, full).await?;
                        count = 0;
                    }
                }
                into.insert(table, columns, copied).await?;
            });
        }
        Ok(())
    }

    async fn insert(
        &self,
        table: &'static str,
        columns: &[(&'static str, Kind)],
        values: Vec<Column<'_>>,
    ) -> Result<(), StoreError> {
        let bulk = columns.iter().zip(values).fold(
            Bulk::new(table, Action::Insert),
            |bulk, ((name, _), column)| bulk.column(name, column),
        );
        match &self.backend {
            Backend::Sqlite(b) => {
                if let Some(connection) = b.writer().await?.as_mut() {
                    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
                    bulk::run_sqlite(&mut transaction, &[bulk]).await?;
                    transaction.commit().await?;
                }
            }
            Backend::Postgres(b) => {
                if let Some(connection) = b.writer().await?.as_mut() {
                    bulk::run_postgres(connection, &bulk).await?;
                }
            }
        }
        Ok(())
    }
}

fn empty(columns: &[(&'static str, Kind)]) -> Vec<Column<'static>> {
    let column = |(_, kind): &(&'static str, Kind)| match kind {
        Int | LedgerId => Column::Int(Vec::new()),
        Text => Column::Text(Vec::new()),
        Bytes => Column::Bytes(Vec::new()),
    };
    columns.iter().map(column).collect()
}
