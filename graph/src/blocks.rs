//! Who blocks whom.

use crate::AccountId;
use crate::paged::Paged;
use crate::records::Records;
use crate::rkey::Rkey;
use crate::runs::{Place, Runs};

/// Block records, and beside them each blocker's subjects, sorted: "does B block A?" is asked for
/// every like, "which record was it?" only when a block goes.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    records: Records,
    /// By the slot of the blocker's records. A subject is there once per record that names it.
    subjects: Paged<Runs<AccountId>>,
}

impl Blocks {
    pub(crate) fn new() -> Self {
        Self {
            records: Records::new(),
            subjects: Paged::new(),
        }
    }

    pub(crate) fn add_owner(&mut self) {
        self.records.add_owner();
    }

    pub(crate) fn records(&self) -> &Records {
        &self.records
    }

    pub(crate) fn contains(&self, blocker: AccountId, subject: AccountId) -> bool {
        let slot = self.records.slot(blocker);
        slot.is_some_and(|slot| find(&self.subjects[slot], subject).is_ok())
    }

    pub(crate) fn set(
        &mut self,
        blocker: AccountId,
        rkey: &str,
        subject: AccountId,
    ) -> Option<AccountId> {
        let before = self.records.set(blocker, rkey, subject);
        if before != Some(subject)
            && let Some(subjects) = self.subjects_mut(blocker)
        {
            if let Some(before) = before {
                remove(subjects, before);
            }
            let (Ok(place) | Err(place)) = find(subjects, subject);
            subjects.insert(place, subject);
        }
        before
    }

    pub(crate) fn remove(&mut self, blocker: AccountId, rkey: &str) -> Option<AccountId> {
        let slot = self.records.slot(blocker)?;
        let before = self.records.remove(blocker, rkey)?;
        remove(&mut self.subjects[slot], before);
        Some(before)
    }

    pub(crate) fn replace<R: AsRef<str>>(
        &mut self,
        blocker: AccountId,
        listed: &[(R, AccountId)],
        keep: impl Fn(&str) -> bool,
    ) {
        if let Some(slot) = self.records.slot(blocker) {
            self.subjects[slot] = Runs::default();
        }
        self.records.replace(blocker, listed, keep, &mut |_, _| {});
        let mut sorted: Vec<_> = self.records.subjects(blocker).collect();
        sorted.sort_unstable();
        if let Some(subjects) = self.subjects_mut(blocker) {
            *subjects = Runs::from_sorted(sorted);
        }
    }

    pub(crate) fn clear(&mut self, blocker: AccountId) {
        if let Some(slot) = self.records.slot(blocker) {
            self.subjects[slot] = Runs::default();
        }
        self.records.clear(blocker, &mut |_, _| {});
    }

    pub(crate) fn iter(
        &self,
        owner: AccountId,
    ) -> impl Iterator<Item = (Rkey<'_>, AccountId)> + '_ {
        self.records.iter(owner)
    }

    /// The subjects of a blocker who has records.
    fn subjects_mut(&mut self, blocker: AccountId) -> Option<&mut Runs<AccountId>> {
        let slot = self.records.slot(blocker)?;
        while self.subjects.len() <= slot {
            self.subjects.push(Runs::default());
        }
        Some(&mut self.subjects[slot])
    }
}

fn find(subjects: &Runs<AccountId>, subject: AccountId) -> Result<Place, Place> {
    subjects.search(|entry| entry.cmp(&subject))
}

fn remove(subjects: &mut Runs<AccountId>, subject: AccountId) {
    if let Ok(place) = find(subjects, subject) {
        subjects.remove(place);
    }
}
