//! `kith verify`: does everything follow from the journal?

use std::path::Path;

use anyhow::Result;
use kith_config::Mode;
use kith_store::{Access, Store, StoreError, Table, Value};

use crate::{
    cli::{Format, VerifyArgs},
    exit::InputError,
    output,
    verify::{self, Difference, Verified},
};

/// Verifies, and says no if anything differs.
pub(super) async fn run(path: &Path, args: &VerifyArgs) -> Result<()> {
    let config = super::load(path, Mode::Offline)?;
    let store = Store::open(&config.database, Access::Snapshot).await?;
    let state = store.load_state().await?;
    let verified = match verify::verify(&store, args.kept).await {
        Ok(verified) => verified,
        Err(error) => match state {
            Some(state) => unreadable(error.downcast()?, state.position)?,
            None => return Err(error),
        },
    };
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
    output::as_far_as_read(match args.output.format() {
        Format::Json => output::json(&verified),
        Format::Table if verified.identical => {
            let position = output::thousands(verified.position.cast_signed());
            output::people(&format!("identical up to position {position}\n"))
        }
        format => output::table(&table, format),
    })?;
    match verified.identical {
        true => Ok(()),
        false => Err(InputError(format!(
            "the tables are not what follows from the journal up to position {}",
            verified.position
        ))
        .into()),
    }
}

/// A value that cannot even be read is the first that differs.
fn unreadable(error: StoreError, position: u64) -> Result<Verified> {
    let StoreError::Corrupt {
        table,
        column,
        row,
        what,
    } = error
    else {
        return Err(error.into());
    };
    Ok(Verified {
        position,
        identical: false,
        differences: vec![Difference {
            table,
            row,
            column,
            stored: what,
            replayed: "what can be read; nothing was compared".to_owned(),
        }],
    })
}
