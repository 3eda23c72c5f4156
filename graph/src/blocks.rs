//! Who blocks whom.

use crate::AccountId;
use crate::paged::Paged;
use crate::records::Records;
use crate::rkey::Rkey;
use crate::runs::Runs;

/// Block records, and beside them each blocker's subjects, sorted: "does B block A?" is asked for
/// every like, "which record was it?" only when a block goes.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    records: Records,
    /// By blocker. A subject is there once per record that names it.
    subjects: Paged<Option<Box<Runs<AccountId>>>>,
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
        self.subjects.push(None);
    }

    pub(crate) fn records(&self) -> &Records {
        &self.records
    }

    pub(crate) fn contains(&self, blocker: AccountId, subject: AccountId) -> bool {
        let Some(Some(subjects)) = self.subjects.get(blocker.index()) else {
            return false;
        };
        subjects.search(|entry| entry.cmp(&subject)).is_ok()
    }

    pub(crate) fn set(
        &mut self,
        blocker: AccountId,
        rkey: &str,
        subject: AccountId,
    ) -> Option<AccountId> {
        let before = self.records.set(blocker, rkey, subject);
        move_subject(&mut self.subjects[blocker.index()], before, Some(subject));
        before
    }

    pub(crate) fn remove(&mut self, blocker: AccountId, rkey: &str) -> Option<AccountId> {
        let before = self.records.remove(blocker, rkey)?;
        move_subject(&mut self.subjects[blocker.index()], Some(before), None);
        Some(before)
    }

    pub(crate) fn replace<R: AsRef<str>>(
        &mut self,
        blocker: AccountId,
        listed: &[(R, AccountId)],
        keep: impl Fn(&str) -> bool,
    ) {
        self.records.replace(blocker, listed, keep, &mut |_, _| {});
        let mut subjects: Vec<_> = self.records.subjects(blocker).collect();
        subjects.sort_unstable();
        self.subjects[blocker.index()] =
            (!subjects.is_empty()).then(|| Box::new(Runs::from_sorted(subjects)));
    }

    pub(crate) fn clear(&mut self, blocker: AccountId) {
        self.records.clear(blocker, &mut |_, _| {});
        self.subjects[blocker.index()] = None;
    }

    pub(crate) fn iter(
        &self,
        owner: AccountId,
    ) -> impl Iterator<Item = (Rkey<'_>, AccountId)> + '_ {
        self.records.iter(owner)
    }
}

fn move_subject(
    subjects: &mut Option<Box<Runs<AccountId>>>,
    before: Option<AccountId>,
    after: Option<AccountId>,
) {
    if before == after {
        return;
    }
    let list = subjects.get_or_insert_default();
    if let Some(Ok(place)) = before.map(|before| list.search(|entry| entry.cmp(&before))) {
        list.remove(place);
    }
    if let Some(after) = after {
        let (Ok(place) | Err(place)) = list.search(|entry| entry.cmp(&after));
        list.insert(place, after);
    }
    if list.is_empty() {
        *subjects = None;
    }
}
