//! Everybody's hop when an epoch ended.

use std::sync::Arc;

use kith_reputation::AccountId;
use kith_store::batch::Micros;

/// The hop of who is no member.
const OUTSIDE: u8 = u8::MAX;

/// The hops of the ledger's accounts at one moment. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum Hops {
    /// By their numbers there.
    Now(Arc<[u8]>),
    /// As they were just before a boundary, given by its place among all.
    Then(Arc<[Change]>, u32),
}

/// A hop from a boundary on.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub(crate) struct Change {
    account: AccountId,
    /// The first boundary before which it was there.
    from: u32,
    hop: u8,
}

impl Hops {
    /// These hops, by numbers in the ledger from 0 on.
    pub(crate) fn now(of: impl Iterator<Item = Option<u8>>) -> Hops {
        Hops::Now(of.map(|hop| hop.unwrap_or(OUTSIDE)).collect())
    }

    /// The account's; None: it was no member.
    pub(crate) fn of(&self, account: AccountId) -> Option<u8> {
        let hop = match self {
            Hops::Now(hops) => hops.get(account.0 as usize).copied(),
            Hops::Then(changes, boundary) => {
                let is_before =
                    |change: &Change| (change.account, change.from) <= (account, *boundary);
                let last = changes[..changes.partition_point(is_before)].last();
                last.filter(|change| change.account == account)
                    .map(|change| change.hop)
            }
        };
        hop.filter(|hop| *hop != OUTSIDE)
    }
}

/// Hops as they changed: a few bytes for each change, and none for epochs that saw none.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// By the circle's numbers.
    numbers: Vec<Option<AccountId>>,
    /// When epochs ended, ascending.
    boundaries: Vec<Micros>,
    /// Boundaries that are passed.
    passed: usize,
    changes: Vec<Change>,
}

impl Timeline {
    /// Nobody is a member. `numbers` in the ledger, by those of the circle; `boundaries` ascend.
    pub(crate) fn new(
        numbers: impl Iterator<Item = Option<AccountId>>,
        boundaries: Vec<Micros>,
    ) -> Timeline {
        Timeline {
            numbers: numbers.collect(),
            boundaries,
            passed: 0,
            changes: Vec::new(),
        }
    }

    /// The next change: the circle's number, its hop from now on, and when. A change at the very
    /// time of a boundary comes after it.
    pub(crate) fn change(&mut self, account: u32, hop: Option<u8>, micros: Micros) {
        let later = &self.boundaries[self.passed..];
        self.passed += later.iter().take_while(|at| **at <= micros).count();
        if let Some(account) = self.numbers.get(account as usize).copied().flatten() {
            self.changes.push(Change {
                account,
                from: u32::try_from(self.passed).unwrap_or(u32::MAX),
                hop: hop.unwrap_or(OUTSIDE),
            });
        }
    }

    /// The hops just before each boundary.
    pub(crate) fn end(mut self) -> impl Iterator<Item = Hops> {
        let key = |change: &Change| (change.account, change.from);
        self.changes.sort_by_key(key);
        // The last of several counts.
        self.changes.dedup_by(|later, earlier| {
            let same = key(later) == key(earlier);
            if same {
                *earlier = *later;
            }
            same
        });
        let changes: Arc<[Change]> = self.changes.into();
        (0..)
            .zip(self.boundaries)
            .map(move |(boundary, _)| Hops::Then(Arc::clone(&changes), boundary))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_are_those_just_before_each_boundary() {
        let numbers = [Some(AccountId(2)), None, Some(AccountId(1))];
        let mut timeline = Timeline::new(numbers.into_iter(), vec![10, 20, 30, 40]);
        for (account, hop, micros) in [
            (2, Some(2), 3),
            (1, Some(1), 4), // Not in the ledger.
            (2, Some(1), 9),
            (0, Some(2), 10), // After the first boundary.
            (2, None, 35),
            (7, Some(0), 36), // Nobody.
            (0, Some(1), 50), // After the last boundary.
        ] {
            timeline.change(account, hop, micros);
        }
        let hops: Vec<_> = (timeline.end())
            .map(|hops| [0, 1, 2, 3].map(|account| hops.of(AccountId(account))))
            .collect();
        let first = [None, Some(1), None, None];
        let then = [None, Some(1), Some(2), None];
        assert_eq!(hops, [first, then, then, [None, None, Some(2), None]]);
    }
}
