//! Requests over HTTPS to hosts named by strangers: the XRPC client.
//!
//! - [`Client`] sends one GET at a time: it checks the address ([`address`]), keeps the host's
//!   rate ([`limits`]), follows redirects with the same care, and bounds bytes, time and hops.
//! - [`Host`] is that client aimed at one server, in the shape atrium wants (`HttpClient`,
//!   `XrpcClient`), with the few XRPC calls that Kith makes.
//!
//! Deliberately absent: authentication, POST, proxies. A proxy would resolve names for us and
//! make the address check worthless, so those of the environment are ignored.

pub mod address;
mod client;
mod host;
pub mod limits;

use crate::text;

pub use address::same_host;
pub use client::{Client, ClientOptions, FetchError, SetupError};
pub use host::{CallError, Host, LikeEntry, Order, RecordEntry, RecordPage, RepoStatus};
pub use limits::Rate;

/// Characters kept of text that came from a stranger, when it goes into an error or a log line.
const FOREIGN_TEXT_CHARS_MAX: usize = 200;

/// Shortens text of strangers for errors and logs, without what acts unseen.
pub(crate) fn shorten(text: &str) -> String {
    let mut short = text::shorten(text, FOREIGN_TEXT_CHARS_MAX);
    if text.chars().nth(FOREIGN_TEXT_CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}
