//! `kith report NAME`: a question, answered by a query.

use std::{ops::ControlFlow, path::Path};

use anyhow::{Context, Result};
use kith_config::Mode;
use kith_store::{Access, Parameter, REPORTS, Report, Store, Table, Value};

use crate::{
    cli::{Format, ReportArgs},
    exit::InputError,
    output::{self, Names, Rows},
};

/// Rows of a table for people, unless told.
const ROWS_FOR_PEOPLE: u32 = 20;
/// Further rows that are counted, to say how many there are; beyond, there are more than these.
const MORE_MAX: i64 = 10_000;
/// DIDs of a table for which a handle is looked up.
const NAMES_MAX: usize = 10_000;
/// The largest weight of a viewer, either way, and the most viewers: a holder's points of one
/// origin are below 2^32, so no sum goes beyond 64 bits.
const WEIGHT_MAX: i64 = 1_000_000;
const VIEWERS_MAX: usize = 1_000;

/// Runs the report.
pub(super) async fn run(path: &Path, args: ReportArgs) -> Result<()> {
    let format = args.output.format();
    let Some(name) = &args.name else {
        return list(format);
    };
    let report = Report::find(name)?;
    let config = super::load(path, Mode::Offline)?;
    let store = Store::open(&config.database, Access::Read).await?;
    let parameters = parameters(&store, report, &args).await?;
    if args.all_origins {
        output::note(
            "note: points of everybody are counted; such totals are easily gamed by accounts made \
             to like each other",
        );
    }
    match format {
        Format::Table => {
            let limit = args.limit.unwrap_or(ROWS_FOR_PEOPLE);
            show(&store, report, parameters, limit).await?;
        }
        Format::Json | Format::Csv => stream(&store, report, parameters, &args).await?,
    }
    store.close().await;
    Ok(())
}

/// All reports with their questions.
fn list(format: Format) -> Result<()> {
    let rows = REPORTS
        .iter()
        .map(|report| [report.name, report.question()].map(|text| Value::Text(text.to_owned())))
        .map(Vec::from)
        .collect();
    let columns = ["report", "question"].map(str::to_owned).into();
    output::table(&Table { columns, rows }, format)
}

/// The parameters that the report has; those given beside are told to be of no use.
async fn parameters(
    store: &Store,
    report: &Report,
    args: &ReportArgs,
) -> Result<Vec<(&'static str, Parameter)>> {
    let mut given = Vec::new();
    let accounts = [
        ("viewer", &args.viewer),
        ("holder", &args.holder),
        ("account", &args.account),
    ];
    for (name, account) in accounts {
        if let Some(account) = account {
            given.push((name, Parameter::Text(did_of(store, account).await?)));
        }
    }
    if let Some(viewers) = &args.viewers {
        let mut list = Vec::new();
        for (viewer, weight) in weighed(viewers)? {
            list.push(format!("{}={weight}", did_of(store, viewer).await?));
        }
        given.push(("viewers", Parameter::Text(list.join(","))));
    }
    if let Some(since) = &args.since {
        let clock = store.clock_micros().await?;
        given.push(("since", Parameter::Int(since_micros(since, clock)?)));
    }
    if let Some(epoch) = args.epoch {
        given.push(("epoch", Parameter::Int(epoch)));
    }
    if args.all_origins {
        given.push(("all_origins", Parameter::Int(1)));
    }
    let wanted = report.parameters();
    given.retain(|(name, _)| {
        let is_used = wanted.iter().any(|wanted| wanted == name);
        if !is_used {
            let name = name.replace('_', "-");
            output::note(&format!(
                "note: report {} makes no use of --{name}",
                report.name
            ));
        }
        is_used
    });
    Ok(given)
}

/// A table for people, and on standard error what it leaves out.
async fn show(
    store: &Store,
    report: &Report,
    mut parameters: Vec<(&'static str, Parameter)>,
    limit: u32,
) -> Result<()> {
    let all = i64::from(limit) + MORE_MAX + 1;
    parameters.push(("limit", Parameter::Int(all)));
    let mut rows = Vec::new();
    let mut more: i64 = 0;
    let columns = store
        .each_row(report, &parameters, |_, row| {
            match rows.len() < limit as usize {
                true => rows.push(row),
                false => more += 1,
            }
            ControlFlow::Continue(())
        })
        .await?;
    let table = Table { columns, rows };
    let unnamed = output::dids_of(&table, NAMES_MAX);
    let known = store.handles_of(unnamed.iter().map(String::as_str)).await?;
    let names = Names::new(&table, known);
    output::people(&output::for_people(&table, &names))?;
    match more {
        0 if table.rows.is_empty() => output::note("nothing to show"),
        0 => {}
        1 => output::note("1 more row; --limit shows more"),
        more if more > MORE_MAX => output::note(&format!(
            "more than {} more rows; --limit shows more, --format csv all",
            output::thousands(MORE_MAX)
        )),
        more => output::note(&format!(
            "{} more rows; --limit shows more",
            output::thousands(more)
        )),
    }
    Ok(())
}

/// Rows for programs, printed as they come.
async fn stream(
    store: &Store,
    report: &Report,
    mut parameters: Vec<(&'static str, Parameter)>,
    args: &ReportArgs,
) -> Result<()> {
    let limit = args.limit.map_or(u64::MAX, u64::from);
    if let Some(limit) = args.limit {
        parameters.push(("limit", Parameter::Int(limit.into())));
    }
    let mut rows = Rows::to_stdout(args.output.format());
    let mut printed = 0;
    let mut failed = None;
    let columns = store
        .each_row(report, &parameters, |columns, row| {
            if printed == limit {
                return ControlFlow::Break(());
            }
            printed += 1;
            match rows.row(columns, &row) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })
        .await?;
    match failed {
        Some(error) => Err(error),
        None => rows.end(&columns),
    }
}

/// A moment as it is given on the command line, in unix microseconds: a duration before the last
/// event (of which the clock tells), a date, or a time of UTC.
fn since_micros(since: &str, clock: Option<i64>) -> Result<i64> {
    if let Ok(before) = humantime::parse_duration(since) {
        let before = i64::try_from(before.as_micros()).unwrap_or(i64::MAX);
        return Ok(clock.unwrap_or_default().saturating_sub(before).max(0));
    }
    let written = match since.len() {
        10 => format!("{since}T00:00:00Z"),
        _ => since.to_owned(),
    };
    let at = humantime::parse_rfc3339_weak(&written).map_err(|_| {
        InputError(format!(
            "--since {since:?} is no time\n  help: write so long before the last event, as 7d or \
             12h, or a time of UTC, as 2026-11-21 or 2026-11-21T10:00:00Z"
        ))
    })?;
    let since = at
        .duration_since(std::time::UNIX_EPOCH)
        .context("--since is before 1970")?;
    Ok(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// The DID of a viewer given by DID or by handle.
async fn did_of(store: &Store, viewer: &str) -> Result<String> {
    Ok(match viewer.starts_with("did:") {
        true => viewer.to_owned(),
        false => store.did_of_handle(viewer).await?,
    })
}

/// The viewers of `a=2,b=-1,c` with their weights; one left out is 1.
fn weighed(viewers: &str) -> Result<Vec<(&str, i64)>, InputError> {
    let list: Vec<&str> = viewers.split(',').map(str::trim).collect();
    if list.len() > VIEWERS_MAX {
        return Err(InputError(format!(
            "--viewers names {} accounts, at most {VIEWERS_MAX} can be blended",
            list.len()
        )));
    }
    list.into_iter().map(one_weighed).collect()
}

fn one_weighed(viewer: &str) -> Result<(&str, i64), InputError> {
    let (name, weight) = viewer.split_once('=').unwrap_or((viewer, "1"));
    let weight = weight.trim().parse::<i64>().ok();
    match (name.trim(), weight) {
        ("", _) => Err(InputError(format!(
            "--viewers has {viewer:?} where a viewer should be\n  help: write DID=WEIGHT or \
             HANDLE=WEIGHT, separated by commas, for example alice.example.com=2,bob.example.com=-1"
        ))),
        (name, Some(weight)) if (-WEIGHT_MAX..=WEIGHT_MAX).contains(&weight) => Ok((name, weight)),
        (name, _) => Err(InputError(format!(
            "the weight of {name} in --viewers is not a whole number from -{WEIGHT_MAX} to \
             {WEIGHT_MAX}: {viewer:?}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_several_ways() {
        let clock = Some(1_795_227_479_000_000);
        for (written, micros) in [
            ("30s", 1_795_227_449_000_000),
            ("7d", 1_794_622_679_000_000),
            ("100years", 0),
            ("2026-11-21", 1_795_219_200_000_000),
            ("2026-11-21T02:17:35Z", 1_795_227_455_000_000),
            ("2026-11-21 02:17:35", 1_795_227_455_000_000),
        ] {
            assert_eq!(since_micros(written, clock).ok(), Some(micros), "{written}");
        }
        for wrong in ["", "soon", "7", "2026-13-01", "-7d"] {
            let said = since_micros(wrong, clock).expect_err(wrong).to_string();
            assert!(said.contains("--since"), "{wrong}: {said}");
        }
    }

    #[test]
    fn viewers_have_weights() {
        let read = |text| weighed(text).map_err(|e| e.0);
        assert_eq!(
            read("did:plc:a=2, bob.example.com = -1,carol.example.com"),
            Ok(vec![
                ("did:plc:a", 2),
                ("bob.example.com", -1),
                ("carol.example.com", 1)
            ])
        );
        for (wrong, told) in [
            ("", "where a viewer should be"),
            ("a=1,,b=1", "where a viewer should be"),
            ("=3", "where a viewer should be"),
            ("a=", "the weight of a"),
            ("a=1.5", "the weight of a"),
            ("a=1=2", "the weight of a"),
            ("a=1000001", "the weight of a"),
            ("a=-9223372036854775808", "the weight of a"),
        ] {
            let said = read(wrong).expect_err(wrong);
            assert!(said.contains(told), "{wrong}: {said}");
        }
        let crowd = vec!["a=1"; VIEWERS_MAX + 1].join(",");
        assert!(read(&crowd).is_err());
        assert_eq!(read(&crowd[4..]).map(|list| list.len()), Ok(VIEWERS_MAX));
    }
}
