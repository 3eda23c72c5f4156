//! Helpers of the whole-program tests: real servers, the built binary, recordings.
//!
//! - [`Kith`]: the built `kith` in a folder of its own; runs it, starts it, signals it.
//! - [`Database`]: a fresh SQLite file, or a fresh database on a throw-away PostgreSQL ([`postgres()`]).
//! - [`Network`]: a PLC directory and two PDSes on loopback, populated on demand; [`Truth`] is
//!   what is true of them afterwards.
//! - [`Liar`]: a fake relay that bends the frames of a real host.
//! - [`frames`]: reads and writes recordings; [`recordings`] is where ours are.
//! - [`world`]: a made-up network of any size, written as recordings.
//! - [`expected`]: what replaying a recording must give, and the comparison with what Kith says.
//! - [`python()`]: a Python with the packages that exports are opened with and the API is asked by.
//!
//! What a machine lacks (`PostgreSQL`, `Node.js`, Python) is `None` after one clear line on standard
//! error, and a failure where the environment says `CI=true`. Everything started here ends with the
//! test process, however that ends (see [`Leash`]).
//!
//! To add a server: start it in a module of its own, put a [`Leash`] on it, and return `None`
//! through [`missing`] where its program is not installed.
#![expect(
    clippy::missing_panics_doc,
    reason = "a helper of tests panics when what it was asked for cannot be had"
)]

mod database;
pub mod expected;
pub mod frames;
mod http;
mod kith;
mod leash;
mod liar;
mod needs;
mod network;
mod places;
mod postgres;
mod python;
mod truth;
pub mod world;

pub use database::{Database, Held, Stall, assert_same};
pub use http::{Reply, Web};
pub use kith::{Kith, Ran, Running, Signal, kith_binary};
pub use leash::Leash;
pub use liar::{Bend, Liar};
pub use needs::{PATIENCE, missing, wait_until};
pub use network::{Network, Populate, Populating};
pub use places::{Recordings, project, recordings, shared};
pub use postgres::{Postgres, postgres, postgres_program};
pub use python::python;
pub use truth::{Account, Record, Truth};
