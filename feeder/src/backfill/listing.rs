//! One collection of one repo, page by page.

use std::collections::HashSet;
use std::time::Duration;

use super::{AccountStatus, ReadError};
use crate::syntax::{is_did, is_record_key};
use crate::xrpc::{CallError, Client, Host, Order, RecordEntry, RecordPage};

pub(super) const FOLLOW: &str = "app.bsky.graph.follow";
pub(super) const BLOCK: &str = "app.bsky.graph.block";

/// Time that the answers of one account may take, all its pages together, without the time
/// that requests wait for their turn.
pub(super) const ANSWER_TIME_MAX: Duration = Duration::from_mins(5);

/// Longest cursor sent back to a host: record keys have at most 512 characters.
pub(super) const CURSOR_BYTES_MAX: usize = 1024;

/// Pages are full (100 records) on honest hosts; four times as many, and some, are tolerated.
const PAGES_SLACK: u32 = 16;

/// Keys and subjects may have so many bytes each, on the average, in a listing that is at its bound: those of
/// honest hosts have 45, and could have two thousand.
pub(super) const RECORD_BYTES: usize = 128;
/// And so many more together.
pub(super) const LISTING_BYTES: usize = 64 << 10;

/// The follow or block records of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// (rkey, subject) of each record, oldest first on honest hosts; rkeys are distinct and
    /// valid, subjects are DIDs.
    pub records: Vec<(String, String)>,
    /// Whether there are more records than the bound, or than have room in what so many records take
    /// on honest hosts; these were not read.
    pub capped: bool,
    /// Records left out: unreadable, of another repo or collection, or whose subject is not a
    /// DID.
    pub invalid: u32,
}

/// Reads the follows of an account from its PDS, oldest first, at most `max` of them.
pub async fn read_follows(
    client: &Client,
    pds: &str,
    did: &str,
    max: u32,
) -> Result<Listing, ReadError> {
    Collection {
        did,
        name: FOLLOW,
        max,
        answer_time_max: ANSWER_TIME_MAX,
    }
    .read(&Host::new(client, pds))
    .await
}

/// Reads the blocks of an account from its PDS, oldest first, at most `max` of them.
pub async fn read_blocks(
    client: &Client,
    pds: &str,
    did: &str,
    max: u32,
) -> Result<Listing, ReadError> {
    Collection {
        did,
        name: BLOCK,
        max,
        answer_time_max: ANSWER_TIME_MAX,
    }
    .read(&Host::new(client, pds))
    .await
}

/// What is read, and how much of it at most.
pub(super) struct Collection<'a> {
    pub(super) did: &'a str,
    pub(super) name: &'a str,
    pub(super) max: u32,
    pub(super) answer_time_max: Duration,
}

impl Collection<'_> {
    /// Pages until the end, the bound, or an answer that makes no sense.
    pub(super) async fn read(&self, host: &Host) -> Result<Listing, ReadError> {
        let mut reading = Reading::new(self);
        let mut cursor = None;
        for _ in 0..self.pages_max() {
            let page = host.list_records(self.did, self.name, Order::OldestFirst, cursor.clone());
            let page = match page.await {
                Ok(page) => page,
                Err(error) => return Err(explain(host, self.did, &error).await),
            };
            let advanced = reading.take_page(&page);
            let ended = reading.listing.capped || page.is_empty();
            let next = page.cursor.filter(|cursor| !cursor.is_empty());
            if ended || next.is_none() {
                return Ok(reading.listing);
            }
            if !advanced || next == cursor {
                return Err(self.malformed(host, "a page repeats or has nothing of the account"));
            }
            if next
                .as_ref()
                .is_some_and(|next| next.len() > CURSOR_BYTES_MAX)
            {
                return Err(self.malformed(host, "the cursor is too long"));
            }
            if host.spent() > self.answer_time_max {
                let reason = format!("{} answers too slowly to be read whole", host.base());
                return Err(ReadError::Unreachable {
                    did: self.did.to_owned(),
                    reason,
                });
            }
            cursor = next;
        }
        Err(self.malformed(host, "the pages do not end"))
    }

    fn pages_max(&self) -> u32 {
        self.max
            .div_ceil(100)
            .saturating_mul(4)
            .saturating_add(PAGES_SLACK)
    }

    fn malformed(&self, host: &Host, what: &str) -> ReadError {
        let reason = format!("{what} ({} of {})", self.name, host.base());
        ReadError::Malformed {
            did: self.did.to_owned(),
            reason,
        }
    }
}

/// What a refused listing means. Servers answer 400 "Could not find repo" for unknown,
/// deactivated, taken-down and deleted accounts alike, so the repo's status is asked.
pub(super) async fn explain(host: &Host, did: &str, error: &CallError) -> ReadError {
    let CallError::Answer {
        status: 400 | 404,
        message,
        ..
    } = error
    else {
        return ReadError::from_call(did, error);
    };
    let (owned, base) = (did.to_owned(), host.base().to_owned());
    match host.repo_status(did).await {
        Ok(None) => ReadError::NotFound {
            did: owned,
            host: base,
        },
        Ok(Some(repo)) if repo.active => {
            let reason = format!("{error}, and yet it says that the account is active");
            ReadError::Unreachable { did: owned, reason }
        }
        Ok(Some(repo)) => ReadError::Inactive {
            did: owned,
            host: base,
            status: AccountStatus::inactive(repo.status.as_deref()),
        },
        // An old host without the method: all that is known is that it does not serve it.
        Err(CallError::Answer {
            status: 400 | 404 | 501,
            ..
        }) if message
            .as_ref()
            .is_some_and(|text| text.contains("not find repo")) =>
        {
            ReadError::Inactive {
                did: owned,
                host: base,
                status: AccountStatus::inactive(None),
            }
        }
        Err(CallError::Answer { .. }) => ReadError::from_call(did, error),
        Err(other) => ReadError::from_call(did, &other),
    }
}

/// The listing so far.
struct Reading<'a> {
    collection: &'a Collection<'a>,
    prefix: String,
    seen: HashSet<String>,
    /// Of the keys and subjects in the listing.
    bytes: usize,
    listing: Listing,
}

impl<'a> Reading<'a> {
    fn new(collection: &'a Collection<'a>) -> Reading<'a> {
        let prefix = format!("at://{}/{}/", collection.did, collection.name);
        Reading {
            collection,
            prefix,
            seen: HashSet::new(),
            bytes: 0,
            listing: Listing::default(),
        }
    }

    /// Takes the records of a page up to the bound; says whether any was new.
    fn take_page(&mut self, page: &RecordPage) -> bool {
        let mut advanced = false;
        for entry in page.entries::<RecordEntry>() {
            let Some((rkey, subject)) = entry.and_then(|entry| self.own_record(entry)) else {
                self.listing.invalid += 1;
                continue;
            };
            if self.seen.contains(&rkey) {
                continue;
            }
            advanced = true;
            let Some(subject) = subject else {
                self.listing.invalid += 1;
                continue;
            };
            let bytes = self.bytes + rkey.len() + subject.len();
            let max = self.collection.max as usize;
            if self.listing.records.len() >= max || bytes > max * RECORD_BYTES + LISTING_BYTES {
                self.listing.capped = true;
                break;
            }
            self.bytes = bytes;
            self.seen.insert(rkey.clone());
            self.listing.records.push((rkey, subject));
        }
        advanced
    }

    /// The record's key, if it is of this repo and collection, and its subject, if it is a DID.
    fn own_record(&self, entry: RecordEntry) -> Option<(String, Option<String>)> {
        let rkey = entry
            .uri
            .strip_prefix(&self.prefix)
            .filter(|rkey| is_record_key(rkey))?;
        let rkey = rkey.to_owned();
        let subject = Some(entry.into_subject()).filter(|subject| is_did(subject));
        Some((rkey, subject))
    }
}
