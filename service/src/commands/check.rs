//! `kith check`: is the configuration file right?

use std::path::Path;

use anyhow::Result;

use super::doctor;
use crate::{
    exit::InputError,
    network::{self, Names},
    output,
};

/// Checks the file; online also resolves the accounts and tries the sources.
pub(super) async fn run(path: &Path, online: bool) -> Result<()> {
    let config = super::load_sources_or_none(path)?;
    output::note(&format!(
        "{}: {} tracked, depth {}, {} sources, database {}",
        path.display(),
        config.circle.tracked.len(),
        config.circle.depth,
        config.sources.len(),
        config.database_masked()
    ));
    if config.sources.is_empty() {
        output::note(&format!("note: there is no source: {}", super::NO_SOURCE));
    }
    if !online {
        return Ok(());
    }
    let mut wrong = 0;
    let directory = network::directory(&config, None)?;
    match Names::new(directory.clone()).settings(&config).await {
        Ok(settings) => {
            for account in settings.tracked {
                match directory.document(&account.did).await {
                    Ok(document) => {
                        let host = document.pds.as_deref().unwrap_or("no host");
                        output::note(&format!("{} at {host}", account.did));
                    }
                    Err(error) => {
                        wrong += 1;
                        output::note(&format!("{}: {error}", account.did));
                    }
                }
            }
        }
        Err(errors) => {
            wrong += errors.count();
            output::note(&errors.in_file(path).to_string());
        }
    }
    for (number, source) in config.sources.iter().enumerate() {
        let found = doctor::reach(&config, number, source).await;
        wrong += doctor::failed(&found);
        output::note(doctor::words(&found)?.trim_end());
    }
    match wrong {
        0 => Ok(()),
        1 => Err(InputError("1 thing is wrong".to_owned()).into()),
        n => Err(InputError(format!("{n} things are wrong")).into()),
    }
}
