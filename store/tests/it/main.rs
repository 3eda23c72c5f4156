//! Tests of the store on both databases.
//!
//! - `views`: the reports say what the views of the ledger say.
//! - `plans`: no report reads all assignments where an index serves.
//! - `columns`: an answer without rows has its columns too.
//! - `commits`: the last commit of each repo is read back.
//! - `origin_index`: the index that is removed while its table is filled is made again.
//! - `refused`: rows that a constraint refuses are a defect, and leave nothing.
//! - `rows`: what is read back of images is what the ledger holds.
//!
//! `history` makes a random past of a ledger, `twin` writes it into a database and asks.

mod columns;
mod commits;
mod history;
mod origin_index;
mod plans;
mod refused;
mod rows;
mod twin;
mod views;
