//! Tests of the store on both databases.
//!
//! - `views`: the reports say what the views of the ledger say.
//! - `columns`: an answer without rows has its columns too.
//!
//! `history` makes a random past of a ledger, `twin` writes it into a database and asks.

mod columns;
mod history;
mod twin;
mod views;
