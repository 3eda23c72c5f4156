//! Hops from scratch, to hold the incremental ones against.

use petgraph::visit::{Bfs, NodeFiltered, VisitMap, Visitable};

use crate::{AccountId, Circle};

impl Circle {
    /// The hop of every account, by account, by a breadth-first search over all records held.
    ///
    /// Always equals what [`Circle::hop`] says. It is there to verify that, costs a look at every
    /// record of the interior, and shares nothing with the incremental bookkeeping.
    pub fn recompute_hops(&self) -> Vec<Option<u8>> {
        let accounts = (0..self.accounts().len()).map(AccountId::at);
        let tracked = accounts.filter(|id| self.is_tracked(*id) && !self.is_skipped(*id));
        let unskipped = NodeFiltered::from_fn(self.follow_graph(), |id| !self.is_skipped(id));
        let mut search = Bfs {
            stack: tracked.collect(),
            discovered: unskipped.visit_map(),
        };
        for tracked in &search.stack {
            search.discovered.visit(*tracked);
        }
        let mut hops = vec![None; self.accounts().len()];
        for hop in 0..self.depth() {
            // The queue holds exactly the accounts of this hop.
            for _ in 0..search.stack.len() {
                if let Some(id) = search.next(&unskipped) {
                    hops[id.index()] = Some(hop);
                }
            }
        }
        for id in search.stack {
            hops[id.index()] = Some(self.depth());
        }
        hops
    }
}
