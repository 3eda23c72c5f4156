//! What signals ask for: the first SIGINT, SIGTERM or SIGHUP drains, the second gives up. (SIGHUP makes
//! a running service read its configuration.)

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::Interrupted;

/// What a lost terminal asks for.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub(crate) enum Hangup {
    /// The same as the others.
    Stops,
    /// Something else, which is listened for elsewhere.
    Reloads,
}

/// Cancelled by the first signal from now on; whatever takes long after this can be stopped cleanly.
pub(crate) fn stopping() -> Result<CancellationToken> {
    let [stopping, _] = listen(Hangup::Stops)?;
    Ok(stopping)
}

/// Does what the first signal lets finish, and the second ends wherever it waits.
pub(crate) async fn drained<F>(
    hangup: Hangup,
    work: impl FnOnce(CancellationToken) -> F,
) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    let [stopping, aborting] = listen(hangup)?;
    tokio::select! {
        done = Box::pin(work(stopping)) => done,
        () = aborting.cancelled() => Err(Interrupted::Uncommitted.into()),
    }
}

/// Each is cancelled by a signal, one after the other.
fn listen(on_hangup: Hangup) -> Result<[CancellationToken; 2]> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let tokens = [CancellationToken::new(), CancellationToken::new()];
    let cancelled = tokens.clone();
    tokio::spawn(async move {
        for token in cancelled {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv(), if on_hangup == Hangup::Stops => {}
            }
            tracing::info!("signal received");
            token.cancel();
        }
    });
    Ok(tokens)
}
