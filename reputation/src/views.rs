//! Questions one may ask of the state, in integers and without SQL.
//!
//! Nobody can mint another account's tag, so points tagged with given *viewers* resist crowds of
//! fake accounts; a total over all tags does not. A number here is a rank or a share within a
//! view, never *the* score.

use std::collections::BTreeMap;

use crate::{AccountId, Ledger, Outcome};

/// Points an account received, as far as it is settled; 0 of an unknown id.
pub fn tally(ledger: &Ledger, id: AccountId) -> u64 {
    ledger.account(id).map_or(0, |account| account.tally())
}

/// Who holds how many of the points that `viewer` once gave: by points descending, ties by
/// ascending id. The sink is left out.
pub fn trust(ledger: &Ledger, viewer: AccountId) -> Vec<(AccountId, u64)> {
    let blended = blend(ledger, &[(viewer, 1)]);
    blended
        .into_iter()
        .map(|(holder, points)| (holder, points.unsigned_abs()))
        .collect()
}

/// The trust of several viewers, each with a weight, which may be negative: for each holder of
/// any viewer's points the sum of weight times points, descending, ties by ascending id. Holders
/// whose sum is 0 stay; the sink is left out. A viewer named twice has the sum of its weights.
/// Sums saturate at the ends of `i64`.
pub fn blend(ledger: &Ledger, viewers: &[(AccountId, i32)]) -> Vec<(AccountId, i64)> {
    let mut weights: BTreeMap<AccountId, i64> = BTreeMap::new();
    for &(viewer, weight) in viewers {
        *weights.entry(viewer).or_default() += i64::from(weight);
    }
    let mut sums: Vec<(AccountId, i64)> = Vec::new();
    for view in (1..ledger.accounts()).filter_map(|id| ledger.account(AccountId(id))) {
        let mut sum: Option<i64> = None;
        for (&viewer, &weight) in &weights {
            let points = i64::from(view.points_of(viewer));
            if points > 0 {
                sum = Some(
                    sum.unwrap_or(0)
                        .saturating_add(points.saturating_mul(weight)),
                );
            }
        }
        sums.extend(sum.map(|sum| (view.id(), sum)));
    }
    sums.sort_by_key(|&(holder, sum)| (core::cmp::Reverse(sum), holder));
    sums
}

/// Points of pinned origins by the way they came: fed by outcomes, kept for as long as one likes.
///
/// What a holder *has* now is a view of the ledger; what *flowed* to it, ever, is here.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Flows {
    /// (origin, receiver, sender) -> points.
    points: BTreeMap<(AccountId, AccountId, AccountId), u64>,
}

/// How points of one origin came to a holder.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Way {
    /// From the origin itself.
    pub direct: u64,
    /// Passed on by others.
    pub second_hand: u64,
}

impl Way {
    /// The share that came through others, in parts per 10,000, rounded down; 0 of nothing.
    pub fn second_hand_share(&self) -> u32 {
        let all = u128::from(self.direct) + u128::from(self.second_hand);
        let share = u128::from(self.second_hand) * 10_000 / all.max(1);
        u32::try_from(share).unwrap_or(10_000)
    }

    /// Of the `points` of that origin that the holder has left, how many came either way: what is
    /// gone since is taken from both in proportion. Direct is rounded down, second hand is the
    /// rest; `None` if no way is known, or fewer came by known ways than are left.
    pub fn split(&self, points: u64) -> Option<Way> {
        let all = u128::from(self.direct) + u128::from(self.second_hand);
        if all < u128::from(points) {
            return None;
        }
        let direct = (u128::from(points) * u128::from(self.direct)).checked_div(all)?;
        let direct = u64::try_from(direct).unwrap_or(points);
        Some(Way {
            direct,
            second_hand: points - direct,
        })
    }
}

impl Flows {
    /// Adds what an operation moved.
    pub fn add(&mut self, outcome: &Outcome<'_>) {
        for flow in outcome.flows() {
            let key = (flow.origin, flow.receiver, flow.sender);
            *self.points.entry(key).or_default() += u64::from(flow.points);
        }
    }

    /// How the points of `origin` came to `holder`.
    pub fn way(&self, origin: AccountId, holder: AccountId) -> Way {
        let mut way = Way::default();
        for (sender, points) in self.senders(origin, holder) {
            if sender == origin {
                way.direct += points;
            } else {
                way.second_hand += points;
            }
        }
        way
    }

    /// Who passed points of `origin` on to `holder`, ascending by sender.
    pub fn senders(
        &self,
        origin: AccountId,
        holder: AccountId,
    ) -> impl Iterator<Item = (AccountId, u64)> + '_ {
        let (first, last) = (AccountId(0), AccountId(u32::MAX));
        let range = self
            .points
            .range((origin, holder, first)..=(origin, holder, last));
        range.map(|(&(_, _, sender), &points)| (sender, points))
    }
}
