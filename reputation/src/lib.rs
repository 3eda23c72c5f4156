//! The reputation ledger: pure integer rules, no I/O, no clock, no randomness but a named hash.
//!
//! Every account may give away a fixed number of *own* points per epoch. What it gives is drawn
//! in proportion from its own points and from the points it received, and points received keep
//! the tag of their *origin*, so trust spreads second hand. Points never return to their origin;
//! what was received decays at every tick. The rules are written out in `docs/LEDGER.md`.
//!
//! A [`Ledger`] is a pure function of (seed, operations): [`Ledger::apply`] takes one
//! [`Operation`] and answers with an [`Outcome`]. It is total: no input makes it panic, and what
//! it does not accept it rejects by name ([`Rejection`]), leaving everything as it was.
//!
//! ```
//! use kith_reputation::{AccountId, Ledger, Operation, RuleKind, Rules, Transfer, Verdict};
//!
//! let mut ledger = Ledger::new(42, Rules::default())?;
//! let (alice, bob) = (AccountId(1), AccountId(2));
//! let like = Transfer { sender: alice, receiver: bob, points: 100, nonce: 7, held: false };
//! let outcome = ledger.apply(&Operation::Transfer(like));
//! assert_eq!(outcome.verdict, Verdict::Accepted);
//! assert_eq!(outcome.sink_points, 1);
//! assert_eq!(ledger.account(bob).unwrap().tally(), 99);
//! # Ok::<(), kith_reputation::RulesError>(())
//! ```
//!
//! How the parts fit: `ledger` holds the state and takes operations; `ledger::systematic` and
//! `ledger::reference` are the two rules for a transfer; `ledger::settle` brings one account up to
//! the current tick, the one primitive of time; `draw` is the arithmetic of the systematic sample;
//! `rows` is the memory layout (`docs/decisions/0003-ledger-layout.md`); [`views`] are questions
//! one may ask.

#![deny(
    clippy::float_arithmetic,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod draw;
mod hash;
mod id;
mod image;
mod ledger;
mod operation;
mod outcome;
mod pool;
mod rows;
mod rules;
mod totals;
pub mod views;

pub use id::{AccountId, Piece, Points};
pub use image::{AccountImage, Entry, RestoreError, Row};
pub use ledger::{AccountView, Closed, Ledger, Recorded, ReplayMismatch, ResumeError, Steps};
pub use operation::{Operation, Transfer};
pub use outcome::{Flow, Losses, Outcome, Rejection, Verdict};
pub use rules::{MAX_POINTS, RuleKind, Rules, RulesError};
pub use totals::{Balance, Totals};
