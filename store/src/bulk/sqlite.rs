//! SQLite: prepared statements, run in this process.
//!
//! A library in the same process has no round trips to save, so what counts is the work for each
//! value.

use std::time::Instant;

use rusqlite::{
    Connection, Statement,
    types::{ToSqlOutput, ValueRef},
};
use sqlx::SqliteConnection;

use super::{Action, Bulk, Column};
use crate::{StoreError, handle::with_handle};

/// Rows of a statement that may carry several; 20 columns of them are below SQLite's limit of
/// 32,766 parameters.
const TOGETHER: usize = 32;

/// Runs bulks, one after the other, in the caller's transaction.
pub(crate) async fn run_sqlite(
    connection: &mut SqliteConnection,
    bulks: &[Bulk<'_>],
) -> Result<(), StoreError> {
    with_handle(connection, |handle| {
        let mut bulks = bulks.iter();
        Ok(bulks.try_for_each(|bulk| bulk.write(handle))?)
    })
    .await
}

impl Bulk<'_> {
    fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        if let Some(first) = self.first() {
            connection.execute(&first, [])?;
        }
        if self.rows == 0 {
            return Ok(());
        }
        let together = self.together();
        let started = Instant::now();
        let mut row = 0;
        for rows in [together, 1] {
            if self.rows - row < rows {
                continue;
            }
            let mut statement = connection.prepare(&self.sqlite_sql(rows))?;
            while self.rows - row >= rows {
                let mut parameter = 0;
                for row in row..row + rows {
                    for column in &self.columns {
                        parameter += 1;
                        column.bind(row, parameter, &mut statement)?;
                    }
                }
                statement.raw_execute()?;
                row += rows;
            }
        }
        self.trace(started);
        Ok(())
    }

    /// Rows of a statement: to set one up costs as much as a short row.
    fn together(&self) -> usize {
        match self.action {
            Action::Delete | Action::Update { .. } => 1,
            // An upsert of several rows keeps a copy of every page it touches, to undo itself.
            Action::Upsert { .. } if self.is_scattered => 1,
            Action::Insert | Action::Upsert { .. } | Action::Add { .. } => TOGETHER,
        }
    }

    fn sqlite_sql(&self, rows: usize) -> String {
        let (table, names) = (self.table, self.names.join(", "));
        // Parameters by number: an update names its key last, but the columns begin with it.
        let numbered = |(name, number): (&&str, usize)| format!("{name} = ?{number}");
        let all: Vec<String> = self.names.iter().zip(1..).map(numbered).collect();
        match self.action {
            Action::Delete => format!("DELETE FROM {table} WHERE {}", all.join(" AND ")),
            Action::Update { key_columns } => {
                let (key, set) = all.split_at(key_columns);
                let (key, set) = (key.join(" AND "), set.join(", "));
                format!("UPDATE {table} SET {set} WHERE {key}")
            }
            Action::Insert | Action::Upsert { .. } | Action::Add { .. } => {
                let row = format!("({})", vec!["?"; self.names.len()].join(", "));
                let values = vec![row; rows].join(", ");
                let conflict = self.conflict();
                // Or fail: what a statement did before a refused row is undone with the
                // transaction, so it needs no journal of its own.
                format!("INSERT OR FAIL INTO {table} ({names}) VALUES {values}{conflict}")
            }
        }
    }
}

impl Column<'_> {
    fn bind(
        &self,
        row: usize,
        parameter: usize,
        statement: &mut Statement<'_>,
    ) -> rusqlite::Result<()> {
        let value = match self {
            Column::Int(values) => values[row].map(ValueRef::Integer),
            Column::Text(values) => {
                let text = values[row].as_deref();
                text.map(|text| ValueRef::Text(text.as_bytes()))
            }
            Column::Bytes(values) => values[row].as_deref().map(ValueRef::Blob),
        };
        let value = ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null));
        statement.raw_bind_parameter(parameter, value)
    }
}
