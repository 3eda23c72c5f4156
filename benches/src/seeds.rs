//! The same likes written in other ways: those of the systems that Kith learned from.
//!
//! The tables here are bare (a journal and assignments, one index each), so these rows flatter
//! what they stand for: no circle, no cursors, no decoding, and only what one like needs.

use std::{
    collections::BTreeMap,
    fmt::Write,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use kith_reputation::{AccountId, Ledger, Operation, Rules, Transfer};
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection, postgres::PgPoolOptions,
};

use kith_tests::world::Random;

/// What one like wrote.
pub(crate) struct Written {
    /// position, sender, receiver, nonce
    journal: [i64; 4],
    /// Rows as they stood after it: (holder, origin), points.
    rows: Vec<([i64; 2], i64)>,
}

/// Likes among so many accounts, skewed as the load's, after as many that nobody writes.
pub(crate) fn history(accounts: u32, likes: u64) -> Result<Vec<Written>> {
    let mut random = Random::new(9);
    let mut ledger = Ledger::new(42, Rules::default())?;
    let mut numbers: BTreeMap<u32, AccountId> = BTreeMap::new();
    let mut all = Vec::new();
    for position in 0..2 * likes {
        let sender = random.skewed(accounts, 2);
        let mut receiver = random.skewed(accounts, 6);
        if receiver == sender {
            receiver = (receiver + 1) % accounts;
        }
        let mut number = |account| {
            let next = AccountId(u32::try_from(numbers.len() + 1).unwrap_or(u32::MAX));
            *numbers.entry(account).or_insert(next)
        };
        let (sender, receiver) = (number(sender), number(receiver));
        let nonce = random.draw();
        let outcome = ledger.apply(&Operation::Transfer(Transfer {
            sender,
            receiver,
            points: 100,
            nonce,
            held: false,
        }));
        let origins: Vec<AccountId> = outcome.pieces.iter().map(|p| p.origin).collect();
        if position < likes {
            continue;
        }
        let mut rows = Vec::new();
        for (holder, origin) in origins.iter().flat_map(|o| [(sender, *o), (receiver, *o)]) {
            if holder != origin {
                let view = ledger.account(holder).context("a party is there")?;
                let points = i64::from(view.points_of(origin));
                rows.push(([i64::from(holder.0), i64::from(origin.0)], points));
            }
        }
        all.push(Written {
            journal: [
                position.cast_signed(),
                sender.0.into(),
                receiver.0.into(),
                nonce.cast_signed(),
            ],
            rows,
        });
    }
    Ok(all)
}

/// A way of writing them.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub(crate) enum Way {
    /// A statement for each row of each like.
    ByTheRow,
    /// A statement for each row of the journal, one for each row of assignments that a batch
    /// changed.
    ExecuteMany,
    /// Statements of many rows: VALUES in SQLite, UNNEST in PostgreSQL.
    Bulk,
    /// As Bulk, the journal by COPY; PostgreSQL only.
    Copy,
}

const TABLES: &str = "CREATE TABLE j (position BIGINT PRIMARY KEY, sender BIGINT, receiver BIGINT, \
    nonce BIGINT); CREATE TABLE a (holder BIGINT, origin BIGINT, points BIGINT, \
    PRIMARY KEY (holder, origin))";
const JOURNAL: &str = "INSERT INTO j (position, sender, receiver, nonce) ";
const ASSIGNMENT: &str = "INSERT INTO a (holder, origin, points) ";
const CONFLICT: &str = " ON CONFLICT (holder, origin) DO UPDATE SET points = excluded.points";
/// Rows of a statement with VALUES.
const ROWS_MAX: usize = 500;

/// Likes a second, written so many in a transaction.
pub(crate) async fn measure(url: &str, likes: &[Written], each: usize, way: Way) -> Result<f64> {
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(&format!("{url}?mode=rwc")).await?;
        connection
            .execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
            .await?;
        connection.execute(TABLES).await?;
        let start = Instant::now();
        for batch in likes.chunks(each) {
            let mut transaction = connection.begin().await?;
            for (sql, values) in statements(batch, way, false) {
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for value in values {
                    query = query.bind(value);
                }
                query.execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
        }
        Ok(rate(likes, start))
    } else {
        let mut connection = PgConnection::connect(url).await?;
        connection.execute(TABLES).await?;
        let start = Instant::now();
        for batch in likes.chunks(each) {
            let mut transaction = connection.begin().await?;
            match way {
                Way::ByTheRow | Way::ExecuteMany => {
                    for (sql, values) in statements(batch, way, true) {
                        let mut query = sqlx::query(AssertSqlSafe(sql));
                        for value in values {
                            query = query.bind(value);
                        }
                        query.execute(&mut *transaction).await?;
                    }
                }
                Way::Bulk | Way::Copy => write_bulk(&mut transaction, batch, way).await?,
            }
            transaction.commit().await?;
        }
        Ok(rate(likes, start))
    }
}

/// Likes a second with so many batches under way at once, each of which holds a connection while it
/// asks for a second one, over a pool of so many connections. Batches that get none in time begin
/// again, a hundred times at most.
pub(crate) async fn measure_pool(
    url: &str,
    likes: &[Written],
    in_flight: usize,
    connections: u32,
) -> Result<(f64, u64)> {
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(1))
        .connect(url)
        .await?;
    pool.execute(TABLES).await?;
    let start = Instant::now();
    let mut timeouts = 0;
    for round in likes.chunks(500 * in_flight) {
        let tasks: Vec<_> = round
            .chunks(500)
            .map(|batch| {
                let pool = pool.clone();
                let columns = columns(batch);
                tokio::spawn(async move {
                    let mut failed = 0;
                    loop {
                        match write_twice(&pool, &columns).await {
                            Ok(()) => return Ok(failed),
                            Err(error) if failed >= 100 => return Err(error),
                            Err(_) => failed += 1,
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            timeouts += task.await??;
        }
    }
    Ok((rate(likes, start), timeouts))
}

/// The transaction on one connection, a look at the state on another.
async fn write_twice(pool: &sqlx::PgPool, columns: &[Vec<i64>; 4]) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    insert_journal(&mut transaction, columns).await?;
    let _: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM a")
        .fetch_one(pool)
        .await?;
    transaction.commit().await
}

/// Statements with their values, in order.
fn statements(batch: &[Written], way: Way, is_postgres: bool) -> Vec<(String, Vec<i64>)> {
    let values = |from: usize, count: usize| {
        let places: Vec<String> = (from..from + count)
            .map(|i| format!("${}", i + 1))
            .collect();
        format!("({})", places.join(", "))
    };
    let one =
        |head: &str, count: usize, tail: &str| format!("{head} VALUES {}{tail}", values(0, count));
    let mut all = Vec::new();
    if way == Way::ByTheRow {
        for like in batch {
            all.push((one(JOURNAL, 4, ""), like.journal.to_vec()));
            for ([holder, origin], points) in &like.rows {
                all.push((
                    one(ASSIGNMENT, 3, CONFLICT),
                    vec![*holder, *origin, *points],
                ));
            }
        }
        return all;
    }
    let rows = last_rows(batch);
    if way == Way::ExecuteMany || is_postgres {
        all.extend(
            batch
                .iter()
                .map(|l| (one(JOURNAL, 4, ""), l.journal.to_vec())),
        );
        all.extend(
            rows.iter()
                .map(|r| (one(ASSIGNMENT, 3, CONFLICT), r.to_vec())),
        );
        return all;
    }
    let many = |head: &str, rows: usize, columns: usize, tail: &str| {
        let rows: Vec<String> = (0..rows).map(|r| values(r * columns, columns)).collect();
        format!("{head} VALUES {}{tail}", rows.join(", "))
    };
    for part in batch.chunks(ROWS_MAX) {
        let values = part.iter().flat_map(|like| like.journal).collect();
        all.push((many(JOURNAL, part.len(), 4, ""), values));
    }
    for part in rows.chunks(ROWS_MAX) {
        let values = part.iter().flatten().copied().collect();
        all.push((many(ASSIGNMENT, part.len(), 3, CONFLICT), values));
    }
    all
}

/// Each row that a batch changed, as it stood last.
fn last_rows(batch: &[Written]) -> Vec<[i64; 3]> {
    let rows: BTreeMap<[i64; 2], i64> = batch
        .iter()
        .flat_map(|like| like.rows.iter().copied())
        .collect();
    rows.into_iter()
        .map(|([holder, origin], points)| [holder, origin, points])
        .collect()
}

fn columns(batch: &[Written]) -> [Vec<i64>; 4] {
    std::array::from_fn(|i| batch.iter().map(|like| like.journal[i]).collect())
}

async fn insert_journal(
    connection: &mut PgConnection,
    columns: &[Vec<i64>; 4],
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "{JOURNAL} SELECT * FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[])"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for column in columns {
        query = query.bind(column);
    }
    query.execute(connection).await?;
    Ok(())
}

async fn write_bulk(connection: &mut PgConnection, batch: &[Written], way: Way) -> Result<()> {
    if way == Way::Copy {
        let mut copy = connection
            .copy_in_raw("COPY j (position, sender, receiver, nonce) FROM STDIN")
            .await?;
        let mut text = String::new();
        for like in batch {
            let [position, sender, receiver, nonce] = like.journal;
            writeln!(text, "{position}\t{sender}\t{receiver}\t{nonce}")?;
        }
        copy.send(text.into_bytes()).await?;
        copy.finish().await?;
    } else {
        insert_journal(connection, &columns(batch)).await?;
    }
    let rows = last_rows(batch);
    let sql = format!(
        "{ASSIGNMENT} SELECT * FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BIGINT[]){CONFLICT}"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for i in 0..3 {
        query = query.bind(rows.iter().map(|row| row[i]).collect::<Vec<i64>>());
    }
    query.execute(connection).await?;
    Ok(())
}

fn rate(likes: &[Written], start: Instant) -> f64 {
    likes.len() as f64 / start.elapsed().as_secs_f64()
}
