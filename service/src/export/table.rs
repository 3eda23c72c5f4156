//! Tables in files.

use std::io::Write;

use anyhow::Result;
use kith_store::{Export, Value};

use super::{About, Source, Written, target::Out};
use crate::{
    cli::{FileFormat, Format},
    output::Rows,
};

/// A table in the making.
pub(super) trait Sheet {
    /// Takes the next row.
    fn row(&mut self, row: &[Value]) -> Result<()>;
    /// There are no more rows.
    fn end(self: Box<Self>) -> Result<()>;
}

/// Writes a table.
pub(super) async fn write(
    source: &Source<'_>,
    export: &Export,
    about: About,
    format: FileFormat,
    out: Out,
) -> Result<Written> {
    let mut sheet = sheet(export, about, format, out)?;
    let written = source.each(export, None, |row| sheet.row(row)).await?;
    sheet.end()?;
    Ok(Written {
        written,
        from_journal: export.has_since,
    })
}

#[cfg(feature = "parquet")]
fn sheet(export: &Export, about: About, format: FileFormat, out: Out) -> Result<Box<dyn Sheet>> {
    Ok(match format {
        FileFormat::Parquet => Box::new(super::parquet::Parquet::new(out, export.columns, about)?),
        _ => Box::new(Csv::new(out, export)),
    })
}

#[cfg(not(feature = "parquet"))]
#[expect(clippy::unnecessary_wraps, reason = "as where there is Parquet")]
fn sheet(export: &Export, _: About, _: FileFormat, out: Out) -> Result<Box<dyn Sheet>> {
    Ok(Box::new(Csv::new(out, export)))
}

/// The CSV that the reports print.
struct Csv<W: Write> {
    columns: Vec<String>,
    rows: Rows<W>,
}

impl<W: Write> Csv<W> {
    fn new(out: W, export: &Export) -> Csv<W> {
        Csv {
            columns: export.columns.iter().map(|c| c.name.to_owned()).collect(),
            rows: Rows::new(out, Format::Csv),
        }
    }
}

impl<W: Write> Sheet for Csv<W> {
    fn row(&mut self, row: &[Value]) -> Result<()> {
        self.rows.row(&self.columns, row)
    }

    fn end(self: Box<Self>) -> Result<()> {
        self.rows.end(&self.columns)
    }
}
