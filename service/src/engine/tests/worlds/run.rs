//! A Kith in such a world.

use kith_feeder::{
    backfill::AccountRead,
    source::Gap,
    wire::{Commit, Message, Touches},
};
use kith_reputation::RuleKind;
use kith_store::{
    Access, Store,
    batch::{Micros, Request},
};

use kith_tests::Database;

use super::{Event, Kind, World};
use crate::engine::{
    Arrival, Engine, Settings, SourceIndex, TrackedDid,
    repair::BackfillOrder,
    tests::{self, ALICE, DAY, SECOND, tracked_by, unreachable},
    time_of,
};

/// A Kith, and what it waits for.
pub(super) struct Run {
    pub(super) kind: &'static str,
    /// Of two relays which is heard; or with which host it is done what is done next.
    pub(super) relay: usize,
    /// One, or one of each host.
    pub(super) lanes: Vec<Lane>,
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) settings: Settings,
    pub(super) asked: Vec<(BackfillOrder, Option<AccountRead>)>,
    pub(super) database: Database,
}

/// What is heard of one relay after the other, or of one host.
#[derive(Debug, Clone, Default)]
pub(super) struct Lane {
    /// The time of the last event.
    pub(super) heard: Option<Micros>,
    /// The first event that it was to hear.
    pub(super) begun: usize,
    /// It begins with what comes next, and has not heard it yet.
    joins: bool,
    /// The next event that it hears, while it is connected.
    next: Option<usize>,
}

pub(super) const RELAYS: [&str; 2] = ["wss://one.example", "wss://two.example"];

fn touches(commit: &Commit) -> Touches {
    let ops = commit.ops.iter();
    let touches = ops.map(|op| Touches::of(op.collection, op.action));
    touches.fold(Touches::default(), Touches::union)
}

pub(super) fn gap(reason: &'static str) -> Gap {
    Gap {
        reason,
        detail: String::new(),
        from_time: None,
        to_time: None,
        from_seq: None,
        to_seq: None,
        did: None,
        cursor_is_void: false,
    }
}

pub(super) fn tracked(world: &World) -> Vec<TrackedDid> {
    let ids = world.tracked.iter();
    ids.map(|id| tracked_by(&world.dids[*id])).collect()
}

pub(super) fn skipped(world: &World) -> Vec<String> {
    let ids = world.skipped.iter();
    ids.map(|id| world.dids[*id].to_string()).collect()
}

impl Run {
    pub(super) async fn new(world: &World, database: Database) -> Run {
        let mut settings = tests::engine(&[ALICE]).settings;
        settings.tracked = tracked(world);
        settings.parameters.repeat_once = false;
        settings.matching = world.kind.matching;
        settings.rules.rule = world.kind.rule;
        settings.pin_tracked = world.kind.rule == RuleKind::Systematic;
        let opted_out = world.kind.opted_out.iter();
        settings.opt_out = opted_out.map(|who| world.dids[*who].to_string()).collect();
        if world.kind.short {
            settings.parameters.epoch_micros = DAY;
            settings.rules.keep_top = 2;
            settings.rules.unclaimed_ticks = 1;
            settings.keep_checkpoints = 2;
            settings.retain_epochs = Some(1);
        }
        let store = Store::open(database.url(), Access::Write).await;
        let store = store.expect("opens");
        Run {
            kind: match world.kind {
                Kind { hosts: true, .. } => "pds",
                Kind { plain: true, .. } => "jetstream",
                _ => "relay",
            },
            relay: 0,
            lanes: vec![Lane::default(); if world.kind.hosts { 2 } else { 1 }],
            engine: Engine::open(&store, settings.clone()).await.expect("opens"),
            store,
            settings,
            asked: Vec::new(),
            database,
        }
    }

    pub(super) async fn commit(&mut self) {
        tests::commit(&self.store, &mut self.engine).await;
    }

    pub(super) async fn restart(&mut self, killed: bool) {
        if !killed {
            self.commit().await;
        }
        let engine = Engine::open(&self.store, self.settings.clone()).await;
        self.engine = engine.expect("opens");
        self.asked.clear();
        self.relay = 0;
        let is_one = self.lanes.len() == 1;
        for (at, lane) in self.lanes.iter_mut().enumerate() {
            lane.next = None;
            let sources = self.engine.sources.iter().map(|source| &source.row);
            let sources = sources.filter(|row| is_one || row.url == RELAYS[at]);
            lane.heard = sources.filter_map(|row| row.event_micros).max();
        }
    }

    pub(super) fn source(&mut self) -> SourceIndex {
        self.engine.source(self.kind, RELAYS[self.relay])
    }

    pub(super) fn lane(&mut self) -> &mut Lane {
        let at = self.relay.min(self.lanes.len() - 1);
        &mut self.lanes[at]
    }

    /// The next event that it hears.
    fn next(&self, world: &World) -> Option<usize> {
        match self.lanes.as_slice() {
            [lane] => lane.next.filter(|next| *next < world.told.len()),
            lanes => world.told_from(lanes[self.relay].next?, self.relay),
        }
    }

    /// Connects to the relay, or to both hosts.
    pub(super) fn connect_all(&mut self, world: &World) {
        for _ in 0..self.lanes.len() {
            self.turn();
            self.connect(world, true);
        }
    }

    /// Goes on with the other host, if there are two.
    fn turn(&mut self) {
        if self.lanes.len() > 1 {
            self.relay = 1 - self.relay;
        }
    }

    pub(super) fn connect(&mut self, world: &World, knows_end: bool) {
        if self.lane().next.is_some() {
            return;
        }
        let source = self.source();
        self.engine.set_connected(source, true, world.now);
        let Some(cursor) = self.engine.sources[source.0].row.cursor else {
            let lane = self.lane();
            lane.joins = lane.heard.is_some();
            lane.next = Some(if lane.joins { world.told.len() } else { 0 });
            return;
        };
        let next = usize::try_from(cursor)
            .expect("a seq")
            .max(world.kept_from[self.relay]);
        self.lane().next = Some(next);
        if next as u64 > cursor {
            let first = self.next(world).and_then(|next| time_of(&world.told[next]));
            let gap = Gap {
                to_time: first.filter(|_| knows_end),
                ..gap("outdated_cursor")
            };
            self.engine.source_gap(&gap, source, world.now);
        }
    }

    pub(super) fn hear(&mut self, world: &World, n: usize) {
        for _ in 0..n {
            let Some(next) = self.next(world) else {
                return;
            };
            self.lane().next = Some(next + 1);
            if world.lost.contains(&next) {
                continue;
            }
            let (source, message) = (self.source(), &world.told[next]);
            let (lane, time) = (self.lane(), time_of(message));
            let (joins, heard) = (std::mem::take(&mut lane.joins), lane.heard);
            lane.heard = heard.max(time);
            if joins {
                let gap = Gap {
                    from_time: heard,
                    to_time: time,
                    ..gap("joined_live")
                };
                self.engine.source_gap(&gap, source, world.now);
            }
            let arrival = Arrival {
                source,
                offset: None,
                verdict: world.verdict(next),
                now: world.now,
            };
            match message {
                // What the decoder passes over.
                Message::Commit(commit)
                    if !self.engine.is_wanted(&commit.repo, touches(commit)) =>
                {
                    let (seq, time) = (Some(commit.seq), Some(commit.time));
                    self.engine.is_due(arrival, seq, time, false);
                }
                _ => self.engine.message(message, arrival),
            }
        }
    }

    pub(super) fn ask(&mut self, world: &World, n: usize) {
        let max = n.max(self.asked.len());
        let orders = self.engine.backfill_orders(max, world.now);
        self.asked
            .extend(orders.into_iter().map(|order| (order, None)));
    }

    pub(super) fn answer(&mut self, world: &World, n: usize) {
        if let Some(n) = n.checked_rem(self.asked.len()) {
            let (order, read) = self.asked.remove(n);
            let read = read.unwrap_or_else(|| world.read(&order));
            self.engine.backfilled(&order.did, Ok(read), world.now);
        }
    }

    pub(super) async fn take(&mut self, world: &World, event: &Event) {
        let count = self.asked.len();
        match *event {
            Event::Hear(n) => self.hear(world, n),
            Event::Rewind(n) => {
                let kept_from = world.kept_from[self.relay].max(self.lane().begun);
                let again = |next: usize| next.saturating_sub(n).max(kept_from).min(next);
                let lane = self.lane();
                lane.next = lane.next.map(again);
            }
            Event::Switch if world.kind.hosts => self.turn(),
            Event::Switch => {
                self.relay = 1 - self.relay;
                self.lane().next = None;
                self.connect(world, true);
            }
            Event::Track(_) | Event::Skip(_) => {
                self.settings.tracked = tracked(world);
                self.settings.skip = skipped(world);
                self.engine.reconfigure(self.settings.clone());
            }
            Event::Length(hours) => {
                self.settings.parameters.epoch_micros = hours * 3_600 * SECOND;
                self.engine.reconfigure(self.settings.clone());
            }
            Event::Request(kind, who) => {
                let request = Request {
                    kind,
                    did: world.dids[who].to_string(),
                    sender: None,
                    entry: None,
                };
                self.store.ask(&request, world.now).await.expect("asks");
                self.take_requests(world).await;
            }
            Event::Disconnect => self.lane().next = None,
            Event::Connect { knows_end } => self.connect(world, knows_end),
            Event::Commit => self.commit().await,
            Event::Checkpoint => self.engine.begin_checkpoint(),
            Event::Restart { killed } => {
                self.settings.depth = world.depth;
                self.restart(killed).await;
            }
            Event::Ask(n) => self.ask(world, n),
            Event::Read(n) => {
                if let Some(n) = n.checked_rem(count) {
                    let (order, read) = &mut self.asked[n];
                    *read = Some(world.read(order));
                }
            }
            Event::Answer(n) => self.answer(world, n),
            Event::Fail(n) => {
                if let Some(n) = n.checked_rem(count) {
                    let (order, _) = self.asked.remove(n);
                    let error = unreachable(&order.did);
                    self.engine.backfilled(&order.did, Err(error), world.now);
                }
            }
            _ => {}
        }
    }

    async fn take_requests(&mut self, world: &World) {
        let waiting = self.store.waiting_requests(9).await.expect("reads");
        self.engine.take_requests(&waiting, world.now);
    }

    /// Everything is told and answered, until nothing is left to do.
    pub(super) async fn settle(&mut self, world: &mut World) {
        self.connect_all(world);
        for _ in 0..self.lanes.len() {
            self.hear(world, usize::MAX);
            self.turn();
        }
        for _ in 0..40 {
            self.ask(world, 9);
            while !self.asked.is_empty() {
                self.answer(world, 0);
                self.ask(world, 9);
            }
            world.now += 3_600 * SECOND;
            self.take_requests(world).await;
            self.commit().await;
            self.engine.end_silent_gaps(world.now);
        }
        self.commit().await;
    }
}
