//! What is said of accounts' statuses: active, deactivated, deleted and the rest.
//!
//! `#account` has no rev, so what one relay said, another one that is behind says again. From the
//! source that was heard last a word is always news; from another one only if it is of a later
//! time than the last. A host is asked in its own right, whatever others said before.

use anyhow::Result;
use hashbrown::HashMap;
use kith_graph::{AccountId, Status};
use kith_store::{
    Store,
    batch::{Micros, StatusEventRow},
};

use super::{Engine, SourceIndex};

/// The last `#account` event that was heard of each account.
#[derive(Debug, Default)]
pub(super) struct Statuses(HashMap<AccountId, Heard>);

#[derive(Debug)]
struct Heard {
    micros: Micros,
    /// None: its host has said something since, or the source is not known any more.
    source: Option<SourceIndex>,
}

impl Engine {
    /// At start: what was heard.
    pub(super) async fn restore_statuses(&mut self, store: &Store) -> Result<()> {
        let sources: HashMap<String, SourceIndex> = (self.sources.iter().enumerate())
            .map(|(index, source)| (source.row.name(), SourceIndex(index)))
            .collect();
        let heard = &mut self.statuses.0;
        store
            .each_status_event(|row| {
                let source = sources.get(&row.source).copied();
                let micros = row.micros;
                heard.insert(AccountId(row.account), Heard { micros, source });
            })
            .await?;
        Ok(())
    }

    /// Takes an `#account` event.
    pub(super) fn account(
        &mut self,
        did: &str,
        active: bool,
        status: Option<&str>,
        micros: Micros,
        source: SourceIndex,
    ) {
        self.counters.add("frames.account", 1);
        let id = match self.settings.keeps_all_records() {
            true => self.intern(did),
            false => match self.circle.lookup(did) {
                Some(id) => id,
                None => return,
            },
        };
        if self.is_told_again(id, micros, source) {
            self.counters.add("frames.account_again", 1);
            return;
        }
        self.repairs.touch_status(id);
        let source = Some(source);
        if !self.forgotten.contains(&id) {
            self.statuses.0.insert(id, Heard { micros, source });
            self.pending.status_events.insert(id);
        }
        self.set_status(
            id,
            if active {
                Status::Active
            } else {
                inactive_status(status)
            },
        );
    }

    fn is_told_again(&self, id: AccountId, micros: Micros, source: SourceIndex) -> bool {
        let is_host = self.sources[source.0].row.kind == "pds";
        !is_host
            && (self.statuses.0.get(&id))
                .is_some_and(|heard| heard.source != Some(source) && micros <= heard.micros)
    }

    /// Nothing is kept of what was heard of an account.
    pub(super) fn unhear(&mut self, id: AccountId) {
        if self.statuses.0.remove(&id).is_some() {
            self.pending.status_events.insert(id);
        }
    }

    /// The row of an account that something was heard of.
    pub(super) fn status_event_row(&self, id: AccountId) -> StatusEventRow {
        let heard = self.statuses.0.get(&id);
        let source = heard.and_then(|heard| heard.source);
        StatusEventRow {
            account: id.0,
            micros: heard.map_or(0, |heard| heard.micros),
            source: source.map_or_else(String::new, |source| self.sources[source.0].row.name()),
        }
    }

    /// The account's host serves it. What a relay took down is not lifted by that.
    pub(super) fn read_as_active(&mut self, id: AccountId) {
        if self.circle.status(id) != Status::Active && !self.is_taken_down(id) {
            self.circle.set_status(id, Status::Active);
            self.pending.accounts.insert(id);
        }
    }

    /// The account's host does not serve it, and may take that back by itself.
    pub(super) fn read_as_inactive(&mut self, id: AccountId, status: Status) {
        if self.is_taken_down(id) && status != Status::Deleted {
            return;
        }
        if let Some(heard) = self.statuses.0.get_mut(&id) {
            heard.source = None;
            self.pending.status_events.insert(id);
        }
        self.set_status(id, status);
    }

    /// Whether a relay took it down, and not its host.
    fn is_taken_down(&self, id: AccountId) -> bool {
        let source = self.statuses.0.get(&id).and_then(|heard| heard.source);
        matches!(
            self.circle.status(id),
            Status::Takendown | Status::Suspended
        ) && source.is_some_and(|source| self.sources[source.0].row.kind != "pds")
    }

    /// Notes what an account's host says of it. Deletion empties it.
    pub(super) fn set_status(&mut self, id: AccountId, status: Status) {
        let before = self.circle.status(id);
        if before == status {
            return;
        }
        self.circle.set_status(id, status);
        self.pending.accounts.insert(id);
        if status == Status::Deleted {
            self.erase(id, "deleted");
        } else if status == Status::Active {
            self.reactivated(id);
        }
    }
}

/// The status behind `active = false`.
pub(super) fn inactive_status(word: Option<&str>) -> Status {
    match word {
        Some("deactivated") => Status::Deactivated,
        Some("suspended") => Status::Suspended,
        Some("takendown") => Status::Takendown,
        Some("deleted") => Status::Deleted,
        _ => Status::Inactive,
    }
}

/// The word of a status in the store.
pub(super) fn status_word(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Deactivated => "deactivated",
        Status::Suspended => "suspended",
        Status::Takendown => "takendown",
        Status::Deleted => "deleted",
        Status::Inactive => "inactive",
    }
}
