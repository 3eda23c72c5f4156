//! Decoding of whole frames: recorded ones, built ones, and broken ones.

#[path = "../shared/data.rs"]
mod data;
#[path = "../shared/frames.rs"]
mod frames;

mod broken;
mod mutated;
mod recorded;
mod records;
mod reference;
