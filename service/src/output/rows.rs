//! Rows for programs, printed as they come: JSON and CSV.

use std::io::{BufWriter, Write};

use anyhow::Result;
use kith_store::Value;
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    harmless,
    out::{Out, out},
};
use crate::cli::Format;

/// A list that is being printed.
pub(crate) struct Rows<W: Write> {
    out: W,
    is_json: bool,
    printed: u64,
}

impl Rows<BufWriter<Out>> {
    /// To standard output; `format` is JSON or else CSV.
    pub(crate) fn to_stdout(format: Format) -> Self {
        Rows::new(BufWriter::new(out()), format)
    }
}

impl<W: Write> Rows<W> {
    /// To anything; `format` is JSON or else CSV.
    pub(crate) fn new(out: W, format: Format) -> Self {
        Rows {
            out,
            is_json: format == Format::Json,
            printed: 0,
        }
    }

    /// Prints a row.
    pub(crate) fn row(&mut self, columns: &[String], row: &[Value]) -> Result<()> {
        if self.is_json {
            let before = if self.printed == 0 { "[\n  " } else { ",\n  " };
            self.out.write_all(before.as_bytes())?;
            serde_json::to_writer(&mut self.out, &Object(columns, row))?;
        } else {
            if self.printed == 0 {
                self.head(columns)?;
            }
            let fields: Vec<String> = row.iter().map(csv_field).collect();
            writeln!(self.out, "{}", fields.join(","))?;
        }
        self.printed += 1;
        Ok(())
    }

    /// Ends the list.
    pub(crate) fn end(mut self, columns: &[String]) -> Result<()> {
        match (self.is_json, self.printed) {
            (true, 0) => self.out.write_all(b"[]\n")?,
            (true, _) => self.out.write_all(b"\n]\n")?,
            (false, 0) => self.head(columns)?,
            (false, _) => {}
        }
        self.out.flush()?;
        Ok(())
    }

    fn head(&mut self, columns: &[String]) -> Result<()> {
        Ok(writeln!(self.out, "{}", columns.join(","))?)
    }
}

/// A row as an object, its fields in the order of the columns.
struct Object<'a>(&'a [String], &'a [Value]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0.iter().zip(self.1) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
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
    // Also the signs' full-width forms, and also behind spaces: some spreadsheets forgive both.
    let formula = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let text = if text.trim_start().starts_with(formula) {
        format!("'{text}")
    } else {
        text
    };
    if text.contains([',', '"', ';']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(format: Format, rows: &[Vec<Value>]) -> String {
        let columns = ["did".to_owned(), "points".to_owned()];
        let mut out = Vec::new();
        let mut list = Rows::new(&mut out, format);
        for row in rows {
            list.row(&columns, row).expect("memory takes it");
        }
        list.end(&columns).expect("memory takes it");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn lists_are_whole_whatever_their_length() {
        let row = |n| vec![Value::Text(format!("did:web:a{n}")), Value::Int(n)];
        for length in 0..3 {
            let rows: Vec<_> = (0..length).map(row).collect();
            let json: Vec<serde_json::Value> =
                serde_json::from_str(&printed(Format::Json, &rows)).expect("JSON");
            assert_eq!(json.len(), rows.len());
            let csv = printed(Format::Csv, &rows);
            assert_eq!(csv.lines().next(), Some("did,points"));
            assert_eq!(csv.lines().count(), rows.len() + 1);
        }
        assert_eq!(
            printed(Format::Json, &[row(5)]),
            "[\n  {\"did\":\"did:web:a5\",\"points\":5}\n]\n"
        );
    }

    #[test]
    fn spreadsheets_get_no_formulas() {
        for (given, field) in [
            ("plain", "plain"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3", "'-2+3"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("＝1+1", "'＝1+1"),
            (" =1+1", "' =1+1"),
            ("\t=1+1", "\u{fffd}=1+1"),
            ("=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\""),
            ("a,b", "\"a,b\""),
            ("a\nb", "a\u{fffd}b"),
            ("say \"x\"", "\"say \"\"x\"\"\""),
        ] {
            assert_eq!(csv_field(&Value::Text(given.to_owned())), field, "{given}");
        }
    }
}
