//! What a test needs of its machine, and how long it is willing to wait for it.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long anything is waited for before a test gives up: long enough that only something that
/// hangs runs into it, however slow and busy the machine.
pub const PATIENCE: Duration = Duration::from_mins(10);

/// Says once, in one line on standard error, that a test is skipped because `what` is missing and
/// what would bring it (`remedy`).
///
/// # Panics
/// Where the environment says `CI=true`: there, nothing may be skipped.
pub fn missing(what: &str, remedy: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let line = format!("skipped: {what} (to run these tests: {remedy})");
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{what}, and with CI=true nothing is skipped; {remedy}"
    );
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.insert(line.clone()) {
        // Not `eprintln!`: the test harness would swallow the line of a test that passes.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

/// Asks `done` again and again until it answers with a value.
///
/// # Panics
/// When [`PATIENCE`] is over; `what` names what was waited for.
pub fn wait_until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(
            Instant::now() < end,
            "waited {PATIENCE:?} in vain for {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
