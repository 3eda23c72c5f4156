//! Images of kept checkpoints as bytes, and the statements that drop what is old.
//!
//! An image is LEB128 numbers: own, others, ordinal; the rows by ascending origin, after their
//! number, each as the distance of its origin to the one before, its points, and 0 or 1 + the
//! ordinal of its last touch; the unclaimed entries, after their number, each as sender, ordinal,
//! the number of its pieces, and these as distance and points.

use kith_reputation::{AccountId, AccountImage, Entry, Piece, Row};

use crate::{
    backend::Backend,
    batch::{Batch, BootstrapState},
    leb128::{pull, pull32, push},
    past::quoted,
};

/// An image as bytes.
pub(crate) fn encode(image: &AccountImage) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 + image.rows.len() * 4);
    let mut put = |value| push(&mut bytes, value);
    put(image.own.into());
    put(image.others);
    put(image.ordinal.into());
    put(image.rows.len() as u64);
    let mut before = 0;
    for row in &image.rows {
        put(row.origin.0.wrapping_sub(before).into());
        put(row.points.into());
        put(row.touched.map_or(0, |ordinal| 1 + u64::from(ordinal)));
        before = row.origin.0;
    }
    put(image.unclaimed.len() as u64);
    for entry in &image.unclaimed {
        put(entry.sender.0.into());
        put(entry.ordinal.into());
        put(entry.pieces.len() as u64);
        let mut before = 0;
        for piece in &entry.pieces {
            put(piece.origin.0.wrapping_sub(before).into());
            put(piece.points.into());
            before = piece.origin.0;
        }
    }
    bytes
}

/// Reads an image back; None if the bytes are not what [`encode`] makes.
pub(crate) fn decode(bytes: &[u8]) -> Option<AccountImage> {
    let mut rest = bytes;
    let from = &mut rest;
    let mut image = AccountImage {
        own: pull32(from)?,
        others: pull(from)?,
        ordinal: pull32(from)?,
        ..AccountImage::default()
    };
    let mut before = 0u32;
    for _ in 0..pull(from)? {
        before = before.checked_add(pull32(from)?)?;
        image.rows.push(Row {
            origin: AccountId(before),
            points: pull32(from)?,
            touched: match pull(from)? {
                0 => None,
                more => Some(u32::try_from(more - 1).ok()?),
            },
        });
    }
    for _ in 0..pull(from)? {
        let (sender, ordinal) = (AccountId(pull32(from)?), pull32(from)?);
        let mut entry = Entry {
            sender,
            ordinal,
            pieces: Vec::new(),
        };
        let mut before = 0u32;
        for _ in 0..pull(from)? {
            before = before.checked_add(pull32(from)?)?;
            entry.pieces.push(Piece {
                origin: AccountId(before),
                points: pull32(from)?,
            });
        }
        image.unclaimed.push(entry);
    }
    from.is_empty().then_some(image)
}

/// A repair brings likes by keys that are TIDs; no other is looked for.
const TID_LENGTH: usize = 13;

/// Statements without parameters that remove what the batch says.
pub(crate) fn removals(batch: &Batch, backend: &Backend) -> Vec<String> {
    let mut statements = Vec::new();
    if let Some((ordinal, from, before)) = batch.kept.discarded {
        statements.push(format!(
            "DELETE FROM kept_checkpoint WHERE ordinal = {ordinal}"
        ));
        statements.push(format!(
            "DELETE FROM kept_image WHERE ordinal = {ordinal} AND holder >= {from} AND holder < {before}"
        ));
    }
    if let Some((after, upto)) = batch.dropped {
        statements.push(format!(
            "INSERT INTO dropped_like (sender, record, rkey, epoch) \
             SELECT sender, record, rkey, MIN(epoch) FROM journal \
             WHERE position > {after} AND position <= {upto} AND kind = 1 AND record IS NOT NULL \
             AND LENGTH(rkey) = {TID_LENGTH} \
             GROUP BY sender, record, rkey ON CONFLICT (sender, record, rkey) DO NOTHING"
        ));
        statements.push(format!(
            "DELETE FROM journal WHERE position > {after} AND position <= {upto} \
             AND kind NOT IN (4, 5, 6)"
        ));
    }
    if let Some((from, before, key)) = &batch.likes_forgotten {
        statements.push(format!(
            "DELETE FROM dropped_like WHERE sender >= {from} AND sender < {before} AND {}",
            backend.by_bytes("rkey", "<", &quoted(key))
        ));
    }
    let day_one = batch.bootstrap.as_ref().map(|row| row.state);
    if day_one == Some(BootstrapState::Done) {
        // All likes are taken. Accounts stay that could not be read, or not whole.
        statements.push("DELETE FROM bootstrap_like".to_owned());
        statements
            .push("DELETE FROM bootstrap_account WHERE error IS NULL AND capped = 0".to_owned());
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_come_back_and_broken_ones_do_not() {
        let piece = |origin, points| Piece {
            origin: AccountId(origin),
            points,
        };
        let row = |origin, points, touched| Row {
            origin: AccountId(origin),
            points,
            touched,
        };
        let image = AccountImage {
            own: 100_000,
            others: u64::MAX >> 2,
            ordinal: 7,
            rows: vec![row(1, 1, None), row(300, u32::MAX, Some(0))],
            unclaimed: vec![Entry {
                sender: AccountId(9),
                ordinal: 5,
                pieces: vec![piece(2, 99), piece(u32::MAX, 1)],
            }],
        };
        let bytes = encode(&image);
        assert_eq!(decode(&bytes), Some(image));
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None, "{length}");
        }
        assert_eq!(decode(&[bytes, vec![0]].concat()), None);
        assert_eq!(decode(&[0xff; 40]), None);
    }
}
