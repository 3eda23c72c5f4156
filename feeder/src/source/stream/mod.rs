//! `com.atproto.sync.subscribeRepos` of a relay or a PDS, for as long as Kith runs.
//!
//! One task: connect (`connect`), read until something ends it (`session`), wait (`backoff`),
//! and again. `seen` knows which seqs have been delivered, and so from where to resume.

mod backoff;
mod connect;
mod seen;
mod session;

use super::channel::{Closed, Sender, SourceId, What};
use super::spec::{Position, StreamOptions};
use backoff::Backoff;
use connect::Endpoint;
use seen::Seen;
use session::Session;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Longest wait that a server may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(15);
/// So often a message beyond the WebSocket limit may end the connection at one place before the
/// stream is resumed behind it. The first times may have been a bad connection.
const TOO_LONG_PATIENCE: u32 = 3;

/// Reads one stream for ever: reconnects, resumes, drops duplicates.
pub(super) async fn run(
    id: SourceId,
    url: &str,
    options: StreamOptions,
    start: Position,
    out: Sender,
    shutdown: CancellationToken,
) {
    let endpoint = match Endpoint::parse(url, options.allow_private_addresses) {
        Ok(endpoint) => endpoint,
        Err(message) => {
            // When the reader is gone nobody is left to be told.
            let _ = out.send(id, What::Failed { message }).await;
            return;
        }
    };
    let seen = Seen::new(start);
    let mut stream = Stream {
        id,
        out,
        options,
        endpoint,
        seen,
        stuck: 0,
        doubtful: false,
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        Err(Closed) = stream.run() => {}
    }
}

/// What a stream remembers between connections.
struct Stream {
    id: SourceId,
    out: Sender,
    options: StreamOptions,
    endpoint: Endpoint,
    seen: Seen,
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

impl Stream {
    async fn run(&mut self) -> Result<Infallible, Closed> {
        let mut backoff = Backoff::new(self.options.backoff_first, self.options.backoff_max);
        loop {
            let connecting = Instant::now();
            let newest = self.seen.newest();
            let end = self.connect_and_read().await?;
            let moved = self.seen.newest() != newest;
            // A quiet stream that held for long is as good as one that moved.
            if moved || connecting.elapsed() > self.options.backoff_max + self.options.silence_max {
                backoff.reset();
            }
            self.learn_from(&end, moved).await?;
            let asked = end.retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
            let End { reason, detail, .. } = end;
            self.out
                .send(self.id, What::Disconnected { reason, detail })
                .await?;
            sleep(backoff.next().max(asked)).await;
        }
    }

    async fn connect_and_read(&mut self) -> Result<End, Closed> {
        let cursor = self.seen.cursor(self.skip());
        match connect::connect(&self.endpoint, cursor, &self.options).await {
            Ok(socket) => {
                self.out.send(self.id, What::Connected).await?;
                Session::new(self, socket).run().await
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

    async fn learn_from(&mut self, end: &End, moved: bool) -> Result<(), Closed> {
        if moved {
            self.stuck = 0;
        }
        if end.reason == TOO_LONG {
            self.stuck += 1;
            let detail = match self.skip() {
                0 => end.detail.clone(),
                skip => format!("{}; leaving out {skip} seqs", end.detail),
            };
            self.bad(TOO_LONG, detail).await?;
        }
        if end.reason == FUTURE_CURSOR {
            // The server counts from another beginning: what we know of its seqs is worthless.
            self.seen = Seen::new(Position::Live);
        }
        Ok(())
    }

    async fn bad(&self, reason: &'static str, detail: String) -> Result<(), Closed> {
        self.out
            .send(
                self.id,
                What::Bad {
                    reason,
                    detail,
                    position: 0,
                },
            )
            .await
    }
}
