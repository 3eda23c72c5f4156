//! The ledger: images, and the journal after them.

use anyhow::{Context, Result, bail};
use hashbrown::HashSet;
use kith_reputation::{AccountId as LedgerId, Ledger, Operation, Recorded, Rules, Verdict};
use kith_store::{
    JournalPart, Pieces, Store,
    batch::{ImageRow, JournalRow, Micros},
};

use super::super::{Engine, IMAGES, Images};

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
    /// The ledger: images, then the journal after the checkpoint. Returns the ticks of that
    /// journal.
    pub(super) async fn restore_ledger(&mut self, store: &Store) -> Result<Ticks> {
        let counters = store.load_counters().await?;
        let expected = counters
            .iter()
            .find(|(name, _)| name == IMAGES)
            .map_or(0, |(_, n)| *n);
        let heads = store.image_heads().await?;
        let found = heads.positions().len();
        let mut is_whole = found as u64 >= expected;
        let mut from = self.state.checkpoint_position;
        let mut counted_until = u32::MAX;
        let beyond = (heads.positions()).find(|(_, position)| *position > self.state.position);
        if let Some((id, position)) = beyond {
            bail!(
                "table ledger_account: the image of {} is of position {}, where the journal has none\n  help: \
                 delete the rows of tables ledger_account, assignment and unclaimed; they are made again",
                id.0,
                position.cast_signed()
            );
        }
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
            // What later ticks did to accounts was counted when they were settled; the images that came
            // of it are lost, so it is done, and counted, again.
            counted_until = kept;
            let found = store.kept_positions(kept).await?;
            checkpoint = Checkpoint::of(found.into_iter(), from, self.ledger_accounts.len())?;
            self.resume_ledger(store, &checkpoint).await?;
            self.ledger.count_replay(kept + 1);
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
        let totals = store.load_totals().await?;
        for row in totals.iter().filter(|row| row.ordinal <= counted_until) {
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

    /// The parameters that the journal has last.
    pub(super) async fn restore_parameters(&mut self, store: &Store) -> Result<()> {
        let all = JournalPart::RulesUntil(self.state.position);
        let told = &mut self.parameters;
        store
            .each_journal(all, |row| {
                *told = row.parameters.or(*told);
                Ok(())
            })
            .await?;
        Ok(())
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
        self.images.note_image(id, &image);
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
}

/// The ticks of a part of the journal: the epoch that ended, and when.
pub(super) type Ticks = Vec<(i64, Micros)>;

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
