//! The grammars of DIDs and handles, held against the community's lists.

use std::fs;
use std::path::Path;

use kith_config::{Did, Handle};

/// The lines of a list, or `None` where the lists are not at hand.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn lines(name: &str) -> Option<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/interop/syntax");
    match fs::read_to_string(folder.join(name)) {
        Ok(text) => {
            let lines = text
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#'));
            Some(lines.map(str::to_owned).collect())
        }
        Err(error) => {
            let on_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
            assert!(!on_ci, "{name} of the interop lists: {error}");
            eprintln!("skipped: {name} of the interop lists is not at hand: {error}");
            None
        }
    }
}

fn check<T: std::str::FromStr>(kind: &str) {
    let valid = lines(&format!("{kind}_syntax_valid.txt"));
    let invalid = lines(&format!("{kind}_syntax_invalid.txt"));
    let (Some(valid), Some(invalid)) = (valid, invalid) else {
        return;
    };
    assert!(
        valid.len() >= 10 && invalid.len() >= 10,
        "the {kind} lists are all but empty"
    );
    for line in valid {
        assert!(line.parse::<T>().is_ok(), "refused, but valid: {line:?}");
    }
    for line in invalid {
        assert!(line.parse::<T>().is_err(), "taken, but invalid: {line:?}");
    }
}

#[test]
fn dids_are_told_from_other_text() {
    check::<Did>("did");
}

#[test]
fn handles_are_told_from_other_text() {
    check::<Handle>("handle");
}
