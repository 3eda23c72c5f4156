//! Sources at work: one task for each, and a gate behind it.
//!
//! The gate asks, before an `#account` event of a PDS is passed on, whether that PDS is the
//! account's current host: after a move the old one says that the account is deactivated. The
//! order of the source's frames is kept, so whatever follows waits for the answer.

use std::{path::PathBuf, time::Duration};

use kith_config::{Config, Source, Start};
use kith_feeder::{
    identity::{Directory, IdentityError},
    source::{self, Delivery, Position, SourceId, SourceKind, SourceSpec, What},
    wire::{self, Decoded, Message},
    xrpc::same_host,
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{Engine, SourceIndex},
    network,
};

/// Deliveries that wait for the writer; their bytes are bounded by the sources' own budgets.
const INBOX: usize = 64;
/// How often the directory is asked again, when it does not answer, before an event is left.
const ASK_PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(15),
    Duration::from_mins(1),
];

/// Something a source brought.
pub(crate) struct Input {
    /// Which source.
    pub(crate) source: SourceIndex,
    /// What it brought.
    pub(crate) delivery: Delivery,
    /// Whether its word on accounts' status counts.
    pub(crate) believed: bool,
}

/// The sources' tasks. Dropping it ends them.
pub(crate) struct Sources {
    /// What they bring.
    pub(crate) inbox: mpsc::Receiver<Input>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Sources {
    /// Starts every source of the config where it was left, or where the config says.
    pub(crate) fn of_config(
        config: &Config,
        engine: &mut Engine,
        directory: &Directory,
    ) -> Sources {
        let (sender, inbox) = mpsc::channel(INBOX);
        let mut sources = Sources {
            inbox,
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
        };
        let streams = config.sources.len().max(1);
        let bytes_max = (config.network.buffer_mebibytes as usize) << 20;
        for (number, source) in config.sources.iter().enumerate() {
            let index = engine.source(source.kind(), &file_or_url(source));
            let url = source.url().unwrap_or_default().to_owned();
            let kind = match source {
                Source::Relay { .. } => SourceKind::Relay { url: url.clone() },
                Source::Jetstream { .. } => SourceKind::Jetstream { url: url.clone() },
                Source::Pds { .. } => SourceKind::Pds { url: url.clone() },
                Source::File { path } => SourceKind::File { path: path.clone() },
            };
            let start = match (engine.cursor(index), source.start()) {
                (Some(cursor), _) => Position::After(cursor),
                (None, Start::Live) => Position::Live,
                (None, Start::Oldest) => Position::Oldest,
                (None, Start::Cursor(cursor)) => Position::From(cursor),
            };
            let id = SourceId(u16::try_from(number).unwrap_or(u16::MAX));
            let spec = SourceSpec::new(id, kind, network::stream_options(config));
            let asked = matches!(source, Source::Pds { .. }).then(|| (directory.clone(), url));
            sources.start(
                spec,
                start,
                index,
                bytes_max / streams,
                asked,
                sender.clone(),
            );
        }
        sources
    }

    /// Starts reading one file, where it was left.
    pub(crate) fn of_file(path: PathBuf, engine: &mut Engine) -> Sources {
        let (sender, inbox) = mpsc::channel(INBOX);
        let mut sources = Sources {
            inbox,
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
        };
        let index = engine.source("file", &absolute(&path));
        let start = engine
            .cursor(index)
            .map_or(Position::Oldest, Position::After);
        let kind = SourceKind::File { path };
        let spec = SourceSpec::new(SourceId(0), kind, source::StreamOptions::default());
        sources.start(spec, start, index, source::QUEUE_BYTES_MAX, None, sender);
        sources
    }

    fn start(
        &mut self,
        spec: SourceSpec,
        start: Position,
        index: SourceIndex,
        bytes_max: usize,
        asked: Option<(Directory, String)>,
        inbox: mpsc::Sender<Input>,
    ) {
        let (sender, mut receiver) = source::channel(bytes_max);
        self.tasks
            .spawn(source::run(spec, start, sender, self.stop.clone()));
        self.tasks.spawn(async move {
            while let Some(delivery) = receiver.recv().await {
                let believed = match &asked {
                    Some((directory, host)) => is_believed(&delivery.what, directory, host).await,
                    None => true,
                };
                let input = Input {
                    source: index,
                    delivery,
                    believed,
                };
                if inbox.send(input).await.is_err() {
                    return;
                }
            }
        });
    }

    /// Tells the sources to stop; what they have sent is still in the inbox.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }
}

/// How a source is named in the store: a file by its full path.
fn file_or_url(source: &Source) -> String {
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

/// Whether what a PDS says of an account's status counts: only if it is the account's host now.
async fn is_believed(what: &What, directory: &Directory, host: &str) -> bool {
    let What::Frames(frames) = what else {
        return true;
    };
    for frame in frames.iter() {
        let nobody = |_: &str, _| false;
        let Ok(Decoded::Message(Message::Account { did, status, .. })) =
            wire::decode(frame.bytes, &nobody)
        else {
            continue;
        };
        if !is_current_host(directory, host, &did, status.as_deref()).await {
            return false;
        }
    }
    true
}

async fn is_current_host(
    directory: &Directory,
    host: &str,
    did: &str,
    status: Option<&str>,
) -> bool {
    for pause in ASK_PAUSES.into_iter().map(Some).chain([None]) {
        match directory.current_host(did).await {
            Ok(current) => return current.is_some_and(|current| same_host(&current, host)),
            // Nobody hosts it any more, and the last host says so.
            Err(IdentityError::Gone { .. }) => return status == Some("deleted"),
            Err(error) if error.is_retryable() => {
                if let Some(pause) = pause {
                    tokio::time::sleep(pause).await;
                } else {
                    tracing::warn!(did, %error, "account event left: its host is not known");
                }
            }
            Err(_) => return false,
        }
    }
    false
}
