//! From a file, its text and the environment to a [`Config`].

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use toml::de::DeTable;

use crate::link::{self, Refusal};
use crate::problem::{Lines, Notes, PROBLEMS_MAX, Problems, printable, quote};
use crate::section::Section;
use crate::settings::Config;
use crate::tables;

/// The environment variable that wins over `database` in the file.
pub const DATABASE_VARIABLE: &str = "KITH_DATABASE";

/// Largest file that is read: 4 MiB, some 40,000 tracked accounts.
pub const FILE_BYTES_MAX: u64 = 4 << 20;

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
        let wanted = Wanted {
            connects: mode == Mode::Live,
            accounts: true,
        };
        let mut config = parse_noted(text, wanted, &mut notes);
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

/// Checks a text that is to be edited: neither accounts nor sources need be there yet.
pub(crate) fn check_for_editing(text: &str, origin: &str) -> Result<Config, Problems> {
    let mut notes = Notes::default();
    let wanted = Wanted {
        connects: false,
        accounts: false,
    };
    let config = parse_noted(text, wanted, &mut notes);
    match (config, notes.place(text, origin)) {
        (Some(config), (problems, _)) if problems.is_empty() => Ok(config),
        (_, (problems, left_out)) => Err(Problems { problems, left_out }),
    }
}

/// What a file must have.
#[derive(Clone, Copy)]
struct Wanted {
    /// Sources, none of which `[network]` forbids.
    connects: bool,
    /// Tracked accounts.
    accounts: bool,
}

/// Reads the document; `None` if it is not TOML. What it returns is to be used only if there are
/// no notes.
fn parse_noted(text: &str, wanted: Wanted, notes: &mut Notes) -> Option<Config> {
    let (document, errors) = DeTable::parse_recoverable(text);
    // The errors after the first are mostly its consequences, and so would be any problem.
    let place = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
    if let Some(error) = errors.iter().min_by_key(|error| place(error)) {
        let message = printable(&error.message().replace('\n', ", "));
        let help = "this is not TOML: see https://toml.io for how it is written";
        notes.at(error.span(), message, help);
        return None;
    }
    let lines = Lines::of(text);
    let mut top = Section::document(&document);
    let database = tables::database(&mut top, notes);
    let network = tables::network(top.section("network", notes), wanted.connects, notes);
    let config = Config {
        database,
        circle: tables::circle::circle(
            top.section("circle", notes),
            wanted.accounts,
            &lines,
            notes,
        ),
        sources: tables::source::sources(&mut top, &network, wanted.connects, &lines, notes),
        bootstrap: tables::bootstrap(top.section("bootstrap", notes), notes),
        ledger: tables::ledger(top.section("ledger", notes), notes),
        store: tables::store(top.section("store", notes), notes),
        http: tables::http(top.section("http", notes), network.metrics, notes),
        network,
    };
    top.close(notes, |_| None);
    Some(config)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::TEMPLATE;
    use crate::settings::{Circle, Http, Ledger, Network, Source, Start, Store};

    /// The template with its commented keys and tables in force.
    fn uncommented() -> String {
        let is_key = |line: &str| {
            let key = line.split(" = ").next().unwrap_or_default();
            let plain = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            line.starts_with("[[") || (line.contains(" = ") && plain)
        };
        let lines = TEMPLATE.lines().map(|line| match line.strip_prefix("# ") {
            Some(rest) if is_key(rest) => rest,
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Every key that the sections ask for when each kind of table is there.
    fn schema() -> BTreeSet<String> {
        let text = "[[circle.tracked]]\n[[source]]\nkind = 'relay'\n[[source]]\nkind = 'file'";
        let mut notes = Notes::default();
        let wanted = Wanted {
            connects: true,
            accounts: true,
        };
        assert!(parse_noted(text, wanted, &mut notes).is_some());
        notes.asked
    }

    /// The keys that a text has, by the same names.
    fn written(text: &str) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        let mut section = String::new();
        for line in text.lines() {
            let header = line.trim_start_matches('[').trim_end_matches(']');
            if line.starts_with('[') {
                section = format!("{header}.");
                keys.insert(header.to_owned());
            } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#'))
            {
                keys.insert(format!("{section}{key}"));
            }
        }
        keys
    }

    #[test]
    fn the_template_has_every_key_and_no_other() {
        assert_eq!(written(&uncommented()), schema());
    }

    #[test]
    fn the_template_is_valid_and_says_the_defaults() {
        let config = Config::parse(TEMPLATE, "kith.toml", &Env::default(), Mode::Live);
        let config = config.unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(config.database, "sqlite:kith.db");
        let circle = Circle {
            tracked: config.circle.tracked.clone(),
            ..Circle::default()
        };
        assert_eq!(config.circle, circle);
        assert_eq!(config.circle.tracked[0].id.as_str(), "atproto.com");
        assert_eq!(config.ledger, Ledger::default());
        assert_eq!(config.store, Store::default());
        assert_eq!(config.network, Network::default());
        assert_eq!(config.http, Http::default());
        assert_eq!(config.sources.len(), 1);
        assert_eq!(config.sources[0].start(), Start::Live);

        let minimal = "[[circle.tracked]]\nid = 'atproto.com'\nlabel = 'AT Protocol'";
        let minimal = Config::parse(minimal, "", &Env::default(), Mode::Offline).expect("valid");
        let without_sources = Config {
            sources: Vec::new(),
            ..config
        };
        assert_eq!(minimal, without_sources);
    }

    #[test]
    fn the_commented_keys_of_the_template_are_valid() {
        let config = Config::parse(&uncommented(), "kith.toml", &Env::default(), Mode::Live);
        let config = config.unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(config.ledger.seed, Some(42));
        assert!(config.network.handle_resolver.is_some());
        assert!(
            config
                .http
                .listen
                .is_some_and(|address| address.ip().is_loopback())
        );
        assert!(matches!(&config.sources[1], Source::File { .. }));
    }
}
