//! Day one: before the first live event, the circle is read, then its likes of the last days, and
//! these are given to the ledger in the order of their times.
//!
//! What the sources bring meanwhile waits in their queues; a server that cannot wait is left, and
//! gone on with later from the position noted here. A stop, or a kill, in the middle goes on where
//! it was: what is read waits in the store.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use kith_config::Config;
use kith_feeder::{
    backfill::{BackfillDone, Reader, Scheduler},
    source::What,
};
use kith_store::{
    StoreError,
    batch::{BootstrapState, Micros},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{Desk, METRICS_TIME, ORDERS_AHEAD, Service, Until, now, timer};
use crate::{
    engine::{Joined, SourceIndex},
    network,
    progress::Task,
    sources::Sources,
};

/// A stream that is connected and says nothing for so long has nothing to say.
const SILENCE: Duration = Duration::from_secs(3);
/// A source that cannot be joined for so long is not waited for.
const JOIN_MAX: Duration = Duration::from_mins(1);
/// How often it is looked whether a step is done.
const LOOK: Duration = Duration::from_millis(200);
/// Between two attempts to reach the store.
const PAUSE: Duration = Duration::from_secs(2);
/// Likes taken at once.
const CHUNK: u32 = 4_000;

/// A stream, or a group of them, whose beginning is to be noted.
struct Lane {
    sources: Vec<SourceIndex>,
    /// Event time from which it tells everything.
    first: Option<Micros>,
    /// It goes on where an earlier run noted it.
    continued: bool,
    connected: Option<Instant>,
}

impl Service {
    /// Reads and takes the likes of before the first start, if that is wanted and not done.
    pub(super) async fn day_one(
        &mut self,
        config: &Config,
        sources: &mut Sources,
        desk: &mut Desk,
        reader: Reader,
    ) -> Result<()> {
        let days = config.bootstrap.days;
        if !self.writer.engine.day_one_is_due(days) {
            return Ok(());
        }
        let state = self.writer.engine.day_one_state();
        if days == 0 && state == Some(BootstrapState::Reading) {
            tracing::warn!("bootstrap.days is 0 now: the likes read so far are left");
            return self.end_day_one().await;
        }
        tracing::info!(
            days,
            "day one: live events wait until earlier likes are taken"
        );
        let Some(joined) = self.join_sources(sources).await? else {
            return Ok(());
        };
        let likes_max = config.bootstrap.max_likes;
        let engine = &mut self.writer.engine;
        engine.begin_day_one(joined, days, likes_max, now());
        let is_reading = engine.day_one_state() == Some(BootstrapState::Reading);
        // From here on nothing is missed, whatever happens.
        self.writer.flush_now().await?;
        if is_reading {
            self.read_circle(desk, sources).await?;
            self.read_likes(config, desk, sources, reader).await?;
        }
        if self.stopping.is_cancelled() {
            return Ok(());
        }
        self.take_likes(sources).await
    }

    /// Waits until it is known where each stream begins, and notes it. None: stopped meanwhile.
    async fn join_sources(&mut self, sources: &mut Sources) -> Result<Option<Joined>> {
        let mut lanes: Vec<Lane> = sources.lanes.iter().map(|lane| self.lane(lane)).collect();
        let (stopping, begun) = (self.stopping.clone(), Instant::now());
        let mut metrics_timer = timer(METRICS_TIME);
        while lanes.iter().any(|lane| lane.first.is_none()) {
            let waited = begun.elapsed() > JOIN_MAX;
            for lane in lanes.iter_mut().filter(|lane| lane.first.is_none()) {
                let silent = lane.connected.is_some_and(|at| at.elapsed() > SILENCE);
                if waited && !silent {
                    let url = self.writer.engine.source_url(lane.sources[0]);
                    tracing::warn!(
                        url,
                        "cannot be joined: what happens there until it can is missed"
                    );
                }
                if silent || waited {
                    lane.first = Some(now());
                }
            }
            let input = tokio::select! {
                biased;
                () = stopping.cancelled() => return Ok(None),
                _ = metrics_timer.tick() => {
                    self.publish(sources);
                    continue;
                }
                input = timeout_at(Instant::now() + LOOK, sources.recv_new()) => match input {
                    Err(_) => continue,
                    Ok(None) => break,
                    Ok(Some(input)) => input,
                },
            };
            let engine = &mut self.writer.engine;
            let lane = lanes
                .iter_mut()
                .find(|lane| lane.sources.contains(&input.source));
            match (&input.delivery.what, lane) {
                (What::Frames(frames), Some(lane)) => {
                    if lane.first.is_none() {
                        let mut frames = frames.iter();
                        lane.first =
                            frames.find_map(|frame| engine.join(input.source, frame.bytes, now()));
                    }
                    sources.hold(input);
                }
                (What::Frames(_) | What::Gap(_) | What::Finished { .. }, _) => sources.hold(input),
                (what, lane) => {
                    if let (What::Connected, Some(lane)) = (what, lane) {
                        lane.connected = Some(Instant::now());
                    }
                    let _ = self.take(input, sources, Until::Stopped).await?;
                }
            }
        }
        let firsts = || lanes.iter().filter_map(|lane| lane.first);
        Ok(Some(Joined {
            first: firsts().min().unwrap_or_else(now),
            last: firsts().max().unwrap_or_else(now),
            continued: lanes.iter().all(|lane| lane.continued),
        }))
    }

    fn lane(&self, sources: &[SourceIndex]) -> Lane {
        let noted = |source: &SourceIndex| self.writer.engine.joined(*source);
        let first = sources.iter().find_map(noted);
        Lane {
            sources: sources.to_vec(),
            first,
            continued: first.is_some(),
            connected: None,
        }
    }

    /// Follows and blocks first: they say whose likes count.
    async fn read_circle(&mut self, desk: &mut Desk, sources: &Sources) -> Result<()> {
        let stopping = self.stopping.clone();
        let mut batch_timer = timer(self.batch_time);
        let (mut look, mut metrics_timer) = (timer(LOOK), timer(METRICS_TIME));
        while self.writer.engine.follows_left() > 0 {
            self.show();
            look.reset();
            loop {
                desk.hand_out(&mut self.writer.engine).await;
                tokio::select! {
                    biased;
                    () = stopping.cancelled() => return Ok(()),
                    _ = look.tick() => break,
                    _ = metrics_timer.tick() => self.publish(sources),
                    _ = batch_timer.tick() => self.writer.flush_idle().await?,
                    Some(done) = desk.done.recv() => self.backfilled(done).await?,
                }
            }
        }
        Ok(())
    }

    /// The likes of all members into the store. Follows that could not be read are still tried.
    async fn read_likes(
        &mut self,
        config: &Config,
        desk: &mut Desk,
        sources: &Sources,
        reader: Reader,
    ) -> Result<()> {
        let stopping = self.stopping.clone();
        let (sender, mut done) = mpsc::channel::<BackfillDone>(1);
        let stop = CancellationToken::new();
        let options = network::scheduler_options(config);
        let (scheduler, _task) = Scheduler::start(reader, &options, sender, stop.clone());
        let _stopped_at_the_end = stop.drop_guard();
        let mut batch_timer = timer(self.batch_time);
        let (mut look, mut metrics_timer) = (timer(LOOK), timer(METRICS_TIME));
        let mut task = Task::new("reading earlier likes");
        while !self.writer.engine.day_one_is_read() {
            desk.hand_out(&mut self.writer.engine).await;
            for order in self.writer.engine.day_one_orders(ORDERS_AHEAD, now()) {
                let _ = scheduler
                    .request(order.did, order.priority, order.wanted)
                    .await;
            }
            tokio::select! {
                biased;
                () = stopping.cancelled() => return Ok(()),
                _ = batch_timer.tick() => self.writer.flush_idle().await?,
                _ = metrics_timer.tick() => self.publish(sources),
                // Accounts that are tried again wait for no event.
                _ = look.tick() => {
                    let (accounts, likes) = self.writer.engine.day_one_reading();
                    let done = accounts.done + accounts.failed;
                    task.show(done, done + accounts.left, || {
                        format!("{likes} likes, {} accounts failed", accounts.failed)
                    });
                }
                Some(done) = done.recv() => {
                    self.writer.engine.day_one_read(&done.did, done.result, now());
                    self.writer.flush_full().await?;
                }
                Some(done) = desk.done.recv() => self.backfilled(done).await?,
            }
        }
        let (accounts, likes) = self.writer.engine.day_one_reading();
        task.end(accounts.done, || {
            format!("{likes} likes, {} accounts failed", accounts.failed)
        });
        Ok(())
    }

    /// What waits in the store, into the ledger.
    async fn take_likes(&mut self, sources: &Sources) -> Result<()> {
        self.writer.flush_now().await?;
        let store = Arc::clone(self.writer.store());
        let taken = self.writer.engine.day_one_taken();
        let Some((waiting, taken)) = self.patiently(|| store.staged(taken)).await else {
            return Ok(());
        };
        let Some(mut last) = self.writer.engine.begin_taking(waiting, taken) else {
            return Ok(());
        };
        let (mut checkpoint, mut published) = (Instant::now(), Instant::now());
        let (mut task, mut taken) = (Task::new("taking earlier likes"), taken);
        loop {
            if self.stopping.is_cancelled() {
                return Ok(());
            }
            let Some(likes) = self.patiently(|| store.staged_likes(last, CHUNK)).await else {
                return Ok(());
            };
            let Some(end) = likes.last() else { break };
            last = end.key;
            taken += likes.len() as u64;
            task.show(taken, waiting.max(taken), String::new);
            self.writer.engine.take_staged(&likes);
            if checkpoint.elapsed() > self.checkpoint_time {
                self.writer.engine.begin_checkpoint();
                checkpoint = Instant::now();
            }
            if published.elapsed() > METRICS_TIME {
                self.publish(sources);
                published = Instant::now();
            }
            self.writer.flush_full().await?;
        }
        self.end_day_one().await
    }

    /// Asks the store again and again, as batches are committed. None: stopped meanwhile.
    async fn patiently<T>(&self, ask: impl AsyncFn() -> Result<T, StoreError>) -> Option<T> {
        loop {
            match ask().await {
                Ok(answer) => return Some(answer),
                Err(error) => tracing::error!(%error, "the store does not answer, waiting"),
            }
            tokio::select! {
                () = self.stopping.cancelled() => return None,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    async fn end_day_one(&mut self) -> Result<()> {
        self.writer.engine.end_day_one(now());
        self.writer.flush_now().await?;
        tracing::info!("day one: done, live events go on");
        Ok(())
    }
}
