//! What can be taken out of the database whole, row by row: tables for other programs, and the
//! nodes and edges of the circle's graph.
//!
//! Each export is a query beside this file and a list of its columns. The long ones are read in
//! the order of a key, so that neither Kith nor the database holds more than a few rows; those
//! that group or sort do it in files ([`Store::sort_in_files`]).

mod columns;

use std::ops::ControlFlow;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Row};

use crate::{Store, StoreError, Value, backend::Backend, on_readers, report::numbered};

/// Memory for pages of SQLite, and for each of its sorters: 32 MiB, in its own way of saying so. All
/// is read once, so that more would not make it quicker.
const CACHE: &str = "PRAGMA cache_size = -32768";

/// Something that can be exported.
#[derive(Debug, Clone, Copy)]
pub struct Export {
    /// What `kith export` calls it.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: &'static [ExportColumn],
    /// Whether it has a time to begin with.
    pub has_since: bool,
    sql: &'static str,
    /// Says about how many rows there are; empty: nobody knows beforehand.
    count: &'static str,
    /// The order of edges where all are wanted; of other exports it is in their query.
    order: &'static str,
}

/// A column of an export.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct ExportColumn {
    /// Its name: the one of the reports' JSON.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// In what it is counted; None: it is no quantity.
    pub unit: Option<&'static str>,
    /// Whether it may be NULL.
    pub is_nullable: bool,
    /// What it says.
    pub about: &'static str,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub enum ColumnKind {
    /// A whole number: [`Value::Int`].
    Int,
    /// Unix microseconds of UTC: [`Value::Int`].
    Time,
    /// Yes or no: [`Value::Bool`].
    Flag,
    /// [`Value::Text`].
    Text,
}

/// The tables that can be exported, in the order in which people are told of them.
pub const EXPORTS: [&Export; 6] = [
    &Export::CIRCLE,
    &Export::ASSIGNMENTS,
    &Export::JOURNAL,
    &Export::HISTORY,
    &Export::LOCAL_TRUST,
    &Export::PRE_TRUST,
];

impl Export {
    /// The members of the circle: the columns of report `circle`.
    pub const CIRCLE: Export = Export {
        name: "circle",
        columns: columns::CIRCLE,
        has_since: false,
        sql: include_str!("circle.sql"),
        count: "SELECT COUNT(*) FROM account WHERE hop IS NOT NULL",
        order: "",
    };
    /// Whose points everybody holds: the columns of report `assignments`.
    pub const ASSIGNMENTS: Export = Export {
        name: "assignments",
        columns: columns::ASSIGNMENTS,
        has_since: false,
        sql: include_str!("assignments.sql"),
        count: "SELECT CAST(SUM(rows) AS BIGINT) FROM ledger_account",
        order: "",
    };
    /// Every operation given to the ledger.
    pub const JOURNAL: Export = Export {
        name: "journal",
        columns: columns::JOURNAL,
        has_since: true,
        sql: include_str!("journal.sql"),
        count: "SELECT position - dropped_position FROM state",
        order: "",
    };
    /// Every account, epoch by epoch: the columns of report `history`.
    pub const HISTORY: Export = Export {
        name: "history",
        columns: columns::HISTORY,
        has_since: false,
        sql: include_str!("history.sql"),
        count: "SELECT COUNT(*) FROM history",
        order: "",
    };
    /// What each account gave to each other one: the input of EigenTrust.
    pub const LOCAL_TRUST: Export = Export {
        name: "local-trust",
        columns: columns::LOCAL_TRUST,
        has_since: true,
        sql: include_str!("local_trust.sql"),
        count: "",
        order: "",
    };
    /// The tracked accounts: EigenTrust's peers that are trusted beforehand.
    pub const PRE_TRUST: Export = Export {
        name: "pre-trust",
        columns: columns::PRE_TRUST,
        has_since: false,
        sql: include_str!("pre_trust.sql"),
        count: "SELECT COUNT(*) FROM tracked",
        order: "",
    };

    /// The members of the circle as nodes of a graph.
    pub const NODES: Export = Export {
        name: "nodes",
        columns: columns::NODES,
        has_since: false,
        sql: include_str!("nodes.sql"),
        count: Export::CIRCLE.count,
        order: "",
    };
    /// Edges from each member to those that hold its points.
    pub const EDGES_ASSIGNMENTS: Export = Export {
        name: "assignments as edges",
        columns: columns::EDGES,
        has_since: false,
        sql: include_str!("edges_assignments.sql"),
        count: Export::ASSIGNMENTS.count,
        order: "e.holder, e.origin",
    };
    /// Edges from hand to hand: how the points of tracked accounts travelled.
    pub const EDGES_FLOWS: Export = Export {
        name: "flows as edges",
        columns: columns::EDGES,
        has_since: false,
        sql: include_str!("edges_flows.sql"),
        count: "",
        order: "e.sender, e.receiver",
    };
    /// Edges from each member to those it liked.
    pub const EDGES_LIKES: Export = Export {
        name: "likes as edges",
        columns: columns::EDGES,
        has_since: true,
        sql: include_str!("edges_likes.sql"),
        count: "",
        order: "e.sender, e.receiver",
    };

    /// The query: of all rows, or of so many edges, the strongest first.
    fn query(&self, strongest: Option<u32>) -> String {
        let sql = self.sql;
        match (self.order, strongest) {
            ("", _) => sql.to_owned(),
            (order, None) => format!("{sql}ORDER BY {order}"),
            (order, Some(most)) => {
                format!("{sql}ORDER BY e.points DESC, {order} LIMIT {most}")
            }
        }
    }
}

impl Store {
    /// From now on SQLite sorts and groups what is large in files (in `SQLITE_TMPDIR`, or where
    /// temporary files are), and keeps little in memory. PostgreSQL does so by itself. To be called
    /// before the first long question of a snapshot.
    pub async fn sort_in_files(&self) -> Result<(), StoreError> {
        if let Backend::Sqlite(b) = &self.backend {
            for pragma in ["PRAGMA temp_store = FILE", CACHE] {
                sqlx::query(pragma).execute(&b.readers).await?;
            }
        }
        Ok(())
    }

    /// About how many rows an export has; None where finding out is as long as exporting.
    pub async fn count_export(&self, export: &Export) -> Result<Option<u64>, StoreError> {
        if export.count.is_empty() {
            return Ok(None);
        }
        let count: Option<Option<i64>> = on_readers!(self, pool =>
            sqlx::query_scalar(export.count).fetch_optional(pool).await?);
        Ok(count.flatten().map(|n| u64::try_from(n).unwrap_or(0)))
    }

    /// Gives the rows of an export one by one, until told to break; in constant memory, however
    /// many there are. `since` is in unix microseconds; of edges `strongest` takes so many, those
    /// with most points first, and is of no use elsewhere.
    pub async fn each_exported(
        &self,
        export: &Export,
        since: Option<i64>,
        strongest: Option<u32>,
        mut take: impl FnMut(&[Value]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let (sql, parameters) = numbered(&export.query(strongest));
        let mut values = Vec::with_capacity(export.columns.len());
        on_readers!(self, pool => {
            let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
            for _ in &parameters {
                query = query.bind(since); // The only one there is.
            }
            let mut rows = query.fetch(pool);
            while let Some(row) = rows.try_next().await? {
                values.clear();
                for (i, column) in export.columns.iter().enumerate() {
                    values.push(match column.kind {
                        ColumnKind::Text => {
                            row.try_get::<Option<String>, _>(i)?.map_or(Value::Null, Value::Text)
                        }
                        kind => match row.try_get::<Option<i64>, _>(i)? {
                            None => Value::Null,
                            Some(n) if kind == ColumnKind::Flag => Value::Bool(n != 0),
                            Some(n) => Value::Int(n),
                        },
                    });
                }
                if take(&values).is_break() {
                    break;
                }
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
