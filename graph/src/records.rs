//! (owner, rkey) -> subject: follow records, and block records.

use crate::AccountId;
use crate::paged::Paged;
use crate::rkey::{Key, Name, OddRkeys, Rkey};
use crate::runs::Runs;

/// A record: 12 bytes, so packed to the alignment of its smaller half.
#[derive(Copy, Clone, Debug)]
#[repr(Rust, packed(4))]
pub(crate) struct Record {
    key: Key,
    pub(crate) subject: AccountId,
}

/// One account's records, sorted by rkey.
type List = Runs<Record>;

/// The records of all accounts.
///
/// Owners without records cost four bytes; a record costs its 12 and, on average, an eighth of
/// slack. Order is a function of what is held, never of how it came about.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    /// By owner, where its list is; [`NO_LIST`] if it has none.
    lists_of: Paged<u32>,
    lists: Paged<List>,
    free: Vec<u32>,
    odd: OddRkeys,
    len: usize,
}

const NO_LIST: u32 = u32::MAX;

/// What a change of one record did: the subject before, and after. The two differ.
pub(crate) type Moved<'a> = &'a mut dyn FnMut(Option<AccountId>, Option<AccountId>);

impl Records {
    pub(crate) fn new() -> Self {
        Self {
            lists_of: Paged::new(),
            lists: Paged::new(),
            free: Vec::new(),
            odd: OddRkeys::default(),
            len: 0,
        }
    }

    /// Makes room for one more owner. Owners are dense.
    pub(crate) fn add_owner(&mut self) {
        self.lists_of.push(NO_LIST);
    }

    /// Sets the record to name `subject`; returns what it named before.
    pub(crate) fn set(
        &mut self,
        owner: AccountId,
        rkey: &str,
        subject: AccountId,
    ) -> Option<AccountId> {
        let name = Name::of(rkey);
        let list = self.list_or_new(owner);
        let Self { lists, odd, .. } = self;
        match lists[list].search(|record| odd.name(record.key).cmp(&name)) {
            Ok(place) => {
                let record = lists[list].get_mut(place);
                Some(
                    std::mem::replace(
                        record,
                        Record {
                            key: record.key,
                            subject,
                        },
                    )
                    .subject,
                )
            }
            Err(place) => {
                let key = odd.keep(name);
                lists[list].insert(place, Record { key, subject });
                self.len += 1;
                None
            }
        }
    }

    /// Removes the record; returns what it named, if it was there.
    pub(crate) fn remove(&mut self, owner: AccountId, rkey: &str) -> Option<AccountId> {
        let name = Name::of(rkey);
        let list = self.slot(owner)?;
        let Self { lists, odd, .. } = self;
        let place = lists[list]
            .search(|record| odd.name(record.key).cmp(&name))
            .ok()?;
        let record = lists[list].remove(place);
        odd.release(record.key);
        self.len -= 1;
        if self.lists[list].is_empty() {
            self.drop_list(owner);
        }
        Some(record.subject)
    }

    /// What the record names.
    pub(crate) fn get(&self, owner: AccountId, rkey: &str) -> Option<AccountId> {
        let name = Name::of(rkey);
        let list = &self.lists[self.slot(owner)?];
        let place = list
            .search(|record| self.odd.name(record.key).cmp(&name))
            .ok()?;
        Some(list.get(place).subject)
    }

    /// Removes all records of the owner.
    pub(crate) fn clear(&mut self, owner: AccountId, moved: Moved<'_>) {
        let Some(list) = self.slot(owner) else { return };
        for record in self.lists[list].iter() {
            self.odd.release(record.key);
            moved(Some(record.subject), None);
        }
        self.len -= self.lists[list].len();
        self.drop_list(owner);
    }

    /// Makes the owner's records those listed, but leaves each rkey that `keep` names as it is,
    /// listed or not. Of an rkey listed twice the last counts.
    pub(crate) fn replace<R: AsRef<str>>(
        &mut self,
        owner: AccountId,
        listed: &[(R, AccountId)],
        keep: impl Fn(&str) -> bool,
        moved: Moved<'_>,
    ) {
        let held: Vec<Record> = self.iter_raw(owner).collect();
        let mut held = held.into_iter().peekable();
        let mut next = Vec::with_capacity(listed.len());
        let odd = &mut self.odd;
        for (name, subject) in sorted(listed) {
            while let Some(record) = held.next_if(|record| odd.name(record.key) < name) {
                next.extend(unlisted(record, odd, &keep, moved));
            }
            let same = held.next_if(|record| odd.name(record.key) == name);
            if keep(&name.text()) {
                next.extend(same);
                continue;
            }
            let key = same.map_or_else(|| odd.keep(name), |record| record.key);
            next.push(Record { key, subject });
            let before = same.map(|record| record.subject);
            if before != Some(subject) {
                moved(before, Some(subject));
            }
        }
        for record in held {
            next.extend(unlisted(record, odd, &keep, moved));
        }
        self.put(owner, next);
    }

    /// The owner's records, in order, in pieces: the way over them that costs least.
    pub(crate) fn runs(&self, owner: AccountId) -> &[Vec<Record>] {
        self.slot(owner).map_or(&[], |list| self.lists[list].runs())
    }

    /// The subjects of the owner's records, in order of rkey.
    pub(crate) fn subjects(
        &self,
        owner: AccountId,
    ) -> impl Iterator<Item = AccountId> + Clone + '_ {
        self.iter_raw(owner).map(|record| record.subject)
    }

    /// The owner's records: TIDs by time, then other rkeys as text.
    pub(crate) fn iter(
        &self,
        owner: AccountId,
    ) -> impl Iterator<Item = (Rkey<'_>, AccountId)> + '_ {
        self.iter_raw(owner)
            .map(|record| (self.odd.name(record.key).text(), record.subject))
    }

    /// How many records the owner has.
    pub(crate) fn count(&self, owner: AccountId) -> usize {
        self.runs(owner).iter().map(Vec::len).sum()
    }

    /// How many records all have.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many accounts have records.
    pub(crate) fn owners(&self) -> usize {
        self.lists.len() - self.free.len()
    }

    /// How many records have an rkey that is no TID.
    pub(crate) fn odd_rkeys(&self) -> usize {
        self.odd.len()
    }

    fn iter_raw(&self, owner: AccountId) -> impl Iterator<Item = Record> + Clone + '_ {
        self.runs(owner).iter().flatten().copied()
    }

    fn put(&mut self, owner: AccountId, records: Vec<Record>) {
        self.len = self.len - self.count(owner) + records.len();
        if records.is_empty() {
            self.drop_list(owner);
        } else {
            let list = self.list_or_new(owner);
            self.lists[list] = List::from_sorted(records);
        }
    }

    /// Where the owner's list is; the same from its first record to its last.
    pub(crate) fn slot(&self, owner: AccountId) -> Option<usize> {
        let list = *self.lists_of.get(owner.index())?;
        (list != NO_LIST).then_some(list as usize)
    }

    fn list_or_new(&mut self, owner: AccountId) -> usize {
        if let Some(list) = self.slot(owner) {
            return list;
        }
        let list = self.free.pop().unwrap_or_else(|| {
            self.lists.push(List::default());
            // There are no more lists than owners, whose numbers have 32 bits.
            AccountId::at(self.lists.len() - 1).0
        });
        self.lists_of[owner.index()] = list;
        list as usize
    }

    fn drop_list(&mut self, owner: AccountId) {
        if let Some(list) = self.slot(owner) {
            self.lists[list] = List::default();
            self.free.push(std::mem::replace(
                &mut self.lists_of[owner.index()],
                NO_LIST,
            ));
        }
    }
}

/// What is listed, by rkey, each once.
fn sorted<R: AsRef<str>>(listed: &[(R, AccountId)]) -> Vec<(Name<'_>, AccountId)> {
    let named = listed
        .iter()
        .map(|(rkey, subject)| (Name::of(rkey.as_ref()), *subject));
    // The last of equals comes first, and is the one that stays.
    let mut sorted: Vec<_> = named.rev().collect();
    sorted.sort_by_key(|(name, _)| *name);
    sorted.dedup_by_key(|(name, _)| *name);
    sorted
}

/// A held record that a re-read does not list: stays if `keep` says so, and else goes.
fn unlisted(
    record: Record,
    odd: &mut OddRkeys,
    keep: impl Fn(&str) -> bool,
    moved: Moved<'_>,
) -> Option<Record> {
    let stays = keep(&odd.name(record.key).text());
    if !stays {
        odd.release(record.key);
        moved(Some(record.subject), None);
    }
    stays.then_some(record)
}
