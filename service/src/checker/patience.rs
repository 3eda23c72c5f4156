//! For whom is not waited again, and how long in all for those who do not answer.

use std::time::Duration;

use hashbrown::HashMap;
use tokio::{sync::Mutex, time::Instant};

/// Accounts that are remembered for a while.
const RECENT_MAX: usize = 10_000;
/// A stream waits so long in all for those who do not answer, and the writer so long, in so much time:
/// every one of many accounts could hold it up once. Where nothing can be read again, there is no such
/// bound: what is not believed is lost.
pub(super) const LANE_PATIENCE: Duration = Duration::from_secs(90);
pub(super) const WRITER_PATIENCE_IN_ALL: Duration = Duration::from_secs(20);
pub(super) const PATIENCE_SPAN: Duration = Duration::from_mins(10);

/// Accounts to which something happened a while ago.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<HashMap<Box<str>, Instant>>);

impl Recent {
    pub(super) async fn has(&self, did: &str, pause: Duration) -> bool {
        let at = self.0.lock().await.get(did).copied();
        at.is_some_and(|at| at.elapsed() < pause)
    }

    /// False: it is there already, or there is no room.
    pub(super) async fn add(&self, did: &str, pause: Duration) -> bool {
        let mut dids = self.0.lock().await;
        if dids.len() >= RECENT_MAX {
            dids.retain(|_, at| at.elapsed() < pause);
        }
        let is_there = dids.get(did).is_some_and(|at| at.elapsed() < pause);
        if is_there || dids.len() >= RECENT_MAX {
            return false;
        }
        dids.insert(did.into(), Instant::now());
        true
    }
}

/// How long a stream, or the writer, may still wait for what there is to know of accounts.
#[derive(Debug)]
pub(crate) struct Patience {
    pub(super) whole: Duration,
    since: Instant,
    pub(super) left: Duration,
}

impl Patience {
    /// That of a stream.
    pub(crate) fn of_a_stream() -> Patience {
        Patience::new(LANE_PATIENCE)
    }

    /// That of the writer.
    pub(crate) fn of_the_writer() -> Patience {
        Patience::new(WRITER_PATIENCE_IN_ALL)
    }

    fn new(whole: Duration) -> Patience {
        Patience {
            whole,
            since: Instant::now(),
            left: whole,
        }
    }

    /// At most so much of what is left.
    pub(super) fn at_most(&mut self, most: Duration) -> Duration {
        if self.since.elapsed() > PATIENCE_SPAN {
            *self = Patience::new(self.whole);
        }
        self.left.min(most)
    }

    /// So long was waited in vain.
    pub(super) fn spend(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }
}
