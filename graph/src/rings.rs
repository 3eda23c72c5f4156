//! Groups within which everybody leads to everybody.

use std::ops::Range;

use petgraph::Direction::{self, Incoming, Outgoing};
use petgraph::algo::kosaraju_scc;
use petgraph::visit::{
    GraphBase, IntoNeighbors, IntoNeighborsDirected, IntoNodeIdentifiers, Visitable,
};

use crate::{AccountId, Circle, Seen};

impl Circle {
    /// The rings of the interior: groups of two accounts or more in which each is reached from
    /// each along follows among interior accounts (strongly connected components).
    ///
    /// Largest first, equal ones by their first account; within a ring by ascending account.
    /// Looks at every record of the interior, and takes eight bytes for each follow within it
    /// while it runs.
    pub fn rings(&self) -> Vec<Vec<AccountId>> {
        let interior = Interior::of(self);
        // Kosaraju's and not Tarjan's: `petgraph`'s Tarjan recurses, and a chain of follows as
        // long as the interior, which strangers can make, would exhaust the stack.
        let mut rings: Vec<Vec<AccountId>> = kosaraju_scc(&interior)
            .into_iter()
            .filter(|ring| ring.len() > 1)
            .map(|ring| {
                ring.into_iter()
                    .map(|node| interior.accounts[node.index()])
                    .collect()
            })
            .collect();
        for ring in &mut rings {
            ring.sort_unstable();
        }
        rings.sort_unstable_by(|one, two| (two.len(), &one[0]).cmp(&(one.len(), &two[0])));
        rings
    }
}

/// The follows among interior accounts, in both directions. Nodes are numbered among themselves.
struct Interior {
    /// By node.
    accounts: Vec<AccountId>,
    outgoing: Edges,
    incoming: Edges,
}

/// The neighbours of all nodes in one list.
#[derive(Default)]
struct Edges {
    /// By node, where its neighbours end; they begin where those of the node before end.
    ends: Vec<usize>,
    neighbors: Vec<AccountId>,
}

impl Interior {
    fn of(circle: &Circle) -> Self {
        let members = circle.members().filter(|(id, _)| circle.is_interior(*id));
        let accounts: Vec<_> = members.map(|(id, _)| id).collect();
        let mut outgoing = Edges::default();
        for follower in &accounts {
            let subjects = circle.follow_records().subjects(*follower);
            let within = subjects.filter(|id| circle.is_interior(*id));
            let nodes = within.filter_map(|id| accounts.binary_search(&id).ok());
            outgoing.neighbors.extend(nodes.map(AccountId::at));
            outgoing.ends.push(outgoing.neighbors.len());
        }
        let incoming = outgoing.reversed();
        Self {
            accounts,
            outgoing,
            incoming,
        }
    }
}

impl Edges {
    fn range(&self, node: usize) -> Range<usize> {
        let start = node.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[node]
    }

    fn reversed(&self) -> Self {
        let mut starts = vec![0; self.ends.len() + 1];
        for node in &self.neighbors {
            starts[node.index() + 1] += 1;
        }
        for node in 0..self.ends.len() {
            starts[node + 1] += starts[node];
        }
        let mut neighbors = vec![AccountId(0); self.neighbors.len()];
        for node in 0..self.ends.len() {
            for to in &self.neighbors[self.range(node)] {
                neighbors[starts[to.index()]] = AccountId::at(node);
                // Ends up where the next node's neighbours start.
                starts[to.index()] += 1;
            }
        }
        starts.pop();
        Self {
            ends: starts,
            neighbors,
        }
    }
}

impl GraphBase for Interior {
    type NodeId = AccountId;
    type EdgeId = (AccountId, AccountId);
}

impl IntoNodeIdentifiers for &Interior {
    type NodeIdentifiers = std::iter::Map<Range<usize>, fn(usize) -> AccountId>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        (0..self.accounts.len()).map(AccountId::at)
    }
}

impl<'a> IntoNeighbors for &'a Interior {
    type Neighbors = std::iter::Copied<std::slice::Iter<'a, AccountId>>;

    fn neighbors(self, node: AccountId) -> Self::Neighbors {
        self.neighbors_directed(node, Outgoing)
    }
}

impl<'a> IntoNeighborsDirected for &'a Interior {
    type NeighborsDirected = std::iter::Copied<std::slice::Iter<'a, AccountId>>;

    fn neighbors_directed(self, node: AccountId, direction: Direction) -> Self::NeighborsDirected {
        let edges = match direction {
            Outgoing => &self.outgoing,
            Incoming => &self.incoming,
        };
        edges.neighbors[edges.range(node.index())].iter().copied()
    }
}

impl Visitable for Interior {
    type Map = Seen;

    fn visit_map(&self) -> Seen {
        Seen::of(self.accounts.len())
    }

    fn reset_map(&self, seen: &mut Seen) {
        *seen = self.visit_map();
    }
}
