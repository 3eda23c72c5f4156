//! The connection of the driver, used from this thread.
//!
//! The driver runs SQLite on a thread of its own, and hands every value and every row over with a
//! copy. For a few rows that is of no account; for millions it is most of the time
//! (docs/decisions/0013).

use rusqlite::Connection;
use sqlx::SqliteConnection;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::StoreError;

/// Does some work with the connection's handle, in the transaction it is in.
pub(crate) async fn with_handle<T, E: From<StoreError>>(
    connection: &mut SqliteConnection,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    let locked = connection.lock_handle().await;
    let mut locked = locked.map_err(StoreError::from)?;
    // SAFETY: the handle is open and, while it is locked, nobody else's; the connection made here
    // borrows it (its drop does not close it) and ends before the lock does.
    #[expect(unsafe_code, reason = "the driver's handle has no safe form")]
    let handle = unsafe { Connection::from_handle(locked.as_raw_handle().as_ptr()) };
    let handle = handle.map_err(StoreError::from)?;
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(|| work(&handle)),
        _ => work(&handle),
    }
}
