//! The circle: who is how far from the accounts you track, and why.
//!
//! The circle is given *records*, as the AT Protocol has them: a follow is (follower, rkey) ->
//! subject, and an unfollow names only the rkey. It keeps every account's hop, the shortest
//! distance from a tracked account, up to date with each record, and says exactly who entered,
//! left, or changed hop. The work is proportional to what changes; nothing is recomputed.
//!
//! This crate is pure: no I/O, no clock, no randomness that can be seen from outside. The same
//! calls give the same answers in the same order on any machine.
//!
//! | module | what is there |
//! | --- | --- |
//! | [`Circle`] | the circle: follows, blocks, tracking, hops |
//! | [`Changes`] | what a call changed |
//! | [`Accounts`] | DIDs as dense 32-bit numbers |
//! | [`FollowGraph`] | the follow records as a graph for `petgraph`'s algorithms |
//! | `hops` | the incremental part: support counts, settled hop by hop |
//! | `members` | a sieve before the lookup of a member |
//! | `records` | (owner, rkey) -> subject, sorted, 12 bytes a record |
//! | `explain`, `rings`, `recompute` | questions answered with `petgraph` |
//!
//! ```
//! use kith_graph::{Changes, Circle};
//!
//! let mut circle = Circle::new(2).expect("a depth of 1, 2 or 3");
//! let mut changes = Changes::new();
//! let alice = circle.intern("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa");
//! let bob = circle.intern("did:web:bob.example");
//! circle.track(alice, &mut changes);
//! circle.set_follow(alice, "3jui7kd54zh2y", bob, &mut changes);
//! assert_eq!(circle.hop(bob), Some(1));
//! assert!(circle.is_member("did:web:bob.example"));
//!
//! changes.clear();
//! circle.remove_follow(alice, "3jui7kd54zh2y", &mut changes);
//! let left = changes.as_slice()[0];
//! assert_eq!((left.id, left.from, left.to), (bob, Some(1), None));
//! ```

mod account;
mod accounts;
mod base32;
mod blocks;
mod changes;
mod circle;
mod explain;
mod hops;
mod members;
mod paged;
mod recompute;
mod records;
mod rings;
mod rkey;
mod runs;
mod view;

pub use account::{AccountId, Status};
pub use accounts::{Accounts, Did};
pub use changes::{Change, Changes};
pub use circle::{Circle, DepthError, Sizes};
pub use rkey::Rkey;
pub use view::{FollowGraph, Seen};
