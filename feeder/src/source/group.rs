//! Several streams of the same events, one of them read at a time.
//!
//! Every member is a task of its own, with its own cursor, backoff and memory of what it has
//! delivered, and does nothing until it is told to. [`run_group`] tells them: it reads the first
//! that works, goes on to the next when that one fails too often or too long, and while it reads
//! a later one lets the earlier ones try again now and then. One that delivers takes over, and
//! the later one, once everything it has read is delivered, rests. For a moment both deliver;
//! and a member that comes back resumes at its own cursor, so events come twice: the reader
//! tells them by (repo, rev).

use super::channel::{Sender, What};
use super::spec::{Position, SourceKind, SourceSpec};
use super::stream::{Member, Progress, Report};
use crate::wire::Micros;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;

/// When a group gives one of its sources up, and when it tries it again.
#[derive(Clone, Copy, Debug)]
pub struct GroupOptions {
    /// So many connections in a row that failed, or ended without an event, are enough.
    /// Default 5.
    pub failures_max: u32,
    /// So long without a connection is enough. Default 60 s.
    pub unconnected_max: Duration,
    /// So long without the first event of a connection is enough. Default 5 min.
    pub eventless_max: Duration,
    /// While a later source is read, the earlier ones are tried so often. Default 5 min.
    pub return_after: Duration,
    /// Up to when the same events were read before, by whatever stream: one that is joined live has
    /// missed what came since. Default none.
    pub heard: Option<Micros>,
}

impl Default for GroupOptions {
    fn default() -> Self {
        Self {
            failures_max: 5,
            unconnected_max: Duration::from_mins(1),
            eventless_max: Duration::from_mins(5),
            return_after: Duration::from_mins(5),
            heard: None,
        }
    }
}

/// Reads a failover group: streams in the order of preference, each with its own start. Runs until
/// the reader is gone, `shutdown` is cancelled, or no member can be read at all
/// ([`What::Failed`], one for each). A file cannot be a member; alone it is run like a source.
///
/// To be spawned as a task; must run within a tokio runtime with time and I/O enabled.
pub async fn run_group(
    sources: Vec<(SourceSpec, Position)>,
    options: GroupOptions,
    out: Sender,
    shutdown: CancellationToken,
) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = run_members(sources, options, out) => {}
    }
}

async fn run_members(sources: Vec<(SourceSpec, Position)>, options: GroupOptions, out: Sender) {
    let mut group = Group::new(options);
    if let Some(heard) = options.heard {
        group.progress.note(heard);
    }
    for (index, (spec, start)) in sources.into_iter().enumerate() {
        let meters = Arc::clone(&spec.meters);
        let out = out.metered(Arc::clone(&meters));
        let id = spec.id;
        let member = match spec.kind {
            SourceKind::File { path } => Err(format!(
                "{}: a file cannot be one of several sources that stand in for each other",
                path.display()
            )),
            _ => Member::new(spec, start, out.clone(), Arc::clone(&group.progress)),
        };
        let (order, orders) = watch::channel(false);
        let is_broken = member.is_err();
        match member {
            Ok(member) => {
                let reports = group.reporter.clone();
                group.tasks.spawn(member.run(index, orders, reports));
            }
            // When the reader is gone nobody is left to be told.
            Err(message) => drop(out.send(id, What::Failed { message }).await),
        }
        group.members.push(Place {
            order,
            is_broken,
            meters,
        });
    }
    group.run().await;
}

/// A task that panicked makes its group panic.
fn panic_on(error: JoinError) {
    if let Ok(panic) = error.try_into_panic() {
        std::panic::resume_unwind(panic);
    }
}

struct Group {
    options: GroupOptions,
    members: Vec<Place>,
    tasks: JoinSet<()>,
    /// The latest event that any member has delivered.
    progress: Arc<Progress>,
    reporter: mpsc::Sender<(usize, Report)>,
    reports: mpsc::Receiver<(usize, Report)>,
    /// Which member is read.
    active: usize,
    /// How often in a row it has failed.
    failures: u32,
    /// When it is given up unless it is connected by then, or delivers; `None` while it does.
    patience: Option<Instant>,
}

/// A member, as the group sees it.
struct Place {
    /// Whether it shall read.
    order: watch::Sender<bool>,
    is_broken: bool,
    meters: Arc<super::meters::Meters>,
}

impl Group {
    fn new(options: GroupOptions) -> Self {
        let (reporter, reports) = mpsc::channel(16);
        Self {
            options,
            members: Vec::new(),
            tasks: JoinSet::new(),
            progress: Arc::default(),
            reporter,
            reports,
            active: 0,
            failures: 0,
            patience: None,
        }
    }

    /// Follows the members' reports until none is left.
    async fn run(mut self) {
        let Some(first) = self.members.iter().position(|place| !place.is_broken) else {
            return;
        };
        self.read(first);
        let period = self.options.return_after.max(Duration::from_millis(1));
        let mut again = interval_at(Instant::now() + period, period);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let patience = self.patience.unwrap_or_else(Instant::now);
            let is_alone = self.members.len() == 1;
            tokio::select! {
                Some((index, report)) = self.reports.recv() => {
                    let before = self.active;
                    self.take(index, report);
                    if self.active != before {
                        again.reset();
                    }
                }
                () = sleep_until(patience), if self.patience.is_some() && !is_alone => {
                    self.go_on();
                    again.reset();
                }
                _ = again.tick(), if self.active > 0 => self.try_earlier(),
                // A member ends only when the reader is gone, and then all may.
                Some(ended) = self.tasks.join_next() => return ended.unwrap_or_else(panic_on),
            }
        }
    }

    fn take(&mut self, index: usize, report: Report) {
        match report {
            Report::Connected if index == self.active => {
                self.patience = Some(Instant::now() + self.options.eventless_max);
            }
            Report::Delivering if index <= self.active => {
                // Everything behind it rests: what was read, and earlier ones being tried go on.
                for later in &self.members[index + 1..] {
                    later.order.send_replace(false);
                }
                (self.active, self.failures, self.patience) = (index, 0, None);
            }
            Report::Lost if index == self.active => {
                self.failures += 1;
                let patience = Instant::now() + self.options.unconnected_max;
                self.patience = Some(self.patience.map_or(patience, |p| p.min(patience)));
                if self.failures >= self.options.failures_max {
                    self.go_on();
                }
            }
            // It was only tried.
            Report::Lost => drop(self.members[index].order.send_replace(false)),
            Report::Connected | Report::Delivering => {}
        }
    }

    /// Gives the active member up for the next, after the last the first.
    fn go_on(&mut self) {
        let count = self.members.len();
        let next = (1..count)
            .map(|step| (self.active + step) % count)
            .find(|&index| !self.members[index].is_broken);
        let Some(next) = next else { return };
        self.members[self.active].meters.failed_over();
        self.members[self.active].order.send_replace(false);
        self.read(next);
    }

    fn read(&mut self, index: usize) {
        (self.active, self.failures) = (index, 0);
        self.patience = Some(Instant::now() + self.options.unconnected_max);
        self.members[index].order.send_replace(true);
    }

    fn try_earlier(&self) {
        for place in self.members[..self.active].iter().filter(|p| !p.is_broken) {
            place.order.send_replace(true);
        }
    }
}
