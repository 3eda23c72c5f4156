//! `kith report NAME`: a question, answered by a query.

use std::{ops::ControlFlow, path::Path};

use anyhow::Result;
use kith_config::{Ledger, Mode, Rule};
use kith_store::{Access, Parameter, REPORTS, Report, Store, Table, Value};

use crate::{
    ask,
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
/// How far `activity` looks back unless told, as its query says.
const ACTIVITY_MICROS: i64 = 7 * 86_400 * 1_000_000;

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
    if report.reads_journal() {
        let dropped = store
            .load_state_without_seed()
            .await?
            .map_or(0, |state| state.dropped_position);
        output::note_dropped(dropped);
    }
    if report.name == "why" {
        note_untracked(&store, &parameters).await?;
    }
    if args.all_origins {
        output::note(
            "note: points of everybody are counted; such totals are easily gamed by accounts made \
             to like each other",
        );
    }
    match format {
        Format::Table => {
            let limit = args.limit.unwrap_or(ROWS_FOR_PEOPLE);
            let shown = show(&store, report, parameters, limit).await?;
            if args.since.is_none() {
                note_since(&store, report).await?;
            }
            if shown == 0 {
                let ended = store.epochs_ended().await?;
                output::note(nothing(report, ended, &config.ledger));
            }
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
    let epoch = args.epoch.map(|epoch| epoch.to_string());
    let all_origins = args.all_origins.then(|| "1".to_owned());
    let given = [
        ("viewer", &args.viewer),
        ("viewers", &args.viewers),
        ("holder", &args.holder),
        ("account", &args.account),
        ("since", &args.since),
        ("epoch", &epoch),
        ("all_origins", &all_origins),
    ];
    let wanted = report.parameters();
    if args.epoch.is_some() && !wanted.iter().any(|wanted| wanted == "epoch") {
        return Err(no_past(report).into());
    }
    let mut parameters = Vec::new();
    for (name, text) in given {
        let Some(text) = text else { continue };
        if wanted.iter().any(|wanted| wanted == name) {
            parameters.push((name, ask::parameter(store, name, text).await?));
        } else {
            output::note(&format!(
                "note: report {} makes no use of --{}",
                report.name,
                name.replace('_', "-")
            ));
        }
    }
    Ok(parameters)
}

/// The report tells of now only.
fn no_past(report: &Report) -> InputError {
    if report.name == "history" {
        return InputError(
            "report history tells of every epoch, and takes none\n  help: standings and delta take \
             --epoch"
                .to_owned(),
        );
    }
    InputError(format!(
        "report {} has no past: it tells of what is now\n  help: standings and delta take --epoch; \
         history has one account, and epochs the books, over all of them",
        report.name
    ))
}

/// Through whom points came is kept of tracked accounts only.
async fn note_untracked(store: &Store, parameters: &[(&str, Parameter)]) -> Result<()> {
    for (name, value) in parameters {
        if let ("viewer", Parameter::Text(did)) = (*name, value)
            && store.is_tracked(did).await? == Some(false)
        {
            output::note(&format!(
                "note: through whom points came is kept of tracked accounts only, and {did} is not \
                 tracked"
            ));
        }
    }
    Ok(())
}

/// From when on a report tells that was not told from when.
async fn note_since(store: &Store, report: &Report) -> Result<()> {
    let moment = store.moment().await?;
    let (what, from) = match report.name {
        "given" => ("the current epoch's beginning", moment.epoch_begins_micros),
        "activity" => (
            "seven days before the last event",
            moment.clock_micros.map(|clock| clock - ACTIVITY_MICROS),
        ),
        _ => return Ok(()),
    };
    if let Some(from) = from {
        let from = output::time(from);
        output::note(&format!(
            "note: since {what}, {from}; --since looks further back"
        ));
    }
    Ok(())
}

/// A table for people, and on standard error what it leaves out. Returns how many rows it has.
async fn show(
    store: &Store,
    report: &Report,
    mut parameters: Vec<(&'static str, Parameter)>,
    limit: u32,
) -> Result<usize> {
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
    Ok(table.rows.len())
}

/// Why there are no rows, as far as that can be told.
fn nothing(report: &Report, epochs_ended: Option<i64>, rules: &Ledger) -> &'static str {
    let ranks_epochs = ["standings", "delta"].contains(&report.name);
    match epochs_ended {
        None => "nothing to show: no event was taken so far, see kith status",
        Some(0) if ranks_epochs => {
            "nothing to show: no epoch has ended so far; report top tells of now"
        }
        Some(_) if ranks_epochs && rules.rule == Rule::Systematic && !rules.pin_tracked => {
            "nothing to show: epochs are ranked by points of pinned accounts, and ledger.pin_tracked \
             is false"
        }
        Some(_) => "nothing to show",
    }
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
