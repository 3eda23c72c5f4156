//! `[circle]`: who is followed.

use std::collections::HashMap;
use std::ops::Range;

use crate::id::Identifier;
use crate::problem::{Lines, Notes, printable, quote};
use crate::section::{Section, Text};
use crate::settings::{Backfill, Circle, Match, Tracked};

/// Longest label, in characters.
pub const LABEL_CHARACTERS_MAX: usize = 200;

/// Reads `[circle]`. That nobody is tracked is a problem if accounts are wanted.
pub(crate) fn circle(
    mut section: Section<'_>,
    wanted: bool,
    lines: &Lines<'_>,
    notes: &mut Notes,
) -> Circle {
    let default = Circle::default();
    let matches = [
        ("both", Match::Both),
        ("liker", Match::Liker),
        ("author", Match::Author),
        ("either", Match::Either),
    ];
    let backfills = [
        ("pds", Backfill::Pds),
        ("stream", Backfill::Stream),
        ("none", Backfill::None),
    ];
    let depth = section.number("depth", 1..=3, default.depth, notes);
    let match_ = section.choice("match", &matches, default.match_, notes);
    let backfill = section.choice("backfill", &backfills, default.backfill, notes);
    let max_follows = section.number("max_follows", 1..=10_000_000, default.max_follows, notes);

    let mut listed = Listed {
        lines,
        first: HashMap::new(),
    };
    let help = "write [[circle.tracked]], and below it id = \"HANDLE or DID\"";
    let none = wanted.then_some("the circle is empty: no account is tracked");
    let items = section.sections("tracked", help, none, notes);
    let skip_help = "write skip = [\"HANDLE or DID\", ..]";
    let opt_out_help = "write opt_out = [\"HANDLE or DID\", ..]";
    let skip_texts = section.texts("skip", skip_help, notes);
    let opt_out_texts = section.texts("opt_out", opt_out_help, notes);
    let tracked = tracked(items, section.asked(), &mut listed, notes);
    let skip = identifiers(&section, "skip", &skip_texts, &mut listed, notes);
    // Somebody who wants no points may well be tracked, or skipped: only repetition is a mistake.
    let mut apart = Listed {
        lines,
        first: HashMap::new(),
    };
    let opt_out = identifiers(&section, "opt_out", &opt_out_texts, &mut apart, notes);
    section.close(notes, |_| None);
    Circle {
        depth,
        match_,
        backfill,
        tracked,
        skip,
        opt_out,
        max_follows,
    }
}

fn tracked(
    items: Vec<Section<'_>>,
    circle_keys: &[&'static str],
    listed: &mut Listed<'_>,
    notes: &mut Notes,
) -> Vec<Tracked> {
    let mut tracked = Vec::new();
    for mut item in items {
        let help = "write id = \"HANDLE or DID\", as in id = \"alice.example.com\"";
        let id = item
            .required_text("id", help, notes)
            .and_then(|text| identifier(&item, "id", &text, listed, notes));
        let label = label(&mut item, notes);
        tracked.extend(id.map(|id| Tracked { id, label }));
        item.close(notes, |key| {
            let known = circle_keys.contains(&key);
            known.then(|| format!("move {key} into [circle], above the first [[circle.tracked]]"))
        });
    }
    tracked
}

fn label(item: &mut Section<'_>, notes: &mut Notes) -> Option<String> {
    let help =
        format!("write label = \"NAME\", 1 to {LABEL_CHARACTERS_MAX} characters on one line");
    let text = item.text("label", &help, notes)?;
    if !is_label(text.value) {
        notes.at(
            text.span,
            "the label is empty, too long, or has control characters",
            help,
        );
        return None;
    }
    Some(text.value.to_owned())
}

/// Whether a text can be a label: labels are printed, so they hold nothing that a terminal obeys.
pub fn is_label(text: &str) -> bool {
    (1..=LABEL_CHARACTERS_MAX).contains(&text.chars().count()) && printable(text) == text
}

/// The accounts of a list, and on which line each was first named.
struct Listed<'t> {
    lines: &'t Lines<'t>,
    first: HashMap<Identifier, (&'static str, Range<usize>)>,
}

fn identifiers(
    section: &Section<'_>,
    key: &'static str,
    texts: &[Text<'_>],
    listed: &mut Listed<'_>,
    notes: &mut Notes,
) -> Vec<Identifier> {
    let read = texts
        .iter()
        .filter_map(|text| identifier(section, key, text, listed, notes));
    read.collect()
}

fn identifier(
    section: &Section<'_>,
    key: &'static str,
    text: &Text<'_>,
    listed: &mut Listed<'_>,
    notes: &mut Notes,
) -> Option<Identifier> {
    let id: Identifier = section.parsed(key, text, &identifier_help(text.value), notes)?;
    if let Some((place, span)) = listed.first.get(&id) {
        let line = listed.lines.line(span.start);
        let (message, help) = if *place == key {
            (
                format!(
                    "{} is listed twice, first on line {line}",
                    quote(text.value)
                ),
                "remove one",
            )
        } else {
            (
                format!(
                    "{} is tracked on line {line} and skipped here",
                    quote(text.value)
                ),
                "an account can be one or the other: remove one",
            )
        };
        notes.at(text.span.clone(), message, help);
        return None;
    }
    listed.first.insert(id.clone(), (key, text.span.clone()));
    Some(id)
}

/// What to write instead of something that is no DID and no handle: the one in it, if there is.
fn identifier_help(written: &str) -> String {
    let bare = written.trim().trim_start_matches('@');
    let bare = bare
        .strip_prefix("https://bsky.app/profile/")
        .unwrap_or(bare);
    let bare = bare.strip_prefix("at://").unwrap_or(bare);
    let bare = bare.split('/').next().unwrap_or(bare);
    if bare != written && bare.parse::<Identifier>().is_ok() {
        return format!("write \"{bare}\"");
    }
    "write a handle, as in \"alice.example.com\", or a DID, as in \"did:plc:…\"".to_owned()
}
