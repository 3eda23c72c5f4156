//! Frames of a source, written to a file that the file source reads.

use super::QUEUE_BYTES_MAX;
use super::channel::{Receiver, Sender, What, channel};
use super::group::{GroupOptions, run_group};
use super::spec::{Position, SourceSpec, run};
use crate::wire;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How much is gathered before it is written, in bytes.
const BUFFER_BYTES: usize = 1 << 20;
/// Longest time that the source is given to end after the recording has.
const LINGER: Duration = Duration::from_secs(5);

/// When a recording ends; without any limit at shutdown, or at the end of a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordLimits {
    /// Most bytes of frames and lengths, before compression.
    pub bytes_max: Option<u64>,
    /// Most frames.
    pub frames_max: Option<u64>,
    /// Longest time.
    pub duration_max: Option<Duration>,
}

/// What was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Frames written.
    pub frames: u64,
    /// Bytes of frames and lengths, before compression.
    pub bytes: u64,
    /// Pieces of garbage that were left out.
    pub bad: u64,
    /// How often the connection was lost.
    pub disconnects: u64,
    /// How often something may have been missed.
    pub gaps: u64,
    /// Seq of the last frame that has one.
    pub last_seq: Option<u64>,
}

/// Why there is no recording, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file could not be made.
    #[error("cannot make {}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The source cannot be read.
    #[error("{message}")]
    Source {
        /// What, where, and what to do.
        message: String,
    },
}

/// Records a source, or a failover group, into a new file, until a limit is reached, the source ends, or `shutdown`.
///
/// The file is `[u32 big-endian length][frame]`, repeated, compressed with zstd if its name ends
/// in `.zst`. Frames are not decoded, and duplicates of a stream are left out. A failover group
/// writes one file; while it changes over, events may be in it twice.
pub async fn record(
    sources: Vec<(SourceSpec, Position)>,
    path: &Path,
    limits: RecordLimits,
    shutdown: CancellationToken,
) -> Result<Recorded, RecordError> {
    let mut output = Output::create(path).map_err(|source| RecordError::Create {
        path: path.to_owned(),
        source,
    })?;
    let (sender, receiver) = channel(QUEUE_BYTES_MAX);
    let stop = shutdown.child_token();
    let source = tokio::spawn(run_sources(sources, sender, stop.clone()));
    let recorded = tokio::select! {
        recorded = write_frames(receiver, &mut output, limits) => recorded,
        () = at_the_end(limits.duration_max) => Ok(Ended::Limit),
        () = shutdown.cancelled() => Ok(Ended::Limit),
    };
    stop.cancel();
    // A source that does not end is dropped with the runtime; the file is whole without it.
    let _ = timeout(LINGER, source).await;
    let written = output.recorded;
    let finished = output.finish();
    let as_write = |source| RecordError::Write {
        path: path.to_owned(),
        source,
    };
    match recorded.map_err(as_write)? {
        Ended::Failed(message) => {
            if written.frames == 0 {
                // An empty file would only be in the way of the next attempt.
                std::fs::remove_file(path).map_err(as_write)?;
            }
            Err(RecordError::Source { message })
        }
        Ended::Limit => finished.map(|()| written).map_err(as_write),
    }
}

async fn run_sources(
    mut sources: Vec<(SourceSpec, Position)>,
    out: Sender,
    stop: CancellationToken,
) {
    match sources.pop() {
        Some((spec, start)) if sources.is_empty() => run(spec, start, None, out, stop).await,
        last => {
            sources.extend(last);
            run_group(sources, GroupOptions::default(), out, stop).await;
        }
    }
}

async fn at_the_end(duration: Option<Duration>) {
    match duration {
        Some(duration) => sleep(duration).await,
        None => std::future::pending().await,
    }
}

/// Why no more frames are written.
enum Ended {
    Limit,
    Failed(String),
}

async fn write_frames(
    mut receiver: Receiver,
    output: &mut Output,
    limits: RecordLimits,
) -> io::Result<Ended> {
    while let Some(delivery) = receiver.recv().await {
        match &delivery.what {
            What::Frames(frames) => {
                for frame in frames.iter() {
                    if output.is_full(frame.bytes.len(), limits) {
                        return Ok(Ended::Limit);
                    }
                    output.write(frame.bytes)?;
                    // At once: the next frame may be long in coming.
                    if output.is_full(0, limits) {
                        return Ok(Ended::Limit);
                    }
                }
            }
            What::Bad { reason, detail, .. } => {
                tracing::warn!(reason, detail, "bad input");
                output.recorded.bad += 1;
            }
            What::Disconnected { reason, detail } => {
                tracing::warn!(reason, detail, "source disconnected");
                output.recorded.disconnects += 1;
            }
            What::Gap(_) => output.recorded.gaps += 1,
            What::Connected => {}
            What::Finished { .. } => return Ok(Ended::Limit),
            What::Failed { message } => return Ok(Ended::Failed(message.clone())),
        }
    }
    Ok(Ended::Limit)
}

/// The file, and what has been written to it.
struct Output {
    sink: Sink,
    recorded: Recorded,
}

enum Sink {
    Plain(BufWriter<File>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Output {
    fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        let file = BufWriter::with_capacity(BUFFER_BYTES, file);
        let sink = if path.extension().is_some_and(|extension| extension == "zst") {
            Sink::Zstd(zstd::Encoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL)?)
        } else {
            Sink::Plain(file)
        };
        Ok(Self {
            sink,
            recorded: Recorded::default(),
        })
    }

    fn is_full(&self, next: usize, limits: RecordLimits) -> bool {
        let Recorded { frames, bytes, .. } = self.recorded;
        limits.frames_max.is_some_and(|max| frames >= max)
            || limits
                .bytes_max
                .is_some_and(|max| bytes + 4 + next as u64 > max)
    }

    fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
        let sink: &mut dyn Write = match &mut self.sink {
            Sink::Plain(sink) => sink,
            Sink::Zstd(sink) => sink,
        };
        sink.write_all(&length.to_be_bytes())?;
        sink.write_all(frame)?;
        self.recorded.frames += 1;
        self.recorded.bytes += 4 + u64::from(length);
        // Frames of a file are passed on undecoded, so this may be the first look at them.
        let seq = wire::peek(frame).ok().and_then(|peek| peek.seq);
        self.recorded.last_seq = seq.or(self.recorded.last_seq);
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        let file = match self.sink {
            Sink::Plain(sink) => sink,
            Sink::Zstd(sink) => sink.finish()?,
        };
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()
    }
}
