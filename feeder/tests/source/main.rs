//! Sources against files and a scripted server that lies in the known ways.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test says what it means, and fails loudly"
)]

#[path = "../shared/data.rs"]
#[expect(dead_code, reason = "shared, and each user needs a part of it")]
mod data;
#[path = "../shared/frames.rs"]
#[expect(dead_code, reason = "shared, and each user needs a part of it")]
mod frames;

mod events;
mod files;
mod recording;
mod server;
mod streams;
