//! How fast each host may be asked.
//!
//! Two things together: `governor` spaces the requests to a host evenly (with a burst), and a
//! *gate* per host holds everything back until the time a server named by `Retry-After` or
//! `RateLimit-Reset`. governor cannot learn a server's own numbers; the gate can.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

/// Hosts remembered before those that are idle are forgotten.
const HOSTS_REMEMBERED_MAX: usize = 10_000;

/// The shortest pause after a 429, also if the server says "now".
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// The pause after a 429 that gives no (readable) time, doubled at each repetition.
const PAUSE_UNTOLD: Duration = Duration::from_secs(1);

/// How many requests a host gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests in one period, at least 1. Any window of that length stays within it.
    pub requests: u32,
    /// Length of the period, above zero.
    pub period: Duration,
    /// How many of them may come at once after a rest; at least 1, below `requests`.
    pub burst: u32,
}

impl Rate {
    /// What a PDS allows: 3,000 requests in 5 minutes per address.
    pub const PDS: Rate = Rate {
        requests: 3000,
        period: Duration::from_mins(5),
        burst: 100,
    };

    /// What we ask of the PLC directory, which publishes no number: 20 a second.
    pub const PLC: Rate = Rate {
        requests: 20,
        period: Duration::from_secs(1),
        burst: 5,
    };

    /// The burst, then even spacing such that burst and spaced requests fit in one period.
    fn quota(self) -> Quota {
        let requests = self.requests.max(1);
        let burst = self.burst.clamp(1, requests.saturating_sub(1).max(1));
        let spaced = requests.saturating_sub(burst).max(1);
        let spacing = (self.period / spaced).max(Duration::from_nanos(1));
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        Quota::with_period(spacing)
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
            .allow_burst(burst)
    }
}

/// The limits of all hosts. Hosts are keyed by host name (and port, where tests need it).
pub(crate) struct Limits {
    hosts: DefaultKeyedRateLimiter<String>,
    plc_host: String,
    plc: DefaultDirectRateLimiter,
    gates: Mutex<HashMap<String, Instant>>,
    turns: Mutex<HashMap<String, Turn>>,
    pause_max: Duration,
}

/// Where the requests to one host queue. governor wakes all that wait at each cell, and one of
/// them gets it: so only the first waits for it, and the others for the first.
type Turn = Arc<tokio::sync::Mutex<()>>;

impl Limits {
    pub(crate) fn new(hosts: Rate, plc_host: String, plc: Rate, pause_max: Duration) -> Limits {
        Limits {
            hosts: RateLimiter::keyed(hosts.quota()),
            plc_host,
            plc: RateLimiter::direct(plc.quota()),
            gates: Mutex::default(),
            turns: Mutex::default(),
            pause_max,
        }
    }

    /// Waits until the host may be asked once.
    pub(crate) async fn until_ready(&self, host: &str) {
        let turn = self.turn(host);
        let _first = turn.lock().await;
        loop {
            if let Some(open_at) = self.gate(host) {
                tokio::time::sleep_until(open_at).await;
            }
            if host == self.plc_host {
                self.plc.until_ready().await;
            } else {
                self.forget_idle_hosts();
                self.hosts.until_key_ready(&host.to_owned()).await;
            }
            // The gate may have closed while this request waited for its turn.
            if self.gate(host).is_none() {
                return;
            }
        }
    }

    fn turn(&self, host: &str) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= HOSTS_REMEMBERED_MAX {
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        Arc::clone(turns.entry(host.to_owned()).or_default())
    }

    /// When the host's gate opens, if it is closed now.
    fn gate(&self, host: &str) -> Option<Instant> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let open_at = *gates.get(host)?;
        if open_at <= Instant::now() {
            gates.remove(host);
            return None;
        }
        Some(open_at)
    }

    fn close(&self, host: &str, pause: Duration) {
        let now = Instant::now();
        let open_at = now + pause.min(self.pause_max);
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= HOSTS_REMEMBERED_MAX {
            gates.retain(|_, open_at| *open_at > now);
        }
        let gate = gates.entry(host.to_owned()).or_insert(open_at);
        *gate = open_at.max(*gate);
    }

    /// Learns from an answer: closes the host's gate after a 429, or once nothing remains.
    /// `repetition` counts the 429s this request had before.
    pub(crate) fn learn(
        &self,
        host: &str,
        status: StatusCode,
        headers: &HeaderMap,
        repetition: u32,
    ) {
        if status == StatusCode::TOO_MANY_REQUESTS {
            let untold = PAUSE_UNTOLD.saturating_mul(1 << repetition.min(10));
            let pause = told_pause(headers, SystemTime::now())
                .unwrap_or(untold)
                .max(PAUSE_MIN);
            tracing::debug!(
                host,
                pause_ms = pause.as_millis(),
                "the host asks for a pause"
            );
            self.close(host, pause);
        } else if number(headers, "ratelimit-remaining") == Some(0)
            && let Some(pause) = until_reset(headers, SystemTime::now())
        {
            self.close(host, pause);
        }
    }

    fn forget_idle_hosts(&self) {
        if self.hosts.len() > HOSTS_REMEMBERED_MAX {
            self.hosts.retain_recent();
            self.hosts.shrink_to_fit();
        }
    }
}

/// The pause a server names: the longer of `Retry-After` (seconds) and `RateLimit-Reset`.
fn told_pause(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let retry_after = number(headers, "retry-after").map(Duration::from_secs);
    let reset = until_reset(headers, now);
    retry_after.max(reset)
}

/// Time until `RateLimit-Reset`, which AT Protocol servers give in unix seconds; none if it is
/// past (the clocks differ, or the server does not mean it).
fn until_reset(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let reset = number(headers, "ratelimit-reset")?;
    let reset = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(reset))?;
    reset
        .duration_since(now)
        .ok()
        .filter(|pause| !pause.is_zero())
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), HeaderValue::from_str(v).unwrap()))
            .collect()
    }

    fn limits() -> Limits {
        let plc = Rate {
            requests: 1000,
            period: Duration::from_secs(1),
            burst: 500,
        };
        Limits::new(
            Rate::PDS,
            "plc.example".to_owned(),
            plc,
            Duration::from_mins(15),
        )
    }

    /// Seconds the gate of a host stays closed after an answer, from a little before it came.
    fn pause_after(status: u16, repetition: u32, pairs: &[(&'static str, &str)]) -> Option<f64> {
        let limits = limits();
        let before = Instant::now();
        limits.learn(
            "h",
            StatusCode::from_u16(status).unwrap(),
            &headers(pairs),
            repetition,
        );
        limits
            .gate("h")
            .map(|at| at.duration_since(before).as_secs_f64())
    }

    #[tokio::test]
    async fn a_429_closes_the_gate_for_the_time_told() {
        let close_to = |got: Option<f64>, want: f64| {
            assert!(
                got.is_some_and(|got| (got - want).abs() < 2.0),
                "{got:?} is not {want}"
            );
        };
        let unix = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let soon = (unix + 60).to_string();
        close_to(pause_after(429, 0, &[("retry-after", "7")]), 7.0);
        close_to(pause_after(429, 0, &[("ratelimit-reset", &soon)]), 60.0);
        close_to(
            pause_after(429, 0, &[("retry-after", "7"), ("ratelimit-reset", &soon)]),
            60.0,
        );
        close_to(pause_after(429, 4, &[]), 16.0);
        close_to(pause_after(429, 4, &[("retry-after", "tomorrow")]), 16.0);
        close_to(pause_after(429, 4, &[("ratelimit-reset", "12")]), 16.0);
        close_to(pause_after(429, 0, &[("retry-after", "0")]), 0.1);
        close_to(
            pause_after(429, 0, &[("retry-after", "18446744073709551615")]),
            900.0,
        );
        close_to(
            pause_after(429, 0, &[("ratelimit-reset", "18446744073709551615")]),
            1.0,
        );
        close_to(
            pause_after(
                200,
                0,
                &[("ratelimit-remaining", "0"), ("ratelimit-reset", &soon)],
            ),
            60.0,
        );
        assert_eq!(pause_after(200, 0, &[("ratelimit-remaining", "0")]), None);
        assert_eq!(
            pause_after(
                200,
                0,
                &[("ratelimit-remaining", "1"), ("ratelimit-reset", &soon)]
            ),
            None
        );
    }

    #[tokio::test]
    async fn a_closed_gate_holds_back_its_host_alone() {
        let limits = limits();
        limits.learn(
            "a",
            StatusCode::TOO_MANY_REQUESTS,
            &headers(&[("retry-after", "0")]),
            0,
        );
        assert!(limits.gate("b").is_none());
        limits.until_ready("b").await;
        let before = Instant::now();
        limits.until_ready("a").await;
        assert!(before.elapsed() >= PAUSE_MIN / 2);
        assert!(limits.gate("a").is_none());
    }

    #[test]
    fn burst_and_spacing_fit_in_the_period() {
        for rate in [
            Rate::PDS,
            Rate::PLC,
            Rate {
                requests: 1,
                period: Duration::from_secs(1),
                burst: 9,
            },
            Rate {
                requests: 0,
                period: Duration::ZERO,
                burst: 0,
            },
        ] {
            let quota = rate.quota();
            let spaced = rate.period.as_nanos() / quota.replenish_interval().as_nanos();
            let all = spaced + u128::from(quota.burst_size().get());
            assert!(
                all <= u128::from(rate.requests.max(1)) + 1,
                "{rate:?}: {all}"
            );
        }
    }
}
