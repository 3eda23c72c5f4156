//! Messages of a Jetstream compressed by a dictionary.

use crate::wire::FRAME_BYTES_MAX;
use std::path::Path;
use zstd::bulk::Decompressor;

/// Largest dictionary that is read, in bytes: many times the known ones.
const DICTIONARY_BYTES_MAX: u64 = 8 << 20;
/// How a dictionary begins; its id follows, little-endian.
const MAGIC: [u8; 4] = 0xec30_a437_u32.to_le_bytes();

/// A dictionary, ready to decompress with.
pub(super) struct Dictionary {
    /// Its id; the servers' name for it.
    pub(super) id: u32,
    decompressor: Decompressor<'static>,
    buffer: Vec<u8>,
}

impl Dictionary {
    /// Reads a dictionary file; an error says what, where, and what to do.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!(
                "{}: cannot read the zstd dictionary: {what}",
                path.display()
            )
        };
        let length = std::fs::metadata(path).map_err(|error| wrong(&error.to_string()))?;
        if length.len() > DICTIONARY_BYTES_MAX {
            return Err(wrong("it is too long to be one; check its path"));
        }
        let bytes = std::fs::read(path).map_err(|error| wrong(&error.to_string()))?;
        let id = bytes
            .strip_prefix(&MAGIC)
            .and_then(|rest| rest.first_chunk())
            .map(|id| u32::from_le_bytes(*id))
            .ok_or_else(|| wrong("it does not begin like one; check its path"))?;
        let decompressor = Decompressor::with_dictionary(&bytes)
            .map_err(|error| wrong(&format!("{error}; check its path")))?;
        Ok(Self {
            id,
            decompressor,
            buffer: Vec::new(),
        })
    }

    /// Decompresses one message; `None` if it is not one, or longer than a frame may be.
    pub(super) fn decompress(&mut self, message: &[u8]) -> Option<&[u8]> {
        self.buffer.clear();
        self.buffer.reserve(FRAME_BYTES_MAX);
        self.decompressor
            .decompress_to_buffer(message, &mut self.buffer)
            .ok()?;
        Some(&self.buffer)
    }
}
