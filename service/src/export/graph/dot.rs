//! DOT (<https://graphviz.org/doc/info/lang.html>), as Graphviz reads it.

use std::io::Write;

use anyhow::Result;

use super::{Drawing, Edge, Node};
use crate::output::harmless;

/// A DOT file in the making.
pub(super) struct Dot<W: Write>(W);

impl<W: Write> Dot<W> {
    pub(super) fn new(mut out: W) -> Result<Dot<W>> {
        writeln!(out, "digraph circle {{")?;
        Ok(Dot(out))
    }
}

impl<W: Write> Drawing for Dot<W> {
    fn node(&mut self, node: Node<'_>) -> Result<()> {
        write!(self.0, "  {} [", quoted(node.did))?;
        if let Some(handle) = node.handle {
            let handle = quoted(handle);
            write!(self.0, "label={handle}, handle={handle}, ")?;
        }
        writeln!(self.0, "hop={}, points={}];", node.hop, node.points)?;
        Ok(())
    }

    fn edge(&mut self, edge: Edge<'_>) -> Result<()> {
        let (source, target) = (quoted(edge.source), quoted(edge.target));
        writeln!(self.0, "  {source} -> {target} [weight={}];", edge.weight)?;
        Ok(())
    }

    fn end(mut self: Box<Self>) -> Result<()> {
        writeln!(self.0, "}}")?;
        Ok(self.0.flush()?)
    }
}

/// A text in quotes. A backslash is doubled: in labels it would mean something, and before the
/// closing quote it would be no backslash.
fn quoted(text: &str) -> String {
    let text = harmless(text).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::graph::tests::drawn;

    #[test]
    fn a_stranger_stays_in_its_quotes() {
        let mut out = Vec::new();
        drawn(Box::new(Dot::new(&mut out).expect("it begins"))).expect("it is drawn");
        let text = String::from_utf8(out).expect("text");
        let name = "\"a\\\"]; b -> c [x=\\\"\\\\\u{fffd}\u{fffd}<&'\u{fffd}\u{fffe}]]>\"";
        assert_eq!(
            text,
            format!(
                "digraph circle {{\n  \
                 \"did:web:localhost%3A80\" [label={name}, handle={name}, hop=0, points=7];\n  \
                 \"did:plc:b\" [hop=1, points=0];\n  \
                 \"did:web:localhost%3A80\" -> \"did:plc:b\" [weight=93];\n}}\n"
            )
        );
    }
}
