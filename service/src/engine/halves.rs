//! Commits that a Jetstream may have told in part.
//!
//! It serves each op by itself, and the source takes a commit to be whole when it has been quiet for
//! a moment. What comes of it later, or all of it once more, has the same rev: so of the last commits
//! it is remembered which ops were taken.

use std::collections::VecDeque;

use hashbrown::{HashMap, HashSet};
use kith_feeder::wire::{Collection, Op};
use kith_graph::AccountId;

/// Commits that are remembered: those of minutes of a busy circle.
const COMMITS_MAX: usize = 4_096;
/// Their ops, since one commit may have thousands.
const OPS_MAX: usize = 65_536;

/// The last commits of a Jetstream, and their ops that were taken.
#[derive(Debug, Default)]
pub(super) struct Halves {
    /// The last commit of each account.
    last: HashMap<AccountId, Half>,
    /// Oldest first; also some that are no longer an account's last.
    order: VecDeque<(AccountId, u64)>,
    /// Of all commits together.
    ops: usize,
}

#[derive(Debug)]
struct Half {
    rev: u64,
    taken: HashSet<(Collection, Box<str>)>,
}

impl Halves {
    /// Whether this commit is remembered.
    pub(super) fn knows(&self, id: AccountId, rev: u64) -> bool {
        self.last.get(&id).is_some_and(|half| half.rev == rev)
    }

    /// Whether an op of the account's last commit was taken.
    pub(super) fn has_taken(&self, id: AccountId, op: &Op) -> bool {
        let key = (op.collection, op.rkey.as_str().into());
        let half = self.last.get(&id);
        half.is_some_and(|half| half.taken.contains(&key))
    }

    /// Remembers the ops of a commit, or of what came of it.
    pub(super) fn note(&mut self, id: AccountId, rev: u64, ops: &[Op]) {
        if !self.knows(id, rev) {
            let taken = HashSet::new();
            let before = self.last.insert(id, Half { rev, taken });
            self.ops -= before.map_or(0, |half| half.taken.len());
            self.order.push_back((id, rev));
        }
        if let Some(half) = self.last.get_mut(&id) {
            let before = half.taken.len();
            let keys = ops
                .iter()
                .map(|op| (op.collection, op.rkey.as_str().into()));
            half.taken.extend(keys);
            self.ops += half.taken.len() - before;
        }
        while self.order.len() > COMMITS_MAX || self.ops > OPS_MAX {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((id, rev)) = self.order.pop_front()
            && self.knows(id, rev)
            && let Some(half) = self.last.remove(&id)
        {
            self.ops -= half.taken.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kith_feeder::wire::Action;

    fn ops(count: usize) -> Vec<Op> {
        let op = |index: usize| Op {
            index: 0,
            action: Action::Delete,
            collection: Collection::Like,
            rkey: index.to_string().into(),
            cid: None,
            record: None,
        };
        (0..count).map(op).collect()
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_is_forgotten() {
        let mut halves = Halves::default();
        let count = u32::try_from(COMMITS_MAX).expect("a few");
        for id in 0..=count {
            halves.note(AccountId(id), 7, &ops(1));
        }
        assert!(!halves.knows(AccountId(0), 7) && halves.knows(AccountId(1), 7));
        assert_eq!((halves.last.len(), halves.ops), (COMMITS_MAX, COMMITS_MAX));
        // One that commits all the time.
        for rev in 0..10 * u64::from(count) {
            halves.note(AccountId(1), rev, &ops(1));
        }
        assert_eq!((halves.order.len(), halves.ops), (COMMITS_MAX, 1));
        // Commits of many ops.
        for id in 0..100 {
            halves.note(AccountId(id), 8, &ops(2_000));
        }
        let left = halves.last.values().map(|half| half.taken.len());
        assert_eq!(left.sum::<usize>(), halves.ops);
        assert!(halves.ops <= OPS_MAX && halves.knows(AccountId(99), 8));
        halves.note(AccountId(99), 8, &ops(2 * OPS_MAX));
        assert_eq!((halves.order.len(), halves.ops), (0, 0));
    }
}
