//! The loop of the writer's task: frames, backfills, timers, signals.

mod day_one;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Result;
use hashbrown::{HashMap, HashSet};
use kith_config::{Backfill, Config};
use kith_feeder::{
    backfill::{BackfillDone, Reader, Scheduler},
    identity::{DidDocument, Directory},
    source::What,
};
use kith_store::{Store, batch::Micros};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    checker::{Checker, Patience, Verdict},
    engine::{Arrival, Engine, HandleFound, ROW, ReadingAt, SourceIndex, Taken},
    exit::InputError,
    handles::Handles,
    metrics::Metrics,
    network,
    progress::{self, Task},
    reload::{Edit, Reloads},
    requests::{self, Requests},
    sources::{Input, Sources},
    writer::Writer,
};

/// Follows the network until a signal comes.
pub(crate) async fn run(
    config: &Config,
    store: Arc<Store>,
    engine: Engine,
    outside: Outside,
    stopping: CancellationToken,
) -> Result<()> {
    let store_of_desk = Arc::clone(&store);
    let mut service = Service::new(config, store, engine, stopping);
    let engine = &mut service.writer.engine;
    let checker = Checker::new(
        outside.directory.clone(),
        engine.watched(),
        config.network.verify,
        config.circle.backfill == Backfill::Pds,
    );
    let mut sources = Sources::of_config(config, engine, checker);
    if let Some(address) = config.network.metrics {
        let (commits, stop) = (service.writer.commits(), service.stopping.clone());
        service.metrics = Some(Metrics::serve(address, commits, stop).await?);
    }
    let reader = network::reader(config, outside.directory.clone());
    let mut desk = Desk::open(config, reader.clone(), outside, store_of_desk);
    service.publish(&sources);
    // Edits of the configuration wait until it is done.
    service
        .day_one(config, &mut sources, &mut desk, reader)
        .await?;
    service
        .follow(&mut sources, Some(&mut desk), Until::Stopped)
        .await?;
    sources.stop();
    desk.stop.cancel();
    desk.handles.stop().await;
    service.finish().await
}

/// Reads files of frames, one after the other, and ends with a full checkpoint. Returns the
/// frames taken now.
pub(crate) async fn replay(
    config: &Config,
    store: Arc<Store>,
    engine: Engine,
    files: Vec<PathBuf>,
    stopping: CancellationToken,
) -> Result<u64> {
    let mut service = Service::new(config, store, engine, stopping);
    for file in files {
        // What a compressed file holds is not known before it is read.
        let is_plain = file.extension().is_none_or(|extension| extension != "zst");
        let bytes = std::fs::metadata(&file).map_or(0, |file| file.len());
        service.shown.file = (if is_plain { bytes } else { u64::MAX }, 0);
        let mut sources = Sources::of_file(file, &mut service.writer.engine);
        service.follow(&mut sources, None, Until::Finished).await?;
        service.shown = Shown::default();
        if service.stopping.is_cancelled() {
            break;
        }
    }
    if !service.stopping.is_cancelled() {
        // What was asked of a short replay is not left to the next start.
        requests::take_all(&mut service.writer).await?;
    }
    service.finish().await?;
    Ok(service.frames)
}

/// When following ends, beside a signal.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
enum Until {
    /// Not at all.
    Stopped,
    /// When the source has nothing more.
    Finished,
}

struct Service {
    writer: Writer,
    requests: Requests,
    batch_time: Duration,
    checkpoint_time: Duration,
    stopping: CancellationToken,
    metrics: Option<Metrics>,
    frames: u64,
    /// What was told of the sources.
    told: Told<SourceIndex>,
    /// With accounts whose commits the writer has to check.
    patience: Patience,
    /// Jetstreams that have refused to be asked by one version.
    refused: HashSet<SourceIndex>,
    shown: Shown,
}

/// When each thing was last told of each source, and how often it has happened since: a source that is
/// broken, or wants to fill a disk, gives a reason for a line with every frame.
#[derive(Debug)]
struct Told<S>(HashMap<(S, &'static str), (Instant, u64)>);

/// One line in so much time.
const TELL_EVERY: Duration = Duration::from_secs(10);

impl<S: Copy + Eq + std::hash::Hash> Told<S> {
    /// Whether it is to be told, and how often it was not since it was.
    fn may_tell(&mut self, source: S, what: &'static str) -> Option<u64> {
        let now = Instant::now();
        let Some((last, untold)) = self.0.get_mut(&(source, what)) else {
            self.0.insert((source, what), (now, 0));
            return Some(0);
        };
        if now.duration_since(*last) < TELL_EVERY {
            *untold += 1;
            return None;
        }
        *last = now;
        Some(std::mem::take(untold))
    }
}

/// What is shown of long work: see [`Service::show`].
#[derive(Default)]
struct Shown {
    accounts: Option<Task>,
    bytes: Option<Task>,
    /// Bytes of the file that is read, all of them and so far.
    file: (u64, u64),
}

impl Service {
    fn new(
        config: &Config,
        store: Arc<Store>,
        engine: Engine,
        stopping: CancellationToken,
    ) -> Service {
        let operations_max = config.store.batch_operations as usize;
        Service {
            requests: Requests::watch(Arc::clone(&store)),
            writer: Writer::new(engine, store, operations_max),
            batch_time: Duration::from_millis(config.store.batch_milliseconds.into()),
            checkpoint_time: config.store.checkpoint,
            stopping,
            metrics: None,
            frames: 0,
            told: Told(HashMap::new()),
            patience: Patience::of_the_writer(),
            refused: HashSet::new(),
            shown: Shown::default(),
        }
    }

    /// Applies what comes until the end, a signal, or a failure.
    async fn follow(
        &mut self,
        sources: &mut Sources,
        mut desk: Option<&mut Desk>,
        until: Until,
    ) -> Result<()> {
        let stopping = self.stopping.clone();
        let mut batch_timer = timer(self.batch_time);
        let mut slice_timer = timer(SLICE_TIME);
        let mut checkpoint_timer = timer(self.checkpoint_time);
        let mut metrics_timer = timer(METRICS_TIME);
        let mut progress_timer = timer(progress::LOOK);
        let mut is_open = true;
        loop {
            if let Some(desk) = desk.as_deref_mut() {
                desk.hand_out(&mut self.writer.engine).await;
            } else {
                // Nothing of them is in memory.
                drop(self.writer.engine.take_identity_changes());
            }
            // A file that is replayed waits for nobody.
            if until == Until::Stopped && sources.is_idle() {
                self.writer.note_idle();
            }
            tokio::select! {
                biased;
                () = stopping.cancelled() => return Ok(()),
                _ = batch_timer.tick() => self.writer.flush_idle().await?,
                _ = slice_timer.tick(), if self.writer.engine.has_slices() => {
                    self.writer.flush_idle().await?;
                }
                _ = checkpoint_timer.tick() => {
                    self.writer.engine.end_silent_gaps(now());
                    self.writer.checkpoint();
                }
                _ = metrics_timer.tick() => self.publish(sources),
                _ = progress_timer.tick() => self.show(),
                waiting = self.requests.next() => {
                    self.writer.engine.take_requests(&waiting, now());
                    // Somebody waits for the answers.
                    self.writer.flush().await?;
                }
                Some(news) = news_of(desk.as_deref_mut()) => self.hear(news).await?,
                input = sources.recv(), if is_open => match input {
                    Some(input) => {
                        if self.take(input, sources, until).await? {
                            return Ok(());
                        }
                    }
                    None if until == Until::Finished => return Ok(()),
                    // All sources are files, and read: what is left is to commit, and to wait.
                    None => is_open = false,
                },
            }
        }
    }

    /// Takes what was read of an account.
    async fn backfilled(&mut self, done: BackfillDone) -> Result<()> {
        self.writer.engine.backfilled(&done.did, done.result, now());
        self.writer.flush_full().await
    }

    /// Takes what came to the desk.
    async fn hear(&mut self, news: News) -> Result<()> {
        match news {
            News::Read(done) => return self.backfilled(done).await,
            News::Edited(edit) => self.writer.engine.reconfigure(edit.settings),
            News::Named(found) => self.writer.engine.handle_found(found, now()),
        }
        self.writer.flush_full().await
    }

    /// Takes one input. True: the source has nothing more, and that was awaited.
    async fn take(&mut self, input: Input, sources: &Sources, until: Until) -> Result<bool> {
        let Input {
            source,
            delivery,
            ahead,
            verdicts,
        } = input;
        let engine = &mut self.writer.engine;
        match &delivery.what {
            What::Frames(frames) => {
                let now = now();
                let mut verdicts = verdicts.into_iter();
                for (index, frame) in frames.iter().enumerate() {
                    if index.is_multiple_of(ROW) {
                        let row = ahead.get(index..).unwrap_or_default();
                        self.writer.engine.fetch(&row[..row.len().min(ROW)]);
                    }
                    let verdict = verdicts.next().unwrap_or(Verdict::Unchecked);
                    let offset = (frame.position > 0).then_some(frame.position);
                    self.shown.file.1 = frame.position;
                    let mut arrival = Arrival {
                        source,
                        offset,
                        verdict,
                        now,
                    };
                    if self
                        .writer
                        .engine
                        .frame(frame.bytes, ahead.get(index), arrival)
                        == Taken::Unchecked
                    {
                        let checked = sources.check(frame.bytes, source, &mut self.patience);
                        arrival.verdict = tokio::select! {
                            verdict = checked => verdict,
                            // It is told again.
                            () = self.stopping.cancelled() => return Ok(false),
                        };
                        // It has a verdict now.
                        let _ = self.writer.engine.frame(frame.bytes, None, arrival);
                    }
                    self.frames += 1;
                    self.writer.flush_full().await?;
                }
            }
            What::Connected => engine.set_connected(source, true, now()),
            What::Disconnected { reason, detail } => {
                engine.set_connected(source, false, now());
                let url = engine.source_url(source);
                // Of a Jetstream the other version is asked for next.
                let is_asked = reason.starts_with("http_") && engine.is_jetstream(source);
                let is_last = !is_asked || !self.refused.insert(source);
                let lane = sources.lanes.iter().find(|lane| lane.contains(&source));
                // One that stands in for another may be asked while there is no network.
                let has_worked =
                    lane.is_some_and(|lane| lane.iter().any(|s| engine.has_worked(*s)));
                if !has_worked && is_wrong_address(reason) && is_last {
                    return Err(InputError(format!(
                        "cannot follow {url}: {detail}\n  help: check the url of this [[source]]; \
                         once it has worked, Kith waits for it"
                    ))
                    .into());
                }
                tracing::warn!(url, reason, detail, "source disconnected");
            }
            What::Bad {
                reason,
                detail,
                position,
            } => {
                if let Some(untold) = self.told.may_tell(source, reason) {
                    let url = engine.source_url(source);
                    tracing::warn!(url, reason, detail, untold, "input skipped");
                }
                let offset = (*position > 0).then_some(*position);
                engine.bad_input(reason, source, offset);
            }
            What::Gap(gap) => {
                if let Some(untold) = self.told.may_tell(source, gap.reason) {
                    let url = engine.source_url(source);
                    let (reason, detail) = (gap.reason, &gap.detail);
                    tracing::warn!(url, reason, detail, untold, "events were missed");
                }
                engine.source_gap(gap, source, now());
            }
            What::Finished { .. } => return Ok(until == Until::Finished),
            What::Failed { message } => return Err(InputError(message.clone()).into()),
        }
        Ok(false)
    }

    /// Brings the metrics up to date, if there are any.
    fn publish(&mut self, sources: &Sources) {
        if let Some(metrics) = &mut self.metrics {
            metrics.publish(&self.writer.engine, sources);
        }
    }

    /// Shows how far the accounts are read, and the file.
    fn show(&mut self) {
        let rings = self.writer.engine.reading();
        let shown = &mut self.shown;
        let sum = |of: fn(&ReadingAt) -> u64| rings.iter().map(of).sum::<u64>();
        let (done, left) = (sum(|ring| ring.done), sum(|ring| ring.left));
        if left > 0 {
            let task = (shown.accounts).get_or_insert_with(|| Task::new("reading accounts"));
            task.show(done, done + left, || words(&rings));
        } else if let Some(task) = shown.accounts.take() {
            task.end(done, || words(&rings));
        }
        if let (all @ 1.., done) = shown.file {
            let task = (shown.bytes).get_or_insert_with(|| Task::of_bytes("reading frames"));
            let frames = self.frames;
            task.show(done, all, || format!("{frames} frames"));
        }
    }

    /// Commits everything there is.
    async fn finish(&mut self) -> Result<()> {
        self.requests.stop().await;
        self.writer.finish().await
    }
}

/// Accounts in words, by how near they are.
fn words(rings: &[ReadingAt; 3]) -> String {
    let names = ["hop 0", "interior", "others"];
    let rings = names.iter().zip(rings);
    let some = rings.filter(|(_, ring)| **ring != ReadingAt::default());
    let words: Vec<String> = some
        .map(|(name, ring)| {
            let failed = match ring.failed {
                0 => String::new(),
                failed => format!(", {failed} failed"),
            };
            format!("{name}: {} done, {} left{failed}", ring.done, ring.left)
        })
        .collect();
    words.join("; ")
}

/// Failures at the first connection ever that no waiting mends: nobody of that name, nobody at that
/// address, or somebody who serves no such stream.
fn is_wrong_address(reason: &str) -> bool {
    matches!(
        reason,
        "dns" | "connect" | "refused_address" | "tls" | "http_400" | "http_404" | "http_405"
    )
}

/// How often a batch is sent while there are slices to be carried: a sweep takes many, and events
/// wait for one at most.
const SLICE_TIME: Duration = Duration::from_millis(50);

/// How often metrics are brought up to date.
const METRICS_TIME: Duration = Duration::from_secs(1);

/// Accounts handed out to be read: as many are looked at to keep every host busy.
const ORDERS_AHEAD: usize = 2_000;

/// Documents that wait to be noted; beyond that they are fetched again after a restart.
pub(crate) const LEARNED_MAX: usize = 10_000;

/// What a service has to do with beside its sources.
pub(crate) struct Outside {
    /// Who lives where.
    pub(crate) directory: Directory,
    /// The documents that were fetched.
    pub(crate) documents: mpsc::Receiver<Arc<DidDocument>>,
    /// Edits of the configuration.
    pub(crate) reloads: Reloads,
}

/// Where accounts to be read are handed out and come back, and edits of the configuration arrive.
struct Desk {
    reader: Reader,
    scheduler: Scheduler,
    done: mpsc::Receiver<BackfillDone>,
    stop: CancellationToken,
    handles: Handles,
    outside: Outside,
}

/// Something that came to the desk.
enum News {
    /// An account was read, or not.
    Read(BackfillDone),
    /// The configuration was edited.
    Edited(Edit),
    /// A handle was looked up.
    Named(HandleFound),
}

impl Desk {
    fn open(config: &Config, reader: Reader, outside: Outside, store: Arc<Store>) -> Desk {
        let handles = Handles::start(config, store, outside.directory.clone());
        let (sender, done) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let options = network::scheduler_options(config);
        let (scheduler, _task) = Scheduler::start(reader.clone(), &options, sender, stop.clone());
        Desk {
            reader,
            scheduler,
            done,
            stop,
            handles,
            outside,
        }
    }

    async fn next(&mut self) -> Option<News> {
        tokio::select! {
            Some(edit) = self.outside.reloads.edits.recv() => {
                self.reader.set_records_max(edit.settings.max_follows);
                Some(News::Edited(edit))
            }
            Some(done) = self.done.recv() => Some(News::Read(done)),
            found = self.handles.next() => Some(News::Named(found)),
        }
    }

    /// Hands out the accounts that wait.
    async fn hand_out(&mut self, engine: &mut Engine) {
        let changed = engine.take_identity_changes();
        for did in &changed {
            self.outside.directory.invalidate(did);
            self.handles.forget(did);
        }
        while let Ok(document) = self.outside.documents.try_recv() {
            engine.learn(&document, now());
        }
        // What was fetched before a change is not learned behind it.
        engine.unlearn_all(&changed);
        for order in engine.backfill_orders(ORDERS_AHEAD, now()) {
            if self
                .scheduler
                .request(order.did, order.priority, order.wanted)
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

/// What comes to the desk next; nothing ever, without one.
async fn news_of(desk: Option<&mut Desk>) -> Option<News> {
    match desk {
        Some(desk) => desk.next().await,
        None => std::future::pending().await,
    }
}

fn timer(period: Duration) -> tokio::time::Interval {
    let mut timer = interval_at(Instant::now() + period, period);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer
}

/// The local clock, in unix microseconds.
pub(crate) fn now() -> Micros {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |time| {
        Micros::try_from(time.as_micros()).unwrap_or(Micros::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_happens_again_and_again_is_told_now_and_then() {
        let mut told = Told(HashMap::new());
        let (one, other) = (1, 2);
        assert_eq!(told.may_tell(one, "too_long"), Some(0));
        for _ in 0..1_000 {
            assert_eq!(told.may_tell(one, "too_long"), None);
        }
        assert_eq!(told.may_tell(one, "clamped"), Some(0));
        assert_eq!(told.may_tell(other, "too_long"), Some(0));
        tokio::time::advance(TELL_EVERY).await;
        assert_eq!(told.may_tell(one, "too_long"), Some(1_000));
        assert_eq!(told.may_tell(one, "too_long"), None);
    }
}
