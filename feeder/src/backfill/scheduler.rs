//! Many accounts at once, the most important first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{AccountRead, ReadError, Reader, Wanted};

/// Requests on their way to the scheduler's queue.
const REQUESTS_MAX: usize = 256;

/// Bounds of a [`Scheduler`].
#[derive(Debug, Clone)]
pub struct SchedulerOptions {
    /// Accounts read at once.
    pub accounts_at_once_max: usize,
    /// Accounts waiting in memory; [`Scheduler::request`] waits while it is full.
    pub queued_max: usize,
}

impl Default for SchedulerOptions {
    fn default() -> SchedulerOptions {
        SchedulerOptions {
            accounts_at_once_max: 32,
            queued_max: 100_000,
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
    /// Accounts being read, or waiting to hand over their result.
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
struct Order {
    priority: u8,
    wanted: Wanted,
}

impl Order {
    fn union(self, other: Order) -> Order {
        Order {
            priority: self.priority.min(other.priority),
            wanted: self.wanted.union(other.wanted),
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
            at_once_max: options.accounts_at_once_max.max(1),
            queued_max: options.queued_max.max(1),
            queue: Queue::default(),
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
    at_once_max: usize,
    queued_max: usize,
    queue: Queue,
    /// Accounts being read, and how each is wanted again.
    reading: HashMap<String, Option<Order>>,
    running: JoinSet<String>,
    counts: Arc<Counts>,
}

impl Task {
    async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut open = true;
        loop {
            self.start_reading();
            self.counts
                .queued
                .store(self.queue.len(), Ordering::Relaxed);
            self.counts
                .running
                .store(self.running.len(), Ordering::Relaxed);
            tokio::select! {
                request = requests.recv(), if open && self.queue.len() < self.queued_max => {
                    match request {
                        Some(request) => self.take(request),
                        None => open = false,
                    }
                }
                Some(ended) = self.running.join_next() => self.finish(ended),
                () = self.done.closed() => return,
                else => return,
            }
            if !open && self.running.is_empty() && self.queue.len() == 0 {
                return;
            }
        }
    }

    fn take(&mut self, request: Request) {
        match self.reading.get_mut(&request.did) {
            Some(again) => {
                *again = Some(match again.take() {
                    Some(order) => order.union(request.order),
                    None => request.order,
                });
            }
            None => self.queue.push(request.did, request.order),
        }
    }

    fn start_reading(&mut self) {
        while self.running.len() < self.at_once_max
            && let Some((did, order)) = self.queue.pop()
        {
            self.reading.insert(did.clone(), None);
            let reader = self.reader.clone();
            let done = self.done.clone();
            self.running.spawn(async move {
                let result = reader.read_account(&did, &order.wanted).await;
                // An error means that nobody listens any more, which `run` sees too.
                let _ = done
                    .send(BackfillDone {
                        did: did.clone(),
                        result,
                    })
                    .await;
                did
            });
        }
    }

    fn finish(&mut self, ended: Result<String, tokio::task::JoinError>) {
        match ended {
            Ok(did) => {
                if let Some(Some(order)) = self.reading.remove(&did) {
                    self.queue.push(did, order);
                }
            }
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => {}
        }
    }
}

/// Accounts by priority, then by order of arrival; each once.
#[derive(Default)]
struct Queue {
    heap: BinaryHeap<Reverse<(u8, u64, String)>>,
    waiting: HashMap<String, Order>,
    arrivals: u64,
}

impl Queue {
    fn len(&self) -> usize {
        self.waiting.len()
    }

    fn push(&mut self, did: String, order: Order) {
        let priority = order.priority;
        if let Some(known) = self.waiting.get_mut(&did) {
            let before = known.priority;
            *known = known.clone().union(order);
            if before <= priority {
                return;
            }
        } else {
            self.waiting.insert(did.clone(), order);
        }
        self.arrivals += 1;
        self.heap.push(Reverse((priority, self.arrivals, did)));
    }

    fn pop(&mut self) -> Option<(String, Order)> {
        while let Some(Reverse((priority, _, did))) = self.heap.pop() {
            // What was asked for again with a better priority has left its old entry behind.
            if self
                .waiting
                .get(&did)
                .is_some_and(|order| order.priority == priority)
            {
                return self.waiting.remove_entry(&did);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_goes_by_priority_then_by_arrival() {
        let mut queue = Queue::default();
        for (did, priority) in [("c", 2), ("a", 1), ("b", 1), ("c", 3), ("z", 0), ("b", 0)] {
            let wanted = Wanted {
                follows: priority == 3,
                ..Wanted::default()
            };
            queue.push(did.to_owned(), Order { priority, wanted });
        }
        assert_eq!(queue.len(), 4);
        assert!(queue.waiting["c"].wanted.follows, "what is wanted adds up");
        let order: Vec<_> = std::iter::from_fn(|| queue.pop().map(|(did, _)| did)).collect();
        assert_eq!(order, ["z", "b", "a", "c"]);
        assert_eq!(queue.len(), 0);
    }
}
