//! DID, handle, NSID, record key, TID and CID syntax.

/// Longest DID, in bytes.
pub(crate) const DID_BYTES_MAX: usize = 2_048;
/// Longest handle, in bytes (the longest DNS name).
const HANDLE_BYTES_MAX: usize = 253;
/// Longest NSID, in bytes: a domain of 253, a dot and a name of 63.
const NSID_BYTES_MAX: usize = 317;
/// Longest DNS label, in bytes.
const LABEL_BYTES_MAX: usize = 63;
/// Longest record key, in bytes.
const RECORD_KEY_BYTES_MAX: usize = 512;
/// Length of the identifier part of a `did:plc`, in bytes.
const PLC_BYTES: usize = 24;

/// Says whether `text` is a DID: `did:METHOD:IDENTIFIER`, at most 2,048 bytes.
///
/// Any method is taken; whether Kith can resolve it is another question.
///
/// ```
/// assert!(kith_feeder::syntax::is_did("did:plc:ewvi7nxzyoun6zhxrhs64oiz"));
/// assert!(!kith_feeder::syntax::is_did("alice.example.com"));
/// ```
pub fn is_did(text: &str) -> bool {
    let bytes = text.as_bytes();
    if let Some(id) = bytes.strip_prefix(b"did:plc:")
        && id.len() == PLC_BYTES
        && id.iter().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
    {
        return true;
    }
    is_did_of_any_method(bytes)
}

fn is_did_of_any_method(bytes: &[u8]) -> bool {
    if bytes.len() > DID_BYTES_MAX {
        return false;
    }
    let Some(rest) = bytes.strip_prefix(b"did:") else {
        return false;
    };
    let Some(colon) = rest.iter().position(|&b| b == b':') else {
        return false;
    };
    let (method, id) = (&rest[..colon], &rest[colon + 1..]);
    let allowed =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'%' | b'-');
    !method.is_empty()
        && method.iter().all(u8::is_ascii_lowercase)
        && id.iter().all(allowed)
        && id.last().is_some_and(|last| !matches!(last, b':' | b'%'))
}

/// Says whether `text` is a handle: a DNS name of at least two labels whose last does not
/// begin with a digit. Reserved names (`.local`, `handle.invalid` …) are in the syntax too.
pub fn is_handle(text: &str) -> bool {
    if text.len() > HANDLE_BYTES_MAX {
        return false;
    }
    let mut labels = 0;
    let mut last = "";
    for label in text.split('.') {
        if !is_label(label) {
            return false;
        }
        labels += 1;
        last = label;
    }
    labels >= 2 && last.as_bytes()[0].is_ascii_alphabetic()
}

/// Says whether `text` is a DID or a handle.
pub fn is_at_identifier(text: &str) -> bool {
    if text.starts_with("did:") {
        is_did(text)
    } else {
        is_handle(text)
    }
}

/// Says whether `text` is an NSID: a reversed domain of at least two labels and a name,
/// such as `app.bsky.feed.like`.
pub fn is_nsid(text: &str) -> bool {
    let Some((authority, name)) = text.rsplit_once('.') else {
        return false;
    };
    text.len() <= NSID_BYTES_MAX
        && authority.contains('.')
        && authority.split('.').all(is_label)
        && authority.as_bytes()[0].is_ascii_alphabetic()
        && name.len() <= LABEL_BYTES_MAX
        && name.bytes().all(|b| b.is_ascii_alphanumeric())
        && name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
}

/// One label of a domain name: letters, digits and inner hyphens.
fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    bytes.len() <= LABEL_BYTES_MAX
        && first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b'-')
}

/// Says whether `text` is a record key: 1 to 512 of `A-Z a-z 0-9 . - _ : ~`, not `.` or `..`.
pub fn is_record_key(text: &str) -> bool {
    let allowed =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'~');
    !text.is_empty()
        && text.len() <= RECORD_KEY_BYTES_MAX
        && text != "."
        && text != ".."
        && text.bytes().all(allowed)
}

/// Says whether `text` is a TID: 13 characters of sortable base32, top bit clear.
pub fn is_tid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 13
        && matches!(bytes[0], b'2'..=b'7' | b'a'..=b'j')
        && bytes.iter().all(|b| matches!(b, b'2'..=b'7' | b'a'..=b'z'))
}

/// Says whether `text` looks like a CID in some multibase; version 0 (`Qm…`) does not.
///
/// This is the generic check of the data model's syntax. What Kith works with is the one shape
/// of [`crate::wire::Cid`].
pub fn is_cid(text: &str) -> bool {
    (8..=256).contains(&text.len())
        && !text.starts_with("Qmb")
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'='))
}
