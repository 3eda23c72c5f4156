//! What is true of a populated network: the file that `populate.mjs` writes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

/// The truth at the end of a population.
#[derive(Debug, Clone, Deserialize)]
pub struct Truth {
    /// Every account ever made, in order.
    pub accounts: Vec<Account>,
    /// Follow records that stand, whatever they say.
    pub follows: Vec<Record>,
    /// Like records that stand.
    pub likes: Vec<Record>,
    /// Block records that stand.
    pub blocks: Vec<Record>,
}

/// An account of the network.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Its lasting id.
    pub did: String,
    /// Its current handle.
    pub handle: String,
    /// The URL of the host it is on.
    pub pds: String,
    /// The URL of the host it was on before.
    pub moved_from: Option<String>,
    /// `active`, `deactivated`, `takendown` or `deleted`.
    pub status: String,
}

/// A record that stands in its author's repo.
#[derive(Debug, Clone, Deserialize)]
pub struct Record {
    /// `at://DID/collection/rkey`.
    pub uri: String,
    /// The DID of the repo it is in.
    pub author: String,
    /// What it points at: a DID, or the AT-URI of a post; absent in broken records.
    pub subject: Option<String>,
}

impl Record {
    /// Its key.
    pub fn rkey(&self) -> &str {
        self.uri.rsplit('/').next().unwrap_or_default()
    }

    /// When its key, a TID, was made: unix microseconds.
    pub fn rkey_micros(&self) -> Option<i64> {
        const ALPHABET: &str = "234567abcdefghijklmnopqrstuvwxyz";
        let mut digits = self.rkey().chars().map(|c| ALPHABET.find(c));
        let number = digits.try_fold(0u64, |n, digit| Some(n << 5 | digit? as u64))?;
        i64::try_from(number >> 10).ok()
    }

    /// The author and key of the post it points at, if it is one.
    pub fn post(&self) -> Option<(&str, &str)> {
        let mut parts = self.subject.as_deref()?.strip_prefix("at://")?.split('/');
        let author = parts.next()?;
        (parts.next()? == "app.bsky.feed.post").then_some((author, parts.next()?))
    }
}

impl Truth {
    /// Reads `truth.json`.
    pub fn read(path: &Path) -> Self {
        let text =
            std::fs::read(path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
        serde_json::from_slice(&text)
            .unwrap_or_else(|e| panic!("cannot parse {}: {e}", path.display()))
    }

    /// The circle around `tracked`: DID to hop, for every hop up to `depth`, by a plain search
    /// over all follow records that stand. Statuses do not matter: edges of inactive accounts stay.
    pub fn circle(&self, tracked: &[&str], depth: u8) -> BTreeMap<String, u8> {
        let mut follows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for record in &self.follows {
            let subject = record.subject.as_deref().filter(|s| s.starts_with("did:"));
            follows.entry(&record.author).or_default().extend(subject);
        }
        let mut circle = BTreeMap::new();
        let mut ring: BTreeSet<&str> = tracked.iter().copied().collect();
        for hop in 0..=depth {
            ring.retain(|did| !circle.contains_key(*did));
            circle.extend(ring.iter().map(|did| ((*did).to_owned(), hop)));
            ring = ring
                .iter()
                .filter_map(|did| follows.get(did))
                .flatten()
                .copied()
                .collect();
        }
        circle
    }

    /// The same truth without the follow records of inactive accounts: no host serves them, so a
    /// reader that did not see them before cannot know them.
    #[must_use]
    pub fn as_served(&self) -> Self {
        let active = self.accounts.iter().filter(|a| a.status == "active");
        let active: BTreeSet<&str> = active.map(|a| a.did.as_str()).collect();
        let mut served = self.clone();
        served
            .follows
            .retain(|f| active.contains(f.author.as_str()));
        served
    }
}

#[cfg(test)]
mod tests {
    use super::Truth;
    use crate::expected::Expected;
    use crate::places::recordings;

    /// The model behind `expected.json` and this search share no code.
    #[test]
    fn the_circle_is_that_of_the_expectations() {
        let mut truth = Truth::read(&recordings().truth);
        // The expectations know the first host's firehose only: not what is on the second, nor
        // the one follow that the account which moved there made from there, its last.
        let first = truth.accounts[0].pds.clone();
        let on_first = |did: &str| {
            let account = truth
                .accounts
                .iter()
                .find(|a| a.did == did)
                .expect("a known author");
            account.pds == first || account.moved_from.as_ref() == Some(&first)
        };
        let moved = truth
            .accounts
            .iter()
            .find(|a| a.moved_from.is_some())
            .expect("one moved");
        let last = truth
            .follows
            .iter()
            .rfind(|f| f.author == moved.did)
            .expect("it follows");
        let last = last.uri.clone();
        truth.follows = truth
            .follows
            .iter()
            .filter(|f| on_first(&f.author) && f.uri != last)
            .cloned()
            .collect();
        for case in Expected::read(&recordings().expected).cases {
            let tracked: Vec<&str> = case.track.iter().map(String::as_str).collect();
            let circle = truth.circle(&tracked, case.parameters.depth);
            assert_eq!(circle, case.expect.circle, "{}", case.name);
        }
    }
}
