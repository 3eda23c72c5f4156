//! `kith run`: the service.

use std::{path::Path, sync::Arc};

use anyhow::Result;
use kith_config::Mode;
use kith_store::{Access, Store};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use crate::{
    engine::Engine,
    http::Server,
    network::{self, Names},
    reload::{Reloads, Running},
    service::{self, Outside},
    signals::{self, Hangup},
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Follows the network until stopped.
pub(super) async fn run(path: &Path) -> Result<()> {
    signals::drained(Hangup::Reloads, |stopping| follow(path, stopping)).await?;
    tracing::info!("stopped");
    Ok(())
}

async fn follow(path: &Path, stopping: CancellationToken) -> Result<()> {
    let hangups = signal(SignalKind::hangup())?;
    let config = super::load(path, Mode::Live)?;
    // Whoever reads the log has to know which Kith wrote it.
    tracing::info!(database = config.database_masked(), "kith {VERSION} starts");
    let store = Arc::new(Store::open(&config.database, Access::Write).await?);
    let (learned, documents) = mpsc::channel(service::LEARNED_MAX);
    let directory = network::directory(&config, Some(learned))?;
    network::remember(&directory, &store).await?;
    let mut names = Names::new(directory.clone());
    names.go_on_from(&store).await?;
    let settings = tokio::select! {
        settings = names.settings(&config) => settings,
        () = stopping.cancelled() => return Ok(()),
    };
    let settings = settings.map_err(|error| error.in_file(path))?;
    let engine = Engine::open(&store, settings).await?;
    tracing::info!(database = config.database_masked(), "following");
    let mut server = None;
    if let Some(address) = config.http.listen {
        server = Some(Server::start(path, &config, address, stopping.clone()).await?);
    }
    let running = Running {
        path: path.to_owned(),
        config: config.clone(),
        names,
        token: server.as_ref().map(Server::token),
    };
    let reloads = Reloads::watch(running, hangups, stopping.clone());
    let outside = Outside {
        directory,
        documents,
        reloads,
    };
    service::run(&config, Arc::clone(&store), engine, outside, stopping).await?;
    if let Some(server) = server {
        server.finish().await;
    }
    close(store).await;
    Ok(())
}

/// Closes the store, if nobody else holds it.
pub(super) async fn close(store: Arc<Store>) {
    if let Some(store) = Arc::into_inner(store) {
        store.close().await;
    }
}
