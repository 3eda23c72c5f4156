//! Whole-program tests: the built `kith` against recordings and real servers.
//!
//! - `network`: the network of `tests/network` starts, and is what it says it is.
//! - `replay`: recordings give what an independent model says, whatever happens meanwhile.
//! - `progress`: bars, and log lines beside them.
//! - `recovery`: lost parts of the checkpoint, and whether the books balance.
//! - `contract`: JSON fields, exit codes, the configuration file.
//! - `live`: the service against real hosts.
//! - `crashes`: killed again and again while a host brings events.
//! - `day_one`: the likes of before the first start.
//! - `gaps`: what was missed is found again.
//!
//! The helpers and their own tests are in `support/`.

mod contract;
mod crashes;
mod day_one;
mod gaps;
mod live;
mod network;
mod progress;
mod recovery;
mod replay;
