//! Set-based writes: one description of rows, two ways to send them.
//!
//! A [`Bulk`] names a table, its columns and what to do with them. SQLite gets a prepared
//! statement that is run for each row in this process ([`sqlite`]); PostgreSQL gets one message
//! for all of them ([`postgres`]).

mod postgres;
mod sqlite;

use std::{borrow::Cow, time::Instant};

pub(crate) use postgres::run_postgres;
pub(crate) use sqlite::run_sqlite;

/// The values of one column, one for each row.
#[derive(Debug, Clone)]
pub(crate) enum Column<'a> {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<Cow<'a, str>>>),
    Bytes(Vec<Option<Cow<'a, [u8]>>>),
}

/// What to do with the rows.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub(crate) enum Action {
    /// Adds rows; a key that is there already is an error.
    Insert,
    /// Adds rows, or overwrites those with the same key (the first `n` columns).
    Upsert { key_columns: usize },
    /// Overwrites the columns behind the key of rows that are there.
    Update { key_columns: usize },
    /// As `Upsert`, but the columns are added to what is there.
    Add { key_columns: usize },
    /// Removes the rows whose columns equal these.
    Delete,
}

/// Rows for one table, column by column.
#[derive(Debug, Clone)]
pub(crate) struct Bulk<'a> {
    table: &'static str,
    action: Action,
    names: Vec<&'static str>,
    columns: Vec<Column<'a>>,
    rows: usize,
    is_scattered: bool,
    is_all: bool,
}

impl<'a> Bulk<'a> {
    pub(crate) fn new(table: &'static str, action: Action) -> Bulk<'a> {
        Bulk {
            table,
            action,
            names: Vec::new(),
            columns: Vec::new(),
            rows: 0,
            is_scattered: false,
            is_all: false,
        }
    }

    /// All rows of a table: those that are there go first.
    pub(crate) fn all_of(table: &'static str) -> Bulk<'a> {
        Bulk {
            is_all: true,
            ..Bulk::new(table, Action::Insert)
        }
    }

    /// The statement to begin with, if there is one.
    fn first(&self) -> Option<String> {
        self.is_all.then(|| format!("DELETE FROM {}", self.table))
    }

    /// An index has the rows in another order than they come in here, all over its pages.
    pub(crate) fn scattered(self) -> Bulk<'a> {
        Bulk {
            is_scattered: true,
            ..self
        }
    }

    /// A column of numbers.
    pub(crate) fn int(self, name: &'static str, values: impl Iterator<Item = i64>) -> Bulk<'a> {
        self.int_opt(name, values.map(Some))
    }

    /// A column of numbers, some of them unknown.
    pub(crate) fn int_opt(
        self,
        name: &'static str,
        values: impl Iterator<Item = Option<i64>>,
    ) -> Bulk<'a> {
        self.column(name, Column::Int(values.collect()))
    }

    /// Several columns of numbers, from rows that are gone through once.
    pub(crate) fn ints<const N: usize>(
        self,
        names: [&'static str; N],
        rows: impl Iterator<Item = [Option<i64>; N]>,
    ) -> Bulk<'a> {
        let mut columns = [const { Vec::new() }; N];
        for row in rows {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        let columns = names.into_iter().zip(columns);
        columns.fold(self, |bulk, (name, values)| {
            bulk.column(name, Column::Int(values))
        })
    }

    /// A column of texts. A NUL, which `PostgreSQL` has no place for, becomes a replacement character.
    pub(crate) fn text<T: Into<Cow<'a, str>>>(
        self,
        name: &'static str,
        values: impl Iterator<Item = Option<T>>,
    ) -> Bulk<'a> {
        let values = values.map(|value| value.map(|text| without_nul(text.into())));
        self.column(name, Column::Text(values.collect()))
    }

    /// A column of bytes.
    pub(crate) fn bytes<T: Into<Cow<'a, [u8]>>>(
        self,
        name: &'static str,
        values: impl Iterator<Item = Option<T>>,
    ) -> Bulk<'a> {
        let values = values.map(|value| value.map(Into::into)).collect();
        self.column(name, Column::Bytes(values))
    }

    /// A column.
    pub(crate) fn column(mut self, name: &'static str, column: Column<'a>) -> Bulk<'a> {
        let rows = column.len();
        assert!(
            self.columns.is_empty() || self.rows == rows,
            "columns of one length"
        );
        self.names.push(name);
        self.columns.push(column);
        self.rows = rows;
        self
    }

    /// Says how long the rows took; `started`: when the database was given the first.
    fn trace(&self, started: Instant) {
        tracing::trace!(
            table = self.table,
            action = ?self.action,
            rows = self.rows,
            micros = started.elapsed().as_micros(),
            "rows written"
        );
    }

    /// What an insertion says about keys that are there.
    fn conflict(&self) -> String {
        let (key_columns, added) = match self.action {
            Action::Insert | Action::Delete | Action::Update { .. } => return String::new(),
            Action::Upsert { key_columns } => (key_columns, false),
            Action::Add { key_columns } => (key_columns, true),
        };
        let (key, rest) = self.names.split_at(key_columns);
        let key = key.join(", ");
        if rest.is_empty() {
            return format!(" ON CONFLICT ({key}) DO NOTHING");
        }
        let set: Vec<String> = rest
            .iter()
            .map(|name| match added {
                true => format!("{name} = {}.{name} + excluded.{name}", self.table),
                false => format!("{name} = excluded.{name}"),
            })
            .collect();
        format!(" ON CONFLICT ({key}) DO UPDATE SET {}", set.join(", "))
    }
}

/// A stranger's word is checked before it comes here; one that was not may not end the ledger.
fn without_nul(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.as_bytes().contains(&0) {
        true => Cow::Owned(text.replace('\0', "\u{fffd}")),
        false => text,
    }
}

impl Column<'_> {
    fn len(&self) -> usize {
        match self {
            Column::Int(values) => values.len(),
            Column::Text(values) => values.len(),
            Column::Bytes(values) => values.len(),
        }
    }
}
