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

/// A moment given in unix microseconds, as 2026-11-21 10:22:33 UTC.
pub(crate) fn time(micros: i64) -> String {
    let seconds = micros.div_euclid(1_000_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years that begin in March, in eras of 400 years: leap days come last.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// A stranger's text without control characters: no terminal is moved by it.
pub(crate) fn harmless(text: &str) -> String {
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
    fn moments_are_told_in_utc() {
        for (seconds, told) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_795_256_553, "2026-11-21 10:22:33 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(time(seconds * 1_000_000), told);
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
