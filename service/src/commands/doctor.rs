//! `kith doctor`: what usually goes wrong, each a line that says what to do.
//!
//! It changes nothing, and runs beside a service. One check that fails keeps none of the others
//! from being made.

mod machine;
mod network;
mod sources;

pub(super) use network::reach;

use std::{io::Write, path::Path};

use anyhow::Result;
use kith_config::{Config, Env, Mode, Problems, Source};
use kith_store::{Access, Status, Store, StoreError, Table, Value};
use serde::Serialize;

use crate::{
    cli::{DoctorArgs, Format},
    exit::InputError,
    http,
    output::{self, harmless, thousands},
    service::now,
};

/// A service that takes events moves its clock; one that did not for so long is told of.
const SILENCE_MAX: i64 = 15 * 60 * 1_000_000;

/// One check; the field names are a contract.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    check: String,
    state: State,
    detail: String,
    /// What to do.
    help: Option<String>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// It works, but not as well as it could, or not for long.
    Warn,
    /// It does not work.
    Fail,
}

impl Finding {
    fn new(state: State, check: &str, detail: String, help: Option<&str>) -> Finding {
        Finding {
            check: check.to_owned(),
            state,
            detail,
            help: help.map(str::to_owned),
        }
    }

    /// As it should be.
    pub(super) fn ok(check: &str, detail: impl Into<String>) -> Finding {
        Finding::new(State::Ok, check, detail.into(), None)
    }

    /// Worth a look.
    pub(super) fn warn(check: &str, detail: impl Into<String>, help: &str) -> Finding {
        Finding::new(State::Warn, check, detail.into(), Some(help))
    }

    /// Broken.
    pub(super) fn fail(check: &str, detail: impl Into<String>, help: &str) -> Finding {
        Finding::new(State::Fail, check, detail.into(), Some(help))
    }

    /// An error of ours, which may end with its own help.
    pub(super) fn error(
        state: State,
        check: &str,
        error: &dyn std::fmt::Display,
        help: &str,
    ) -> Finding {
        let said = error.to_string();
        let (detail, own) = said.split_once("\n  help: ").unwrap_or((&said, help));
        Finding::new(state, check, detail.replace('\n', " "), Some(own))
    }
}

/// Makes every check; exit status 1 if any fails.
pub(super) async fn run(path: &Path, args: &DoctorArgs) -> Result<()> {
    let live = super::load_sources_or_none(path);
    let mut findings = of_file(path, &live);
    // A file may lack what only a source has to do with, and say all of the rest.
    match live
        .as_ref()
        .ok()
        .cloned()
        .or_else(|| super::load(path, Mode::Offline).ok())
    {
        Some(config) => {
            findings.extend(open_to_others(path));
            findings.extend(token(&config));
            let (about, service) = database(&config).await;
            findings.extend(about);
            findings.extend(machine::of(&config, service));
        }
        None => findings.push(machine::files(None)),
    }
    if let (Ok(config), false) = (&live, args.offline) {
        findings.extend(network::checks(config).await);
    }
    output::as_far_as_read(match args.output.format() {
        Format::Json => output::json(&findings),
        Format::Csv => output::table(&flat(&findings), Format::Csv),
        Format::Table => Ok(output::out().write_all(words(&findings)?.as_bytes())?),
    })?;
    match failed(&findings) {
        0 => Ok(()),
        1 => Err(InputError("1 check failed".to_owned()).into()),
        n => Err(InputError(format!("{n} checks failed")).into()),
    }
}

/// The file itself.
fn of_file(path: &Path, loaded: &Result<Config, Problems>) -> Vec<Finding> {
    let problems = match loaded {
        Ok(config) => {
            let (tracked, sources) = (config.circle.tracked.len(), config.sources.len());
            let shown = path.display();
            let detail = format!("{shown}: {tracked} tracked, {sources} sources");
            return vec![match sources {
                0 => Finding::warn("config", detail, super::NO_SOURCE),
                _ => Finding::ok("config", detail),
            }];
        }
        Err(problems) => problems,
    };
    let told = problems.problems.iter().map(|problem| {
        let place = problem.snippet.as_ref();
        let place = place.map(|place| format!(":{}:{}", place.line, place.column));
        let place = format!("{}{}", problem.origin, place.unwrap_or_default());
        let detail = format!("{place}: {}", problem.message);
        Finding::fail("config", detail, &problem.help)
    });
    let more = (problems.left_out > 0).then(|| {
        let detail = format!("{} more problems", problems.left_out);
        Finding::fail("config", detail, "mend those above first")
    });
    told.chain(more).collect()
}

/// A password in a file that others on this machine can read.
fn open_to_others(path: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt;
    // What the environment says of the database does not stand in the file.
    let written = Config::load(path, &Env { database: None }, Mode::Offline).ok()?;
    let has_password = written.database_masked() != written.database;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (has_password && mode & 0o077 != 0).then(|| {
        let detail = format!(
            "{} holds the password of the database, and others on this machine can read it",
            path.display()
        );
        Finding::warn("config", detail, "chmod 600 mends that")
    })
}

/// The token of the HTTP server.
fn token(config: &Config) -> Option<Finding> {
    match http::has_token(config) {
        Ok(true) => Some(Finding::ok("token", "can be read")),
        Ok(false) => None,
        Err(error) => Some(Finding::error(
            State::Fail,
            "token",
            &error,
            "see http.token_file",
        )),
    }
}

/// The database, who writes to it, and where it stands; and the service's process, if it is known.
async fn database(config: &Config) -> (Vec<Finding>, Option<u32>) {
    let url = config.database_masked();
    let store = match Store::open(&config.database, Access::Read).await {
        Ok(store) => store,
        Err(error @ (StoreError::Missing { .. } | StoreError::Older { .. })) => {
            let help = "`kith run` makes it";
            let missing = Finding::error(State::Warn, "database", &error, help);
            return (vec![missing], None);
        }
        Err(error) => {
            let help = "is the server up, the name right, and the file readable?";
            let broken = Finding::error(State::Fail, "database", &error, help);
            return (vec![broken], None);
        }
    };
    let mut findings = vec![Finding::ok("database", url)];
    let writer = store.writer().await;
    let service = store.writer_process().await.ok().flatten();
    findings.push(match &writer {
        Ok(Some(who)) => Finding::ok("service", format!("runs: {who}")),
        Ok(None) => Finding::warn("service", "does not run", "`kith run` starts it"),
        Err(error) => Finding::error(State::Fail, "service", error, "ask the database"),
    });
    match store.status(&crate::sources::names(config)).await {
        Ok(status) => {
            let runs = matches!(&writer, Ok(Some(_)));
            findings.extend(standing(
                &status,
                &config.sources,
                runs,
                store.clock_micros().await.ok().flatten(),
            ));
        }
        Err(error) => findings.push(Finding::error(
            State::Fail,
            "status",
            &error,
            "ask the database",
        )),
    }
    store.close().await;
    (findings, service)
}

/// What the status says that somebody should look at.
fn standing(
    status: &Status,
    configured: &[Source],
    runs: bool,
    clock: Option<i64>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let position = thousands(status.journal.position);
    let seconds = clock.map(|clock| now().saturating_sub(clock) / 1_000_000);
    findings.push(match seconds {
        None => Finding::warn(
            "events",
            "none has come yet",
            "let `kith run` run for a while",
        ),
        Some(ago) if runs && ago > SILENCE_MAX / 1_000_000 => Finding::warn(
            "events",
            format!(
                "the last was {} s ago, journal position {position}",
                thousands(ago)
            ),
            "look at the sources below; a small network may be quiet",
        ),
        Some(ago) => Finding::ok(
            "events",
            format!(
                "the last was {} s ago, journal position {position}",
                thousands(ago.max(0))
            ),
        ),
    });
    if runs {
        findings.extend(sources::of(configured, &status.sources));
    }
    if status.open_gaps > 0 {
        findings.push(Finding::warn(
            "gaps",
            format!("{} are open", thousands(status.open_gaps)),
            "they are repaired by themselves; one that stays belongs to an account that cannot be \
             read: `kith report gaps`",
        ));
    }
    let failed = status.backfill.get("failed").copied().unwrap_or(0);
    if failed > 0 {
        findings.push(Finding::warn(
            "backfill",
            format!("{} accounts could not be read", thousands(failed)),
            "table backfill says why; hosts come and go, and they are tried again when they are active",
        ));
    }
    if status.capped_accounts > 0 {
        findings.push(Finding::warn(
            "follows",
            format!(
                "{} accounts follow more than is read",
                thousands(status.capped_accounts)
            ),
            "raise circle.max_follows if they matter",
        ));
    }
    findings
}

/// How many checks failed.
pub(super) fn failed(findings: &[Finding]) -> usize {
    let failed = findings.iter().filter(|one| one.state == State::Fail);
    failed.count()
}

/// A line for each check, and one for what to do.
pub(super) fn words(findings: &[Finding]) -> Result<String> {
    let mut out = Vec::new();
    for Finding {
        check,
        state,
        detail,
        help,
    } in findings
    {
        let state = match state {
            State::Ok => "ok  ",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        writeln!(out, "{state}  {check}: {}", harmless(detail))?;
        if let Some(help) = help {
            writeln!(out, "      {}", harmless(help))?;
        }
    }
    Ok(String::from_utf8(out)?)
}

fn flat(findings: &[Finding]) -> Table {
    let text = |text: &str| Value::Text(text.to_owned());
    let rows = findings.iter().map(|one| {
        let state = match one.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "fail",
        };
        let help = one.help.as_deref().map_or(Value::Null, text);
        vec![text(&one.check), text(state), text(&one.detail), help]
    });
    Table {
        columns: ["check", "state", "detail", "help"]
            .map(str::to_owned)
            .into(),
        rows: rows.collect(),
    }
}
