//! `kith completions SHELL` and `kith man FOLDER`: made from the definition of the command line.

use std::{io::Write, path::Path};

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::{cli::Cli, exit::InputError, output};

/// Prints a shell's completions.
pub(super) fn completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kith", &mut script);
    Ok(output::out().write_all(&script)?)
}

/// Writes `kith.1` and a page for each command.
pub(super) fn man(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .map_err(|error| {
            let folder = folder.display();
            InputError(format!("cannot write manual pages into {folder}: {error}")).into()
        })
}
