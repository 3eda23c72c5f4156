//! `kith run`: the service.

use std::{path::Path, sync::Arc};

use anyhow::Result;
use kith_config::Mode;
use kith_store::{Access, Store};
use tokio::sync::mpsc;

use crate::{
    engine::Engine,
    network,
    service::{self, Signals},
};

/// Follows the network until stopped.
pub(super) async fn run(path: &Path) -> Result<()> {
    let signals = Signals::listen()?;
    let config = super::load(path, Mode::Live)?;
    let store = Arc::new(Store::open(&config.database, Access::Write).await?);
    let (learned, documents) = mpsc::channel(service::LEARNED_MAX);
    let directory = network::directory(&config, Some(learned))?;
    network::remember(&directory, &store).await?;
    let settings = network::settings_online(&config, &directory).await?;
    let engine = Engine::open(&store, settings).await?;
    tracing::info!(database = config.database_masked(), "following");
    service::run(
        &config,
        Arc::clone(&store),
        engine,
        directory,
        documents,
        signals,
    )
    .await?;
    close(store).await;
    Ok(())
}

/// Closes the store, if nobody else holds it.
pub(super) async fn close(store: Arc<Store>) {
    if let Some(store) = Arc::into_inner(store) {
        store.close().await;
    }
}
