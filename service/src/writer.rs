//! The single writer: owns the engine, and commits what it notes, batch by batch.
//!
//! While one batch is being committed the next one is gathered, and its rows are made; there are
//! never more than these two. A commit that fails is tried again, unchanged, until it succeeds or
//! another writer is found: memory does not roll back. So a stalled database stops the reader, and
//! grows nothing.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use kith_store::{LastBatch, Planned, Store, StoreError, batch::State};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::engine::Engine;

const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(10);

/// The engine and the batch that is on its way to the store.
pub(crate) struct Writer {
    pub(crate) engine: Engine,
    store: Arc<Store>,
    in_flight: Option<JoinHandle<Result<(), StoreError>>>,
    commits: Arc<Commits>,
    operations_max: usize,
    /// Operations after which a checkpoint begins though events wait.
    tail_max: u64,
    /// There was a moment with nothing to do since the last look at whether a checkpoint is due.
    was_idle: bool,
}

/// Operations after which a checkpoint begins though events wait: what a start goes through again
/// in a few seconds.
const TAIL_MAX: u64 = 1_000_000;

/// A batch that is gathered while another is being committed may become so many times as long.
const BEHIND_MAX: usize = 8;

impl Writer {
    /// A writer whose batches close at this many operations.
    pub(crate) fn new(engine: Engine, store: Arc<Store>, operations_max: usize) -> Writer {
        Writer {
            engine,
            store,
            in_flight: None,
            commits: Arc::default(),
            operations_max,
            tail_max: TAIL_MAX,
            was_idle: false,
        }
    }

    /// The store it writes to.
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// How its commits fare.
    pub(crate) fn commits(&self) -> Arc<Commits> {
        Arc::clone(&self.commits)
    }

    /// Sends a batch if one is due by its length; waits if another is still being committed.
    pub(crate) async fn flush_full(&mut self) -> Result<()> {
        let is_free = self.in_flight.as_ref().is_none_or(JoinHandle::is_finished);
        // One that takes long is better waited for with more at hand.
        let operations_max = match is_free {
            true => self.operations_max,
            false => BEHIND_MAX * self.operations_max,
        };
        match self.engine.is_full(operations_max) {
            true => self.flush().await,
            false => Ok(()),
        }
    }

    /// Sends a batch if there is anything for it and none is being committed.
    pub(crate) async fn flush_idle(&mut self) -> Result<()> {
        match self.in_flight.as_ref().is_none_or(JoinHandle::is_finished) {
            true => self.flush().await,
            false => Ok(()),
        }
    }

    /// Nothing waits to be taken.
    pub(crate) fn note_idle(&mut self) {
        self.was_idle = true;
    }

    /// Begins a checkpoint, unless events have waited all the time since the last one was due: what
    /// changes often is then written once instead.
    pub(crate) fn checkpoint(&mut self) {
        if std::mem::take(&mut self.was_idle) || self.engine.tail() >= self.tail_max {
            self.engine.begin_checkpoint();
        }
    }

    /// Sends what there is, and waits until it is committed.
    pub(crate) async fn flush_now(&mut self) -> Result<()> {
        self.flush().await?;
        self.settle().await
    }

    /// Sends what there is; waits if another batch is still being committed. Not to be dropped before
    /// it ends: it has taken the batch by then.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        if self.engine.has_pending() {
            let (store, batch) = (Arc::clone(&self.store), self.engine.batch());
            let commits = self.commits();
            let (go, turn) = oneshot::channel();
            let committed = tokio::spawn(async move {
                // Beside the batch before.
                let planned = Planned::of(&batch);
                if turn.await.is_ok() {
                    commit(&store, &planned, &commits).await?;
                    commits.set_since(None);
                }
                Ok(())
            });
            self.settle().await?;
            self.commits.set_since(Some(Instant::now()));
            let _ = go.send(());
            self.in_flight = Some(committed);
        }
        Ok(())
    }

    /// Waits for the batch that is being committed.
    async fn settle(&mut self) -> Result<()> {
        if let Some(task) = self.in_flight.take() {
            task.await??;
        }
        Ok(())
    }

    /// Commits everything, with a full checkpoint.
    pub(crate) async fn finish(&mut self) -> Result<()> {
        self.flush().await?;
        self.engine.begin_checkpoint();
        while self.engine.has_pending() {
            self.flush().await?;
        }
        self.settle().await
    }
}

/// How commits fare, for those who ask while the writer waits for one.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    failures: AtomicU64,
    /// Since when a batch is under way. What waits behind it is younger.
    since: Mutex<Option<Instant>>,
}

impl Commits {
    /// How often a batch was not committed, and had to be tried again.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// For how long a batch has been under way; 0 if none is.
    pub(crate) fn uncommitted_seconds(&self) -> f64 {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.map_or(0.0, |since| since.elapsed().as_secs_f64())
    }

    fn set_since(&self, since: Option<Instant>) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// Commits a batch, for ever if need be.
async fn commit(store: &Store, planned: &Planned<'_>, commits: &Commits) -> Result<(), StoreError> {
    let batch = planned.batch();
    let State {
        batch: number,
        position,
        writer,
        ..
    } = batch.state;
    let after = LastBatch {
        batch: number,
        position,
        writer,
    };
    let (begun, mut pause, mut tries) = (Instant::now(), RETRY_FIRST, 1_u64);
    loop {
        let error = match store.commit_planned(planned).await {
            Ok(()) => break,
            Err(error) => error,
        };
        match store.last_batch().await {
            Ok(last) if last == after => {
                tracing::warn!(%error, batch = number, "committed, though its answer was lost");
                break;
            }
            // Another took the place while this one was held up, whatever the error says.
            Ok(last) if (last.batch, last.position) != batch.expected => {
                let (batch, position) = batch.expected;
                return Err(StoreError::Fenced {
                    batch,
                    position,
                    found_batch: last.batch,
                    found_position: last.position,
                });
            }
            _ if matches!(error, StoreError::Fenced { .. }) || error.is_defect() => {
                return Err(error);
            }
            _ => {}
        }
        commits.failures.fetch_add(1, Ordering::Relaxed);
        tracing::error!(%error, batch = number, ?pause, "batch not committed, waiting");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_MAX);
        tries += 1;
    }
    if tries > 1 {
        let seconds = begun.elapsed().as_secs();
        tracing::info!(batch = number, seconds, tries, "committed again");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kith_config::{Config, Env, Mode};
    use kith_store::{Access, batch::Micros};
    use kith_tests::Database;

    use super::*;
    use crate::{
        checker::Verdict,
        engine::{Arrival, Settings},
    };

    const EPOCH: Micros = 7 * 86_400 * 1_000_000;
    const CUT_OFF: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                           WHERE datname = current_database() AND pid <> pg_backend_pid()";

    fn settings() -> Settings {
        let text = "[[circle.tracked]]\nid = \"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa\"\n";
        let config = Config::parse(text, "kith.toml", &Env::default(), Mode::Offline);
        let config = config.expect("is valid");
        Settings::new(&config, Vec::new(), Vec::new(), Vec::new())
    }

    /// A writer whose batches are full with two operations, and which lets a tail of five wait. The
    /// first operation, the rules, is committed, and there is a checkpoint of it.
    async fn writer() -> (tempfile::TempDir, Writer) {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("kith.db").display());
        let store = Store::open(&url, Access::Write).await.expect("opens");
        let engine = Engine::open(&store, settings()).await.expect("opens");
        let mut writer = Writer::new(engine, Arc::new(store), 2);
        writer.tail_max = 5;
        ticks(&mut writer, 0).await;
        writer.note_idle();
        assert_eq!(checkpoint(&mut writer).await, 1);
        (folder, writer)
    }

    /// A source that was connected once has its right address, also after a restart.
    #[tokio::test]
    async fn who_was_connected_has_worked_before() {
        let (_folder, mut writer) = writer().await;
        let connected = writer.engine.source("relay", "wss://relay.example");
        let _ = writer.engine.source("relay", "wss://other.example");
        writer.engine.set_connected(connected, true, 1);
        writer.flush_now().await.expect("commits");
        let store = Arc::clone(writer.store());
        let mut engine = Engine::open(&store, settings()).await.expect("opens");
        for (url, has_worked) in [
            ("wss://relay.example", true),
            ("wss://other.example", false),
        ] {
            let source = engine.source("relay", url);
            assert_eq!(engine.has_worked(source), has_worked, "{url}");
        }
    }

    /// Two batches may have the same numbers: what was refused is not committed by the other's.
    #[tokio::test]
    async fn a_refused_batch_is_not_taken_for_one_that_is_stored() {
        let (_folder, mut first) = writer().await;
        let store = Arc::clone(first.store());
        let engine = Engine::open(&store, settings()).await.expect("opens");
        let mut second = Writer::new(engine, store, 2);
        ticks(&mut first, 1).await;
        ticks_noted(&mut second, 1);
        let error = second.flush_now().await.expect_err("another wrote");
        let error = error.downcast_ref::<StoreError>();
        assert!(
            matches!(error, Some(StoreError::Fenced { .. })),
            "{error:?}"
        );
    }

    /// On PostgreSQL a lost connection is a lost lock: whoever comes then may write a batch of the same
    /// number and position as the one that was under way.
    #[test]
    fn a_batch_of_who_came_between_is_not_taken_for_ones_own() {
        let Some(database) = Database::postgres() else {
            return;
        };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let open = async || {
            let store = Store::open(database.url(), Access::Write).await;
            let store = Arc::new(store.expect("opens"));
            let engine = Engine::open(&store, settings()).await.expect("opens");
            Writer::new(engine, store, 2)
        };
        let mut first = runtime.block_on(async {
            let mut first = open().await;
            ticks(&mut first, 0).await;
            first
        });
        database.execute(CUT_OFF);
        runtime.block_on(async {
            let mut second = open().await;
            ticks(&mut second, 1).await;
        });
        ticks_noted(&mut first, 1);
        let error = runtime.block_on(first.flush_now());
        let error = error.expect_err("another wrote");
        let error = error.downcast_ref::<StoreError>();
        assert!(
            matches!(error, Some(StoreError::Fenced { .. })),
            "{error:?}"
        );
    }

    /// So many epochs pass, an operation each, and one batch is committed.
    async fn ticks(writer: &mut Writer, n: i64) {
        ticks_noted(writer, n);
        writer.flush_now().await.expect("commits");
    }

    fn ticks_noted(writer: &mut Writer, n: i64) {
        let source = writer.engine.source("jetstream", "wss://jetstream.example");
        let now = 2_900 * EPOCH + (i64::from(writer.engine.ticks()) + n) * EPOCH;
        let frame = format!(r#"{{"did":"","time_us":{now},"kind":"nothing"}}"#);
        let arrival = Arrival {
            source,
            offset: None,
            verdict: Verdict::Unchecked,
            now,
        };
        let _ = writer.engine.frame(frame.as_bytes(), None, arrival);
    }

    /// It is time for a checkpoint; then the next batch goes. Where the last whole one began.
    async fn checkpoint(writer: &mut Writer) -> u64 {
        writer.checkpoint();
        writer.flush_now().await.expect("commits");
        let state = writer.store().load_state().await.expect("reads");
        state.expect("there is one").checkpoint_position
    }

    #[tokio::test]
    async fn a_checkpoint_waits_while_events_do_unless_the_tail_is_long() {
        let (_folder, mut writer) = writer().await;
        ticks(&mut writer, 1).await;
        writer.note_idle();
        assert_eq!(checkpoint(&mut writer).await, 2, "nothing waits");
        for (tail, checkpoints) in [(2, 2), (4, 2), (6, 8)] {
            ticks(&mut writer, 2).await;
            assert_eq!(writer.engine.tail(), tail);
            assert_eq!(checkpoint(&mut writer).await, checkpoints, "{tail} behind");
        }
    }

    /// Nobody waits for a batch that is being committed, before there is much more for the next one.
    #[tokio::test]
    async fn what_is_gathered_behind_a_batch_may_become_longer() {
        let (_folder, mut writer) = writer().await;
        let (committed, until) = tokio::sync::oneshot::channel::<()>();
        let batch = async move {
            until.await.expect("is said");
            Ok(())
        };
        writer.in_flight = Some(tokio::spawn(batch));
        ticks_noted(&mut writer, 15);
        let flushed = tokio::time::timeout(Duration::from_mins(1), writer.flush_full());
        flushed.await.expect("does not wait").expect("commits");
        assert!(writer.engine.is_full(15) && writer.in_flight.is_some());
        ticks_noted(&mut writer, 1);
        committed.send(()).expect("is awaited");
        writer.flush_full().await.expect("waits");
        assert!(!writer.engine.has_pending(), "it is on its way");
        writer.settle().await.expect("commits");
    }

    /// Its rows are made by then, but it stands on what is not there.
    #[tokio::test]
    async fn behind_a_batch_that_failed_nothing_is_committed() {
        let (_folder, mut writer) = writer().await;
        let before = writer.store().last_batch().await.expect("reads");
        let refused = StoreError::Fenced {
            batch: 1,
            position: 1,
            found_batch: 2,
            found_position: 2,
        };
        writer.in_flight = Some(tokio::spawn(async { Err(refused) }));
        ticks_noted(&mut writer, 3);
        writer.flush().await.expect_err("the one before failed");
        assert!(writer.in_flight.is_none());
        // As long as a commit takes, many times over.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let after = writer.store().last_batch().await.expect("reads");
        assert_eq!(after, before);
    }

    /// One moment is enough, and what comes after a full batch may be nothing for a long time.
    #[tokio::test]
    async fn silence_ends_the_waiting() {
        let (_folder, mut writer) = writer().await;
        ticks(&mut writer, 2).await;
        assert_eq!(checkpoint(&mut writer).await, 1);
        writer.note_idle();
        assert_eq!(checkpoint(&mut writer).await, 3);
        // It counts once: since then events may have waited all the time.
        ticks(&mut writer, 1).await;
        assert_eq!(checkpoint(&mut writer).await, 3);
    }
}
