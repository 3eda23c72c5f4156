//! All that is read of one account.

use std::time::Duration;

use super::listing::{ANSWER_TIME_MAX, BLOCK, Collection, FOLLOW, Listing};
use super::{AccountStatus, ReadError};
use crate::identity::{DidDocument, Directory};
use crate::xrpc::Host;

/// What was read of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRead {
    /// The account.
    pub did: String,
    /// Its status at its current host. The listings are empty unless it is active.
    pub status: AccountStatus,
    /// The handle its document claims, not verified.
    pub handle: Option<String>,
    /// Base URL of its current host.
    pub pds: String,
    /// Its follow records.
    pub follows: Listing,
    /// Its block records.
    pub blocks: Listing,
}

/// Bounds of a [`Reader`].
#[derive(Debug, Clone)]
pub struct ReaderOptions {
    /// Follows read per account, and blocks read per account (`circle.max_follows`).
    pub records_max: u32,
    /// Time that all answers of one listing may take together.
    pub answer_time_max: Duration,
}

impl Default for ReaderOptions {
    fn default() -> ReaderOptions {
        ReaderOptions {
            records_max: 10_000,
            answer_time_max: ANSWER_TIME_MAX,
        }
    }
}

/// Reads accounts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    directory: Directory,
    options: ReaderOptions,
}

impl Reader {
    /// Makes a reader over a directory and its client.
    pub fn new(directory: Directory, options: ReaderOptions) -> Reader {
        Reader { directory, options }
    }

    /// The directory documents come from.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Reads an account: its document, then its follows and blocks at the PDS named there.
    ///
    /// An account that its current host does not serve is read too: its status says why, and
    /// [`AccountStatus::Deleted`] is a host that knows it no more. That is believed only by a
    /// document fetched just now, since the account may have moved since the cached one.
    ///
    /// # Errors
    /// Never [`ReadError::Inactive`] or [`ReadError::NotFound`].
    pub async fn read_account(&self, did: &str) -> Result<AccountRead, ReadError> {
        let Some(document) = self.directory.cached_document(did) else {
            return self
                .read_at_host(&*self.directory.fresh_document(did).await?)
                .await;
        };
        match self.read_at_host(&document).await {
            Ok(read) if read.status.is_active() => Ok(read),
            at_cached_host => {
                let fresh = self.directory.fresh_document(did).await?;
                if fresh.pds == document.pds {
                    at_cached_host
                } else {
                    self.read_at_host(&fresh).await
                }
            }
        }
    }

    async fn read_at_host(&self, document: &DidDocument) -> Result<AccountRead, ReadError> {
        let did = &document.did;
        let pds = document
            .pds
            .as_ref()
            .ok_or_else(|| ReadError::NoHost { did: did.clone() })?;
        let mut read = AccountRead {
            did: did.clone(),
            status: AccountStatus::Active,
            handle: document.handle.clone(),
            pds: pds.clone(),
            follows: Listing::default(),
            blocks: Listing::default(),
        };
        match self.read_listings(did, pds).await {
            Ok((follows, blocks)) => (read.follows, read.blocks) = (follows, blocks),
            Err(ReadError::Inactive { status, .. }) => read.status = status,
            Err(ReadError::NotFound { .. }) => read.status = AccountStatus::Deleted,
            Err(error) => return Err(error),
        }
        Ok(read)
    }

    async fn read_listings(&self, did: &str, pds: &str) -> Result<(Listing, Listing), ReadError> {
        let ReaderOptions {
            records_max: max,
            answer_time_max,
        } = self.options;
        let client = self.directory.client();
        let follows = Collection {
            did,
            name: FOLLOW,
            max,
            answer_time_max,
        };
        let follows = follows.read(&Host::new(client, pds)).await?;
        let blocks = Collection {
            did,
            name: BLOCK,
            max,
            answer_time_max,
        };
        let blocks = blocks.read(&Host::new(client, pds)).await?;
        Ok((follows, blocks))
    }
}
