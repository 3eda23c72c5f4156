//! An answer without rows has the columns that one with rows has.

use kith_store::{Access, Parameter, REPORTS, Store};

use crate::history::{TRACKED, did_of};
use crate::twin::{databases, runtime, twins};

#[test]
fn an_answer_without_rows_has_its_columns() {
    let viewer = did_of(TRACKED[0]);
    let parameters = [
        ("viewer", Parameter::Text(viewer.clone())),
        ("holder", Parameter::Text(did_of(TRACKED[1]))),
        ("account", Parameter::Text(viewer.clone())),
        ("viewers", Parameter::Text(viewer)),
        ("limit", Parameter::Int(1)),
    ];
    let full = twins().next().expect("SQLite is always there");
    for database in databases() {
        let runtime = runtime();
        let empty = runtime
            .block_on(Store::open(database.url(), Access::Write))
            .expect("opens");
        for report in REPORTS {
            let without = runtime
                .block_on(empty.report(report, &parameters))
                .expect("answers");
            let with = full.report(report.name, &parameters);
            assert!(!with.rows.is_empty(), "{} has rows", report.name);
            assert_eq!(without.columns, with.columns, "report {}", report.name);
        }
    }
}
