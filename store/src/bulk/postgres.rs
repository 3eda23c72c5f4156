//! PostgreSQL: one message for all rows of a table. Many new rows by `COPY` in its binary form, others
//! by a statement with an array for each column (`UNNEST`).

use std::time::Instant;

use sqlx::{AssertSqlSafe, Postgres, postgres::PgConnection};

use super::{Action, Bulk, Column};

/// Fewer new rows go with one message, too: to end a `COPY` takes another, which the system may hold
/// back until the first was acknowledged, for 40 ms.
const COPY_ROWS_MIN: usize = 5_000;

/// Bytes of a `COPY` sent at once.
const COPY_BYTES: usize = 1 << 17;

/// Runs one bulk in the caller's transaction.
pub(crate) async fn run_postgres(
    connection: &mut PgConnection,
    bulk: &Bulk<'_>,
) -> Result<(), sqlx::Error> {
    if let Some(first) = bulk.first() {
        sqlx::query(AssertSqlSafe(first))
            .execute(&mut *connection)
            .await?;
    }
    if bulk.rows == 0 {
        return Ok(());
    }
    let started = Instant::now();
    match bulk.action {
        Action::Insert if bulk.rows >= COPY_ROWS_MIN => bulk.copy(connection).await?,
        _ => bulk.unnest(connection).await?,
    }
    bulk.trace(started);
    Ok(())
}

impl Bulk<'_> {
    async fn unnest(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let sql = self.postgres_sql();
        let mut query = sqlx::query::<Postgres>(AssertSqlSafe(sql.as_str()));
        for column in &self.columns {
            query = match column {
                Column::Int(values) => query.bind(values.as_slice()),
                Column::Text(values) => {
                    query.bind(values.iter().map(Option::as_deref).collect::<Vec<_>>())
                }
                Column::Bytes(values) => {
                    query.bind(values.iter().map(Option::as_deref).collect::<Vec<_>>())
                }
            };
        }
        query.execute(connection).await?;
        Ok(())
    }

    /// All columns are `BIGINT`, `TEXT` or `BYTEA`, so their binary form is plain.
    /// <https://www.postgresql.org/docs/current/sql-copy.html>, Binary Format.
    async fn copy(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let (table, names) = (self.table, self.names.join(", "));
        let sql = format!("COPY {table} ({names}) FROM STDIN (FORMAT binary)");
        let mut copy = connection.copy_in_raw(&sql).await?;
        let fields = i16::try_from(self.columns.len()).unwrap_or(i16::MAX);
        let mut bytes = Vec::with_capacity(COPY_BYTES + 4_096);
        // The signature, no flags, no extension.
        bytes.extend_from_slice(b"PGCOPY\n\xff\r\n\0");
        bytes.extend_from_slice(&[0; 8]);
        for row in 0..self.rows {
            bytes.extend_from_slice(&fields.to_be_bytes());
            for column in &self.columns {
                match column {
                    Column::Int(values) => {
                        let value = values[row].map(i64::to_be_bytes);
                        field(&mut bytes, value.as_ref().map(|value| &value[..]));
                    }
                    Column::Text(values) => {
                        field(&mut bytes, values[row].as_ref().map(|text| text.as_bytes()));
                    }
                    Column::Bytes(values) => field(&mut bytes, values[row].as_deref()),
                }
            }
            if bytes.len() >= COPY_BYTES {
                copy.send(bytes.as_slice()).await?;
                bytes.clear();
            }
        }
        bytes.extend_from_slice(&(-1_i16).to_be_bytes());
        copy.send(bytes.as_slice()).await?;
        copy.finish().await?;
        Ok(())
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
        let rows = format!("UNNEST({arrays}) AS k({names})");
        match self.action {
            Action::Delete => {
                let same: Vec<String> = self
                    .names
                    .iter()
                    .map(|name| format!("t.{name} = k.{name}"))
                    .collect();
                let same = same.join(" AND ");
                format!("DELETE FROM {table} t USING {rows} WHERE {same}")
            }
            Action::Update { key_columns } => {
                let (key, set) = self.names.split_at(key_columns);
                let key: Vec<String> = key
                    .iter()
                    .map(|name| format!("{table}.{name} = k.{name}"))
                    .collect();
                let set: Vec<String> = set
                    .iter()
                    .map(|name| format!("{name} = k.{name}"))
                    .collect();
                let (key, set) = (key.join(" AND "), set.join(", "));
                format!("UPDATE {table} SET {set} FROM {rows} WHERE {key}")
            }
            Action::Insert | Action::Upsert { .. } | Action::Add { .. } => {
                let conflict = self.conflict();
                format!("INSERT INTO {table} ({names}) SELECT * FROM {rows}{conflict}")
            }
        }
    }
}

/// A value with its length before it; -1: NULL.
fn field(bytes: &mut Vec<u8>, value: Option<&[u8]>) {
    let length = value.map_or(Some(-1), |value| i32::try_from(value.len()).ok());
    bytes.extend_from_slice(&length.unwrap_or(i32::MAX).to_be_bytes());
    bytes.extend_from_slice(value.unwrap_or_default());
}
