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
const TABLES: [TableColumns; 19] = [
    (
        "account",
        &[
            ("id", Int),
            ("did", Text),
            ("handle", Text),
            ("hop", Int),
            ("since_micros", Int),
            ("status", Text),
            ("capped", Int),
        ],
    ),
    (
        "ledger_number",
        &[("ledger_id", LedgerId), ("account", Int)],
    ),
    (
        "repo",
        &[
            ("account", Int),
            ("rev", Text),
            ("data", Bytes),
            ("likes_upto", Text),
        ],
    ),
    ("tracked", &[("account", Int), ("label", Text)]),
    ("skipped", &[("account", Int)]),
    ("named", &[("handle", Text), ("did", Text)]),
    ("forgotten", &[("account", Int), ("micros", Int)]),
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
    (
        "handle_lookup",
        &[
            ("account", Int),
            ("attempts", Int),
            ("not_before_micros", Int),
        ],
    ),
    (
        "status_event",
        &[("account", Int), ("micros", Int), ("source", Text)],
    ),
    (
        "bootstrap",
        &[
            ("singleton", Int),
            ("state", Text),
            ("after_micros", Int),
            ("first_micros", Int),
            ("upto_micros", Int),
            ("begun_micros", Int),
            ("ended_micros", Int),
            ("likes_read", Int),
            ("likes_taken", Int),
            ("taken_tid", Int),
            ("taken_account", Int),
            ("taken_record", Int),
        ],
    ),
    (
        "bootstrap_account",
        &[
            ("account", Int),
            ("read_micros", Int),
            ("likes", Int),
            ("capped", Int),
            ("error", Text),
        ],
    ),
    (
        "bootstrap_like",
        &[
            ("tid", Int),
            ("account", Int),
            ("record", Int),
            ("author", Int),
            ("post", Text),
            ("nonce", Int),
        ],
    ),
];

impl Store {
    /// Copies accounts, records, changes of the circle, sources, backfills, gaps, identities,
    /// lookups of handles and day one into a database that has none. `ledger_id` gives an account's number in the ledger there.
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
                    let number = |i: usize| row.get::<Option<i64>, _>(i).and_then(&ledger_id);
                    let mut kinds = columns.iter().map(|(_, kind)| kind).enumerate();
                    // Who takes part there, too.
                    if kinds.any(|(i, kind)| matches!(kind, LedgerId) && number(i).is_none()) {
                        continue;
                    }
                    for (i, (column, (_, kind))) in copied.iter_mut().zip(columns).enumerate() {
                        match column {
                            Column::Int(values) => {
                                values.push(match kind {
                                    LedgerId => number(i),
                                    _ => row.get(i),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Access;

    /// Tables that are made anew: what follows from the journal, and what a database has of its
    /// own.
    const MADE: [&str; 15] = [
        "request",
        "sqlite_sequence",
        "journal",
        "ledger_account",
        "assignment",
        "unclaimed",
        "flow",
        "epoch",
        "history",
        "kept_checkpoint",
        "kept_image",
        "dropped_like",
        "counter",
        "state",
        "_sqlx_migrations",
    ];

    #[tokio::test]
    async fn every_column_of_every_table_is_copied_or_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("kith.db").display());
        let store = Store::open(&url, Access::Write).await.expect("opens");
        let mut there = BTreeSet::new();
        let columns = "SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p \
            WHERE m.type = 'table'";
        store
            .scan(columns, &[], |row| {
                let name = |column| row.text(column).map(|name| name.unwrap_or("").to_owned());
                there.insert((name(0)?, name(1)?));
                Ok::<(), StoreError>(())
            })
            .await
            .expect("reads");
        there.retain(|(table, _)| !MADE.contains(&table.as_str()));
        let copied: BTreeSet<(String, String)> = TABLES
            .iter()
            .flat_map(|(table, columns)| columns.iter().map(move |(name, _)| (*table, *name)))
            .map(|(table, column)| (table.to_owned(), column.to_owned()))
            .collect();
        assert_eq!(copied, there);
    }
}
