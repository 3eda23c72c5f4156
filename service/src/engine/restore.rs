//! Starting again: the engine as the store has it, then (`reconfigure`) brought to what the config
//! says.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use hashbrown::{HashMap, HashSet};
use kith_graph::{AccountId, Changes, Circle};
use kith_reputation::{AccountId as LedgerId, Ledger, Operation, Recorded, Rules, Verdict};
use kith_store::{
    HistoryPart, JournalPart, Pieces, Store,
    batch::{AccountRow, Clock, ImageRow, JournalRow, Micros, State, TrackedRow},
};

use super::{
    Engine, IMAGES, Images, Note, Pending, Repeats, Retention, Source, clock::EpochClock,
    day_one::DayOne, events::inactive_status, gaps::Gaps, history::History, hops::Hops,
    pending::Counters, repair::Repairs, settings::Settings, tid,
};

/// Where the accounts of the ledger are true that are taken from a checkpoint.
struct Checkpoint {
    /// By ledger id.
    positions: Vec<u64>,
    /// The least of them.
    oldest: u64,
}

impl Checkpoint {
    /// The checkpoint with these images, all of whose older ones are true at `whole_at`, too.
    fn of(
        found: impl Iterator<Item = (LedgerId, u64)>,
        whole_at: u64,
        accounts: usize,
    ) -> Result<Checkpoint> {
        // An account without an image got its number after the checkpoint.
        let mut positions = vec![whole_at; accounts];
        for (id, position) in found {
            match positions.get_mut(id.0 as usize) {
                Some(known) => *known = whole_at.max(position),
                None => bail!("table ledger_account: {} is no account of the ledger", id.0),
            }
        }
        let oldest = positions.iter().copied().min().unwrap_or(0);
        Ok(Checkpoint { positions, oldest })
    }
}

impl Engine {
    /// The engine of a database, made new if it is empty.
    pub(crate) async fn open(store: &Store, settings: Settings) -> Result<Engine> {
        let state = if let Some(state) = store.load_state().await? {
            state
        } else {
            let state = first_state(&settings)?;
            store.create(&state).await?;
            state
        };
        if settings.seed.is_some_and(|seed| seed != state.seed) {
            bail!(
                "ledger.seed is not the seed of this database\n  help: remove the key (the \
                 database keeps its own seed), or use another database"
            );
        }
        let mut engine = Engine::empty(state, settings.clone())?;
        let stored_hops = engine.restore_circle(store).await?;
        let ticks = engine.restore_ledger(store).await?;
        engine.restore_history(store, &ticks, &stored_hops).await?;
        engine.restore_retention(store).await?;
        engine.restore_rest(store).await?;
        engine.restore_day_one(store).await?;
        for row in store.load_backfill().await? {
            engine.restore_backfill(row);
        }
        engine.agree_on_hops(&stored_hops);
        engine.reread_capped();
        engine.go_on_with_stream_gap();
        engine.restore_likes(store).await?;
        engine.reconfigure(settings);
        Ok(engine)
    }

    pub(super) fn empty(state: State, settings: Settings) -> Result<Engine> {
        let clock = EpochClock::new(state.clock, settings.parameters.epoch_micros);
        let mut ledger = Ledger::new(state.seed, settings.rules)?;
        ledger.note_epochs();
        Ok(Engine {
            circle: Circle::new(settings.depth)?,
            changes: Changes::new(),
            notes: Vec::new(),
            handles: HashMap::new(),
            data: HashMap::new(),
            opted_out: HashSet::new(),
            forgotten: HashSet::new(),
            requests_taken: HashSet::new(),
            tracked: Vec::new(),
            ledger,
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
            gaps: Gaps::default(),
            day_one: DayOne::default(),
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

    /// Accounts by their numbers, who was tracked or forgotten, follow and block records; skipped is
    /// already who the config says. Returns the hops as they were stored.
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
                    note.rev = tid::pack(&row.rev).unwrap_or_default();
                    data.extend(row.data.map(|tree| (AccountId(row.account), tree)));
                }
            })
            .await?;
        self.restore_forgotten(&store.load_forgotten().await?)?;
        self.restore_tracked(store.load_tracked().await?)?;
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
        for did in self.settings.skip.clone() {
            let id = self.intern(&did);
            self.circle.set_skip(id, true, &mut self.changes);
        }
        Ok(())
    }

    /// The ledger: images, then the journal after the checkpoint. Returns the ticks of that
    /// journal.
    async fn restore_ledger(&mut self, store: &Store) -> Result<Ticks> {
        let counters = store.load_counters().await?;
        let expected = counters
            .iter()
            .find(|(name, _)| name == IMAGES)
            .map_or(0, |(_, n)| *n);
        let heads = store.image_heads().await?;
        let found = heads.positions().len();
        let mut is_whole = found as u64 >= expected;
        let mut from = self.state.checkpoint_position;
        let mut checkpoint = Checkpoint::of(heads.positions(), from, self.ledger_accounts.len())?;
        if is_whole {
            self.resume_ledger(store, &checkpoint).await?;
            let mut restored = 0;
            store
                .each_image(&heads, |image| {
                    restored += 1;
                    self.restore_image(image)
                })
                .await?;
            is_whole = restored == found;
        }
        if !is_whole {
            tracing::warn!(expected, found, "images are lost: the journal is replayed");
            self.images = Images::default();
            if self.state.dropped_position == 0 {
                return self.rebuild_ledger(store).await;
            }
            let kept;
            (kept, from) = self.kept_checkpoint(store).await?;
            let found = store.kept_positions(kept).await?;
            checkpoint = Checkpoint::of(found.into_iter(), from, self.ledger_accounts.len())?;
            self.resume_ledger(store, &checkpoint).await?;
            store
                .each_kept_image(kept, |image| self.restore_image(image))
                .await?;
        }
        let Checkpoint { positions, oldest } = checkpoint;
        let from = oldest.min(self.state.flow_position);
        let mut pins: HashSet<LedgerId> = self.rules_at(store, from).await?.1.into_iter().collect();
        let mut tail = 0u64;
        let mut ticks = Ticks::new();
        let mut failure = None;
        let flow_position = self.state.flow_position;
        store
            .each_journal(JournalPart::After(from), |row| {
                if failure.is_none() {
                    tail += 1;
                    note_pins(&row.operation, row.verdict == Verdict::Accepted, &mut pins);
                    if row.position > flow_position {
                        self.restore_flow(&row, &pins);
                    }
                    if row.position > oldest {
                        note_tick(&row, &mut ticks);
                        failure = self.replay(&row, &positions).err();
                    }
                }
                Ok(())
            })
            .await?;
        if let Some(error) = failure {
            return Err(error).context(
                "the checkpoint and the journal do not agree\n  help: delete the rows of tables \
                 ledger_account, assignment and unclaimed; they are made again from the journal",
            );
        }
        if let Some(id) = self.ledger.missing() {
            bail!(
                "account {} of the ledger is neither in the checkpoint nor in the journal",
                id.0
            );
        }
        for row in store.load_totals().await? {
            self.ledger.restore_totals(row.ordinal, row.totals);
        }
        if !is_whole {
            self.images.lose(&self.ledger);
        }
        tracing::info!(
            accounts = self.ledger.accounts(),
            position = self.state.position,
            oldest,
            tail,
            "ledger restored"
        );
        Ok(ticks)
    }

    /// A ledger as it was where the oldest image is true, without accounts.
    async fn resume_ledger(&mut self, store: &Store, checkpoint: &Checkpoint) -> Result<()> {
        let oldest = checkpoint.oldest;
        let (rules, pinned) = self.rules_at(store, oldest).await?;
        let ticks = self.state.ticks - store.ticks_after(oldest).await?.min(self.state.ticks);
        let accounts = u32::try_from(checkpoint.positions.len())?;
        self.ledger = Ledger::resume(self.state.seed, rules, pinned, ticks, accounts)?;
        self.ledger.note_epochs();
        Ok(())
    }

    fn restore_image(&mut self, ImageRow { id, image, .. }: ImageRow) -> Result<()> {
        self.images.note_image(id, image.ordinal);
        Ok(self.ledger.restore_account(id, image)?)
    }

    /// Which kept checkpoint is the newest that will do, and where it is true.
    async fn kept_checkpoint(&self, store: &Store) -> Result<(u32, u64)> {
        let dropped = self.state.dropped_position;
        let kept = store.load_kept().await?;
        let Some(row) = kept
            .iter()
            .rfind(|row| row.complete && row.position >= dropped)
        else {
            bail!(
                "images are lost, the journal up to position {dropped} was dropped, and no kept \
                 checkpoint covers it\n  help: restore the database from a backup"
            );
        };
        Ok((row.ordinal, row.position))
    }

    /// The ledger from the journal alone, totals and all: the checkpoint is not whole.
    async fn rebuild_ledger(&mut self, store: &Store) -> Result<Ticks> {
        let rules = self.rules_at(store, 0).await?.0;
        self.ledger = Ledger::new(self.state.seed, rules)?;
        self.ledger.note_epochs();
        let flow_position = self.state.flow_position;
        let mut pins = HashSet::new();
        let mut ticks = Ticks::new();
        let mut differs = None;
        store
            .each_journal(JournalPart::After(0), |row| {
                note_pins(&row.operation, row.verdict == Verdict::Accepted, &mut pins);
                note_tick(&row, &mut ticks);
                if row.position > flow_position {
                    self.restore_flow(&row, &pins);
                }
                let outcome = self.ledger.apply(&row.operation);
                let same = outcome.verdict == row.verdict
                    && Pieces::encode(outcome.pieces) == row.pieces
                    && outcome.sink_points == row.sink_points;
                if !same && differs.is_none() {
                    differs = Some(row.position);
                }
                Ok(())
            })
            .await?;
        if let Some(position) = differs {
            bail!("journal position {position}: the ledger's rules give another outcome");
        }
        self.images.lose(&self.ledger);
        Ok(ticks)
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
        retention.restore(&kept, &ordinals, self.state.ticks);
        store
            .each_journal(JournalPart::Ticks, |row| {
                retention.note_tick(row.epoch, row.position);
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Rules and pins as they were after a position; the first rules before there were any.
    async fn rules_at(&self, store: &Store, position: u64) -> Result<(Rules, Vec<LedgerId>)> {
        let mut rules = None;
        let mut pins = HashSet::new();
        let until = position.max(1);
        store
            .each_journal(JournalPart::RulesUntil(until), |row| {
                let accepted = row.verdict == Verdict::Accepted;
                if let (Operation::Rules(new), true) = (&row.operation, accepted) {
                    rules = Some(*new);
                }
                if row.position <= position {
                    note_pins(&row.operation, accepted, &mut pins);
                }
                Ok(())
            })
            .await?;
        let mut pins: Vec<_> = pins.into_iter().collect();
        pins.sort_unstable();
        Ok((rules.unwrap_or(self.settings.rules), pins))
    }

    /// Brings those accounts forward that are older than this row.
    fn replay(&mut self, row: &JournalRow, positions: &[u64]) -> Result<()> {
        let decode = |pieces: &kith_store::Pieces| {
            pieces
                .decode()
                .with_context(|| format!("journal {}: pieces", row.position))
        };
        let (pieces, sink_pieces) = (decode(&row.pieces)?, decode(&row.sink_pieces)?);
        let recorded = Recorded {
            verdict: row.verdict,
            pieces: &pieces,
            sink_points: row.sink_points,
            sink_pieces: &sink_pieces,
        };
        let needs = |id: LedgerId| {
            positions
                .get(id.0 as usize)
                .is_none_or(|position| *position < row.position)
        };
        self.ledger
            .replay(&row.operation, &recorded, needs)
            .with_context(|| format!("journal position {}", row.position))?;
        match &row.operation {
            Operation::Transfer(transfer) => {
                self.images.mark(transfer.sender);
                self.images.mark(transfer.receiver);
                self.images.mark(LedgerId::SINK);
            }
            Operation::Claim { receiver, .. } => self.images.mark(*receiver),
            Operation::Pin { account } => self.images.mark(*account),
            Operation::Tick => self.images.mark_tick(&self.ledger),
            Operation::Forget { .. } | Operation::Rules(_) => self.images.mark_all(&self.ledger),
            Operation::Unpin { .. } => {}
        }
        Ok(())
    }

    /// Flows, and what was given and received, that were not yet written.
    fn restore_flow(&mut self, row: &JournalRow, pins: &HashSet<LedgerId>) {
        let (sender, receiver) = match &row.operation {
            Operation::Transfer(t) => (Some(t.sender), t.receiver),
            Operation::Claim { receiver, .. } => (row.claimed_from, *receiver),
            _ => return,
        };
        let (Some(sender), Some(pieces)) = (sender, row.pieces.decode()) else {
            return;
        };
        let is_held = matches!(&row.operation, Operation::Transfer(t) if t.held);
        self.history.moved(
            &row.operation,
            Some(sender),
            &pieces,
            row.sink_points,
            row.epoch,
        );
        for piece in pieces {
            if !is_held && pins.contains(&piece.origin) && piece.origin != receiver {
                let key = (piece.origin.0, receiver.0, sender.0, row.epoch);
                *self.flows.entry(key).or_default() += u64::from(piece.points);
            }
        }
    }

    /// Counts, sources and gaps.
    async fn restore_rest(&mut self, store: &Store) -> Result<()> {
        for (name, value) in store.load_counters().await? {
            self.counters.restore(name, value);
        }
        for mut row in store.load_sources().await? {
            let changed = std::mem::take(&mut row.connected);
            self.sources.push(Source {
                row,
                changed,
                gap: None,
            });
        }
        let (last_change, last_gap) = store.last_ids().await?;
        self.last_change = last_change;
        self.gaps.restore(store.load_open_gaps().await?, last_gap);
        Ok(())
    }

    /// The likes of the current epoch, and those that an open gap may bring again.
    async fn restore_likes(&mut self, store: &Store) -> Result<()> {
        let Some(epoch) = self.clock.epoch() else {
            return Ok(());
        };
        let oldest = [self.gaps.oldest(), self.day_one.overlap(self.clock.now())];
        let oldest = oldest.into_iter().flatten().min();
        let first = oldest.and_then(|time| self.clock.epoch_of(time));
        let first = first.map_or(epoch, |first| first.min(epoch));
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
        store
            .each_dropped_like(first, |sender, kind, rkey| {
                if let Some(Some(liker)) = self.ledger_accounts.get(sender.0 as usize) {
                    self.gaps.restore_like(*liker, (kind, rkey), true);
                }
            })
            .await?;
        Ok(())
    }
}

/// The ticks of a part of the journal: the epoch that ended, and when.
type Ticks = Vec<(i64, Micros)>;

fn note_tick(row: &JournalRow, ticks: &mut Ticks) {
    if row.operation == Operation::Tick {
        ticks.push((row.epoch - 1, row.micros));
    }
}

fn note_pins(operation: &Operation, accepted: bool, pins: &mut HashSet<LedgerId>) {
    match operation {
        Operation::Pin { account } if accepted => {
            pins.insert(*account);
        }
        Operation::Unpin { account } if accepted => {
            pins.remove(account);
        }
        _ => {}
    }
}

/// The state of an empty database.
pub(super) fn first_state(settings: &Settings) -> Result<State> {
    let seed = match settings.seed {
        Some(seed) => seed,
        None => getrandom::u64().context("the system gave no random seed")?,
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
