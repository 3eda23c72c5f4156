//! What differs, row by row, and whose rows these are.

use std::fmt::Display;

use hashbrown::HashMap;
use kith_reputation::AccountId;
use kith_store::{Store, StoreError};
use serde::Serialize;

/// Differences that are told one by one.
const DIFFERENCES_MAX: usize = 100;

/// A value that is not what follows from the journal.
#[derive(Debug, Serialize)]
pub(crate) struct Difference {
    /// Which table.
    pub(crate) table: &'static str,
    /// Which row: what its key says, accounts by their DIDs.
    pub(crate) row: String,
    /// Which column.
    pub(crate) column: &'static str,
    /// As it stands there.
    pub(crate) stored: String,
    /// As it follows from the journal.
    pub(crate) replayed: String,
}

/// Which row of a table, by its key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Row(Vec<(&'static str, Value)>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Value {
    /// An account, by its number in the ledger.
    InLedger(AccountId),
    /// An account, by its number in the circle.
    InCircle(u32),
    Text(String),
}

impl Row {
    /// The row of this key, where the table's name says what the key is.
    pub(super) fn of(key: impl Display) -> Row {
        Row::default().and("", key)
    }

    /// The rows of an account of the ledger.
    pub(super) fn holder(id: AccountId) -> Row {
        Row::default().account("holder", id)
    }

    /// The row of an account of the circle.
    pub(super) fn known(column: &'static str, id: u32) -> Row {
        Row(vec![(column, Value::InCircle(id))])
    }

    /// And of this value in a column of the key.
    pub(super) fn and(mut self, column: &'static str, value: impl Display) -> Row {
        self.0.push((column, Value::Text(value.to_string())));
        self
    }

    /// And of this account of the ledger in a column of the key.
    pub(super) fn account(mut self, column: &'static str, id: AccountId) -> Row {
        self.0.push((column, Value::InLedger(id)));
        self
    }
}

/// The differences so far.
#[derive(Debug, Default)]
pub(super) struct Differences {
    list: Vec<(Row, Difference)>,
    left_out: u64,
}

impl Differences {
    /// Notes a difference, if it is one.
    pub(super) fn unless_equal<T: PartialEq + Display>(
        &mut self,
        (table, row, column): (&'static str, &Row, &'static str),
        stored: &T,
        replayed: &T,
    ) {
        if stored != replayed {
            self.note((table, row, column), stored, replayed);
        }
    }

    /// Notes a difference.
    pub(super) fn note(
        &mut self,
        (table, row, column): (&'static str, &Row, &'static str),
        stored: impl Display,
        replayed: impl Display,
    ) {
        if self.list.len() >= DIFFERENCES_MAX {
            self.left_out += 1;
            return;
        }
        let difference = Difference {
            table,
            row: String::new(),
            column,
            stored: stored.to_string(),
            replayed: replayed.to_string(),
        };
        self.list.push((row.clone(), difference));
    }

    /// Adds those of another list, and that so many more were left out.
    pub(super) fn append(&mut self, other: Differences, left_out: u64) {
        self.list.extend(other.list);
        self.left_out += other.left_out + left_out;
    }

    /// The list, with everybody's name.
    pub(super) async fn named(self, store: &Store) -> Result<Vec<Difference>, StoreError> {
        if self.left_out > 0 {
            tracing::warn!("{} more differences", self.left_out);
        }
        let mut names = Names::default();
        let values = self.list.iter().flat_map(|(row, _)| &row.0);
        if values
            .map(|(_, value)| value)
            .any(|value| !matches!(value, Value::Text(_)))
        {
            names = Names::load(store).await?;
        }
        let list = self.list.into_iter().map(|(row, difference)| Difference {
            row: names.told(&row),
            ..difference
        });
        Ok(list.collect())
    }
}

/// The accounts' DIDs.
#[derive(Default)]
struct Names {
    in_ledger: HashMap<AccountId, String>,
    in_circle: HashMap<u32, String>,
}

impl Names {
    async fn load(store: &Store) -> Result<Names, StoreError> {
        let mut names = Names::default();
        for row in store.load_accounts().await? {
            if let Some(id) = row.ledger_id {
                names.in_ledger.insert(id, row.did.clone());
            }
            names.in_circle.insert(row.id, row.did);
        }
        Ok(names)
    }

    fn told(&self, row: &Row) -> String {
        let told = row.0.iter().map(|(column, value)| {
            let value = match value {
                Value::InLedger(AccountId::SINK) => "sink".to_owned(),
                Value::InLedger(id) => {
                    let did = self.in_ledger.get(id).cloned();
                    did.unwrap_or_else(|| format!("ledger_id={id}"))
                }
                Value::InCircle(id) => {
                    let did = self.in_circle.get(id).cloned();
                    did.unwrap_or_else(|| format!("id={id}"))
                }
                Value::Text(text) => text.clone(),
            };
            match *column {
                "" => value,
                column => format!("{column} {value}"),
            }
        });
        told.collect::<Vec<_>>().join(" ")
    }
}
