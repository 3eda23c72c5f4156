//! What a config says, brought about: at start, and whenever a running service takes up an edit.
//!
//! Both go the same way: the circle is what it was, and [`Engine::reconfigure`] notes what is to
//! change like any other change of the circle, and never rewrites the past.

use hashbrown::HashSet;
use kith_graph::{AccountId, Change};
use kith_store::batch::TrackedRow;

use super::{Engine, Settings, TrackedDid};

impl Engine {
    /// Goes by other settings from now on: who is tracked, skipped or opted out, what of a like
    /// counts, and the ledger's rules. Depth, where follows come from and what is verified must be
    /// those it has.
    ///
    /// Growing comes first and shrinking last, so that nobody leaves the circle only to come back.
    pub(crate) fn reconfigure(&mut self, settings: Settings) {
        let before = std::mem::replace(&mut self.settings, settings);
        let settings = self.settings.clone();
        self.watched
            .set_of_strangers(settings.wanted_of_strangers());
        self.clock
            .set_epoch_micros(settings.parameters.epoch_micros);

        let (skipped, let_in) = difference(&before.skip, &settings.skip);
        self.pending.skipped |= !skipped.is_empty() || !let_in.is_empty();
        self.pending.named |= settings.named.is_some() && before.named != settings.named;
        for did in let_in {
            self.set_skip(did, false);
        }
        self.track(&settings.tracked);
        for did in skipped {
            self.set_skip(did, true);
        }
        self.gaps.remember(settings.max_likes_per_epoch);
        let opted_out = settings.opt_out.iter().map(|did| self.intern(did));
        self.opted_out = opted_out.collect();
        if settings.max_follows > before.max_follows {
            self.reread_capped();
        }
        // Before the first event there is no journal to note rules in.
        if self.clock.epoch().is_some() {
            self.agree_on_rules();
        }
    }

    /// Tracks these accounts and no others.
    fn track(&mut self, wanted: &[TrackedDid]) {
        let mut rows = Vec::with_capacity(wanted.len());
        for TrackedDid { did, handle, label } in wanted {
            let id = self.intern(did);
            if handle.is_some() && !self.forgotten.contains(&id) {
                self.set_handle(id, handle.clone());
            }
            rows.push(TrackedRow {
                account: id.0,
                label: label.clone(),
            });
            if self.forgotten.contains(&id) {
                tracing::warn!(
                    did,
                    "tracked, and asked to be forgotten: it stays out; `kith forget --undo` lets it in"
                );
            }
            if !self.circle.is_tracked(id) {
                self.circle.track(id, &mut self.changes);
                self.note_changes("track", Some(id), None);
            }
        }
        let kept: HashSet<u32> = rows.iter().map(|row| row.account).collect();
        let before = std::mem::take(&mut self.tracked);
        for row in before.iter().filter(|row| !kept.contains(&row.account)) {
            let id = AccountId(row.account);
            self.circle.untrack(id, &mut self.changes);
            self.note_changes("untrack", Some(id), None);
        }
        self.pending.tracked |= before != rows;
        self.tracked = rows;
    }

    fn set_skip(&mut self, did: &str, skip: bool) {
        let id = self.intern(did);
        // Who is forgotten stays out, whatever the file says.
        let is_out = skip || self.forgotten.contains(&id);
        self.circle.set_skip(id, is_out, &mut self.changes);
        let cause = if skip { "skip" } else { "unskip" };
        self.note_changes(cause, Some(id), None);
    }

    /// The accounts that the config skips, ascending.
    pub(super) fn skipped(&self) -> Vec<u32> {
        let skipped = self.settings.skip.iter();
        let mut skipped: Vec<_> = skipped
            .filter_map(|did| Some(self.circle.lookup(did)?.0))
            .collect();
        skipped.sort_unstable();
        skipped.dedup();
        skipped
    }

    /// Accounts whose follows were cut at the bound, and of which fewer are held now than it
    /// allows: the bound was raised, or some of those held are gone.
    pub(super) fn reread_capped(&mut self) {
        let room = |engine: &Engine, id: AccountId| {
            engine.circle.is_interior(id)
                && engine.circle.follow_count(id) < engine.settings.max_follows as usize
        };
        let capped = (0..).map(AccountId).zip(&self.notes);
        let capped: Vec<AccountId> = capped
            .filter(|(id, note)| note.capped && room(self, *id))
            .map(|(id, _)| id)
            .collect();
        for id in capped {
            self.order_backfill(id, "bound");
        }
    }

    /// Notes every hop that is not as it was stored: the depth has changed since.
    pub(super) fn agree_on_hops(&mut self, stored: &[Option<u8>]) {
        let depth_before = std::mem::replace(&mut self.state.depth, self.settings.depth);
        let hop = |index: usize| stored.get(index).copied().flatten();
        let all = (0..).map(AccountId).take(self.notes.len());
        let all = all.map(|id| Change {
            id,
            from: hop(id.index()),
            to: self.circle.hop(id),
        });
        // Who is where it was may be of the interior now, or not any more.
        let is_other = depth_before != self.settings.depth;
        let (changes, same): (Vec<_>, Vec<_>) = all
            .filter(|change| change.from != change.to || is_other && change.to.is_some())
            .partition(|change| change.from != change.to);
        self.note_change_list(changes, "config", None, None, depth_before);
        for change in same {
            self.follow_up(change, depth_before);
        }
        for (id, _) in self.circle.members() {
            self.watch(id);
        }
    }
}

/// What is only in the second list, and what is only in the first.
fn difference<'a>(before: &'a [String], after: &'a [String]) -> (Vec<&'a str>, Vec<&'a str>) {
    let only_in = |one: &'a [String], other: &[String]| {
        let one = one.iter().filter(|did| !other.contains(did));
        one.map(String::as_str).collect()
    };
    (only_in(after, before), only_in(before, after))
}

#[cfg(test)]
mod tests;
