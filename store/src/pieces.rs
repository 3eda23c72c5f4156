//! Pieces of a transfer as bytes: for each piece, by ascending origin, the distance of its
//! origin to the one before and its points, as LEB128 numbers.

use kith_reputation::{AccountId, Piece};
use smallvec::SmallVec;

use crate::leb128::{pull32, push};

/// Pieces in their stored form: two to four bytes each, empty for none. Those of most likes need no
/// allocation.
#[derive(Debug, Clone, Default, Eq, PartialEq, Hash)]
pub struct Pieces(SmallVec<[u8; 16]>);

impl Pieces {
    /// Encodes pieces that ascend by origin.
    pub fn encode(pieces: &[Piece]) -> Pieces {
        let mut bytes = SmallVec::new();
        let mut before = 0;
        for piece in pieces {
            push(&mut bytes, piece.origin.0.wrapping_sub(before).into());
            push(&mut bytes, piece.points.into());
            before = piece.origin.0;
        }
        Pieces(bytes)
    }

    /// Reads them back.
    ///
    /// # Errors
    /// None if the bytes are not what [`Pieces::encode`] makes.
    pub fn decode(&self) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut rest = &self.0[..];
        let mut before = 0u32;
        while !rest.is_empty() {
            let distance = pull32(&mut rest)?;
            let points = pull32(&mut rest)?;
            before = before.checked_add(distance)?;
            pieces.push(Piece {
                origin: AccountId(before),
                points,
            });
        }
        Some(pieces)
    }

    /// All points of all pieces.
    pub fn points(&self) -> Option<u64> {
        Some(
            self.decode()?
                .iter()
                .map(|piece| u64::from(piece.points))
                .sum(),
        )
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Pieces {
        Pieces(SmallVec::from_slice(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_back() {
        let piece = |origin, points| Piece {
            origin: AccountId(origin),
            points,
        };
        for pieces in [
            vec![],
            vec![piece(0, 1)],
            vec![
                piece(1, 99),
                piece(2, 127),
                piece(300, 128),
                piece(u32::MAX, u32::MAX),
            ],
        ] {
            assert_eq!(Pieces::encode(&pieces).decode(), Some(pieces));
        }
    }

    #[test]
    fn broken_bytes_are_none() {
        for bytes in [vec![1], vec![0x80], vec![1, 0x80], vec![0xff; 12]] {
            assert_eq!(Pieces::from_bytes(&bytes).decode(), None);
        }
        let beyond = [0xff, 0xff, 0xff, 0xff, 0x0f, 1, 1, 1];
        assert_eq!(Pieces::from_bytes(&beyond).decode(), None);
    }
}
