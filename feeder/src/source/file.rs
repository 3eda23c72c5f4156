//! Frame files: `[u32 big-endian length][frame]`, repeated; plain or compressed by zstd.

use super::channel::{Closed, Frames, Sender, SourceId, What};
use super::spec::Position;
use crate::wire::FRAME_BYTES_MAX;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// How much is read at once, in bytes, and so the size of a batch: a few hundred frames.
const READ_BYTES: usize = 1 << 20;
/// The length before a frame, in bytes.
const PREFIX_BYTES: usize = 4;

/// Reads a file from an offset to its end. Blocking, so on a thread of its own.
pub(super) async fn run(
    id: SourceId,
    path: PathBuf,
    start: Position,
    out: Sender,
    shutdown: CancellationToken,
) {
    let runtime = Handle::current();
    let reading = tokio::task::spawn_blocking(move || {
        let offset = match start {
            Position::Live | Position::Oldest => 0,
            Position::From(offset)
            | Position::After(offset)
            | Position::AfterEvent { seq: offset, .. } => offset,
        };
        let output = Output {
            id,
            out,
            shutdown,
            runtime,
        };
        let last = match read_file(&path, offset, &output) {
            Ok(position) => What::Finished { position },
            Err(Stop::Ended) => return,
            Err(Stop::Failed(message)) => What::Failed { message },
        };
        // When the reader is gone nobody is left to be told.
        let _ = output.send(last);
    });
    if let Err(panicked) = reading.await
        && panicked.is_panic()
    {
        std::panic::resume_unwind(panicked.into_panic());
    }
}

/// Why reading stops before the end of the file.
enum Stop {
    /// Shutdown, or the reader is gone.
    Ended,
    /// The file cannot be read.
    Failed(String),
}

impl From<Closed> for Stop {
    fn from(_: Closed) -> Self {
        Self::Ended
    }
}

/// The channel, as seen from a blocking thread.
struct Output {
    id: SourceId,
    out: Sender,
    shutdown: CancellationToken,
    runtime: Handle,
}

impl Output {
    fn send(&self, what: What) -> Result<(), Closed> {
        self.runtime.block_on(async {
            tokio::select! {
                () = self.shutdown.cancelled() => Err(Closed),
                sent = self.out.send(self.id, what) => sent,
            }
        })
    }

    fn bad(&self, reason: &'static str, detail: String, position: u64) -> Result<(), Closed> {
        self.send(What::Bad {
            reason,
            detail,
            position,
        })
    }
}

/// Delivers everything from `offset` on; gives the offset behind the last whole frame.
fn read_file(path: &Path, offset: u64, output: &Output) -> Result<u64, Stop> {
    let mut input = open(path, offset).map_err(Stop::Failed)?;
    let mut buffer = Vec::new();
    let mut position = offset;
    loop {
        let more = fill(&mut input, &mut buffer).map_err(|error| {
            Stop::Failed(format!(
                "{}: cannot read at byte {position}: {error}",
                path.display()
            ))
        })?;
        let (consumed, cuts, too_long) = cut(&buffer);
        if !cuts.is_empty() {
            let rest = buffer.split_off(consumed);
            let whole = std::mem::replace(&mut buffer, rest);
            let batch = Frames::of_file(whole, position, cuts);
            position += consumed as u64;
            output.send(What::Frames(batch))?;
        }
        if let Some(length) = too_long {
            let whole = PREFIX_BYTES as u64 + u64::from(length);
            if !skip(&mut input, &mut buffer, whole).unwrap_or(false) {
                if position == 0 {
                    return Err(Stop::Failed(format!(
                        "{} is no recording: it would begin with a frame of {length} bytes\n  help: \
                         name a file that `kith record` made: frames, each behind its length as a \
                         big-endian u32",
                        path.display()
                    )));
                }
                break;
            }
            position += whole;
            let detail = format!("a frame of {length} bytes ends at byte {position}: skipped");
            output.bad("too_long", detail, position)?;
        } else if !more {
            break;
        }
    }
    if !buffer.is_empty() {
        let detail = format!(
            "{}: the file ends within the frame at byte {position}",
            path.display()
        );
        output.bad("truncated", detail, position)?;
    }
    Ok(position)
}

/// Opens a file and goes to an offset; an error says what, where, and what to do.
fn open(path: &Path, offset: u64) -> Result<Box<dyn Read + Send>, String> {
    let name = path.display();
    let mut file = File::open(path)
        .map_err(|error| format!("{name}: cannot open the frame file: {error}; check its path"))?;
    let short = |length: u64| {
        format!(
            "{name}: the saved position {offset} is beyond the end of the file ({length} bytes); \
             it is not the file it was: give it another name"
        )
    };
    if path.extension().is_some_and(|extension| extension == "zst") {
        let mut input = zstd::Decoder::new(file)
            .map_err(|error| format!("{name}: cannot read as zstd: {error}"))?;
        let skipped = io::copy(&mut (&mut input).take(offset), &mut io::sink())
            .map_err(|error| format!("{name}: cannot read up to byte {offset}: {error}"))?;
        return if skipped < offset {
            Err(short(skipped))
        } else {
            Ok(Box::new(input))
        };
    }
    if offset > 0 {
        let length = file
            .seek(SeekFrom::End(0))
            .map_err(|error| format!("{name}: {error}"))?;
        if offset > length {
            return Err(short(length));
        }
        file.seek(SeekFrom::Start(offset))
            .map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(Box::new(file))
}

/// Reads one piece; `false` at the end. A compressed file that was cut off ends where it was cut.
fn fill(input: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<bool> {
    let filled = buffer.len();
    let whole = filled + READ_BYTES;
    buffer.resize(whole, 0);
    let (mut at, mut read) = (filled, Ok(1));
    while at < whole && read.as_ref().is_ok_and(|bytes| *bytes > 0) {
        // In one go: what does not know how much is wanted begins with little.
        read = input.read(&mut buffer[at..]);
        match &read {
            Ok(bytes) => at += bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => read = Ok(1),
            Err(_) => {}
        }
    }
    buffer.truncate(at);
    match read {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(at > filled),
    }
}

/// Finds the whole frames: the bytes they take with their lengths, where they lie, and the
/// length of a frame behind them that is too long to be read.
fn cut(buffer: &[u8]) -> (usize, Vec<(u32, u32)>, Option<u32>) {
    let mut cuts = Vec::new();
    let mut at = 0;
    while let Some((prefix, rest)) = buffer[at..].split_first_chunk() {
        let length = u32::from_be_bytes(*prefix);
        if length as usize > FRAME_BYTES_MAX {
            return (at, cuts, Some(length));
        }
        if rest.len() < length as usize {
            break;
        }
        let begin = at + PREFIX_BYTES;
        at = begin + length as usize;
        // The buffer is bounded by one frame and one read, far below 4 GiB.
        let place = |at: usize| u32::try_from(at).expect("a buffer is smaller than 4 GiB");
        cuts.push((place(begin), place(at)));
    }
    (at, cuts, None)
}

/// Steps over `bytes`, buffered or not; `false`, with something left in the buffer, if the file
/// ends before.
fn skip(input: &mut impl Read, buffer: &mut Vec<u8>, bytes: u64) -> io::Result<bool> {
    let buffered = buffer.len() as u64;
    if let Ok(bytes) = usize::try_from(bytes)
        && bytes <= buffer.len()
    {
        buffer.drain(..bytes);
        return Ok(true);
    }
    let left = bytes - buffered;
    let skipped = io::copy(&mut input.take(left), &mut io::sink())?;
    if skipped == left {
        buffer.clear();
    }
    Ok(skipped == left)
}
