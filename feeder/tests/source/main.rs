//! Sources against files and a scripted server that lies in the known ways.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test says what it means, and fails loudly"
)]

#[path = "../shared/data.rs"]
mod data;
#[path = "../shared/frames.rs"]
#[expect(dead_code, reason = "shared, and each user needs a part of it")]
mod frames;
#[path = "../shared/production.rs"]
#[expect(dead_code, reason = "shared, and each user needs a part of it")]
mod production;

mod events;
mod files;
mod gaps;
mod group;
mod jetstream;
mod liar;
mod recording;
mod rest;
mod server;
mod streams;
mod tls;
