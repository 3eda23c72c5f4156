//! The command line.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{
    ArgGroup, Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
    error::{ContextKind, ContextValue},
};

use kith_store::Export;

use crate::ask;

/// A reputation ledger for the circle of accounts you care about on the AT Protocol.
#[derive(Debug, Parser)]
#[command(name = "kith", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// The configuration file.
    #[arg(
        long,
        global = true,
        env = "KITH_CONFIG",
        default_value = "kith.toml",
        value_name = "FILE"
    )]
    pub(crate) config: PathBuf,
    /// Say more on standard error.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a commented configuration file.
    Init {
        /// Overwrite the file if it is there.
        #[arg(long)]
        force: bool,
    },
    /// Check the configuration file.
    Check {
        /// Also resolve the accounts and look for the sources.
        #[arg(long)]
        online: bool,
    },
    /// Check what usually goes wrong: the file, the database, the machine, the network; a service
    /// may run.
    Doctor(DoctorArgs),
    /// Follow the network and keep the ledger, until stopped.
    Run,
    /// Take recorded frames into the ledger, offline.
    Replay {
        /// A file of frames; repeat for several, read one after the other.
        #[arg(long = "frames", required = true, value_name = "FILE")]
        frames: Vec<PathBuf>,
    },
    /// Write what a source brings into a file that replay reads.
    Record(RecordArgs),
    /// Show the page, and the reports as JSON, of a database; a service may run.
    Serve {
        /// Where; 127.0.0.1 is for this machine only. Wins over http.listen of the configuration.
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<std::net::SocketAddr>,
    },
    /// Show where the service stands.
    Status {
        #[command(flatten)]
        output: Output,
    },
    /// Answer a question about the ledger.
    Report(ReportArgs),
    /// Add, remove or list tracked accounts, in the configuration file.
    #[command(subcommand)]
    Track(TrackCommand),
    /// Add, remove or list accounts that want no points, in the configuration file: what is sent
    /// to them waits to be claimed.
    #[command(subcommand)]
    OptOut(OptOutCommand),
    /// Give an account the points that wait for it.
    Claim(ClaimArgs),
    /// Forget an account for good: its points and records go, and it is never met again.
    Forget(ForgetArgs),
    /// Why is an account in the circle, or why not?
    Explain(ExplainArgs),
    /// Replay the journal and compare every table that follows from it; a service may run.
    Verify(VerifyArgs),
    /// Give the journal to other rules, into a new database on which all reports run.
    Recompute(RecomputeArgs),
    /// Write a table, or the circle as a graph, into a file for other programs; a service may run.
    Export(ExportArgs),
    /// Copy the database into a file, beside a running service.
    Backup {
        /// The file, which must not exist.
        file: PathBuf,
    },
    /// Print what makes a shell complete commands: for bash, put
    /// `source <(kith completions bash)` into ~/.bashrc.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write manual pages into a folder.
    Man {
        /// The folder; made, if it is missing.
        folder: PathBuf,
    },
}

/// `kith track`: a running service takes the change up by itself.
#[derive(Debug, Subcommand)]
pub(crate) enum TrackCommand {
    /// Track one more account.
    Add {
        /// Its handle, or its DID, which outlives a change of handle.
        id: String,
        /// What you call it.
        #[arg(long)]
        label: Option<String>,
    },
    /// Track an account no more: who is in the circle by it alone leaves.
    Remove {
        /// Its name as the file has it.
        id: String,
    },
    /// List the tracked accounts.
    List {
        #[command(flatten)]
        output: Output,
    },
}

/// `kith opt-out`: a running service takes the change up by itself.
#[derive(Debug, Subcommand)]
pub(crate) enum OptOutCommand {
    /// Points sent to this account wait, from now on.
    Add {
        /// Its handle, or its DID, which outlives a change of handle.
        id: String,
    },
    /// Points sent to this account reach it again; what waits is still to be claimed.
    Remove {
        /// Its name as the file has it.
        id: String,
    },
    /// List the accounts that want no points.
    List {
        #[command(flatten)]
        output: Output,
    },
}

/// `kith claim ACCOUNT`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).multiple(true).args(["all", "from", "entry"])))]
pub(crate) struct ClaimArgs {
    /// Who claims: a DID, or the handle of a known account. `kith report unclaimed` shows what
    /// waits for whom.
    pub(crate) account: String,
    /// Every bundle that waits for it.
    #[arg(long, conflicts_with_all = ["from", "entry"])]
    pub(crate) all: bool,
    /// Bundles of this sender only: a DID, or the handle of a known account.
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) from: Option<String>,
    /// This bundle only, by its place: 0 is the oldest. Places move up as bundles expire, so say
    /// --from as well.
    #[arg(long, value_name = "N")]
    pub(crate) entry: Option<u32>,
    #[command(flatten)]
    pub(crate) patience: Patience,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// `kith forget DID`.
#[derive(Debug, Args)]
pub(crate) struct ForgetArgs {
    /// Its DID; a handle will not do, since anybody may say that it is theirs.
    pub(crate) did: String,
    /// Let it be met again; what it had does not come back.
    #[arg(long)]
    pub(crate) undo: bool,
    #[command(flatten)]
    pub(crate) patience: Patience,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// How long the answer of a service is waited for.
#[derive(Debug, Args)]
pub(crate) struct Patience {
    /// Seconds to wait for the service; then the request is left to it.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u32,
    /// Leave it to the service that runs, or to the next start.
    #[arg(long, conflicts_with = "wait")]
    later: bool,
}

impl Patience {
    /// The time to wait; None: none at all.
    pub(crate) fn time(&self) -> Option<Duration> {
        (!self.later).then(|| Duration::from_secs(self.wait.into()))
    }
}

/// `kith explain DID`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The account: a DID, or the handle of a known account.
    pub(crate) account: String,
    /// Paths at most, the shortest first.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// `kith recompute`.
#[derive(Debug, Args)]
pub(crate) struct RecomputeArgs {
    /// A rule, as in `ledger.decay_percent=5`; repeat for several. Keys of `[ledger]` only.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The new database: sqlite:FILE or postgres://…
    #[arg(long, value_name = "URL")]
    pub(crate) into: String,
}

/// `kith doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Ask nobody: leave out the directory, handles, sources and their clocks.
    #[arg(long)]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// `kith verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Begin with the newest kept checkpoint rather than with the journal's first row.
    #[arg(long)]
    pub(crate) kept: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// `kith export WHAT --to FILE`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// What to write.
    pub(crate) what: What,
    /// The file, or - for standard output; its ending says in which format: .parquet, .csv,
    /// .graphml, or .dot.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// In which format, whatever the file's ending.
    #[arg(long, value_enum)]
    pub(crate) format: Option<FileFormat>,
    /// Replace the file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
    /// From when on (journal, local-trust, graph of likes): so long before the last event, as 7d
    /// or 12h; or a time of UTC, as 2026-11-21 or 2026-11-21T10:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// What the edges are (graph); assignments unless told.
    #[arg(long, value_enum)]
    pub(crate) edges: Option<EdgesOf>,
    /// Only so many edges, those with most points, and the accounts that they connect (graph).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) strongest: Option<u32>,
}

/// What can be exported.
#[derive(Debug, Clone, Copy, Eq, PartialEq, ValueEnum)]
pub(crate) enum What {
    /// The members of the circle.
    Circle,
    /// Whose points everybody holds.
    Assignments,
    /// Every operation given to the ledger, and what became of it.
    Journal,
    /// Every account, epoch by epoch.
    History,
    /// What each account gave to each other one by likes: from, to, value, as tools for EigenTrust
    /// read it.
    LocalTrust,
    /// The tracked accounts, as the peers that EigenTrust trusts beforehand.
    PreTrust,
    /// The circle, with points as weights.
    Graph,
}

impl What {
    /// What it is called on the command line.
    pub(crate) fn name(self) -> &'static str {
        self.table().map_or("graph", |export| export.name)
    }

    /// The table it is; None: it is a graph.
    pub(crate) fn table(self) -> Option<&'static Export> {
        match self {
            What::Circle => Some(&Export::CIRCLE),
            What::Assignments => Some(&Export::ASSIGNMENTS),
            What::Journal => Some(&Export::JOURNAL),
            What::History => Some(&Export::HISTORY),
            What::LocalTrust => Some(&Export::LOCAL_TRUST),
            What::PreTrust => Some(&Export::PRE_TRUST),
            What::Graph => None,
        }
    }

    /// The formats that it can be written in.
    pub(crate) fn formats(self) -> [FileFormat; 2] {
        match self {
            What::LocalTrust | What::PreTrust => [FileFormat::Csv, FileFormat::Parquet],
            What::Graph => [FileFormat::Graphml, FileFormat::Dot],
            _ => [FileFormat::Parquet, FileFormat::Csv],
        }
    }
}

/// Formats of files.
#[derive(Debug, Clone, Copy, Eq, PartialEq, ValueEnum)]
pub(crate) enum FileFormat {
    /// Columns with types, compressed: for pyarrow, DuckDB, pandas, Spark and the like.
    Parquet,
    /// As `kith report --format csv` prints it.
    Csv,
    /// For Gephi, yEd, networkx and igraph.
    Graphml,
    /// For Graphviz.
    Dot,
}

impl FileFormat {
    /// What it is called on the command line; also the usual ending of files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            FileFormat::Parquet => "parquet",
            FileFormat::Csv => "csv",
            FileFormat::Graphml => "graphml",
            FileFormat::Dot => "dot",
        }
    }

    /// The format that a file's name tells by its ending.
    pub(crate) fn of_ending(file: &Path) -> Option<FileFormat> {
        let ending = file.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "parquet" => Some(FileFormat::Parquet),
            "csv" => Some(FileFormat::Csv),
            "graphml" => Some(FileFormat::Graphml),
            "dot" | "gv" => Some(FileFormat::Dot),
            _ => None,
        }
    }
}

/// What the edges of the graph are.
#[derive(Debug, Clone, Copy, Eq, PartialEq, ValueEnum)]
pub(crate) enum EdgesOf {
    /// From whose points they once were to who holds them now.
    Assignments,
    /// From hand to hand: the way that points of tracked accounts took.
    Flows,
    /// From who liked to who was liked: what local-trust has.
    Likes,
}

impl EdgesOf {
    /// The rows of the edges.
    pub(crate) fn export(self) -> &'static Export {
        match self {
            EdgesOf::Assignments => &Export::EDGES_ASSIGNMENTS,
            EdgesOf::Flows => &Export::EDGES_FLOWS,
            EdgesOf::Likes => &Export::EDGES_LIKES,
        }
    }
}

/// `kith record FILE`.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The file, which must not exist; compressed with zstd if its name ends in .zst.
    pub(crate) file: PathBuf,
    /// Which source of the configuration, by its url, if it has several; its relays and Jetstreams
    /// stand in for each other and are recorded as one.
    #[arg(long, value_name = "URL")]
    pub(crate) source: Option<String>,
    /// Stop after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) seconds: Option<u64>,
    /// Stop after so many frames.
    #[arg(long, value_name = "N")]
    pub(crate) frames: Option<u64>,
    /// Stop before so many mebibytes, uncompressed, are exceeded.
    #[arg(long, value_name = "MIB")]
    pub(crate) mebibytes: Option<u64>,
}

/// `kith report NAME`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Which report; without a name all are listed with their questions.
    #[arg(value_parser = ReportName::new())]
    pub(crate) name: Option<String>,
    /// Whose view (trust, why): a DID, or the handle of a known account.
    #[arg(long, value_name = "DID")]
    pub(crate) viewer: Option<String>,
    /// Whose view together (blend): DIDs or handles, each with its weight, as in a=2,b=-1; a
    /// weight left out is 1.
    #[arg(long, value_name = "DID=WEIGHT,…", allow_hyphen_values = true)]
    pub(crate) viewers: Option<String>,
    /// Who holds the points in question (why): a DID or a handle.
    #[arg(long, value_name = "DID")]
    pub(crate) holder: Option<String>,
    /// Which account the question is about (composition, given, history): a DID or a handle.
    #[arg(long, value_name = "DID")]
    pub(crate) account: Option<String>,
    /// From when on (newcomers, given, activity): so long before the last event, as 7d or 12h; or
    /// a time of UTC, as 2026-11-21 or 2026-11-21T10:00:00Z. Unless told given begins with the
    /// current epoch, activity seven days before the last event, newcomers at the very beginning.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Which earlier epoch: to look at (standings), the last that ended unless told; to compare with
    /// (delta), the one before that. Other reports have no past.
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<i64>,
    /// Count the points of everybody, not of the tracked accounts alone (top); such totals are
    /// easily gamed.
    #[arg(long)]
    pub(crate) all_origins: bool,
    /// Rows at most; tables for people show 20 unless told, JSON and CSV all.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// The names of the reports, each with its question; a mistyped one is answered by the nearest.
#[derive(Debug, Clone)]
struct ReportName(PossibleValuesParser);

impl ReportName {
    fn new() -> ReportName {
        let names = kith_store::REPORTS
            .iter()
            .map(|report| PossibleValue::new(report.name).help(report.question()));
        ReportName(PossibleValuesParser::new(names))
    }
}

impl TypedValueParser for ReportName {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        let mut error = match self.0.parse_ref(command, argument, value) {
            Ok(name) => return Ok(name),
            Err(error) => error,
        };
        let typed = value.to_string_lossy();
        let names = kith_store::REPORTS.iter().map(|report| report.name);
        if let Some(name) = ask::nearest(names, &typed) {
            error.insert(
                ContextKind::SuggestedValue,
                ContextValue::String(name.to_owned()),
            );
        }
        Err(error)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

/// How data is printed.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Short for `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

impl Output {
    /// The format asked for.
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// Formats of data.
#[derive(Debug, Clone, Copy, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns for people.
    Table,
    /// For programs; the field names are a contract.
    Json,
    /// For spreadsheets.
    Csv,
}

impl Cli {
    /// How much is logged unless told: commands that print data are quiet.
    pub(crate) fn default_log(&self) -> &'static str {
        match self.command {
            Command::Run
            | Command::Replay { .. }
            | Command::Record(_)
            | Command::Recompute(_)
            | Command::Serve { .. } => "info",
            Command::Export(ref args) if args.to != Path::new("-") => "info",
            _ => "warn",
        }
    }
}
