//! Reading tables from end to end, row by row, on either database.

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Row, postgres::PgRow};

use crate::{Store, StoreError, backend::Backend, handle::with_handle};

/// A row, its columns by their place from 0.
pub(crate) enum Cells<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r PgRow),
}

impl Cells<'_> {
    /// A number.
    pub(crate) fn int(&self, column: usize) -> Result<i64, StoreError> {
        Ok(match self {
            Cells::Sqlite(row) => row.get(column)?,
            Cells::Postgres(row) => row.try_get(column)?,
        })
    }

    /// A number that may be NULL.
    pub(crate) fn int_opt(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(match self {
            Cells::Sqlite(row) => row.get(column)?,
            Cells::Postgres(row) => row.try_get(column)?,
        })
    }

    /// A text that may be NULL.
    pub(crate) fn text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        Ok(match self {
            Cells::Sqlite(row) => row
                .get_ref(column)?
                .as_str_or_null()
                .map_err(rusqlite::Error::from)?,
            Cells::Postgres(row) => row.try_get(column)?,
        })
    }

    /// Bytes that may be NULL.
    pub(crate) fn bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        Ok(match self {
            Cells::Sqlite(row) => row
                .get_ref(column)?
                .as_bytes_or_null()
                .map_err(rusqlite::Error::from)?,
            Cells::Postgres(row) => row.try_get(column)?,
        })
    }
}

impl Store {
    /// Gives every row of a query, until that fails.
    pub(crate) async fn scan<E: From<StoreError>>(
        &self,
        sql: &str,
        parameters: &[i64],
        mut give: impl FnMut(&Cells<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match &self.backend {
            Backend::Sqlite(b) => {
                let connection = b.readers.acquire().await;
                let mut connection = connection.map_err(StoreError::from)?;
                with_handle(&mut connection, |handle| {
                    let statement = handle.prepare(sql);
                    let mut statement = statement.map_err(StoreError::from)?;
                    let rows = statement.query(rusqlite::params_from_iter(parameters));
                    let mut rows = rows.map_err(StoreError::from)?;
                    while let Some(row) = rows.next().map_err(StoreError::from)? {
                        give(&Cells::Sqlite(row))?;
                    }
                    Ok(())
                })
                .await
            }
            Backend::Postgres(b) => {
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for parameter in parameters {
                    query = query.bind(parameter);
                }
                let mut rows = query.fetch(&b.readers);
                while let Some(row) = rows.try_next().await.map_err(StoreError::from)? {
                    give(&Cells::Postgres(&row))?;
                }
                Ok(())
            }
        }
    }
}
