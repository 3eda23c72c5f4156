//! What a source delivers, in words.

use kith_feeder::source::{
    Delivery, Gap, GroupOptions, Meters, Position, Receiver, SourceId, SourceKind, SourceSpec,
    StreamOptions, What, channel, run, run_group,
};
use kith_feeder::wire::{self, Micros};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

/// No test waits longer for a word, however slow the machine is.
pub(crate) const SILENCE_MAX: Duration = Duration::from_mins(3);

/// A running source.
pub(crate) struct Running {
    pub(crate) receiver: Receiver,
    pub(crate) meters: Vec<Arc<Meters>>,
    /// Events that were delivered together with those before them.
    said: VecDeque<String>,
    /// What was said of gaps.
    pub(crate) gaps: Vec<Gap>,
    /// Every frame.
    pub(crate) frames: Vec<Vec<u8>>,
    _stop: DropGuard,
}

/// Options that make tests quick: waits of a millisecond, and a watchdog that waits long.
pub(crate) fn quick() -> StreamOptions {
    StreamOptions {
        allow_private_addresses: true,
        // Tables say which cursor is asked for; the overlap has tests of its own.
        overlap: 0,
        backoff_first: Duration::from_millis(1),
        backoff_max: Duration::from_millis(5),
        ..StreamOptions::default()
    }
}

pub(crate) fn start(
    kind: SourceKind,
    options: StreamOptions,
    position: Position,
    budget: usize,
) -> Running {
    start_after(None, kind, options, position, budget)
}

/// Starts a source that was heard up to a time.
pub(crate) fn start_after(
    heard: Option<Micros>,
    kind: SourceKind,
    options: StreamOptions,
    position: Position,
    budget: usize,
) -> Running {
    let (sender, receiver) = channel(budget);
    let shutdown = CancellationToken::new();
    let spec = SourceSpec::new(SourceId(3), kind, options);
    let meters = vec![Arc::clone(&spec.meters)];
    tokio::spawn(run(spec, position, heard, sender, shutdown.clone()));
    Running::new(receiver, meters, shutdown)
}

/// Starts a failover group; the members' ids are their places.
pub(crate) fn start_group(
    members: Vec<(SourceKind, Position)>,
    stream: &StreamOptions,
    options: GroupOptions,
) -> Running {
    let (sender, receiver) = channel(1 << 20);
    let shutdown = CancellationToken::new();
    let specs = (0..).zip(members).map(|(id, (kind, start))| {
        let spec = SourceSpec::new(SourceId(id), kind, stream.clone());
        (spec, start)
    });
    let specs: Vec<_> = specs.collect();
    let meters = specs.iter().map(|(spec, _)| spec.meters.clone()).collect();
    tokio::spawn(run_group(specs, options, sender, shutdown.clone()));
    Running::new(receiver, meters, shutdown)
}

impl Running {
    fn new(receiver: Receiver, meters: Vec<Arc<Meters>>, shutdown: CancellationToken) -> Self {
        Self {
            receiver,
            meters,
            said: VecDeque::new(),
            gaps: Vec::new(),
            frames: Vec::new(),
            _stop: shutdown.drop_guard(),
        }
    }

    /// The next delivery. Silence without end is a failure, but not soon.
    async fn next(&mut self) -> Option<Delivery> {
        let next = timeout(SILENCE_MAX, self.receiver.recv()).await;
        next.expect("the source says nothing more")
    }

    /// The next event, in words; of a group by whom. Gaps and frames are remembered. `None`: the
    /// source has ended.
    async fn event(&mut self) -> Option<String> {
        while self.said.is_empty() {
            let delivery = self.next().await?;
            match &delivery.what {
                What::Gap(gap) => self.gaps.push(gap.clone()),
                What::Frames(frames) => {
                    let frames = frames.iter().map(|frame| frame.bytes.to_vec());
                    self.frames.extend(frames);
                }
                _ => {}
            }
            let mut events = Vec::new();
            describe(&delivery.what, &mut events);
            let is_group = self.meters.len() > 1;
            assert!(is_group || delivery.source == SourceId(3));
            self.said
                .extend(events.into_iter().map(|event| match is_group {
                    true => format!("{}: {event}", delivery.source.0),
                    false => event,
                }));
        }
        self.said.pop_front()
    }

    /// The next events, one by one; ends early if the source does.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<String> {
        let mut events = Vec::new();
        while events.len() < count
            && let Some(event) = self.event().await
        {
            events.push(event);
        }
        events
    }

    /// Every event until the source ends.
    pub(crate) async fn all(mut self) -> Vec<String> {
        self.take(usize::MAX).await
    }

    /// Events up to the first that begins with `last`, that one included.
    pub(crate) async fn until(&mut self, last: &str) -> Vec<String> {
        let mut events = Vec::new();
        while let Some(event) = self.event().await {
            let is_last = event.starts_with(last);
            events.push(event);
            if is_last {
                break;
            }
        }
        events
    }
}

fn describe(what: &What, events: &mut Vec<String>) {
    match what {
        What::Frames(frames) => {
            events.extend(frames.iter().map(|frame| match wire::peek(frame.bytes) {
                Ok(peek) if peek.is_error => "error frame".to_owned(),
                Ok(peek) => format!("frame {}", peek.seq.unwrap_or(0)),
                Err(_) => format!("garbage of {}", frame.bytes.len()),
            }));
        }
        What::Connected => events.push("connected".to_owned()),
        What::Disconnected { reason, .. } => events.push(format!("disconnected {reason}")),
        What::Bad {
            reason, position, ..
        } => events.push(format!("bad {reason} at {position}")),
        What::Gap(gap) => events.push(format!("gap {}", gap.reason)),
        What::Finished { position } => events.push(format!("finished at {position}")),
        What::Failed { message } => events.push(format!("failed {message}")),
    }
}
