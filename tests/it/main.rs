//! Whole-program tests: the built `kith` against recordings and real servers.
//!
//! - `network`: the network of `tests/network` starts, and is what it says it is.
//!
//! The helpers and their own tests are in `support/`.

mod live;
mod network;
mod replay;
