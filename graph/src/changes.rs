//! What a call changed.

use crate::AccountId;

/// One account's hop, before and after a call. `None` is outside the circle; the two differ.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct Change {
    /// Whose hop it is.
    pub id: AccountId,
    /// The hop before the call.
    pub from: Option<u8>,
    /// The hop after it.
    pub to: Option<u8>,
}

/// The changes of one or more calls.
///
/// Each call appends its own, by ascending account and each account once. Nothing is cleared unless asked, so a caller
/// may gather the changes of a batch; an account may then be listed more than once.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Changes {
    list: Vec<Change>,
}

impl Changes {
    /// No changes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The changes so far, in order of the calls.
    pub fn as_slice(&self) -> &[Change] {
        &self.list
    }

    /// The changes so far, one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Change> {
        self.list.iter()
    }

    /// Takes the changes out, keeping the memory for the next ones.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Change> {
        self.list.drain(..)
    }

    /// Drops the changes, keeping the memory for the next ones.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Appends the changes of one call, sorted.
    pub(crate) fn append(&mut self, changes: impl Iterator<Item = Change>) {
        let start = self.list.len();
        self.list.extend(changes);
        self.list[start..].sort_unstable();
    }
}

impl<'a> IntoIterator for &'a Changes {
    type Item = &'a Change;
    type IntoIter = std::slice::Iter<'a, Change>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
