//! Verification of whole frames: of real servers, with any bit turned, and built to deceive.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::needless_pass_by_value,
    reason = "a test says what it means, and fails loudly"
)]

#[path = "../shared/data.rs"]
mod data;

#[path = "../shared/frames.rs"]
#[expect(dead_code, reason = "shared, and each user needs a part of it")]
mod frames;

#[path = "../shared/dagjson.rs"]
mod dagjson;

mod deceit;
mod flips;
mod model;
mod real;
mod trees;
mod vectors;
