//! What signals ask for: the first SIGINT, SIGTERM or SIGHUP drains, the second gives up. (SIGHUP makes
//! a running service read its configuration.)

use anyhow::Result;
use tokio::signal::unix::{Signal, SignalKind, signal};
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
    let stops_on_hangup = on_hangup == Hangup::Stops && !is_hangup_ignored();
    let mut hangup = match stops_on_hangup {
        true => Some(signal(SignalKind::hangup())?),
        false => None,
    };
    let tokens = [CancellationToken::new(), CancellationToken::new()];
    let cancelled = tokens.clone();
    tokio::spawn(async move {
        for token in cancelled {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                () = hung_up(hangup.as_mut()) => {}
            }
            tracing::info!("signal received");
            token.cancel();
        }
    });
    Ok(tokens)
}

async fn hung_up(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether whoever started this wants it to outlive the terminal, as `nohup` does.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 1) // SIGHUP is 1.
}
