//! What is answered with petgraph, held against answers found the long way.

use std::collections::BTreeSet;

use kith_graph::{AccountId, Changes, Circle};
use petgraph::algo::{dijkstra, tarjan_scc};
use petgraph::visit::{EdgeCount, IntoEdgeReferences, NodeCount};
use proptest::prelude::*;

const ACCOUNTS: u32 = 9;

#[derive(Clone, Debug)]
struct Follows {
    depth: u8,
    tracked: BTreeSet<u32>,
    skipped: BTreeSet<u32>,
    edges: Vec<(u32, u32)>,
}

fn follows() -> impl Strategy<Value = Follows> {
    let some = |most| proptest::collection::btree_set(0..ACCOUNTS, 0..most);
    let edges = proptest::collection::vec((0..ACCOUNTS, 0..ACCOUNTS), 0..40);
    (1..=3_u8, some(4), some(2), edges).prop_map(|(depth, tracked, skipped, edges)| Follows {
        depth,
        tracked,
        skipped,
        edges,
    })
}

impl Follows {
    fn circle(&self) -> Circle {
        let mut circle = Circle::new(self.depth).expect("a depth of 1, 2 or 3");
        let mut changes = Changes::new();
        let ids: Vec<_> = (0..ACCOUNTS)
            .map(|n| circle.intern(&format!("did:web:{n}.example")))
            .collect();
        for tracked in &self.tracked {
            circle.track(ids[*tracked as usize], &mut changes);
        }
        for skipped in &self.skipped {
            circle.set_skip(ids[*skipped as usize], true, &mut changes);
        }
        for (nth, (from, to)) in self.edges.iter().enumerate() {
            let rkey = format!("r{nth:03}");
            circle.set_follow(ids[*from as usize], &rkey, ids[*to as usize], &mut changes);
        }
        circle
    }

    /// Every path there is, by trying every next account.
    fn paths(&self, path: &mut Vec<u32>, to: u32, found: &mut BTreeSet<Vec<u32>>) {
        let last = path[path.len() - 1];
        if last == to {
            found.insert(path.clone());
            return;
        }
        if path.len() > usize::from(self.depth) {
            return;
        }
        for (_, next) in self.edges.iter().filter(|(from, _)| *from == last) {
            let fresh = !path.contains(next) && !self.tracked_in(*next);
            if fresh && !self.skipped.contains(next) {
                path.push(*next);
                self.paths(path, to, found);
                path.pop();
            }
        }
    }

    fn tracked_in(&self, id: u32) -> bool {
        self.tracked.contains(&id) && !self.skipped.contains(&id)
    }

    fn reaches(&self, circle: &Circle, from: u32, to: u32) -> bool {
        let mut reached = BTreeSet::from([from]);
        loop {
            let before = reached.len();
            for (follower, subject) in &self.edges {
                let within = circle.is_interior(AccountId(*follower))
                    && circle.is_interior(AccountId(*subject));
                if within && reached.contains(follower) {
                    reached.insert(*subject);
                }
            }
            if reached.len() == before {
                return reached.contains(&to);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn explain_lists_every_path_shortest_first(follows in follows(), most in 0..12_usize) {
        let circle = follows.circle();
        for id in 0..ACCOUNTS {
            let mut want = BTreeSet::new();
            for tracked in follows.tracked.difference(&follows.skipped) {
                if *tracked == id || !follows.tracked_in(id) {
                    follows.paths(&mut vec![*tracked], id, &mut want);
                }
            }
            let told = |most| -> Vec<Vec<u32>> {
                let paths = circle.explain(AccountId(id), most).into_iter();
                paths.map(|path| path.into_iter().map(|id| id.0).collect()).collect()
            };
            let all = told(usize::MAX);
            prop_assert!(all.is_sorted_by_key(Vec::len), "{:?}", all);
            prop_assert_eq!(all.len(), want.len(), "no path twice");
            prop_assert_eq!(all.iter().cloned().collect::<BTreeSet<_>>(), want);
            prop_assert_eq!(all.first().map(|path| path.len() - 1),
                circle.hop(AccountId(id)).map(usize::from));
            prop_assert_eq!(told(most), &all[..most.min(all.len())]);
        }
    }

    #[test]
    fn rings_are_those_who_reach_each_other(follows in follows()) {
        let circle = follows.circle();
        let mut want = BTreeSet::new();
        for one in 0..ACCOUNTS {
            let both = |two: &u32| {
                follows.reaches(&circle, one, *two) && follows.reaches(&circle, *two, one)
            };
            let ring: Vec<_> = (0..ACCOUNTS).filter(both).map(AccountId).collect();
            if ring.len() > 1 {
                want.insert(ring);
            }
        }
        let rings = circle.rings();
        prop_assert!(rings.is_sorted_by(|one, two| one.len() > two.len()
            || (one.len() == two.len() && one[0] < two[0])));
        prop_assert_eq!(rings.into_iter().collect::<BTreeSet<_>>(), want);
    }

    #[test]
    fn petgraph_runs_over_the_records(follows in follows()) {
        let circle = follows.circle();
        let graph = circle.follow_graph();
        prop_assert_eq!(graph.node_count(), ACCOUNTS as usize);
        prop_assert_eq!(graph.edge_count(), follows.edges.len());
        let mut edges: Vec<_> = graph.edge_references().map(|(a, b, ())| (a.0, b.0)).collect();
        let mut want = follows.edges.clone();
        edges.sort_unstable();
        want.sort_unstable();
        prop_assert_eq!(edges, want);
        prop_assert_eq!(tarjan_scc(graph).iter().map(Vec::len).sum::<usize>(), ACCOUNTS as usize);
        for tracked in follows.tracked.iter().filter(|_| follows.skipped.is_empty()) {
            let far = dijkstra(graph, AccountId(*tracked), None, |_| 1_u8);
            for (id, distance) in far {
                prop_assert!(circle.hop(id).is_none_or(|hop| hop <= distance));
                prop_assert!(distance > circle.depth() || circle.hop(id).is_some());
            }
        }
    }
}

/// As long a chain of follows as strangers can make must not exhaust the stack.
#[test]
fn a_ring_of_a_hundred_thousand_is_found() {
    let mut circle = Circle::new(1).expect("a depth of 1, 2 or 3");
    let mut changes = Changes::new();
    let size = 100_000;
    let ids: Vec<_> = (0..size)
        .map(|n| circle.intern(&format!("did:web:{n}.example")))
        .collect();
    for (nth, id) in ids.iter().enumerate() {
        circle.track(*id, &mut changes);
        circle.set_follow(*id, "self", ids[(nth + 1) % size], &mut changes);
    }
    assert_eq!(circle.rings(), [ids]);
}

#[test]
fn equal_paths_come_in_the_order_of_the_records() {
    let mut circle = Circle::new(2).expect("a depth of 1, 2 or 3");
    let mut changes = Changes::new();
    let [root, old, new, to] = ["root", "old", "new", "to"].map(|name| circle.intern(name));
    circle.track(root, &mut changes);
    circle.set_follow(root, "3kaaaaaaaaaaa", new, &mut changes);
    circle.set_follow(root, "3jaaaaaaaaaaa", old, &mut changes);
    circle.set_follow(new, "3jaaaaaaaaaaa", to, &mut changes);
    circle.set_follow(old, "3kaaaaaaaaaaa", to, &mut changes);
    assert_eq!(circle.explain(to, 10), [[root, old, to], [root, new, to]]);
    assert_eq!(circle.explain(to, 1), [[root, old, to]]);
    assert_eq!(circle.explain(root, 10), [[root]]);
}

/// Paths of equal length come by their tracked accounts, however those were found.
#[test]
fn equal_paths_come_by_the_tracked_account() {
    let mut circle = Circle::new(2).expect("a depth of 1, 2 or 3");
    let mut changes = Changes::new();
    let [one, two, between, to] = ["one", "two", "between", "to"].map(|name| circle.intern(name));
    for tracked in [two, one] {
        circle.track(tracked, &mut changes);
        circle.set_follow(tracked, "a", between, &mut changes);
    }
    circle.set_follow(between, "a", to, &mut changes);
    circle.set_follow(two, "b", to, &mut changes);
    let paths = [
        vec![two, to],
        vec![one, between, to],
        vec![two, between, to],
    ];
    assert_eq!(circle.explain(to, 10), paths);
}
