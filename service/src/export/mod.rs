//! Exports: whole tables, and the circle as a graph, in files for other programs.
//!
//! One snapshot of the database is read row by row and written as it comes; neither the rows nor
//! the file are ever in memory as a whole. The file gets its name when it is whole.
//!
//! | module | what is there |
//! | --- | --- |
//! | `target` | the file, or standard output |
//! | `table` | tables as CSV, or given to `parquet` |
//! | `parquet` | tables as Parquet; only with the feature of that name |
//! | `graph` | the circle as GraphML or DOT |

mod graph;
#[cfg(feature = "parquet")]
mod parquet;
mod table;
mod target;

use std::{ops::ControlFlow, path::Path};

use anyhow::Result;
use kith_store::{Access, Export, Parameter, Store, Value, batch::State};
use tokio_util::sync::CancellationToken;

use crate::{
    ask,
    cli::{EdgesOf, ExportArgs, FileFormat, What},
    exit::{InputError, Interrupted},
    output,
    progress::Task,
};
use target::Target;

/// Rows between two looks at the clock and the signals.
const LOOK_ROWS: u64 = 1_024;

/// Writes what is asked for, until told to stop: then nothing is left behind.
pub(crate) async fn run(
    database: &str,
    args: &ExportArgs,
    stopping: &CancellationToken,
) -> Result<()> {
    let format = format(args)?;
    for unused in unused(args) {
        output::note(&format!(
            "note: export {} makes no use of --{unused}",
            args.what.name()
        ));
    }
    let target = Target::new(&args.to, args.force, format)?;
    let store = Store::open(database, Access::Snapshot).await?;
    tokio::select! {
        exported = write(&store, args, format, target, stopping) => exported?,
        // The database may be in the middle of sorting, and is not waited for.
        () = stopping.cancelled() => return Err(Interrupted::Nothing.into()),
    }
    store.close().await;
    Ok(())
}

async fn write(
    store: &Store,
    args: &ExportArgs,
    format: FileFormat,
    target: Target,
    stopping: &CancellationToken,
) -> Result<()> {
    store.sort_in_files().await?;
    let state = store.load_state_without_seed().await?.unwrap_or_default();
    let since = match &args.since {
        Some(text) => match ask::parameter(store, "since", text).await? {
            Parameter::Int(since) => Some(since),
            Parameter::Text(_) => None,
        },
        None => None,
    };
    let source = Source {
        store,
        since,
        stopping,
    };
    let out = target.writer()?;
    let rows = match args.what.table() {
        Some(export) => {
            let about = about(export, &state, since);
            table::write(&source, export, about, format, out).await?
        }
        None => graph::write(&source, args, format, out).await?,
    };
    if rows.from_journal {
        output::note_dropped(state.dropped_position);
    }
    let bytes = target.finish()?;
    tracing::info!(
        rows = rows.written,
        bytes,
        position = state.position,
        file = %args.to.display(),
        "exported {}",
        args.what.name()
    );
    Ok(())
}

/// What was written.
struct Written {
    written: u64,
    /// Whether it comes from the journal, part of which may have been dropped.
    from_journal: bool,
}

/// What a file says of itself, beside its rows: names and values.
type About = Vec<(&'static str, String)>;

fn about(export: &Export, state: &State, since: Option<i64>) -> About {
    let mut facts = vec![
        ("kith.export", export.name.to_owned()),
        ("kith.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("kith.position", state.position.to_string()),
    ];
    if let Some(start) = state.clock.started {
        facts.push(("kith.epoch", start.epoch.to_string()));
        facts.push(("kith.clock_micros", start.now_micros.to_string()));
    }
    if let Some(since) = since.filter(|_| export.has_since) {
        facts.push(("kith.since_micros", since.to_string()));
    }
    facts
}

/// Where rows come from.
struct Source<'a> {
    store: &'a Store,
    since: Option<i64>,
    stopping: &'a CancellationToken,
}

impl Source<'_> {
    /// Gives each row of an export, showing how far it is. Returns how many there were.
    async fn each(
        &self,
        export: &Export,
        strongest: Option<u32>,
        mut give: impl FnMut(&[Value]) -> Result<()>,
    ) -> Result<u64> {
        let all = match strongest {
            Some(most) => Some(u64::from(most)),
            None => self.store.count_export(export).await?,
        };
        let all = all.unwrap_or(u64::MAX);
        let mut task = Task::new("exporting");
        let mut done: u64 = 0;
        let mut failed = None;
        task.show(0, all, || export.name.to_owned());
        self.store
            .each_exported(export, self.since, strongest, |row| {
                done += 1;
                if done.is_multiple_of(LOOK_ROWS) {
                    task.show(done, all.max(done), || export.name.to_owned());
                    if self.stopping.is_cancelled() {
                        failed = Some(Interrupted::Nothing.into());
                        return ControlFlow::Break(());
                    }
                }
                match give(row) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                }
            })
            .await?;
        failed.map_or(Ok(done), Err)
    }
}

/// The format asked for, or told by the file's ending; one that fits.
fn format(args: &ExportArgs) -> Result<FileFormat> {
    let known = args.what.formats();
    let names: Vec<&str> = known.iter().map(|format| format.name()).collect();
    let names = names.join(" or ");
    let what = args.what.name();
    let format = match args.format.or_else(|| FileFormat::of_ending(&args.to)) {
        Some(format) => format,
        None if args.to == Path::new("-") && args.what != What::Graph => FileFormat::Csv,
        None => {
            return Err(InputError(format!(
                "{} does not say in which format\n  help: --format {names}, or a name that ends \
                 in .{}",
                args.to.display(),
                known[0].name(),
            ))
            .into());
        }
    };
    if !known.contains(&format) {
        let name = format.name();
        return Err(InputError(format!(
            "{what} cannot be written as {name}\n  help: it can be as {names}"
        ))
        .into());
    }
    if format == FileFormat::Parquet && !cfg!(feature = "parquet") {
        return Err(InputError(
            "this kith was built without Parquet\n  help: --format csv, or build it with the \
             feature parquet, which is on unless --no-default-features is given"
                .to_owned(),
        )
        .into());
    }
    Ok(format)
}

/// The options given that change nothing.
fn unused(args: &ExportArgs) -> Vec<&'static str> {
    let is_graph = args.what == What::Graph;
    let has_since = match args.what.table() {
        Some(export) => export.has_since,
        None => {
            args.edges
                .unwrap_or(EdgesOf::Assignments)
                .export()
                .has_since
        }
    };
    let mut unused = Vec::new();
    if args.since.is_some() && !has_since {
        unused.push("since");
    }
    if args.edges.is_some() && !is_graph {
        unused.push("edges");
    }
    if args.strongest.is_some() && !is_graph {
        unused.push("strongest");
    }
    unused
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use clap::Parser;
    use kith_store::{ColumnKind, EXPORTS};

    use super::*;
    use crate::cli::{Cli, Command};

    fn args(line: &str) -> ExportArgs {
        let words = ["kith", "export"].into_iter().chain(line.split(' '));
        match Cli::try_parse_from(words).expect("is a command").command {
            Command::Export(args) => args,
            other => panic!("{other:?} is no export"),
        }
    }

    #[test]
    fn the_ending_tells_the_format() {
        let parquet = cfg!(feature = "parquet").then_some(FileFormat::Parquet);
        for (line, wanted) in [
            ("circle --to a.csv", Some(FileFormat::Csv)),
            ("circle --to a.csv.CSV", Some(FileFormat::Csv)),
            ("circle --to a.parquet", parquet),
            ("circle --to - --format parquet", parquet),
            ("circle --to -", Some(FileFormat::Csv)),
            ("circle --to a.txt --format csv", Some(FileFormat::Csv)),
            ("circle --to a.txt", None),
            ("circle --to .csv", None),
            ("circle --to a.graphml", None),
            ("graph --to a.graphml", Some(FileFormat::Graphml)),
            ("graph --to a.gv", Some(FileFormat::Dot)),
            ("graph --to -", None),
            ("graph --to a.parquet", None),
        ] {
            assert_eq!(format(&args(line)).ok(), wanted, "{line}");
        }
    }

    /// What a build without the feature says.
    #[test]
    #[cfg(not(feature = "parquet"))]
    fn a_build_without_parquet_says_so() {
        let said = format(&args("circle --to a.parquet")).expect_err("is not built in");
        assert!(said.to_string().contains("built without Parquet"), "{said}");
    }

    /// The table of an export's columns in docs/EXPORT.md.
    fn documented(export: &Export) -> String {
        let mut table =
            String::from("| column | type | unit | what it says |\n| --- | --- | --- | --- |\n");
        for column in export.columns {
            let kind = match column.kind {
                ColumnKind::Int => "int64",
                ColumnKind::Time => "timestamp",
                ColumnKind::Flag => "bool",
                ColumnKind::Text => "string",
            };
            let null = if column.is_nullable { " or null" } else { "" };
            let unit = column
                .unit
                .map(|unit| format!(" {unit}"))
                .unwrap_or_default();
            let (name, about) = (column.name, column.about);
            let _ = writeln!(table, "| `{name}` | {kind}{null} |{unit} | {about} |");
        }
        table
    }

    #[test]
    fn every_column_is_documented() {
        let page = include_str!("../../../docs/EXPORT.md");
        for export in EXPORTS {
            let heading = format!("\n### {}\n", export.name);
            let (_, part) = page
                .split_once(&heading)
                .unwrap_or_else(|| panic!("no {heading}"));
            let wanted = documented(export);
            assert!(
                part.contains(&wanted),
                "docs/EXPORT.md, {}:\n{wanted}",
                export.name
            );
        }
    }

    #[test]
    fn options_without_effect_are_told() {
        for (line, wanted) in [
            (
                "circle --to - --since 7d --edges likes --strongest 3",
                vec!["since", "edges", "strongest"],
            ),
            ("journal --to - --since 7d", vec![]),
            ("graph --to a.dot --since 7d --strongest 3", vec!["since"]),
            ("graph --to a.dot --since 7d --edges likes", vec![]),
        ] {
            assert_eq!(unused(&args(line)), wanted, "{line}");
        }
    }
}
