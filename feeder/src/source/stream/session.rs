//! One connection, from its first message to its end.
//!
//! While the reader of the frames stalls, the socket is still read, a little ahead, so that
//! pings behind the next frames are answered; then it is left alone, and the server's own buffer
//! fills, until `watch` gives the connection up. Liveness is judged only while we listen.
//!
//! What has come is read and delivered together; then a live stream is left alone for a moment.
//! Woken for every frame, every task on its way costs more than what it does with it.

mod watch;

use super::super::channel::{Closed, Frames, Gap, What, what_bytes};
use super::assembly::Assembly;
use super::connect::{self, Socket};
use super::endpoint::Protocol;
use super::seen::{Verdict, now};
use super::{
    BEHIND, CONSUMER_TOO_SLOW, End, FUTURE_CURSOR, INVALID_REQUEST, Orders, RETURNED, Report,
    Stream, TOO_LONG, bad, shorten,
};
use crate::wire::{self, Decoded, FrameErrorKind, Message as FrameMessage, Micros, Touches};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::task::coop::has_budget_remaining;
use tokio::time::{Instant, Interval, sleep_until, timeout};
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

/// How far the socket is read ahead of a stalled reader, in bytes, beside the budget.
const AHEAD_BYTES_MAX: usize = 1 << 20;
/// Frames are delivered together up to this many bytes.
const TOGETHER_BYTES: usize = 256 << 10;
/// So long a live stream that had nothing more is not looked at again: not long beside the second
/// of a batch, and what comes meanwhile (1 MB of a busy relay) waits with the system.
const REST: Duration = Duration::from_millis(200);
/// What an item read ahead costs at least, in bytes.
const AHEAD_ITEM_BYTES: usize = 256;
/// So many messages of garbage in a row end the connection, whatever was tried before.
const GARBAGE_MAX: u32 = 100;
/// An event not older than this says that the replay is over, in microseconds.
const LIVE: Micros = 5_000_000;
/// Longest time that is spent on taking leave.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) struct Session<'a> {
    stream: &'a mut Stream,
    socket: Socket,
    /// Commits of a Jetstream that are not whole yet.
    assembly: Option<Assembly>,
    /// Read, and not delivered yet, with their sizes.
    ahead: VecDeque<(What, usize)>,
    ahead_bytes: usize,
    join: Join,
    /// The server has said something of the cursor.
    is_noted: bool,
    /// Whether an event of now has come: until then, old ones are replayed.
    is_live: bool,
    /// Whether the last event was one.
    is_fresh: bool,
    /// The socket is not looked at before.
    rests_until: Instant,
    /// When anything at all was heard last, and when a frame was.
    heard: Instant,
    framed: Instant,
    pinged: Instant,
    /// Since when the socket is left alone.
    stalled: Option<Instant>,
    garbage: u32,
}

/// How the stream was joined, until its first event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    /// By a cursor.
    Resumed,
    /// Without.
    Live,
    /// The first event has come.
    Done,
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
    pub(super) fn new(stream: &'a mut Stream, socket: Socket, is_resumed: bool) -> Self {
        let now = Instant::now();
        let protocol = stream.endpoint.protocol;
        let is_jetstream = protocol.is_jetstream();
        let quiet = stream.options.commit_quiet;
        Self {
            stream,
            socket,
            assembly: is_jetstream.then(|| Assembly::new(protocol == Protocol::V2, quiet)),
            ahead: VecDeque::new(),
            ahead_bytes: 0,
            join: match is_resumed {
                true => Join::Resumed,
                false => Join::Live,
            },
            is_noted: false,
            is_live: false,
            is_fresh: false,
            rests_until: now,
            heard: now,
            framed: now,
            pinged: now,
            stalled: None,
            garbage: 0,
        }
    }

    /// Reads until the connection ends, and delivers everything that was read before it did: all
    /// but commits that are not whole.
    pub(super) async fn run(mut self, group: &mut Orders) -> Result<End, Closed> {
        let end = match self.read(group).await {
            Stop::Ended(end) => end,
            Stop::Closed => return Err(Closed),
        };
        if [RETURNED, BEHIND].contains(&&*end.reason) {
            // Politeness only; what comes of it does not matter.
            let _ = timeout(FAREWELL, self.socket.close(None)).await;
        }
        let Self {
            stream,
            socket,
            ahead,
            ..
        } = self;
        // The reader may take its time: nobody shall wait for us meanwhile.
        drop(socket);
        for (what, _) in ahead {
            stream.out.send(stream.id, what).await?;
        }
        Ok(end)
    }

    async fn read(&mut self, group: &mut Orders) -> Stop {
        let mut clock = self.clock();
        loop {
            let was_joined = self.join == Join::Done;
            let step = self.step(&mut clock, group).await;
            // The first event and the end may have come together.
            if self.join == Join::Done
                && !was_joined
                && group.report(Report::Delivering).await.is_err()
            {
                return Stop::Closed;
            }
            if let Err(stop) = step {
                return stop;
            }
        }
    }

    async fn step(&mut self, clock: &mut Interval, group: &mut Orders) -> Result<(), Stop> {
        self.deliver()?;
        let out = self.stream.out.clone();
        let room = async {
            match self.ahead.front() {
                Some((_, bytes)) => out.reserve(*bytes).await,
                None => std::future::pending().await,
            }
        };
        let is_listening = self.ahead_bytes < AHEAD_BYTES_MAX;
        let due = self.assembly.as_ref().and_then(Assembly::due);
        let due = due.filter(|_| is_listening);
        let (socket, rests_until) = (&mut self.socket, self.rests_until);
        let message = async {
            sleep_until(rests_until).await;
            socket.next().await
        };
        tokio::select! {
            share = room => {
                let share = share?;
                if let Some(what) = self.pop() {
                    self.stream.out.send_with(self.stream.id, what, share)?;
                }
                Ok(())
            }
            message = message, if is_listening => {
                self.heard = Instant::now();
                self.take(message).await?;
                self.take_waiting().await
            }
            () = sleep_until(due.unwrap_or(self.heard)), if due.is_some() => {
                // What waits in the socket may belong to it.
                self.take_waiting().await?;
                self.take_quiet()
            }
            rested = group.until(false) => {
                rested?;
                Err(ended(RETURNED, "an earlier source works again"))
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

    /// Adds a frame to those that were read just before it, if nothing else came between.
    fn push_frame(&mut self, frame: &[u8]) {
        if let Some((What::Frames(frames), bytes)) = self.ahead.back_mut()
            && *bytes < TOGETHER_BYTES
            && let Some(cost) = frames.add(frame)
        {
            *bytes += cost;
            self.ahead_bytes += cost;
            return;
        }
        self.push(What::Frames(Frames::of_stream(frame)));
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

    /// Takes the messages that have come.
    async fn take_waiting(&mut self) -> Result<(), Stop> {
        while self.ahead_bytes < AHEAD_BYTES_MAX {
            let Some(message) = self.socket.next().now_or_never() else {
                self.rest();
                break;
            };
            self.heard = Instant::now();
            self.take(message).await?;
        }
        Ok(())
    }

    /// Leaves the socket alone for a moment, unless old events are replayed, or come because the
    /// system had no room for more, or it may have more and it is only the others' turn.
    fn rest(&mut self) {
        if self.is_fresh && has_budget_remaining() {
            let rest = match self.assembly {
                Some(_) => REST.min(self.stream.options.commit_quiet / 4),
                None => REST,
            };
            self.rests_until = self.heard + rest;
            connect::rest(&mut self.socket);
        }
    }

    async fn take(&mut self, message: Option<Result<Message, Error>>) -> Result<(), Stop> {
        match message {
            Some(Ok(Message::Binary(frame))) if self.assembly.is_some() => self.take_packed(&frame),
            Some(Ok(Message::Binary(frame))) => self.take_frame(&frame),
            Some(Ok(Message::Text(text))) => self.take_text(&text),
            // The answer waits in the socket until it is flushed.
            Some(Ok(Message::Ping(_))) => self.write(None).await,
            Some(Ok(Message::Pong(_) | Message::Frame(_))) => Ok(()),
            Some(Ok(Message::Close(close))) => Err(Stop::Ended(closed_by(close))),
            None => Err(ended("closed", "without a word")),
            Some(Err(error)) => Err(Stop::Ended(lost(&error))),
        }
    }

    /// Takes a message of a Jetstream that is compressed, if that was asked for.
    fn take_packed(&mut self, message: &[u8]) -> Result<(), Stop> {
        let Some(dictionary) = &mut self.stream.dictionary else {
            return self.take_garbage("binary_message", &format!("{} bytes", message.len()));
        };
        let text = dictionary.decompress(message);
        match text.and_then(|text| String::from_utf8(text.to_vec()).ok()) {
            Some(text) => self.take_text(&text),
            None => self.take_garbage("bad_zstd", &format!("{} bytes", message.len())),
        }
    }

    /// Takes a text: a line of a Jetstream; others send none.
    fn take_text(&mut self, text: &str) -> Result<(), Stop> {
        let length = format!("{} bytes of text", text.len());
        let Some(assembly) = &mut self.assembly else {
            return self.take_garbage("text_message", &length);
        };
        let taken = match assembly.take(text, Instant::now()) {
            Ok(taken) => taken,
            Err(FrameErrorKind::TooLong) => {
                self.skip_too_long(text.len());
                return Ok(());
            }
            Err(kind) => return self.take_garbage(kind.reason(), &length),
        };
        for frame in taken.frames {
            self.take_frame(&frame)?;
        }
        if let Some(did) = taken.split {
            let from = self.stream.last_time;
            self.push(What::Gap(Gap {
                did: Some(shorten(&did)),
                from_time: from,
                to_time: from,
                ..Gap::new(
                    "commit_split",
                    "ops came after their commit had seemed whole",
                )
            }));
        }
        Ok(())
    }

    /// Takes the commits of a Jetstream that seem whole by now.
    fn take_quiet(&mut self) -> Result<(), Stop> {
        let assembly = self.assembly.as_mut();
        let frames = assembly.map(|assembly| assembly.pass_quiet(Instant::now()));
        for frame in frames.unwrap_or_default() {
            self.take_frame(&frame)?;
        }
        Ok(())
    }

    fn take_frame(&mut self, frame: &[u8]) -> Result<(), Stop> {
        if self.assembly.is_none() && wire::jetstream::is_jetstream(frame) {
            // Nobody but a Jetstream may say things that cannot be verified.
            return self.take_garbage("json_frame", &format!("{} bytes", frame.len()));
        }
        let peek = match wire::peek(frame) {
            Ok(peek) => peek,
            Err(FrameErrorKind::TooLong) => {
                self.skip_too_long(frame.len());
                return Ok(());
            }
            Err(kind) => {
                return self.take_garbage(kind.reason(), &format!("{} bytes", frame.len()));
            }
        };
        self.framed = self.heard;
        self.garbage = 0;
        if let Some(seq) = peek.seq {
            self.check_join(seq, peek.time);
            let before = self.stream.seen.position();
            match self.stream.seen.note(seq, peek.time, frame) {
                Verdict::Duplicate => {
                    self.stream.meters.duplicate();
                    return Ok(());
                }
                Verdict::New => {}
                Verdict::Restarted => {
                    let detail = format!("seq {seq} came again, with another event");
                    let gap = self.stream.gap("seq_restarted", before, detail);
                    self.push(gap);
                }
            }
            self.stream.doubtful = false;
            self.stream.idle_strikes = 0;
            if let Some(time) = peek.time {
                self.is_fresh = now().saturating_sub(time) < LIVE;
                self.is_live |= self.is_fresh;
                self.stream.note_time(time);
            }
        }
        let said = (peek.is_error || peek.seq.is_none()).then(|| said_in(frame));
        self.push_frame(frame);
        match said.flatten() {
            Some(FrameMessage::Error { error, message }) => {
                let text = format!("{error}: {}", message.unwrap_or_default());
                let reason = reason_of(&error).unwrap_or("error");
                Err(ended(reason, text))
            }
            Some(FrameMessage::Info { name, message }) => {
                self.take_note(&name, message.unwrap_or_default());
                Ok(())
            }
            _ if peek.is_error => Err(ended("error", "an error frame that cannot be read")),
            _ => Ok(()),
        }
    }

    /// Takes what the server says of our cursor while it goes on.
    fn take_note(&mut self, name: &str, message: String) {
        let reason = match name {
            "OutdatedCursor" => "outdated_cursor",
            "FutureCursor" => FUTURE_CURSOR,
            _ => return,
        };
        // It is said once, of the cursor that the connection was made with.
        if self.join == Join::Done || std::mem::replace(&mut self.is_noted, true) {
            return;
        }
        let known = self.stream.seen.position();
        self.push(self.stream.gap(reason, known, message));
        self.stream.has_said_gap = true;
        if reason == FUTURE_CURSOR {
            self.stream.restart(super::Position::Live);
        }
    }

    /// Looks whether the connection continues what was read before. The first event may not tell.
    fn check_join(&mut self, seq: u64, time: Option<Micros>) {
        match std::mem::replace(&mut self.join, Join::Done) {
            Join::Done => {}
            join => self.stream.begin_seam(seq, join == Join::Resumed),
        }
        if let Some(gap) = self.stream.look_at_seam(seq, time) {
            self.push(What::Gap(gap));
        }
    }

    fn skip_too_long(&mut self, length: usize) {
        let detail = format!("a frame of {length} bytes was skipped");
        self.push(bad(TOO_LONG, detail));
    }

    /// Counts garbage. The first ends the connection, as the protocol wants it, and a fresh one
    /// may bring what was meant; what is garbage again after that is stepped over.
    fn take_garbage(&mut self, reason: &'static str, detail: &str) -> Result<(), Stop> {
        self.push(bad(reason, detail));
        self.garbage += 1;
        if self.stream.doubtful && self.garbage < GARBAGE_MAX {
            return Ok(());
        }
        self.stream.doubtful = true;
        Err(ended("garbage", format!("{reason}: {detail}")))
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

/// Names a close: by the name of an error that servers give as the reason, else by its code.
fn closed_by(close: Option<CloseFrame>) -> End {
    let Some(close) = close else {
        return End::new("closed", "");
    };
    let named = close.reason.split([':', ' ']).next().and_then(reason_of);
    let reason = named.unwrap_or(match close.code {
        CloseCode::Away | CloseCode::Restart | CloseCode::Again => "going_away",
        CloseCode::Error => "server_error",
        _ => "closed",
    });
    End::new(
        reason,
        shorten(&format!("{}: {}", close.code, close.reason)),
    )
}

/// The reason that an error of the protocol is.
fn reason_of(name: &str) -> Option<&'static str> {
    match name {
        "FutureCursor" => Some(FUTURE_CURSOR),
        "ConsumerTooSlow" => Some(CONSUMER_TOO_SLOW),
        "InvalidRequest" => Some(INVALID_REQUEST),
        _ => None,
    }
}

/// What a frame without a seq says.
fn said_in(frame: &[u8]) -> Option<FrameMessage> {
    match wire::decode(frame, &|_: &str, _: Touches| false) {
        Ok(Decoded::Message(message)) => Some(message),
        _ => None,
    }
}
