//! What has happened since somebody last looked, for those who watch.

use serde::Serialize;

use crate::{Store, StoreError, on_readers};

/// Where the database stands.
#[derive(Debug, Clone, Copy, Default, Eq, PartialEq, Serialize, sqlx::FromRow)]
pub struct Moment {
    /// Batches committed: whatever changes rows grows it.
    pub batch: i64,
    /// Last position of the journal.
    pub position: i64,
    /// The current epoch; None before the first event.
    pub epoch: Option<i64>,
    /// When it began, unix microseconds of event time.
    pub epoch_begins_micros: Option<i64>,
    /// Length of an epoch, microseconds.
    pub epoch_micros: i64,
    /// Event time of the latest event, unix microseconds.
    pub clock_micros: Option<i64>,
    /// Number of the last change of the circle; 0: none yet.
    pub change: i64,
}

/// A like or repost that moved points.
#[derive(Debug, Clone, Eq, PartialEq, Serialize, sqlx::FromRow)]
pub struct LikeNews {
    /// Its place in the journal.
    pub position: i64,
    /// Event time, unix microseconds.
    pub micros: Option<i64>,
    /// like or repost.
    pub record: Option<String>,
    /// DID of who made it.
    pub liker: String,
    /// Its name, if it is known.
    pub liker_handle: Option<String>,
    /// DID of whose post it is.
    pub author: String,
    /// Its name, if it is known.
    pub author_handle: Option<String>,
    /// Points moved, with the sink's cut.
    pub points: i64,
}

/// Somebody came into the circle, left it, or is at another distance.
#[derive(Debug, Clone, Eq, PartialEq, Serialize, sqlx::FromRow)]
pub struct ChangeNews {
    /// Number of the change: 1, 2, 3, …
    pub id: i64,
    /// Event time, unix microseconds.
    pub micros: i64,
    /// Who.
    pub did: String,
    /// Its name, if it is known.
    pub handle: Option<String>,
    /// Hop before; None: it was outside.
    pub from_hop: Option<i64>,
    /// Hop after; None: it is outside.
    pub to_hop: Option<i64>,
    /// follow, unfollow, track, …
    pub cause: String,
    /// DID of the account whose record caused it.
    pub by_did: Option<String>,
}

impl Store {
    /// Where the database stands now.
    pub async fn moment(&self) -> Result<Moment, StoreError> {
        const SQL: &str = "SELECT batch, position, epoch, CASE WHEN epoch >= epoch_base \
            THEN epoch_base_micros + (epoch - epoch_base) * epoch_micros END AS epoch_begins_micros, \
            epoch_micros, clock_micros, \
            COALESCE((SELECT MAX(id) FROM circle_change), 0) AS change FROM state";
        let moment = on_readers!(self, pool => sqlx::query_as(SQL).fetch_optional(pool).await?);
        Ok(moment.unwrap_or_default())
    }

    /// The accepted likes after one place of the journal up to another, so many at most, in order.
    /// Held ones are left out: they tell of blocks.
    pub async fn likes_between(
        &self,
        after: i64,
        to: i64,
        limit: i64,
    ) -> Result<Vec<LikeNews>, StoreError> {
        const SQL: &str = "SELECT j.position, j.micros, \
            CASE j.record WHEN 1 THEN 'like' WHEN 2 THEN 'repost' END AS record, \
            s.did AS liker, s.handle AS liker_handle, r.did AS author, r.handle AS author_handle, \
            j.points FROM journal j JOIN numbered s ON s.ledger_id = j.sender \
            JOIN numbered r ON r.ledger_id = j.receiver \
            WHERE j.position > $1 AND j.position <= $2 AND j.kind = 1 AND j.outcome = 0 \
            AND j.held = 0 ORDER BY j.position LIMIT $3";
        Ok(on_readers!(self, pool =>
            sqlx::query_as(SQL).bind(after).bind(to).bind(limit).fetch_all(pool).await?))
    }

    /// The changes of the circle after one of them up to another, so many at most, in order.
    pub async fn changes_between(
        &self,
        after: i64,
        to: i64,
        limit: i64,
    ) -> Result<Vec<ChangeNews>, StoreError> {
        const SQL: &str = "SELECT id, micros, did, handle, from_hop, to_hop, cause, by_did \
            FROM v_changes WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3";
        Ok(on_readers!(self, pool =>
            sqlx::query_as(SQL).bind(after).bind(to).bind(limit).fetch_all(pool).await?))
    }
}
