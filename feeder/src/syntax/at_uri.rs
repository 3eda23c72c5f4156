//! AT-URIs, and the subjects of likes and reposts.

use super::{is_at_identifier, is_did, is_nsid, is_record_key};

/// Longest AT-URI, in bytes.
pub(crate) const AT_URI_BYTES_MAX: usize = 8_192;

/// What a like or repost points at: one record of one repo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PostRef<'a> {
    /// The author's DID; never a handle.
    pub did: &'a str,
    /// The record's collection, an NSID. Whether it is `app.bsky.feed.post` is the caller's to ask.
    pub collection: &'a str,
    /// The record's key.
    pub rkey: &'a str,
}

/// Why a subject does not name a record of a repo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSubject {
    /// The text does not begin with `at://`, or is too long.
    #[error("the subject is not an at:// uri")]
    NotAtUri,
    /// There are not exactly three parts after `at://`.
    #[error("the subject is not at://DID/collection/rkey")]
    NotARecord,
    /// The authority is not a DID: a handle, or nothing of the kind.
    #[error("the subject's authority is not a DID")]
    AuthorityNotADid,
    /// The collection is not an NSID.
    #[error("the subject's collection is not an NSID")]
    BadCollection,
    /// The record key is not in the syntax.
    #[error("the subject's record key is not valid")]
    BadRecordKey,
}

/// Reads the subject of a like or repost, which must be `at://DID/collection/rkey`.
///
/// A handle as authority is an error: handles change hands, so such a subject does not say
/// whose record it is. Query and fragment are not allowed.
pub fn parse_subject(uri: &str) -> Result<PostRef<'_>, BadSubject> {
    let rest = uri.strip_prefix("at://").ok_or(BadSubject::NotAtUri)?;
    if uri.len() > AT_URI_BYTES_MAX {
        return Err(BadSubject::NotAtUri);
    }
    let (did, path) = rest.split_once('/').ok_or(BadSubject::NotARecord)?;
    let (collection, rkey) = path.split_once('/').ok_or(BadSubject::NotARecord)?;
    if !is_did(did) {
        return Err(BadSubject::AuthorityNotADid);
    }
    if !is_nsid(collection) {
        return Err(BadSubject::BadCollection);
    }
    if !is_record_key(rkey) {
        return Err(BadSubject::BadRecordKey);
    }
    Ok(PostRef {
        did,
        collection,
        rkey,
    })
}

/// Says whether `text` is an AT-URI as lexicons allow it: authority, then optionally a
/// collection, then optionally a record key; no query, no fragment, no trailing slash.
pub fn is_at_uri(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("at://") else {
        return false;
    };
    let mut parts = rest.split('/');
    text.len() <= AT_URI_BYTES_MAX
        && parts.next().is_some_and(is_at_identifier)
        && parts.next().is_none_or(is_nsid)
        && parts.next().is_none_or(is_record_key)
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_name_a_record_by_did() {
        let did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz";
        let check = |uri: &str, expect: Result<(&str, &str, &str), BadSubject>| {
            let got = parse_subject(uri).map(|r| (r.did, r.collection, r.rkey));
            assert_eq!(got, expect, "{uri}");
        };
        let good = format!("at://{did}/app.bsky.feed.post/3k");
        check(&good, Ok((did, "app.bsky.feed.post", "3k")));
        check(
            "at://did:web:a.example/x.y.z/self",
            Ok(("did:web:a.example", "x.y.z", "self")),
        );
        check("", Err(BadSubject::NotAtUri));
        check("https://bsky.app/profile/a", Err(BadSubject::NotAtUri));
        check(
            "at://a.example/app.bsky.feed.post/3k",
            Err(BadSubject::AuthorityNotADid),
        );
        check(&format!("at://{did}"), Err(BadSubject::NotARecord));
        check(
            &format!("at://{did}/app.bsky.feed.post"),
            Err(BadSubject::NotARecord),
        );
        check(
            &format!("at://{did}/app.bsky.feed.post/"),
            Err(BadSubject::BadRecordKey),
        );
        check(
            &format!("at://{did}/app.bsky.feed.post/3k/x"),
            Err(BadSubject::BadRecordKey),
        );
        check(
            &format!("at://{did}/app.bsky.feed.post/3k#x"),
            Err(BadSubject::BadRecordKey),
        );
        check(
            &format!("at://{did}/app.bsky.feed.post/3k\0"),
            Err(BadSubject::BadRecordKey),
        );
        check(
            &format!("at://{did}/post/3k"),
            Err(BadSubject::BadCollection),
        );
        check(
            "at://did:plc:/app.bsky.feed.post/3k",
            Err(BadSubject::AuthorityNotADid),
        );
    }
}
