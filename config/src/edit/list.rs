//! Entries of a list, put in and taken out of the text that it is written in: every other character,
//! comments and line ends included, stays where it is.

use std::ops::Range;

use toml_edit::{Array, Value};

use super::{is_comment, line_end, line_start};

/// The text with one more entry, after those that the list has, in the manner of the last.
pub(super) fn added(text: &str, entries: &Array, entry: &str) -> Option<String> {
    let Some(last) = entries.iter().last().and_then(Value::span) else {
        // Whatever stands between the brackets is a comment, and may end with its line.
        let open = entries.span()?.start + 1;
        return Some(format!("{}{entry}{}", &text[..open], &text[open..]));
    };
    let comma = comma_after(text, last.end);
    if let Some(line) = own_line(text, &last) {
        let indent = &text[line.start..last.start];
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let separator = if comma.is_some() { "" } else { "," };
        // Comments below it are its own: nothing else follows.
        let mut end = line.end;
        while is_comment(&text[end..line_end(text, end)]) {
            end = line_end(text, end);
        }
        return Some(format!(
            "{}{separator}{}{indent}{entry},{newline}{}",
            &text[..last.end],
            &text[last.end..end],
            &text[end..]
        ));
    }
    Some(format!(
        "{}, {entry}{}",
        &text[..last.end],
        &text[last.end..]
    ))
}

/// The text without an entry of the list: with its line and the comment on it, if it has one of its
/// own.
pub(super) fn removed(text: &str, entries: &Array, index: usize) -> Option<String> {
    let span = entries.get(index)?.span()?;
    let cut = own_line(text, &span).unwrap_or_else(|| {
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

/// The line of an entry, if nothing else is on it but its comma and a comment.
fn own_line(text: &str, entry: &Range<usize>) -> Option<Range<usize>> {
    let start = line_start(text, entry.start);
    let end = line_end(text, entry.end);
    let before = text[start..entry.start].trim();
    let after = text[entry.end..end].trim_start();
    let after = after.strip_prefix(',').unwrap_or(after).trim_start();
    (before.is_empty() && (after.is_empty() || after.starts_with('#'))).then_some(start..end)
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
