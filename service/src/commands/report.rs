//! `kith report NAME`: a question, answered by a query.

use std::path::Path;

use anyhow::Result;
use kith_config::Mode;
use kith_store::{Access, Parameter, Report, Store};

use crate::{
    cli::{Format, ReportArgs},
    exit::InputError,
    output,
};

/// Rows of a table for people, unless told.
const ROWS_FOR_PEOPLE: i64 = 20;
/// The largest weight of a viewer, either way, and the most viewers: a holder's points of one
/// origin are below 2^32, so no sum goes beyond 64 bits.
const WEIGHT_MAX: i64 = 1_000_000;
const VIEWERS_MAX: usize = 1_000;

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
        let did = did_of(&store, &viewer).await?;
        parameters.push(("viewer", Parameter::Text(did)));
    }
    if let Some(viewers) = args.viewers {
        let mut list = Vec::new();
        for (viewer, weight) in weighed(&viewers)? {
            list.push(format!("{}={weight}", did_of(&store, viewer).await?));
        }
        parameters.push(("viewers", Parameter::Text(list.join(","))));
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

/// The DID of a viewer given by DID or by handle.
async fn did_of(store: &Store, viewer: &str) -> Result<String> {
    Ok(match viewer.starts_with("did:") {
        true => viewer.to_owned(),
        false => store.did_of_handle(viewer).await?,
    })
}

/// The viewers of `a=2,b=-1,c` with their weights; one left out is 1.
fn weighed(viewers: &str) -> Result<Vec<(&str, i64)>, InputError> {
    let list: Vec<&str> = viewers.split(',').map(str::trim).collect();
    if list.len() > VIEWERS_MAX {
        return Err(InputError(format!(
            "--viewers names {} accounts, at most {VIEWERS_MAX} can be blended",
            list.len()
        )));
    }
    list.into_iter().map(one_weighed).collect()
}

fn one_weighed(viewer: &str) -> Result<(&str, i64), InputError> {
    let (name, weight) = viewer.split_once('=').unwrap_or((viewer, "1"));
    let weight = weight.trim().parse::<i64>().ok();
    match (name.trim(), weight) {
        ("", _) => Err(InputError(format!(
            "--viewers has {viewer:?} where a viewer should be\n  help: write DID=WEIGHT or \
             HANDLE=WEIGHT, separated by commas, for example alice.example.com=2,bob.example.com=-1"
        ))),
        (name, Some(weight)) if (-WEIGHT_MAX..=WEIGHT_MAX).contains(&weight) => Ok((name, weight)),
        (name, _) => Err(InputError(format!(
            "the weight of {name} in --viewers is not a whole number from -{WEIGHT_MAX} to \
             {WEIGHT_MAX}: {viewer:?}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_have_weights() {
        let read = |text| weighed(text).map_err(|e| e.0);
        assert_eq!(
            read("did:plc:a=2, bob.example.com = -1,carol.example.com"),
            Ok(vec![
                ("did:plc:a", 2),
                ("bob.example.com", -1),
                ("carol.example.com", 1)
            ])
        );
        for (wrong, told) in [
            ("", "where a viewer should be"),
            ("a=1,,b=1", "where a viewer should be"),
            ("=3", "where a viewer should be"),
            ("a=", "the weight of a"),
            ("a=1.5", "the weight of a"),
            ("a=1=2", "the weight of a"),
            ("a=1000001", "the weight of a"),
            ("a=-9223372036854775808", "the weight of a"),
        ] {
            let said = read(wrong).expect_err(wrong);
            assert!(said.contains(told), "{wrong}: {said}");
        }
        let crowd = vec!["a=1"; VIEWERS_MAX + 1].join(",");
        assert!(read(&crowd).is_err());
        assert_eq!(read(&crowd[4..]).map(|list| list.len()), Ok(VIEWERS_MAX));
    }
}
