//! Whole-program tests: the built `kith` against recordings and real servers.
//!
//! - `network`: the network of `tests/network` starts, and is what it says it is.
//! - `replay`: recordings give what an independent model says, whatever happens meanwhile.
//! - `pipes`: standard error that takes nothing, pipes instead of files, signals.
//! - `progress`: bars, and log lines beside them.
//! - `books`: reports against the ledger they tell of.
//! - `people`: what is shown at the command line, and that strangers cannot act there.
//! - `reader`: who may only read.
//! - `reports`: every report on both databases, by hand, and against the ledger.
//! - `export`: files for other programs, opened by those.
//! - `recovery`: lost parts of the checkpoint, and whether the books balance.
//! - `circle`: why somebody is a member, who came and went, the list of tracked accounts.
//! - `claims`: claims, accounts that are forgotten, opting out.
//! - `connections`: slow, silent and many clients of the server, and compression.
//! - `contract`: JSON fields, exit codes, the configuration file.
//! - `live`: the service against real hosts.
//! - `crashes`: killed again and again while a host brings events.
//! - `day_one`: the likes of before the first start.
//! - `doctor`: what is wrong with a file, a database, a machine or the network.
//! - `edits`: the configuration of a running service changes.
//! - `gaps`: what was missed is found again.
//! - `http`: the reports and events over HTTP, and what is sent to do harm.
//! - `asked`: the API, asked by schemathesis.
//! - `token`: what the token opens, and edits over HTTP.
//! - `page`: the page in a real browser.
//! - `verify`: the store proves itself; other rules; backups; what is kept and dropped.
//! - `failures`: killed, fenced, out of space, out of reach: nothing lost, nothing doubled.
//! - `metrics`: what Prometheus is shown.
//! - `migrations`: databases of every released schema.
//!
//! The helpers and their own tests are in `support/`.

mod asked;
mod books;
mod circle;
mod claims;
mod connections;
mod contract;
mod crashes;
mod day_one;
mod doctor;
mod edits;
mod export;
mod failures;
mod gaps;
mod http;
mod live;
mod metrics;
mod migrations;
mod network;
mod page;
mod people;
mod pipes;
mod progress;
mod reader;
mod recompute;
mod recovery;
mod replay;
mod reports;
mod token;
mod verify;
