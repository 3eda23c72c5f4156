//! Requests on their way to the writer: looked for in the database while a service runs, and
//! taken by the command itself where none does.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use kith_config::Config;
use kith_store::{Access, RequestState, Store, StoreError, batch::RequestRow};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    engine::Engine,
    exit::InputError,
    network::{self, Names},
    service::now,
    writer::Writer,
};

/// How often a service looks for requests: one look-up in a small index.
const LOOK_TIME: Duration = Duration::from_millis(500);
/// Requests taken at once.
pub(crate) const REQUESTS_MAX: u32 = 100;
/// How often a command looks for its answer.
const ANSWER_LOOK_TIME: Duration = Duration::from_millis(100);

/// The requests that wait, as they are found.
pub(crate) struct Requests {
    found: mpsc::Receiver<Vec<RequestRow>>,
    task: JoinHandle<()>,
}

impl Requests {
    /// Looks for requests from now on.
    pub(crate) fn watch(store: Arc<Store>) -> Requests {
        let (sender, found) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK_TIME).await;
                match store.waiting_requests(REQUESTS_MAX).await {
                    Ok(rows) if rows.is_empty() => {}
                    Ok(rows) => {
                        if sender.send(rows).await.is_err() {
                            return;
                        }
                    }
                    // Batches fail for the same reason, and say so.
                    Err(error) => tracing::debug!(%error, "cannot look for requests"),
                }
            }
        });
        Requests { found, task }
    }

    /// The next that were found.
    pub(crate) async fn next(&mut self) -> Vec<RequestRow> {
        match self.found.recv().await {
            Some(rows) => rows,
            None => std::future::pending().await,
        }
    }

    /// Looks no more, and lets go of the store.
    pub(crate) async fn stop(&mut self) {
        self.task.abort();
        // It was aborted: what it says of that is of no interest.
        let _ = (&mut self.task).await;
    }
}

/// Takes what waits now, and commits it.
pub(crate) async fn take_all(writer: &mut Writer) -> Result<()> {
    loop {
        let store = Arc::clone(writer.store());
        let waiting = store.waiting_requests(REQUESTS_MAX).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        writer.engine.take_requests(&waiting, now());
        writer.flush_now().await?;
    }
}

/// Waits for the answer to a request: from the service that runs, or, where none does, by taking
/// it here as the one writer. None: nobody has answered in that time.
///
/// # Errors
/// No service runs, and this cannot stand in for it.
pub(crate) async fn answered(
    mut store: Store,
    config: &Config,
    id: u64,
    patience: Duration,
) -> Result<(Store, Option<RequestState>)> {
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let state = store.request(id).await?;
        if let Some(state) = state.filter(|state| state.answer.is_some()) {
            return Ok((store, Some(state)));
        }
        if tokio::time::Instant::now() > deadline {
            return Ok((store, None));
        }
        if !store.has_writer().await? {
            // A reader that is there longer than the writer would leave what was written in SQLite's log,
            // beside the file that somebody may copy.
            store.close().await;
            Box::pin(take_alone(config)).await?;
            store = Store::open(&config.database, Access::Read).await?;
            continue;
        }
        tokio::time::sleep(ANSWER_LOOK_TIME).await;
    }
}

/// What became of a request: as soon as the service that runs has answered it, or after a time.
/// Without a service at once: it waits.
pub(crate) async fn heard(store: &Store, id: u64, patience: Duration) -> Result<RequestState> {
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let is_late = tokio::time::Instant::now() > deadline;
        let is_alone = !store.has_writer().await?;
        let state = store.request(id).await?;
        let state = state.context("the request is gone from the database")?;
        if state.answer.is_some() || is_late || is_alone {
            return Ok(state);
        }
        tokio::time::sleep(ANSWER_LOOK_TIME).await;
    }
}

/// Takes what waits as the one writer; nothing, if another has come first.
async fn take_alone(config: &Config) -> Result<()> {
    let store = match Store::open(&config.database, Access::Write).await {
        Ok(store) => Arc::new(store),
        Err(StoreError::Locked { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut names = Names::new(network::directory(config, None)?);
    names.go_on_from(&store).await?;
    let settings = names.settings(config).await.map_err(|error| {
        InputError(format!(
            "no service runs, and the configuration cannot be taken up: {error}\n  help: the \
             request waits; `kith run` takes it"
        ))
    })?;
    let engine = Engine::open(&store, settings).await?;
    if engine.day_one_is_due(config.bootstrap.days) {
        return Err(InputError(
            "day one is not finished: the likes of before the first start come first\n  help: the \
             request waits; `kith run` takes it"
                .to_owned(),
        )
        .into());
    }
    let mut writer = Writer::new(engine, Arc::clone(&store), 1);
    take_all(&mut writer).await?;
    writer.finish().await?;
    drop(writer);
    if let Some(store) = Arc::into_inner(store) {
        store.close().await;
    }
    Ok(())
}
