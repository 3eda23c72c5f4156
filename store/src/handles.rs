//! Whose handle is to be looked up next.

use crate::{Store, StoreError, batch::Micros, on_readers};

/// A member whose handle is to be looked up.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct HandleWanted {
    /// Who.
    pub did: String,
    /// How often in a row that failed.
    pub attempts: u32,
}

impl Store {
    /// Members whose handle is to be looked up, at most `limit`: those who hold most points of
    /// tracked accounts first, then the nearest. Looks at every member.
    pub async fn handles_wanted(
        &self,
        now: Micros,
        limit: u32,
    ) -> Result<Vec<HandleWanted>, StoreError> {
        // In this order, or SQLite reads all assignments.
        const SQL: &str = "WITH trusted AS ( \
                SELECT a.holder, CAST(SUM(a.points) AS BIGINT) AS points \
                FROM tracked t \
                CROSS JOIN ledger_number o \
                CROSS JOIN assignment a \
                WHERE o.account = t.account AND a.origin = o.ledger_id \
                GROUP BY a.holder \
            ) \
            SELECT m.did, CAST(COALESCE(h.attempts, 0) AS BIGINT) \
            FROM account m \
            LEFT JOIN handle_lookup h ON h.account = m.id \
            LEFT JOIN ledger_number n ON n.account = m.id \
            LEFT JOIN trusted s ON s.holder = n.ledger_id \
            WHERE m.hop IS NOT NULL AND m.status <> 'deleted' \
                AND (h.account IS NULL OR h.not_before_micros <= $1) \
            ORDER BY COALESCE(s.points, 0) DESC, m.hop, m.id \
            LIMIT $2";
        let rows: Vec<(String, i64)> = on_readers!(self, pool =>
            sqlx::query_as(SQL).bind(now).bind(i64::from(limit)).fetch_all(pool).await?);
        let wanted = rows.into_iter().map(|(did, attempts)| HandleWanted {
            did,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        });
        Ok(wanted.collect())
    }
}
