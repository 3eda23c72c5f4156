//! `kith init`: a commented configuration file.

use std::{fs::File, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use anyhow::{Context, Result};

use crate::{exit::InputError, output};

/// Writes the template.
pub(super) fn run(path: &Path, force: bool) -> Result<()> {
    let mut options = File::options();
    // A password of the database may come to stand in it. One that is there keeps its mode.
    options.mode(0o600);
    match force {
        true => options.write(true).create(true).truncate(true),
        false => options.write(true).create_new(true),
    };
    let shown = path.display();
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(InputError(format!(
                "{shown} is there already\n  help: `kith init --force` overwrites it"
            ))
            .into());
        }
        Err(error) => {
            return Err(InputError(format!(
                "cannot write {shown}: {error}\n  help: its folder has to be there, and yours to write to"
            ))
            .into());
        }
    };
    file.write_all(kith_config::TEMPLATE.as_bytes())
        .with_context(|| format!("writing {shown}"))?;
    tracing::info!("wrote {shown}");
    output::note(&format!(
        "wrote {shown}: name the accounts to track in it, then `kith check`"
    ));
    Ok(())
}
