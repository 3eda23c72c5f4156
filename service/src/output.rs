//! Printing data: tables for people, JSON and CSV for programs. Data goes to standard output,
//! everything else to standard error.

use std::io::{self, Write};

use anyhow::Result;
use kith_store::{Table, Value};
use serde::Serialize;

use crate::cli::Format;

/// Prints a table in the format asked for.
pub(crate) fn table(table: &Table, format: Format) -> Result<()> {
    let mut out = io::stdout().lock();
    match format {
        Format::Json => json(table)?,
        Format::Csv => {
            writeln!(out, "{}", table.columns.join(","))?;
            for row in &table.rows {
                let fields: Vec<String> = row.iter().map(csv_field).collect();
                writeln!(out, "{}", fields.join(","))?;
            }
        }
        Format::Table => out.write_all(aligned(table).as_bytes())?,
    }
    Ok(())
}

/// Prints anything as JSON, indented.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Columns in line, numbers to the right with thousands separators, a dash for nothing.
fn aligned(table: &Table) -> String {
    let is_number: Vec<bool> = (0..table.columns.len())
        .map(|i| {
            table
                .rows
                .iter()
                .any(|row| matches!(row[i], Value::Int(_) | Value::Real(_)))
        })
        .collect();
    let cells: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| row.iter().map(cell).collect())
        .collect();
    let width = |i: usize| {
        let longest = cells
            .iter()
            .map(|row| row[i].chars().count())
            .max()
            .unwrap_or_default();
        longest.max(table.columns[i].chars().count())
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let mut out = String::new();
    for row in std::iter::once(&table.columns).chain(&cells) {
        let mut line = String::new();
        for (i, text) in row.iter().enumerate() {
            let pad = " ".repeat(widths[i] - text.chars().count());
            let (left, right) = if is_number[i] {
                (pad.as_str(), "")
            } else {
                ("", pad.as_str())
            };
            line.push_str(left);
            line.push_str(text);
            line.push_str(right);
            line.push_str("  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Int(n) => thousands(*n),
        Value::Real(x) => format!("{x:.3}"),
        Value::Text(text) => harmless(text),
    }
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

/// A stranger's text without control characters: no terminal is moved by it.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// A field of a CSV file (RFC 4180); one that a spreadsheet would take for a formula gets an
/// apostrophe in front.
fn csv_field(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::Bool(yes) => return yes.to_string(),
        Value::Int(n) => return n.to_string(),
        Value::Real(x) => return x.to_string(),
        Value::Text(text) => harmless(text),
    };
    let text = if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text
    };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_get_columns() {
        let text = |t: &str| Value::Text(t.to_owned());
        let table = Table {
            columns: vec!["did".into(), "points".into()],
            rows: vec![
                vec![text("did:web:a"), Value::Int(1_234_567)],
                vec![text("b\u{1b}[2J"), Value::Null],
            ],
        };
        assert_eq!(
            aligned(&table),
            "did           points\ndid:web:a  1,234,567\nb\u{fffd}[2J              -\n"
        );
    }

    #[test]
    fn spreadsheets_get_no_formulas() {
        for (given, field) in [
            ("plain", "plain"),
            ("=1+1", "'=1+1"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
        ] {
            assert_eq!(csv_field(&Value::Text(given.to_owned())), field);
        }
    }

    #[test]
    fn numbers_have_thousands() {
        assert_eq!(
            [0, 999, 1_000, -1_234_567].map(thousands),
            ["0", "999", "1,000", "-1,234,567"]
        );
    }
}
