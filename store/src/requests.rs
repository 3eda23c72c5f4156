//! What people ask of the ledger: table `request` is where commands and the HTTP server leave it,
//! and where the writer answers, in the batch that has the journal rows.

use serde::Serialize;
use sqlx::{Connection, SqliteConnection};

use crate::{
    Store, StoreError,
    backend::Backend,
    batch::{Answer, Micros, Request, RequestKind, RequestRow},
    load::number,
    on_readers,
};

/// Requests that wait, at most: a service takes them at once, so more come of a mistake.
const WAITING_MAX: i64 = 1_000;

/// A request and what came of it; the field names are a contract.
#[derive(Debug, Clone, Eq, PartialEq, Serialize, sqlx::FromRow)]
pub struct RequestState {
    /// Its number.
    pub id: i64,
    /// claim, forget, remember.
    pub kind: String,
    /// DID of who claims, or is to be forgotten or remembered.
    pub did: String,
    /// Of a claim: DID of whose bundles only.
    pub sender: Option<String>,
    /// Of a claim: which bundle only.
    pub entry: Option<i64>,
    /// None: it waits. `done`, or why not: see [`Answer`].
    pub answer: Option<String>,
    /// Rows of the journal that it made.
    pub operations: Option<i64>,
    /// The last of these.
    pub position: Option<i64>,
    /// Points claimed, or given up.
    pub points: Option<i64>,
}

impl Store {
    /// Leaves a request for the writer, whether or not one runs. Returns its number.
    ///
    /// # Errors
    /// [`StoreError::TooManyRequests`]; the database cannot be written to.
    pub async fn ask(&self, request: &Request, now: Micros) -> Result<u64, StoreError> {
        const SQL: &str = "INSERT INTO request (kind, did, sender, entry, asked_micros) \
            SELECT $1, $2, $3, CAST($4 AS BIGINT), CAST($5 AS BIGINT) \
            WHERE (SELECT COUNT(*) FROM request WHERE answer IS NULL) < CAST($6 AS BIGINT) \
            RETURNING id";
        macro_rules! insert {
            ($connection:expr) => {
                sqlx::query_scalar(SQL)
                    .bind(request.kind.name())
                    .bind(request.did.as_str())
                    .bind(request.sender.as_deref())
                    .bind(request.entry.map(i64::from))
                    .bind(now)
                    .bind(WAITING_MAX)
                    .fetch_optional($connection)
                    .await?
            };
        }
        let id: Option<i64> = match &self.backend {
            // Readers may not write; what this one waits for is at most one batch.
            Backend::Sqlite(b) => {
                let mut connection = SqliteConnection::connect_with(b.options()).await?;
                let id = insert!(&mut connection);
                connection.close().await?;
                id
            }
            Backend::Postgres(b) => insert!(&b.readers),
        };
        let id = id.ok_or(StoreError::TooManyRequests { max: WAITING_MAX })?;
        Ok(id.cast_unsigned())
    }

    /// The requests that wait, in their order, at most `limit`.
    pub async fn waiting_requests(&self, limit: u32) -> Result<Vec<RequestRow>, StoreError> {
        const SQL: &str = "SELECT id, kind, did, sender, entry FROM request \
            WHERE answer IS NULL ORDER BY id LIMIT $1";
        type Row = (i64, String, String, Option<String>, Option<i64>);
        let rows: Vec<Row> = on_readers!(self, pool =>
            sqlx::query_as(SQL).bind(i64::from(limit)).fetch_all(pool).await?);
        rows.into_iter()
            .map(|(id, kind, did, sender, entry)| {
                let kind = RequestKind::parse(&kind).ok_or_else(|| StoreError::Corrupt {
                    table: "request",
                    column: "kind",
                    row: id.to_string(),
                    what: format!("{kind:?} is no kind of request"),
                })?;
                let entry = entry.map(|n| number("request", "entry", &id, n));
                Ok(RequestRow {
                    id: id.cast_unsigned(),
                    request: Request {
                        kind,
                        did,
                        sender,
                        entry: entry.transpose()?,
                    },
                })
            })
            .collect()
    }

    /// A request and its answer; None: there is no such number.
    pub async fn request(&self, id: u64) -> Result<Option<RequestState>, StoreError> {
        const SQL: &str = "SELECT id, kind, did, sender, entry, answer, operations, position, \
            points FROM request WHERE id = $1";
        // A number beyond 63 bits was never given.
        let id = i64::try_from(id).unwrap_or(-1);
        Ok(on_readers!(self, pool =>
            sqlx::query_as(SQL).bind(id).fetch_optional(pool).await?))
    }

    /// The requests that were answered, in their order.
    pub async fn answered_requests(&self) -> Result<Vec<RequestState>, StoreError> {
        const SQL: &str = "SELECT id, kind, did, sender, entry, answer, operations, position, \
            points FROM request WHERE answer IS NOT NULL ORDER BY id";
        Ok(on_readers!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await?))
    }

    /// The accounts that are to be forgotten, ascending.
    pub async fn load_forgotten(&self) -> Result<Vec<u32>, StoreError> {
        self.accounts_in("forgotten").await
    }

    /// Whether an account is to be forgotten.
    pub async fn is_forgotten(&self, did: &str) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM forgotten f JOIN account a ON a.id = f.account \
            WHERE a.did = $1";
        let found: i64 = on_readers!(self, pool =>
            sqlx::query_scalar(SQL).bind(did).fetch_one(pool).await?);
        Ok(found > 0)
    }
}

impl RequestKind {
    /// The word in the table.
    pub fn name(self) -> &'static str {
        match self {
            RequestKind::Claim => "claim",
            RequestKind::Forget => "forget",
            RequestKind::Remember => "remember",
        }
    }

    /// The kind that a word stands for.
    pub fn parse(name: &str) -> Option<RequestKind> {
        [Self::Claim, Self::Forget, Self::Remember]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

impl Answer {
    /// All there are.
    pub const ALL: [Answer; 9] = [
        Answer::Done,
        Answer::Partly,
        Answer::UnknownAccount,
        Answer::NothingWaits,
        Answer::NoSuchEntry,
        Answer::Tracked,
        Answer::AlreadyForgotten,
        Answer::NotForgotten,
        Answer::Refused,
    ];

    /// The word in the table.
    pub fn name(self) -> &'static str {
        match self {
            Answer::Done => "done",
            Answer::Partly => "partly",
            Answer::UnknownAccount => "unknown_account",
            Answer::NothingWaits => "nothing_waits",
            Answer::NoSuchEntry => "no_such_entry",
            Answer::Tracked => "tracked",
            Answer::AlreadyForgotten => "already_forgotten",
            Answer::NotForgotten => "not_forgotten",
            Answer::Refused => "refused",
        }
    }

    /// The answer that a word stands for.
    pub fn parse(name: &str) -> Option<Answer> {
        Self::ALL.into_iter().find(|answer| answer.name() == name)
    }
}
