//! `[[source]]`: where events come from.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;

use toml::de::DeValue;

use super::{base_url, refuse_unencrypted};
use crate::link::Use;
use crate::problem::{Lines, Notes, quote};
use crate::section::Section;
use crate::settings::{Network, Source, Start};

/// Largest cursor, 2^53: sequence numbers are JSON numbers.
const CURSOR_MAX: u64 = 1 << 53;

/// Reads every `[[source]]` of the document. If the service `connects`, that there is none is a
/// problem, and so is one that `[network]` forbids.
pub(crate) fn sources(
    top: &mut Section<'_>,
    network: &Network,
    connects: bool,
    lines: &Lines<'_>,
    notes: &mut Notes,
) -> Vec<Source> {
    let help = "write [[source]], and below it kind = \"relay\" and url = \"wss://HOST\"";
    let none = connects.then_some("there is no source to read from");
    let items = top.sections("source", help, none, notes);
    let mut first: HashMap<String, Range<usize>> = HashMap::new();
    let mut sources = Vec::new();
    for item in items {
        let Some((source, span)) = source(item, network, connects, notes) else {
            continue;
        };
        if let Some(earlier) = first.get(&source.name()) {
            let line = lines.line(earlier.start);
            let message = format!(
                "{} is a source twice, first on line {line}",
                quote(&source.name())
            );
            notes.at(span, message, "remove one");
        } else {
            first.insert(source.name(), span);
            sources.push(source);
        }
    }
    sources
}

#[derive(Clone, Copy)]
enum Kind {
    Relay,
    Jetstream,
    Pds,
    File,
}

/// One source, and the place of its URL or path.
fn source(
    mut section: Section<'_>,
    network: &Network,
    connects: bool,
    notes: &mut Notes,
) -> Option<(Source, Range<usize>)> {
    let kinds = [
        ("relay", Kind::Relay),
        ("jetstream", Kind::Jetstream),
        ("pds", Kind::Pds),
        ("file", Kind::File),
    ];
    let Some(kind) = section.required_choice("kind", &kinds, notes) else {
        // Which keys belong to it is unknown: none of them is refused.
        for key in ["url", "start", "path"] {
            section.raw(key);
        }
        section.close(notes, |_| None);
        return None;
    };
    if let Kind::File = kind {
        return file(section, notes);
    }
    let start = start(&mut section, notes);
    let text = section.required_text("url", "write url = \"wss://HOST\"", notes);
    section.close(notes, |key| {
        (key == "path").then(|| "path is for a source of kind \"file\": remove it".to_owned())
    });
    let text = text?;
    let used = if let Kind::Pds = kind {
        Use::StreamAndRequests
    } else {
        Use::Stream
    };
    let url = base_url("source.url", &text, used, notes)?;
    if connects {
        refuse_unencrypted(
            "source.url",
            &text,
            &url,
            network.allow_private_addresses,
            notes,
        );
    }
    let source = match kind {
        Kind::Jetstream => Source::Jetstream { url, start },
        Kind::Pds => Source::Pds { url, start },
        Kind::Relay | Kind::File => Source::Relay { url, start },
    };
    Some((source, text.span))
}

fn file(mut section: Section<'_>, notes: &mut Notes) -> Option<(Source, Range<usize>)> {
    let help = "write path = \"FILE\", as in path = \"frames.bin\"";
    let text = section.required_text("path", help, notes);
    section.close(notes, |key| match key {
        "url" => Some("a source of kind \"file\" has a path instead".to_owned()),
        "start" => Some("a file is read from its beginning: remove it".to_owned()),
        _ => None,
    });
    let text = text?;
    if text.value.is_empty() {
        notes.at(text.span, "source.path is empty", help);
        return None;
    }
    Some((
        Source::File {
            path: PathBuf::from(text.value),
        },
        text.span,
    ))
}

fn start(section: &mut Section<'_>, notes: &mut Notes) -> Start {
    let help = format!(
        "write start = \"live\", \"oldest\" or a cursor from 0 to {CURSOR_MAX} without quotes; \
         the default is \"live\""
    );
    let Some(value) = section.raw("start") else {
        return Start::Live;
    };
    let shown = match value.get_ref() {
        DeValue::String(word) => match &**word {
            "live" => return Start::Live,
            "oldest" => return Start::Oldest,
            other => quote(other),
        },
        DeValue::Integer(number) => match u64::from_str_radix(number.as_str(), number.radix()) {
            Ok(cursor) if cursor <= CURSOR_MAX => return Start::Cursor(cursor),
            _ => quote(number.as_str()).trim_matches('"').to_owned(),
        },
        _ => {
            section.wrong_type("start", value, "a string or a whole number", &help, notes);
            return Start::Live;
        }
    };
    notes.at(
        value.span(),
        format!("source.start is {shown}, which is no place to start"),
        help,
    );
    Start::Live
}
