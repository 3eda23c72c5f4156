//! Adding and removing accounts in the text of a file, all else left as it is.
//!
//! An entry `[[circle.tracked]]` reaches from its header to its last key, with the comment lines
//! that touch it, above and below; a blank line sets a comment apart, and then it stays. The
//! functions are from text to text: reading and writing the file is the caller's.

mod list;
mod opt_out;

use std::ops::Range;

use toml_edit::{Array, ArrayOfTables, Document, InlineTable, Item, Table, TableLike, Value};

use crate::id::Identifier;
use crate::load;
use crate::problem::{Notes, Problems};
use crate::settings::Tracked;

pub use crate::tables::circle::{LABEL_CHARACTERS_MAX, is_label};
pub use opt_out::{add_opt_out, opted_out, remove_opt_out};

/// Why a file was not edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file has problems, which come first. An empty circle and absent sources are none here.
    #[error(transparent)]
    Invalid(#[from] Problems),
    /// The account is tracked already.
    #[error("{0} is tracked already")]
    AlreadyTracked(Identifier),
    /// The account is in `[circle] skip`.
    #[error("{0} is in skip of [circle]; remove it there first")]
    Skipped(Identifier),
    /// The account is not tracked, at least not under this name.
    #[error("{0} is not tracked; kith track list shows who is, by the names in the file")]
    NotTracked(Identifier),
    /// The account is the only one.
    #[error("{0} is the only tracked account; add another one first")]
    LastTracked(Identifier),
    /// The account is in `[circle] opt_out` already.
    #[error("{0} has opted out already")]
    AlreadyOptedOut(Identifier),
    /// The account is not in `[circle] opt_out`, at least not under this name.
    #[error("{0} has not opted out; kith opt-out list shows who has, by the names in the file")]
    NotOptedOut(Identifier),
    /// The label could not be read back.
    #[error("a label has 1 to {} characters on one line", LABEL_CHARACTERS_MAX)]
    Label,
    /// The list is written in a way that this module does not know how to edit.
    #[error("the accounts are listed in an unusual way; edit the file by hand")]
    Unusual,
}

/// The tracked accounts of a file, in its order; perhaps none. `origin` is what problems call the
/// file, here and below.
pub fn tracked(text: &str, origin: &str) -> Result<Vec<Tracked>, EditError> {
    Ok(load::check_for_editing(text, origin)?.circle.tracked)
}

/// Problems with accounts that the file names, each (account, message, help) in its place: the first
/// where it is written.
pub fn problems_at<'a>(
    text: &str,
    origin: &str,
    accounts: impl IntoIterator<Item = (&'a Identifier, String, &'a str)>,
) -> Problems {
    let mut notes = Notes::default();
    for (id, message, help) in accounts {
        notes.at(place(text, id), message, help);
    }
    let (problems, left_out) = notes.place(text, origin);
    Problems { problems, left_out }
}

/// Where the file first names an account.
fn place(text: &str, id: &Identifier) -> Option<Range<usize>> {
    let document = Document::parse(text).ok()?;
    let circle = document.get("circle")?.as_table_like()?;
    let spans = |item: &Item| -> Vec<Option<Range<usize>>> {
        let entry = |table: &dyn TableLike| {
            let id = table.get("id");
            id.and_then(|id| Some((id.as_str()?.to_owned(), id.span()?)))
        };
        let value = |value: &Value| match value {
            Value::InlineTable(table) => entry(table),
            value => value.as_str().map(str::to_owned).zip(value.span()),
        };
        let named = match item {
            Item::ArrayOfTables(tables) => tables.iter().map(|table| entry(table)).collect(),
            Item::Value(Value::Array(values)) => values.iter().map(value).collect(),
            _ => Vec::new(),
        };
        let is_it = |name: &str| name.parse::<Identifier>().is_ok_and(|name| name == *id);
        let named = named.into_iter().flatten();
        named
            .map(|(name, span)| is_it(&name).then_some(span))
            .collect()
    };
    let lists = ["tracked", "skip", "opt_out"].map(|key| circle.get(key));
    let spans = lists.into_iter().flatten().flat_map(spans).flatten();
    spans.min_by_key(|span| span.start)
}

/// The text with one more tracked account, after those that it has.
pub fn add_tracked(
    text: &str,
    origin: &str,
    id: &Identifier,
    label: Option<&str>,
) -> Result<String, EditError> {
    let circle = load::check_for_editing(text, origin)?.circle;
    if circle.tracked.iter().any(|tracked| tracked.id == *id) {
        return Err(EditError::AlreadyTracked(id.clone()));
    }
    if circle.skip.contains(id) {
        return Err(EditError::Skipped(id.clone()));
    }
    if label.is_some_and(|label| !is_label(label)) {
        return Err(EditError::Label);
    }
    let (bom, text) = split_bom(text);
    let document = parse(text)?;
    let edited = match (tables(&document), document.get("circle")) {
        (Some(entries), _) => {
            let last = entries.iter().last().ok_or(EditError::Unusual)?;
            insert(text, entry(text, last)?.end, id, label)
        }
        (None, None) => insert(text, text.len(), id, label),
        (None, Some(Item::Table(table)))
            if !table.is_dotted() && !table.contains_key("tracked") =>
        {
            insert(text, text.len(), id, label)
        }
        (None, Some(_)) => {
            let mut table = InlineTable::new();
            table.insert("id", id.as_str().into());
            table.extend(label.map(|label| ("label", label)));
            append(text, "tracked", Value::InlineTable(table))?
        }
    };
    let edited = format!("{bom}{edited}");
    let mut expected = circle.tracked;
    expected.push(Tracked {
        id: id.clone(),
        label: label.map(str::to_owned),
    });
    checked(edited, &expected)
}

/// The text without one of its tracked accounts, which is named as the file names it, but for the
/// case of a handle.
pub fn remove_tracked(text: &str, origin: &str, id: &Identifier) -> Result<String, EditError> {
    let mut expected = load::check_for_editing(text, origin)?.circle.tracked;
    let index = expected.iter().position(|tracked| tracked.id == *id);
    let index = index.ok_or_else(|| EditError::NotTracked(id.clone()))?;
    if expected.len() == 1 {
        return Err(EditError::LastTracked(id.clone()));
    }
    let (bom, text) = split_bom(text);
    let document = parse(text)?;
    let edited = if let Some(entries) = tables(&document) {
        let table = entries.get(index).ok_or(EditError::Unusual)?;
        cut(text, entry(text, table)?)
    } else {
        let list = array(&document, "tracked").ok_or(EditError::Unusual)?;
        list::removed(text, list, index).ok_or(EditError::Unusual)?
    };
    let edited = format!("{bom}{edited}");
    expected.remove(index);
    checked(edited, &expected)
}

/// The edited text, if it says what it should: a last guard against spoiling a file.
fn checked(edited: String, expected: &[Tracked]) -> Result<String, EditError> {
    match tracked(&edited, "") {
        Ok(tracked) if tracked == expected => Ok(edited),
        _ => Err(EditError::Unusual),
    }
}

fn parse(text: &str) -> Result<Document<&str>, EditError> {
    // The text was checked before, so that an error here is a difference between two parsers.
    Document::parse(text).map_err(|_| EditError::Unusual)
}

/// The entries written as `[[circle.tracked]]`.
fn tables<'d>(document: &'d Document<&str>) -> Option<&'d ArrayOfTables> {
    document.get("circle")?.get("tracked")?.as_array_of_tables()
}

/// A list of the circle that is written with brackets.
fn array<'d>(document: &'d Document<&str>, key: &str) -> Option<&'d Array> {
    let circle = document.get("circle")?.as_table_like()?;
    circle.get(key)?.as_array()
}

/// The text with one more entry in a list of the circle, which is made if it is not there.
fn append(text: &str, key: &str, value: Value) -> Result<String, EditError> {
    let document = parse(text)?;
    if let Some(list) = array(&document, key) {
        return list::added(text, list, value.to_string().trim()).ok_or(EditError::Unusual);
    }
    let mut document = document.into_mut();
    let circle = document["circle"].as_table_like_mut();
    let mut list = Array::new();
    list.push(value);
    circle
        .ok_or(EditError::Unusual)?
        .insert(key, toml_edit::value(list));
    let printed = document.to_string();
    Ok(printed
        .replace("\r\n", "\n")
        .replace('\n', newline_of(text)))
}

/// How the lines of the file end.
fn newline_of(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The mark that some editors begin a file with, and the rest.
fn split_bom(text: &str) -> (&str, &str) {
    let length = if text.starts_with(BOM) {
        BOM.len_utf8()
    } else {
        0
    };
    text.split_at(length)
}

pub(crate) const BOM: char = '\u{feff}';

/// Inserts lines at the beginning of a line, or after a last line that has no end.
fn insert_lines(text: &str, at: usize, lines: &[&str]) -> String {
    let (before, after) = text.split_at(at);
    let newline = newline_of(text);
    let end = match before.is_empty() || before.ends_with('\n') {
        true => "",
        false => newline,
    };
    let inserted: String = lines.iter().flat_map(|line| [line, newline]).collect();
    format!("{before}{end}{inserted}{after}")
}

/// Inserts a `[[circle.tracked]]` at the beginning of a line, set apart by blank lines.
fn insert(text: &str, at: usize, id: &Identifier, label: Option<&str>) -> String {
    let (before, after) = text.split_at(at);
    let mut lines = Vec::new();
    if before
        .lines()
        .next_back()
        .is_some_and(|line| !line.trim().is_empty())
    {
        lines.push(String::new());
    }
    lines.push("[[circle.tracked]]".to_owned());
    lines.push(format!("id = {}", Value::from(id.as_str())));
    lines.extend(label.map(|label| format!("label = {}", Value::from(label))));
    if after
        .lines()
        .next()
        .is_some_and(|line| !line.trim().is_empty())
    {
        lines.push(String::new());
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    insert_lines(text, at, &lines)
}

/// Removes whole lines, and one of the two blank lines that would meet.
fn cut(text: &str, entry: Range<usize>) -> String {
    let (before, mut after) = (&text[..entry.start], &text[entry.end..]);
    let blank_before = before
        .lines()
        .next_back()
        .is_none_or(|line| line.trim().is_empty());
    let first = after.split_inclusive('\n').next().unwrap_or_default();
    if blank_before && first.trim().is_empty() {
        after = &after[first.len()..];
    }
    format!("{before}{after}")
}

/// The lines of an entry: header, keys, and the comments that touch them.
fn entry(text: &str, table: &Table) -> Result<Range<usize>, EditError> {
    let header = table.span().ok_or(EditError::Unusual)?;
    let values = table.iter().filter_map(|(_, item)| item.span());
    let last = values.map(|span| span.end).max().unwrap_or(header.end);

    let mut start = line_start(text, header.start);
    while start > 0 {
        let above = line_start(text, start - 1);
        if !is_comment(&text[above..start]) {
            break;
        }
        start = above;
    }
    // Comment lines below belong to the entry only if nothing follows that they could be of.
    let end = line_end(text, last);
    let mut below = end;
    while below < text.len() && is_comment(&text[below..line_end(text, below)]) {
        below = line_end(text, below);
    }
    let ends_there = text[below..line_end(text, below)].trim().is_empty();
    Ok(start..if ends_there { below } else { end })
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// Beginning of the line that holds this place.
fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// End of the line that holds this place, past its line break.
fn line_end(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline + 1)
}
