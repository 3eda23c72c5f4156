//! The sources of a service that runs.

use kith_config::Source;
use kith_store::StatusSource;

use super::Finding;
use crate::{
    output::harmless,
    sources::{file_or_url, is_one_of_a_group},
};

/// Events that are so late are no longer news, seconds.
const LAG_MAX: f64 = 120.0;

/// How late each one is that is read, and what nobody reads.
pub(super) fn of(configured: &[Source], known: &[StatusSource]) -> Vec<Finding> {
    let read = known
        .iter()
        .filter(|row| row.connected && row.kind != "file");
    read.map(lateness)
        .chain(unread(configured, known))
        .collect()
}

fn lateness(source: &StatusSource) -> Finding {
    let name = format!("source {}", harmless(&source.url));
    match source.lag_seconds {
        None => Finding::ok(&name, "connected, nothing new has come since"),
        Some(lag) if lag > LAG_MAX => Finding::warn(
            &name,
            format!("{lag:.0} s behind"),
            "it catches up, or the database is too slow: see `kith status` in a minute",
        ),
        Some(lag) => Finding::ok(&name, format!("connected, {lag:.1} s behind")),
    }
}

/// Streams of the file of which nothing comes: each PDS by itself, and the relays and Jetstreams if
/// none of them is connected, since they stand in for each other.
fn unread(configured: &[Source], known: &[StatusSource]) -> Vec<Finding> {
    let is_read = |source: &Source| {
        let (kind, url) = (source.kind(), file_or_url(source));
        let row = known.iter().find(|row| row.kind == kind && row.url == url);
        row.is_some_and(|row| row.connected)
    };
    let streams = configured
        .iter()
        .filter(|source| !matches!(source, Source::File { .. }));
    let (group, alone): (Vec<_>, Vec<_>) = streams.partition(|source| is_one_of_a_group(source));
    let alone = alone.into_iter().filter(|source| !is_read(source));
    let mut findings: Vec<_> = alone.map(|source| not_connected(&[source])).collect();
    if !group.is_empty() && !group.iter().any(|source| is_read(source)) {
        findings.push(not_connected(&group));
    }
    findings
}

fn not_connected(sources: &[&Source]) -> Finding {
    let urls: Vec<_> = sources
        .iter()
        .map(|source| harmless(&file_or_url(source)))
        .collect();
    let detail = match urls.len() {
        1 => "not connected",
        _ => "none of them is connected",
    };
    Finding::warn(
        &format!("source {}", urls.join(", ")),
        detail,
        "the service tries again by itself, and its log says why; what is new in the file waits for a restart",
    )
}

#[cfg(test)]
mod tests {
    use kith_config::Start;

    use super::*;

    #[test]
    fn one_of_those_that_stand_in_for_each_other_is_enough() {
        let url = |name: &str| format!("wss://{name}.example");
        let start = Start::Live;
        let configured = [
            Source::Relay {
                url: url("relay"),
                start,
            },
            Source::Jetstream {
                url: url("jetstream"),
                start,
            },
            Source::Pds {
                url: url("pds"),
                start,
            },
        ];
        let checks = |connected: &str| {
            let known = configured.each_ref().map(|source| StatusSource {
                kind: source.kind().to_owned(),
                url: file_or_url(source),
                cursor: Some(1),
                lag_seconds: Some(0.1),
                connected: source.kind() == connected,
                configured: true,
            });
            unread(&configured, &known)
                .into_iter()
                .map(|one| one.check)
                .collect::<Vec<_>>()
        };
        let pds = "source wss://pds.example";
        let group = "source wss://relay.example, wss://jetstream.example";
        assert_eq!(checks("pds"), [group]);
        assert_eq!(checks("jetstream"), [pds]);
        assert_eq!(checks("nobody"), [pds, group]);
    }
}
