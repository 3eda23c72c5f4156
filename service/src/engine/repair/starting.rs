//! What a start finds of backfills, and where follows came from elsewhere until then.

use hashbrown::{HashMap, HashSet};
use kith_config::Backfill;
use kith_graph::AccountId;
use kith_store::batch::{BackfillRow, BackfillState};

use super::spans_of;
use crate::engine::Engine;

impl Engine {
    /// At start: the backfills that there were. Where nobody is read, they wait until somebody is again.
    pub(in crate::engine) fn restore_backfills(&mut self, rows: &[BackfillRow]) {
        if self.settings.backfill == Backfill::Pds {
            for row in rows {
                self.restore_backfill(row.clone());
            }
            return;
        }
        let open = [BackfillState::Queued, BackfillState::Running];
        let waiting = rows.iter().filter(|row| open.contains(&row.state));
        self.repairs.waiting = waiting.map(|row| AccountId(row.account)).collect();
    }

    /// At start, `rows` being the backfills that there were: follows may have come from elsewhere until
    /// now. Then nobody was read, not for a gap either, and of strangers there are records.
    pub(in crate::engine) fn agree_on_backfill(&mut self, rows: &[BackfillRow]) {
        if !self.settings.keeps_all_records() {
            self.drop_records_of_strangers();
        }
        if self.settings.backfill != Backfill::Pds {
            return;
        }
        let read: HashSet<_> = rows.iter().map(|row| AccountId(row.account)).collect();
        let interior = self.circle.members().map(|(id, _)| id);
        let interior = interior.filter(|id| self.circle.is_interior(*id));
        let is_unread = |id: &AccountId| !read.contains(id) && !self.is_to_be_read(*id);
        let unread: Vec<_> = interior.filter(is_unread).collect();
        for id in unread {
            self.order_entered(id);
        }
        let mut begun = HashMap::new();
        for row in rows {
            if let (Some(gap), Some((_, upto))) = (row.gap, spans_of(row).bounds()) {
                let least = begun.entry(gap).or_insert(upto);
                *least = upto.min(*least);
            }
        }
        self.order_open_gaps(&begun);
    }

    /// Records of others than the interior are not kept current, and blocks not of others than members.
    fn drop_records_of_strangers(&mut self) {
        for id in (0..self.notes.len()).map(|n| AccountId(u32::try_from(n).unwrap_or(u32::MAX))) {
            if self.circle.follow_count(id) > 0 && !self.circle.is_interior(id) {
                self.drop_follows(id, "config");
            }
            if self.circle.hop(id).is_none() && self.circle.block_records(id).next().is_some() {
                self.circle.drop_blocks(id);
                self.pending.blocks.drop_all(id);
            }
        }
    }

    /// A backfill that was not done. What was running begins anew.
    fn restore_backfill(&mut self, mut row: BackfillRow) {
        let id = AccountId(row.account);
        match row.state {
            BackfillState::Failed => {
                self.keep_backfill(row);
            }
            BackfillState::Queued | BackfillState::Running
                if self.circle.is_interior(id)
                    || row.likes.is_some() && self.circle.hop(id).is_some() =>
            {
                row.state = BackfillState::Queued;
                if row.gap.is_some() && self.circle.is_interior(id) {
                    self.gaps.restore_waiting(id);
                }
                self.queue(row);
            }
            // Not wanted any more: the config has changed since.
            BackfillState::Queued | BackfillState::Running => {
                row.state = BackfillState::Done;
                self.note_backfill(row);
            }
            BackfillState::Done => {}
        }
    }
}
