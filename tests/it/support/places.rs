//! Where things lie.

use std::path::{Path, PathBuf};

use crate::needs::missing;

/// The project's root folder.
pub fn project() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A folder of test data that others made, beside the project's root; `None` (said clearly) where
/// it is not.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let path = project().join("../shared").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    missing(
        &format!("there is no folder ../shared/{folder} beside the project"),
        "put the shared test data there",
    );
    None
}

/// The files of `tests/recordings`; its README says what they are.
#[derive(Debug, Clone)]
pub struct Recordings {
    /// The firehose of the first PDS.
    pub first: PathBuf,
    /// The firehose of the second PDS.
    pub second: PathBuf,
    /// What replaying the first must give ([`crate::expected`]).
    pub expected: PathBuf,
    /// What was true at the end ([`crate::Truth`]).
    pub truth: PathBuf,
}

/// The recordings that are part of the project.
pub fn recordings() -> Recordings {
    let at = |name: &str| project().join("tests/recordings").join(name);
    Recordings {
        first: at("recording.frames"),
        second: at("recording-pds2.frames"),
        expected: at("expected.json"),
        truth: at("truth.json"),
    }
}
