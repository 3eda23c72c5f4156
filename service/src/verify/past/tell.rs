//! What differs between the journal, replayed, and the tables.

use anyhow::Result;
use hashbrown::HashMap;
use kith_reputation::AccountId;
use kith_store::{ImagePart, Store};

use super::{
    super::{Differences, Row, rows::shown},
    Past,
};
use crate::engine::IMAGES;

impl Past {
    /// Tells what differs, but for flows and history.
    pub(in super::super) async fn tell(
        &mut self,
        store: &Store,
        differences: &mut Differences,
    ) -> Result<()> {
        let journal = std::mem::take(&mut self.journal);
        differences.append(journal, self.images_left_out);
        let counters: HashMap<String, u64> = store.load_counters().await?.into_iter().collect();
        if let Some(count) = counters.get(IMAGES) {
            let images = self.sums.images() as u64;
            differences.unless_equal(("counter", &Row::of(IMAGES), "value"), count, &images);
        }
        self.tell_images(store, differences).await?;
        if self.is_broken {
            return Ok(());
        }
        self.tell_state(differences);
        self.tell_totals(store, differences).await?;
        if self.base.is_none() {
            self.tell_counters(&counters, differences);
        }
        Ok(())
    }

    async fn tell_images(&self, store: &Store, differences: &mut Differences) -> Result<()> {
        for (place, id, replayed) in &self.images {
            if let Some(ordinal) = place {
                let key = Row::default().and("ordinal", ordinal);
                let key = key.account("holder", *id);
                differences.note(("kept_image", &key, "image"), "an image", "another image");
                continue;
            }
            let mut stored = Vec::new();
            store
                .each_image_part(Some(*id), |_, _, part| stored.push(part))
                .await?;
            tell_parts(*id, &stored, replayed, differences);
        }
        Ok(())
    }

    fn tell_state(&self, differences: &mut Differences) {
        let state = &self.state;
        let row = Row::of(1);
        let key = |column| ("state", &row, column);
        differences.unless_equal(key("position"), &state.position, &self.position);
        differences.unless_equal(key("ticks"), &state.ticks, &self.ledger.ticks());
        if let (None, Some(epoch)) = (state.clock.started, self.epoch) {
            differences.note(key("epoch or clock_micros"), "NULL", epoch);
        }
        if let (Some(start), Some(epoch)) = (state.clock.started, self.epoch) {
            let latest = start.now_micros.max(self.micros);
            differences.unless_equal(key("clock_micros"), &start.now_micros, &latest);
            differences.unless_equal(key("epoch"), &start.epoch, &epoch);
            let since = start.now_micros.saturating_sub(start.base_micros);
            let epochs = since.div_euclid(state.clock.epoch_micros.max(1));
            let then = start.base_epoch.saturating_add(epochs);
            differences.unless_equal(key("epoch of clock_micros"), &then, &epoch);
        }
        for (column, position) in [
            ("flow_position", state.flow_position),
            ("checkpoint_position", state.checkpoint_position),
            ("dropped_position", state.dropped_position),
        ] {
            let at_most = position.min(state.position);
            differences.unless_equal(key(column), &position, &at_most);
        }
        // History begins with the first event, or with the epoch after the migration that brought it.
        let (first, next) = (state.history_epoch, self.epoch.map(|epoch| epoch + 1));
        let at_most = first.min(next);
        differences.unless_equal(
            key("history_epoch"),
            &format!("{first:?}"),
            &format!("{at_most:?}"),
        );
    }

    async fn tell_totals(&self, store: &Store, differences: &mut Differences) -> Result<()> {
        // Those of a kept checkpoint's own tick were counted before it, in part.
        let first = self.base.as_ref().map_or(0, |(row, _)| row.ordinal + 1);
        let (ticks, epoch) = (self.ledger.ticks(), self.epoch.unwrap_or_default());
        let mut stored: HashMap<u32, _> = store
            .load_totals()
            .await?
            .into_iter()
            .map(|row| (row.ordinal, row))
            .collect();
        let replayed = self.ledger.all_totals().filter(|(n, _)| *n >= first);
        for (ordinal, totals) in replayed {
            let row = stored.remove(&ordinal);
            let tick = Row::default().and("ordinal", ordinal);
            let key = |column| ("epoch", &tick, column);
            let begun = epoch - i64::from(ticks.saturating_sub(ordinal));
            let found = row.as_ref().map_or(begun, |row| row.epoch);
            differences.unless_equal(key("epoch"), &found, &begun);
            let found = row.map(|row| row.totals).unwrap_or_default();
            differences.unless_equal(key("minted"), &found.minted, &totals.minted);
            for (column, found, should) in [
                ("moved", found.moved, totals.moved),
                ("sink", found.sink, totals.sink),
                ("returned", found.returned, totals.returned),
                ("decayed", found.decayed, totals.decayed),
                ("expired", found.expired, totals.expired),
                ("burned", found.burned, totals.burned),
                ("forgotten", found.forgotten, totals.forgotten),
            ] {
                differences.unless_equal(key(column), &found, &should);
            }
        }
        for row in stored.values().filter(|row| row.ordinal >= first) {
            if row.totals != kith_reputation::Totals::default() {
                let tick = Row::default().and("ordinal", row.ordinal);
                differences.note(("epoch", &tick, "*"), "a row", "no row");
            }
        }
        Ok(())
    }

    fn tell_counters(&self, counters: &HashMap<String, u64>, differences: &mut Differences) {
        let names = ["likes.accepted", "likes.rejected", "likes.held"];
        for (name, should) in names.into_iter().zip(self.likes) {
            let stored = counters.get(name).copied().unwrap_or_default();
            differences.unless_equal(("counter", &Row::of(name), "value"), &stored, &should);
        }
    }
}

fn tell_parts(
    id: AccountId,
    stored: &[ImagePart],
    replayed: &[ImagePart],
    differences: &mut Differences,
) {
    let mut should: HashMap<(&'static str, Row), Vec<(&'static str, String)>> = HashMap::new();
    for part in replayed {
        let (table, row, columns) = shown(id, part);
        should.insert((table, row), columns);
    }
    for part in stored {
        let (table, row, columns) = shown(id, part);
        match should.remove(&(table, row.clone())) {
            None => differences.note((table, &row, "*"), "a row", "no row"),
            Some(expected) => {
                for ((column, a), (_, b)) in columns.into_iter().zip(expected) {
                    differences.unless_equal((table, &row, column), &a, &b);
                }
            }
        }
    }
    let mut missing: Vec<_> = should.into_keys().collect();
    missing.sort_unstable();
    for (table, row) in missing {
        differences.note((table, &row, "*"), "no row", "a row");
    }
}
