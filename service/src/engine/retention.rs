//! Kept checkpoints, and the journal that may be dropped because one of them covers it.
//!
//! The sweep after a tick images everybody; the same images, kept beside the ones that move on,
//! are a checkpoint of that tick. When it is whole, older ones go, and so does the journal of
//! epochs that are over for long enough, a slice with each batch.

use std::collections::{BTreeMap, VecDeque};

use kith_store::batch::{KeptRow, KeptSlice};

/// Kept images, or positions of the journal, removed with one batch.
const SLICE: u32 = 10_000;
/// Accounts of whom likes are forgotten with one batch.
const FORGETFUL: u32 = 1_000;

/// What is kept of the past, and what is on its way out.
#[derive(Debug, Default)]
pub(super) struct Retention {
    /// Checkpoints to keep; 0: none are taken.
    keep: usize,
    /// Whole epochs whose journal is kept, beside the current one; None: all.
    retain: Option<u32>,
    /// Where the tick that began an epoch stands in the journal.
    ticks: BTreeMap<i64, u64>,
    /// The checkpoints that are whole, ascending.
    kept: Vec<KeptRow>,
    /// The one that is being taken, and whether the store knows of it.
    taking: Option<KeptRow>,
    is_begun: bool,
    /// Checkpoints to be removed: ordinal, from which holder, accounts.
    discarded: VecDeque<(u32, u32, u32)>,
    /// From which account on likes are still to be forgotten that no repair can bring any more.
    forgetting: Option<u32>,
}

impl Retention {
    pub(super) fn new(keep: u32, retain: Option<u32>) -> Retention {
        Retention {
            keep: keep as usize,
            retain,
            ..Retention::default()
        }
    }

    /// A tick: a checkpoint is to be taken after it. One that is not whole is given up.
    pub(super) fn tick(&mut self, row: KeptRow) {
        self.note_tick(row.epoch, row.position);
        if let Some(retain) = self.retain {
            self.ticks = self.ticks.split_off(&(row.epoch - i64::from(retain)));
            self.forgetting = Some(0);
        }
        if let (Some(given_up), true) = (self.taking.take(), std::mem::take(&mut self.is_begun)) {
            self.discard(&given_up);
        }
        self.taking = (self.keep > 0).then_some(row);
    }

    /// At start: a tick of the journal.
    pub(super) fn note_tick(&mut self, epoch: i64, position: u64) {
        if self.retain.is_some() {
            self.ticks.insert(epoch, position);
        }
    }

    /// At start: what is in the store. The last tick's checkpoint is gone on with, and what is more than is to
    /// be kept goes; but for the last one, if the journal that it covers may have been `dropped`.
    pub(super) fn restore(&mut self, kept: &[KeptRow], ordinals: &[u32], ticks: u32, dropped: u64) {
        for row in kept {
            match row.complete {
                true => self.kept.push(*row),
                false if row.ordinal == ticks && self.keep > 0 => {
                    (self.taking, self.is_begun) = (Some(*row), true);
                }
                false => self.discard(row),
            }
        }
        while self.kept.len() > self.keep.max(usize::from(dropped > 0)) {
            let oldest = self.kept.remove(0);
            self.discard(&oldest);
        }
        for ordinal in ordinals {
            if !kept.iter().any(|row| row.ordinal == *ordinal) {
                self.discarded.push_back((*ordinal, 0, u32::MAX));
            }
        }
    }

    /// The newest checkpoint that is whole.
    fn newest(&self) -> Option<&KeptRow> {
        self.kept.last()
    }

    fn discard(&mut self, row: &KeptRow) {
        self.discarded.push_back((row.ordinal, 0, row.accounts));
    }

    /// What the next batch does to kept checkpoints: it has `swept` images of the sweep, and
    /// perhaps everybody `is_swept` with it.
    pub(super) fn slice(&mut self, swept: usize, is_swept: bool) -> KeptSlice {
        let mut slice = KeptSlice::default();
        if let Some(mut row) = self.taking.take_if(|_| is_swept && swept > 0) {
            row.complete = true;
            (slice.checkpoint, slice.images) = (Some(row), swept);
            self.is_begun = false;
            self.kept.push(row);
            while self.kept.len() > self.keep {
                let oldest = self.kept.remove(0);
                self.discard(&oldest);
            }
        } else if let Some(row) = self.taking
            && (swept > 0 || !self.is_begun)
        {
            // Also without images: who is killed before the first of them finds it, and goes on.
            (slice.checkpoint, slice.images) = (Some(row), swept);
            self.is_begun = true;
        }
        if let Some((ordinal, from, accounts)) = self.discarded.pop_front() {
            // New accounts may have come during the sweep: the last slice is open.
            let last = from.saturating_add(SLICE) >= accounts;
            let before = if last { u32::MAX } else { from + SLICE };
            slice.discarded = Some((ordinal, from, before));
            if !last {
                self.discarded.push_front((ordinal, before, accounts));
            }
        }
        slice
    }

    /// The journal that the next batch drops: after which position, up to which. Nothing beyond
    /// `needed`, which a start reads.
    pub(super) fn drop(&self, dropped: u64, epoch: i64, needed: u64) -> Option<(u64, u64)> {
        let first_kept = epoch - i64::from(self.retain?);
        let covered = self.newest()?.position;
        let (_, tick) = self.ticks.range(..=first_kept).next_back()?;
        let upto = (tick - 1).min(covered).min(needed);
        (upto > dropped).then(|| (dropped, upto.min(dropped + u64::from(SLICE))))
    }

    /// Of which ledger accounts, of so many, the next batch forgets likes: from one on, to before another.
    pub(super) fn forget(&mut self, accounts: u32) -> Option<(u32, u32)> {
        let from = self.forgetting?;
        let before = from.saturating_add(FORGETFUL);
        self.forgetting = (before < accounts).then_some(before);
        Some((from, before))
    }

    /// Whether something is to be removed, whatever else happens.
    pub(super) fn has_pending(&self) -> bool {
        !self.discarded.is_empty() || self.forgetting.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ordinal: u32) -> KeptRow {
        KeptRow {
            ordinal,
            epoch: 100 + i64::from(ordinal),
            position: 50_000 * u64::from(ordinal),
            accounts: 15_000,
            complete: false,
        }
    }

    #[test]
    fn a_checkpoint_is_whole_with_the_last_image_and_the_oldest_goes_in_slices() {
        let mut retention = Retention::new(1, None);
        retention.tick(row(1));
        let slice = retention.slice(7, false);
        assert_eq!((slice.images, slice.checkpoint), (7, Some(row(1))));
        assert!(
            retention
                .slice(1, true)
                .checkpoint
                .is_some_and(|row| row.complete)
        );
        assert!(retention.slice(9, true).checkpoint.is_none());
        retention.tick(row(2));
        let slices: Vec<_> = (0..3).map(|_| retention.slice(1, true).discarded).collect();
        assert_eq!(
            slices,
            [Some((1, 0, 10_000)), Some((1, 10_000, u32::MAX)), None]
        );
    }

    #[test]
    fn one_that_has_no_image_yet_is_gone_on_with() {
        let mut retention = Retention::new(1, None);
        retention.tick(row(1));
        let begun = retention.slice(0, false).checkpoint;
        assert_eq!(begun, Some(row(1)), "with the tick");
        assert_eq!(retention.slice(0, false).checkpoint, None, "once");
        let mut restored = Retention::new(1, None);
        restored.restore(&[row(1)], &[], 1, 0);
        let slice = restored.slice(7, true);
        assert!(slice.checkpoint.is_some_and(|row| row.complete));
        assert_eq!(slice.images, 7);
    }

    #[test]
    fn what_is_more_than_is_kept_goes_with_a_start() {
        let whole = |ordinal| KeptRow {
            complete: true,
            ..row(ordinal)
        };
        let kept = [1, 2, 3].map(whole);
        for (keep, dropped, left) in [(5, 0, 3), (2, 0, 2), (0, 0, 0), (0, 7, 1)] {
            let mut retention = Retention::new(keep, None);
            retention.restore(&kept, &[1, 2, 3], 3, dropped);
            let newest = retention.newest().map(|row| row.ordinal);
            assert_eq!((retention.kept.len(), newest.is_some()), (left, left > 0));
            assert!(newest.is_none_or(|newest| newest == 3));
            assert_eq!(retention.discarded.len(), 3 - left);
        }
    }

    #[test]
    fn likes_are_forgotten_by_account_after_each_tick() {
        let mut retention = Retention::new(1, Some(1));
        assert_eq!(retention.forget(2_500), None);
        for _ in 0..2 {
            retention.tick(row(1));
            let slices: Vec<_> = std::iter::from_fn(|| retention.forget(2_500)).collect();
            assert_eq!(slices, [(0, 1_000), (1_000, 2_000), (2_000, 3_000)]);
        }
        let mut whole = Retention::new(1, None);
        whole.tick(row(1));
        assert_eq!(whole.forget(2_500), None);
    }

    #[test]
    fn the_journal_is_dropped_up_to_what_is_covered() {
        let mut retention = Retention::new(1, Some(1));
        for ordinal in 1..=3 {
            retention.tick(row(ordinal));
            assert_eq!(retention.drop(0, 100 + i64::from(ordinal), u64::MAX), None);
        }
        let _ = retention.slice(1, true);
        let next = |dropped, needed| retention.drop(dropped, 103, needed);
        assert_eq!(next(0, u64::MAX), Some((0, 10_000)));
        assert_eq!(next(99_990, u64::MAX), Some((99_990, 99_999)));
        assert_eq!(next(99_999, u64::MAX), None);
        assert_eq!(next(0, 5), Some((0, 5)));
        assert_eq!(Retention::new(1, None).drop(0, 103, u64::MAX), None);
    }
}
