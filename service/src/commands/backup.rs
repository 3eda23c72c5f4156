//! `kith backup FILE`: a copy of the database as it is at one moment.

use std::path::Path;

use anyhow::Result;
use kith_config::Mode;
use kith_store::{Access, Store};

use crate::exit::InputError;

/// Copies an SQLite database; for PostgreSQL says what does.
pub(super) async fn run(path: &Path, file: &Path) -> Result<()> {
    let config = super::load(path, Mode::Offline)?;
    let shown = file.display();
    if !config.database.starts_with("sqlite:") {
        return Err(InputError(format!(
            "PostgreSQL has its own tool: pg_dump --format=custom --file={shown} {}\n  help: it \
             reads one moment beside a running service; pg_restore --dbname=URL {shown} brings it \
             back into an empty database",
            config.database_masked()
        ))
        .into());
    }
    if file.exists() {
        return Err(InputError(format!(
            "{shown} is there already\n  help: name a new file, or remove that one"
        ))
        .into());
    }
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(InputError(format!(
            "there is no folder {}\n  help: make it, or name a file elsewhere",
            folder.display()
        ))
        .into());
    }
    // SQLite would take it for a part of the copy.
    for ending in ["-wal", "-journal"] {
        let mut beside = file.as_os_str().to_owned();
        beside.push(ending);
        let beside = Path::new(&beside);
        if beside.exists() {
            return Err(InputError(format!(
                "{} is there, left by a database that was killed\n  help: remove it, or name \
                 another file",
                beside.display()
            ))
            .into());
        }
    }
    let store = Store::open(&config.database, Access::Copy).await?;
    store.backup(file).await?;
    store.close().await;
    Ok(())
}
