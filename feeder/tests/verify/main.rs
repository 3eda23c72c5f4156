//! Verification of whole frames: of real servers, with any bit turned, and built to deceive.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test says what it means, and fails loudly"
)]

#[path = "../shared/data.rs"]
mod data;

mod real;
