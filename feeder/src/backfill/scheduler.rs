//! Many accounts at once, the most important first, many hosts busy at once.
//!
//! An account goes two steps: its document is fetched, within the limit of the directory, and then
//! it waits for a turn at its host. So accounts of a host that is slow, or at its limit, wait for
//! each other, and for nobody else.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::account::Located;
use super::queue::Queue;
use super::{AccountRead, ReadError, Reader, Wanted};

/// Requests on their way to the scheduler's queue.
const REQUESTS_MAX: usize = 256;

/// Documents fetched at once; the directory's rate holds most of these back.
const LOCATING_MAX: usize = 64;

/// Accounts that wait for their host, with their documents (less than 1 kB each).
const LOCATED_MAX: usize = 10_000;

/// Bounds of a [`Scheduler`].
#[derive(Debug, Clone)]
pub struct SchedulerOptions {
    /// Accounts read at once, all hosts together.
    pub accounts_at_once_max: usize,
    /// Accounts read at once at one host: more would only wait for its limit.
    pub accounts_per_host_max: usize,
    /// Accounts waiting in memory; [`Scheduler::request`] waits while it is full.
    pub queued_max: usize,
    /// How long a document may take, so that those who never answer do not keep the others waiting.
    pub locating_time_max: Duration,
    /// How long reading one account may take, pauses that its host asks for included: what it has
    /// been told is kept meanwhile, and a turn with it. To this comes `page_time` for each page.
    pub reading_time_max: Duration,
    /// How long the host's rate holds a page back while as many accounts are read there as may be.
    pub page_time: Duration,
}

impl Default for SchedulerOptions {
    fn default() -> SchedulerOptions {
        SchedulerOptions {
            accounts_at_once_max: 128,
            accounts_per_host_max: 8,
            queued_max: 100_000,
            locating_time_max: Duration::from_mins(2),
            reading_time_max: Duration::from_mins(20),
            page_time: Duration::from_secs(1),
        }
    }
}

/// What became of one request.
#[derive(Debug)]
pub struct BackfillDone {
    /// The account.
    pub did: String,
    /// What was read, or why not.
    pub result: Result<AccountRead, ReadError>,
}

/// Accounts waiting and being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Accounts that wait.
    pub queued: usize,
    /// Accounts whose document is being fetched, or that are being read, or wait to hand over
    /// their result.
    pub running: usize,
}

/// The scheduler has been cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the backfill has stopped")]
pub struct SchedulerStopped;

/// Hands requests to the scheduler's task. Cheap to clone; when all clones are dropped, the
/// task ends after the last account.
#[derive(Debug, Clone)]
pub struct Scheduler {
    requests: mpsc::Sender<Request>,
    counts: Arc<Counts>,
}

#[derive(Debug)]
struct Request {
    did: String,
    order: Order,
}

/// How soon an account is wanted, and what of it.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) priority: u8,
    pub(super) wanted: Wanted,
}

impl Order {
    pub(super) fn union(self, other: Order) -> Order {
        Order {
            priority: self.priority.min(other.priority),
            wanted: self.wanted.union(other.wanted),
        }
    }

    fn or_union(self, other: Option<Order>) -> Order {
        match other {
            Some(other) => self.union(other),
            None => self,
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    queued: AtomicUsize,
    running: AtomicUsize,
}

impl Scheduler {
    /// Starts the task. Results go to `done`, whose bound holds the readers back; when its
    /// receiver is dropped, or `cancel` is cancelled, the task stops and drops what it reads.
    pub fn start(
        reader: Reader,
        options: &SchedulerOptions,
        done: mpsc::Sender<BackfillDone>,
        cancel: CancellationToken,
    ) -> (Scheduler, JoinHandle<()>) {
        let (requests, receiver) = mpsc::channel(REQUESTS_MAX);
        let counts = Arc::<Counts>::default();
        let task = Task {
            reader,
            done,
            options: options.clone(),
            queue: Queue::default(),
            locating: HashMap::new(),
            hosts: HashMap::new(),
            located: HashMap::new(),
            reading: HashMap::new(),
            running: JoinSet::new(),
            counts: Arc::clone(&counts),
        };
        let handle = tokio::spawn(async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = task.run(receiver) => {}
            }
        });
        (Scheduler { requests, counts }, handle)
    }

    /// Asks for an account; lower priorities go first (0 before 1), equal ones in order.
    ///
    /// An account that waits already is not queued twice but takes the better priority, and what
    /// is wanted of it adds up. One that is being read is read again afterwards, since its repo
    /// may have changed meanwhile.
    pub async fn request(
        &self,
        did: String,
        priority: u8,
        wanted: Wanted,
    ) -> Result<(), SchedulerStopped> {
        let order = Order { priority, wanted };
        self.requests
            .send(Request { did, order })
            .await
            .map_err(|_| SchedulerStopped)
    }

    /// How many accounts wait and are being read, without those just requested.
    pub fn progress(&self) -> Progress {
        Progress {
            queued: self.counts.queued.load(Ordering::Relaxed),
            running: self.counts.running.load(Ordering::Relaxed),
        }
    }
}

struct Task {
    reader: Reader,
    done: mpsc::Sender<BackfillDone>,
    options: SchedulerOptions,
    /// Accounts whose host is not known yet.
    queue: Queue,
    /// Accounts whose document is being fetched, and how each is wanted again meanwhile.
    locating: HashMap<String, (Order, Option<Order>)>,
    /// Accounts that wait for a turn at their host, and how many are read there.
    hosts: HashMap<String, AtHost>,
    /// Accounts that wait there, and at which.
    located: HashMap<String, String>,
    /// Accounts being read, and how each is wanted again.
    reading: HashMap<String, Option<Order>>,
    running: JoinSet<Ended>,
    counts: Arc<Counts>,
}

/// What is to be read of one host, and being read there.
#[derive(Default)]
struct AtHost {
    waiting: Queue,
    documents: HashMap<String, Located>,
    running: usize,
}

/// What a task of the scheduler has done.
enum Ended {
    /// An account was located, or cannot be, which has been said.
    Located(String, Option<Located>),
    /// An account of this host was read, or cannot be, which has been said.
    Read(String, String),
}

impl Task {
    async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut open = true;
        loop {
            self.start_locating();
            self.start_reading();
            let queued = self.queue.len() + self.located.len();
            self.counts.queued.store(queued, Ordering::Relaxed);
            self.counts
                .running
                .store(self.locating.len() + self.reading.len(), Ordering::Relaxed);
            tokio::select! {
                request = requests.recv(), if open && queued < self.options.queued_max.max(1) => {
                    match request {
                        Some(request) => self.take(request),
                        None => open = false,
                    }
                }
                Some(ended) = self.running.join_next() => self.finish(ended),
                () = self.done.closed() => return,
                else => return,
            }
            if !open && self.running.is_empty() && self.queue.len() + self.located.len() == 0 {
                return;
            }
        }
    }

    fn take(&mut self, Request { did, order }: Request) {
        if let Some(again) = self.reading.get_mut(&did) {
            *again = Some(order.or_union(again.take()));
        } else if let Some((_, again)) = self.locating.get_mut(&did) {
            *again = Some(order.or_union(again.take()));
        } else if let Some(host) = self.located.get(&did)
            && let Some(at) = self.hosts.get_mut(host)
        {
            at.waiting.push(did, order);
        } else {
            self.queue.push(did, order);
        }
    }

    /// Documents are fetched ahead, so that every host has something to do.
    fn start_locating(&mut self) {
        while self.locating.len() < LOCATING_MAX
            && self.located.len() < LOCATED_MAX
            && let Some((did, order)) = self.queue.pop()
        {
            self.locating.insert(did.clone(), (order, None));
            let (reader, done) = (self.reader.clone(), self.done.clone());
            let time_max = self.options.locating_time_max;
            self.running.spawn(async move {
                let located = tokio::time::timeout(time_max, reader.locate(&did)).await;
                let too_long = |_| Err(unreachable(&did, "no document", time_max));
                match located.unwrap_or_else(too_long) {
                    Ok(located) => Ended::Located(did, Some(located)),
                    Err(error) => {
                        tell(&done, &did, Err(error)).await;
                        Ended::Located(did, None)
                    }
                }
            });
        }
    }

    /// The best of what waits, at that host of its where least is going on.
    fn start_reading(&mut self) {
        let at_once = self.options.accounts_at_once_max.max(1);
        while self.reading.len() < at_once {
            // The second half of the room is for hosts where nothing is going on yet: so those that
            // let us wait cannot fill it.
            let per_host = match self.reading.len() * 2 < at_once {
                true => self.options.accounts_per_host_max.max(1),
                false => 1,
            };
            let free = self.hosts.iter_mut().filter_map(|(name, at)| {
                let priority = (at.running < per_host).then(|| at.waiting.best())??;
                Some(((priority, at.running), name))
            });
            let Some(name) = free.min().map(|(_, name)| name.clone()) else {
                return;
            };
            self.read_at(name);
        }
    }

    fn read_at(&mut self, host: String) {
        let Some(at) = self.hosts.get_mut(&host) else {
            return;
        };
        let Some((did, order)) = at.waiting.pop() else {
            return;
        };
        let Some(located) = at.documents.remove(&did) else {
            return;
        };
        at.running += 1;
        self.located.remove(&did);
        self.reading.insert(did.clone(), None);
        let (reader, done) = (self.reader.clone(), self.done.clone());
        let pages = self.reader.pages(&order.wanted);
        let time_max = self.options.reading_time_max + self.options.page_time * pages;
        self.running.spawn(async move {
            let read = reader.read_located(&located, &order.wanted);
            let read = tokio::time::timeout(time_max, read).await;
            let too_long = |_| Err(unreachable(&did, "not read", time_max));
            tell(&done, &did, read.unwrap_or_else(too_long)).await;
            Ended::Read(did, host)
        });
    }

    fn wait_at_host(&mut self, did: String, order: Order, located: Located) {
        let host = located.host();
        self.located.insert(did.clone(), host.clone());
        let at = self.hosts.entry(host).or_default();
        at.documents.insert(did.clone(), located);
        at.waiting.push(did, order);
    }

    fn finish(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        match ended {
            Ok(Ended::Located(did, located)) => match (self.locating.remove(&did), located) {
                (Some((order, again)), Some(located)) => {
                    self.wait_at_host(did, order.or_union(again), located);
                }
                // Only the first was told that it failed: the second may have come after that.
                (Some((_, Some(again))), None) => self.queue.push(did, again),
                _ => {}
            },
            Ok(Ended::Read(did, host)) => {
                if let Some(at) = self.hosts.get_mut(&host) {
                    at.running -= 1;
                    if at.running == 0 && at.waiting.len() == 0 {
                        self.hosts.remove(&host);
                    }
                }
                if let Some(Some(order)) = self.reading.remove(&did) {
                    self.queue.push(did, order);
                }
            }
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => {}
        }
    }
}

fn unreachable(did: &str, what: &str, time: Duration) -> ReadError {
    ReadError::Unreachable {
        did: did.to_owned(),
        reason: format!("{what} in {time:?}"),
    }
}

/// Hands over a result. An error means that nobody listens any more, which `run` sees too.
async fn tell(
    done: &mpsc::Sender<BackfillDone>,
    did: &str,
    result: Result<AccountRead, ReadError>,
) {
    let did = did.to_owned();
    let _ = done.send(BackfillDone { did, result }).await;
}
