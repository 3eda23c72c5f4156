//! The same network in `petgraph`'s own graphs: without rkeys, so that an unfollow, which names
//! nothing else, would need a table beside them.

use std::time::{Duration, Instant};

use petgraph::graphmap::DiGraphMap;
use petgraph::stable_graph::{NodeIndex, StableDiGraph};

use crate::network::{Network, Random};
use crate::{resident, row};

pub(crate) fn graph_map(network: &Network) {
    let before = resident();
    let mut graph = DiGraphMap::<u32, u32>::new();
    let start = Instant::now();
    for follower in 0..network.interior {
        for subject in network.follows(follower) {
            match graph.edge_weight_mut(follower, subject) {
                Some(records) => *records += 1,
                None => drop(graph.add_edge(follower, subject, 1)),
            }
        }
    }
    petgraph_rows(start.elapsed(), graph.edge_count(), resident() - before);
    let (out, into) = (network.accounts, network.accounts + 1);
    for n in 0..10_000 {
        graph.add_edge(out, n, 1);
    }
    for n in 0..network.accounts.min(1_000_000) {
        graph.add_edge(n, into, 1);
    }
    let mut random = Random(7);
    hub_row(
        "out",
        (0..200).map(|_| {
            let subject = random.below(10_000);
            let start = Instant::now();
            graph.remove_edge(out, subject);
            let took = start.elapsed();
            graph.add_edge(out, subject, 1);
            took
        }),
    );
    hub_row(
        "in",
        (0..200).map(|_| {
            let follower = random.below(network.accounts.min(1_000_000));
            let start = Instant::now();
            graph.remove_edge(follower, into);
            let took = start.elapsed();
            graph.add_edge(follower, into, 1);
            took
        }),
    );
}

pub(crate) fn stable_graph(network: &Network) {
    let before = resident();
    let mut graph = StableDiGraph::<(), ()>::new();
    for _ in 0..network.accounts + 2 {
        graph.add_node(());
    }
    let node = |n: u32| NodeIndex::new(n as usize);
    let start = Instant::now();
    for follower in 0..network.interior {
        for subject in network.follows(follower) {
            graph.add_edge(node(follower), node(subject), ());
        }
    }
    petgraph_rows(start.elapsed(), graph.edge_count(), resident() - before);
    let (out, into) = (node(network.accounts), node(network.accounts + 1));
    for n in 0..10_000 {
        graph.add_edge(out, node(n), ());
    }
    for n in 0..network.accounts.min(1_000_000) {
        graph.add_edge(node(n), into, ());
    }
    let mut random = Random(7);
    let mut timed = |from: NodeIndex, to: NodeIndex| {
        let start = Instant::now();
        if let Some(edge) = graph.find_edge(from, to) {
            graph.remove_edge(edge);
        }
        let took = start.elapsed();
        graph.add_edge(from, to, ());
        took
    };
    hub_row(
        "out",
        (0..200).map(|_| timed(out, node(random.below(10_000)))),
    );
    let followers = network.accounts.min(1_000_000);
    let mut random = Random(7);
    hub_row(
        "in",
        (0..200).map(|_| timed(node(random.below(followers)), into)),
    );
}

fn petgraph_rows(took: Duration, edges: usize, held: usize) {
    row("edges (no rkeys, no DIDs)", edges as f64);
    row("build, s (with making the network)", took.as_secs_f64());
    row("bytes an edge (nodes included)", held as f64 / edges as f64);
}

fn hub_row(side: &str, took: impl Iterator<Item = Duration>) {
    let mut took: Vec<_> = took.collect();
    took.sort_unstable();
    let micros = |took: Duration| took.as_secs_f64() * 1e6;
    let hub = if side == "out" {
        "with 10000 follows"
    } else {
        "with 1000000 followers"
    };
    println!(
        "  {:<46} median {:>9.2} µs  max {:>9.1} µs",
        format!("an unfollow at one {hub}"),
        micros(took[took.len() / 2]),
        micros(took[took.len() - 1]),
    );
}
