//! What a source has done, counted: read by the service at any time, for status and metrics.

use crate::wire::Micros;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

/// The names by which connections that ended, or were not made, are counted. A closed set, so
/// that it can be a label: HTTP statuses not listed are `http_4xx`, `http_5xx` or `http_other`,
/// and whatever else is new is `other`.
pub const DISCONNECT_REASONS: [&str; 38] = [
    // Not reached.
    "dns",
    "refused_address",
    "connect",
    "connect_timeout",
    "tls",
    "handshake",
    "no_subprotocol",
    // Refused before the upgrade.
    "http_400",
    "http_401",
    "http_403",
    "http_404",
    "http_405",
    "http_426",
    "http_429",
    "http_500",
    "http_502",
    "http_503",
    "http_4xx",
    "http_5xx",
    "http_other",
    "cursor_too_old",
    "unknown_dictionary",
    // Lost.
    "io",
    "protocol",
    "closed",
    "going_away",
    "server_error",
    "garbage",
    "too_long",
    "silence",
    "idle",
    // Announced by an error frame, or by the reason of a close frame.
    "future_cursor",
    "consumer_too_slow",
    "invalid_request",
    "error",
    // Our own doing: the server's buffer would have overflowed.
    "behind",
    // Not lost: its group went back to an earlier source.
    "returned",
    "other",
];

/// The counters of one source; all of them only grow, but for those that say otherwise. They
/// begin at zero with the process.
#[derive(Debug)]
pub struct Meters {
    frames: AtomicU64,
    bytes: AtomicU64,
    bad: AtomicU64,
    duplicates: AtomicU64,
    connects: AtomicU64,
    disconnects: [AtomicU64; DISCONNECT_REASONS.len()],
    pings_unanswered: AtomicU64,
    failovers: AtomicU64,
    gaps: AtomicU64,
    connected: AtomicBool,
    queue_bytes: AtomicU64,
    last_event: AtomicI64,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            frames: AtomicU64::default(),
            bytes: AtomicU64::default(),
            bad: AtomicU64::default(),
            duplicates: AtomicU64::default(),
            connects: AtomicU64::default(),
            disconnects: std::array::from_fn(|_| AtomicU64::default()),
            pings_unanswered: AtomicU64::default(),
            failovers: AtomicU64::default(),
            gaps: AtomicU64::default(),
            connected: AtomicBool::default(),
            queue_bytes: AtomicU64::default(),
            last_event: AtomicI64::new(Micros::MIN),
        }
    }
}

/// What [`Meters`] say at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Frames delivered.
    pub frames: u64,
    /// Bytes of frames delivered.
    pub bytes: u64,
    /// Pieces that were no frame, and were skipped.
    pub bad: u64,
    /// Frames that had been delivered before, and were dropped.
    pub duplicates: u64,
    /// Connections made after the first.
    pub reconnects: u64,
    /// Connections that ended, or were not made, by reason; only those that happened. The names
    /// are those of [`DISCONNECT_REASONS`].
    pub disconnects: Vec<(&'static str, u64)>,
    /// Pings of ours after which nothing was heard until the next was due.
    pub pings_unanswered: u64,
    /// How often the source's group went on to another because this one did not work.
    pub failovers: u64,
    /// Gaps said.
    pub gaps: u64,
    /// Whether there is a connection now.
    pub connected: bool,
    /// Bytes delivered and not done with now.
    pub queue_bytes: u64,
    /// The latest event time delivered, in microseconds since the Unix epoch.
    pub last_event: Option<Micros>,
}

impl Meters {
    /// Reads all counters. They are read one by one, so sums may be off by what happens meanwhile.
    pub fn read(&self) -> Reading {
        let disconnects = DISCONNECT_REASONS.into_iter().zip(&self.disconnects);
        let last_event = self.last_event.load(Relaxed);
        Reading {
            frames: self.frames.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            bad: self.bad.load(Relaxed),
            duplicates: self.duplicates.load(Relaxed),
            reconnects: self.connects.load(Relaxed).saturating_sub(1),
            disconnects: disconnects
                .map(|(reason, count)| (reason, count.load(Relaxed)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            pings_unanswered: self.pings_unanswered.load(Relaxed),
            failovers: self.failovers.load(Relaxed),
            gaps: self.gaps.load(Relaxed),
            connected: self.connected.load(Relaxed),
            queue_bytes: self.queue_bytes.load(Relaxed),
            last_event: (last_event != Micros::MIN).then_some(last_event),
        }
    }

    pub(super) fn framed(&self, frames: usize, bytes: usize) {
        self.frames.fetch_add(frames as u64, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn bad(&self) {
        self.bad.fetch_add(1, Relaxed);
    }

    pub(super) fn duplicate(&self) {
        self.duplicates.fetch_add(1, Relaxed);
    }

    pub(super) fn connected(&self) {
        self.connects.fetch_add(1, Relaxed);
        self.connected.store(true, Relaxed);
    }

    pub(super) fn disconnected(&self, reason: &str) {
        self.connected.store(false, Relaxed);
        self.disconnects[index_of(reason)].fetch_add(1, Relaxed);
    }

    pub(super) fn ping_unanswered(&self) {
        self.pings_unanswered.fetch_add(1, Relaxed);
    }

    pub(super) fn failed_over(&self) {
        self.failovers.fetch_add(1, Relaxed);
    }

    pub(super) fn gap(&self) {
        self.gaps.fetch_add(1, Relaxed);
    }

    pub(super) fn queued(&self, bytes: u32) {
        self.queue_bytes.fetch_add(u64::from(bytes), Relaxed);
    }

    pub(super) fn done_with(&self, bytes: u32) {
        self.queue_bytes.fetch_sub(u64::from(bytes), Relaxed);
    }

    pub(super) fn event(&self, time: Micros) {
        self.last_event.fetch_max(time, Relaxed);
    }
}

/// Where a reason is counted.
fn index_of(reason: &str) -> usize {
    let find = |name: &str| DISCONNECT_REASONS.iter().position(|known| *known == name);
    let family = match reason
        .strip_prefix("http_")
        .and_then(|code| code.chars().next())
    {
        Some('4') => "http_4xx",
        Some('5') => "http_5xx",
        Some(_) => "http_other",
        None => "other",
    };
    find(reason)
        .or_else(|| find(family))
        .unwrap_or(DISCONNECT_REASONS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_counted_under_a_known_name() {
        let meters = Meters::default();
        let told = [
            "closed", "http_429", "http_418", "http_599", "http_302", "news",
        ];
        for reason in told {
            meters.disconnected(reason);
        }
        let names: Vec<_> = meters.read().disconnects.into_iter().collect();
        let known = [
            "http_429",
            "http_4xx",
            "http_5xx",
            "http_other",
            "closed",
            "other",
        ];
        assert_eq!(names, known.map(|name| (name, 1)));
    }
}
