//! The usual lane of the scan: a commit as every server of today writes it.
//!
//! Fields in the order of DAG-CBOR, shortest lengths, the old flags false. There is nothing to
//! choose on the way, and a processor that need not guess is twice as fast. Whatever is otherwise
//! is `None`, and then [`super::commit`] reads it field by field, or says what is wrong with it.

use super::commit::{OPS_MAX, Scanned, ScannedOps, split_path};
use super::message::Action;
use super::scan::{LINK_BYTES, LINK_PREFIX, NULL, Reader, is_seq};
use crate::syntax::parse_datetime_bytes;

const FALSE: u8 = 0xf4;

/// Reads a whole payload, with nothing behind it.
#[inline]
pub(super) fn scan(payload: &[u8]) -> Option<Scanned<'_>> {
    let mut rest = Rest(payload);
    rest.literal(b"\xac\x63ops")?;
    let ops = ops(&mut rest)?;
    rest.literal(b"\x63rev")?;
    let rev = rest.text()?;
    rest.literal(b"\x63seq")?;
    let seq = rest.number()?;
    rest.literal(b"\x64repo")?;
    let repo = std::str::from_utf8(rest.text()?).ok()?;
    rest.literal(b"\x64time")?;
    let time = rest.text()?;
    rest.literal(b"\x65blobs\x80\x65since")?;
    let since = if rest.null() {
        None
    } else {
        Some(rest.text()?)
    };
    rest.literal(b"\x66blocks")?;
    let blocks = rest.bytes()?;
    rest.literal(b"\x66commit")?;
    let commit = rest.link()?;
    rest.literal(b"\x66rebase\xf4\x66tooBig")?;
    rest.literal(&[FALSE])?;
    rest.literal(b"\x68prevData")?;
    let start = rest.0;
    let length = if rest.null() { 1 } else { rest.link()?.len() };
    (rest.0.is_empty() && is_seq(seq)).then(|| Scanned {
        seq,
        repo,
        time: parse_datetime_bytes(time),
        touches: ops.touches,
        likes: ops.likes,
        reposts: ops.reposts,
        ops: ops.reader,
        rev: Some(rev),
        since,
        commit: Some(commit),
        prev_data: Some(&start[..length]),
        blocks: Some(blocks),
        too_big: false,
    })
}

#[inline]
fn ops<'a>(rest: &mut Rest<'a>) -> Option<ScannedOps<'a>> {
    let mut ops = ScannedOps::starting(Reader::new(rest.0));
    let count = rest.byte()?.checked_sub(0x80).filter(|n| *n < 24)?;
    debug_assert!(u64::from(count) < OPS_MAX);
    for _ in 0..count {
        rest.literal(b"\xa3\x63cid")?;
        if !rest.null() {
            rest.link()?;
        }
        rest.literal(b"\x64path")?;
        let (collection, _) = split_path(rest.text()?);
        rest.literal(b"\x66action\x66")?;
        let action = match rest.0.first_chunk::<6>()? {
            b"create" => Action::Create,
            b"update" => Action::Update,
            b"delete" => Action::Delete,
            _ => return None,
        };
        rest.skip(6)?;
        ops.note(Some(action), collection);
    }
    Some(ops)
}

/// What has not been read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    #[inline]
    fn literal(&mut self, bytes: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(bytes)?;
        Some(())
    }

    #[inline]
    fn skip(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        Some(match self.byte()? {
            0x1b => u64::from_be_bytes(*self.skip(8)?.first_chunk()?),
            0x1a => u32::from_be_bytes(*self.skip(4)?.first_chunk()?).into(),
            0x19 => u16::from_be_bytes(*self.skip(2)?.first_chunk()?).into(),
            0x18 => self.byte()?.into(),
            small @ ..=0x17 => small.into(),
            _ => return None,
        })
    }

    /// Text of up to 255 bytes.
    #[inline]
    fn text(&mut self) -> Option<&'a [u8]> {
        let length = match self.byte()? {
            short @ 0x60..=0x77 => short - 0x60,
            0x78 => self.byte()?,
            _ => return None,
        };
        self.skip(length.into())
    }

    /// Bytes of 256 to 65,535, or of more.
    #[inline]
    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = match self.byte()? {
            0x59 => u16::from_be_bytes(*self.skip(2)?.first_chunk()?).into(),
            0x5a => u32::from_be_bytes(*self.skip(4)?.first_chunk()?),
            _ => return None,
        };
        self.skip(usize::try_from(length).ok()?)
    }

    /// A link, whole; that it is the link of a block is not checked.
    #[inline]
    fn link(&mut self) -> Option<&'a [u8]> {
        if self.0.starts_with(LINK_PREFIX) {
            self.skip(LINK_BYTES)
        } else {
            None
        }
    }

    /// Reads null if it is next.
    #[inline]
    fn null(&mut self) -> bool {
        match self.0.strip_prefix(&[NULL]) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::commit::scan_in_any_order;
    use super::super::scan::{Reader, header};
    use super::scan;

    /// The payloads of commits in the project's recording.
    fn payloads() -> Vec<Vec<u8>> {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/recordings/recording.frames"
        );
        let bytes = std::fs::read(path).unwrap();
        let (mut rest, mut all) = (&bytes[..], Vec::new());
        while let Some((length, more)) = rest.split_first_chunk::<4>() {
            let (frame, more) = more.split_at(u32::from_be_bytes(*length) as usize);
            let mut reader = Reader::new(frame);
            if header(&mut reader).is_ok_and(|header| header.t == Some("#commit")) {
                all.push(reader.rest().to_vec());
            }
            rest = more;
        }
        all
    }

    /// Whatever the lane takes, it reads as the other one does; returns whether it took it.
    fn agrees(payload: &[u8]) -> bool {
        let usual = scan(payload);
        if let Some(usual) = &usual {
            let other = scan_in_any_order(&mut Reader::new(payload));
            let other = other.unwrap_or_else(|kind| panic!("{kind:?}: {payload:x?}"));
            assert_eq!(usual.as_told(), other.as_told());
        }
        usual.is_some()
    }

    #[test]
    fn real_commits_are_usual() {
        let payloads = payloads();
        let taken = payloads.iter().filter(|payload| agrees(payload)).count();
        assert!(
            4 * taken > 3 * payloads.len(),
            "{taken} of {}",
            payloads.len()
        );
    }

    #[test]
    fn what_is_bent_or_cut_is_read_alike_or_not_at_all() {
        let (mut taken, mut left) = (0, 0);
        for payload in payloads().iter().step_by(97).filter(|p| p.len() < 4_000) {
            for at in (0..payload.len()).step_by(3) {
                let mut bent = payload.clone();
                for bit in 0..8 {
                    bent[at] ^= 1 << bit;
                    *(if agrees(&bent) { &mut taken } else { &mut left }) += 1;
                    bent[at] ^= 1 << bit;
                }
                agrees(&payload[..at]);
            }
        }
        assert!(taken > 1_000 && left > 1_000, "{taken} {left}");
    }
}
