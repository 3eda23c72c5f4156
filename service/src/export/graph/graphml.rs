//! GraphML (<http://graphml.graphdrawing.org/specification.html>), as Gephi, yEd, networkx and
//! igraph read it.

use std::io::Write;

use anyhow::{Context, Result};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use super::{Drawing, Edge, Node};
use crate::output::harmless;

/// The attributes: key, of what, name, type.
const KEYS: [[&str; 4]; 4] = [
    ["handle", "node", "handle", "string"],
    ["hop", "node", "hop", "int"],
    ["points", "node", "points", "long"],
    ["weight", "edge", "weight", "long"],
];

/// A GraphML document in the making.
pub(super) struct GraphMl<W: Write> {
    xml: Writer<W>,
}

impl<W: Write> GraphMl<W> {
    pub(super) fn new(out: W) -> Result<GraphMl<W>> {
        let mut graph = GraphMl {
            xml: Writer::new(out),
        };
        graph.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        graph.line()?;
        graph.open(
            "graphml",
            &[("xmlns", "http://graphml.graphdrawing.org/xmlns")],
        )?;
        for [id, of, name, kind] in KEYS {
            graph.line()?;
            graph.empty(
                "key",
                &[
                    ("id", id),
                    ("for", of),
                    ("attr.name", name),
                    ("attr.type", kind),
                ],
            )?;
        }
        graph.line()?;
        graph.open("graph", &[("id", "circle"), ("edgedefault", "directed")])?;
        Ok(graph)
    }

    /// A value of an attribute.
    fn data(&mut self, key: &str, value: &str) -> Result<()> {
        self.open("data", &[("key", key)])?;
        self.event(Event::Text(BytesText::new(&legal(value))))?;
        self.close("data")
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> Result<()> {
        self.event(Event::Start(element(name, attributes)))
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> Result<()> {
        self.event(Event::Empty(element(name, attributes)))
    }

    fn close(&mut self, name: &str) -> Result<()> {
        self.event(Event::End(BytesEnd::new(name)))
    }

    fn line(&mut self) -> Result<()> {
        self.event(Event::Text(BytesText::from_escaped("\n")))
    }

    fn event(&mut self, event: Event<'_>) -> Result<()> {
        self.xml.write_event(event).context("cannot write GraphML")
    }
}

impl<W: Write> Drawing for GraphMl<W> {
    fn node(&mut self, node: Node<'_>) -> Result<()> {
        self.line()?;
        self.open("node", &[("id", &legal(node.did))])?;
        if let Some(handle) = node.handle {
            self.data("handle", handle)?;
        }
        self.data("hop", &node.hop.to_string())?;
        self.data("points", &node.points.to_string())?;
        self.close("node")
    }

    fn edge(&mut self, edge: Edge<'_>) -> Result<()> {
        let (source, target) = (legal(edge.source), legal(edge.target));
        self.line()?;
        self.open("edge", &[("source", &source), ("target", &target)])?;
        self.data("weight", &edge.weight.to_string())?;
        self.close("edge")
    }

    fn end(mut self: Box<Self>) -> Result<()> {
        self.line()?;
        self.close("graph")?;
        self.line()?;
        self.close("graphml")?;
        self.line()?;
        Ok(self.xml.into_inner().flush()?)
    }
}

fn element<'a>(name: &'a str, attributes: &[(&'a str, &'a str)]) -> BytesStart<'a> {
    BytesStart::new(name).with_attributes(attributes.iter().copied())
}

/// A stranger's text without what XML 1.0 has no characters for: escaping does not help there.
fn legal(text: &str) -> String {
    harmless(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use quick_xml::{Reader, XmlVersion};

    use super::*;
    use crate::export::graph::tests::drawn;

    #[test]
    fn a_document_holds_what_it_was_given() {
        let mut out = Vec::new();
        drawn(Box::new(GraphMl::new(&mut out).expect("it begins"))).expect("it is drawn");
        let text = String::from_utf8(out).expect("text");
        let mut reader = Reader::from_str(&text);
        let (mut elements, mut data) = (Vec::new(), String::new());
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Start(e) => elements.push(e.name().as_ref().to_owned()),
                Event::Text(e) => data.push_str(&e.xml_content(XmlVersion::Implicit1_0)),
                Event::GeneralRef(e) => {
                    data.push('&');
                    data.push_str(&e);
                    data.push(';');
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let count = |name: &str| elements.iter().filter(|e| *e == name).count();
        assert_eq!((count("node"), count("edge"), count("data")), (2, 1, 6));
        let strange =
            "a&quot;]; b -&gt; c [x=&quot;\\\u{fffd}\u{fffd}&lt;&amp;&apos;\u{fffd}\u{fffd}]]&gt;";
        assert!(data.contains(strange), "{data}");
        assert!(
            text.contains("<node id=\"did:web:localhost%3A80\">"),
            "{text}"
        );
    }
}
