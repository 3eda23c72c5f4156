//! Decoding of whole frames: recorded ones, built ones, and broken ones.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::needless_pass_by_value,
    reason = "a test says what it means, and fails loudly"
)]

#[path = "../shared/dagjson.rs"]
mod dagjson;
#[path = "../shared/data.rs"]
mod data;
#[path = "../shared/frames.rs"]
mod frames;
#[path = "../shared/production.rs"]
mod production;

mod broken;
mod jetstream;
mod mutated;
mod nasty;
mod recorded;
mod records;
mod reference;
mod samples;
