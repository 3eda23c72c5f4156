//! The ledger as its users see it: against a model, by properties, by traces.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic like tests")]
#![expect(clippy::disallowed_methods, reason = "tests read recorded traces")]

mod history;
mod model;
mod properties;
mod recovery;
mod rejections;
mod rules;
#[path = "../../examples/replay_trace/trace.rs"]
mod trace;
mod traces;
mod views;
