//! `kith verify`: the journal is replayed through a fresh ledger, and every table that follows
//! from it is held against what comes out.
//!
//! It reads one snapshot, so a service may write meanwhile. What it keeps in memory is the ledger,
//! and sums of the rows of each account and epoch ([`rows`]): where a sum differs, those rows are
//! read once more, and the journal replayed a second time, to name them.
//!
//! | module | what is there |
//! | --- | --- |
//! | `asked` | answers to requests against the rows of the journal that they made |
//! | `circle` | hops against a search over the follow records, and the changes that led to them |
//! | `differences` | what differs, and whose rows these are |
//! | `past` | the journal, replayed |
//! | `rows` | rows of tables as sums that do not depend on their order |

mod asked;
mod circle;
mod differences;
mod past;
mod rows;

use anyhow::{Result, bail};
use kith_reputation::AccountId;
use kith_store::{
    HistoryPart, Store,
    batch::{KeptRow, State},
};
use serde::Serialize;

use crate::engine::{
    history::{History, RANKS_MAX},
    hops::Hops,
};
pub(crate) use differences::Difference;
use differences::{Differences, Row};
use past::Past;
use rows::{EpochRows, ImageSums};

/// What verifying found.
#[derive(Debug, Serialize)]
pub(crate) struct Verified {
    /// The journal position up to which it was verified.
    pub(crate) position: u64,
    /// No table differs.
    pub(crate) identical: bool,
    /// The first differences.
    pub(crate) differences: Vec<Difference>,
}

/// Verifies a snapshot.
pub(crate) async fn verify(store: &Store, from_kept: bool) -> Result<Verified> {
    let mut differences = Differences::default();
    let Some(state) = store.load_state().await? else {
        return Ok(Verified {
            position: 0,
            identical: true,
            differences: Vec::new(),
        });
    };
    let kept: Vec<KeptRow> = store.load_kept().await?;
    let base = base_of(&state, &kept, from_kept)?;
    let after = base.map_or(0, |row| row.position);
    tracing::info!(after, position = state.position, "replaying the journal");

    for nobody in store.rows_of_nobody().await? {
        let (number, column) = (nobody.number, nobody.column);
        let key = Row::default().and(column, number);
        let should = format!("a row of {}", nobody.missing_in);
        differences.note((nobody.table, &key, column), number, should);
    }
    let circle = circle::verify(store, &state, after, &mut differences).await?;
    let mut sums = ImageSums::read(store, &state, &mut differences).await?;
    for row in kept
        .iter()
        .filter(|row| row.complete && row.position >= after)
    {
        sums.read_kept(store, &state, row, &mut differences).await?;
        for id in sums.missing(Some(row.ordinal), row.accounts) {
            let key = Row::default().and("ordinal", row.ordinal);
            let key = key.account("holder", id);
            differences.note(("kept_image", &key, "*"), "no row", "a row");
        }
    }
    let scene = Scene {
        store,
        state: &state,
        base,
        kept: &kept,
        hops: &circle.hops,
    };
    let mut first = scene.replay(sums, Watch::default()).await?;
    first.tell(store, &mut differences).await?;
    if !first.is_broken() {
        let accounts = first.accounts();
        circle.tell_numbers(accounts, &mut differences);
        asked::verify(store, after, first.made(), &mut differences).await?;
        scene.tell_rows(&first, &mut differences).await?;
    }
    let differences = differences.named(store).await?;
    Ok(Verified {
        position: state.position,
        identical: differences.is_empty(),
        differences,
    })
}

/// Where replaying begins: at the beginning, or at a kept checkpoint.
fn base_of(state: &State, kept: &[KeptRow], from_kept: bool) -> Result<Option<KeptRow>> {
    let dropped = state.dropped_position;
    let mut usable = kept
        .iter()
        .filter(|row| row.complete && row.position >= dropped);
    let base = match (from_kept, dropped) {
        (true, _) => usable.next_back(),
        (false, 0) => return Ok(None),
        (false, _) => usable.next(),
    };
    match base {
        Some(row) => Ok(Some(*row)),
        None if dropped == 0 => bail!(
            "there is no kept checkpoint that is whole\n  help: leave out --kept to begin with \
             the journal's first row; [store] keep_checkpoints says how many are kept"
        ),
        None => bail!(
            "the journal up to position {dropped} was dropped, and no kept checkpoint covers it"
        ),
    }
}

/// Epochs whose rows are kept one by one, to be named.
#[derive(Debug, Clone, Copy, Default)]
struct Watch {
    flow: Option<i64>,
    activity: Option<i64>,
    closed: Option<i64>,
}

/// What is verified, from where.
struct Scene<'a> {
    store: &'a Store,
    state: &'a State,
    base: Option<KeptRow>,
    kept: &'a [KeptRow],
    hops: &'a [(i64, Hops)],
}

impl Scene<'_> {
    async fn replay(&self, sums: ImageSums, watch: Watch) -> Result<Past> {
        let mut history = History::new(self.state.history_epoch);
        for (epoch, hops) in self.hops {
            history.end_epoch(*epoch, hops.clone());
        }
        let mut past = Past::new(
            self.store, self.state, self.base, history, sums, watch, self.kept,
        )
        .await?;
        past.replay(self.store).await?;
        Ok(past)
    }

    /// Flows and history: sums of each epoch, then the rows of the first epoch that differs.
    async fn tell_rows(&self, past: &Past, differences: &mut Differences) -> Result<()> {
        let first_epoch = self.base.map(|row| row.epoch);
        let mut stored = Stored::new(Watch::default());
        stored.read(self.store, first_epoch, None).await?;
        let history_from = first_epoch.max(self.state.history_epoch);
        let watch = Watch {
            flow: stored.flows.first_difference(&past.flows, first_epoch),
            activity: stored
                .activity
                .first_difference(&past.activity, history_from),
            closed: stored.closed.first_difference(&past.closed, history_from),
        };
        self.tell_ranks(history_from, past, differences).await?;
        self.tell_leftovers(differences).await?;
        let epochs = [watch.flow, watch.activity, watch.closed];
        if epochs.iter().all(Option::is_none) {
            return Ok(());
        }
        tracing::info!("rows differ: replaying once more to name them");
        let again = self.replay(ImageSums::default(), watch).await?;
        let mut stored = Stored::new(watch);
        for epoch in epochs.into_iter().flatten() {
            stored.read(self.store, first_epoch, Some(epoch)).await?;
        }
        stored.flows.tell("flow", &again.flows, differences);
        stored
            .activity
            .tell("history", &again.activity, differences);
        stored.closed.tell("history", &again.closed, differences);
        Ok(())
    }

    /// Ranks follow from the tracked points of the members. They are written once everybody is
    /// settled beyond the last tick, a batch at a time and ascending by account.
    async fn tell_ranks(
        &self,
        from: Option<i64>,
        past: &Past,
        differences: &mut Differences,
    ) -> Result<()> {
        let (current, settled_to) = (past.epoch(), past.settled_to());
        let is_settled = settled_to >= i64::from(self.state.ticks);
        let mut written = 0;
        let mut awaited = Vec::new();
        for (epoch, _) in self.hops {
            if *epoch >= current || from.is_some_and(|from| *epoch < from) {
                continue;
            }
            let mut ranking = History::default();
            let mut stored = Vec::new();
            self.store
                .each_history(HistoryPart::Epoch(*epoch), |row| {
                    let Some(closed) = row.closed else { return };
                    if closed.hop.is_some() && closed.tracked > 0 {
                        ranking.restore_unranked(&closed);
                    }
                    stored.push((closed.holder, row.rank));
                })
                .await?;
            ranking.rank(current);
            let ranks = ranking.all_ranks();
            stored.sort_unstable();
            for (holder, rank) in stored {
                let should = ranks.get(&holder).copied();
                if let Some(rank) = rank {
                    written += 1;
                    tell_unranked(&mut awaited, differences);
                    let key = Row::holder(holder).and("epoch", epoch);
                    let should = should.map_or("NULL".into(), |should| should.to_string());
                    let key = ("history", &key, "rank");
                    differences.unless_equal(key, &rank.to_string(), &should);
                } else if let (Some(should), true) = (should, is_settled) {
                    awaited.push((holder, *epoch, should));
                }
            }
        }
        if written < RANKS_MAX {
            tell_unranked(&mut awaited, differences);
        }
        Ok(())
    }

    /// Rows of which nothing says anything: of what was dropped, of before there was a history, or of
    /// nobody.
    async fn tell_leftovers(&self, differences: &mut Differences) -> Result<()> {
        let dropped = self.state.dropped_position;
        if let Some(position) = self.store.first_position().await?
            && position <= dropped
        {
            let key = ("journal", &Row::of(position), "*");
            differences.note(key, "a row", "dropped, by state.dropped_position");
        }
        let first = self.state.history_epoch.unwrap_or(i64::MIN);
        self.store
            .each_history(HistoryPart::Unexplained(first), |row| {
                let key = Row::holder(row.activity.holder).and("epoch", row.activity.epoch);
                match row.rank {
                    Some(rank) => differences.note(("history", &key, "rank"), rank, "NULL"),
                    None => differences.note(("history", &key, "*"), "a row", "no row"),
                }
            })
            .await?;
        let ticks = self.state.ticks;
        for row in self.kept.iter().filter(|row| row.ordinal > ticks) {
            let key = Row::default().and("ordinal", row.ordinal);
            let key = ("kept_checkpoint", &key, "ordinal");
            differences.note(key, row.ordinal, "a tick that has come");
        }
        Ok(())
    }
}

/// These have no rank, though later ones do.
fn tell_unranked(awaited: &mut Vec<(AccountId, i64, u64)>, differences: &mut Differences) {
    for (holder, epoch, should) in awaited.drain(..) {
        let key = Row::holder(holder).and("epoch", epoch);
        differences.note(("history", &key, "rank"), "NULL", should);
    }
}

/// The rows of the database, as [`Past`] has those that follow.
struct Stored {
    flows: EpochRows<(AccountId, AccountId, AccountId), u64>,
    activity: EpochRows<AccountId, (u64, u64)>,
    closed: EpochRows<AccountId, past::Ended>,
}

impl Stored {
    fn new(watch: Watch) -> Stored {
        Stored {
            flows: EpochRows::new(watch.flow),
            activity: EpochRows::new(watch.activity),
            closed: EpochRows::new(watch.closed),
        }
    }

    async fn read(&mut self, store: &Store, from: Option<i64>, only: Option<i64>) -> Result<()> {
        let is_before = |epoch| from.is_some_and(|from| epoch < from);
        store
            .each_flow(only, |row| {
                if !is_before(row.epoch) {
                    let key = (row.origin, row.receiver, row.sender);
                    self.flows.add(row.epoch, key, row.points);
                }
            })
            .await?;
        let part = only.map_or(HistoryPart::All, HistoryPart::Epoch);
        store
            .each_history(part, |row| {
                let activity = row.activity;
                if is_before(activity.epoch) {
                    return;
                }
                if activity.received + activity.given > 0 {
                    let sums = (activity.received, activity.given);
                    self.activity.add(activity.epoch, activity.holder, sums);
                }
                if let Some(closed) = row.closed {
                    let ended = past::Ended::of(&closed);
                    self.closed.add(closed.epoch, closed.holder, ended);
                }
            })
            .await?;
        Ok(())
    }
}
