//! Sources at work: relays and Jetstreams as one failover group, every PDS and file by itself, each
//! with a task behind it that decodes and checks what it brings, in order.

use std::{collections::VecDeque, path::PathBuf, sync::Arc};

use kith_config::{Config, Source, Start};
use kith_feeder::source::{
    self, Delivery, GroupOptions, Meters, Position, Sender, SourceId, SourceKind, SourceSpec, What,
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    checker::{Checker, Patience, Trust, Verdict},
    engine::{Engine, SourceIndex},
    network,
    watched::{Ahead, Watched},
};

/// Deliveries that wait for the writer, of all lanes; their bytes are bounded by the sources' own
/// budgets. Few: what was looked at before its account came in is looked at again, on the writer's
/// time.
const INBOX: usize = 8;

/// Bytes of a file that are read ahead: so much that nobody waits for his turn on the processors, so
/// little that it is still in their cache.
const AHEAD_OF_FILE: usize = 8 << 20;

/// Something a source brought.
pub(crate) struct Input {
    /// Which source.
    pub(crate) source: SourceIndex,
    /// What it brought.
    pub(crate) delivery: Delivery,
    /// Its frames, one by one, as they were decoded.
    pub(crate) ahead: Vec<Ahead>,
    /// What is known of its frames, one by one; of those behind the last nothing.
    pub(crate) verdicts: Vec<Verdict>,
}

/// One source as the service knows it.
pub(crate) struct Origin {
    /// Its number in the engine.
    pub(crate) index: SourceIndex,
    /// What its word is worth.
    pub(crate) trust: Trust,
    /// What it counts.
    pub(crate) meters: Arc<Meters>,
}

/// The sources' tasks. Dropping it ends them.
pub(crate) struct Sources {
    inbox: mpsc::Receiver<Input>,
    /// What was brought before its time.
    held: VecDeque<Input>,
    /// The streams that are read at once; those of a group stand in for each other.
    pub(crate) lanes: Vec<Vec<SourceIndex>>,
    /// All of them, by their place in the config.
    pub(crate) origins: Arc<[Origin]>,
    watched: Arc<Watched>,
    /// Checks what nobody has checked yet.
    pub(crate) checker: Option<Checker>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Sources {
    /// Starts every source of the config where it was left, or where the config says.
    pub(crate) fn of_config(config: &Config, engine: &mut Engine, checker: Checker) -> Sources {
        let mut origins = Vec::new();
        let (mut group, mut alone) = (Vec::new(), Vec::new());
        for (number, source) in config.sources.iter().enumerate() {
            let index = engine.source(source.kind(), &file_or_url(source));
            let (spec, start) = spec(config, number, source);
            let start = engine.resume(index).unwrap_or(start);
            let trust = match source {
                Source::Relay { .. } => Trust::Relay,
                Source::Pds { url, .. } => Trust::Pds(url.clone()),
                Source::Jetstream { .. } | Source::File { .. } => Trust::Believed,
            };
            origins.push(Origin {
                index,
                trust,
                meters: Arc::clone(&spec.meters),
            });
            match is_one_of_a_group(source) {
                true => group.push((spec, start)),
                false => alone.push((spec, start, engine.heard(index))),
            }
        }
        let lanes = alone.len() + usize::from(!group.is_empty());
        let bytes_max = ((config.network.buffer_mebibytes as usize) << 20) / lanes.max(1);
        let options = GroupOptions {
            heard: engine.heard_of_a_group(),
            ..GroupOptions::default()
        };
        let (mut sources, inbox) = Sources::new(origins, engine.watched(), Some(checker));
        sources.lanes = lanes_of(config, &sources.origins);
        if !group.is_empty() {
            let stop = sources.stop.clone();
            sources.lane(bytes_max, &inbox, |out| {
                source::run_group(group, options, out, stop)
            });
        }
        for (spec, start, heard) in alone {
            let stop = sources.stop.clone();
            sources.lane(bytes_max, &inbox, |out| {
                source::run(spec, start, heard, out, stop)
            });
        }
        sources
    }

    /// Starts reading one file, where it was left.
    pub(crate) fn of_file(path: PathBuf, engine: &mut Engine) -> Sources {
        let index = engine.source("file", &absolute(&path));
        let start = engine.resume(index).unwrap_or(Position::Oldest);
        let kind = SourceKind::File { path };
        let spec = SourceSpec::new(SourceId(0), kind, source::StreamOptions::default());
        let origin = Origin {
            index,
            trust: Trust::Believed,
            meters: Arc::clone(&spec.meters),
        };
        let (mut sources, inbox) = Sources::new(vec![origin], engine.watched(), None);
        let stop = sources.stop.clone();
        sources.lane(AHEAD_OF_FILE, &inbox, |out| {
            source::run(spec, start, None, out, stop)
        });
        sources
    }

    fn new(
        origins: Vec<Origin>,
        watched: Arc<Watched>,
        checker: Option<Checker>,
    ) -> (Sources, mpsc::Sender<Input>) {
        let (sender, inbox) = mpsc::channel(INBOX);
        let sources = Sources {
            inbox,
            held: VecDeque::new(),
            lanes: Vec::new(),
            origins: origins.into(),
            watched,
            checker,
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
        };
        (sources, sender)
    }

    /// Starts a source or a group, and the task that checks what comes of it.
    fn lane<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        bytes_max: usize,
        inbox: &mpsc::Sender<Input>,
        run: impl FnOnce(Sender) -> F,
    ) {
        let (sender, mut receiver) = source::channel(bytes_max);
        self.tasks.spawn(run(sender));
        let (inbox, origins) = (inbox.clone(), Arc::clone(&self.origins));
        let (checker, watched) = (self.checker.clone(), Arc::clone(&self.watched));
        self.tasks.spawn(async move {
            let mut patience = Patience::of_a_stream();
            while let Some(delivery) = receiver.recv().await {
                let Some(origin) = origins.get(usize::from(delivery.source.0)) else {
                    continue;
                };
                let verdicts = match &checker {
                    Some(checker) => {
                        let looked = checker.look(&delivery.what, &origin.trust, &mut patience);
                        looked.await
                    }
                    None => Vec::new(),
                };
                let ahead = match &delivery.what {
                    What::Frames(frames) => {
                        let frames = frames.iter().map(|frame| frame.bytes);
                        frames.map(|frame| watched.decode(frame)).collect()
                    }
                    _ => Vec::new(),
                };
                let input = Input {
                    source: origin.index,
                    delivery,
                    ahead,
                    verdicts,
                };
                if inbox.send(input).await.is_err() {
                    return;
                }
            }
        });
    }

    /// The next thing that they bring; None at their end. Nothing is lost if this is dropped.
    pub(crate) async fn recv(&mut self) -> Option<Input> {
        match self.held.pop_front() {
            Some(held) => Some(held),
            None => self.inbox.recv().await,
        }
    }

    /// Whether nothing that they brought waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.held.is_empty() && self.inbox.is_empty()
    }

    /// The next thing that they bring, past what is held.
    pub(crate) async fn recv_new(&mut self) -> Option<Input> {
        self.inbox.recv().await
    }

    /// Keeps something for later. It keeps its share of the source's budget too, in which what was decoded
    /// has none.
    pub(crate) fn hold(&mut self, mut input: Input) {
        input.ahead = Vec::new();
        self.held.push_back(input);
    }

    /// Tells the sources to stop; what they have sent is still in the inbox.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Checks a frame that nobody has checked.
    pub(crate) async fn check(
        &self,
        frame: &[u8],
        source: SourceIndex,
        patience: &mut Patience,
    ) -> Verdict {
        let origin = self.origins.iter().find(|origin| origin.index == source);
        match (&self.checker, origin) {
            (Some(checker), Some(origin)) => checker.check(frame, &origin.trust, patience).await,
            _ => Verdict::Good,
        }
    }
}

/// The streams by what is read at once.
fn lanes_of(config: &Config, origins: &[Origin]) -> Vec<Vec<SourceIndex>> {
    let (mut lanes, mut group) = (Vec::new(), Vec::new());
    for (source, origin) in config.sources.iter().zip(origins) {
        match source {
            Source::File { .. } => {}
            _ if is_one_of_a_group(source) => group.push(origin.index),
            _ => lanes.push(vec![origin.index]),
        }
    }
    lanes.extend((!group.is_empty()).then_some(group));
    lanes
}

/// Whether a source is one of those that stand in for each other.
pub(crate) fn is_one_of_a_group(source: &Source) -> bool {
    matches!(source, Source::Relay { .. } | Source::Jetstream { .. })
}

/// A source of the config, and where it says to begin.
pub(crate) fn spec(config: &Config, number: usize, source: &Source) -> (SourceSpec, Position) {
    let url = source.url().unwrap_or_default().to_owned();
    let kind = match source {
        Source::Relay { .. } => SourceKind::Relay { url },
        Source::Jetstream { .. } => SourceKind::Jetstream { url },
        Source::Pds { .. } => SourceKind::Pds { url },
        Source::File { path } => SourceKind::File { path: path.clone() },
    };
    let start = match source.start() {
        Start::Live => Position::Live,
        Start::Oldest => Position::Oldest,
        Start::Cursor(cursor) => Position::From(cursor),
    };
    let id = SourceId(u16::try_from(number).unwrap_or(u16::MAX));
    (
        SourceSpec::new(id, kind, network::stream_options(config)),
        start,
    )
}

/// The sources of the config as the store names them: kind, and url or path.
pub(crate) fn names(config: &Config) -> Vec<(&'static str, String)> {
    let sources = config.sources.iter();
    sources
        .map(|source| (source.kind(), file_or_url(source)))
        .collect()
}

/// How a source is named in the store: a file by its full path.
pub(crate) fn file_or_url(source: &Source) -> String {
    match source {
        Source::File { path } => absolute(path),
        stream => stream.name(),
    }
}

fn absolute(path: &std::path::Path) -> String {
    std::fs::canonicalize(path)
        .unwrap_or_else(|_| path.to_owned())
        .display()
        .to_string()
}
