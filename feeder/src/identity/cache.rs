//! Documents kept for a while.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::document::DidDocument;

/// A bounded map of documents; the oldest goes first. Std's mutex, since it is never held
/// across an await.
pub(super) struct Cache {
    documents_max: usize,
    time: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    documents: HashMap<String, Kept>,
    /// DIDs in order of insertion, each with its number; stale where the numbers differ.
    order: VecDeque<(String, u64)>,
    inserted: u64,
    fetching: HashMap<String, InFlight>,
}

struct Kept {
    document: Arc<DidDocument>,
    until: Instant,
    number: u64,
}

/// Fetches of one DID under way, and whether it was invalidated meanwhile.
#[derive(Default)]
struct InFlight {
    count: usize,
    stale: bool,
}

impl Cache {
    pub(super) fn new(documents_max: usize, time: Duration) -> Cache {
        Cache {
            documents_max,
            time,
            state: Mutex::default(),
        }
    }

    pub(super) fn get(&self, did: &str) -> Option<Arc<DidDocument>> {
        let state = self.state();
        let kept = state.documents.get(did)?;
        (kept.until > Instant::now()).then(|| Arc::clone(&kept.document))
    }

    /// Announces a fetch. Dropping the guard ends it without a result.
    pub(super) fn begin<'a>(&'a self, did: &'a str) -> Fetching<'a> {
        self.state()
            .fetching
            .entry(did.to_owned())
            .or_default()
            .count += 1;
        Fetching { cache: self, did }
    }

    /// Keeps a document that was fetched some time ago, if it is young enough.
    pub(super) fn keep(&self, document: DidDocument, age: Duration) {
        let Some(left) = self.time.checked_sub(age) else {
            return;
        };
        let did = document.did.clone();
        let until = Instant::now() + left;
        self.state()
            .insert(&did, Arc::new(document), until, self.documents_max);
    }

    pub(super) fn invalidate(&self, did: &str) {
        let mut state = self.state();
        state.documents.remove(did);
        if let Some(in_flight) = state.fetching.get_mut(did) {
            in_flight.stale = true;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fetch under way.
pub(super) struct Fetching<'a> {
    cache: &'a Cache,
    did: &'a str,
}

impl Fetching<'_> {
    /// Keeps what was fetched, unless the DID was invalidated since the fetch began. Says whether.
    pub(super) fn finish(self, document: &Arc<DidDocument>) -> bool {
        let mut state = self.cache.state();
        let is_current = state
            .fetching
            .get(self.did)
            .is_none_or(|in_flight| !in_flight.stale);
        if is_current {
            let until = Instant::now() + self.cache.time;
            state.insert(
                self.did,
                Arc::clone(document),
                until,
                self.cache.documents_max,
            );
        }
        is_current
    }
}

impl Drop for Fetching<'_> {
    fn drop(&mut self) {
        let mut state = self.cache.state();
        if let Some(in_flight) = state.fetching.get_mut(self.did) {
            in_flight.count -= 1;
            if in_flight.count == 0 {
                state.fetching.remove(self.did);
            }
        }
    }
}

impl State {
    fn insert(&mut self, did: &str, document: Arc<DidDocument>, until: Instant, max: usize) {
        if max == 0 {
            return;
        }
        self.inserted += 1;
        let number = self.inserted;
        self.documents.insert(
            did.to_owned(),
            Kept {
                document,
                until,
                number,
            },
        );
        self.order.push_back((did.to_owned(), number));
        while self.documents.len() > max || self.order.len() > 2 * max {
            let Some((did, number)) = self.order.pop_front() else {
                break;
            };
            if self
                .documents
                .get(&did)
                .is_some_and(|kept| kept.number == number)
            {
                self.documents.remove(&did);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(did: &str) -> Arc<DidDocument> {
        Arc::new(DidDocument {
            did: did.to_owned(),
            handle: None,
            pds: None,
            signing_key: None,
        })
    }

    fn keep(cache: &Cache, did: &str) {
        cache.begin(did).finish(&document(did));
    }

    #[test]
    fn documents_expire() {
        let cache = Cache::new(2, Duration::ZERO);
        keep(&cache, "a");
        assert!(cache.get("a").is_none());
    }

    #[test]
    fn the_oldest_documents_give_way() {
        let cache = Cache::new(2, Duration::from_mins(1));
        keep(&cache, "a");
        keep(&cache, "b");
        keep(&cache, "a");
        keep(&cache, "c");
        assert!(cache.get("a").is_some(), "a was kept again after b");
        assert!(cache.get("b").is_none());
        assert!(cache.get("c").is_some());
    }

    #[test]
    fn an_invalidated_document_is_not_kept_by_a_fetch_begun_before() {
        let cache = Cache::new(2, Duration::from_mins(1));
        keep(&cache, "a");
        let fetching = cache.begin("a");
        cache.invalidate("a");
        assert!(cache.get("a").is_none());
        fetching.finish(&document("a"));
        assert!(cache.get("a").is_none());
        keep(&cache, "a");
        assert!(cache.get("a").is_some());
        drop(cache.begin("b"));
        assert!(cache.state().fetching.is_empty());
    }

    #[test]
    fn keeping_one_document_again_and_again_does_not_grow_memory() {
        let cache = Cache::new(10, Duration::from_mins(1));
        for _ in 0..1000 {
            keep(&cache, "a");
        }
        assert!(cache.state().order.len() <= 20);
        assert!(cache.get("a").is_some());
    }
}
