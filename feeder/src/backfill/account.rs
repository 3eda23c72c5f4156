//! All that is read of one account.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::likes::{LikeListing, LikesWanted};
use super::listing::{ANSWER_TIME_MAX, BLOCK, Collection, FOLLOW, Listing};
use super::{AccountStatus, ReadError};
use crate::identity::{DidDocument, Directory};
use crate::xrpc::Host;

/// What is to be read of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its follow records.
    pub follows: bool,
    /// Its block records.
    pub blocks: bool,
    /// Its likes of a span of time.
    pub likes: Option<LikesWanted>,
}

impl Wanted {
    /// Follows and blocks.
    pub fn records() -> Wanted {
        Wanted {
            follows: true,
            blocks: true,
            likes: None,
        }
    }

    /// What either wants.
    #[must_use]
    pub fn union(self, other: Wanted) -> Wanted {
        Wanted {
            follows: self.follows || other.follows,
            blocks: self.blocks || other.blocks,
            likes: match (self.likes, other.likes) {
                (Some(one), Some(two)) => Some(one.union(two)),
                (one, two) => one.or(two),
            },
        }
    }
}

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
    /// Its follow records, if wanted.
    pub follows: Listing,
    /// Its block records, if wanted.
    pub blocks: Listing,
    /// The likes that were wanted.
    pub likes: LikeListing,
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

/// Where an account is.
#[derive(Debug, Clone)]
pub(super) struct Located {
    pub(super) document: Arc<DidDocument>,
    /// When it was fetched, if it is not from the cache.
    fetched: Option<Instant>,
}

impl Located {
    /// Whether it was fetched just now.
    fn is_fresh(&self) -> bool {
        self.fetched.is_some_and(|at| at.elapsed() < FRESH)
    }

    /// The host, as accounts are grouped by it.
    pub(super) fn host(&self) -> String {
        let pds = self.document.pds.as_deref().unwrap_or_default();
        pds.trim_end_matches('/').to_ascii_lowercase()
    }
}

/// A document is "fetched just now" for so long.
const FRESH: Duration = Duration::from_secs(30);

/// Reads accounts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    directory: Directory,
    options: ReaderOptions,
    /// Clones share it.
    records_max: Arc<AtomicU32>,
}

impl Reader {
    /// Makes a reader over a directory and its client.
    pub fn new(directory: Directory, options: ReaderOptions) -> Reader {
        let records_max = Arc::new(AtomicU32::new(options.records_max));
        Reader {
            directory,
            options,
            records_max,
        }
    }

    /// Changes [`ReaderOptions::records_max`] for the accounts read from now on, by all clones.
    pub fn set_records_max(&self, records_max: u32) {
        self.records_max.store(records_max, Ordering::Relaxed);
    }

    /// How many pages an honest host needs for what is wanted, at most.
    pub(super) fn pages(&self, wanted: &Wanted) -> u32 {
        let listings = u32::from(wanted.follows) + u32::from(wanted.blocks);
        let records = listings.saturating_mul(self.records_max.load(Ordering::Relaxed));
        // Likes and reposts; what is newer than the span is read, too.
        let likes = wanted.likes.as_ref().map_or(0, |likes| likes.max);
        records
            .saturating_add(likes.saturating_mul(4))
            .div_ceil(100)
    }

    /// The directory documents come from.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Reads what is wanted of an account: its document, then its records at the PDS named there.
    ///
    /// An account that its current host does not serve is read too: its status says why, and
    /// [`AccountStatus::Deleted`] is a host that knows it no more. That is believed only by a
    /// document fetched just now, since the account may have moved since the cached one.
    ///
    /// # Errors
    /// Never [`ReadError::Inactive`] or [`ReadError::NotFound`].
    pub async fn read_account(&self, did: &str, wanted: &Wanted) -> Result<AccountRead, ReadError> {
        let located = self.locate(did).await?;
        self.read_located(&located, wanted).await
    }

    /// The document of an account: the first half of [`Reader::read_account`].
    pub(super) async fn locate(&self, did: &str) -> Result<Located, ReadError> {
        if let Some(document) = self.directory.cached_document(did) {
            return Ok(Located {
                document,
                fetched: None,
            });
        }
        Ok(Located {
            document: self.directory.fresh_document(did).await?,
            fetched: Some(Instant::now()),
        })
    }

    /// The records at the PDS of the document: the second half.
    pub(super) async fn read_located(
        &self,
        located: &Located,
        wanted: &Wanted,
    ) -> Result<AccountRead, ReadError> {
        let document = &located.document;
        let did = &document.did;
        if located.is_fresh() {
            return self.read_at_host(document, wanted).await;
        }
        if self.directory.cached_document(did).is_none() {
            // Out of date since it was looked at.
            let fresh = self.directory.fresh_document(did).await?;
            return self.read_at_host(&fresh, wanted).await;
        }
        match self.read_at_host(document, wanted).await {
            Ok(read) if read.status.is_active() => Ok(read),
            at_cached_host => {
                let fresh = self.directory.fresh_document(did).await?;
                if fresh.pds == document.pds {
                    at_cached_host
                } else {
                    self.read_at_host(&fresh, wanted).await
                }
            }
        }
    }

    async fn read_at_host(
        &self,
        document: &DidDocument,
        wanted: &Wanted,
    ) -> Result<AccountRead, ReadError> {
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
            likes: LikeListing::default(),
        };
        match self.read_wanted(&mut read, wanted).await {
            Ok(()) => {}
            Err(ReadError::Inactive { status, .. }) => read.status = status,
            Err(ReadError::NotFound { .. }) => read.status = AccountStatus::Deleted,
            Err(error) => return Err(error),
        }
        if !read.status.is_active() {
            (read.follows, read.blocks) = (Listing::default(), Listing::default());
        }
        Ok(read)
    }

    async fn read_wanted(&self, read: &mut AccountRead, wanted: &Wanted) -> Result<(), ReadError> {
        let answer_time_max = self.options.answer_time_max;
        let max = self.records_max.load(Ordering::Relaxed);
        let host = || Host::new(self.directory.client(), &read.pds);
        let did = &read.did.clone();
        let listing = async |name, host: Host| {
            let collection = Collection {
                did,
                name,
                max,
                answer_time_max,
            };
            collection.read(&host).await
        };
        let follows = match wanted.follows {
            true => listing(FOLLOW, host()).await?,
            false => Listing::default(),
        };
        let blocks = match wanted.blocks {
            true => listing(BLOCK, host()).await?,
            false => Listing::default(),
        };
        let likes_host = host();
        (read.follows, read.blocks) = (follows, blocks);
        match &wanted.likes {
            Some(likes) => read.read_likes(&likes_host, likes, answer_time_max).await,
            None => Ok(()),
        }
    }
}
