//! What a source delivers, in words.

use kith_feeder::source::{
    Delivery, Gap, GroupOptions, Meters, Position, Receiver, SourceId, SourceKind, SourceSpec,
    StreamOptions, What, channel, run, run_group,
};
use kith_feeder::wire;
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
    let (sender, receiver) = channel(budget);
    let shutdown = CancellationToken::new();
    let spec = SourceSpec::new(SourceId(3), kind, options);
    let meters = vec![Arc::clone(&spec.meters)];
    tokio::spawn(run(spec, position, sender, shutdown.clone()));
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

    /// Remembers gaps and frames, and says everything in words; of a group by whom.
    fn note(&mut self, delivery: &Delivery, events: &mut Vec<String>) {
        match &delivery.what {
            What::Gap(gap) => self.gaps.push(gap.clone()),
            What::Frames(frames) => {
                let frames = frames.iter().map(|frame| frame.bytes.to_vec());
                self.frames.extend(frames);
            }
            _ => {}
        }
        let first = events.len();
        describe(&delivery.what, events);
        if self.meters.len() > 1 {
            for event in &mut events[first..] {
                *event = format!("{}: {event}", delivery.source.0);
            }
        } else {
            assert_eq!(delivery.source, SourceId(3));
        }
    }

    /// The next events, one by one; ends early if the source does.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<String> {
        let mut events = Vec::new();
        while events.len() < count {
            let Some(delivery) = self.next().await else {
                break;
            };
            self.note(&delivery, &mut events);
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
        while let Some(delivery) = self.next().await {
            self.note(&delivery, &mut events);
            if events.last().is_some_and(|event| event.starts_with(last)) {
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
