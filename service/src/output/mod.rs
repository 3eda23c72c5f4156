//! Printing data: tables for people, JSON and CSV for programs. Data goes to standard output,
//! everything else to standard error.
//!
//! Names come from strangers: [`harmless`] is what any of them passes on its way to a terminal or
//! a spreadsheet.

mod out;
mod people;
mod rows;

use std::io::{self, Write};

use anyhow::Result;
use kith_store::Table;
use serde::Serialize;

use crate::cli::Format;
pub(crate) use kith_feeder::text::harmless;
pub(crate) use out::{as_far_as_read, out, reader_is_gone};
pub(crate) use people::{Names, dids_of, for_people, time, without_shared};
pub(crate) use rows::Rows;

/// Prints a table in the format asked for.
pub(crate) fn table(table: &Table, format: Format) -> Result<()> {
    match format {
        Format::Table => people(&for_people(table, &Names::default()))?,
        Format::Json | Format::Csv => {
            let mut rows = Rows::to_stdout(format);
            for row in &table.rows {
                rows.row(&table.columns, row)?;
            }
            rows.end(&table.columns)?;
        }
    }
    Ok(())
}

/// Prints text for people, its first line bold where that is wanted.
pub(crate) fn people(text: &str) -> Result<()> {
    let mut out = out();
    let (head, rest) = text.split_once('\n').unwrap_or((text, ""));
    if out.is_terminal() && colours() {
        out.write_all(format!("\u{1b}[1m{head}\u{1b}[0m\n{rest}").as_bytes())?;
    } else {
        out.write_all(format!("{head}\n{rest}").as_bytes())?;
    }
    Ok(())
}

/// Tells that what is shown or written comes from a journal whose older part was dropped.
pub(crate) fn note_dropped(position: u64) {
    if position > 0 {
        note(&format!(
            "note: the journal up to position {} was dropped (store.retain), and is not in it",
            thousands(position.cast_signed())
        ));
    }
}

/// Tells people something that is not data; if nobody can be told, that changes nothing.
pub(crate) fn note(text: &str) {
    // Some of it may be a stranger's.
    let lines: Vec<String> = text.lines().map(harmless).collect();
    let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
}

/// Prints anything as JSON, indented.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(out().write_all(&text)?)
}

/// Whether colours are wanted at all: see <https://no-color.org>.
pub(crate) fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A number with a comma between each three digits.
pub(crate) fn thousands(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::from(if n < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_thousands() {
        assert_eq!(
            [0, 999, 1_000, -1_234_567].map(thousands),
            ["0", "999", "1,000", "-1,234,567"]
        );
    }
}
