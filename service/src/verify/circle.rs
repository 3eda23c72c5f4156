//! Hops against a search over the follow records, and the changes that led to them.

use anyhow::{Result, bail};
use kith_graph::{AccountId, Changes, Circle};
use kith_store::{JournalPart, Store, batch::State};

use super::Differences;
use crate::engine::history::{self, Hops};

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
        let (table, column) = ("account", "ledger_id");
        for (should, number) in (1..accounts).zip(&self.numbers) {
            if *number != should {
                let key = format!("ledger_id {should}");
                differences.note(table, &key, column, number, &should);
                return;
            }
        }
        let (stored, should) = (self.numbers.len() + 1, accounts as usize);
        differences.unless_equal((table, &"all", column), &stored, &should);
    }
}

/// Verifies hops; `after` is where the journal will be replayed from.
pub(super) async fn verify(
    store: &Store,
    state: &State,
    skip: &[String],
    after: u64,
    differences: &mut Differences,
) -> Result<Seen> {
    let rows = store.load_accounts().await?;
    let mut circle = Circle::new(state.depth)?;
    for row in &rows {
        if circle.intern(&row.did).0 != row.id {
            let should = circle.lookup(&row.did).map_or(0, |id| id.0);
            differences.note("account", &row.did, "id", &row.id, &should);
            bail!("table account: {} has another's number", row.did);
        }
    }
    let mut changes = Changes::new();
    for entry in skip {
        let by_handle = || rows.iter().find(|row| row.handle.as_ref() == Some(entry));
        let did = match entry.starts_with("did:") {
            true => Some(entry.as_str()),
            false => by_handle().map(|row| row.did.as_str()),
        };
        if let Some(id) = did.and_then(|did| circle.lookup(did)) {
            circle.set_skip(id, true, &mut changes);
        }
    }
    for account in store.load_forgotten().await? {
        circle.set_skip(AccountId(account), true, &mut changes);
    }
    for row in store.load_tracked().await? {
        circle.track(AccountId(row.account), &mut changes);
    }
    let known = u32::try_from(rows.len())?;
    store
        .each_follow(|follower, rkey, subject| {
            if follower < known && subject < known {
                circle.set_follow(AccountId(follower), rkey, AccountId(subject), &mut changes);
                changes.clear();
            } else {
                let key = format!("{follower} {rkey}");
                differences.note("follow", &key, "subject", &subject, &"an account");
            }
        })
        .await?;
    let shown = |hop: Option<u8>| hop.map_or("NULL".to_owned(), |hop| hop.to_string());
    for (row, should) in rows.iter().zip(circle.recompute_hops()) {
        if row.hop != should {
            let (stored, should) = (shown(row.hop), shown(should));
            differences.note("account", &row.did, "hop", &stored, &should);
        }
    }

    let numbered = rows
        .iter()
        .filter_map(|row| Some((row.ledger_id?.0, row.id as usize)));
    let mut numbered: Vec<(u32, usize)> = numbered.collect();
    numbered.sort_unstable();
    let mut timeline = Timeline::read(store, after, rows.len(), &numbered).await?;
    store
        .each_change(|account, from, to, micros| {
            timeline.change(account, from, to, micros, differences);
        })
        .await?;
    timeline.end();
    for (row, last) in rows.iter().zip(&timeline.hops) {
        if row.hop != *last {
            let (stored, should) = (shown(*last), shown(row.hop));
            differences.note("circle_change", &row.did, "to_hop", &stored, &should);
        }
    }
    Ok(Seen {
        hops: timeline.ends,
        numbers: numbered.into_iter().map(|(number, _)| number).collect(),
    })
}

/// Hops as they changed, and as they were when epochs ended.
struct Timeline<'a> {
    hops: Vec<Option<u8>>,
    numbered: &'a [(u32, usize)],
    /// Epochs that ended, and when, the last one first.
    boundaries: Vec<(i64, i64)>,
    ends: Vec<(i64, Hops)>,
    has_changed: bool,
}

impl Timeline<'_> {
    async fn read<'a>(
        store: &Store,
        after: u64,
        accounts: usize,
        numbered: &'a [(u32, usize)],
    ) -> Result<Timeline<'a>> {
        let mut boundaries = Vec::new();
        store
            .each_journal(JournalPart::Ticks, |row| {
                if row.position > after {
                    boundaries.push((row.epoch - 1, row.micros));
                }
                Ok(())
            })
            .await?;
        boundaries.reverse();
        Ok(Timeline {
            hops: vec![None; accounts],
            numbered,
            boundaries,
            ends: Vec::new(),
            has_changed: true,
        })
    }

    fn change(
        &mut self,
        account: u32,
        from: Option<u8>,
        to: Option<u8>,
        micros: i64,
        differences: &mut Differences,
    ) {
        while self.boundaries.last().is_some_and(|(_, at)| *at <= micros) {
            self.pass();
        }
        let shown = |hop: Option<u8>| hop.map_or("NULL".to_owned(), |hop| hop.to_string());
        match self.hops.get_mut(account as usize) {
            Some(hop) => {
                if *hop != from {
                    let (stored, should) = (shown(from), shown(*hop));
                    let key = format!("account {account}");
                    differences.note("circle_change", &key, "from_hop", &stored, &should);
                }
                *hop = to;
                self.has_changed = true;
            }
            None => differences.note("circle_change", &account, "account", &account, &"none"),
        }
    }

    /// The next boundary is passed.
    fn pass(&mut self) {
        let Some((epoch, _)) = self.boundaries.pop() else {
            return;
        };
        let hops = match self.ends.last() {
            Some((_, hops)) if !self.has_changed => Hops::clone(hops),
            _ => self.snapshot(),
        };
        self.has_changed = false;
        self.ends.push((epoch, hops));
    }

    fn snapshot(&self) -> Hops {
        let accounts = self.numbered.last().map_or(1, |(number, _)| number + 1);
        let mut hops = vec![None; accounts as usize];
        for (number, account) in self.numbered {
            hops[*number as usize] = self.hops[*account];
        }
        history::hops(hops.into_iter())
    }

    fn end(&mut self) {
        while !self.boundaries.is_empty() {
            self.pass();
        }
    }
}
