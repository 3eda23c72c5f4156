//! Set-based writes: one description of rows, two ways to send them.
//!
//! A [`Bulk`] names a table, its columns and what to do with them. PostgreSQL gets one
//! statement with an array for each column (`UNNEST`), SQLite gets multi-row `VALUES`. No
//! write of the store sends rows one at a time.

use sqlx::{AssertSqlSafe, Postgres, Sqlite, SqliteConnection, postgres::PgConnection};

/// The values of one column, one for each row.
#[derive(Debug, Clone)]
pub(crate) enum Column {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
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
pub(crate) struct Bulk {
    table: &'static str,
    action: Action,
    names: Vec<&'static str>,
    columns: Vec<Column>,
    rows: usize,
}

impl Bulk {
    pub(crate) fn new(table: &'static str, action: Action) -> Bulk {
        Bulk {
            table,
            action,
            names: Vec::new(),
            columns: Vec::new(),
            rows: 0,
        }
    }

    pub(crate) fn int(self, name: &'static str, values: impl Iterator<Item = i64>) -> Bulk {
        self.int_opt(name, values.map(Some))
    }

    pub(crate) fn int_opt(
        self,
        name: &'static str,
        values: impl Iterator<Item = Option<i64>>,
    ) -> Bulk {
        let values: Vec<_> = values.collect();
        let rows = values.len();
        self.column(name, Column::Int(values), rows)
    }

    pub(crate) fn text(
        self,
        name: &'static str,
        values: impl Iterator<Item = Option<String>>,
    ) -> Bulk {
        let values: Vec<_> = values.collect();
        let rows = values.len();
        self.column(name, Column::Text(values), rows)
    }

    pub(crate) fn bytes(
        self,
        name: &'static str,
        values: impl Iterator<Item = Option<Vec<u8>>>,
    ) -> Bulk {
        let values: Vec<_> = values.collect();
        let rows = values.len();
        self.column(name, Column::Bytes(values), rows)
    }

    pub(crate) fn column(mut self, name: &'static str, column: Column, rows: usize) -> Bulk {
        assert!(
            self.columns.is_empty() || self.rows == rows,
            "columns of one length"
        );
        self.names.push(name);
        self.columns.push(column);
        self.rows = rows;
        self
    }

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

    fn sqlite_sql(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.names.len()].join(", "));
        let values = vec![row; rows].join(", ");
        let (table, names) = (self.table, self.names.join(", "));
        match self.action {
            Action::Delete => format!("DELETE FROM {table} WHERE ({names}) IN (VALUES {values})"),
            Action::Update { key_columns } => {
                // SQLite's names for the columns of VALUES.
                let given = |i: usize| format!("column{}", i + 1);
                self.update_sql(key_columns, &format!("(VALUES {values}) AS k"), given)
            }
            // Or fail: what the statement did before a refused row is undone with the transaction,
            // so it needs no journal of its own.
            _ => format!(
                "INSERT OR FAIL INTO {table} ({names}) VALUES {values}{}",
                self.conflict()
            ),
        }
    }

    fn postgres_sql(&self) -> String {
        let arrays: Vec<String> = self
            .columns
            .iter()
            .enumerate()
            .map(|(i, column)| match column {
                Column::Int(_) => format!("${}::BIGINT[]", i + 1),
                Column::Text(_) => format!("${}::TEXT[]", i + 1),
                Column::Bytes(_) => format!("${}::BYTEA[]", i + 1),
            })
            .collect();
        let (table, names, arrays) = (self.table, self.names.join(", "), arrays.join(", "));
        if self.action == Action::Delete {
            let same: Vec<String> = self
                .names
                .iter()
                .map(|name| format!("t.{name} = k.{name}"))
                .collect();
            let same = same.join(" AND ");
            return format!(
                "DELETE FROM {table} t USING UNNEST({arrays}) AS k({names}) WHERE {same}"
            );
        }
        if let Action::Update { key_columns } = self.action {
            let given = |i: usize| self.names[i].to_owned();
            return self.update_sql(
                key_columns,
                &format!("UNNEST({arrays}) AS k({names})"),
                given,
            );
        }
        format!(
            "INSERT INTO {table} ({names}) SELECT * FROM UNNEST({arrays}){}",
            self.conflict()
        )
    }

    /// An update from the rows `k`, whose columns have names of their own.
    fn update_sql(&self, key_columns: usize, k: &str, given: impl Fn(usize) -> String) -> String {
        let table = self.table;
        let same = |(i, name): (usize, &&str)| format!("{table}.{name} = k.{}", given(i));
        let set = |(i, name): (usize, &&str)| format!("{name} = k.{}", given(i));
        let all = || self.names.iter().enumerate();
        let key: Vec<String> = all().take(key_columns).map(same).collect();
        let values: Vec<String> = all().skip(key_columns).map(set).collect();
        let (key, values) = (key.join(" AND "), values.join(", "));
        format!("UPDATE {table} SET {values} FROM {k} WHERE {key}")
    }
}

/// Rows a SQLite statement carries: a few sizes, so that few statements are prepared, and
/// below SQLite's limit of 32,766 parameters at 20 columns.
const SQLITE_CHUNKS: [usize; 4] = [512, 64, 8, 1];

/// Runs one bulk in the caller's transaction.
pub(crate) async fn run_sqlite(
    connection: &mut SqliteConnection,
    bulk: &Bulk,
) -> Result<(), sqlx::Error> {
    let mut row = 0;
    for chunk in SQLITE_CHUNKS {
        if bulk.rows - row < chunk {
            continue;
        }
        let sql = bulk.sqlite_sql(chunk);
        while bulk.rows - row >= chunk {
            let mut query = sqlx::query::<Sqlite>(AssertSqlSafe(sql.as_str()));
            for r in row..row + chunk {
                for column in &bulk.columns {
                    query = match column {
                        Column::Int(v) => query.bind(v[r]),
                        Column::Text(v) => query.bind(v[r].as_deref()),
                        Column::Bytes(v) => query.bind(v[r].as_deref()),
                    };
                }
            }
            query.execute(&mut *connection).await?;
            row += chunk;
        }
    }
    Ok(())
}

/// Runs one bulk in the caller's transaction.
pub(crate) async fn run_postgres(
    connection: &mut PgConnection,
    bulk: &Bulk,
) -> Result<(), sqlx::Error> {
    if bulk.rows == 0 {
        return Ok(());
    }
    let sql = bulk.postgres_sql();
    let mut query = sqlx::query::<Postgres>(AssertSqlSafe(sql.as_str()));
    for column in &bulk.columns {
        query = match column {
            Column::Int(v) => query.bind(v.as_slice()),
            Column::Text(v) => query.bind(v.as_slice()),
            Column::Bytes(v) => query.bind(v.as_slice()),
        };
    }
    query.execute(&mut *connection).await?;
    Ok(())
}
