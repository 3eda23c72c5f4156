//! What signals ask for: the first SIGINT or SIGTERM drains, the second gives up.

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::Interrupted;

/// Cancelled by the first signal from now on; whatever takes long after this can be stopped cleanly.
pub(crate) fn stopping() -> Result<CancellationToken> {
    let [stopping, _] = listen()?;
    Ok(stopping)
}

/// Does what the first signal lets finish, and the second ends wherever it waits.
pub(crate) async fn drained<F>(work: impl FnOnce(CancellationToken) -> F) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    let [stopping, aborting] = listen()?;
    tokio::select! {
        done = Box::pin(work(stopping)) => done,
        () = aborting.cancelled() => Err(Interrupted::Uncommitted.into()),
    }
}

/// Each is cancelled by a signal, one after the other.
fn listen() -> Result<[CancellationToken; 2]> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let tokens = [CancellationToken::new(), CancellationToken::new()];
    let cancelled = tokens.clone();
    tokio::spawn(async move {
        for token in cancelled {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tracing::info!("signal received");
            token.cancel();
        }
    });
    Ok(tokens)
}
