//! What `kith explain` needs: an account, how it came and went, and the follow records on its ways
//! into the circle.

use std::collections::HashSet;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Row};

use crate::{Store, StoreError, load::number, on_readers};

/// What is known of an account beside its ways into the circle.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The account; None: nothing of it was ever seen.
    pub account: Option<KnownAccount>,
    /// How it came in last, and how it went last; the later one is what holds.
    pub entered: Option<Membership>,
    /// As `entered`.
    pub left: Option<Membership>,
    /// How it came nearer or went farther last, if that was after it entered and it is there still.
    pub moved: Option<Membership>,
    /// The largest hop of a member.
    pub depth: u8,
    /// The tracked accounts' numbers, ascending.
    pub tracked: Vec<u32>,
    /// Follow records of the interior that lie on ways to it, and few others. Paths of more than
    /// one record are whole: from a tracked account to the account.
    pub ways: Vec<Way>,
    /// Members of the last degree that follow it, as far as their records are held. They do not
    /// bring it in.
    pub followers_at_the_edge: i64,
}

/// An account as the database has it.
#[derive(Debug, Clone, Eq, PartialEq, sqlx::FromRow)]
pub struct KnownAccount {
    /// Its number.
    pub id: i64,
    /// Who it is.
    pub did: String,
    /// Its name, if it is known.
    pub handle: Option<String>,
    /// None: outside the circle.
    pub hop: Option<i64>,
    /// active, deactivated, …
    pub status: String,
    /// Event time of entering, unix microseconds.
    pub since_micros: Option<i64>,
}

/// The account entered or left the circle, or moved in it.
#[derive(Debug, Clone, Eq, PartialEq, sqlx::FromRow)]
pub struct Membership {
    /// Number of the change: 1, 2, 3, …
    pub id: i64,
    /// Event time, unix microseconds.
    pub micros: i64,
    /// Hop before.
    pub from_hop: Option<i64>,
    /// Hop after.
    pub to_hop: Option<i64>,
    /// follow, unfollow, track, …
    pub cause: String,
    /// DID of the account whose record caused it.
    pub by: Option<String>,
    /// Its handle.
    pub by_handle: Option<String>,
    /// That record's key.
    pub rkey: Option<String>,
    /// DID of the account that the record names now; None: the record is not held any more.
    pub subject: Option<String>,
    /// Its handle.
    pub subject_handle: Option<String>,
}

/// A follow record, accounts by their numbers.
#[derive(Debug, Clone, Eq, PartialEq)]
pub struct Way {
    /// Whose record.
    pub follower: u32,
    /// Its key.
    pub rkey: String,
    /// Whom it names.
    pub subject: u32,
}

impl Store {
    /// What there is to say of an account's place in the circle. Reads all follow records once, and
    /// those of the interior's nearer half once for each further step, whatever the number of paths.
    pub async fn explain(&self, did: &str) -> Result<Explanation, StoreError> {
        let depth: i64 = on_readers!(self, pool =>
            sqlx::query_scalar("SELECT depth FROM state").fetch_optional(pool).await?.unwrap_or(0));
        let tracked = self.load_tracked().await?;
        let mut explanation = Explanation {
            account: self.known_account(did).await?,
            entered: None,
            left: None,
            moved: None,
            depth: number("state", "depth", &"1", depth)?,
            tracked: tracked.into_iter().map(|row| row.account).collect(),
            ways: Vec::new(),
            followers_at_the_edge: 0,
        };
        let Some(id) = explanation.account.as_ref().map(|account| account.id) else {
            return Ok(explanation);
        };
        explanation.entered = self.last_membership(id, ENTERED).await?;
        explanation.left = self.last_membership(id, LEFT).await?;
        let last = self.last_membership(id, LAST).await?;
        explanation.moved = last.filter(|last| last.from_hop.is_some() && last.to_hop.is_some());
        self.find_ways(id, &mut explanation).await?;
        Ok(explanation)
    }

    /// DID and handle of an account by its number.
    pub async fn account_name(
        &self,
        id: u32,
    ) -> Result<Option<(String, Option<String>)>, StoreError> {
        Ok(on_readers!(self, pool =>
            sqlx::query_as("SELECT did, handle FROM account WHERE id = $1")
                .bind(i64::from(id))
                .fetch_optional(pool)
                .await?))
    }

    async fn known_account(&self, did: &str) -> Result<Option<KnownAccount>, StoreError> {
        const SQL: &str =
            "SELECT id, did, handle, hop, status, since_micros FROM account WHERE did = $1";
        Ok(on_readers!(self, pool =>
            sqlx::query_as(SQL).bind(did).fetch_optional(pool).await?))
    }

    async fn last_membership(
        &self,
        account: i64,
        which: &'static str,
    ) -> Result<Option<Membership>, StoreError> {
        let sql = format!("{MEMBERSHIP} WHERE c.account = $1 {which} ORDER BY c.id DESC LIMIT 1");
        Ok(on_readers!(self, pool =>
            sqlx::query_as(AssertSqlSafe(sql.as_str())).bind(account).fetch_optional(pool).await?))
    }

    /// Backwards from the account: who follows it, who follows those, each step among accounts
    /// nearer to the tracked ones.
    async fn find_ways(&self, id: i64, found: &mut Explanation) -> Result<(), StoreError> {
        const FIRST: &str = "SELECT f.follower, f.rkey, f.subject, a.hop FROM follow f \
            JOIN account a ON a.id = f.follower WHERE f.subject = $2 AND a.hop <= $1";
        const FURTHER: &str = "SELECT f.follower, f.rkey, f.subject, a.hop FROM account a \
            JOIN follow f ON f.follower = a.id WHERE a.hop <= $1 AND f.subject <> $2";
        let mut at_the_edge = HashSet::new();
        let mut wanted: HashSet<u32> = [number("account", "id", &id, id)?].into();
        for step in 1..=found.depth {
            // At the first step also those of the last degree are counted.
            let (sql, hop_max) = match step {
                1 => (FIRST, i64::from(found.depth)),
                _ => (FURTHER, i64::from(found.depth - step)),
            };
            let mut followers = HashSet::new();
            on_readers!(self, pool => {
                let mut rows = sqlx::query(sql).bind(hop_max).bind(id).fetch(pool);
                while let Some(row) = rows.try_next().await? {
                    let follower = number("follow", "follower", &id, row.get(0))?;
                    let subject = number("follow", "subject", &follower, row.get(2))?;
                    let hop: i64 = row.get(3);
                    if !wanted.contains(&subject) {
                        continue;
                    }
                    if hop == i64::from(found.depth) {
                        found.followers_at_the_edge += i64::from(at_the_edge.insert(follower));
                        continue;
                    }
                    if hop > 0 {
                        followers.insert(follower);
                    }
                    found.ways.push(Way { follower, rkey: row.get(1), subject });
                }
            });
            wanted = followers;
            if wanted.is_empty() {
                break;
            }
        }
        Ok(())
    }
}

/// Changes of the circle, each with what its record names now.
const MEMBERSHIP: &str = "SELECT c.id, c.micros, c.from_hop, c.to_hop, c.cause, b.did AS by, \
    b.handle AS by_handle, c.rkey, s.did AS subject, s.handle AS subject_handle \
    FROM circle_change c LEFT JOIN account b ON b.id = c.by \
    LEFT JOIN follow f ON f.follower = c.by AND f.rkey = c.rkey \
    LEFT JOIN account s ON s.id = f.subject";
const ENTERED: &str = "AND c.from_hop IS NULL";
const LEFT: &str = "AND c.to_hop IS NULL";
const LAST: &str = "";
