//! `kith opt-out`: edits who of the configuration file wants no points.

use std::path::Path;

use anyhow::Result;
use kith_config::{Identifier, edit};
use kith_store::{Table, Value};

use super::track::{change, identifier, read, refused, tell};
use crate::{
    cli::{Format, OptOutCommand},
    output,
};

/// Edits or shows the list.
pub(super) fn run(path: &Path, command: OptOutCommand) -> Result<()> {
    match command {
        OptOutCommand::Add { id } => {
            let id = add(path, &id)?;
            tell(&format!("{id} opted out in {}", path.display()));
            Ok(())
        }
        OptOutCommand::Remove { id } => {
            let id = remove(path, &id)?;
            tell(&format!("{id} opted in again in {}", path.display()));
            Ok(())
        }
        OptOutCommand::List { output } => list(path, output.format()),
    }
}

/// Adds an account to the file.
///
/// # Errors
/// [`crate::exit::InputError`]: it is no name of an account, it is there already, or the file is
/// not as it should be.
pub(crate) fn add(path: &Path, id: &str) -> Result<Identifier> {
    let id = identifier(id)?;
    let origin = path.display().to_string();
    change(path, |text| edit::add_opt_out(text, &origin, &id))?;
    Ok(id)
}

/// Removes an account from the file.
///
/// # Errors
/// As [`add`]; or it is not there.
pub(crate) fn remove(path: &Path, id: &str) -> Result<Identifier> {
    let id = identifier(id)?;
    let origin = path.display().to_string();
    change(path, |text| edit::remove_opt_out(text, &origin, &id))?;
    Ok(id)
}

fn list(path: &Path, format: Format) -> Result<()> {
    let origin = path.display().to_string();
    let listed = edit::opted_out(&read(path)?, &origin).map_err(|error| refused(&error))?;
    let rows = listed.iter().map(|id| vec![Value::Text(id.to_string())]);
    let table = Table {
        columns: vec!["id".to_owned()],
        rows: rows.collect(),
    };
    output::table(&table, format)
}
