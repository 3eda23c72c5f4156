//! A Kith in such a world.

use std::collections::BTreeSet;

use kith_feeder::{
    backfill::AccountRead,
    source::Gap,
    wire::{Message, Touches},
};
use kith_store::{
    Store,
    batch::{Micros, Request},
};

use super::{Event, World};
use crate::{
    checker::Verdict,
    engine::{
        Arrival, Engine, Settings, SourceIndex, TrackedDid, is_wanted,
        repair::BackfillOrder,
        tests::{self, ALICE, DAY, SECOND, tracked_by, unreachable},
        time_of,
    },
};

/// A Kith, and what it waits for.
pub(super) struct Run {
    pub(super) kind: &'static str,
    /// Of two relays which is heard, and the time of the last event.
    pub(super) relay: usize,
    pub(super) heard: Option<Micros>,
    /// The first event that it was to hear.
    pub(super) begun: usize,
    /// It begins with what comes next, and has not heard it yet.
    pub(super) joins: bool,
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) settings: Settings,
    /// The next event of the relay's that it hears, while it is connected.
    pub(super) next: Option<usize>,
    pub(super) asked: Vec<(BackfillOrder, Option<AccountRead>)>,
    pub(super) folder: tempfile::TempDir,
}

pub(super) const RELAYS: [&str; 2] = ["wss://one.example", "wss://two.example"];

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
    ids.map(|id| world.dids[*id].clone()).collect()
}

impl Run {
    pub(super) async fn new(world: &World) -> Run {
        let mut settings = tests::engine(&[ALICE]).settings;
        settings.tracked = tracked(world);
        settings.parameters.repeat_once = false;
        if world.kind.short {
            settings.parameters.epoch_micros = DAY;
            settings.rules.keep_top = 2;
            settings.keep_checkpoints = 2;
            settings.retain_epochs = Some(1);
        }
        let (folder, store) = tests::database().await;
        Run {
            kind: if world.kind.plain {
                "jetstream"
            } else {
                "relay"
            },
            relay: 0,
            heard: None,
            begun: 0,
            joins: false,
            engine: Engine::open(&store, settings.clone()).await.expect("opens"),
            store,
            settings,
            next: None,
            asked: Vec::new(),
            folder,
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
        self.next = None;
        let sources = self.engine.sources.iter();
        self.heard = sources.filter_map(|source| source.row.event_micros).max();
    }

    pub(super) fn source(&mut self) -> SourceIndex {
        self.engine.source(self.kind, RELAYS[self.relay])
    }

    pub(super) fn connect(&mut self, world: &World, knows_end: bool) {
        if self.next.is_some() {
            return;
        }
        let source = self.source();
        let Some(cursor) = self.engine.sources[source.0].row.cursor else {
            self.joins = self.heard.is_some();
            self.next = Some(if self.joins { world.told.len() } else { 0 });
            return;
        };
        let next = usize::try_from(cursor).expect("a seq").max(world.kept_from);
        if next as u64 > cursor {
            let first = world.told.get(next).and_then(time_of);
            let gap = Gap {
                to_time: first.filter(|_| knows_end),
                ..gap("outdated_cursor")
            };
            self.engine.source_gap(&gap, source, world.now);
        }
        self.next = Some(next);
    }

    pub(super) fn hear(&mut self, world: &World, n: usize) {
        for _ in 0..n {
            let Some(message) = self.next.and_then(|next| world.told.get(next)) else {
                return;
            };
            let is_in = |set: &BTreeSet<usize>| self.next.is_some_and(|next| set.contains(&next));
            let (is_lost, is_bent) = (is_in(&world.lost), is_in(&world.bent));
            self.next = self.next.map(|next| next + 1);
            if is_lost {
                continue;
            }
            let source = self.source();
            let time = time_of(message);
            if std::mem::take(&mut self.joins) {
                let gap = Gap {
                    from_time: self.heard,
                    to_time: time,
                    ..gap("joined_live")
                };
                self.engine.source_gap(&gap, source, world.now);
            }
            self.heard = self.heard.max(time);
            let arrival = Arrival {
                source,
                offset: None,
                verdict: match is_bent {
                    true => Verdict::Bad("signature"),
                    false if world.kind.plain => Verdict::Unchecked,
                    false => Verdict::Good,
                },
                now: world.now,
            };
            match message {
                // What the decoder passes over.
                Message::Commit(commit)
                    if !is_wanted(
                        &self.engine.circle,
                        &self.engine.settings,
                        &commit.repo,
                        Touches::default(),
                    ) =>
                {
                    let (seq, time) = (Some(commit.seq), Some(commit.time));
                    self.engine.is_due(arrival, seq, time, false);
                }
                _ => self.engine.message(message.clone(), arrival),
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
                let kept_from = world.kept_from.max(self.begun);
                let again = |next: usize| next.saturating_sub(n).max(kept_from).min(next);
                self.next = self.next.map(again);
            }
            Event::Switch => {
                self.relay = 1 - self.relay;
                self.next = None;
                self.connect(world, true);
            }
            Event::Track(_) | Event::Skip(_) => {
                self.settings.tracked = tracked(world);
                self.settings.skip = skipped(world);
                self.engine.reconfigure(self.settings.clone());
            }
            Event::Request(kind, who) => {
                let request = Request {
                    kind,
                    did: world.dids[who].clone(),
                    sender: None,
                    entry: None,
                };
                self.store.ask(&request, world.now).await.expect("asks");
                self.take_requests(world).await;
            }
            Event::Disconnect => self.next = None,
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
        self.connect(world, true);
        self.hear(world, usize::MAX);
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
