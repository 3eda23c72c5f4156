//! Adding and removing accounts of `[circle] opt_out`, all else left as it is.

use toml_edit::{Item, Value};

use super::{
    EditError, append, array, entry, insert_lines, line_end, line_start, list, parse, split_bom,
    tables,
};
use crate::id::Identifier;
use crate::load;
use crate::settings::Circle;

/// The accounts of a file that want no points, in its order. `origin` is what problems call the
/// file, here and below.
pub fn opted_out(text: &str, origin: &str) -> Result<Vec<Identifier>, EditError> {
    Ok(load::check_for_editing(text, origin)?.circle.opt_out)
}

/// The text with one more account that wants no points, after those that it has.
pub fn add_opt_out(text: &str, origin: &str, id: &Identifier) -> Result<String, EditError> {
    let mut expected = load::check_for_editing(text, origin)?.circle;
    if expected.opt_out.contains(id) {
        return Err(EditError::AlreadyOptedOut(id.clone()));
    }
    let (bom, text) = split_bom(text);
    let document = parse(text)?;
    let line = format!("opt_out = [{}]", Value::from(id.as_str()));
    let circle = document.get("circle");
    let has_list = circle.is_some_and(|circle| circle.get("opt_out").is_some());
    let edited = match circle {
        Some(Item::Table(table)) if !has_list && !table.is_implicit() && !table.is_dotted() => {
            let header = table.span().ok_or(EditError::Unusual)?;
            let values = table.iter().filter(|(_, item)| item.is_value());
            let values = values.filter_map(|(_, item)| item.span());
            let last = values.map(|span| span.end).max().unwrap_or(header.end);
            insert_lines(text, line_end(text, last), &[&line])
        }
        // The list comes before the entries, which are tables of their own.
        Some(Item::Table(table)) if !has_list && table.is_implicit() && !table.is_dotted() => {
            let first = tables(&document).and_then(|entries| entries.iter().next());
            let first = entry(text, first.ok_or(EditError::Unusual)?)?;
            let at = line_start(text, first.start);
            insert_lines(text, at, &["[circle]", &line, ""])
        }
        Some(_) => append(text, "opt_out", id.as_str().into())?,
        None => insert_lines(text, text.len(), &["", "[circle]", &line]),
    };
    expected.opt_out.push(id.clone());
    checked(format!("{bom}{edited}"), &expected)
}

/// The text without one of its accounts that want no points, which is named as the file names it,
/// but for the case of a handle.
pub fn remove_opt_out(text: &str, origin: &str, id: &Identifier) -> Result<String, EditError> {
    let mut expected = load::check_for_editing(text, origin)?.circle;
    let index = expected.opt_out.iter().position(|listed| listed == id);
    let index = index.ok_or_else(|| EditError::NotOptedOut(id.clone()))?;
    let (bom, text) = split_bom(text);
    let document = parse(text)?;
    let list = array(&document, "opt_out").ok_or(EditError::Unusual)?;
    let edited = list::removed(text, list, index).ok_or(EditError::Unusual)?;
    expected.opt_out.remove(index);
    checked(format!("{bom}{edited}"), &expected)
}

/// The edited text, if it says what it should: a last guard against spoiling a file.
fn checked(edited: String, expected: &Circle) -> Result<String, EditError> {
    match load::check_for_editing(&edited, "") {
        Ok(config) if config.circle == *expected => Ok(edited),
        _ => Err(EditError::Unusual),
    }
}
