//! Entries of a list, put in and taken out of the text that it is written in: every other character,
//! comments and line ends included, stays where it is.

use std::ops::Range;

use toml_edit::{Array, Value};

use super::{is_comment, line_end, line_start, newline_of};

/// The text with one more entry, after those that the list has, in the manner of the last.
pub(super) fn added(text: &str, entries: &Array, entry: &str) -> Option<String> {
    let Some(last) = entries.iter().last().and_then(Value::span) else {
        // Whatever stands between the brackets is a comment, and may end with its line.
        let open = entries.span()?.start + 1;
        return Some(format!("{}{entry}{}", &text[..open], &text[open..]));
    };
    let comma = comma_after(text, last.end);
    let anchor = comma.unwrap_or(last.end);
    let line = line_start(text, last.start);
    let rest = text[anchor..line_end(text, anchor)].trim();
    let has_lines = text[line..last.start].trim().is_empty();
    if !has_lines || !(rest.is_empty() || rest.starts_with('#')) {
        return Some(format!(
            "{}, {entry}{}",
            &text[..last.end],
            &text[last.end..]
        ));
    }
    let indent = &text[line..last.start];
    let newline = newline_of(text);
    let separator = if comma.is_some() { "" } else { "," };
    // Comments below it are its own: nothing else follows.
    let mut end = line_end(text, anchor);
    while is_comment(&text[end..line_end(text, end)]) {
        end = line_end(text, end);
    }
    Some(format!(
        "{}{separator}{}{indent}{entry},{newline}{}",
        &text[..anchor],
        &text[anchor..end],
        &text[end..]
    ))
}

/// The text without an entry of the list: with its line, if it has one of its own, and the comments on
/// that and directly above it.
pub(super) fn removed(text: &str, entries: &Array, index: usize) -> Option<String> {
    let span = entries.get(index)?.span()?;
    let cut = own_lines(text, &span).unwrap_or_else(|| {
        let before = index.checked_sub(1).and_then(|before| entries.get(before));
        let before = before.and_then(Value::span).map(|before| before.end);
        let is_joined = |end: &usize| {
            let between = text[*end..span.start].trim_start();
            between
                .strip_prefix(',')
                .is_some_and(|rest| rest.trim() == "")
        };
        if let Some(end) = before.filter(is_joined) {
            return end..span.end;
        }
        // The first: with its comma, and the space behind that.
        let end = comma_after(text, span.end).unwrap_or(span.end);
        let spaces = text[end..].len() - text[end..].trim_start_matches([' ', '\t']).len();
        span.start..end + spaces
    });
    Some(format!("{}{}", &text[..cut.start], &text[cut.end..]))
}

/// The line of an entry, if nothing else is on it but its comma and a comment, and the comments
/// directly above it.
fn own_lines(text: &str, entry: &Range<usize>) -> Option<Range<usize>> {
    let mut start = line_start(text, entry.start);
    let end = line_end(text, entry.end);
    let before = text[start..entry.start].trim();
    let after = text[entry.end..end].trim_start();
    let has_comma = after.starts_with(',');
    let after = after.strip_prefix(',').unwrap_or(after).trim_start();
    let is_alone = before.is_empty() && (after.is_empty() || after.starts_with('#'));
    if !is_alone || !has_comma && comma_after(text, entry.end).is_some() {
        return None;
    }
    while start > 0 && is_comment(&text[line_start(text, start - 1)..start]) {
        start = line_start(text, start - 1);
    }
    Some(start..end)
}

/// Behind the comma that follows an entry, perhaps after comments and line breaks.
fn comma_after(text: &str, mut at: usize) -> Option<usize> {
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        match text[at..].chars().next()? {
            ',' => return Some(at + 1),
            '#' => at = line_end(text, at),
            _ => return None,
        }
    }
}
