//! Day one: what was read of the time before the first start, and waits to be taken.

use sqlx::Row;

use crate::{
    Store, StoreError,
    batch::{BootstrapAccountRow, BootstrapRow, BootstrapState, StagedKey, StagedLike},
    load::{corrupt, number},
    on_readers,
    status::BootstrapStatus,
};

impl Store {
    /// How far day one is; None if it never began.
    pub async fn load_bootstrap(&self) -> Result<Option<BootstrapRow>, StoreError> {
        const SQL: &str = "SELECT state, after_micros, first_micros, upto_micros, begun_micros, \
            ended_micros, likes_read, likes_taken, taken_tid, taken_account, taken_record \
            FROM bootstrap";
        on_readers!(self, pool => {
            let Some(row) = sqlx::query(SQL).fetch_optional(pool).await? else { return Ok(None) };
            let state: &str = row.get("state");
            Ok(Some(BootstrapRow {
                state: BootstrapState::parse(state)
                    .ok_or_else(|| corrupt("bootstrap", "state", &1, state))?,
                after_micros: row.get("after_micros"),
                first_micros: row.get("first_micros"),
                upto_micros: row.get("upto_micros"),
                begun_micros: row.get("begun_micros"),
                ended_micros: row.get("ended_micros"),
                likes_read: row.get::<i64, _>("likes_read").cast_unsigned(),
                likes_taken: row.get::<i64, _>("likes_taken").cast_unsigned(),
                taken: StagedKey {
                    tid: row.get::<i64, _>("taken_tid").cast_unsigned(),
                    account: number("bootstrap", "taken_account", &1, row.get("taken_account"))?,
                    record: number("bootstrap", "taken_record", &1, row.get("taken_record"))?,
                },
            }))
        })
    }

    /// The accounts that day one has read or given up, ascending.
    pub async fn load_bootstrap_accounts(&self) -> Result<Vec<BootstrapAccountRow>, StoreError> {
        const SQL: &str = "SELECT account, read_micros, likes, capped, error \
            FROM bootstrap_account ORDER BY account";
        on_readers!(self, pool => {
            let rows = sqlx::query(SQL).fetch_all(pool).await?;
            rows.iter()
                .map(|row| {
                    let account: i64 = row.get("account");
                    Ok(BootstrapAccountRow {
                        account: number("bootstrap_account", "account", &account, account)?,
                        read_micros: row.get("read_micros"),
                        likes: row.get::<i64, _>("likes").cast_unsigned(),
                        capped: row.get::<i64, _>("capped") != 0,
                        error: row.get("error"),
                    })
                })
                .collect()
        })
    }

    /// The next likes that wait behind a place, ascending, at most `limit`.
    pub async fn staged_likes(
        &self,
        after: StagedKey,
        limit: u32,
    ) -> Result<Vec<StagedLike>, StoreError> {
        const SQL: &str = "SELECT tid, account, record, author, post, nonce FROM bootstrap_like \
            WHERE (tid, account, record) > ($1, $2, $3) ORDER BY tid, account, record LIMIT $4";
        on_readers!(self, pool => {
            let rows = sqlx::query(SQL)
                .bind(after.tid.cast_signed())
                .bind(i64::from(after.account))
                .bind(i64::from(after.record))
                .bind(i64::from(limit))
                .fetch_all(pool)
                .await?;
            rows.iter()
                .map(|row| {
                    let tid: i64 = row.get("tid");
                    let table = "bootstrap_like";
                    Ok(StagedLike {
                        key: StagedKey {
                            tid: tid.cast_unsigned(),
                            account: number(table, "account", &tid, row.get("account"))?,
                            record: number(table, "record", &tid, row.get("record"))?,
                        },
                        author: number(table, "author", &tid, row.get("author"))?,
                        post: row.get("post"),
                        nonce: row.get::<i64, _>("nonce").cast_unsigned(),
                    })
                })
                .collect()
        })
    }

    /// How many likes wait, and how many of them up to a place.
    pub async fn staged(&self, upto: StagedKey) -> Result<(u64, u64), StoreError> {
        const SQL: &str = "SELECT COUNT(*), COUNT(*) FILTER (WHERE \
            (tid, account, record) <= ($1, $2, $3)) FROM bootstrap_like";
        let (all, before): (i64, i64) = on_readers!(self, pool =>
            sqlx::query_as(SQL)
                .bind(upto.tid.cast_signed())
                .bind(i64::from(upto.account))
                .bind(i64::from(upto.record))
                .fetch_one(pool)
                .await?);
        Ok((all.cast_unsigned(), before.cast_unsigned()))
    }

    pub(crate) async fn bootstrap_status(&self) -> Result<Option<BootstrapStatus>, StoreError> {
        const SQL: &str = "SELECT \
            (SELECT COUNT(*) FROM bootstrap_account WHERE error IS NULL), \
            (SELECT COUNT(*) FROM bootstrap_account WHERE error IS NOT NULL), \
            (SELECT COUNT(*) FROM bootstrap_account WHERE capped = 1), \
            (SELECT COUNT(*) FROM account a LEFT JOIN bootstrap_account b ON b.account = a.id \
             WHERE a.hop IS NOT NULL AND b.account IS NULL), \
            COALESCE((SELECT value FROM counter WHERE name = 'day_one.accounts_read'), 0)";
        let Some(row) = self.load_bootstrap().await? else {
            return Ok(None);
        };
        let (read, failed, capped, left, all): (i64, i64, i64, i64, i64) =
            on_readers!(self, pool => sqlx::query_as(SQL).fetch_one(pool).await?);
        let done = row.state == BootstrapState::Done;
        Ok(Some(BootstrapStatus {
            state: row.state.name().to_owned(),
            // The rows of those that were read whole are gone by then.
            accounts_read: if done { all } else { read },
            accounts_failed: failed,
            accounts_capped: capped,
            accounts_left: if row.state == BootstrapState::Reading {
                left
            } else {
                0
            },
            likes_read: row.likes_read.cast_signed(),
            likes_taken: row.likes_taken.cast_signed(),
        }))
    }
}
