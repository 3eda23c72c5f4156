//! The journal, replayed: what the tables should say.

mod tell;

use std::{collections::BTreeMap, fmt::Display};

use anyhow::{Context, Result};
use hashbrown::HashMap;
use kith_reputation::{
    AccountId, Ledger, Operation, Piece, Recorded, Rules, Verdict as LedgerVerdict,
};
use kith_store::{
    ImagePart, JournalPart, Pieces, Store,
    batch::{ClosedRow, JournalRow, KeptRow, State},
};

use super::{
    Differences, Row, Watch,
    rows::{Columns, EpochRows, ImageSums, Place, parts, shown_pieces},
};
use crate::engine::history::History;

/// Images that differ and are shown row by row.
const IMAGES_MAX: usize = 20;

/// How an account stood at the end of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Ended {
    hop: Option<u8>,
    own: u32,
    tally: u64,
    tracked: u64,
}

impl Ended {
    pub(super) fn of(row: &ClosedRow) -> Ended {
        Ended {
            hop: row.hop,
            own: row.own,
            tally: row.tally,
            tracked: row.tracked,
        }
    }
}

impl Columns for Ended {
    fn columns(&self) -> Vec<(&'static str, String)> {
        let hop = self.hop.map_or("NULL".to_owned(), |hop| hop.to_string());
        vec![
            ("hop", hop),
            ("own", self.own.to_string()),
            ("tally", self.tally.to_string()),
            ("tracked", self.tracked.to_string()),
        ]
    }
}

/// A claim, or an account that was emptied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    /// Whose.
    pub(super) account: AccountId,
    /// It was a claim.
    pub(super) is_claim: bool,
    /// Points claimed, or given up; None: of a kept checkpoint on, where it is not known.
    pub(super) points: Option<u64>,
}

/// The ledger on its way through the journal, and what it should have left in the tables.
pub(super) struct Past {
    ledger: Ledger,
    state: State,
    /// Of a kept checkpoint: the row, and where each account's image is true.
    base: Option<(KeptRow, Vec<u64>)>,
    /// The kept checkpoints of ticks that are replayed.
    kept: Vec<KeptRow>,
    history: History,
    pub(super) flows: EpochRows<(AccountId, AccountId, AccountId), u64>,
    pub(super) activity: EpochRows<AccountId, (u64, u64)>,
    pub(super) closed: EpochRows<AccountId, Ended>,
    /// Flows of the current epoch.
    moved: HashMap<(AccountId, AccountId, AccountId), u64>,
    sums: ImageSums,
    next_due: usize,
    /// Accounts at the last tick.
    accounts_then: u32,
    position: u64,
    epoch: Option<i64>,
    micros: i64,
    likes: [u64; 3],
    /// Claims and accounts that were emptied, by their positions.
    made: BTreeMap<u64, Made>,
    /// Differences of the journal itself.
    journal: Differences,
    /// Images that are not what is stored.
    images: Vec<(Place, AccountId, Vec<ImagePart>)>,
    images_left_out: u64,
    is_broken: bool,
}

impl Past {
    pub(super) async fn new(
        store: &Store,
        state: &State,
        base: Option<KeptRow>,
        history: History,
        sums: ImageSums,
        watch: Watch,
        kept: &[KeptRow],
    ) -> Result<Past> {
        let (ledger, base) = match base {
            None => {
                let rules = first_rules(store).await?;
                (Ledger::new(state.seed, rules)?, None)
            }
            Some(base) => {
                let (ledger, positions) = resumed(store, state.seed, &base).await?;
                (ledger, Some((base, positions)))
            }
        };
        let mut past = Past {
            ledger,
            state: state.clone(),
            position: base.as_ref().map_or(0, |(row, _)| row.position),
            epoch: base.as_ref().map(|(row, _)| row.epoch),
            base,
            kept: kept.to_vec(),
            history,
            flows: EpochRows::new(watch.flow),
            activity: EpochRows::new(watch.activity),
            closed: EpochRows::new(watch.closed),
            moved: HashMap::new(),
            sums,
            next_due: 0,
            accounts_then: 0,
            micros: i64::MIN,
            likes: [0; 3],
            made: BTreeMap::new(),
            journal: Differences::default(),
            images: Vec::new(),
            images_left_out: 0,
            is_broken: false,
        };
        past.ledger.note_epochs();
        past.ledger.count_replay(0);
        Ok(past)
    }

    /// Takes the journal to its end.
    pub(super) async fn replay(&mut self, store: &Store) -> Result<()> {
        let after = self.position;
        store
            .each_journal(JournalPart::After(after), |row| {
                if !self.is_broken {
                    self.compare_images(row.position - 1);
                    self.row(&row);
                }
                Ok(())
            })
            .await?;
        if !self.is_broken {
            self.compare_images(u64::MAX);
            self.end_epoch();
            self.take_activity();
        }
        Ok(())
    }

    fn row(&mut self, row: &JournalRow) {
        if row.position > self.state.flow_position {
            // The tables have nothing of what comes now.
            self.end_epoch();
            self.take_activity();
        }
        self.sequence(row);
        let pieces = row.pieces.decode();
        let sink_pieces = row.sink_pieces.decode();
        for (column, decoded) in [("pieces", &pieces), ("sink_pieces", &sink_pieces)] {
            if decoded.is_none() {
                self.differs(row, column, "not pieces", "pieces");
            }
        }
        let (pieces, sink_pieces) = (pieces.unwrap_or_default(), sink_pieces.unwrap_or_default());
        self.note_made(row, &pieces);
        match self.base {
            None => self.apply(row),
            Some(_) => self.bring_forward(row, &pieces, &sink_pieces),
        }
        if row.operation == Operation::Tick {
            self.look_at_kept(row);
        }
        self.take_closed();
        self.count(row, &pieces);
    }

    /// The kept checkpoint of this tick, if there is one, is of this place.
    fn look_at_kept(&mut self, row: &JournalRow) {
        let ordinal = self.ledger.ticks();
        let Some(kept) = self.kept.iter().find(|kept| kept.ordinal == ordinal) else {
            return;
        };
        let tick = Row::default().and("ordinal", ordinal);
        let key = |column| ("kept_checkpoint", &tick, column);
        let journal = &mut self.journal;
        journal.unless_equal(key("epoch"), &kept.epoch, &row.epoch);
        journal.unless_equal(key("position"), &kept.position, &row.position);
        journal.unless_equal(key("accounts"), &kept.accounts, &self.ledger.accounts());
    }

    /// Position, epoch and time of a row follow from the one before.
    fn sequence(&mut self, row: &JournalRow) {
        self.position += 1;
        if row.position != self.position {
            let before = self.position;
            self.differs(row, "position", row.position, before);
            self.position = row.position;
        }
        let is_tick = row.operation == Operation::Tick;
        if is_tick {
            self.end_epoch();
            self.take_activity();
            self.accounts_then = self.ledger.accounts();
        }
        let epoch = self.epoch.unwrap_or(row.epoch) + i64::from(is_tick);
        if row.epoch != epoch {
            self.differs(row, "epoch", row.epoch, epoch);
        }
        self.epoch = Some(epoch);
        if row.micros < self.micros {
            let before = format!("{} or later", self.micros);
            self.differs(row, "micros", row.micros, before);
        }
        self.micros = row.micros;
    }

    fn differs(
        &mut self,
        row: &JournalRow,
        column: &'static str,
        stored: impl Display,
        replayed: impl Display,
    ) {
        let key = ("journal", &Row::of(row.position), column);
        self.journal.note(key, stored, replayed);
    }

    /// What somebody asked for, before it is done.
    fn note_made(&mut self, row: &JournalRow, pieces: &[Piece]) {
        let (account, is_claim) = match row.operation {
            Operation::Claim { receiver, .. } => (receiver, true),
            Operation::Forget { account } => (account, false),
            _ => return,
        };
        let credited = pieces.iter().filter(|piece| piece.origin != account);
        let points = match (is_claim, &self.base) {
            _ if row.verdict != LedgerVerdict::Accepted => Some(0),
            (true, _) => Some(credited.map(|piece| u64::from(piece.points)).sum()),
            (false, None) => {
                self.ledger.settle(account);
                let view = self.ledger.account(account);
                Some(view.map_or(0, |view| view.tally()))
            }
            (false, Some(_)) => None,
        };
        let made = Made {
            account,
            is_claim,
            points,
        };
        self.made.insert(row.position, made);
    }

    /// From the beginning: the operation is done again, and its outcome compared.
    fn apply(&mut self, row: &JournalRow) {
        let outcome = self.ledger.apply(&row.operation);
        let pieces = Pieces::encode(outcome.pieces);
        let sink_pieces = Pieces::encode(outcome.sink_pieces);
        let claimed_from = match row.operation {
            Operation::Claim { .. } => outcome.sender,
            _ => None,
        };
        let place = Row::of(row.position);
        let key = |column| ("journal", &place, column);
        let verdict = |verdict: LedgerVerdict| format!("{verdict:?}");
        self.journal.unless_equal(
            key("outcome"),
            &verdict(row.verdict),
            &verdict(outcome.verdict),
        );
        self.journal
            .unless_equal(key("sink_points"), &row.sink_points, &outcome.sink_points);
        if row.pieces != pieces {
            let (a, b) = (shown_pieces(&row.pieces), shown_pieces(&pieces));
            self.journal.unless_equal(key("pieces"), &a, &b);
        }
        if row.sink_pieces != sink_pieces {
            let (a, b) = (shown_pieces(&row.sink_pieces), shown_pieces(&sink_pieces));
            self.journal.unless_equal(key("sink_pieces"), &a, &b);
        }
        if row.claimed_from != claimed_from {
            let (a, b) = (
                format!("{:?}", row.claimed_from),
                format!("{claimed_from:?}"),
            );
            self.journal.unless_equal(key("sender"), &a, &b);
        }
    }

    /// From a kept checkpoint: accounts whose image is older than the row are brought forward.
    fn bring_forward(&mut self, row: &JournalRow, pieces: &[Piece], sink_pieces: &[Piece]) {
        let Some((_, positions)) = &self.base else {
            return;
        };
        let recorded = Recorded {
            verdict: row.verdict,
            pieces,
            sink_points: row.sink_points,
            sink_pieces,
        };
        let needs = |id: AccountId| {
            positions
                .get(id.0 as usize)
                .is_none_or(|position| *position < row.position)
        };
        if let Err(error) = self.ledger.replay(&row.operation, &recorded, needs) {
            self.differs(row, "outcome", "as it stands", error);
            self.is_broken = true;
        }
    }

    /// Flows, what was given and received, and the likes.
    fn count(&mut self, row: &JournalRow, pieces: &[Piece]) {
        let is_accepted = row.verdict == LedgerVerdict::Accepted;
        let (from, receiver, held) = match &row.operation {
            Operation::Transfer(transfer) => {
                if row.record.is_some() {
                    let held = is_accepted && transfer.held;
                    self.likes[usize::from(!is_accepted)] += 1;
                    self.likes[2] += u64::from(held);
                }
                (Some(transfer.sender), transfer.receiver, transfer.held)
            }
            Operation::Claim { receiver, .. } => (row.claimed_from, *receiver, false),
            _ => return,
        };
        if !is_accepted {
            return;
        }
        let epoch = row.epoch;
        self.history
            .moved(&row.operation, from, pieces, row.sink_points, epoch);
        if let (Some(sender), false) = (from, held) {
            let credited = pieces.iter().filter(|piece| piece.origin != receiver);
            for piece in credited {
                if self.ledger.is_pinned(piece.origin) {
                    let key = (piece.origin, receiver, sender);
                    *self.moved.entry(key).or_default() += u64::from(piece.points);
                }
            }
        }
    }

    /// The flows of the epoch are complete, or as far as they are written.
    fn end_epoch(&mut self) {
        let Some(epoch) = self.epoch else { return };
        let is_written = self.position <= self.state.flow_position;
        for (key, points) in self.moved.drain() {
            if is_written {
                self.flows.add(epoch, key, points);
            }
        }
    }

    fn take_activity(&mut self) {
        let is_written = self.position <= self.state.flow_position;
        for row in self.history.take(true).activity.iter() {
            if is_written {
                let sums = (row.received, row.given);
                self.activity.add(row.epoch, row.holder, sums);
            }
        }
        self.take_closed();
    }

    fn take_closed(&mut self) {
        let closed = self.ledger.take_closed();
        if closed.is_empty() {
            return;
        }
        let (ticks, epoch) = (self.ledger.ticks(), self.epoch.unwrap_or_default());
        let epoch_of = |ordinal| epoch - i64::from(ticks.saturating_sub(ordinal));
        self.history.close(closed, epoch_of);
        self.history.forget_ranking();
        for row in self.history.take(false).closed.iter() {
            self.closed.add(row.epoch, row.holder, Ended::of(row));
        }
    }

    /// Compares the images that are true at positions up to this one.
    fn compare_images(&mut self, upto: u64) {
        if self.position == self.state.checkpoint_position {
            self.look_for_images();
        }
        while let Some((position, place, id)) = self.sums.due.get(self.next_due).copied()
            && position <= upto
        {
            self.next_due += 1;
            self.ledger.settle(id);
            let parts = self
                .ledger
                .account(id)
                .map(|account| parts(&account.image()))
                .unwrap_or_default();
            if self.sums.is(place, id, &parts) {
                continue;
            }
            match self.images.len() < IMAGES_MAX {
                true => self.images.push((place, id, parts)),
                false => self.images_left_out += 1,
            }
        }
        self.take_closed();
    }

    /// Where the checkpoint was begun, each account has an image that is true there or later; a sink
    /// that nothing came to may have none.
    fn look_for_images(&mut self) {
        let base = self.base.as_ref().map(|(row, _)| row);
        let accounts = base
            .filter(|row| row.position == self.position)
            .map_or(self.ledger.accounts(), |row| row.accounts);
        for id in self.sums.missing(None, accounts) {
            let view = self.ledger.account(id);
            let is_untouched = view.is_none_or(|view| view.tally() == 0);
            if id != AccountId::SINK || !is_untouched {
                let key = ("ledger_account", &Row::holder(id), "*");
                self.journal.note(key, "no row", "a row");
            }
        }
    }

    /// The epoch that the journal ends in.
    pub(super) fn epoch(&self) -> i64 {
        self.epoch.unwrap_or_default()
    }

    /// The tick that everybody there was at the last one is settled to in the checkpoint.
    pub(super) fn settled_to(&self) -> i64 {
        self.sums.settled_to(self.accounts_then)
    }

    /// Claims and accounts that were emptied, by their positions.
    pub(super) fn made(&self) -> &BTreeMap<u64, Made> {
        &self.made
    }

    /// A row did not follow at all: what comes after it says nothing.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Accounts of the ledger, the sink included.
    pub(super) fn accounts(&self) -> u32 {
        self.ledger.accounts()
    }
}

/// The rules that the journal begins with.
async fn first_rules(store: &Store) -> Result<Rules> {
    let mut rules = None;
    store
        .each_journal(JournalPart::RulesUntil(1), |row| {
            if let Operation::Rules(first) = row.operation {
                rules = Some(first);
            }
            Ok(())
        })
        .await?;
    // An empty journal has none, and needs none.
    Ok(rules.unwrap_or_default())
}

/// The ledger of a kept checkpoint, and where each account of it is true.
async fn resumed(store: &Store, seed: u64, base: &KeptRow) -> Result<(Ledger, Vec<u64>)> {
    let mut rules = Rules::default();
    let mut pins = Vec::new();
    store
        .each_journal(JournalPart::RulesUntil(base.position), |row| {
            match row.operation {
                _ if row.verdict != LedgerVerdict::Accepted => {}
                Operation::Rules(new) => rules = new,
                Operation::Pin { account } => pins.push(account),
                Operation::Unpin { account } => pins.retain(|pin| *pin != account),
                _ => {}
            }
            Ok(())
        })
        .await?;
    let found = store.kept_positions(base.ordinal).await?;
    // Who came during the sweep may have an image, too.
    let last = found.last().map_or(0, |(id, _)| id.0.saturating_add(1));
    let accounts = base.accounts.max(last);
    let mut positions = vec![base.position; accounts as usize];
    for (id, position) in found {
        positions[id.0 as usize] = position;
    }
    let mut ledger = Ledger::resume(seed, rules, pins, base.ordinal, accounts)?;
    store
        .each_kept_image(base.ordinal, |row| {
            ledger
                .restore_account(row.id, row.image)
                .with_context(|| format!("kept checkpoint {}", base.ordinal))
        })
        .await?;
    Ok((ledger, positions))
}
