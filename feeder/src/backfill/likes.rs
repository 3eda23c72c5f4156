//! The likes and reposts of a span of time, newest first until its beginning.

use super::listing::{CURSOR_BYTES_MAX, LISTING_BYTES, RECORD_BYTES, explain};
use super::{AccountRead, ReadError};
use crate::syntax::is_tid;
use crate::wire::{Cid, Collection};
use crate::xrpc::{Host, LikeEntry, Order};
use std::time::Duration;

const LIKE: &str = "app.bsky.feed.like";
const REPOST: &str = "app.bsky.feed.repost";

/// The longest AT-URI of a like that is kept: no post has one of half the length.
const SUBJECT_BYTES_MAX: usize = 1_024;

/// Empty or unreadable pages tolerated, beside those that the bound needs.
const PAGES_SLACK: u32 = 16;

/// Which likes of an account are wanted: those whose record keys, which are TIDs and so times,
/// lie in a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LikesWanted {
    /// A TID; likes up to it are known.
    pub after: String,
    /// A TID; likes after it come by the stream.
    pub upto: String,
    /// Whether reposts are wanted as well.
    pub reposts: bool,
    /// Records read at most, the newest ones.
    pub max: u32,
}

impl LikesWanted {
    /// The span that has both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            after: self.after.min(other.after),
            upto: self.upto.max(other.upto),
            reposts: self.reposts || other.reposts,
            max: self.max.max(other.max),
        }
    }
}

/// A like or repost as its host lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LikeRecord {
    /// [`Collection::Like`] or [`Collection::Repost`].
    pub collection: Collection,
    /// Its key, a TID.
    pub rkey: String,
    /// The record's CID, by the host's word.
    pub cid: Cid,
    /// AT-URI of what is liked, unchecked but for its length.
    pub subject: String,
}

/// The likes and reposts of a span.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LikeListing {
    /// Ascending by record key.
    pub records: Vec<LikeRecord>,
    /// Whether there are older ones in the span that were not read.
    pub capped: bool,
    /// Records of the span left out because they are unreadable or of another repo.
    pub invalid: u32,
}

impl AccountRead {
    /// Reads the likes of a span into the account.
    pub(super) async fn read_likes(
        &mut self,
        host: &Host,
        wanted: &LikesWanted,
        answer_time_max: Duration,
    ) -> Result<(), ReadError> {
        let mut listing = LikeListing::default();
        let mut collections = vec![(LIKE, Collection::Like)];
        if wanted.reposts {
            collections.push((REPOST, Collection::Repost));
        }
        for (name, collection) in collections {
            let reading = Reading {
                did: &self.did,
                name,
                collection,
                wanted,
                answer_time_max,
            };
            reading.read(host, &mut listing).await?;
        }
        listing.records.sort_unstable_by(|a, b| {
            (&a.rkey, a.collection as u8).cmp(&(&b.rkey, b.collection as u8))
        });
        listing
            .records
            .dedup_by(|a, b| a.rkey == b.rkey && a.collection == b.collection);
        self.likes = listing;
        Ok(())
    }
}

struct Reading<'a> {
    did: &'a str,
    name: &'static str,
    collection: Collection,
    wanted: &'a LikesWanted,
    answer_time_max: Duration,
}

impl Reading<'_> {
    async fn read(&self, host: &Host, listing: &mut LikeListing) -> Result<(), ReadError> {
        let prefix = format!("at://{}/{}/", self.did, self.name);
        let before = listing.records.len();
        let max = self.wanted.max as usize;
        let (mut cursor, mut bytes) = (None, 0);
        for _ in 0..self.pages_max() {
            let page = host.list_records(self.did, self.name, Order::NewestFirst, cursor.clone());
            let page = match page.await {
                Ok(page) => page,
                Err(error) => return Err(explain(host, self.did, &error).await),
            };
            let mut ended = page.is_empty();
            for entry in page.entries::<LikeEntry>() {
                match entry.and_then(|entry| self.own_record(&prefix, entry)) {
                    Some(record) if record.rkey.as_str() > self.wanted.upto.as_str() => {}
                    Some(record) if record.rkey.as_str() <= self.wanted.after.as_str() => {
                        ended = true;
                    }
                    Some(record) => {
                        bytes += record.rkey.len() + record.subject.len();
                        let has_room = bytes <= max * RECORD_BYTES + LISTING_BYTES;
                        if listing.records.len() - before < max && has_room {
                            listing.records.push(record);
                        } else {
                            (listing.capped, ended) = (true, true);
                        }
                    }
                    None => listing.invalid += 1,
                }
            }
            let next = page.cursor.filter(|cursor| !cursor.is_empty());
            if ended || next.is_none() {
                return Ok(());
            }
            if next == cursor
                || next
                    .as_ref()
                    .is_some_and(|next| next.len() > CURSOR_BYTES_MAX)
            {
                return Err(self.malformed(host, "a page repeats, or its cursor is too long"));
            }
            if host.spent() > self.answer_time_max {
                return Err(ReadError::Unreachable {
                    did: self.did.to_owned(),
                    reason: format!("{} answers too slowly to be read whole", host.base()),
                });
            }
            cursor = next;
        }
        // What was read is of use; that there may be more is said.
        listing.capped = true;
        Ok(())
    }

    /// The record, if it is of this repo and collection and dated by its key.
    fn own_record(&self, prefix: &str, entry: LikeEntry) -> Option<LikeRecord> {
        let rkey = entry.uri.strip_prefix(prefix).filter(|rkey| is_tid(rkey))?;
        Some(LikeRecord {
            collection: self.collection,
            rkey: rkey.to_owned(),
            cid: Cid::parse(&entry.cid).ok()?,
            subject: Some(entry.into_subject())
                .filter(|subject| subject.len() <= SUBJECT_BYTES_MAX)?,
        })
    }

    /// Twice what the bound needs: what is newer than the span is read and left out.
    fn pages_max(&self) -> u32 {
        self.wanted
            .max
            .div_ceil(100)
            .saturating_mul(2)
            .saturating_add(PAGES_SLACK)
    }

    fn malformed(&self, host: &Host, what: &str) -> ReadError {
        ReadError::Malformed {
            did: self.did.to_owned(),
            reason: format!("{what} ({} of {})", self.name, host.base()),
        }
    }
}
