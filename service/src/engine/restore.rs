//! Starting again: the engine as the store has it, then (`reconfigure`) brought to what the config
//! says.

mod ledger;

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use hashbrown::{HashMap, HashSet};
use kith_graph::{AccountId, Changes, Circle};
use kith_reputation::{AccountId as LedgerId, Ledger, Operation, Verdict};
use kith_store::{
    HistoryPart, JournalPart, Store,
    batch::{AccountRow, Clock, Micros, State, TrackedRow},
};

use self::ledger::Ticks;
use super::{
    Engine, Images, Note, Pending, Repeats, Retention, Source,
    clock::EpochClock,
    day_one::DayOne,
    gaps::Gaps,
    halves::Halves,
    history::History,
    hops::Hops,
    pending::Counters,
    repair::Repairs,
    settings::Settings,
    statuses::{Statuses, inactive_status},
    tid,
};
use crate::exit::InputError;

impl Engine {
    /// The engine of a database, made new if it is empty.
    pub(crate) async fn open(store: &Store, settings: Settings) -> Result<Engine> {
        let mut state = if let Some(state) = store.load_state().await? {
            state
        } else {
            let state = first_state(&settings)?;
            store.create(&state).await?;
            state
        };
        if settings.seed.is_some_and(|seed| seed != state.seed) {
            return Err(InputError(
                "ledger.seed is not the seed of this database\n  help: remove the key (the \
                 database keeps its own seed), or use another database"
                    .to_owned(),
            )
            .into());
        }
        if state.position > 0 && state.clock.started.is_none() {
            bail!(
                "table state: epoch, epoch_base, epoch_base_micros or clock_micros is lost\n  help: restore \
                 a backup"
            );
        }
        state.writer = random()?.cast_signed();
        let mut engine = Engine::empty(state, settings.clone())?;
        let stored_hops = engine.restore_circle(store).await?;
        let ticks = engine.restore_ledger(store).await?;
        engine.restore_parameters(store).await?;
        let (known, taken) = (engine.ledger_accounts.len(), engine.ledger.accounts());
        if known < taken as usize {
            bail!(
                "table account is not whole: it has {known} of {taken} accounts of the ledger\n  help: \
                 restore a backup; what a `kith recompute` that was killed has left is of no use"
            );
        }
        engine.restore_history(store, &ticks, &stored_hops).await?;
        engine.restore_retention(store).await?;
        engine.restore_rest(store).await?;
        engine.restore_day_one(store).await?;
        let backfills = store.load_backfill().await?;
        engine.restore_backfills(&backfills);
        engine.agree_on_hops(&stored_hops);
        engine.drop_follows_of_deleted();
        engine.reread_capped();
        engine.reconfigure(settings);
        engine.agree_on_backfill(&backfills);
        engine.restore_likes(store).await?;
        Ok(engine)
    }

    pub(super) fn empty(state: State, settings: Settings) -> Result<Engine> {
        let clock = EpochClock::new(state.clock, settings.parameters.epoch_micros);
        let mut ledger = Ledger::new(state.seed, settings.rules)?;
        ledger.note_epochs();
        let mut gaps = Gaps::default();
        gaps.remember(settings.max_likes_per_epoch);
        Ok(Engine {
            circle: Circle::new(settings.depth)?,
            changes: Changes::new(),
            notes: Vec::new(),
            handles: HashMap::new(),
            data: HashMap::new(),
            opted_out: HashSet::new(),
            forgotten: HashSet::new(),
            statuses: Statuses::default(),
            requests_taken: HashSet::new(),
            tracked: Vec::new(),
            ledger,
            parameters: None,
            ledger_accounts: vec![None],
            clock,
            repeats: Repeats::default(),
            sources: Vec::new(),
            counters: Counters::default(),
            images: Images::default(),
            flows: HashMap::new(),
            history: History::new(state.history_epoch),
            retention: Retention::new(settings.keep_checkpoints, settings.retain_epochs),
            repairs: Repairs::default(),
            gaps,
            halves: Halves::default(),
            day_one: DayOne::default(),
            named: HashMap::new(),
            watched: Arc::default(),
            pending: Pending::default(),
            state,
            last_change: 0,
            settings,
        })
    }

    fn restore_account(&mut self, row: AccountRow) -> Result<()> {
        let id = self.circle.intern(&row.did);
        if id.0 != row.id {
            bail!(
                "table account: {} has number {}, expected {}",
                row.did,
                row.id,
                id.0
            );
        }
        if row.status != "active" {
            self.circle
                .set_status(id, inactive_status(Some(&row.status)));
        }
        self.notes.push(Note {
            rev: 0,
            likes_upto: 0,
            has_repo: false,
            since: row.since_micros,
            ledger_id: row.ledger_id,
            capped: row.capped,
        });
        if let Some(handle) = row.handle {
            self.handles.insert(id, handle.into());
        }
        if let Some(ledger_id) = row.ledger_id {
            let index = ledger_id.0 as usize;
            if self.ledger_accounts.len() <= index {
                self.ledger_accounts.resize(index + 1, None);
            }
            self.ledger_accounts[index] = Some(id);
        }
        Ok(())
    }

    /// Accounts by their numbers, who was tracked, skipped or forgotten, follow and block records. Returns
    /// the hops as they were stored.
    async fn restore_circle(&mut self, store: &Store) -> Result<Vec<Option<u8>>> {
        let mut hops = Vec::new();
        store
            .each_account(|row| {
                hops.push(row.hop);
                self.restore_account(row)
            })
            .await?;
        let (notes, data) = (&mut self.notes, &mut self.data);
        store
            .each_commit(|row| {
                if let Some(note) = notes.get_mut(row.account as usize) {
                    note.has_repo = true;
                    note.rev = tid::pack(&row.rev).unwrap_or_default();
                    let likes_upto = row.likes_upto.as_deref().and_then(tid::pack);
                    note.likes_upto = likes_upto.unwrap_or_default();
                    data.extend(row.data.map(|tree| (AccountId(row.account), tree)));
                }
            })
            .await?;
        self.restore_forgotten(&store.load_forgotten().await?)?;
        self.restore_tracked(store.load_tracked().await?)?;
        self.restore_skipped(store.load_skipped().await?, &hops)?;
        self.settings.named = Some(store.load_named().await?);
        let known = |id: u32| (id as usize) < self.notes.len();
        let (circle, changes) = (&mut self.circle, &mut self.changes);
        let mut broken = 0;
        store
            .each_follow(
                |follower, rkey, subject| match known(follower) && known(subject) {
                    true => {
                        circle.set_follow(AccountId(follower), rkey, AccountId(subject), changes);
                    }
                    false => broken += 1,
                },
            )
            .await?;
        store
            .each_block(
                |blocker, rkey, subject| match known(blocker) && known(subject) {
                    true => {
                        circle.set_block(AccountId(blocker), rkey, AccountId(subject));
                    }
                    false => broken += 1,
                },
            )
            .await?;
        if broken > 0 {
            bail!("tables follow and block: {broken} records name accounts that are not there");
        }
        self.changes.clear();
        Ok(hops)
    }

    fn restore_forgotten(&mut self, forgotten: &[u32]) -> Result<()> {
        for account in forgotten {
            if *account as usize >= self.notes.len() {
                bail!("table forgotten: account {account} is not there");
            }
            let id = AccountId(*account);
            self.circle.set_skip(id, true, &mut self.changes);
            self.forgotten.insert(id);
        }
        Ok(())
    }

    fn restore_tracked(&mut self, tracked: Vec<TrackedRow>) -> Result<()> {
        if let Some(row) = tracked
            .iter()
            .find(|row| row.account as usize >= self.notes.len())
        {
            bail!("table tracked: account {} is not there", row.account);
        }
        for row in &tracked {
            self.circle.track(AccountId(row.account), &mut self.changes);
        }
        self.tracked = tracked;
        Ok(())
    }

    /// Skipped is who was so far; [`Engine::reconfigure`] makes it who the config says. Who is outside is
    /// from now on: an earlier Kith did not note who it skipped.
    fn restore_skipped(&mut self, mut skipped: Vec<u32>, hops: &[Option<u8>]) -> Result<()> {
        let wanted = self.skipped();
        let is_outside = |id: &u32| hops.get(*id as usize).is_some_and(Option::is_none);
        let is_known = |id: &u32| skipped.binary_search(id).is_ok();
        let outside: Vec<_> = (wanted.into_iter())
            .filter(|id| is_outside(id) && !is_known(id))
            .collect();
        self.pending.skipped |= !outside.is_empty();
        skipped.extend(outside);
        self.settings.skip.clear();
        for account in skipped {
            if account as usize >= self.notes.len() {
                bail!("table skipped: account {account} is not there");
            }
            let id = AccountId(account);
            self.circle.set_skip(id, true, &mut self.changes);
            self.settings
                .skip
                .push(self.circle.did(id).as_str().to_owned());
        }
        Ok(())
    }

    /// What of the history is still to be written. `ticks` are those of the journal that was
    /// replayed, `hops` those of the accounts now.
    async fn restore_history(
        &mut self,
        store: &Store,
        ticks: &Ticks,
        hops: &[Option<u8>],
    ) -> Result<()> {
        let history = &mut self.history;
        history.restore_stored(store.last_history_epoch().await?);
        store
            .each_history(HistoryPart::Open, |row| {
                history.restore_open(row.activity.holder, row.activity.epoch);
            })
            .await?;
        store
            .each_history(HistoryPart::Unranked, |row| {
                if let Some(closed) = row.closed {
                    history.restore_unranked(&closed);
                }
            })
            .await?;
        let Some((_, first)) = ticks.first() else {
            return Ok(());
        };
        // From now back to the first tick: changes of the circle are undone.
        let mut hops = hops.to_vec();
        let accounts = &self.ledger_accounts;
        let hops_then = |hops: &[Option<u8>]| {
            let hop = |id: &Option<AccountId>| hops.get(id.as_ref()?.index()).copied().flatten();
            Hops::now(accounts.iter().map(hop))
        };
        let mut later = ticks.as_slice();
        store
            .each_change_since(*first, |account, from, micros| {
                while let Some(((epoch, boundary), earlier)) = later.split_last()
                    && micros < *boundary
                {
                    history.end_epoch(*epoch, hops_then(&hops));
                    later = earlier;
                }
                if let Some(hop) = hops.get_mut(account as usize) {
                    *hop = from;
                }
            })
            .await?;
        let earliest = hops_then(&hops);
        for (epoch, _) in later {
            history.end_epoch(*epoch, earliest.clone());
        }
        self.images.begin_sweep();
        Ok(())
    }

    async fn restore_retention(&mut self, store: &Store) -> Result<()> {
        let retention = &mut self.retention;
        let kept = store.load_kept().await?;
        let ordinals = store.kept_ordinals().await?;
        retention.restore(
            &kept,
            &ordinals,
            self.state.ticks,
            self.state.dropped_position,
        );
        store
            .each_journal(JournalPart::Ticks, |row| {
                retention.note_tick(row.epoch, row.position);
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Counts, sources and gaps.
    async fn restore_rest(&mut self, store: &Store) -> Result<()> {
        for (name, value) in store.load_counters().await? {
            self.counters.restore(name, value);
        }
        for mut row in store.load_sources().await? {
            let changed = std::mem::take(&mut row.connected);
            self.sources.push(Source {
                changed,
                gap: None,
                is_future_told: false,
                told_upto: None,
                was_connected: changed || row.cursor.is_some() || row.event_micros.is_some(),
                row,
            });
        }
        self.restore_statuses(store).await?;
        let (last_change, last_gap) = store.last_ids().await?;
        self.last_change = last_change;
        self.gaps.restore(store.load_open_gaps().await?, last_gap);
        Ok(())
    }

    /// The likes of the current epoch, and those that a gap or a stream may bring again.
    async fn restore_likes(&mut self, store: &Store) -> Result<()> {
        let Some(epoch) = self.clock.epoch() else {
            return Ok(());
        };
        let mut ticks = Vec::new();
        store
            .each_journal(JournalPart::Ticks, |row| {
                ticks.push((row.micros, row.epoch));
                Ok(())
            })
            .await?;
        // Epochs may have had other lengths. What came before the first tick that is kept has any.
        let earliest = |times: [Option<Micros>; 3]| times.into_iter().flatten().min();
        let epoch_of = |time: Option<Micros>| {
            let Some(time) = time else { return epoch };
            let later = ticks.partition_point(|(micros, _)| *micros <= time);
            let tick = later.checked_sub(1).map(|last| ticks[last].1);
            tick.unwrap_or(i64::MIN).min(epoch)
        };
        let oldest = self.gaps.oldest();
        let first = epoch_of(earliest([oldest, self.oldest_wanted(true), None]));
        let since = earliest([oldest, self.oldest_wanted(false), self.first_tellable()]);
        // By when it came, and by its key: a client's clock may be fast.
        let since_key = tid::unpack(tid::at(since.or(self.clock.now()).unwrap_or_default()));
        let since = epoch_of(since);
        store
            .each_journal(JournalPart::TransfersSince(first), |row| {
                if let (Operation::Transfer(transfer), Some(record)) = (&row.operation, &row.record)
                {
                    let account =
                        |id: LedgerId| self.ledger_accounts.get(id.0 as usize).copied().flatten();
                    let parties = (account(transfer.sender), account(transfer.receiver));
                    if let (Some(liker), Some(author)) = parties {
                        if row.epoch == epoch {
                            let accepted = row.verdict == Verdict::Accepted;
                            self.restore_like(accepted, liker, author, record);
                        }
                        let key = (record.kind, record.rkey.as_str());
                        self.gaps.restore_like(liker, key, record.rev.is_empty());
                    }
                }
                Ok(())
            })
            .await?;
        let first_key = tid::unpack(self.first_missable());
        let (gaps, notes) = (&mut self.gaps, &self.notes);
        let now_key = tid::unpack(tid::at(self.clock.now().unwrap_or_default()));
        let mut again = |sender: LedgerId, kind, rkey: &str, has_commit: bool| {
            if let Some(Some(liker)) = self.ledger_accounts.get(sender.0 as usize) {
                let is_ahead = has_commit || *rkey > *now_key;
                gaps.restore_like_after(*liker, (kind, rkey), notes[liker.index()].rev, is_ahead);
            }
        };
        store.each_like_ahead(&first_key, &mut again).await?;
        store.each_dropped_like(since, &since_key, again).await?;
        Ok(())
    }
}

fn random() -> Result<u64> {
    getrandom::u64().context("the system gave no random number")
}

/// The state of an empty database.
pub(super) fn first_state(settings: &Settings) -> Result<State> {
    let seed = match settings.seed {
        Some(seed) => seed,
        None => random()?,
    };
    Ok(State {
        batch: 0,
        position: 0,
        ticks: 0,
        seed,
        clock: Clock {
            epoch_micros: settings.parameters.epoch_micros,
            started: None,
        },
        depth: settings.depth,
        ..State::default()
    })
}
