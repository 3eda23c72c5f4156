//! One connection, from its first message to its end.
//!
//! While the reader of the frames stalls, the socket is still read, a little ahead, so that
//! pings behind the next frames are answered; then it is left alone, and the server's own buffer
//! fills. Liveness is judged only while we listen.

use super::super::channel::{Closed, Frames, What, what_bytes};
use super::connect::Socket;
use super::seen::Verdict;
use super::{End, FUTURE_CURSOR, Stream, TOO_LONG};
use crate::wire::{self, Decoded, FrameErrorKind, Message as FrameMessage, Touches};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::{Error, Message};

/// How far the socket is read ahead of a stalled reader, in bytes, beside the budget.
const AHEAD_BYTES_MAX: usize = 1 << 20;
/// What an item read ahead costs at least, in bytes.
const AHEAD_ITEM_BYTES: usize = 256;
/// So many messages of garbage in a row end the connection, whatever was tried before.
const GARBAGE_MAX: u32 = 100;
/// Shortest time between two looks at the clock.
const TICK_MIN: Duration = Duration::from_millis(5);

pub(super) struct Session<'a> {
    stream: &'a mut Stream,
    socket: Socket,
    /// Read, and not delivered yet, with their sizes.
    ahead: VecDeque<(What, usize)>,
    ahead_bytes: usize,
    /// When anything at all was heard last, and when a frame was.
    heard: Instant,
    framed: Instant,
    pinged: Instant,
    garbage: u32,
}

/// The connection is over, or the reader of the frames is.
enum Stop {
    Ended(End),
    Closed,
}

impl From<Closed> for Stop {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(stream: &'a mut Stream, socket: Socket) -> Self {
        let now = Instant::now();
        Self {
            stream,
            socket,
            ahead: VecDeque::new(),
            ahead_bytes: 0,
            heard: now,
            framed: now,
            pinged: now,
            garbage: 0,
        }
    }

    /// Reads until the connection ends, and delivers everything that was read before it did.
    pub(super) async fn run(mut self) -> Result<End, Closed> {
        let end = match self.read().await {
            Stop::Ended(end) => end,
            Stop::Closed => return Err(Closed),
        };
        for (what, _) in self.ahead {
            self.stream.out.send(self.stream.id, what).await?;
        }
        Ok(end)
    }

    async fn read(&mut self) -> Stop {
        let mut clock = self.clock();
        loop {
            if let Err(stop) = self.step(&mut clock).await {
                return stop;
            }
        }
    }

    async fn step(&mut self, clock: &mut Interval) -> Result<(), Stop> {
        self.deliver()?;
        let out = self.stream.out.clone();
        let room = async {
            match self.ahead.front() {
                Some((_, bytes)) => out.reserve(*bytes).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            share = room => {
                let share = share?;
                if let Some(what) = self.pop() {
                    self.stream.out.send_with(self.stream.id, what, share)?;
                }
                Ok(())
            }
            message = self.socket.next(), if self.ahead_bytes < AHEAD_BYTES_MAX => {
                self.heard = Instant::now();
                self.take(message).await
            }
            _ = clock.tick() => self.look_at_the_clock().await,
        }
    }

    /// Delivers what there is room for now.
    fn deliver(&mut self) -> Result<(), Closed> {
        while let Some((_, bytes)) = self.ahead.front()
            && let Some(share) = self.stream.out.try_reserve(*bytes)
            && let Some(what) = self.pop()
        {
            self.stream.out.send_with(self.stream.id, what, share)?;
        }
        Ok(())
    }

    fn push(&mut self, what: What) {
        let bytes = what_bytes(&what);
        self.ahead_bytes += bytes + AHEAD_ITEM_BYTES;
        self.ahead.push_back((what, bytes));
    }

    fn pop(&mut self) -> Option<What> {
        let (what, bytes) = self.ahead.pop_front()?;
        self.ahead_bytes -= bytes + AHEAD_ITEM_BYTES;
        Some(what)
    }

    async fn take(&mut self, message: Option<Result<Message, Error>>) -> Result<(), Stop> {
        match message {
            Some(Ok(Message::Binary(frame))) => self.take_frame(frame),
            Some(Ok(Message::Text(text))) => {
                self.take_garbage("text_message", &format!("{} bytes of text", text.len()))
            }
            // The answer waits in the socket until it is flushed.
            Some(Ok(Message::Ping(_))) => self.write(None).await,
            Some(Ok(Message::Pong(_) | Message::Frame(_))) => Ok(()),
            Some(Ok(Message::Close(close))) => {
                let detail = close.map(|close| format!("{}: {}", close.code, close.reason));
                Err(ended("closed", shorten(&detail.unwrap_or_default())))
            }
            None => Err(ended("closed", "without a word")),
            Some(Err(error)) => Err(Stop::Ended(lost(&error))),
        }
    }

    fn take_frame(&mut self, frame: Bytes) -> Result<(), Stop> {
        let peek = match wire::peek(&frame) {
            Ok(peek) => peek,
            Err(FrameErrorKind::TooLong) => {
                let detail = format!("a frame of {} bytes was skipped", frame.len());
                self.push(What::Bad {
                    reason: TOO_LONG,
                    detail,
                    position: 0,
                });
                return Ok(());
            }
            Err(kind) => {
                return self.take_garbage(kind.reason(), &format!("{} bytes", frame.len()));
            }
        };
        self.framed = self.heard;
        self.garbage = 0;
        if let Some(seq) = peek.seq {
            match self.stream.seen.note(seq, peek.time) {
                Verdict::Duplicate => return Ok(()),
                Verdict::New => {}
                Verdict::Restarted => {
                    let detail = format!("seq {seq} came again, with another event");
                    self.push(What::Bad {
                        reason: "seq_restarted",
                        detail,
                        position: 0,
                    });
                }
            }
            self.stream.doubtful = false;
        }
        let error = peek.is_error.then(|| error_of(&frame));
        self.push(What::Frames(Frames::of_stream(frame)));
        error.map_or(Ok(()), |end| Err(Stop::Ended(end)))
    }

    /// Counts garbage. The first ends the connection, as the protocol wants it, and a fresh one
    /// may bring what was meant; what is garbage again after that is stepped over.
    fn take_garbage(&mut self, reason: &'static str, detail: &str) -> Result<(), Stop> {
        self.push(What::Bad {
            reason,
            detail: detail.to_owned(),
            position: 0,
        });
        self.garbage += 1;
        if self.stream.doubtful && self.garbage < GARBAGE_MAX {
            return Ok(());
        }
        self.stream.doubtful = true;
        Err(ended("garbage", format!("{reason}: {detail}")))
    }

    fn clock(&self) -> Interval {
        let options = &self.stream.options;
        let shortest = options.ping_after.min(options.silence_max);
        let shortest = options.idle_max.map_or(shortest, |idle| idle.min(shortest));
        let mut clock = interval((shortest / 4).max(TICK_MIN));
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        clock
    }

    /// Pings a silent server, and gives a dead one up.
    async fn look_at_the_clock(&mut self) -> Result<(), Stop> {
        let options = &self.stream.options;
        let now = Instant::now();
        if self.ahead_bytes >= AHEAD_BYTES_MAX {
            // We do not listen, so silence says nothing. A ping keeps the server's watchdog calm.
            (self.heard, self.framed) = (now, now);
        }
        if now - self.heard >= options.silence_max {
            return Err(ended(
                "silence",
                format!("nothing for {:?}", options.silence_max),
            ));
        }
        if let Some(idle) = options.idle_max.filter(|&idle| now - self.framed >= idle) {
            return Err(ended("idle", format!("no frame for {idle:?}")));
        }
        let quiet = self.ahead_bytes >= AHEAD_BYTES_MAX || now - self.heard >= options.ping_after;
        if quiet && now - self.pinged >= options.ping_after {
            self.pinged = now;
            return self.write(Some(Message::Ping(Bytes::new()))).await;
        }
        Ok(())
    }

    /// Writes a message, if any, and everything that waits to be written.
    async fn write(&mut self, message: Option<Message>) -> Result<(), Stop> {
        let patience = self.stream.options.silence_max;
        let writing = async {
            match message {
                Some(message) => self.socket.send(message).await,
                None => self.socket.flush().await,
            }
        };
        match timeout(patience, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Stop::Ended(lost(&error))),
            Err(_) => Err(ended(
                "silence",
                format!("could not write for {patience:?}"),
            )),
        }
    }
}

fn ended(reason: &str, detail: impl Into<String>) -> Stop {
    Stop::Ended(End::new(reason, detail))
}

/// Names what broke the connection.
fn lost(error: &Error) -> End {
    let reason = match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => TOO_LONG,
        Error::ConnectionClosed | Error::AlreadyClosed => "closed",
        Error::Io(_) => "io",
        Error::Tls(_) => "tls",
        _ => "protocol",
    };
    End::new(reason, shorten(&error.to_string()))
}

/// The end that a server announces by an error frame; its name is the reason.
fn error_of(frame: &[u8]) -> End {
    let decoded = wire::decode(frame, &|_: &str, _: Touches| false);
    let Ok(Decoded::Message(FrameMessage::Error { error, message })) = decoded else {
        return End::new("error", "an error frame that cannot be read");
    };
    let reason = match error.as_str() {
        "FutureCursor" => FUTURE_CURSOR,
        "ConsumerTooSlow" => "consumer_too_slow",
        "InvalidRequest" => "invalid_request",
        _ => "error",
    };
    let message = message.unwrap_or_default();
    End::new(reason, format!("{error}: {message}"))
}

/// Shortens text of strangers, and escapes its control characters.
fn shorten(text: &str) -> String {
    text.chars()
        .take(200)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
