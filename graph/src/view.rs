//! The follow records as a graph, for `petgraph`'s algorithms.

use petgraph::Directed;
use petgraph::visit::{
    Data, EdgeCount, GraphBase, GraphProp, GraphRef, IntoEdgeReferences, IntoEdges, IntoNeighbors,
    IntoNodeIdentifiers, NodeCompactIndexable, NodeCount, NodeIndexable, VisitMap, Visitable,
};

use crate::{AccountId, Circle};

/// The follow records of a circle as a directed graph, borrowed.
///
/// Nodes are all interned accounts, members or not. Every record is an edge, so two accounts may
/// be joined by several, and one with itself. Neighbours come in order of rkey. Edges can be
/// followed only forwards: who follows an account is counted, not listed.
///
/// ```
/// use kith_graph::{Changes, Circle};
/// use petgraph::visit::Bfs;
///
/// let mut circle = Circle::new(1).expect("a depth of 1, 2 or 3");
/// let ids = ["did:web:a.example", "did:web:b.example"].map(|did| circle.intern(did));
/// circle.set_follow(ids[0], "3jui7kd54zh2y", ids[1], &mut Changes::new());
/// let graph = circle.follow_graph();
/// let mut reached = Bfs::new(graph, ids[0]);
/// assert_eq!(reached.next(graph), Some(ids[0]));
/// assert_eq!(reached.next(graph), Some(ids[1]));
/// assert_eq!(reached.next(graph), None);
/// ```
#[derive(Copy, Clone, Debug)]
pub struct FollowGraph<'a> {
    circle: &'a Circle,
}

impl Circle {
    /// The follow records as a graph, for `petgraph`'s algorithms.
    pub fn follow_graph(&self) -> FollowGraph<'_> {
        FollowGraph { circle: self }
    }
}

impl<'a> FollowGraph<'a> {
    fn subjects(self, follower: AccountId) -> impl Iterator<Item = AccountId> + Clone + 'a {
        self.circle.follow_records().subjects(follower)
    }

    fn nodes(self) -> impl Iterator<Item = AccountId> + Clone + 'a {
        (0..self.circle.accounts().len()).map(AccountId::at)
    }
}

impl GraphBase for FollowGraph<'_> {
    type NodeId = AccountId;
    /// Not unique: parallel edges share it.
    type EdgeId = (AccountId, AccountId);
}

impl GraphRef for FollowGraph<'_> {}

impl GraphProp for FollowGraph<'_> {
    type EdgeType = Directed;
}

impl Data for FollowGraph<'_> {
    type NodeWeight = ();
    type EdgeWeight = ();
}

impl<'a> IntoNeighbors for FollowGraph<'a> {
    type Neighbors = Box<dyn Iterator<Item = AccountId> + 'a>;

    fn neighbors(self, follower: AccountId) -> Self::Neighbors {
        Box::new(self.subjects(follower))
    }
}

impl<'a> IntoNodeIdentifiers for FollowGraph<'a> {
    type NodeIdentifiers = Box<dyn Iterator<Item = AccountId> + 'a>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        Box::new(self.nodes())
    }
}

impl<'a> IntoEdgeReferences for FollowGraph<'a> {
    type EdgeRef = (AccountId, AccountId, &'a ());
    type EdgeReferences = Box<dyn Iterator<Item = Self::EdgeRef> + 'a>;

    fn edge_references(self) -> Self::EdgeReferences {
        Box::new(self.nodes().flat_map(move |follower| self.edges(follower)))
    }
}

impl<'a> IntoEdges for FollowGraph<'a> {
    type Edges = Box<dyn Iterator<Item = Self::EdgeRef> + 'a>;

    fn edges(self, follower: AccountId) -> Self::Edges {
        Box::new(
            self.subjects(follower)
                .map(move |subject| (follower, subject, &())),
        )
    }
}

impl NodeIndexable for FollowGraph<'_> {
    fn node_bound(&self) -> usize {
        self.circle.accounts().len()
    }

    fn to_index(&self, id: AccountId) -> usize {
        id.index()
    }

    fn from_index(&self, index: usize) -> AccountId {
        AccountId::at(index)
    }
}

impl NodeCompactIndexable for FollowGraph<'_> {}

impl NodeCount for FollowGraph<'_> {
    fn node_count(&self) -> usize {
        self.circle.accounts().len()
    }
}

impl EdgeCount for FollowGraph<'_> {
    fn edge_count(&self) -> usize {
        self.circle.follow_records().len()
    }
}

impl Visitable for FollowGraph<'_> {
    type Map = Seen;

    fn visit_map(&self) -> Seen {
        Seen::of(self.node_bound())
    }

    fn reset_map(&self, seen: &mut Seen) {
        *seen = self.visit_map();
    }
}

/// A set of accounts, one bit for each account there is.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    bits: Vec<u64>,
}

impl Seen {
    /// No account yet, of `len` that there are.
    pub(crate) fn of(len: usize) -> Self {
        Self {
            bits: vec![0; len.div_ceil(64)],
        }
    }

    fn bit(&mut self, id: AccountId) -> (&mut u64, u64) {
        (&mut self.bits[id.index() / 64], 1 << (id.index() % 64))
    }
}

impl VisitMap<AccountId> for Seen {
    fn visit(&mut self, id: AccountId) -> bool {
        let (word, bit) = self.bit(id);
        let first = *word & bit == 0;
        *word |= bit;
        first
    }

    fn is_visited(&self, id: &AccountId) -> bool {
        self.bits[id.index() / 64] & (1 << (id.index() % 64)) != 0
    }

    fn unvisit(&mut self, id: AccountId) -> bool {
        let (word, bit) = self.bit(id);
        let was = *word & bit != 0;
        *word &= !bit;
        was
    }
}
