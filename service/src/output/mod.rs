//! Printing data: tables for people, JSON and CSV for programs. Data goes to standard output,
//! everything else to standard error.
//!
//! Names come from strangers: [`harmless`] is what any of them passes on its way to a terminal or
//! a spreadsheet.

mod people;
mod rows;

use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use kith_store::Table;
use serde::Serialize;

use crate::cli::Format;
pub(crate) use people::{Names, dids_of, for_people, time};
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
    let mut out = io::stdout().lock();
    let (head, rest) = text.split_once('\n').unwrap_or((text, ""));
    if out.is_terminal() && colours() {
        write!(out, "\u{1b}[1m{head}\u{1b}[0m\n{rest}")?;
    } else {
        write!(out, "{head}\n{rest}")?;
    }
    Ok(())
}

/// Tells people something that is not data; if nobody can be told, that changes nothing.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints anything as JSON, indented.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
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

/// A stranger's text without what is not seen but acts: control characters (no terminal is moved
/// by it), bidirectional controls and other invisible ones (nothing looks like something else).
pub(crate) fn harmless(text: &str) -> String {
    // Nearly all text is plain, and is looked at once.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| if acts_unseen(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Controls, and the characters that Unicode calls format characters or default ignorable, but for
/// those that emoji are made with.
fn acts_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200c}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
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

    #[test]
    fn what_is_not_seen_does_not_act() {
        for (given, shown) in [
            ("plain.example", "plain.example"),
            ("naïve.例え.test 👩‍🔬", "naïve.例え.test 👩‍🔬"),
            ("\u{1b}[2J", "\u{fffd}[2J"),
            ("\u{9b}31m", "\u{fffd}31m"),
            ("a\r\nb\tc", "a\u{fffd}\u{fffd}b\u{fffd}c"),
            ("\u{202e}moc.elpmaxe\u{202c}", "\u{fffd}moc.elpmaxe\u{fffd}"),
            ("\u{2066}a\u{2069}", "\u{fffd}a\u{fffd}"),
            ("a\u{200b}b\u{feff}", "a\u{fffd}b\u{fffd}"),
            ("a\u{e0041}", "a\u{fffd}"),
        ] {
            assert_eq!(harmless(given), shown, "{given:?}");
        }
    }
}
