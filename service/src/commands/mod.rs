//! The commands: each a few lines over the crates that do the work.

mod backup;
mod check;
pub(crate) mod claim;
mod complete;
mod doctor;
pub(crate) mod explain;
mod export;
mod init;
pub(crate) mod opt_out;
mod recompute;
mod record;
mod replay;
mod report;
mod run;
mod serve;
mod status;
pub(crate) mod track;
mod verify;

use std::path::Path;

use anyhow::Result;
use kith_config::{Config, Env, Mode, Problems};

use crate::cli::{Cli, Command};

/// Runs the command.
pub(crate) async fn run(cli: Cli) -> Result<()> {
    let path = &cli.config;
    match cli.command {
        Command::Init { force } => init::run(path, force),
        Command::Check { online } => check::run(path, online).await,
        Command::Doctor(args) => doctor::run(path, &args).await,
        Command::Run => run::run(path).await,
        Command::Replay { frames } => replay::run(path, frames).await,
        Command::Record(args) => record::run(path, args).await,
        Command::Serve { listen } => serve::run(path, listen).await,
        Command::Status { output } => status::run(path, output.format()).await,
        Command::Report(args) => report::run(path, args).await,
        Command::Track(command) => track::run(path, command),
        Command::OptOut(command) => opt_out::run(path, command),
        Command::Claim(args) => claim::claim(path, args).await,
        Command::Forget(args) => claim::forget(path, args).await,
        Command::Explain(args) => explain::run(path, args).await,
        Command::Export(args) => export::run(path, &args).await,
        Command::Verify(args) => verify::run(path, &args).await,
        Command::Recompute(args) => recompute::run(path, &args).await,
        Command::Backup { file } => backup::run(path, &file).await,
        Command::Completions { shell } => complete::completions(shell),
        Command::Man { folder } => complete::man(&folder),
    }
}

fn load(path: &Path, mode: Mode) -> Result<Config> {
    Ok(Config::load(path, &Env::of_process(), mode)?)
}

/// What a file without a source is good for.
const NO_SOURCE: &str = "it is good for replay, reports and serve; `kith run` needs a [[source]]";

/// The configuration as `kith run` needs it, but that it may have no source.
fn load_sources_or_none(path: &Path) -> Result<Config, Problems> {
    let load = |mode| Config::load(path, &Env::of_process(), mode);
    match load(Mode::Live) {
        Err(wrong) if wrong.problems.len() == 1 => {
            let offline = load(Mode::Offline).ok();
            offline
                .filter(|config| config.sources.is_empty())
                .ok_or(wrong)
        }
        loaded => loaded,
    }
}
