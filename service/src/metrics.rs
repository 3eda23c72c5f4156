//! What the service counts, shown to Prometheus.
//!
//! Counts since the database was made come from the engine, so they go on after a restart, and are up
//! to two batches ahead of what is committed; those of connections, queues and commits begin with the
//! process.

use std::{
    future::{Ready, ready},
    net::SocketAddr,
    sync::Arc,
};

use anyhow::{Context, Result};
use axum::{Router, middleware::from_fn, routing::get};
use hashbrown::HashMap;
use kith_feeder::source::Reading;
use metrics::{Counter, Gauge, Key, Label, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use tokio::{net::TcpListener, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{Engine, SourceIndex},
    exit::InputError,
    http::{
        connections::{self, Times},
        guard::only_loopback,
    },
    sources::Sources,
    writer::Commits,
};

const METADATA: metrics::Metadata<'static> =
    metrics::Metadata::new(module_path!(), metrics::Level::INFO, Some(module_path!()));

/// The engine's counts by the first part of their name: metric, label, and what it counts.
const COUNTS: [(&str, &str, &str, &str); 5] = [
    (
        "likes",
        "kith_likes_total",
        "outcome",
        "Likes and reposts by what became of them.",
    ),
    (
        "frames",
        "kith_frames_total",
        "kind",
        "Frames by kind, and by the reason why they were dropped.",
    ),
    (
        "verify",
        "kith_verified_total",
        "result",
        "Commits verified, and those that failed by reason.",
    ),
    (
        "gaps",
        "kith_gaps_total",
        "kind",
        "Gaps by kind, and the likes that repairs found.",
    ),
    (
        "day_one",
        "kith_day_one_total",
        "outcome",
        "Accounts whose earlier likes were read, and those given up.",
    ),
];

/// Gauges and counters: name and what they say.
const OTHERS: [(&str, &str); 19] = [
    (
        UNCOMMITTED,
        "For how long a batch has been on its way to the database, which takes none where this grows.",
    ),
    (
        COMMIT_FAILURES,
        "Batches that were not committed, and were tried again.",
    ),
    ("kith_source_connected", "1 if the source is connected."),
    (
        "kith_source_lag_seconds",
        "How late the last new event of the source was when it was applied, and for how long nothing of what \
         waits has been applied since. NaN: nobody knows, as of a file, or before the first new event.",
    ),
    (
        "kith_source_frames_total",
        "Frames that the source delivered.",
    ),
    ("kith_source_bytes_total", "Bytes of these frames."),
    (
        "kith_source_bad_total",
        "Pieces that were no frame, and were skipped.",
    ),
    (
        "kith_source_duplicates_total",
        "Frames delivered before, and dropped.",
    ),
    (
        "kith_source_reconnects_total",
        "Connections after the first.",
    ),
    (
        "kith_source_disconnects_total",
        "Connections that ended or were not made, by reason.",
    ),
    (
        "kith_source_pings_unanswered_total",
        "Pings that brought no answer in time.",
    ),
    (
        "kith_source_failovers_total",
        "How often the next source of the group had to stand in.",
    ),
    ("kith_source_queue_bytes", "Bytes that wait for the writer."),
    ("kith_circle_accounts", "Members of the circle, by hop."),
    (
        "kith_backfill_accounts",
        "Accounts to be read from their hosts, by state.",
    ),
    (
        "kith_day_one_accounts_left",
        "Members whose earlier likes are still to be read.",
    ),
    ("kith_gaps_open", "Gaps that are not repaired."),
    ("kith_journal_position", "Last position of the journal."),
    ("kith_epoch_ticks", "Epoch boundaries passed."),
];

const UNCOMMITTED: &str = "kith_uncommitted_seconds";
const COMMIT_FAILURES: &str = "kith_commit_failures_total";

/// The metrics, and the server that shows them if the config asks for one.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    stuck: Stuck<SourceIndex>,
}

/// How far each source was read, and since when it is there though more waits.
#[derive(Debug)]
struct Stuck<S>(HashMap<S, (Option<u64>, Instant)>);

impl<S: Eq + std::hash::Hash> Stuck<S> {
    /// For how long nothing of what waits has been applied.
    fn seconds(&mut self, source: S, cursor: Option<u64>, waits: bool) -> f64 {
        let now = Instant::now();
        let since = self.0.entry(source).or_insert((cursor, now));
        if since.0 != cursor || !waits {
            *since = (cursor, now);
        }
        now.duration_since(since.1).as_secs_f64()
    }
}

impl Metrics {
    /// Serves metrics at an address until `stop`.
    ///
    /// # Errors
    /// The address cannot be listened at.
    pub(crate) async fn serve(
        address: SocketAddr,
        commits: Arc<Commits>,
        stop: CancellationToken,
    ) -> Result<Metrics> {
        let recorder = PrometheusBuilder::new().build_recorder();
        for (_, name, _, about) in COUNTS {
            recorder.describe_counter(name.into(), None, about.into());
        }
        for (name, about) in OTHERS {
            match name.ends_with("_total") {
                true => recorder.describe_counter(name.into(), None, about.into()),
                false => recorder.describe_gauge(name.into(), None, about.into()),
            }
        }
        let listener = TcpListener::bind(address).await.map_err(|error| {
            InputError(format!(
                "cannot serve metrics at {address}: {error}\n  help: write another address in \
                 network.metrics, or remove the key"
            ))
        })?;
        let shown = listener.local_addr().context("the metrics' address")?;
        tracing::info!(url = format!("http://{shown}/metrics"), "metrics");
        let metrics = Metrics {
            recorder,
            stuck: Stuck(HashMap::new()),
        };
        let router = Router::new().route("/metrics", get(metrics.page(commits)));
        let router = match address.ip().is_loopback() {
            true => router.layer(from_fn(only_loopback)),
            false => router,
        };
        tokio::spawn(connections::serve(listener, router, Times::default(), stop));
        Ok(metrics)
    }

    /// What is shown. How commits fare is asked then: while one does not end the writer brings
    /// nothing up to date.
    fn page(
        &self,
        commits: Arc<Commits>,
    ) -> impl Fn() -> Ready<String> + Clone + Send + Sync + 'static {
        let handle = self.recorder.handle();
        let uncommitted = self.gauge(UNCOMMITTED, &[]);
        let failures = self.counter(COMMIT_FAILURES, &[]);
        move || {
            uncommitted.set(commits.uncommitted_seconds());
            failures.absolute(commits.failures());
            ready(handle.render())
        }
    }

    /// Brings everything up to date.
    pub(crate) fn publish(&mut self, engine: &Engine, sources: &Sources) {
        for (name, value) in engine.counts() {
            let Some((group, name)) = name.split_once('.') else {
                continue;
            };
            if let Some((_, metric, label, _)) = COUNTS.iter().find(|(known, ..)| *known == group) {
                self.counter(metric, &[(label, name)]).absolute(value);
            }
        }
        for (hop, members) in engine.members_by_hop().into_iter().enumerate() {
            self.gauge("kith_circle_accounts", &[("hop", &hop.to_string())])
                .set(as_real(members));
        }
        for (state, accounts) in engine.backfills() {
            self.gauge("kith_backfill_accounts", &[("state", state)])
                .set(as_real(accounts));
        }
        if let Some(left) = engine.day_one_accounts_left() {
            self.gauge("kith_day_one_accounts_left", &[])
                .set(as_real(left));
        }
        self.gauge("kith_gaps_open", &[])
            .set(as_real(engine.open_gaps()));
        self.gauge("kith_journal_position", &[])
            .set(as_real(engine.position()));
        self.gauge("kith_epoch_ticks", &[])
            .set(as_real(engine.ticks().into()));
        for origin in sources.origins.iter() {
            let url = engine.source_url(origin.index);
            let reading = origin.meters.read();
            self.source(url, &reading);
            let (cursor, waits) = (engine.cursor(origin.index), reading.queue_bytes > 0);
            let stuck = self.stuck.seconds(origin.index, cursor, waits);
            let lag = engine.lag_micros(origin.index).map_or(f64::NAN, |lag| {
                as_real(lag.max(0).cast_unsigned()) / 1e6 + stuck
            });
            self.gauge("kith_source_lag_seconds", &[("source", url)])
                .set(lag);
        }
    }

    fn source(&self, url: &str, reading: &Reading) {
        let source = [("source", url)];
        let count = |name, value| self.counter(name, &source).absolute(value);
        count("kith_source_frames_total", reading.frames);
        count("kith_source_bytes_total", reading.bytes);
        count("kith_source_bad_total", reading.bad);
        count("kith_source_duplicates_total", reading.duplicates);
        count("kith_source_reconnects_total", reading.reconnects);
        count(
            "kith_source_pings_unanswered_total",
            reading.pings_unanswered,
        );
        count("kith_source_failovers_total", reading.failovers);
        for (reason, times) in &reading.disconnects {
            let labels = [("source", url), ("reason", *reason)];
            self.counter("kith_source_disconnects_total", &labels)
                .absolute(*times);
        }
        let connected = f64::from(u8::from(reading.connected));
        self.gauge("kith_source_connected", &source).set(connected);
        self.gauge("kith_source_queue_bytes", &source)
            .set(as_real(reading.queue_bytes));
    }

    fn counter(&self, name: &'static str, labels: &[(&'static str, &str)]) -> Counter {
        self.recorder
            .register_counter(&key(name, labels), &METADATA)
    }

    fn gauge(&self, name: &'static str, labels: &[(&'static str, &str)]) -> Gauge {
        self.recorder.register_gauge(&key(name, labels), &METADATA)
    }
}

fn key(name: &'static str, labels: &[(&'static str, &str)]) -> Key {
    let labels = labels
        .iter()
        .map(|(name, value)| Label::new(*name, (*value).to_owned()));
    Key::from_parts(name, labels.collect::<Vec<_>>())
}

/// Prometheus knows floating-point numbers only.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53, and a display beyond"
)]
fn as_real(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_metric_is_explained() {
        let page = include_str!("../../docs/OPERATING.md");
        let names = COUNTS.iter().map(|(_, name, ..)| *name);
        for name in names.chain(OTHERS.iter().map(|(name, _)| *name)) {
            let short = name.trim_start_matches("kith_source");
            let explained = [name, short].map(|name| page.contains(&format!("`{name}`")));
            assert!(explained.contains(&true), "{name}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_is_late_while_it_is_stuck() {
        let mut stuck = Stuck(HashMap::new());
        for (seconds, cursor, waits, late) in [
            (0, None, true, 0.0),
            (5, None, true, 5.0),
            (5, None, true, 10.0),
            (1, Some(7), true, 0.0),
            (9, Some(7), false, 0.0),
            (2, Some(7), true, 2.0),
        ] {
            tokio::time::advance(Duration::from_secs(seconds)).await;
            assert!((stuck.seconds(1, cursor, waits) - late).abs() < 0.1);
        }
    }
}
