//! What a tick does to rows: collapse and decay.

use super::{RowStore, Rows};
use crate::draw::Draw;
use crate::{AccountId, Points, Row};

impl RowStore {
    /// Keeps the `keep` rows of most points among those that are not pinned, ties to the lower
    /// origin. Answers with the points of the others.
    pub(crate) fn collapse(
        &mut self,
        rows: &mut Rows,
        keep: u32,
        pinned: impl Fn(AccountId) -> bool,
    ) -> u64 {
        let keep = keep as usize;
        if self.len(rows) <= keep {
            return 0;
        }
        let mut keys = core::mem::take(&mut self.keys);
        keys.clear();
        keys.extend(
            self.iter(rows)
                .filter(|row| !pinned(row.origin))
                .map(|row| collapse_key(&row)),
        );
        let before = rows.sum;
        if keys.len() > keep {
            // The first key past the kept ones; keys are distinct.
            let first_lost = *keys.select_nth_unstable_by(keep, |a, b| b.cmp(a)).1;
            let keeps = |row: &Row| collapse_key(row) > first_lost || pinned(row.origin);
            self.relayout(rows, rows.width, keeps);
        }
        self.keys = keys;
        before - rows.sum
    }

    /// Takes the points that a tick's draw says, and gives memory back that is not needed.
    pub(crate) fn decay(&mut self, rows: &mut Rows, draw: &Draw, at: u64) {
        self.take(rows, draw, at, |_, _, _| {});
        self.shrink(rows);
    }

    /// Rule `reference`: every row becomes floor(points * (100 - percent) / 100). Answers with
    /// what was lost.
    pub(crate) fn decay_each(&mut self, rows: &mut Rows, percent: u8, touched: u32) -> u64 {
        let before = rows.sum;
        if self.len(rows) > 0 {
            self.load(rows);
            for row in &mut self.scratch {
                row.points = decayed(row.points, percent);
                row.touched = Some(touched);
            }
            self.scratch.retain(|row| row.points > 0);
            self.release(rows);
            self.lay_out(rows, super::chunk::Width::WIDE);
        }
        before - rows.sum
    }

    fn shrink(&mut self, rows: &mut Rows) {
        if !rows.is_long() {
            let mut chunk = rows.chunk();
            chunk.shrink(&mut self.arena, rows.width);
            rows.set_chunk(chunk);
        }
    }
}

/// Greater for more points, and among equals for the lower origin.
fn collapse_key(row: &Row) -> u64 {
    u64::from(row.points) << 32 | u64::from(!row.origin.0)
}

/// floor(points * (100 - percent) / 100).
pub(crate) fn decayed(points: Points, percent: u8) -> Points {
    let kept = u64::from(points) * u64::from(100 - percent.min(100)) / 100;
    u32::try_from(kept).unwrap_or(points)
}
