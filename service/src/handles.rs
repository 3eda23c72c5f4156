//! Handles of members, looked up in the background at a rate of their own, the most trusted first.
//!
//! A handle is believed if the account's document claims it and it points back at the account.
//! Who is to be asked for next stands in SQL (`Store::handles_wanted`), so that a restart goes on
//! where it was, and an account that fails is not asked for before its time.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hashbrown::HashMap;
use kith_config::{Backfill, Config};
use kith_feeder::identity::{Directory, HandleError};
use kith_store::{HandleWanted, Store, StoreError};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{HandleFound, LookedUp},
    service::now,
};

/// Who was asked for is not asked for again so soon: answers are in the database a moment later.
const RECENT: Duration = Duration::from_secs(30);
/// Lookups under way at most: each waits for strangers' servers.
const AT_ONCE_MAX: usize = 16;
/// How long one may take: some who are asked let one wait for an hour.
const LOOKUP_TIME_MAX: Duration = Duration::from_mins(2);
/// Members taken from the database at once.
const ROUND: u32 = 100;
/// When nobody is to be asked for, the database is asked again after this ..
const IDLE_FIRST: Duration = Duration::from_secs(1);
/// .. or after this many times the time that the question took, so that it costs a hundredth of
/// the database's time ..
const IDLE_SHARE: u32 = 100;
/// .. but at least so often.
const IDLE_MAX: Duration = Duration::from_mins(10);

/// The lookups. Dropping it ends them, too, but later.
pub(crate) struct Handles {
    /// What was found, or not.
    found: mpsc::Receiver<HandleFound>,
    asked: Asked,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

/// Members that were handed out and whose answer has not been taken; true: the answer is out of
/// date.
type Asked = Arc<Mutex<HashMap<String, bool>>>;

impl Handles {
    /// Starts the lookups, where the config wants requests to be made at all.
    pub(crate) fn start(config: &Config, store: Arc<Store>, directory: Directory) -> Handles {
        let (out, found) = mpsc::channel(AT_ONCE_MAX);
        let (asked, stop) = (Asked::default(), CancellationToken::new());
        let rate = config.network.handles_per_minute;
        let mut task = None;
        if config.circle.backfill == Backfill::Pds && rate > 0 {
            let lookups = Lookups {
                store,
                directory,
                asked: Arc::clone(&asked),
                out,
                pause: Duration::from_mins(1) / rate,
            };
            let stopped = stop.clone();
            task = Some(tokio::spawn(async move {
                stopped.run_until_cancelled(lookups.run()).await;
            }));
        }
        Handles {
            found,
            asked,
            stop,
            task,
        }
    }

    /// Ends the lookups: when this returns they hold the database no more.
    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }

    /// The next answer; never, if there are no lookups. Safe to cancel.
    pub(crate) async fn next(&mut self) -> HandleFound {
        while let Some(found) = self.found.recv().await {
            // What changed meanwhile is asked again.
            if !locked(&self.asked, |asked| asked.remove(&found.did)).unwrap_or(false) {
                return found;
            }
        }
        std::future::pending().await
    }

    /// The account's identity has changed: what is being asked about it is out of date.
    pub(crate) fn forget(&self, did: &str) {
        locked(&self.asked, |asked| {
            if let Some(stale) = asked.get_mut(did) {
                *stale = true;
            }
        });
    }
}

impl Drop for Handles {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The task behind [`Handles`].
struct Lookups {
    store: Arc<Store>,
    directory: Directory,
    asked: Asked,
    out: mpsc::Sender<HandleFound>,
    pause: Duration,
}

impl Lookups {
    async fn run(self) {
        let lookups = Arc::new(Semaphore::new(AT_ONCE_MAX));
        let mut pace = interval(self.pause);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut recent: HashMap<String, Instant> = HashMap::new();
        loop {
            let began = Instant::now();
            recent.retain(|_, time| time.elapsed() < RECENT);
            let wanted = self.wanted().await;
            let wanted = wanted.into_iter().filter(|w| !recent.contains_key(&w.did));
            let wanted: Vec<HandleWanted> = wanted.collect();
            if wanted.is_empty() {
                sleep((began.elapsed() * IDLE_SHARE).clamp(IDLE_FIRST, IDLE_MAX)).await;
                continue;
            }
            for member in wanted {
                pace.tick().await;
                let Ok(permit) = Arc::clone(&lookups).acquire_owned().await else {
                    return;
                };
                recent.insert(member.did.clone(), Instant::now());
                locked(&self.asked, |asked| asked.insert(member.did.clone(), false));
                let (directory, out) = (self.directory.clone(), self.out.clone());
                tokio::spawn(async move {
                    let looked_up = look_up(&directory, &member.did);
                    let outcome = timeout(LOOKUP_TIME_MAX, looked_up).await;
                    let outcome = outcome.unwrap_or(LookedUp::Failed);
                    tracing::debug!(did = member.did, ?outcome, "handle looked up");
                    let HandleWanted { did, attempts } = member;
                    let found = HandleFound {
                        did,
                        attempts,
                        outcome,
                    };
                    let _ = out.send(found).await;
                    drop(permit);
                });
            }
        }
    }

    async fn wanted(&self) -> Vec<HandleWanted> {
        let wanted: Result<_, StoreError> = self.store.handles_wanted(now(), ROUND).await;
        wanted.unwrap_or_else(|error| {
            tracing::warn!(%error, "handles are not looked up now");
            Vec::new()
        })
    }
}

async fn look_up(directory: &Directory, did: &str) -> LookedUp {
    let document = match directory.document(did).await {
        Ok(document) => document,
        Err(error) if error.is_retryable() => return LookedUp::Failed,
        Err(_) => return LookedUp::Nameless,
    };
    match directory.verified_handle(&document).await {
        Ok(Some(handle)) => LookedUp::Named(handle),
        Ok(None) | Err(HandleError::NotAHandle { .. }) => LookedUp::Nameless,
        Err(_) => LookedUp::Failed,
    }
}

fn locked<T>(asked: &Asked, with: impl FnOnce(&mut HashMap<String, bool>) -> T) -> T {
    with(&mut asked.lock().unwrap_or_else(PoisonError::into_inner))
}
