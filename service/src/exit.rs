//! How the process ends: 0 done (also if the reader of what is printed wants no more), 1 a no because of input or data, 2 a failure of ours, 130
//! interrupted.

use std::{io::ErrorKind, process::ExitCode};

use crate::ask::AskError;
use kith_config::Problems;
use kith_store::StoreError;

/// A no because of what the user gave us.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct InputError(pub(crate) String);

/// A no because of a file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct FileError(pub(crate) String);

/// Stopped in the middle by a signal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Interrupted {
    /// By the second one.
    #[error(
        "interrupted before everything was committed; the next start goes on from the last commit"
    )]
    Uncommitted,
    /// A replay, which has committed these frames.
    #[error("interrupted after {0} frames; the same command goes on from there")]
    After(u64),
    /// With a database that has a part of what it should have.
    #[error("interrupted; {0} has a part of it and is of no use\n  help: drop it")]
    Halfway(String),
    /// Nothing came of it.
    #[error("interrupted; nothing was written")]
    Nothing,
}

const NO: u8 = 1;
const FAILURE: u8 = 2;
const INTERRUPTED: u8 = 130;

/// Prints what clap says. Help and version are no errors.
pub(crate) fn of_usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    match (error.use_stderr(), printed) {
        (false, Ok(())) => ExitCode::SUCCESS,
        (false, Err(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        _ => ExitCode::from(NO),
    }
}

/// Prints an error and tells its kind.
pub(crate) fn of_error(error: &anyhow::Error) -> ExitCode {
    if crate::output::reader_is_gone() {
        return ExitCode::SUCCESS;
    }
    crate::output::note(&format!("kith: {}", told(error)));
    let is_input = error.chain().any(|cause| {
        cause.is::<InputError>()
            || cause.is::<FileError>()
            || cause.is::<Problems>()
            || cause
                .downcast_ref::<AskError>()
                .is_some_and(AskError::is_input)
            || cause
                .downcast_ref::<StoreError>()
                .is_some_and(StoreError::is_input)
    });
    let is_interrupted = error
        .chain()
        .any(<dyn std::error::Error>::is::<Interrupted>);
    if is_interrupted {
        ExitCode::from(INTERRUPTED)
    } else if is_input {
        ExitCode::from(NO)
    } else {
        ExitCode::from(FAILURE)
    }
}

/// An error and its causes in one line; a cause that was told already is not told again, as some
/// libraries' errors name theirs.
fn told(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |told, cause| {
        let cause = cause.to_string();
        if told.is_empty() {
            cause
        } else if told.contains(&cause) {
            told
        } else {
            format!("{told}: {cause}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error that names its cause, as those of databases do.
    #[derive(Debug, thiserror::Error)]
    #[error("database: {0}")]
    struct Lost(#[source] std::io::Error);

    #[test]
    fn a_cause_is_told_once() {
        let lost = Lost(std::io::Error::other("connection reset"));
        let error = anyhow::Error::from(lost).context("cannot write");
        assert_eq!(told(&error), "cannot write: database: connection reset");
    }
}
