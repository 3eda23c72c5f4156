//! A sorted list that stays fast when it is long.

use std::cmp::Ordering;

/// The longest run. Inserting or removing moves at most this many entries, some 12 KiB of
/// records: a quarter of a microsecond, also for an account with a million follows.
const LONGEST: usize = 1024;

/// A sorted list of small entries, in runs.
///
/// A list of up to [`LONGEST`] entries, which is nearly every list, is one vector that grows by a
/// quarter; a longer one is a vector of such vectors. The order is the caller's.
#[derive(Clone, Debug)]
pub(crate) enum Runs<T> {
    One(Vec<T>),
    Many(Vec<Vec<T>>),
}

/// Where an entry is, or would go.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Place {
    run: usize,
    at: usize,
}

impl<T> Default for Runs<T> {
    fn default() -> Self {
        Runs::One(Vec::new())
    }
}

impl<T: Copy> Runs<T> {
    /// A list of entries that are sorted already.
    pub(crate) fn from_sorted(mut entries: Vec<T>) -> Self {
        if entries.len() <= LONGEST {
            entries.shrink_to_fit();
            return Runs::One(entries);
        }
        Runs::Many(entries.chunks(LONGEST).map(<[T]>::to_vec).collect())
    }

    /// The entries in order, in pieces. No piece is empty unless the whole list is.
    pub(crate) fn runs(&self) -> &[Vec<T>] {
        match self {
            Runs::One(run) => std::slice::from_ref(run),
            Runs::Many(runs) => runs,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = T> + Clone + '_ {
        self.runs().iter().flatten().copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.runs().iter().all(Vec::is_empty)
    }

    pub(crate) fn len(&self) -> usize {
        self.runs().iter().map(Vec::len).sum()
    }

    /// Where the first entry is that `order` does not call `Less`: `Ok` if it calls it `Equal`.
    pub(crate) fn search(&self, order: impl Fn(T) -> Ordering) -> Result<Place, Place> {
        let runs = self.runs();
        let before = |run: &Vec<T>| run.last().is_some_and(|last| order(*last).is_lt());
        // Past the last entry is the end of the last run, so that ascending keys fill it.
        let run = runs.partition_point(before).min(runs.len() - 1);
        let at = runs[run].partition_point(|entry| order(*entry).is_lt());
        match runs[run].get(at) {
            Some(entry) if order(*entry).is_eq() => Ok(Place { run, at }),
            _ => Err(Place { run, at }),
        }
    }

    pub(crate) fn get(&self, place: Place) -> T {
        self.runs()[place.run][place.at]
    }

    pub(crate) fn get_mut(&mut self, place: Place) -> &mut T {
        match self {
            Runs::One(run) => &mut run[place.at],
            Runs::Many(runs) => &mut runs[place.run][place.at],
        }
    }

    pub(crate) fn insert(&mut self, place: Place, entry: T) {
        match self {
            Runs::One(run) if run.len() < LONGEST => insert_into(run, place.at, entry),
            Runs::One(run) => {
                *self = Runs::Many(vec![std::mem::take(run)]);
                self.insert(place, entry);
            }
            Runs::Many(runs) if runs[place.run].len() < LONGEST => {
                insert_into(&mut runs[place.run], place.at, entry);
            }
            Runs::Many(runs) => split_and_insert(runs, place, entry),
        }
    }

    pub(crate) fn remove(&mut self, place: Place) -> T {
        match self {
            Runs::One(run) => {
                let entry = run.remove(place.at);
                give_back(run);
                entry
            }
            Runs::Many(runs) => {
                let entry = runs[place.run].remove(place.at);
                give_back(&mut runs[place.run]);
                join(runs, place.run);
                if runs.len() == 1 {
                    *self = Runs::One(runs.pop().unwrap_or_default());
                }
                entry
            }
        }
    }
}

/// Splits the full run at `place` and inserts there: in half, or, where entries come in ascending
/// order, a new run after a full last one.
fn split_and_insert<T: Copy>(runs: &mut Vec<Vec<T>>, place: Place, entry: T) {
    let Place { run, at } = place;
    if run + 1 == runs.len() && at == runs[run].len() {
        runs.push(vec![entry]);
        return;
    }
    let half = runs[run].len() / 2;
    let upper = runs[run][half..].to_vec();
    runs[run].truncate(half);
    runs.insert(run + 1, upper);
    let (run, at) = if at <= half {
        (run, at)
    } else {
        (run + 1, at - half)
    };
    insert_into(&mut runs[run], at, entry);
    give_back(&mut runs[place.run]);
}

/// Joins the run at `run` with a neighbour if both fit well into one, so that deletions leave no
/// trail of tiny runs.
fn join<T: Copy>(runs: &mut Vec<Vec<T>>, run: usize) {
    let fits = |left: usize| runs[left].len() + runs[left + 1].len() <= LONGEST / 2;
    let left = if run > 0 && fits(run - 1) {
        run - 1
    } else if run + 1 < runs.len() && fits(run) {
        run
    } else if runs[run].is_empty() {
        runs.remove(run);
        return;
    } else {
        return;
    };
    let right = runs.remove(left + 1);
    runs[left].reserve_exact(right.len());
    runs[left].extend_from_slice(&right);
}

fn insert_into<T>(run: &mut Vec<T>, at: usize, entry: T) {
    if run.len() == run.capacity() {
        run.reserve_exact((run.len() / 4).max(2));
    }
    run.insert(at, entry);
}

/// Returns memory once two thirds of it are unused.
fn give_back<T>(run: &mut Vec<T>) {
    if run.len() < run.capacity() / 3 {
        run.shrink_to(run.len() + run.len() / 4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(runs: &Runs<u32>, value: u32) -> Result<Place, Place> {
        runs.search(|entry| entry.cmp(&value))
    }

    fn check(runs: &Runs<u32>, want: &std::collections::BTreeSet<u32>) {
        assert!(runs.iter().eq(want.iter().copied()));
        assert_eq!(runs.len(), want.len());
        assert_eq!(runs.is_empty(), want.is_empty());
        assert!(runs.runs().iter().all(|run| run.len() <= LONGEST));
        assert!(runs.runs().len() == 1 || runs.runs().iter().all(|run| !run.is_empty()));
    }

    /// Inserts and removes far more than a run holds, in an order that hits every part.
    #[test]
    fn long_lists_stay_sorted_and_compact() {
        let mut runs = Runs::default();
        let mut want = std::collections::BTreeSet::new();
        let scattered = |step: u32| step.wrapping_mul(2_654_435_761) >> 18;
        for step in 0..20_000 {
            let value = scattered(step);
            if let Err(at) = place(&runs, value) {
                runs.insert(at, value);
            }
            want.insert(value);
        }
        check(&runs, &want);
        assert!(runs.runs().len() > 8);
        for step in 0..20_000 {
            let value = scattered(step);
            if let Ok(at) = place(&runs, value) {
                assert_eq!(runs.remove(at), value);
            }
            want.remove(&value);
            if step % 1_000 == 0 {
                check(&runs, &want);
                assert!(runs.runs().len() <= want.len() / (LONGEST / 4) + 1);
            }
        }
        check(&runs, &want);
        assert!(matches!(runs, Runs::One(_)));
    }

    #[test]
    fn ascending_entries_fill_their_runs() {
        let mut runs = Runs::default();
        for value in (0..).take(10 * LONGEST) {
            let at = place(&runs, value).expect_err("a new value");
            runs.insert(at, value);
        }
        assert_eq!(runs.runs().len(), 10);
        assert_eq!(Runs::from_sorted(runs.iter().collect()).runs().len(), 10);
    }
}
