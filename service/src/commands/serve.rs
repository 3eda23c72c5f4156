//! `kith serve`: the page and the reports of a database, whether or not a service runs on it.

use std::{net::SocketAddr, path::Path};

use anyhow::Result;
use kith_config::Mode;

use crate::{
    http::{self, Server},
    signals,
};

/// Serves until stopped.
pub(super) async fn run(path: &Path, listen: Option<SocketAddr>) -> Result<()> {
    let stopping = signals::stopping()?;
    let config = super::load(path, Mode::Offline)?;
    let address = listen.or(config.http.listen).unwrap_or(http::LISTEN);
    let server = Server::start(path, &config, address, stopping.clone()).await?;
    stopping.cancelled().await;
    server.finish().await;
    Ok(())
}
