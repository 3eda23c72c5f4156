//! Handles of members: what was looked up, and what is to be.

use kith_config::Backfill;
use kith_graph::AccountId;
use kith_store::batch::{HandleLookupRow, Micros};

use super::Engine;

/// A handle that could not be looked up is tried again after this, and twice as long each time.
const PAUSE_FIRST: Micros = 10 * 60_000_000;
/// The longest pause. An account without a handle that points back is asked again so often, too.
const PAUSE_MAX: Micros = 7 * 24 * 3_600_000_000;

/// What came of looking up a member's handle.
#[derive(Debug, Clone, Eq, PartialEq)]
pub(crate) struct HandleFound {
    /// Whose.
    pub(crate) did: String,
    /// How often in a row it had failed before.
    pub(crate) attempts: u32,
    /// What came of it.
    pub(crate) outcome: LookedUp,
}

/// A handle, or none.
#[derive(Debug, Clone, Eq, PartialEq)]
pub(crate) enum LookedUp {
    /// The account claims this handle, and it points back.
    Named(String),
    /// It claims none, or one that points elsewhere.
    Nameless,
    /// Somebody did not answer.
    Failed,
}

impl Engine {
    /// Whether handles are looked up at all.
    pub(super) fn looks_up_handles(&self) -> bool {
        self.settings.backfill == Backfill::Pds && self.settings.handles_per_minute > 0
    }

    /// Takes what looking up a handle brought.
    pub(crate) fn handle_found(&mut self, found: HandleFound, now: Micros) {
        let Some(id) = self.circle.lookup(&found.did) else {
            return;
        };
        let (attempts, not_before) = match found.outcome {
            LookedUp::Named(handle) => {
                self.set_handle(id, Some(handle));
                (0, None)
            }
            LookedUp::Nameless => {
                self.set_handle(id, None);
                (0, Some(now.saturating_add(PAUSE_MAX)))
            }
            LookedUp::Failed => {
                let pause = PAUSE_FIRST.saturating_mul(1 << found.attempts.min(20));
                let pause = pause.min(PAUSE_MAX);
                (found.attempts + 1, Some(now.saturating_add(pause)))
            }
        };
        self.note_lookup(id, attempts, not_before);
    }

    /// The account's identity has changed: its handle is to be looked up again.
    pub(super) fn look_up_again(&mut self, id: AccountId) {
        if self.looks_up_handles() {
            self.note_lookup(id, 0, Some(0));
        }
    }

    fn note_lookup(&mut self, id: AccountId, attempts: u32, not_before: Option<Micros>) {
        let row = HandleLookupRow {
            account: id.0,
            attempts,
            not_before_micros: not_before,
        };
        self.pending.handle_lookups.insert(id, row);
    }
}
