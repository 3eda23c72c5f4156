//! Why an account is in the circle.

use petgraph::algo::all_simple_paths;
use petgraph::graphmap::DiGraphMap;
use petgraph::visit::VisitMap;
use rustc_hash::FxBuildHasher;

use crate::{AccountId, Circle, Seen};

impl Circle {
    /// The paths by which an account is in the circle: from a tracked account along follow
    /// records to it, shortest first, at most `max_paths`.
    ///
    /// The shortest have hop + 1 accounts, the longest depth + 1. No account is twice on a path,
    /// and a tracked one only begins it. Paths of equal length come by the tracked account, then
    /// as the follow records on the way were made. A tracked account has the one path of itself;
    /// an account outside the circle none.
    ///
    /// Looks at the records of the interior, until all that name the account are found: some tens
    /// of milliseconds for ten million.
    pub fn explain(&self, id: AccountId, max_paths: usize) -> Vec<Vec<AccountId>> {
        let Some(hop) = self.hop(id) else {
            return Vec::new();
        };
        if hop == 0 {
            return std::iter::once(vec![id]).take(max_paths).collect();
        }
        let ways = self.ways_to(id);
        let mut tracked: Vec<_> = ways.nodes().filter(|id| self.is_tracked(*id)).collect();
        tracked.sort_unstable();
        let mut paths = Vec::new();
        for length in usize::from(hop)..=usize::from(self.depth()) {
            let between = length - 1;
            for from in &tracked {
                paths.extend(
                    all_simple_paths::<Vec<_>, _, FxBuildHasher>(
                        &ways,
                        *from,
                        id,
                        between,
                        Some(between),
                    )
                    .take(max_paths - paths.len()),
                );
            }
        }
        paths
    }

    /// The follows that lie on a path from a tracked account to `id`, and few others: searched
    /// backwards, and each step only among accounts near enough to a tracked one.
    fn ways_to(&self, id: AccountId) -> DiGraphMap<AccountId, (), FxBuildHasher> {
        let mut ways = DiGraphMap::with_capacity_and_hasher(0, 0, FxBuildHasher);
        let mut wanted = Seen::of(self.accounts().len());
        wanted.visit(id);
        // Records that name `id` and count; when all are found the first step is done.
        let mut left: u64 = self.support(id).iter().copied().map(u64::from).sum();
        for step in 1..=self.depth() {
            let mut followers = Seen::of(self.accounts().len());
            for (follower, hop) in self.members().filter(|(_, hop)| hop + step <= self.depth()) {
                if left == 0 {
                    break;
                }
                for record in self.follow_records().runs(follower).iter().flatten() {
                    let subject = record.subject;
                    if !wanted.is_visited(&subject) {
                        continue;
                    }
                    left -= u64::from(step == 1);
                    ways.add_edge(follower, subject, ());
                    if hop > 0 && follower != id {
                        followers.visit(follower);
                    }
                }
            }
            wanted = followers;
            left = u64::MAX;
        }
        ways
    }
}
