//! `kith export WHAT --to FILE`: whole tables and graphs, for other programs.

use std::path::Path;

use anyhow::Result;
use kith_config::Mode;

use crate::{cli::ExportArgs, export, service::Signals};

/// Exports; a signal in the middle leaves nothing behind.
pub(super) async fn run(path: &Path, args: &ExportArgs) -> Result<()> {
    let signals = Signals::listen()?;
    let config = super::load(path, Mode::Offline)?;
    export::run(&config.database, args, &signals.stopping()).await
}
