//! Data that others made, read where it lies beside the project.

use std::path::{Path, PathBuf};

/// A path in the folder beside the project. `None`, with a word on stderr, if it is not there;
/// in CI that is a failure instead.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let whole = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared")
        .join(path);
    if whole.exists() {
        return Some(whole);
    }
    let ci = std::env::var("CI").as_deref() == Ok("true");
    assert!(
        !ci,
        "{} is missing, and CI must not skip it",
        whole.display()
    );
    eprintln!("skipped: {} is not there", whole.display());
    None
}

/// Splits `[u32 length][frame]`, repeated.
pub(crate) fn split(bytes: &[u8], length: fn([u8; 4]) -> u32) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut rest = bytes;
    while let Some((prefix, after)) = rest.split_first_chunk() {
        let (frame, after) = after.split_at(length(*prefix) as usize);
        frames.push(frame.to_vec());
        rest = after;
    }
    assert!(rest.is_empty(), "the file ends within a frame");
    frames
}

/// The 150 frames of the production relay.
pub(crate) fn production_frames() -> Option<Vec<Vec<u8>>> {
    let file = std::fs::File::open(shared("interop/production/frames.bin.zst")?).unwrap();
    Some(split(&zstd::decode_all(file).unwrap(), u32::from_le_bytes))
}

/// The frames of a recording of two reference PDSes.
pub(crate) fn recording(name: &str) -> Option<Vec<Vec<u8>>> {
    let bytes = std::fs::read(shared("network/recordings")?.join(name)).unwrap();
    Some(split(&bytes, u32::from_be_bytes))
}
