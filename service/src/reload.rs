//! The configuration file of a running service: watched, and read again when it changes or at
//! SIGHUP.
//!
//! What is read goes to the service as an [`Edit`], its handles resolved, so that the writer never
//! waits for the network. An edit that is broken leaves everything as it is; a handle that does not
//! resolve is left out, and tried again.

use std::{
    ffi::OsString,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use kith_config::{Config, Env, Mode};
use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};
use tokio::{
    signal::unix::Signal,
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{engine::Settings, http::CurrentToken, network::Names};

/// A change of the file is looked at when nothing more has happened for so long: editors write in
/// several steps ..
const QUIET: Duration = Duration::from_millis(200);
/// .. but not later than this.
const QUIET_WAIT_MAX: Duration = Duration::from_secs(2);

/// The system does not tell of everything: of a link on the way to the file that leads elsewhere now,
/// of file systems of other machines. So often the file is looked at all the same.
const LOOK: Duration = Duration::from_secs(5);

/// Pauses between attempts to resolve a handle: this, and twice as long each time.
const RETRY_FIRST: Duration = Duration::from_secs(5);
const RETRY_MAX: Duration = Duration::from_mins(10);

/// A configuration to be taken up.
#[derive(Debug)]
pub(crate) struct Edit {
    /// Every handle resolved.
    pub(crate) settings: Settings,
}

/// Watches a configuration file. Dropping it ends that.
pub(crate) struct Reloads {
    /// Edits to be taken up, in their order.
    pub(crate) edits: mpsc::Receiver<Edit>,
    _watcher: Option<RecommendedWatcher>,
}

/// What a service runs under, to begin with.
pub(crate) struct Running {
    /// The file.
    pub(crate) path: PathBuf,
    /// As it was read at start.
    pub(crate) config: Config,
    /// The handles resolved so far.
    pub(crate) names: Names,
    /// Of the HTTP server, if there is one.
    pub(crate) token: Option<Arc<CurrentToken>>,
}

impl Reloads {
    /// Begins to watch. Without the system's help an edit is seen some seconds later.
    pub(crate) fn watch(running: Running, hangups: Signal, stop: CancellationToken) -> Reloads {
        // One waiting wake is enough: the file is read after it.
        let (wake, wakes) = mpsc::channel(1);
        // The file may have been edited since it was read.
        let _ = wake.try_send(());
        let watcher = watcher(&running.path, wake)
            .inspect_err(|error| {
                let path = running.path.display();
                tracing::warn!(
                    %path, %error,
                    "the configuration is not watched: it is looked at every {LOOK:?}"
                );
            })
            .ok();
        let (edits_out, edits) = mpsc::channel(1);
        let reading = Reading {
            running,
            text: None,
            is_broken: false,
            pause: RETRY_FIRST,
            edits: edits_out,
        };
        tokio::spawn(async move {
            tokio::select! {
                () = reading.run(wakes, hangups) => {}
                () = stop.cancelled() => {}
            }
        });
        Reloads {
            edits,
            _watcher: watcher,
        }
    }
}

/// Wakes when the file may have changed. The folder is watched, since editors replace files; where
/// the file is a link, everything in its two folders counts.
fn watcher(path: &Path, wake: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let is_link = path.is_symlink();
    let name: Option<OsString> = path.file_name().map(OsString::from);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let concerns = event.is_ok_and(|event| {
            let is_ours = |path: &PathBuf| path.file_name() == name.as_deref();
            event.need_rescan()
                || may_change(event.kind) && (is_link || event.paths.iter().any(is_ours))
        });
        if concerns {
            let _ = wake.try_send(());
        }
    })?;
    watcher.watch(folder(path), RecursiveMode::NonRecursive)?;
    if is_link && let Ok(target) = path.canonicalize() {
        watcher.watch(folder(&target), RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// Whether something may have been written. Reading is an event too, also our own.
fn may_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Why the file is looked at.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
enum Cause {
    Changed,
    Hangup,
    Retry,
}

/// The task behind [`Reloads`].
struct Reading {
    running: Running,
    /// What was last read, whatever became of it.
    text: Option<Vec<u8>>,
    is_broken: bool,
    /// Before the next attempt, should this one fail for a reason that may pass.
    pause: Duration,
    edits: mpsc::Sender<Edit>,
}

impl Reading {
    async fn run(mut self, mut wakes: mpsc::Receiver<()>, mut hangups: Signal) {
        let has_unresolved = self.running.names.has_unresolved();
        let mut retry = has_unresolved.then(|| Instant::now() + self.next_pause());
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = stamp(&self.running.path).await;
        loop {
            let cause = tokio::select! {
                Some(()) = wakes.recv() => {
                    settle(&mut wakes).await;
                    Cause::Changed
                }
                Some(()) = hangups.recv() => Cause::Hangup,
                () = until(retry) => Cause::Retry,
                _ = looks.tick() => {
                    if stamp(&self.running.path).await == seen {
                        continue;
                    }
                    still(&self.running.path).await;
                    Cause::Changed
                }
            };
            seen = stamp(&self.running.path).await;
            let text = std::fs::read(&self.running.path).ok();
            if cause == Cause::Changed && text.is_some() && text == self.text {
                continue;
            }
            if cause != Cause::Retry {
                self.pause = RETRY_FIRST;
            }
            self.text = text;
            retry = self.look(cause).await;
        }
    }

    /// Reads the file and sends what it says, if that is new. Says when to try again.
    async fn look(&mut self, cause: Cause) -> Option<Instant> {
        let Running {
            path,
            config: running,
            names,
            token,
        } = &mut self.running;
        let config = match Config::load(path, &Env::of_process(), Mode::Live) {
            Ok(config) => config,
            Err(problems) => {
                self.is_broken = true;
                tracing::error!(
                    "the configuration is broken, everything stays as it is:\n{problems}"
                );
                return None;
            }
        };
        let config_taken = config.taken_up_by(running);
        let taken = config_taken.differing_keys(running);
        let waiting = config.differing_keys(&config_taken);
        if !waiting.is_empty() {
            let keys = waiting.join(", ");
            tracing::warn!(keys, "these changes wait for a restart");
        }
        let is_asked = cause == Cause::Hangup;
        if let Some(token) = token
            && (is_asked || !taken.is_empty())
        {
            token.read_again();
        }
        if is_asked {
            names.forget();
        } else if taken.is_empty() && !names.has_unresolved() {
            if std::mem::take(&mut self.is_broken) {
                tracing::info!("the configuration is right again, and as it is running");
            }
            return None;
        }
        let was_settled = !names.has_unresolved();
        match names.settings(&config_taken).await {
            Ok(settings) => {
                let is_settled = !names.has_unresolved();
                // Not each time that a handle is asked for in vain.
                let is_new = !taken.is_empty() || is_settled && !was_settled;
                if is_new || is_asked || self.is_broken {
                    let (tracked, keys) = (settings.tracked.len(), taken.join(", "));
                    tracing::info!(tracked, keys, "the configuration is taken up");
                }
                self.is_broken = false;
                *running = config_taken;
                let _ = self.edits.send(Edit { settings }).await;
                (!is_settled).then(|| Instant::now() + self.next_pause())
            }
            Err(unsettled) => {
                self.is_broken = true;
                let problems = unsettled.in_file(path);
                tracing::error!(
                    "the configuration is broken, everything stays as it is:\n{problems}"
                );
                let is_settled = !names.has_unresolved();
                (!is_settled).then(|| Instant::now() + self.next_pause())
            }
        }
    }

    fn next_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(RETRY_MAX);
        pause
    }
}

/// What tells one file from another, or from what it was, wherever links lead; None: it is not there.
async fn stamp(path: &Path) -> Option<[i64; 5]> {
    let file = tokio::fs::metadata(path).await.ok()?;
    let [device, number, bytes] = [file.dev(), file.ino(), file.size()].map(u64::cast_signed);
    Some([device, number, bytes, file.mtime(), file.mtime_nsec()])
}

/// Waits until the file stays as it is.
async fn still(path: &Path) {
    let begun = Instant::now();
    let mut last = stamp(path).await;
    while begun.elapsed() < QUIET_WAIT_MAX {
        sleep(QUIET).await;
        let now = stamp(path).await;
        if now == last {
            return;
        }
        last = now;
    }
}

/// Waits until nothing more happens.
async fn settle(wakes: &mut mpsc::Receiver<()>) {
    let end = sleep(QUIET_WAIT_MAX);
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => return,
            more = timeout(QUIET, wakes.recv()) => {
                if more.is_err() {
                    return;
                }
            }
        }
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
