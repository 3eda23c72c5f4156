//! How each account fared in each epoch: table `history`.
//!
//! What is given and received is counted as it happens, and written with the flows. How an account
//! stood when an epoch ended is known when the ledger settles it beyond the tick, and written in
//! that batch at the latest with the image. Once everybody was settled, members are ranked. All of
//! it is a function of the journal and the circle's changes, whatever the batches were.

use std::collections::{BTreeMap, VecDeque};

use hashbrown::{HashMap, HashSet, hash_map::Entry};
use kith_reputation::{AccountId, Closed, Operation, Piece};
use kith_store::batch::{ActivityRow, ClosedRow, HistoryRows, RankRow, Rows};

use super::hops::Hops;

/// Ranks in a batch.
pub(crate) const RANKS_MAX: usize = 20_000;

/// What of the history is not written yet.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// No rows for epochs before this one.
    first: Option<i64>,
    /// The store may have rows of which nothing is known here, of epochs up to this one; None: of all.
    stored_upto: Option<i64>,
    /// Whose rows of later epochs it has, of those who may be told of again.
    stored: HashMap<i64, HashSet<u32>>,
    activity: HashMap<(u32, i64), (u64, u64)>,
    /// Who gave or received in an epoch and is not settled beyond it.
    open: BTreeMap<i64, HashSet<u32>>,
    closed: Vec<ClosedRow>,
    /// The hops at the end of epochs that somebody is not settled beyond.
    hops: BTreeMap<i64, Hops>,
    /// Tracked points of members, of epochs whose ranks are not known.
    ranking: BTreeMap<i64, HashMap<u32, u64>>,
    ranks: VecDeque<RankRow>,
}

impl History {
    /// A history that is whole from this epoch on; None: from the beginning. What the store has of it
    /// is not known.
    pub(crate) fn new(first: Option<i64>) -> History {
        History {
            first,
            ..History::default()
        }
    }

    /// At start: the last epoch of which the store has rows.
    pub(super) fn restore_stored(&mut self, upto: Option<i64>) {
        self.stored_upto = Some(upto.unwrap_or(i64::MIN));
    }

    /// Whether the store surely has no row of the account in this epoch; it is about to get one. Of an
    /// epoch that is over that matters once more if what was moved is not written yet: after a long
    /// pause everybody has a row for each of many.
    fn is_new(&mut self, holder: AccountId, epoch: i64, is_over: bool) -> bool {
        let key = (holder.0, epoch);
        let stored = self.stored.get(&epoch);
        let is_new = self.stored_upto.is_some_and(|upto| epoch > upto)
            && stored.is_none_or(|stored| !stored.contains(&holder.0));
        if is_new && (!is_over || self.activity.contains_key(&key)) {
            self.stored.entry(epoch).or_default().insert(holder.0);
        }
        is_new
    }

    fn is_before(&self, epoch: i64) -> bool {
        self.first.is_some_and(|first| epoch < first)
    }

    /// An accepted operation moved points. `from` is who gave them.
    pub(crate) fn moved(
        &mut self,
        operation: &Operation,
        from: Option<AccountId>,
        pieces: &[Piece],
        sink_points: u64,
        epoch: i64,
    ) {
        let (receiver, is_claim, held) = match operation {
            Operation::Transfer(transfer) => (transfer.receiver, false, transfer.held),
            Operation::Claim { receiver, .. } => (*receiver, true, false),
            _ => return,
        };
        let points = |piece: &Piece| u64::from(piece.points);
        if !held {
            let kept = pieces.iter().filter(|piece| piece.origin != receiver);
            self.add(receiver, epoch, (kept.map(points).sum(), 0));
        }
        if let (Some(sender), false) = (from, is_claim) {
            let paid = pieces.iter().map(points).sum::<u64>() + sink_points;
            self.add(sender, epoch, (0, paid));
        }
    }

    fn add(&mut self, holder: AccountId, epoch: i64, (received, given): (u64, u64)) {
        if holder == AccountId::SINK || received + given == 0 || self.is_before(epoch) {
            return;
        }
        match self.activity.entry((holder.0, epoch)) {
            Entry::Occupied(mut sums) => {
                let sums = sums.get_mut();
                *sums = (sums.0 + received, sums.1 + given);
            }
            Entry::Vacant(new) => {
                new.insert((received, given));
                self.open.entry(epoch).or_default().insert(holder.0);
            }
        }
    }

    /// Whether the account gave or received in the epoch since that was last written.
    pub(super) fn has_moved(&self, holder: AccountId, epoch: i64) -> bool {
        self.activity.contains_key(&(holder.0, epoch))
    }

    /// At start: the account has a row whose end is not filled in.
    pub(super) fn restore_open(&mut self, holder: AccountId, epoch: i64) {
        self.open.entry(epoch).or_default().insert(holder.0);
    }

    /// At start: a member is to be ranked.
    pub(crate) fn restore_unranked(&mut self, row: &ClosedRow) {
        let epoch = self.ranking.entry(row.epoch).or_default();
        epoch.insert(row.holder.0, row.tracked);
    }

    /// The epoch ends with these hops.
    pub(crate) fn end_epoch(&mut self, epoch: i64, hops: Hops) {
        self.hops.insert(epoch, hops);
    }

    /// Accounts were settled beyond ticks; `epoch_of` gives the epoch of an ordinal.
    pub(crate) fn close(&mut self, closed: Vec<Closed>, epoch_of: impl Fn(u32) -> i64) {
        for Closed {
            account: holder,
            ordinal,
            own,
            tally,
            tracked,
            is_blank,
        } in closed
        {
            let epoch = epoch_of(ordinal);
            let open = self.open.get_mut(&epoch);
            let was_open = open.is_some_and(|open| open.remove(&holder.0));
            if (is_blank && !was_open) || self.is_before(epoch) {
                continue;
            }
            let hop = self.hops.get(&epoch).and_then(|hops| hops.of(holder));
            if hop.is_some() && tracked > 0 {
                let members = self.ranking.entry(epoch).or_default();
                members.insert(holder.0, tracked);
            }
            self.closed.push(ClosedRow {
                holder,
                epoch,
                hop,
                own,
                tally,
                tracked,
            });
        }
    }

    /// Everybody is settled beyond the ends of all epochs before this one.
    pub(crate) fn rank(&mut self, current: i64) {
        let later = self.ranking.split_off(&current);
        for (epoch, members) in std::mem::replace(&mut self.ranking, later) {
            self.ranks.extend(ranked(epoch, members));
        }
        self.hops = self.hops.split_off(&current);
        self.open = self.open.split_off(&current);
        self.stored_upto = self.stored_upto.map(|upto| upto.max(current - 1));
        self.stored.retain(|epoch, _| *epoch >= current);
    }

    /// Who is to be ranked is not asked for.
    pub(crate) fn forget_ranking(&mut self) {
        self.ranking.clear();
    }

    /// Whether there is something to rank, or ranks to write.
    pub(super) fn has_ranks(&self) -> bool {
        !self.ranks.is_empty()
    }

    /// All ranks that are not written, by account.
    pub(crate) fn all_ranks(&self) -> HashMap<AccountId, u64> {
        self.ranks
            .iter()
            .map(|row| (row.holder, row.rank))
            .collect()
    }

    /// What the next batch carries; `with_activity` if it carries flows.
    pub(crate) fn take(&mut self, with_activity: bool) -> HistoryRows {
        let mut activity: Vec<ActivityRow> = match with_activity {
            true => self.activity.drain().map(activity_row).collect(),
            false => Vec::new(),
        };
        activity.sort_unstable_by_key(|row| (row.holder, row.epoch));
        let mut closed = std::mem::take(&mut self.closed);
        closed.sort_unstable_by_key(|row| (row.holder, row.epoch));
        closed.dedup_by_key(|row| (row.holder, row.epoch));
        let ranks = self.ranks.len().min(RANKS_MAX);
        HistoryRows {
            activity: Rows::of(activity, |row| self.is_new(row.holder, row.epoch, false)),
            closed: Rows::of(closed, |row| self.is_new(row.holder, row.epoch, true)),
            ranks: self.ranks.drain(..ranks).collect(),
        }
    }
}

fn activity_row(((holder, epoch), (received, given)): ((u32, i64), (u64, u64))) -> ActivityRow {
    ActivityRow {
        holder: AccountId(holder),
        epoch,
        received,
        given,
    }
}

/// Ranks by points, most first; equals share a rank. Ascending by account.
fn ranked(epoch: i64, members: HashMap<u32, u64>) -> Vec<RankRow> {
    let mut order: Vec<(u32, u64)> = members.into_iter().collect();
    order.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut ranks = Vec::with_capacity(order.len());
    let mut last = (0, 0);
    for (place, (holder, points)) in (1..).zip(order) {
        if points != last.1 {
            last = (place, points);
        }
        ranks.push(RankRow {
            holder: AccountId(holder),
            epoch,
            rank: last.0,
        });
    }
    ranks.sort_unstable_by_key(|row| row.holder);
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_share_a_rank() {
        let members = [(4, 10), (2, 30), (9, 10), (1, 5)].into_iter().collect();
        let ranks = ranked(7, members);
        let ranks: Vec<_> = ranks.iter().map(|row| (row.holder.0, row.rank)).collect();
        assert_eq!(ranks, [(1, 4), (2, 1), (4, 2), (9, 2)]);
    }

    /// Whose rows of an epoch are told as new, and whose as known, with the next batch.
    fn told(history: &mut History, moved: &[u32], epoch: i64) -> (Vec<u32>, Vec<u32>) {
        for holder in moved {
            history.add(AccountId(*holder), epoch, (1, 0));
        }
        let Rows { new, known } = history.take(true).activity;
        let holders = |rows: Vec<ActivityRow>| rows.iter().map(|row| row.holder.0).collect();
        (holders(new), holders(known))
    }

    #[test]
    fn a_row_is_new_once_and_only_in_epochs_that_began_since() {
        let mut history = History::new(None);
        assert_eq!(told(&mut history, &[1], 5), (vec![], vec![1]), "who knows");
        history.restore_stored(Some(4));
        assert_eq!(told(&mut history, &[1, 2], 4), (vec![], vec![1, 2]));
        assert_eq!(told(&mut history, &[1, 2], 5), (vec![1, 2], vec![]));
        assert_eq!(told(&mut history, &[1, 3], 5), (vec![3], vec![1]));
        history.end_epoch(5, Hops::now([None; 5].into_iter()));
        history.add(AccountId(7), 5, (1, 0));
        let closed = [3, 4, 7].map(|account| Closed {
            account: AccountId(account),
            ordinal: 0,
            own: 0,
            tally: 0,
            tracked: 0,
            is_blank: false,
        });
        history.close(closed.to_vec(), |_| 5);
        let Rows { new, known } = history.take(false).closed;
        let holders = |rows: Vec<ClosedRow>| rows.iter().map(|row| row.holder.0).collect();
        let (new, known): (Vec<_>, Vec<_>) = (holders(new), holders(known));
        assert_eq!((new, known), (vec![4, 7], vec![3]));
        let known = history.take(true).activity.known;
        assert_eq!(known.len(), 1, "its row came without what it received");
        let kept = history.stored[&5].contains(&4);
        assert!(!kept, "nothing more comes of it in that epoch");
        history.rank(6);
        assert_eq!(told(&mut history, &[9], 5), (vec![], vec![9]), "forgotten");
        assert_eq!(told(&mut history, &[9], 6), (vec![9], vec![]));
    }

    #[test]
    fn a_history_that_began_later_says_nothing_of_before() {
        let mut history = History::new(Some(5));
        history.add(AccountId(1), 4, (1, 0));
        history.add(AccountId(1), 5, (1, 0));
        assert_eq!(history.take(true).activity.iter().count(), 1);
    }
}
