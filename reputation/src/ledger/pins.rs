//! The set of pinned origins.

use crate::AccountId;

/// A set of ids, as one bit each.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Pins {
    words: Vec<u64>,
}

impl Pins {
    pub(crate) fn contains(&self, id: AccountId) -> bool {
        let word = self.words.get(id.index() / 64).copied().unwrap_or(0);
        word >> (id.0 % 64) & 1 == 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    pub(crate) fn insert(&mut self, id: AccountId) {
        let word = id.index() / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (id.0 % 64);
    }

    pub(crate) fn remove(&mut self, id: AccountId) {
        if let Some(word) = self.words.get_mut(id.index() / 64) {
            *word &= !(1 << (id.0 % 64));
        }
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = AccountId> + '_ {
        (0_u32..).zip(&self.words).flat_map(|(at, &word)| {
            (0..64)
                .filter(move |bit| word >> bit & 1 == 1)
                .map(move |bit| AccountId(at * 64 + bit))
        })
    }
}
