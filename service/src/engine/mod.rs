//! The engine: frames in, rows out. It owns the circle and the ledger, and does no I/O.
//!
//! [`Engine::frame`] takes one frame of one source. It decodes it if anybody of the circle is
//! concerned, applies it to the circle and the ledger, and notes what changed; [`Engine::batch`]
//! takes what was noted, for the store to commit. The same frames give the same rows, whatever
//! the batches.
//!
//! | module | what is there |
//! | --- | --- |
//! | `ahead` | frames looked at before they are taken |
//! | `clock` | epochs in event time |
//! | `cursors` | the sources, and how far each was read |
//! | `day_one` | the likes of before the first start |
//! | `events` | commits, identity and sync events: the circle |
//! | `halves` | commits that a Jetstream may have told in part |
//! | `statuses` | who is active, and what was said of it before |
//! | `likes` | the tests a like must pass, and the transfer |
//! | `gaps` | what was missed, and the likes found again |
//! | `repair` | backfills: what was read of an account's host |
//! | `images` | which accounts the checkpoint writes |
//! | `names` | handles that were looked up |
//! | `history` | how each account fared in each epoch |
//! | `hops` | everybody's hop when an epoch ended |
//! | `retention` | checkpoints that are kept, and the journal that may be dropped |
//! | `pending` | what changed since the last batch |
//! | `outgoing` | the next batch: all of that as rows |
//! | `reconfigure` | what the config says, at start and while running |
//! | `requests` | claims, and accounts that want to be forgotten |
//! | `restore` | starting again from the store |
//! | `recompute` | the same journal under other rules |

mod ahead;
mod clock;
mod cursors;
mod day_one;
mod events;
mod gaps;
mod halves;
pub(crate) mod history;
pub(crate) mod hops;
mod images;
mod likes;
mod names;
mod outgoing;
mod pending;
mod recompute;
mod reconfigure;
mod repair;
mod repeats;
mod requests;
mod restore;
mod retention;
mod settings;
mod statuses;
#[cfg(test)]
mod tests;
mod tid;

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use kith_config::Verify;
use kith_feeder::wire::{self, Commit, Decoded, FrameError, Message, Touches};
use kith_graph::{AccountId, Change, Changes, Circle};
use kith_reputation::{Ledger, Operation};
use kith_store::{
    Pieces,
    batch::{
        CircleChangeRow, JournalRow, KeptRow, Micros, Parameters, RecordIdentity, State, TrackedRow,
    },
};

use crate::{
    checker::Verdict,
    watched::{Ahead, Concern, Watched},
};
pub(crate) use ahead::ROW;
use clock::EpochClock;
pub(crate) use cursors::SourceIndex;
use cursors::{Missed, Source};
pub(crate) use day_one::Joined;
pub(crate) use events::time_of;
use halves::Halves;
use history::History;
use hops::Hops;
use images::Images;
pub(crate) use names::{HandleFound, LookedUp};
pub(crate) use outgoing::IMAGES;
use pending::{Counters, Pending};
pub(crate) use recompute::WhatIf;
pub(crate) use repair::ReadingAt;
use repeats::Repeats;
use retention::Retention;
pub(crate) use settings::{Settings, TrackedDid};
use statuses::Statuses;

/// A frame's time may be this far ahead of the local clock; beyond it the frame is invalid.
const AHEAD_MAX: Micros = 60_000_000;
/// A stream's first event starts the clock, unless it is of before the network was (2022): each epoch
/// from then to now would be a tick.
const EARLIEST: Micros = 1_640_995_200_000_000;

/// The engine.
#[derive(Debug)]
pub(crate) struct Engine {
    settings: Settings,
    circle: Circle,
    /// Scratch for the circle's answers.
    changes: Changes,
    /// What is known of each account beside the circle, by its number.
    notes: Vec<Note>,
    handles: HashMap<AccountId, Box<str>>,
    data: HashMap<AccountId, [u8; 32]>,
    opted_out: settings::OptedOut,
    /// Who asked to be: never a member, and nothing of it is kept.
    forgotten: HashSet<AccountId>,
    statuses: Statuses,
    /// Requests that were taken, until the store does not tell of them any more.
    requests_taken: HashSet<u64>,
    tracked: Vec<TrackedRow>,
    ledger: Ledger,
    /// As the journal has them; None: it has none yet.
    parameters: Option<Parameters>,
    /// The circle's number of each account of the ledger; the sink has none.
    ledger_accounts: Vec<Option<AccountId>>,
    clock: EpochClock,
    repeats: Repeats,
    sources: Vec<Source>,
    counters: Counters,
    images: Images,
    flows: HashMap<(u32, u32, u32, i64), u64>,
    history: History,
    retention: Retention,
    repairs: repair::Repairs,
    gaps: gaps::Gaps,
    halves: Halves,
    day_one: day_one::DayOne,
    /// How many whom nobody had named before each account has named in this epoch.
    named: HashMap<AccountId, u32>,
    watched: Arc<Watched>,
    pending: Pending,
    /// Batches and position that the store holds, or will once what is in flight is committed.
    state: State,
    last_change: u64,
}

/// What is known of an account, beside the circle.
#[derive(Debug, Clone, Copy, Default)]
struct Note {
    /// The last rev seen, as a number; 0: none.
    rev: u64,
    /// Likes with keys up to this one were read from the repo.
    likes_upto: u64,
    /// There is a row of its repo in the store, or there is about to be.
    has_repo: bool,
    /// Event time of entering the circle.
    since: Option<Micros>,
    ledger_id: Option<kith_reputation::AccountId>,
    capped: bool,
}

/// How a frame came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// By which source.
    pub(crate) source: SourceIndex,
    /// For files: the byte offset behind the frame. Streams have a seq inside the frame.
    pub(crate) offset: Option<u64>,
    /// What is known of it beforehand.
    pub(crate) verdict: Verdict,
    /// Local time.
    pub(crate) now: Micros,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
#[must_use]
pub(crate) enum Taken {
    /// It was taken.
    Done,
    /// Nothing was done: it is to be given again with a verdict.
    Unchecked,
}

impl Engine {
    /// Takes one frame. `ahead`: what it says, if somebody has decoded it already.
    pub(crate) fn frame(&mut self, frame: &[u8], ahead: Option<&Ahead>, arrival: Arrival) -> Taken {
        self.pending.frames += 1;
        if let Some(offset) = arrival.offset {
            let source = &mut self.sources[arrival.source.0];
            source.row.cursor = Some(offset);
            source.changed = true;
        }
        let is_member = |did: &str| self.circle.is_member(did);
        let ahead = ahead.and_then(|ahead| self.watched.still_holds(ahead, is_member));
        debug_assert!(
            ahead.is_none_or(|ahead| *ahead == self.decode(frame)),
            "what was decoded ahead is what is decoded now"
        );
        let now;
        let decoded = if let Some(ahead) = ahead {
            ahead
        } else {
            now = self.decode(frame);
            &now
        };
        match decoded {
            &Ok(Decoded::Passed {
                seq,
                time,
                likes,
                reposts,
            }) => {
                if self.is_due(arrival, Some(seq), time, false) {
                    self.counters.add("frames.passed", 1);
                    let reposts = if self.settings.parameters.repost > 0 {
                        reposts
                    } else {
                        0
                    };
                    self.counters
                        .add("likes.outside", u64::from(likes + reposts));
                }
            }
            Ok(Decoded::Message(message)) => {
                if arrival.verdict == Verdict::Unchecked && self.needs_check(message, arrival) {
                    return Taken::Unchecked;
                }
                self.message(message, arrival);
            }
            Err(error) => self.bad_frame(error, arrival),
        }
        Taken::Done
    }

    fn decode(&self, frame: &[u8]) -> Result<Decoded, FrameError> {
        wire::decode(frame, &|did: &str, touches| self.is_wanted(did, touches))
    }

    /// Whether a commit of this repo is read in full.
    fn is_wanted(&self, did: &str, touches: Touches) -> bool {
        touches.intersects(self.settings.wanted_of_strangers()) || self.circle.is_member(did)
    }

    /// Whether a message may be applied only with a verdict, see [`crate::checker`].
    fn needs_check(&self, message: &Message, arrival: Arrival) -> bool {
        let kind = self.sources[arrival.source.0].row.kind.as_str();
        match message {
            Message::Commit(Commit { repo: did, .. }) | Message::Sync { did, .. } => {
                matches!(kind, "relay" | "pds")
                    && self.circle.lookup(did).and_then(|id| self.concern(id))
                        == Some(Concern::Commits)
            }
            Message::Account { did, .. } => {
                kind == "pds"
                    && (self.settings.keeps_all_records() || self.circle.lookup(did).is_some())
            }
            _ => false,
        }
    }

    /// Why an account matters to the sources' checks.
    fn concern(&self, id: AccountId) -> Option<Concern> {
        let hop = self.circle.hop(id)?;
        let is_verified = self.settings.verify != Verify::None
            && (self.settings.verifies_all || hop < self.settings.depth);
        Some(match is_verified {
            true => Concern::Commits,
            false => Concern::Status,
        })
    }

    /// Who matters to the sources' checks; kept current from now on.
    pub(crate) fn watched(&self) -> Arc<Watched> {
        Arc::clone(&self.watched)
    }

    fn watch(&self, id: AccountId) {
        self.watched
            .set(self.circle.did(id).as_str(), self.concern(id));
    }

    /// Counts something of a source that never became a frame.
    pub(crate) fn bad_input(
        &mut self,
        reason: &'static str,
        source: SourceIndex,
        offset: Option<u64>,
    ) {
        self.pending.frames += 1;
        self.counters.add(format!("frames.{reason}"), 1);
        if let Some(offset) = offset {
            let source = &mut self.sources[source.0];
            source.row.cursor = Some(offset);
            source.changed = true;
        }
    }

    fn bad_frame(&mut self, error: &FrameError, arrival: Arrival) {
        let url = &self.sources[arrival.source.0].row.url;
        tracing::debug!(%error, reason = error.reason(), source = url, "frame skipped");
        self.counters.add(format!("frames.{}", error.reason()), 1);
        if self.is_due(arrival, error.seq, error.time, false)
            && let Some(id) = error.did.as_deref().and_then(|did| self.circle.member(did))
        {
            let upto = tid::at(error.time.unwrap_or(arrival.now));
            self.open_gap("unreadable", id, self.notes[id.index()].rev, upto);
        }
    }

    /// Whether a frame is new to its source and of a believable time. If so the source's cursor
    /// and the clock have been moved.
    fn is_due(
        &mut self,
        arrival: Arrival,
        seq: Option<u64>,
        time: Option<Micros>,
        has_rev: bool,
    ) -> bool {
        let source = &mut self.sources[arrival.source.0];
        let is_first = source.row.cursor.is_none();
        let latest = arrival.now.saturating_add(AHEAD_MAX);
        let mut is_behind = false;
        if let (Some(seq), None) = (seq, arrival.offset) {
            // A Jetstream that counted by time may have learned to count by events.
            let is_time = |number: u64| number >= EARLIEST.cast_unsigned();
            if source.row.kind == "jetstream"
                && !is_time(seq)
                && time.is_some_and(|time| (EARLIEST..=latest).contains(&time))
            {
                source.row.cursor = source.row.cursor.filter(|cursor| !is_time(*cursor));
            }
            is_behind = source.row.cursor.is_some_and(|cursor| seq <= cursor);
            // Servers reorder across repos, and a Jetstream is rewound: of commits the rev says
            // whether they are new.
            if is_behind && !has_rev {
                self.counters.add("frames.duplicate", 1);
                return false;
            }
            // One of a later time than now may have any seq, or be one: it says nothing of the next.
            if time.is_none_or(|time| time <= latest) {
                source.row.cursor = source.row.cursor.max(Some(seq));
                source.changed = true;
            }
        }
        let Some(time) = time else { return true };
        if time < EARLIEST && arrival.offset.is_none() && self.clock.epoch().is_none() {
            self.counters.add("frames.past", 1);
            return false;
        }
        if time > latest {
            self.counters.add("frames.future", 1);
            if !std::mem::replace(&mut source.is_future_told, true) {
                let ahead_seconds = time.saturating_sub(arrival.now) / 1_000_000;
                tracing::warn!(
                    url = source.row.url,
                    ahead_seconds,
                    "events from after this machine's time are left out: is its clock right?"
                );
            }
            return false;
        }
        let missed = source.gap.take();
        // What is told first may be long ago: it says how far the source was read, not when it was joined.
        let before = source.row.event_micros.filter(|_| !is_first);
        source.row.event_micros = before.max(Some(time));
        // What comes once more says nothing of how late the source is.
        if !is_behind {
            source.row.lag_micros = Some(arrival.now.saturating_sub(time).max(0));
        }
        source.changed = true;
        self.move_clock(time);
        if let Some(Missed { kind, from, .. }) = missed {
            self.stream_gap(kind, arrival.source, from, time);
        }
        true
    }

    /// Moves the epoch clock: one tick for every boundary passed.
    fn move_clock(&mut self, time: Micros) {
        if self.clock.epoch().is_none() {
            self.clock.start(time);
            self.begin_membership(time);
            self.agree_on_rules();
        }
        let mut hops = None;
        while let Some(epoch) = self.clock.pass_boundary(time) {
            let hops: &Hops = hops.get_or_insert_with(|| self.hops());
            self.tick(epoch, hops.clone());
        }
        self.clock.see(time);
    }

    /// Who is in the circle before the first event is from that on.
    fn begin_membership(&mut self, first: Micros) {
        for (id, _) in self.circle.members() {
            let note = &mut self.notes[id.index()];
            if note.since.is_none() {
                note.since = Some(first);
                self.pending.accounts.insert(id);
            }
        }
    }

    /// An epoch begins; the one before ends with these hops.
    fn tick(&mut self, epoch: i64, hops: Hops) {
        self.history.end_epoch(epoch - 1, hops);
        self.operate(Operation::Tick, None);
        self.repeats.clear();
        self.named.clear();
        let now = self.clock.now().unwrap_or_default();
        self.gaps.forget_past(now, |id| {
            self.circle.hop(id).map(|_| self.notes[id.index()].rev)
        });
        self.images.mark_tick(&self.ledger);
        self.images.begin_sweep();
        self.retention.tick(KeptRow {
            ordinal: self.ledger.ticks(),
            epoch,
            position: self.state.position,
            accounts: self.ledger.accounts(),
            complete: false,
        });
    }

    /// The hops of the ledger's accounts.
    fn hops(&self) -> Hops {
        let hop = |id: &Option<AccountId>| id.and_then(|id| self.circle.hop(id));
        Hops::now(self.ledger_accounts.iter().map(hop))
    }

    /// Brings the ledger's rules and pins to those of the config, by operations.
    fn agree_on_rules(&mut self) {
        let is_told = self.parameters == Some(self.settings.parameters);
        if !is_told || *self.ledger.rules() != self.settings.rules {
            self.operate(Operation::Rules(self.settings.rules), None);
        }
        let tracked: Vec<_> = self
            .tracked
            .iter()
            .map(|row| AccountId(row.account))
            .collect();
        let wanted: Vec<_> = match self.settings.pin_tracked {
            true => tracked
                .iter()
                .filter_map(|id| self.notes[id.index()].ledger_id)
                .collect(),
            false => Vec::new(),
        };
        let gone: Vec<_> = self
            .ledger
            .pinned()
            .filter(|id| !wanted.contains(id))
            .collect();
        for account in gone {
            self.operate(Operation::Unpin { account }, None);
        }
        for id in tracked {
            self.pin_if_tracked(id);
        }
    }

    /// Pins a tracked account as soon as it has a number in the ledger. Numbers are given by
    /// transfers alone: a pin that came first would change the order in which points are drawn.
    fn pin_if_tracked(&mut self, id: AccountId) {
        if !self.settings.pin_tracked || !self.circle.is_tracked(id) {
            return;
        }
        if let Some(account) = self.notes[id.index()].ledger_id
            && !self.ledger.is_pinned(account)
        {
            self.operate(Operation::Pin { account }, None);
        }
    }

    /// Whoever holds the account's tag will change, and the account itself.
    fn mark_holders(&mut self, account: kith_reputation::AccountId) {
        if self.ledger.is_quiet(account) {
            return self.images.mark(account);
        }
        for other in (0..self.ledger.accounts()).map(kith_reputation::AccountId) {
            let concerned = self.ledger.account(other).is_some_and(|view| {
                view.points_of(account) > 0
                    || view.unclaimed().iter().any(|entry| {
                        entry.sender == account || entry.pieces.iter().any(|p| p.origin == account)
                    })
            });
            if concerned || other == account {
                self.images.mark(other);
            }
        }
    }

    /// Gives an operation to the ledger and notes it for the journal. Returns whether it was
    /// accepted.
    fn operate(&mut self, operation: Operation, record: Option<RecordIdentity>) -> bool {
        let (epoch, micros) = (
            self.clock.epoch().unwrap_or_default(),
            self.clock.now().unwrap_or_default(),
        );
        let rule = self.ledger.rules().rule;
        if let Operation::Forget { account } = operation {
            self.mark_holders(account);
        }
        self.images.settle_parties(&mut self.ledger, &operation);
        let outcome = self.ledger.apply(&operation);
        let accepted = outcome.is_accepted();
        self.state.position += 1;
        for flow in outcome.flows() {
            let key = (flow.origin.0, flow.receiver.0, flow.sender.0, epoch);
            *self.flows.entry(key).or_default() += u64::from(flow.points);
        }
        if accepted {
            self.history.moved(
                &operation,
                outcome.sender,
                outcome.pieces,
                outcome.sink_points,
                epoch,
            );
        }
        let is_rules = matches!(operation, Operation::Rules(_));
        if is_rules {
            self.parameters = Some(self.settings.parameters);
        }
        let claim = matches!(operation, Operation::Claim { .. });
        self.pending.journal.push(JournalRow {
            position: self.state.position,
            epoch,
            operation,
            verdict: outcome.verdict,
            claimed_from: if claim { outcome.sender } else { None },
            pieces: Pieces::encode(outcome.pieces),
            sink_points: outcome.sink_points,
            sink_pieces: Pieces::encode(outcome.sink_pieces),
            parameters: self.parameters.filter(|_| is_rules),
            record,
            micros,
        });
        self.images.mark_outcome(&operation, rule, &outcome);
        if is_rules {
            // Everybody is settled by the old rules, and the sink may change its shape.
            self.images.mark_all(&self.ledger);
        }
        accepted
    }

    /// The account's number in the ledger: the next one, if it never took part.
    fn ledger_id(&mut self, id: AccountId) -> kith_reputation::AccountId {
        let next = kith_reputation::AccountId(
            u32::try_from(self.ledger_accounts.len()).unwrap_or(u32::MAX),
        );
        let note = &mut self.notes[id.index()];
        if let Some(known) = note.ledger_id {
            return known;
        }
        note.ledger_id = Some(next);
        self.ledger_accounts.push(Some(id));
        self.pending.numbers.push(id);
        next
    }

    /// The number of a DID, given now if it is new.
    fn intern(&mut self, did: &str) -> AccountId {
        let id = self.circle.intern(did);
        if id.index() >= self.notes.len() {
            self.notes.resize(id.index() + 1, Note::default());
            self.pending.accounts.insert(id);
        }
        id
    }

    /// All counts by name, since the database was made.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counters.all()
    }

    /// Members of the circle, by hop.
    pub(crate) fn members_by_hop(&self) -> Vec<u64> {
        let mut members = vec![0; usize::from(self.settings.depth) + 1];
        for (_, hop) in self.circle.members() {
            members[usize::from(hop)] += 1;
        }
        members
    }

    /// Gaps that are not repaired.
    pub(crate) fn open_gaps(&self) -> u64 {
        self.gaps.open()
    }

    /// The last journal position.
    pub(crate) fn position(&self) -> u64 {
        self.state.position
    }

    /// Epoch boundaries passed.
    pub(crate) fn ticks(&self) -> u32 {
        self.ledger.ticks()
    }

    /// Notes what the circle said of a change, and follows it up: who entered, left, or moved
    /// between the interior and the last degree.
    fn note_changes(&mut self, cause: &'static str, by: Option<AccountId>, rkey: Option<&str>) {
        if self.changes.is_empty() {
            return;
        }
        let changes: Vec<_> = self.changes.drain().collect();
        self.note_change_list(changes, cause, by, rkey, self.settings.depth);
    }

    fn note_change_list(
        &mut self,
        changes: Vec<Change>,
        cause: &'static str,
        by: Option<AccountId>,
        rkey: Option<&str>,
        depth_before: u8,
    ) {
        // Who enters while day one reads does so before its likes, and the epochs that they bring.
        let micros = self.clock.now();
        let since = micros.or(self.day_one.first_micros());
        for change in &changes {
            self.last_change += 1;
            self.pending.changes.push(CircleChangeRow {
                id: self.last_change,
                micros: micros.unwrap_or_default(),
                account: change.id.0,
                from_hop: change.from,
                to_hop: change.to,
                cause,
                by: by.filter(|by| *by != change.id).map(|id| id.0),
                rkey: rkey.map(str::to_owned),
            });
            let note = &mut self.notes[change.id.index()];
            match (change.from, change.to) {
                (None, _) => note.since = since,
                (_, None) => note.since = None,
                _ => {}
            }
            self.pending.accounts.insert(change.id);
        }
        for change in changes {
            self.watch(change.id);
            self.follow_up(change, depth_before);
        }
    }
}
