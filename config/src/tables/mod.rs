//! The tables of the file, one function each: from raw values to settings.

pub(crate) mod circle;
pub(crate) mod source;

use std::net::SocketAddr;
use std::time::Duration;

use crate::link::{self, Refusal, Use};
use crate::problem::{Notes, quote};
use crate::section::{Section, Text, Unit};
use crate::settings::{Bootstrap, Http, Ledger, Network, POINTS_MAX, Repeat, Rule, Store, Verify};

const DAY: Duration = Duration::from_hours(24);
const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);
const TENTH: Duration = Duration::from_millis(100);
const EPOCH_MIN: Duration = SECOND;
const EPOCH_MAX: Duration = Duration::from_hours(24 * 3_650);

/// Reads the database's URL, a key of the document itself.
pub(crate) fn database(top: &mut Section<'_>, notes: &mut Notes) -> String {
    let default = "sqlite:kith.db";
    let help = "write database = \"sqlite:kith.db\", or a postgres:// URL";
    let Some(text) = top.text("database", help, notes) else {
        return default.to_owned();
    };
    if let Err(Refusal { message, help }) = link::database_url(text.value) {
        notes.at(
            text.span,
            format!("database {}: {message}", quote(text.value)),
            help,
        );
    }
    text.value.to_owned()
}

/// Reads `[ledger]`.
pub(crate) fn ledger(mut section: Section<'_>, notes: &mut Notes) -> Ledger {
    let default = Ledger::default();
    let rules = [
        ("systematic", Rule::Systematic),
        ("reference", Rule::Reference),
    ];
    let repeats = [("once", Repeat::Once), ("count", Repeat::Count)];
    let epochs = EPOCH_MIN..=EPOCH_MAX;
    let seed = "left out, it is drawn at first start";
    let ledger = Ledger {
        rule: section.choice("rule", &rules, default.rule, notes),
        epoch: section.duration("epoch", epochs, Unit::Seconds, default.epoch, notes),
        own_points: section.number("own_points", 1..=POINTS_MAX, default.own_points, notes),
        like: section.number("like", 1..=POINTS_MAX, default.like, notes),
        repost: section.number("repost", 0..=POINTS_MAX, default.repost, notes),
        repeat: section.choice("repeat", &repeats, default.repeat, notes),
        keep_top: section.number("keep_top", 0..=1_000_000, default.keep_top, notes),
        decay_percent: section.number("decay_percent", 0..=100, default.decay_percent, notes),
        sink_percent: section.number("sink_percent", 0..=100, default.sink_percent, notes),
        seed: section.optional_number("seed", 0..=u64::MAX, seed, notes),
        pin_tracked: section.boolean("pin_tracked", default.pin_tracked, notes),
        max_likes_per_epoch: section.number(
            "max_likes_per_epoch",
            1..=u32::MAX,
            default.max_likes_per_epoch,
            notes,
        ),
    };
    section.close(notes, |_| None);
    ledger
}

/// Reads `[bootstrap]`.
pub(crate) fn bootstrap(mut section: Section<'_>, notes: &mut Notes) -> Bootstrap {
    let default = Bootstrap::default();
    let bootstrap = Bootstrap {
        days: section.number("days", 0..=3_650, default.days, notes),
        max_likes: section.number("max_likes", 1..=1_000_000, default.max_likes, notes),
    };
    section.close(notes, |_| None);
    bootstrap
}

/// Reads `[store]`.
pub(crate) fn store(mut section: Section<'_>, notes: &mut Notes) -> Store {
    let default = Store::default();
    let (operations, milliseconds) = (default.batch_operations, default.batch_milliseconds);
    let (ms, keep) = (Unit::Milliseconds, default.keep_checkpoints);
    let store = Store {
        checkpoint: section.duration("checkpoint", TENTH..=DAY, ms, default.checkpoint, notes),
        batch_operations: section.number("batch_operations", 1..=100_000, operations, notes),
        batch_milliseconds: section.number("batch_milliseconds", 1..=60_000, milliseconds, notes),
        keep_checkpoints: section.number("keep_checkpoints", 0..=1_000, keep, notes),
        retain: section.optional_number("retain", 1..=1_000_000, "left out, all is kept", notes),
    };
    section.close(notes, |_| None);
    store
}

/// Reads `[network]`. If the service `connects`, hosts without encryption are a problem, unless
/// private addresses are allowed.
pub(crate) fn network(mut section: Section<'_>, connects: bool, notes: &mut Notes) -> Network {
    let default = Network::default();
    let ms = Unit::Milliseconds;
    let private = "allow_private_addresses";
    let allow_private_addresses = section.boolean(private, default.allow_private_addresses, notes);
    let mut host = |key: &'static str, notes: &mut Notes| {
        let text = section.text(key, &format!("write {key} = \"https://HOST\""), notes)?;
        let name = format!("network.{key}");
        let url = base_url(&name, &text, Use::Requests, notes)?;
        if connects {
            refuse_unencrypted(&name, &text, &url, allow_private_addresses, notes);
        }
        Some(url)
    };
    let plc = host("plc", notes).unwrap_or(default.plc);
    let handle_resolver = host("handle_resolver", notes);
    let mut within = |key, range, default| section.duration(key, range, ms, default, notes);
    let connect_timeout = within("connect_timeout", TENTH..=HOUR / 6, default.connect_timeout);
    let request_timeout = within("request_timeout", TENTH..=HOUR, default.request_timeout);
    let silence_timeout = within("silence_timeout", SECOND..=DAY, default.silence_timeout);
    let reconnect_pause = within("reconnect_pause", TENTH..=HOUR, default.reconnect_pause);
    let verifies = [
        ("none", Verify::None),
        ("signature", Verify::Signature),
        ("full", Verify::Full),
    ];
    let verify = section.choice("verify", &verifies, default.verify, notes);
    let verify_all = section.boolean("verify_all", default.verify_all, notes);
    let help = "write jetstream_dictionary = \"FILE\", or remove it";
    let jetstream_dictionary = section.path("jetstream_dictionary", help, notes);
    let metrics = address(&mut section, "network.metrics", 9464, None, notes);
    let handles = default.handles_per_minute;
    let handles_per_minute = section.number("handles_per_minute", 0..=100_000, handles, notes);
    let mut count = |key, most, default| section.number(key, 1..=most, default, notes);
    let network = Network {
        plc,
        handle_resolver,
        allow_private_addresses,
        connect_timeout,
        request_timeout,
        silence_timeout,
        reconnect_pause,
        host_requests_per_five_minutes: count(
            "host_requests_per_five_minutes",
            1_000_000,
            default.host_requests_per_five_minutes,
        ),
        plc_requests_per_second: count(
            "plc_requests_per_second",
            10_000,
            default.plc_requests_per_second,
        ),
        backfill_accounts: count("backfill_accounts", 1_000, default.backfill_accounts),
        handles_per_minute,
        buffer_mebibytes: count("buffer_mebibytes", 65_536, default.buffer_mebibytes),
        verify,
        verify_all,
        jetstream_dictionary,
        metrics,
    };
    section.close(notes, |_| None);
    network
}

/// Reads `[http]`, beside which metrics may be served.
pub(crate) fn http(
    mut section: Section<'_>,
    metrics: Option<SocketAddr>,
    notes: &mut Notes,
) -> Http {
    let taken = metrics.map(|address| ("network.metrics", address));
    let listen = address(&mut section, "http.listen", 9463, taken, notes);
    let help = "write token_file = \"FILE\", or remove it";
    let token_file = section.path("token_file", help, notes);
    section.close(notes, |_| None);
    Http { listen, token_file }
}

/// An address and a port to listen at, which nothing else has `taken`.
fn address(
    section: &mut Section<'_>,
    name: &'static str,
    port: u16,
    taken: Option<(&str, SocketAddr)>,
    notes: &mut Notes,
) -> Option<SocketAddr> {
    let (_, key) = name.rsplit_once('.').unwrap_or(("", name));
    let help = format!("write {key} = \"ADDRESS:PORT\", as in {key} = \"127.0.0.1:{port}\"");
    let text = section.text(key, &help, notes)?;
    let Ok(address) = text.value.parse::<SocketAddr>() else {
        let message = format!("{name} {} is no address", quote(text.value));
        notes.at(text.span, message, &*help);
        return None;
    };
    let is_taken_by = |other: SocketAddr| {
        let is_any = address.ip().is_unspecified() || other.ip().is_unspecified();
        address.port() > 0
            && address.port() == other.port()
            && (is_any || address.ip() == other.ip())
    };
    if let Some((by, _)) = taken.filter(|(_, other)| is_taken_by(*other)) {
        let message = format!("{name} {} is the port of {by}", quote(text.value));
        notes.at(text.span, message, "give each a port of its own");
    }
    Some(address)
}

fn base_url(name: &str, text: &Text<'_>, used: Use, notes: &mut Notes) -> Option<String> {
    match link::base_url(text.value, used) {
        Ok(url) => Some(url),
        Err(Refusal { message, help }) => {
            notes.at(
                text.span.clone(),
                format!("{name} {}: {message}", quote(text.value)),
                help,
            );
            None
        }
    }
}

/// Notes a URL that the service would refuse to connect to.
fn refuse_unencrypted(
    name: &str,
    text: &Text<'_>,
    url: &str,
    allow_private_addresses: bool,
    notes: &mut Notes,
) {
    let Some((scheme @ ("ws" | "http"), rest)) = url.split_once("://") else {
        return;
    };
    if !allow_private_addresses {
        let message = format!("{name} {} is not encrypted", quote(text.value));
        let help = format!(
            "write {scheme}s://{rest}, or, in a network of your own, allow_private_addresses = \
             true in [network]"
        );
        notes.at(text.span.clone(), message, help);
    }
}
