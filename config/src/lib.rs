//! The configuration file of Kith: types, parsing, validation, editing.
//!
//! A file passes through two layers. The raw one is the TOML document as `toml` read it, every
//! key and value with its place in the text ([`toml::Spanned`]). The second is [`Config`]: checked
//! values only, defaults filled in. Whatever is wrong on the way from the first to the second is
//! collected, so that one run names every problem of a file, each with its line, its column, the
//! offending text and what to write instead ([`Problems`]).
//!
//! - [`Config::load`] reads a file, [`Config::parse`] a text; the environment wins over the file.
//! - [`Config::taken_up_by`] and [`Config::differing_keys`] say what of an edit a running service
//!   takes up, and what waits for a restart.
//! - [`edit`] adds and removes tracked accounts, leaving comments and layout as they are.
//! - [`TEMPLATE`] is the commented file that `kith init` writes.
//! - [`Did`], [`Handle`] and [`Identifier`] hold the names of accounts, checked.
//!
//! To add a key: a field with its default and unit in `settings.rs`, one line in `tables` that
//! reads it, and the key with its comment in `kith.example.toml`. A test fails if one is missing.
//!
//! This crate knows no other crate of the workspace, never touches the network, and reads no
//! environment variable but those of [`Env`].

mod change;
mod duration;
pub mod edit;
mod id;
mod link;
mod load;
mod problem;
mod section;
mod settings;
mod tables;

pub use id::{Did, Handle, Identifier, IdentifierError};
pub use link::{check_database_url, mask_passwords};
pub use load::{DATABASE_VARIABLE, Env, FILE_BYTES_MAX, Mode};
pub use problem::{PROBLEMS_MAX, Problem, Problems, Snippet};
pub use settings::{
    Backfill, Bootstrap, Circle, Config, Http, Ledger, Match, Network, POINTS_MAX, Repeat, Rule,
    Source, Start, Store, Tracked, Verify,
};

/// The commented configuration file that `kith init` writes: every key, with its default, its unit
/// and what it does. The tracked account and the source in it are examples.
pub const TEMPLATE: &str = include_str!("../kith.example.toml");
