//! What needs others: the directory, the names of the file, the sources, and their clocks.

use std::{
    collections::BTreeSet,
    time::{Duration, UNIX_EPOCH},
};

use kith_config::{Backfill, Config, Source};
use kith_feeder::{
    identity::Directory,
    source::{self, What},
    wire::{self, Decoded},
};
use kith_store::batch::Micros;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Finding, State};
use crate::{
    engine,
    network::{self, Names},
    service::now,
    sources,
};

/// A source that has not answered for so long is not there.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// A first event is waited for so long, to compare clocks; a small host may have none.
const EVENT_TIME: Duration = Duration::from_secs(3);
/// Clocks may differ by so much: event times decide about epochs, and what comes from more than a
/// minute ahead is not believed.
const SKEW_MAX: Micros = 5_000_000;
/// What a directory answers to a look at its health.
const BYTES_MAX: usize = 64 << 10;
/// Bytes of events that wait here.
const QUEUE_BYTES: usize = 1 << 20;

/// All checks that ask somebody.
pub(super) async fn checks(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let directory = match network::directory(config, None) {
        Ok(directory) => directory,
        Err(error) => {
            let help = "this is a failure of ours, or of the system's certificates";
            return vec![Finding::error(State::Fail, "network", &error, help)];
        }
    };
    let asks_plc = config.circle.backfill == Backfill::Pds
        || config
            .circle
            .tracked
            .iter()
            .any(|account| account.id.as_handle().is_some());
    if asks_plc {
        findings.extend(plc(config, &directory).await);
        findings.push(names(config, &directory).await);
    }
    for (number, source) in config.sources.iter().enumerate() {
        findings.extend(reach(config, number, source).await);
    }
    findings
}

/// Whether the directory of DIDs answers, and what time it is there.
async fn plc(config: &Config, directory: &Directory) -> Vec<Finding> {
    let check = format!("directory {}", config.network.plc);
    let help = "check network.plc, the name service and the firewall; new accounts cannot be read \
                without it";
    let Ok(url) = Url::parse(&format!("{}/_health", config.network.plc)) else {
        return vec![Finding::fail(&check, "is no url", help)];
    };
    let before = now();
    let answer = match directory.client().get(&url, BYTES_MAX).await {
        Ok(answer) => answer,
        Err(error) => return vec![Finding::error(State::Fail, &check, &chain(&error), help)],
    };
    if answer.status().is_server_error() {
        let detail = format!("answers {}", answer.status());
        return vec![Finding::warn(
            &check,
            detail,
            "it is out of order: wait, and ask again",
        )];
    }
    let taken = (now() - before) / 1_000;
    let mut findings = vec![Finding::ok(&check, format!("answers in {taken} ms"))];
    let date = answer
        .headers()
        .get("date")
        .and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
    let date = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok());
    if let Some(date) = date.and_then(|date| Micros::try_from(date.as_micros()).ok()) {
        // The header tells whole seconds.
        findings.push(clock(now() - date - 500_000, &config.network.plc));
    }
    findings
}

/// The local clock against another's.
fn clock(ahead: Micros, whose: &str) -> Finding {
    let seconds = ahead.abs() / 1_000_000;
    let way = if ahead > 0 { "ahead of" } else { "behind" };
    match ahead.abs() {
        ..SKEW_MAX => Finding::ok(
            "clock",
            format!("within {} s of {whose}", SKEW_MAX / 1_000_000),
        ),
        _ => Finding::fail(
            "clock",
            format!("this machine is {seconds} s {way} {whose}"),
            "set it, and keep it with NTP: events from more than a minute ahead are not believed",
        ),
    }
}

/// Whether every handle of the file is somebody's.
async fn names(config: &Config, directory: &Directory) -> Finding {
    match Names::new(directory.clone()).settings(config).await {
        Ok(settings) => Finding::ok(
            "accounts",
            format!("{} tracked, all found", settings.tracked.len()),
        ),
        Err(error) => Finding::error(
            State::Fail,
            "accounts",
            &error,
            "check its spelling, or write the account's DID; a service that runs keeps to what it knows",
        ),
    }
}

/// Whether a source can be read.
pub(in crate::commands) async fn reach(
    config: &Config,
    number: usize,
    source: &Source,
) -> Vec<Finding> {
    let check = format!("reach {}", source.name());
    if let Source::File { path } = source {
        return vec![match std::fs::File::open(path) {
            Ok(_) => Finding::ok(&check, "can be read"),
            Err(error) => {
                Finding::error(State::Fail, &check, &error, "check path of this [[source]]")
            }
        }];
    }
    let (spec, _) = sources::spec(config, number, source);
    let (sender, mut receiver) = source::channel(QUEUE_BYTES);
    let stop = CancellationToken::new();
    let task = tokio::spawn(source::run(
        spec,
        source::Position::Live,
        None,
        sender,
        stop.clone(),
    ));
    let mut findings = Vec::new();
    let mut deadline = Instant::now() + CONNECT_TIME;
    let help = "check the url of this [[source]]; others of the list stand in for it meanwhile";
    loop {
        match timeout_at(deadline, receiver.recv()).await {
            Ok(Some(delivery)) => match delivery.what {
                What::Connected => {
                    findings.push(Finding::ok(&check, "can be connected to"));
                    deadline = Instant::now() + EVENT_TIME;
                }
                What::Frames(frames) => {
                    let times = frames.iter().filter_map(|frame| time_of(frame.bytes));
                    // Events come late, and never early: only a clock that is behind shows.
                    let latest = times.max().map(|time| now() - time);
                    findings.extend(
                        latest
                            .filter(|ahead| *ahead < -SKEW_MAX)
                            .map(|ahead| clock(ahead, &check)),
                    );
                    break;
                }
                What::Disconnected { reason, detail } => {
                    let detail = format!("{reason}: {detail}");
                    findings.push(Finding::fail(&check, detail, help));
                    break;
                }
                What::Failed { message } => {
                    findings.push(Finding::fail(&check, message, help));
                    break;
                }
                What::Bad { .. } | What::Gap(_) | What::Finished { .. } => {}
            },
            Err(_) if findings.is_empty() => {
                let seconds = CONNECT_TIME.as_secs();
                findings.push(Finding::fail(
                    &check,
                    format!("no answer in {seconds} s"),
                    help,
                ));
                break;
            }
            Ok(None) | Err(_) => break,
        }
    }
    stop.cancel();
    drop(receiver);
    // It ends by itself; what it says of that is of no interest.
    task.abort();
    findings
}

/// The time of a frame, as its source says.
fn time_of(frame: &[u8]) -> Option<Micros> {
    match wire::decode(frame, &|_: &str, _| false).ok()? {
        Decoded::Passed { time, .. } => time,
        Decoded::Message(message) => engine::time_of(&message),
    }
}

/// An error with its causes, each once.
fn chain(error: &dyn std::error::Error) -> String {
    let (mut said, mut seen) = (Vec::new(), BTreeSet::new());
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if seen.insert(text.clone()) {
            said.push(text);
        }
        next = error.source();
    }
    said.join(": ")
}
