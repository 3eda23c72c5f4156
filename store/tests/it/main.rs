//! Tests of the store on both databases.
//!
//! - `views`: the reports say what the views of the ledger say.
//! - `plans`: no report reads all assignments where an index serves.
//! - `columns`: an answer without rows has its columns too.
//!
//! `history` makes a random past of a ledger, `twin` writes it into a database and asks.

mod columns;
mod history;
mod plans;
mod twin;
mod views;
