//! From a file, its text and the environment to a [`Config`].

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use crate::id::Identifier;
use crate::link::{self, Refusal, Use};
use crate::problem::{Lines, Notes, PROBLEMS_MAX, Problems, quote};
use crate::section::{Section, Text, Unit};
use crate::settings::{
    Backfill, Circle, Config, Ledger, Match, Network, POINTS_MAX, Repeat, Rule, Source, Start,
    Store, Tracked,
};

/// The environment variable that wins over `database` in the file.
pub const DATABASE_VARIABLE: &str = "KITH_DATABASE";

/// Largest file that is read: 4 MiB, some 40,000 tracked accounts.
pub const FILE_BYTES_MAX: u64 = 4 << 20;

/// Largest cursor, 2^53: sequence numbers are JSON numbers.
const CURSOR_MAX: u64 = 1 << 53;

const DAY: Duration = Duration::from_hours(24);
const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);
const TENTH: Duration = Duration::from_millis(100);
const EPOCH_MIN: Duration = SECOND;
const EPOCH_MAX: Duration = Duration::from_hours(24 * 3_650);

/// What of the environment counts. An empty variable is taken for an absent one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Env {
    /// The value of [`DATABASE_VARIABLE`].
    pub database: Option<OsString>,
}

/// What the configuration is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To listen to the network (`run`, `check`): at least one source, and none that the rules of
    /// `[network]` would refuse to connect to.
    Live,
    /// For anything else: sources may be absent.
    Offline,
}

impl Env {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self {
            database: std::env::var_os(DATABASE_VARIABLE),
        }
    }
}

impl Config {
    /// Reads and checks a file.
    ///
    /// Relative paths in it (`sqlite:kith.db`, the path of a file source) are kept as they are, so
    /// they start at the current directory of the process, wherever the file is. Nothing that the
    /// file names is opened.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file and the environment, or why it cannot be read.
    pub fn load(path: &Path, env: &Env, mode: Mode) -> Result<Self, Problems> {
        let origin = path.display().to_string();
        let bytes = read(path).map_err(|error| {
            let help = match error.kind() {
                io::ErrorKind::NotFound => "write one with kith init, or name yours with --config",
                io::ErrorKind::FileTooLarge => "a configuration has at most 4 MiB; is this one?",
                _ => "name a file that can be read with --config",
            };
            Problems::unplaced(&origin, format!("cannot be read: {error}"), help)
        })?;
        match String::from_utf8(bytes) {
            Ok(text) => Self::parse(&text, &origin, env, mode),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let mut notes = Notes::default();
                notes.at(valid..valid + 1, "not UTF-8 text", "save the file as UTF-8");
                let (problems, left_out) =
                    notes.place(&String::from_utf8_lossy(error.as_bytes()), &origin);
                Err(Problems { problems, left_out })
            }
        }
    }

    /// Checks the text of a file. `origin` is what the problems call it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the text and the environment. If the text is not TOML, that
    /// is all that is said of it.
    ///
    /// ```
    /// use kith_config::{Config, Env, Mode};
    /// let text = "[[circle.tracked]]\nid = 'alice.example.com'";
    /// let config = Config::parse(text, "kith.toml", &Env::default(), Mode::Offline)?;
    /// assert_eq!(config.circle.depth, 2);
    /// # Ok::<(), kith_config::Problems>(())
    /// ```
    pub fn parse(text: &str, origin: &str, env: &Env, mode: Mode) -> Result<Self, Problems> {
        let mut notes = Notes::default();
        let (override_, mut problems) = match database_of(env) {
            Ok(database) => (database, Vec::new()),
            Err(wrong) => (None, wrong.problems),
        };
        let mut config = parse_noted(text, mode, &mut notes);
        let (placed, mut left_out) = notes.place(text, origin);
        problems.extend(placed);
        if let (Some(config), Some(database)) = (&mut config, override_) {
            config.database = database;
        }
        left_out += problems.len().saturating_sub(PROBLEMS_MAX);
        problems.truncate(PROBLEMS_MAX);
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(Problems { problems, left_out }),
        }
    }
}

/// Reads a file of at most [`FILE_BYTES_MAX`].
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "the file is too large",
        ));
    }
    Ok(bytes)
}

/// The database that the environment names.
fn database_of(env: &Env) -> Result<Option<String>, Problems> {
    let Some(value) = env.database.as_ref().filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let Some(text) = value.to_str() else {
        let message = "the value is not UTF-8 text".to_owned();
        let help = "set it to the URL of a database, or unset it";
        return Err(Problems::unplaced(DATABASE_VARIABLE, message, help));
    };
    match link::database_url(text) {
        Ok(()) => Ok(Some(text.to_owned())),
        Err(Refusal { message, help }) => {
            let message = format!("{}: {message}", quote(text));
            Err(Problems::unplaced(DATABASE_VARIABLE, message, &help))
        }
    }
}

/// Reads the document; `None` if it is not TOML. What it returns is to be used only if there are
/// no notes.
fn parse_noted(text: &str, mode: Mode, notes: &mut Notes) -> Option<Config> {
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            let message = crate::problem::printable(error.message()).replace('\n', ", ");
            notes.at(
                span,
                message,
                "this is not TOML: see https://toml.io for how it is written",
            );
            return None;
        }
    };
    let lines = Lines::of(text);
    let mut top = Section::document(&document);
    let database = database(&mut top, notes);
    let network = network(top.section("network", notes), mode, notes);
    let config = Config {
        database,
        circle: circle(top.section("circle", notes), &lines, notes),
        sources: sources(&mut top, &network, mode, &lines, notes),
        ledger: ledger(top.section("ledger", notes), notes),
        store: store(top.section("store", notes), notes),
        network,
    };
    top.close(notes, |_| None);
    Some(config)
}

fn database(top: &mut Section<'_>, notes: &mut Notes) -> String {
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

fn circle(mut section: Section<'_>, lines: &Lines<'_>, notes: &mut Notes) -> Circle {
    let default = Circle::default();
    let matches = [
        ("both", Match::Both),
        ("liker", Match::Liker),
        ("author", Match::Author),
        ("either", Match::Either),
    ];
    let backfills = [
        ("pds", Backfill::Pds),
        ("stream", Backfill::Stream),
        ("none", Backfill::None),
    ];
    let depth = section.number("depth", 1..=3, default.depth, notes);
    let match_ = section.choice("match", &matches, default.match_, notes);
    let backfill = section.choice("backfill", &backfills, default.backfill, notes);
    let max_follows = section.number("max_follows", 1..=10_000_000, default.max_follows, notes);

    let mut listed = Listed {
        lines,
        first: HashMap::new(),
    };
    let help = "write [[circle.tracked]], and below it id = \"HANDLE or DID\"";
    let none = "the circle is empty: no account is tracked";
    let items = section.sections("tracked", help, Some(none), notes);
    let skip_help = "write skip = [\"HANDLE or DID\", ..]";
    let opt_out_help = "write opt_out = [\"HANDLE or DID\", ..]";
    let skip_texts = section.texts("skip", skip_help, notes);
    let opt_out_texts = section.texts("opt_out", opt_out_help, notes);
    let tracked = tracked(items, section.asked(), &mut listed, notes);
    let skip = identifiers(&section, "skip", &skip_texts, &mut listed, notes);
    // Somebody who wants no points may well be tracked, or skipped: only repetition is a mistake.
    let mut apart = Listed {
        lines,
        first: HashMap::new(),
    };
    let opt_out = identifiers(&section, "opt_out", &opt_out_texts, &mut apart, notes);
    section.close(notes, |_| None);
    Circle {
        depth,
        match_,
        backfill,
        tracked,
        skip,
        opt_out,
        max_follows,
    }
}

fn tracked(
    items: Vec<Section<'_>>,
    circle_keys: &[&'static str],
    listed: &mut Listed<'_>,
    notes: &mut Notes,
) -> Vec<Tracked> {
    let mut tracked = Vec::new();
    for mut item in items {
        let help = "write id = \"HANDLE or DID\", as in id = \"alice.example.com\"";
        let id = item
            .required_text("id", help, notes)
            .and_then(|text| identifier(&item, "id", &text, listed, notes));
        let label = item.text("label", "write label = \"A NAME\", or leave it out", notes);
        let label = label.map(|text| text.value.to_owned());
        tracked.extend(id.map(|id| Tracked { id, label }));
        item.close(notes, |key| {
            let known = circle_keys.contains(&key);
            known.then(|| format!("move {key} into [circle], above the first [[circle.tracked]]"))
        });
    }
    tracked
}

/// The accounts of a list, and on which line each was first named.
struct Listed<'t> {
    lines: &'t Lines<'t>,
    first: HashMap<Identifier, (&'static str, Range<usize>)>,
}

fn identifiers(
    section: &Section<'_>,
    key: &'static str,
    texts: &[Text<'_>],
    listed: &mut Listed<'_>,
    notes: &mut Notes,
) -> Vec<Identifier> {
    let read = texts
        .iter()
        .filter_map(|text| identifier(section, key, text, listed, notes));
    read.collect()
}

fn identifier(
    section: &Section<'_>,
    key: &'static str,
    text: &Text<'_>,
    listed: &mut Listed<'_>,
    notes: &mut Notes,
) -> Option<Identifier> {
    let id: Identifier = section.parsed(key, text, &identifier_help(text.value), notes)?;
    if let Some((place, span)) = listed.first.get(&id) {
        let line = listed.lines.line(span.start);
        let (message, help) = if *place == key {
            (
                format!(
                    "{} is listed twice, first on line {line}",
                    quote(text.value)
                ),
                "remove one",
            )
        } else {
            (
                format!(
                    "{} is tracked on line {line} and skipped here",
                    quote(text.value)
                ),
                "an account can be one or the other: remove one",
            )
        };
        notes.at(text.span.clone(), message, help);
        return None;
    }
    listed.first.insert(id.clone(), (key, text.span.clone()));
    Some(id)
}

/// What to write instead of something that is no DID and no handle: the one in it, if there is.
fn identifier_help(written: &str) -> String {
    let bare = written.trim().trim_start_matches('@');
    let bare = bare
        .strip_prefix("https://bsky.app/profile/")
        .unwrap_or(bare);
    let bare = bare.strip_prefix("at://").unwrap_or(bare);
    let bare = bare.split('/').next().unwrap_or(bare);
    if bare != written && bare.parse::<Identifier>().is_ok() {
        return format!("write \"{bare}\"");
    }
    "write a handle, as in \"alice.example.com\", or a DID, as in \"did:plc:…\"".to_owned()
}

fn sources(
    top: &mut Section<'_>,
    network: &Network,
    mode: Mode,
    lines: &Lines<'_>,
    notes: &mut Notes,
) -> Vec<Source> {
    let help = "write [[source]], and below it kind = \"relay\" and url = \"wss://HOST\"";
    let none = (mode == Mode::Live).then_some("there is no source to read from");
    let items = top.sections("source", help, none, notes);
    let mut first: HashMap<String, Range<usize>> = HashMap::new();
    let mut sources = Vec::new();
    for item in items {
        let Some((source, span)) = source(item, network, mode, notes) else {
            continue;
        };
        if let Some(earlier) = first.get(&source.name()) {
            let line = lines.line(earlier.start);
            let message = format!(
                "{} is a source twice, first on line {line}",
                quote(&source.name())
            );
            notes.at(span, message, "remove one");
        } else {
            first.insert(source.name(), span);
            sources.push(source);
        }
    }
    sources
}

#[derive(Clone, Copy)]
enum Kind {
    Relay,
    Jetstream,
    Pds,
    File,
}

/// One source, and the place of its URL or path.
fn source(
    mut section: Section<'_>,
    network: &Network,
    mode: Mode,
    notes: &mut Notes,
) -> Option<(Source, Range<usize>)> {
    let kinds = [
        ("relay", Kind::Relay),
        ("jetstream", Kind::Jetstream),
        ("pds", Kind::Pds),
        ("file", Kind::File),
    ];
    let Some(kind) = section.required_choice("kind", &kinds, notes) else {
        // Which keys belong to it is unknown: none of them is refused.
        for key in ["url", "start", "path"] {
            section.raw(key);
        }
        section.close(notes, |_| None);
        return None;
    };
    if let Kind::File = kind {
        return file(section, notes);
    }
    let start = start(&mut section, notes);
    let text = section.required_text("url", "write url = \"wss://HOST\"", notes);
    section.close(notes, |key| {
        (key == "path").then(|| "path is for a source of kind \"file\": remove it".to_owned())
    });
    let text = text?;
    let used = if let Kind::Pds = kind {
        Use::StreamAndRequests
    } else {
        Use::Stream
    };
    let url = base_url("source.url", &text, used, notes)?;
    if mode == Mode::Live {
        refuse_unencrypted(
            "source.url",
            &text,
            &url,
            network.allow_private_addresses,
            notes,
        );
    }
    let source = match kind {
        Kind::Jetstream => Source::Jetstream { url, start },
        Kind::Pds => Source::Pds { url, start },
        Kind::Relay | Kind::File => Source::Relay { url, start },
    };
    Some((source, text.span))
}

fn file(mut section: Section<'_>, notes: &mut Notes) -> Option<(Source, Range<usize>)> {
    let help = "write path = \"FILE\", as in path = \"frames.bin\"";
    let text = section.required_text("path", help, notes);
    section.close(notes, |key| match key {
        "url" => Some("a source of kind \"file\" has a path instead".to_owned()),
        "start" => Some("a file is read from its beginning: remove it".to_owned()),
        _ => None,
    });
    let text = text?;
    if text.value.is_empty() {
        notes.at(text.span, "source.path is empty", help);
        return None;
    }
    Some((
        Source::File {
            path: PathBuf::from(text.value),
        },
        text.span,
    ))
}

fn start(section: &mut Section<'_>, notes: &mut Notes) -> Start {
    let help = format!(
        "write start = \"live\", \"oldest\" or a cursor from 0 to {CURSOR_MAX} without quotes; \
         the default is \"live\""
    );
    let Some(value) = section.raw("start") else {
        return Start::Live;
    };
    let shown = match value.get_ref() {
        DeValue::String(word) => match &**word {
            "live" => return Start::Live,
            "oldest" => return Start::Oldest,
            other => quote(other),
        },
        DeValue::Integer(number) => match u64::from_str_radix(number.as_str(), number.radix()) {
            Ok(cursor) if cursor <= CURSOR_MAX => return Start::Cursor(cursor),
            _ => quote(number.as_str()).trim_matches('"').to_owned(),
        },
        _ => {
            section.wrong_type("start", value, "a string or a whole number", &help, notes);
            return Start::Live;
        }
    };
    notes.at(
        value.span(),
        format!("source.start is {shown}, which is no place to start"),
        help,
    );
    Start::Live
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

fn ledger(mut section: Section<'_>, notes: &mut Notes) -> Ledger {
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

fn store(mut section: Section<'_>, notes: &mut Notes) -> Store {
    let default = Store::default();
    let (operations, milliseconds) = (default.batch_operations, default.batch_milliseconds);
    let ms = Unit::Milliseconds;
    let store = Store {
        checkpoint: section.duration("checkpoint", TENTH..=DAY, ms, default.checkpoint, notes),
        batch_operations: section.number("batch_operations", 1..=100_000, operations, notes),
        batch_milliseconds: section.number("batch_milliseconds", 1..=60_000, milliseconds, notes),
    };
    section.close(notes, |_| None);
    store
}

fn network(mut section: Section<'_>, mode: Mode, notes: &mut Notes) -> Network {
    let default = Network::default();
    let ms = Unit::Milliseconds;
    let private = "allow_private_addresses";
    let allow_private_addresses = section.boolean(private, default.allow_private_addresses, notes);
    let mut host = |key: &'static str, notes: &mut Notes| {
        let text = section.text(key, &format!("write {key} = \"https://HOST\""), notes)?;
        let name = format!("network.{key}");
        let url = base_url(&name, &text, Use::Requests, notes)?;
        if mode == Mode::Live {
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
        buffer_mebibytes: count("buffer_mebibytes", 65_536, default.buffer_mebibytes),
    };
    section.close(notes, |_| None);
    network
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TEMPLATE;

    #[test]
    fn the_template_is_valid() {
        let config = Config::parse(TEMPLATE, "kith.toml", &Env::default(), Mode::Live);
        let config = config.unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(config.circle.tracked[0].id.as_str(), "atproto.com");
    }
}
