//! `kith replay`: recorded frames into the ledger, offline.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use anyhow::Result;
use kith_config::{Backfill, Mode};
use kith_store::{Access, Store};
use tokio_util::sync::CancellationToken;

use crate::{
    engine::Engine,
    exit::{InputError, Interrupted},
    network, service,
    signals::{self, Hangup},
};

/// Reads the files one after the other.
pub(super) async fn run(path: &Path, frames: Vec<PathBuf>) -> Result<()> {
    signals::drained(Hangup::Stops, |stopping| replay(path, frames, stopping)).await
}

async fn replay(path: &Path, frames: Vec<PathBuf>, stopping: CancellationToken) -> Result<()> {
    let config = super::load(path, Mode::Offline)?;
    for file in &frames {
        // A pipe is opened once: who writes to it would take this for its reader's end.
        let is_there = std::fs::metadata(file);
        let opened = is_there.and_then(|found| match found.is_file() {
            true => std::fs::File::open(file).map(drop),
            false => Ok(()),
        });
        if let Err(error) = opened {
            let shown = file.display();
            return Err(InputError(format!("cannot read {shown}: {error}")).into());
        }
    }
    let settings = network::settings_offline(&config)?;
    if config.circle.backfill == Backfill::Pds {
        tracing::warn!(
            "backfill = \"pds\" asks hosts for follows, and replay asks nobody: the circle has only \
             what the frames say of its members; for a recording from the beginning write \
             backfill = \"stream\""
        );
    }
    let store = Arc::new(Store::open(&config.database, Access::Write).await?);
    let engine = Engine::open(&store, settings).await?;
    if engine.day_one_is_due(0) {
        return Err(InputError(
            "day one is not finished: likes of before the first start wait to be taken\n  help: \
             let kith run finish, or replay into another database"
                .to_owned(),
        )
        .into());
    }
    let start = Instant::now();
    let frames = service::replay(
        &config,
        Arc::clone(&store),
        engine,
        frames,
        stopping.clone(),
    )
    .await?;
    tracing::info!(frames, seconds = start.elapsed().as_secs_f32(), "replayed");
    super::run::close(store).await;
    match stopping.is_cancelled() {
        true => Err(Interrupted::After(frames).into()),
        false => Ok(()),
    }
}
