//! Follows, blocks and likes read from the accounts' own PDSes.
//!
//! - [`read_follows`] and [`read_blocks`] page through one collection of one repo.
//! - [`Reader::read_account`] does what is [`Wanted`] of an account: DID document, PDS, status,
//!   listings of follows and blocks, the likes of a span of time.
//! - [`Scheduler`] reads many accounts at once, the most important first, and sends each
//!   result through a channel.
//!
//! Whatever a host sends, it costs its own account only: every listing is bounded in records,
//! pages and time, records of other repos are not taken, and rate limits are per host.

mod account;
mod likes;
mod listing;
mod queue;
mod scheduler;

pub use account::{AccountRead, Reader, ReaderOptions, Wanted};
pub use likes::{LikeListing, LikeRecord, LikesWanted};
pub use listing::{Listing, read_blocks, read_follows};
pub use scheduler::{BackfillDone, Progress, Scheduler, SchedulerOptions, SchedulerStopped};

use std::fmt;

use crate::identity::IdentityError;
use crate::text::is_status;
use crate::xrpc::{CallError, FetchError};

/// Status of an account, in the words of `#account` and `getRepoStatus`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccountStatus {
    /// Its host serves it.
    Active,
    /// Paused by its owner, or moved away from the host that says so.
    Deactivated,
    /// Suspended by its host for a time.
    Suspended,
    /// Taken down by its host.
    Takendown,
    /// Deleted: its host does not know it any more.
    Deleted,
    /// Inactive, for a reason not said or of another word (at most 32 characters).
    Inactive(String),
}

impl AccountStatus {
    /// The status of an account that is not active, from the word its host gives.
    pub fn inactive(word: Option<&str>) -> AccountStatus {
        match word {
            Some("deactivated") => AccountStatus::Deactivated,
            Some("suspended") => AccountStatus::Suspended,
            Some("takendown") => AccountStatus::Takendown,
            Some("deleted") => AccountStatus::Deleted,
            other => {
                let word = other.filter(|word| is_status(word)).unwrap_or("inactive");
                AccountStatus::Inactive(word.chars().take(32).collect())
            }
        }
    }

    /// The protocol's word for it; `active` if active, `inactive` if no reason is known.
    pub fn as_str(&self) -> &str {
        match self {
            AccountStatus::Active => "active",
            AccountStatus::Deactivated => "deactivated",
            AccountStatus::Suspended => "suspended",
            AccountStatus::Takendown => "takendown",
            AccountStatus::Deleted => "deleted",
            AccountStatus::Inactive(word) => word,
        }
    }

    /// Whether it is [`AccountStatus::Active`].
    pub fn is_active(&self) -> bool {
        *self == AccountStatus::Active
    }
}

impl fmt::Display for AccountStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an account or a listing could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The DID is not registered, or tombstoned.
    #[error("{did} is not registered or has been removed")]
    Gone {
        /// The account.
        did: String,
    },
    /// The host knows the account and does not serve it now.
    #[error("{did} is {status} at {host}")]
    Inactive {
        /// The account.
        did: String,
        /// Base URL of the host.
        host: String,
        /// Why it is not served.
        status: AccountStatus,
    },
    /// The host does not know the account: deleted there, or never there.
    #[error("{host} has no repo of {did}")]
    NotFound {
        /// The account.
        did: String,
        /// Base URL of the host.
        host: String,
    },
    /// The account's DID document names no PDS.
    #[error("the document of {did} names no pds")]
    NoHost {
        /// The account.
        did: String,
    },
    /// No answer, or a failure on the other side that may pass.
    #[error("{did} cannot be read now: {reason}")]
    Unreachable {
        /// The account.
        did: String,
        /// What happened, and at which host.
        reason: String,
    },
    /// The answers make no sense, do not end, or are not about this account.
    #[error("the answers for {did} are not usable: {reason}")]
    Malformed {
        /// The account.
        did: String,
        /// What is wrong, and at which host.
        reason: String,
    },
    /// The host is at an address that must not be talked to.
    #[error("{did} is not read: {reason}")]
    Refused {
        /// The account.
        did: String,
        /// Why not.
        reason: String,
    },
}

impl ReadError {
    /// Whether reading again later may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, ReadError::Unreachable { .. })
    }

    /// A stable short name, for counters and tables.
    pub fn reason(&self) -> &'static str {
        match self {
            ReadError::Gone { .. } => "gone",
            ReadError::Inactive { .. } => "inactive",
            ReadError::NotFound { .. } => "not_found",
            ReadError::NoHost { .. } => "no_host",
            ReadError::Unreachable { .. } => "unreachable",
            ReadError::Malformed { .. } => "malformed",
            ReadError::Refused { .. } => "refused",
        }
    }

    fn from_call(did: &str, error: &CallError) -> ReadError {
        let (did, reason) = (did.to_owned(), error.to_string());
        match error {
            CallError::Fetch(FetchError::Refused { .. }) => ReadError::Refused { did, reason },
            CallError::Fetch(error) if error.is_retryable() => {
                ReadError::Unreachable { did, reason }
            }
            CallError::Answer {
                status: 401 | 403 | 408 | 500..,
                ..
            } => ReadError::Unreachable { did, reason },
            _ => ReadError::Malformed { did, reason },
        }
    }
}

impl From<IdentityError> for ReadError {
    fn from(error: IdentityError) -> ReadError {
        match error {
            IdentityError::Gone { did } => ReadError::Gone { did },
            IdentityError::Unreachable { did, reason } => ReadError::Unreachable { did, reason },
            IdentityError::Malformed { did, reason } => ReadError::Malformed { did, reason },
            IdentityError::Refused { did, reason } => ReadError::Refused { did, reason },
            IdentityError::NotADid { did } => ReadError::Malformed {
                did,
                reason: "it is not a did:plc or did:web".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AccountStatus;

    #[test]
    fn a_status_is_a_word() {
        let word = |word| AccountStatus::inactive(word).as_str().to_owned();
        assert_eq!(word(Some("takendown")), "takendown");
        assert_eq!(word(Some("desynchronized")), "desynchronized");
        for none in [None, Some("a\0b"), Some("of two"), Some("\u{202e}")] {
            assert_eq!(word(none), "inactive");
        }
    }
}
