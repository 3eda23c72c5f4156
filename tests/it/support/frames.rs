//! Recordings: `[u32 big-endian length][frame]`, repeated.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// The frames of a recording, in order. The file is read whole: ours are small.
///
/// # Panics
/// When the file cannot be read, or ends inside a frame.
pub fn read(path: &Path) -> Vec<Vec<u8>> {
    let bytes =
        std::fs::read(path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
    let mut rest = &bytes[..];
    let mut frames = Vec::new();
    while let Some((head, body)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*head) as usize;
        let Some((frame, more)) = body.split_at_checked(length) else {
            break;
        };
        frames.push(frame.to_vec());
        rest = more;
    }
    assert!(
        rest.is_empty(),
        "{} ends inside frame {}",
        path.display(),
        frames.len()
    );
    frames
}

/// Writes a recording of these frames, whatever they hold.
///
/// # Errors
/// When the file cannot be written, or a frame is longer than its length can say.
pub fn write<F: AsRef<[u8]>>(path: &Path, frames: impl IntoIterator<Item = F>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for frame in frames {
        let frame = frame.as_ref();
        let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
        out.write_all(&length.to_be_bytes())?;
        out.write_all(frame)?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::{read, write};
    use crate::places::recordings;

    #[test]
    fn what_is_read_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, copy) = (recordings().first, folder.path().join("copy.frames"));
        let frames = read(&ours);
        assert!(frames.len() > 800 && frames.iter().all(|f| f.len() > 20));
        write(&copy, &frames).unwrap();
        assert!(std::fs::read(ours).unwrap() == std::fs::read(copy).unwrap());
    }
}
