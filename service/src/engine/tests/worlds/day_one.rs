//! The first start in a world that was there before.

use super::{Event, Run, World};
use crate::engine::{Joined, repair::BackfillOrder, tests::SECOND};
use kith_feeder::backfill::AccountRead;
use kith_store::batch::BootstrapState;

/// Whose likes are asked for, and what was read of them.
type Asked = Vec<(BackfillOrder, Option<AccountRead>)>;

impl Run {
    /// Reads and takes what was before, while these events happen.
    pub(super) async fn day_one(&mut self, world: &mut World, events: &[Event]) {
        let mut likes = Asked::new();
        self.join(world).await;
        let mut restarts = Vec::new();
        for event in events {
            match *event {
                // Some of them are for later, when likes are taken.
                Event::Restart { killed } if restarts.len() < 2 => restarts.push(killed),
                Event::Restart { killed } => {
                    self.restart(killed).await;
                    likes.clear();
                    self.join(world).await;
                }
                Event::Ask(n) if self.engine.follows_left() == 0 => {
                    let orders = self.engine.day_one_orders(n, world.now);
                    likes.extend(orders.into_iter().map(|order| (order, None)));
                }
                Event::Read(n) if !likes.is_empty() => {
                    let n = n % likes.len();
                    let (order, read) = &mut likes[n];
                    *read = Some(world.read(order));
                }
                Event::Answer(n) if !likes.is_empty() => {
                    let (order, read) = likes.remove(n % likes.len());
                    let read = read.unwrap_or_else(|| world.read(&order));
                    self.engine.day_one_read(&order.did, Ok(read), world.now);
                }
                Event::Hear(_)
                | Event::Rewind(_)
                | Event::Switch
                | Event::Connect { .. }
                | Event::Track(_)
                | Event::Skip(_)
                | Event::Depth(_) => {}
                _ => {
                    world.happen(event);
                    self.take(world, event).await;
                    // One is read before it, another after it, and who is away not at all.
                    if let Event::Follow(..)
                    | Event::Unfollow(..)
                    | Event::Rename(..)
                    | Event::Both(..)
                    | Event::Away(_)
                    | Event::Delete(_) = event
                    {
                        world.nobody_stayed();
                    }
                }
            }
        }
        while self.engine.day_one_state() != Some(BootstrapState::Done) {
            if self.engine.day_one_state() == Some(BootstrapState::Reading) {
                self.read_the_rest(world, &mut likes);
            }
            if self.take_some().await {
                continue;
            }
            let Some(killed) = restarts.pop() else {
                continue;
            };
            self.restart(killed).await;
            likes.clear();
            self.join(world).await;
        }
        self.commit().await;
        self.connect_all(world);
    }

    /// The relay, or each host, is joined at what comes next, or where the run before did.
    async fn join(&mut self, world: &mut World) {
        let (mut firsts, mut continued) = (Vec::new(), true);
        for host in 0..self.lanes.len() {
            self.relay = host;
            let source = self.source();
            if self.engine.joined(source).is_none() {
                continued = false;
                self.lane().begun = world.told.len();
                let row = &mut self.engine.sources[source.0];
                row.row.cursor = Some(world.told.len() as u64);
                row.changed = true;
                world.now += SECOND;
                if let Some(who) = world.host.iter().position(|at| *at == host) {
                    world.commit(who, Vec::new());
                }
                row.row.event_micros = Some(world.now);
            }
            let first = self.engine.joined(source).expect("is joined");
            self.lane().heard = Some(first);
            firsts.push(first);
        }
        let joined = Joined {
            first: firsts.iter().min().copied().expect("one"),
            last: firsts.iter().max().copied().expect("one"),
            continued,
        };
        self.engine.begin_day_one(joined, 30, 500, world.now);
        self.commit().await;
    }

    fn read_the_rest(&mut self, world: &mut World, likes: &mut Asked) {
        loop {
            self.ask(world, 9);
            while !self.asked.is_empty() {
                self.answer(world, 0);
                self.ask(world, 9);
            }
            if self.engine.follows_left() == 0 && self.engine.day_one_is_read() {
                return;
            }
            let orders = self.engine.day_one_orders(9, world.now);
            likes.extend(orders.into_iter().map(|order| (order, None)));
            for (order, read) in likes.drain(..) {
                let read = read.unwrap_or_else(|| world.read(&order));
                self.engine.day_one_read(&order.did, Ok(read), world.now);
            }
            world.now += 3_600 * SECOND;
        }
    }

    /// Takes some of the likes that wait. True: all are taken.
    async fn take_some(&mut self) -> bool {
        self.commit().await;
        let taken = self.engine.day_one_taken();
        let (waiting, taken) = self.store.staged(taken).await.expect("counts");
        let mut last = self.engine.begin_taking(waiting, taken).expect("is there");
        for _ in 0..2 {
            let likes = self.store.staged_likes(last, 2).await.expect("reads");
            let Some(end) = likes.last() else {
                self.engine.end_day_one(0);
                return true;
            };
            last = end.key;
            self.engine.take_staged(&likes);
        }
        false
    }
}
