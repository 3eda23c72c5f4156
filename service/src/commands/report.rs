//! `kith report NAME`: a question, answered by a query.

use std::path::Path;

use anyhow::Result;
use kith_config::Mode;
use kith_store::{Access, Parameter, Report, Store};

use crate::{
    cli::{Format, ReportArgs},
    output,
};

/// Rows of a table for people, unless told.
const ROWS_FOR_PEOPLE: i64 = 20;

/// Runs the report.
pub(super) async fn run(path: &Path, args: ReportArgs) -> Result<()> {
    let config = super::load(path, Mode::Offline)?;
    let report = Report::find(&args.name)?;
    let format = args.output.format();
    let store = Store::open(&config.database, Access::Read).await?;
    let limit = match (args.limit, format) {
        (Some(rows), _) => rows.into(),
        (None, Format::Table) => ROWS_FOR_PEOPLE,
        (None, Format::Json | Format::Csv) => i64::MAX,
    };
    let mut parameters = vec![("limit", Parameter::Int(limit))];
    if let Some(viewer) = args.viewer {
        let did = match viewer.starts_with("did:") {
            true => viewer,
            false => store.did_of_handle(&viewer).await?,
        };
        parameters.push(("viewer", Parameter::Text(did)));
    }
    let mut table = store.report(report, &parameters).await?;
    let rows = usize::try_from(limit).unwrap_or(usize::MAX);
    let left_out = table.rows.len().saturating_sub(rows);
    table.rows.truncate(rows);
    output::table(&table, format)?;
    if left_out > 0 {
        tracing::warn!("{left_out} more rows; --limit shows more");
    }
    store.close().await;
    Ok(())
}
