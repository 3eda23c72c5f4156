//! The circle as a graph: members are nodes, points are the weights of edges.

mod dot;
mod graphml;

use std::collections::HashSet;

use anyhow::{Result, bail};
use kith_store::{Export, Value};

use super::{Source, Written, target::Out};
use crate::cli::{EdgesOf, ExportArgs, FileFormat};

/// A member of the circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node<'a> {
    did: &'a str,
    /// None: not known.
    handle: Option<&'a str>,
    hop: i64,
    /// Of tracked accounts, that it holds.
    points: i64,
}

/// Points that went from one member to another, or are held by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Edge<'a> {
    source: &'a str,
    target: &'a str,
    weight: i64,
}

/// A graph in the making: all nodes, then all edges.
trait Drawing {
    fn node(&mut self, node: Node<'_>) -> Result<()>;
    fn edge(&mut self, edge: Edge<'_>) -> Result<()>;
    fn end(self: Box<Self>) -> Result<()>;
}

/// Writes the graph.
pub(super) async fn write(
    source: &Source<'_>,
    args: &ExportArgs,
    format: FileFormat,
    out: Out,
) -> Result<Written> {
    let of = args.edges.unwrap_or(EdgesOf::Assignments);
    let mut drawing: Box<dyn Drawing> = match format {
        FileFormat::Dot => Box::new(dot::Dot::new(out)?),
        _ => Box::new(graphml::GraphMl::new(out)?),
    };
    let edges = of.export();
    let written = match args.strongest {
        None => {
            let nodes = source
                .each(&Export::NODES, None, |row| drawing.node(node(row)?))
                .await?;
            nodes
                + source
                    .each(edges, None, |row| drawing.edge(edge(row)?))
                    .await?
        }
        Some(most) => strongest(source, edges, most, drawing.as_mut()).await?,
    };
    drawing.end()?;
    Ok(Written {
        written,
        from_journal: edges.has_since,
    })
}

/// Writes so many edges, and of the nodes those that they connect and the tracked accounts.
async fn strongest(
    source: &Source<'_>,
    edges: &Export,
    most: u32,
    drawing: &mut dyn Drawing,
) -> Result<u64> {
    let mut kept = Vec::new();
    source
        .each(edges, Some(most), |row| {
            let edge = edge(row)?;
            kept.push((edge.source.to_owned(), edge.target.to_owned(), edge.weight));
            Ok(())
        })
        .await?;
    let ends: HashSet<&str> = kept
        .iter()
        .flat_map(|(source, target, _)| [source.as_str(), target.as_str()])
        .collect();
    let mut written = 0;
    source
        .each(&Export::NODES, None, |row| {
            let node = node(row)?;
            if node.hop == 0 || ends.contains(node.did) {
                written += 1;
                drawing.node(node)?;
            }
            Ok(())
        })
        .await?;
    for (source, target, weight) in &kept {
        written += 1;
        drawing.edge(Edge {
            source,
            target,
            weight: *weight,
        })?;
    }
    Ok(written)
}

/// A row of [`Export::NODES`].
fn node(row: &[Value]) -> Result<Node<'_>> {
    match row {
        [
            Value::Text(did),
            handle,
            Value::Int(hop),
            Value::Int(points),
        ] => Ok(Node {
            did,
            handle: match handle {
                Value::Text(handle) => Some(handle),
                _ => None,
            },
            hop: *hop,
            points: *points,
        }),
        _ => bail!("{row:?} is no node"),
    }
}

/// A row of edges.
fn edge(row: &[Value]) -> Result<Edge<'_>> {
    match row {
        [Value::Text(source), Value::Text(target), Value::Int(weight)] => Ok(Edge {
            source,
            target,
            weight: *weight,
        }),
        _ => bail!("{row:?} is no edge"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGE: &str = "a\"]; b -> c [x=\"\\\n\u{202e}<&'\u{1}\u{fffe}]]>";

    /// What a drawing writes of two nodes, one strange, and an edge.
    pub(super) fn drawn(mut drawing: Box<dyn Drawing + '_>) -> Result<()> {
        drawing.node(Node {
            did: "did:web:localhost%3A80",
            handle: Some(STRANGE),
            hop: 0,
            points: 7,
        })?;
        drawing.node(Node {
            did: "did:plc:b",
            handle: None,
            hop: 1,
            points: 0,
        })?;
        drawing.edge(Edge {
            source: "did:web:localhost%3A80",
            target: "did:plc:b",
            weight: 93,
        })?;
        drawing.end()
    }

    #[test]
    fn rows_are_nodes_and_edges() {
        let text = |text: &str| Value::Text(text.to_owned());
        let row = [text("did:web:a"), Value::Null, Value::Int(2), Value::Int(5)];
        let found = node(&row).expect("a node");
        assert_eq!(
            (found.did, found.handle, found.hop, found.points),
            ("did:web:a", None, 2, 5)
        );
        assert!(edge(&row).is_err());
        let row = [text("did:web:a"), text("did:web:b"), Value::Int(5)];
        let found = edge(&row).expect("an edge");
        assert_eq!(
            (found.source, found.target, found.weight),
            ("did:web:a", "did:web:b", 5)
        );
        assert!(node(&row).is_err());
    }
}
