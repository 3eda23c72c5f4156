//! One stream, of a relay, a PDS or a Jetstream, for as long as Kith runs.
//!
//! One task: connect (`connect`), read until something ends it (`session`), wait (`backoff`),
//! and again. `seen` knows what has been delivered, and so from where to resume; `pace` how fast
//! events come, and so what silence and what jump is unusual; `seam` whether something is missing
//! between two connections.
//!
//! What each end of a connection leads to, beside being told and counted:
//!
//! | end | what follows |
//! | --- | --- |
//! | lost, closed, silent, idle | resumed after a wait of growing length, drawn at random |
//! | HTTP 429, 503 and others that name a wait | that wait, up to 15 minutes, and a random one |
//! | HTTP 4xx else, `InvalidRequest` | the longest wait: asking again does not mend it |
//! | HTTP 400, 404, 405, 501 of a Jetstream whose version is not known | the other version |
//! | `FutureCursor` | a gap is said; then live, since the server's seqs are not ours |
//! | `OutdatedCursor` (a note: the stream goes on) | a gap is said |
//! | `CursorTooOld` | a gap is said; then the oldest that is there |
//! | `ConsumerTooSlow`, and our own `behind` | resumed when the queue is half empty |
//! | `UnknownZstdDictionary` | resumed without compression |
//! | a message beyond the WebSocket limit, three times | a gap is said; it is left out |

mod assembly;
mod backoff;
mod connect;
mod dictionary;
mod endpoint;
mod pace;
mod quiet;
mod refusal;
mod seam;
mod seen;
mod session;

use super::channel::{Closed, Gap, Sender, SourceId, What};
use super::meters::Meters;
use super::spec::{Position, SourceKind, SourceSpec, StreamOptions};
use crate::text;
use crate::wire::Micros;
use backoff::Backoff;
use dictionary::Dictionary;
use endpoint::Endpoint;
use pace::Pace;
use seam::{Seam, Told};
use seen::{CLOCK_SKEW, Seen, now};
use session::Session;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

/// Longest wait that a server may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(15);
/// So often a message beyond the WebSocket limit may end the connection at one place before the
/// stream is resumed behind it. The first times may have been a bad connection.
const TOO_LONG_PATIENCE: u32 = 3;

/// What a member tells its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// There is a connection.
    Connected,
    /// The connection has brought its first event.
    Delivering,
    /// The connection ended, or could not be made.
    Lost,
}

/// The latest event that any stream of a group has delivered; before the first, when one was joined.
#[derive(Debug)]
pub(super) struct Progress(AtomicI64);

impl Default for Progress {
    fn default() -> Self {
        Self(AtomicI64::new(Micros::MIN))
    }
}

impl Progress {
    pub(super) fn note(&self, time: Micros) {
        self.0.fetch_max(time, Relaxed);
    }

    /// A stream was joined at this time, and left: if no event was delivered, what comes since is
    /// missed.
    fn begin(&self, time: Micros) {
        // Otherwise it is known better.
        let _ = self.0.compare_exchange(Micros::MIN, time, Relaxed, Relaxed);
    }

    fn latest(&self) -> Option<Micros> {
        Some(self.0.load(Relaxed)).filter(|time| *time != Micros::MIN)
    }
}

/// A stream that is read while its group wants it.
pub(super) struct Member {
    stream: Stream,
}

impl Member {
    /// Checks what can be checked without dialling; an error says what to do.
    pub(super) fn new(
        spec: SourceSpec,
        start: Position,
        out: Sender,
        progress: Arc<Progress>,
    ) -> Result<Self, String> {
        let options = spec.options;
        let endpoint = Endpoint::parse(&spec.kind, options.allow_private_addresses)?;
        let dictionary = options
            .zstd_dictionary
            .as_deref()
            .filter(|_| endpoint.protocol.is_jetstream());
        let dictionary = dictionary.map(Dictionary::read).transpose()?;
        let last_time = match start {
            Position::AfterEvent { time, .. } => Some(time),
            Position::After(cursor) => seen::time_of_cursor(cursor, endpoint.protocol),
            _ => None,
        };
        let buffer_events = match spec.kind {
            SourceKind::Pds { .. } => 500,
            _ => 16_384,
        };
        Ok(Self {
            stream: Stream {
                id: spec.id,
                out,
                seen: Seen::new(start, endpoint.protocol, options.overlap),
                options,
                meters: spec.meters,
                start,
                endpoint,
                dictionary,
                pace: Pace::default(),
                progress,
                last_time,
                has_said_gap: false,
                seam: None,
                buffer_events,
                idle_strikes: 0,
                stuck: 0,
                doubtful: false,
            },
        })
    }

    /// Reads the stream whenever `order` says so; reconnects, resumes, drops duplicates. Ends
    /// when the reader of the frames or the group is gone.
    pub(super) async fn run(
        mut self,
        index: usize,
        order: watch::Receiver<bool>,
        reports: mpsc::Sender<(usize, Report)>,
    ) {
        let mut group = Orders {
            index,
            order,
            reports,
        };
        // The error only says that nobody is left to read for.
        let Err(Closed) = self.stream.run(&mut group).await;
    }
}

/// A member's line to its group.
struct Orders {
    index: usize,
    order: watch::Receiver<bool>,
    reports: mpsc::Sender<(usize, Report)>,
}

impl Orders {
    async fn report(&self, report: Report) -> Result<(), Closed> {
        let told = self.reports.send((self.index, report)).await;
        told.map_err(|_| Closed)
    }

    /// Waits until the order is to read (or to rest).
    async fn until(&mut self, read: bool) -> Result<(), Closed> {
        let told = self.order.wait_for(|now| *now == read).await;
        told.map(drop).map_err(|_| Closed)
    }
}

/// What a stream remembers between connections.
struct Stream {
    id: SourceId,
    out: Sender,
    options: StreamOptions,
    meters: Arc<Meters>,
    start: Position,
    endpoint: Endpoint,
    /// Until the server does not know it.
    dictionary: Option<Dictionary>,
    seen: Seen,
    pace: Pace,
    progress: Arc<Progress>,
    /// The latest event time of this stream.
    last_time: Option<Micros>,
    /// A gap was said whose end is the next event: no other is looked for.
    has_said_gap: bool,
    /// What was heard before, and since when events came again that do not tell whether something is
    /// missing between.
    seam: Option<(Seam, Instant)>,
    /// How often in a row silence was taken for death. It doubles the patience, because what was
    /// learned in a busy hour is wrong in a quiet one.
    idle_strikes: u32,
    /// How many events the server keeps for a slow reader.
    buffer_events: u128,
    /// How many connections in a row a message beyond the WebSocket limit has ended.
    stuck: u32,
    /// Garbage has ended a connection, and no new frame has come since.
    doubtful: bool,
}

/// Why a connection ended, or was not made.
struct End {
    /// A stable, short name.
    reason: String,
    /// More, for logs.
    detail: String,
    /// How long the server asks to be left alone.
    retry_after: Option<Duration>,
}

impl End {
    fn new(reason: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            detail: detail.into(),
            retry_after: None,
        }
    }
}

/// The reason of [`End`] after a message beyond the WebSocket limit.
const TOO_LONG: &str = "too_long";
/// The reason of [`End`] when the server does not have our cursor yet.
const FUTURE_CURSOR: &str = "future_cursor";
/// The reason of [`End`] when the server gave us up because we were slow.
const CONSUMER_TOO_SLOW: &str = "consumer_too_slow";
/// The reason of [`End`] when we left before the server would give us up.
const BEHIND: &str = "behind";
/// The reason of [`End`] when the server finds our request wrong.
const INVALID_REQUEST: &str = "invalid_request";
/// The reason of [`End`] when the server does not know the framing that we offered by name.
const NO_SUBPROTOCOL: &str = "no_subprotocol";
/// The reason of [`End`] when the group does not want this stream any more.
const RETURNED: &str = "returned";

impl Stream {
    async fn run(&mut self, group: &mut Orders) -> Result<Infallible, Closed> {
        let mut backoff = Backoff::new(self.options.backoff_first, self.options.backoff_max);
        loop {
            group.until(true).await?;
            let connecting = Instant::now();
            let newest = self.seen.newest();
            let end = self.connect_and_read(group).await?;
            let moved = self.seen.newest() != newest;
            // A quiet stream that held for long is as good as one that moved.
            if moved || connecting.elapsed() > self.options.backoff_max + self.options.silence_max {
                backoff.reset();
            }
            self.learn_from(&end, moved).await?;
            let wait = self.wait_after(&end, &mut backoff);
            let End { reason, detail, .. } = end;
            // Not by one who gives us up before anything came.
            let was_given_up = moved && [CONSUMER_TOO_SLOW, BEHIND].contains(&&*reason);
            let has_returned = reason == RETURNED;
            let what = What::Disconnected { reason, detail };
            self.out.send(self.id, what).await?;
            if has_returned {
                continue;
            }
            if was_given_up {
                // Our own doing: another source would only be read as slowly.
                self.out.half_empty().await?;
            } else {
                group.report(Report::Lost).await?;
            }
            tokio::select! {
                () = sleep(wait) => {}
                rested = group.until(false) => rested?,
            }
        }
    }

    async fn connect_and_read(&mut self, group: &mut Orders) -> Result<End, Closed> {
        let cursor = self.seen.cursor(self.skip());
        let dictionary = self.dictionary.as_ref().map(|dictionary| dictionary.id);
        let connecting = connect::connect(&self.endpoint, cursor, dictionary, &self.options);
        let connected = tokio::select! {
            connected = connecting => connected,
            rested = group.until(false) => {
                rested?;
                return Ok(End::new(RETURNED, "while connecting"));
            }
        };
        match connected {
            Ok(socket) => {
                self.endpoint.is_certain = true;
                group.report(Report::Connected).await?;
                self.out.send(self.id, What::Connected).await?;
                let connected = now();
                let session = Session::new(self, socket, cursor.is_some());
                let end = session.run(group).await?;
                if cursor.is_none() {
                    self.progress.begin(connected);
                }
                Ok(end)
            }
            Err(end) => Ok(end),
        }
    }

    /// How many seqs to leave out: none, until a message that is too long has been met often
    /// enough; then more each time, because seqs have holes.
    fn skip(&self) -> u64 {
        match self.stuck.checked_sub(TOO_LONG_PATIENCE) {
            Some(times) => 1 << times.min(32),
            None => 0,
        }
    }

    /// How long to leave the server alone.
    fn wait_after(&self, end: &End, backoff: &mut Backoff) -> Duration {
        let drawn = backoff.next();
        match end.retry_after {
            Some(asked) => asked.min(RETRY_AFTER_MAX).saturating_add(drawn),
            None if self.is_our_fault(&end.reason) => backoff.longest(),
            None => drawn,
        }
    }

    /// Whether the server finds our request wrong, so that asking again does not mend it.
    fn is_our_fault(&self, reason: &str) -> bool {
        let is_status = reason.starts_with("http_4") && !["http_408", "http_429"].contains(&reason);
        reason == INVALID_REQUEST || (is_status && self.endpoint.is_certain)
    }

    async fn learn_from(&mut self, end: &End, moved: bool) -> Result<(), Closed> {
        if moved {
            self.stuck = 0;
        }
        match &*end.reason {
            TOO_LONG => {
                self.stuck += 1;
                let detail = end.detail.clone();
                self.out.send(self.id, bad(TOO_LONG, detail)).await?;
                if let skip @ 1.. = self.skip() {
                    self.say_gap("left_out", format!("{skip} seqs")).await?;
                }
            }
            FUTURE_CURSOR => {
                // The server counts from another beginning: what we know of its seqs is worthless.
                self.say_gap("future_cursor", end.detail.clone()).await?;
                self.restart(Position::Live);
            }
            refusal::CURSOR_TOO_OLD => {
                self.say_gap("cursor_too_old", end.detail.clone()).await?;
                self.endpoint.is_certain = true;
                self.restart(Position::Oldest);
            }
            refusal::UNKNOWN_DICTIONARY => {
                self.endpoint.is_certain = true;
                self.dictionary = None;
            }
            "idle" => self.idle_strikes = self.idle_strikes.saturating_add(1),
            NO_SUBPROTOCOL => self.endpoint.offers_framing = false,
            "http_400" | "http_404" | "http_405" | "http_501" if !self.endpoint.is_certain => {
                self.endpoint.try_other();
                self.restart(self.start);
            }
            _ => {}
        }
        Ok(())
    }

    fn restart(&mut self, start: Position) {
        self.seen = Seen::new(start, self.endpoint.protocol, self.options.overlap);
    }

    async fn say_gap(&mut self, reason: &'static str, detail: String) -> Result<(), Closed> {
        self.has_said_gap = true;
        let gap = self.gap(reason, self.seen.position(), detail);
        self.out.send(self.id, gap).await
    }

    /// A gap that begins behind what was delivered last.
    fn gap(&self, reason: &'static str, from: Option<u64>, detail: impl Into<String>) -> What {
        What::Gap(Gap {
            from_time: self.last_time.or_else(|| self.progress.latest()),
            from_seq: from,
            cursor_is_void: ["future_cursor", "seq_restarted", "cursor_too_old"].contains(&reason),
            ..Gap::new(reason, detail)
        })
    }

    /// The connection begins with this event.
    fn begin_seam(&mut self, seq: u64, is_resumed: bool) {
        if std::mem::take(&mut self.has_said_gap) {
            self.seam = None;
            return;
        }
        let position = self.seen.position();
        if is_resumed && position.is_some_and(|known| seq <= known) {
            // It reaches back: whether something is missing before that is still not told.
            return;
        }
        let jump = self.options.jump_max;
        let (reason, from, allowed) = match is_resumed {
            false => ("joined_live", self.progress.latest(), None),
            true => (
                "clamped",
                self.last_time.or_else(|| self.progress.latest()),
                Some(self.pace.too_long(jump).unwrap_or(4 * jump)),
            ),
        };
        let seam = from.map(|from| Seam {
            reason,
            from,
            from_seq: position,
            allowed,
        });
        self.seam = seam.map(|seam| (seam, Instant::now()));
    }

    /// Looks whether an event tells that something is missing before it.
    fn look_at_seam(&mut self, seq: u64, time: Option<Micros>) -> Option<Gap> {
        let (seam, since) = self.seam.take()?;
        match seam.look_at(seq, time, since.elapsed(), now()) {
            Told::Nothing => {
                self.seam = Some((seam, since));
                None
            }
            Told::Whole => None,
            Told::Missing(gap) => Some(gap),
        }
    }

    /// Takes note of the time of an event that is delivered; one of the future is not believed.
    fn note_time(&mut self, time: Micros) {
        if time <= now() + CLOCK_SKEW {
            self.pace.note(time);
            self.last_time = self.last_time.max(Some(time));
            self.progress.note(time);
            self.meters.event(time);
        }
    }
}

fn bad(reason: &'static str, detail: impl Into<String>) -> What {
    What::Bad {
        reason,
        detail: detail.into(),
        position: 0,
    }
}

/// Shortens text of strangers, and escapes its control characters.
fn shorten(text: &str) -> String {
    text::shorten(text, 200)
}
