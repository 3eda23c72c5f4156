//! The clock of a connection: tells a quiet server from a dead one, and leaves one whose buffer
//! is about to overflow.

use super::super::BEHIND;
use super::super::seen::now;
use super::{AHEAD_BYTES_MAX, Session, Stop, ended};
use bytes::Bytes;
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::Message;

/// Shortest time between two looks at the clock.
const TICK_MIN: Duration = Duration::from_millis(5);
/// Longest: a PDS that is busy fills its buffer in seconds.
const TICK_MAX: Duration = Duration::from_secs(1);

impl Session<'_> {
    pub(super) fn clock(&self) -> Interval {
        let options = &self.stream.options;
        let times = [
            Some(options.ping_after),
            Some(options.silence_max),
            Some(options.unread_max),
            options.idle_max,
            options.idle_learned_min,
        ];
        let shortest = times.into_iter().flatten().min().unwrap_or_default();
        let mut clock = interval((shortest / 4).clamp(TICK_MIN, TICK_MAX));
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        clock
    }

    /// Pings a silent server, and gives a dead one up, or one that we leave too much unread.
    pub(super) async fn look_at_the_clock(&mut self) -> Result<(), Stop> {
        self.check_unread()?;
        let now = Instant::now();
        if self.stalled.is_some() {
            // We do not listen, so silence says nothing. A ping keeps the server's watchdog calm.
            (self.heard, self.framed) = (now, now);
        }
        let is_ping_open = self.stalled.is_none() && self.pinged > self.heard;
        let silence_max = self.stream.options.silence_max;
        if now - self.heard >= silence_max {
            if is_ping_open {
                self.stream.meters.ping_unanswered();
            }
            return Err(ended("silence", format!("nothing for {silence_max:?}")));
        }
        if let Some(idle) = self.idle_max().filter(|&idle| now - self.framed >= idle) {
            return Err(ended("idle", format!("no frame for {idle:?}")));
        }
        let ping_after = self.stream.options.ping_after;
        let is_quiet = self.stalled.is_some() || now - self.heard >= ping_after;
        if is_quiet && now - self.pinged >= ping_after {
            if is_ping_open {
                self.stream.meters.ping_unanswered();
            }
            self.pinged = now;
            return self.write(Some(Message::Ping(Bytes::new()))).await;
        }
        Ok(())
    }

    /// The silence that means death: as configured, else as learned.
    fn idle_max(&self) -> Option<Duration> {
        let options = &self.stream.options;
        let learned = || {
            let limit = self.stream.pace.too_long(options.idle_learned_min?)?;
            Some(limit.saturating_mul(1 << self.stream.idle_strikes.min(16)))
        };
        options.idle_max.or_else(learned)
    }

    /// Leaves the server before its buffer overflows. What lies there is not known; it is
    /// estimated by the time that the socket has been left alone, or, once the stream had come up
    /// to now, by how old the last event is.
    fn check_unread(&mut self) -> Result<(), Stop> {
        if self.ahead_bytes < AHEAD_BYTES_MAX {
            self.stalled = None;
        }
        if self.ahead_bytes < AHEAD_BYTES_MAX / 2 {
            return Ok(());
        }
        let left_alone = match self.ahead_bytes < AHEAD_BYTES_MAX {
            true => Duration::ZERO,
            false => self.stalled.get_or_insert_with(Instant::now).elapsed(),
        };
        let age = self.stream.last_time.filter(|_| self.is_live);
        let age = age.map_or(0, |last| now().saturating_sub(last));
        let unread = left_alone.max(Duration::from_micros(u64::try_from(age).unwrap_or(0)));
        let events = self.stream.pace.events_in(unread).unwrap_or(0);
        if unread >= self.stream.options.unread_max || events * 4 >= self.stream.buffer_events * 3 {
            let detail = format!("{unread:?} unread, about {events} events");
            return Err(ended(BEHIND, detail));
        }
        Ok(())
    }
}
