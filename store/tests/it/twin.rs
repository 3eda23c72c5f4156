//! A history in a database.

use std::rc::Rc;

use kith_reputation::RuleKind;
use kith_store::{Access, Parameter, Report, Store, StoreError, Table, Value, batch::ImageRow};
use kith_tests::Database;
use tokio::runtime::Runtime;

use crate::history::History;

/// The histories that are compared: seed and rule.
const HISTORIES: [(u64, RuleKind); 3] = [
    (1, RuleKind::Systematic),
    (2, RuleKind::Systematic),
    (3, RuleKind::Reference),
];

/// A history, and a database into which it was written.
pub(crate) struct Twin {
    pub(crate) history: Rc<History>,
    /// For messages.
    pub(crate) name: String,
    store: Store,
    runtime: Runtime,
    _database: Database,
}

/// Every history in every database that this machine has.
pub(crate) fn twins() -> impl Iterator<Item = Twin> {
    HISTORIES.into_iter().flat_map(|(seed, rule)| {
        let history = Rc::new(History::random(seed, rule));
        databases().map(move |database| Twin::new(&history, database))
    })
}

/// A fresh database of each kind that this machine has.
pub(crate) fn databases() -> impl Iterator<Item = Database> {
    [Some(Database::sqlite()), Database::postgres()]
        .into_iter()
        .flatten()
}

impl Twin {
    /// Writes all batches.
    fn new(history: &Rc<History>, database: Database) -> Twin {
        let runtime = runtime();
        let store = runtime.block_on(async {
            let store = Store::open(database.url(), Access::Write)
                .await
                .expect("opens");
            store.create(&history.first).await.expect("is new");
            for batch in &history.batches {
                store.commit(batch).await.expect("commits");
            }
            store
        });
        let kind = database.url().split(':').next().unwrap_or_default();
        Twin {
            name: format!("{} in {kind}", history.name),
            history: Rc::clone(history),
            store,
            runtime,
            _database: database,
        }
    }

    /// A report's answer.
    pub(crate) fn report(&self, name: &str, parameters: &[(&str, Parameter)]) -> Table {
        let report = Report::find(name).expect("a known report");
        self.runtime
            .block_on(self.store.report(report, parameters))
            .unwrap_or_else(|e| panic!("{}: report {name}: {e}", self.name))
    }

    /// What is read back of the images.
    pub(crate) fn images(&self) -> Vec<ImageRow> {
        self.runtime.block_on(async {
            let heads = self.store.image_heads().await.expect("reads");
            let mut images = Vec::new();
            let each = self.store.each_image(&heads, |image| {
                images.push(image);
                Ok::<(), StoreError>(())
            });
            each.await.expect("reads");
            images
        })
    }

    /// Whether a report says exactly this, and with a limit the beginning of it.
    pub(crate) fn says(
        &self,
        report: &str,
        parameters: &[(&str, Parameter)],
        columns: &str,
        expected: &[Vec<Value>],
    ) {
        for limit in [i64::MAX, 3] {
            let mut all = parameters.to_vec();
            all.push(("limit", Parameter::Int(limit)));
            let said = self.report(report, &all);
            let place = format!("{}: report {report} with {parameters:?}", self.name);
            assert_eq!(said.columns.join(" "), columns, "{place}");
            let expected = expected
                .iter()
                .take(usize::try_from(limit).unwrap_or(usize::MAX));
            for (i, (said, expected)) in said.rows.iter().zip(expected.clone()).enumerate() {
                assert_eq!(said, expected, "{place}, row {i}");
            }
            assert_eq!(said.rows.len(), expected.len(), "{place}: rows");
        }
    }
}

/// A runtime of one thread.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
}
