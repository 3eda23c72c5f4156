//! `kith export WHAT --to FILE`: whole tables and graphs, for other programs.

use std::path::Path;

use anyhow::Result;
use kith_config::Mode;
use tokio_util::sync::CancellationToken;

use crate::{cli::ExportArgs, export, signals};

/// Exports; a signal in the middle leaves no file behind.
pub(super) async fn run(path: &Path, args: &ExportArgs) -> Result<()> {
    // What is printed cannot be taken back: there a signal ends the process at once, even one that
    // waits for its reader.
    let stopping = match args.to == Path::new("-") {
        true => CancellationToken::new(),
        false => signals::stopping()?,
    };
    let config = super::load(path, Mode::Offline)?;
    export::run(&config.database, args, &stopping).await
}
