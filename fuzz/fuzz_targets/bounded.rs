//! What takes too long is a finding too, though the fuzzer itself counts whole seconds only.

use std::time::{Duration, Instant};

/// The most that one input may take.
const UNIT_MAX: Duration = Duration::from_millis(100);
/// A machine may be busy now and then, but not each time.
const ATTEMPTS: u32 = 5;

/// Runs `unit`, again if it was slow, and panics if it never was quick enough.
pub(crate) fn bounded(unit: impl Fn()) {
    let quick = || {
        let start = Instant::now();
        unit();
        start.elapsed() < UNIT_MAX
    };
    assert!(
        (0..ATTEMPTS).any(|_| quick()),
        "slower than {UNIT_MAX:?} each of {ATTEMPTS} times"
    );
}
