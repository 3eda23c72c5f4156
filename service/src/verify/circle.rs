//! Hops against a search over the follow records, and the changes that led to them.

use anyhow::Result;
use kith_graph::{AccountId, Changes, Circle};
use kith_store::{
    JournalPart, Store, StoreError,
    batch::{AccountRow, Micros, State},
};

use super::{Differences, Row};
use crate::engine::hops::{Hops, Timeline};

/// What the circle's tables say.
pub(super) struct Seen {
    /// The hops of the ledger's accounts at the end of each epoch, ascending.
    pub(super) hops: Vec<(i64, Hops)>,
    /// The accounts' numbers in the ledger, ascending.
    numbers: Vec<u32>,
}

impl Seen {
    /// The numbers in the ledger are those from 1 on, each once.
    pub(super) fn tell_numbers(&self, accounts: u32, differences: &mut Differences) {
        let (table, column) = ("ledger_number", "ledger_id");
        for (should, number) in (1..accounts).zip(&self.numbers) {
            if *number != should {
                let key = Row::default().and(column, should);
                differences.note((table, &key, column), number, should);
                return;
            }
        }
        let (stored, should) = (self.numbers.len() + 1, accounts as usize);
        differences.unless_equal((table, &Row::of("all"), column), &stored, &should);
    }
}

/// Verifies hops; `after` is where the journal will be replayed from.
pub(super) async fn verify(
    store: &Store,
    state: &State,
    after: u64,
    differences: &mut Differences,
) -> Result<Seen> {
    let rows = store.load_accounts().await?;
    let mut circle = Circle::new(state.depth).map_err(|error| StoreError::Corrupt {
        table: "state",
        column: "depth",
        row: "1".to_owned(),
        what: error.to_string(),
    })?;
    for row in &rows {
        if circle.intern(&row.did).0 != row.id {
            let should = circle.lookup(&row.did).map_or(0, |id| id.0);
            return Err(StoreError::Corrupt {
                table: "account",
                column: "id",
                row: should.to_string(),
                what: format!("no row: the next is {}, of {}", row.id, row.did),
            }
            .into());
        }
    }
    let mut changes = Changes::new();
    let known = u32::try_from(rows.len())?;
    let mut is_known = |table, account| {
        let row = Row::known("account", account);
        if account >= known {
            differences.note((table, &row, "account"), account, "an account");
        }
        account < known
    };
    let tables = [
        ("skipped", store.load_skipped().await?),
        ("forgotten", store.load_forgotten().await?),
    ];
    for (table, accounts) in tables {
        for account in accounts {
            if is_known(table, account) {
                circle.set_skip(AccountId(account), true, &mut changes);
            }
        }
    }
    for row in store.load_tracked().await? {
        if is_known("tracked", row.account) {
            circle.track(AccountId(row.account), &mut changes);
        }
    }
    store
        .each_follow(|follower, rkey, subject| {
            if follower < known && subject < known {
                circle.set_follow(AccountId(follower), rkey, AccountId(subject), &mut changes);
                changes.clear();
            } else {
                let key = Row::known("follower", follower).and("rkey", rkey);
                differences.note(("follow", &key, "subject"), subject, "an account");
            }
        })
        .await?;
    for (row, should) in rows.iter().zip(circle.recompute_hops()) {
        if row.hop != should {
            let (stored, should) = (shown(row.hop), shown(should));
            differences.note(("account", &Row::of(&row.did), "hop"), stored, should);
        }
    }

    verify_changes(store, &rows, after, differences).await
}

/// A column as it is told.
fn shown(value: Option<impl ToString>) -> String {
    value.map_or("NULL".to_owned(), |value| value.to_string())
}

/// Verifies that the changes of the circle led to where it is.
async fn verify_changes(
    store: &Store,
    rows: &[AccountRow],
    after: u64,
    differences: &mut Differences,
) -> Result<Seen> {
    let mut numbers: Vec<u32> = rows
        .iter()
        .filter_map(|row| Some(row.ledger_id?.0))
        .collect();
    numbers.sort_unstable();
    let (ended, boundaries) = boundaries(store, after).await?;
    let mut last: Vec<Option<u8>> = vec![None; rows.len()];
    let mut since: Vec<Option<Micros>> = vec![None; rows.len()];
    let mut timeline = Timeline::new(rows.iter().map(|row| row.ledger_id), boundaries);
    store
        .each_change(|account, from, to, micros| {
            let key = Row::known("account", account);
            let Some(hop) = last.get_mut(account as usize) else {
                differences.note(("circle_change", &key, "account"), account, "none");
                return;
            };
            if *hop != from {
                let (stored, should) = (shown(from), shown(*hop));
                differences.note(("circle_change", &key, "from_hop"), stored, should);
            }
            *hop = to;
            let entered = &mut since[account as usize];
            *entered = match from {
                None => Some(micros),
                Some(_) => entered.filter(|_| to.is_some()),
            };
            timeline.change(account, to, micros);
        })
        .await?;
    for (row, last) in rows.iter().zip(&last) {
        if row.hop != *last {
            let (stored, should) = (shown(*last), shown(row.hop));
            let key = Row::known("account", row.id);
            differences.note(("circle_change", &key, "to_hop"), stored, should);
        }
    }
    for (row, since) in rows.iter().zip(since) {
        // Who was there before the first event is since that one.
        if row.since_micros != since && since != Some(0) {
            let (stored, should) = (shown(row.since_micros), shown(since));
            differences.note(
                ("account", &Row::of(&row.did), "since_micros"),
                stored,
                should,
            );
        }
    }
    Ok(Seen {
        hops: ended.into_iter().zip(timeline.end()).collect(),
        numbers,
    })
}

/// The epochs that ended after a position, and when.
async fn boundaries(store: &Store, after: u64) -> Result<(Vec<i64>, Vec<Micros>)> {
    let mut boundaries = (Vec::new(), Vec::new());
    store
        .each_journal(JournalPart::Ticks, |row| {
            if row.position > after {
                boundaries.0.push(row.epoch - 1);
                boundaries.1.push(row.micros);
            }
            Ok(())
        })
        .await?;
    Ok(boundaries)
}
