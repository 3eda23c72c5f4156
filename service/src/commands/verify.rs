//! `kith verify`: does everything follow from the journal?

use std::{io::Write, path::Path};

use anyhow::Result;
use kith_config::{Identifier, Mode};
use kith_store::{Access, Store, Table, Value};

use crate::{
    cli::{Format, VerifyArgs},
    exit::InputError,
    output, verify,
};

/// Verifies, and says no if anything differs.
pub(super) async fn run(path: &Path, args: &VerifyArgs) -> Result<()> {
    let config = super::load(path, Mode::Offline)?;
    let skip: Vec<String> = config
        .circle
        .skip
        .iter()
        .map(|id| match id {
            Identifier::Did(did) => did.as_str().to_owned(),
            Identifier::Handle(handle) => handle.as_str().to_owned(),
        })
        .collect();
    let store = Store::open(&config.database, Access::Snapshot).await?;
    let verified = verify::verify(&store, &skip, args.kept).await?;
    store.close().await;
    let rows = verified.differences.iter().map(|difference| {
        let text = |text: &str| Value::Text(text.to_owned());
        vec![
            text(difference.table),
            text(&difference.row),
            text(difference.column),
            text(&difference.stored),
            text(&difference.replayed),
        ]
    });
    let columns = ["table", "row", "column", "stored", "replayed"];
    let table = Table {
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    };
    match args.output.format() {
        Format::Json => output::json(&verified)?,
        Format::Table if verified.identical => {
            let position = output::thousands(verified.position.cast_signed());
            writeln!(std::io::stdout(), "identical up to position {position}")?;
        }
        format => output::table(&table, format)?,
    }
    match verified.identical {
        true => Ok(()),
        false => Err(InputError(format!(
            "the tables are not what follows from the journal up to position {}",
            verified.position
        ))
        .into()),
    }
}
