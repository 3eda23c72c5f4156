//! `kith check`: is the configuration file right?

use std::path::Path;

use anyhow::Result;
use kith_config::Mode;

use crate::{
    network::{self, Names},
    output,
};

/// Checks the file; online also resolves the accounts.
pub(super) async fn run(path: &Path, online: bool) -> Result<()> {
    let config = super::load(path, Mode::Live)?;
    output::note(&format!(
        "{}: {} tracked, depth {}, {} sources, database {}",
        path.display(),
        config.circle.tracked.len(),
        config.circle.depth,
        config.sources.len(),
        config.database_masked()
    ));
    if online {
        let directory = network::directory(&config, None)?;
        let settings = Names::new(directory.clone()).settings(&config).await;
        for account in settings.map_err(|error| error.in_file(path))?.tracked {
            let host = directory.document(&account.did).await?.pds.clone();
            let host = host.as_deref().unwrap_or("no host");
            output::note(&format!("{} at {host}", account.did));
        }
    }
    Ok(())
}
