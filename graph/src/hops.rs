//! Hops, kept incrementally.
//!
//! hop(x) = 0 if x is tracked, else 1 + the least hop of an account that follows x and has a hop
//! below the depth. For every account the *support* is counted: how many records of hop-0, hop-1
//! and hop-2 accounts name it. So an account's hop can be read off its own counts, and an edge
//! that comes or goes costs one addition.
//!
//! When an account's hop changes, its records move from one count of their subjects to another.
//! Such changes are settled by ascending hop: once all of hop `h` are right, the counts that
//! decide who is of hop `h + 1` are final. An account that loses its hop first goes out of the
//! circle altogether, so that a group of accounts that only support each other cannot hold itself
//! up, and comes in again at the hop at which it still has support: it is looked at twice at
//! most, which is the bound of Ramalingam and Reps, "An incremental algorithm for a
//! generalization of the shortest-path problem" (1996).

use crate::paged::Paged;
use crate::records::{Record, Records};
use crate::{AccountId, Change, Changes, Status};

/// The largest depth of a circle.
pub(crate) const MAX_DEPTH: u8 = 3;

/// The hop of an account outside the circle: past every other.
pub(crate) const OUT: u8 = u8::MAX;

/// Records whose subjects' counts are fetched at once.
const AT_ONCE: usize = 32;

/// Memory kept from one call to the next for accounts that wait, in accounts.
const WAITING_KEPT: usize = 1 << 14;

#[derive(Clone, Debug)]
pub(crate) struct Hops {
    depth: u8,
    /// By account; apart from the rest, so that asking who is a member stays in the cache.
    hop: Paged<u8>,
    /// By account: how many records of accounts of hop 0, 1 and 2 name it.
    support: Paged<[u32; MAX_DEPTH as usize]>,
    marks: Paged<Marks>,
    /// How many members have each hop.
    counts: [usize; MAX_DEPTH as usize + 1],
    /// By hop: accounts that may have to come to it, or to leave it. Empty between calls.
    waiting: [Vec<AccountId>; MAX_DEPTH as usize + 1],
    /// Accounts whose hop moved in this call, with the hop before. Empty between calls.
    touched: Vec<(AccountId, u8)>,
}

/// What is known of an account beside its edges.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) tracked: bool,
    pub(crate) skipped: bool,
    /// Its hop moved in this call.
    touched: bool,
    pub(crate) status: Status,
}

impl Hops {
    /// `depth` is 1 to [`MAX_DEPTH`].
    pub(crate) fn new(depth: u8) -> Self {
        Self {
            depth,
            hop: Paged::new(),
            support: Paged::new(),
            marks: Paged::new(),
            counts: [0; 4],
            waiting: Default::default(),
            touched: Vec::new(),
        }
    }

    pub(crate) fn add_account(&mut self) {
        self.hop.push(OUT);
        self.support.push([0; 3]);
        self.marks.push(Marks::default());
    }

    pub(crate) fn depth(&self) -> u8 {
        self.depth
    }

    /// How many accounts there are.
    pub(crate) fn len(&self) -> usize {
        self.hop.len()
    }

    /// [`OUT`] for those outside, and those never heard of.
    pub(crate) fn hop(&self, id: AccountId) -> u8 {
        self.hop.get(id.index()).copied().unwrap_or(OUT)
    }

    pub(crate) fn is_interior(&self, id: AccountId) -> bool {
        self.hop(id) < self.depth
    }

    /// By account.
    pub(crate) fn all(&self) -> impl Iterator<Item = (AccountId, u8)> + Clone + '_ {
        self.hop
            .iter()
            .enumerate()
            .map(|(index, hop)| (AccountId::at(index), *hop))
    }

    pub(crate) fn counts(&self) -> [usize; 4] {
        self.counts
    }

    pub(crate) fn support(&self, id: AccountId) -> [u32; 3] {
        self.support.get(id.index()).copied().unwrap_or_default()
    }

    pub(crate) fn marks(&self, id: AccountId) -> Marks {
        self.marks.get(id.index()).copied().unwrap_or_default()
    }

    pub(crate) fn marks_mut(&mut self, id: AccountId) -> &mut Marks {
        &mut self.marks[id.index()]
    }

    /// Accounts for a record of an account of hop `level` that names `subject` now.
    pub(crate) fn gain(&mut self, subject: AccountId, level: u8) {
        let support = &mut self.support[subject.index()][usize::from(level)];
        *support += 1;
        if *support == 1 && self.hop[subject.index()] > level + 1 {
            self.waiting[usize::from(level) + 1].push(subject);
        }
    }

    /// Accounts for a record of an account of hop `level` that no longer names `subject`.
    pub(crate) fn lose(&mut self, subject: AccountId, level: u8) {
        let support = &mut self.support[subject.index()][usize::from(level)];
        *support -= 1;
        if *support == 0 && self.hop[subject.index()] == level + 1 {
            self.waiting[usize::from(level) + 1].push(subject);
        }
    }

    /// After the account's marks changed: takes it out, and in again where it belongs now.
    pub(crate) fn replace(&mut self, id: AccountId, follows: &Records) {
        let belongs = self.belongs(id);
        if belongs == self.hop(id) {
            return;
        }
        if belongs == 0 {
            self.move_to(id, 0, follows);
            return;
        }
        self.move_to(id, OUT, follows);
        // Without its own records, in case it follows itself.
        self.wait(id);
    }

    /// Settles everything that waits, and appends what changed since the last time.
    pub(crate) fn settle(&mut self, follows: &Records, changes: &mut Changes) {
        for level in 1..=self.depth {
            let mut next = 0;
            while let Some(id) = self.waiting[usize::from(level)].get(next).copied() {
                next += 1;
                self.settle_one(id, level, follows);
            }
            let waiting = &mut self.waiting[usize::from(level)];
            waiting.clear();
            waiting.shrink_to(WAITING_KEPT);
        }
        let Self {
            touched,
            marks,
            hop,
            ..
        } = self;
        changes.append(touched.drain(..).map(|(id, from)| {
            marks[id.index()].touched = false;
            let to = hop[id.index()];
            debug_assert_ne!(
                from, to,
                "what is looked at twice goes out and comes in farther away"
            );
            Change {
                id,
                from: inside(from),
                to: inside(to),
            }
        }));
        touched.shrink_to(WAITING_KEPT);
    }

    /// `id` may have to come to hop `level`, or to leave it. All of lesser hop are right.
    fn settle_one(&mut self, id: AccountId, level: u8, follows: &Records) {
        let (hop, belongs) = (self.hop(id), self.belongs(id));
        debug_assert!(
            belongs >= level || belongs == hop,
            "lesser hops are settled"
        );
        if belongs == level && hop != level {
            self.move_to(id, level, follows);
        } else if belongs > level && hop == level {
            self.move_to(id, OUT, follows);
            self.wait(id);
        } else if belongs > level && hop == OUT {
            self.wait(id);
        }
    }

    /// Lets an account that is out wait for the hop at which it has support, if any.
    fn wait(&mut self, id: AccountId) {
        let belongs = self.belongs(id);
        if belongs <= self.depth {
            self.waiting[usize::from(belongs)].push(id);
        }
    }

    /// The hop that an account's own marks and support give it.
    fn belongs(&self, id: AccountId) -> u8 {
        let marks = self.marks[id.index()];
        if marks.skipped {
            return OUT;
        }
        if marks.tracked {
            return 0;
        }
        let support = self.support[id.index()].iter();
        support
            .zip(1..)
            .find(|(count, _)| **count > 0)
            .map_or(OUT, |(_, hop)| hop)
    }

    /// Gives an account a hop, and moves its records to the counts of that hop.
    fn move_to(&mut self, id: AccountId, to: u8, follows: &Records) {
        let from = std::mem::replace(&mut self.hop[id.index()], to);
        let marks = &mut self.marks[id.index()];
        if !marks.touched {
            marks.touched = true;
            self.touched.push((id, from));
        }
        if from != OUT {
            self.counts[usize::from(from)] -= 1;
        }
        if to != OUT {
            self.counts[usize::from(to)] += 1;
        }
        let (was_interior, is_interior) = (from < self.depth, to < self.depth);
        if !was_interior && !is_interior {
            return;
        }
        let runs = follows.runs(id).iter();
        for records in runs.flat_map(|run| run.chunks(AT_ONCE)) {
            self.fetch(records);
            for record in records {
                if was_interior {
                    self.lose(record.subject, from);
                }
                if is_interior {
                    self.gain(record.subject, to);
                }
            }
        }
    }

    /// Has the subjects' counts brought into the cache all at once. One after the other, with a
    /// decision after each, a hub's ten thousand are more than a millisecond of waiting.
    fn fetch(&self, records: &[Record]) {
        let counts = records
            .iter()
            .map(|record| self.support[record.subject.index()][0]);
        std::hint::black_box(counts.fold(0, |all, count| all | count));
    }
}

/// A hop as the outside sees it.
pub(crate) fn inside(hop: u8) -> Option<u8> {
    (hop != OUT).then_some(hop)
}
