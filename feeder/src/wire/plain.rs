//! Likes, reposts and commit blocks as nearly everybody writes them, read by the scanner in a third of
//! the time.
//!
//! It takes less than ciborium does, never more, and sees the same in what it takes: a test holds
//! the two against each other. What it does not take, ciborium judges.

use super::cid::Cid;
use super::record::KEY_BYTES_MAX;
use super::scan::{Reader, TAG_CID, major};

/// Deepest nesting that is followed here.
const DEPTH_MAX: u32 = 8;

/// The `uri` in the `subject` of a record, or `None` for whatever is out of the ordinary.
pub(super) fn subject_uri(block: &[u8]) -> Option<&str> {
    let mut reader = Reader::new(block);
    let uri = field(&mut reader, b"subject", |reader| {
        field(reader, b"uri", text)
    })?;
    reader.rest().is_empty().then_some(uri)
}

/// The `data` of a commit block, or `None` for whatever is out of the ordinary.
pub(super) fn data_of_commit(block: &[u8]) -> Option<Cid> {
    let mut reader = Reader::new(block);
    for _ in 0..reader.expect(major::MAP).ok()? {
        match reader.key().ok()? {
            b"data" => return reader.link().ok(),
            b"did" | b"rev" => drop(reader.key().ok()?),
            b"sig" => drop(reader.bytes().ok()?),
            _ => return None,
        }
    }
    None
}

/// Reads a map with text keys, one field of it by `read`; it must be there, and once.
fn field<'a, T>(
    reader: &mut Reader<'a>,
    name: &[u8],
    read: impl Fn(&mut Reader<'a>) -> Option<T>,
) -> Option<T> {
    let mut value = None;
    for _ in 0..reader.expect(major::MAP).ok()? {
        let key = reader.text().ok()?;
        if key.len() > KEY_BYTES_MAX {
            return None;
        }
        if key.as_bytes() != name {
            step_over(reader, DEPTH_MAX)?;
        } else if value.replace(read(reader)?).is_some() {
            return None;
        }
    }
    value
}

fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a str> {
    reader.text().ok()
}

/// Steps over a value that is well-formed in every part: text is UTF-8, and no reserved heads.
fn step_over(reader: &mut Reader<'_>, depth: u32) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let mut ahead = *reader;
    let head = ahead.head().ok()?;
    match head.major {
        major::TEXT => drop(reader.text().ok()?),
        major::BYTES => drop(reader.bytes().ok()?),
        major::UNSIGNED | major::NEGATIVE => *reader = ahead,
        major::ARRAY => {
            *reader = ahead;
            for _ in 0..head.argument {
                step_over(reader, depth)?;
            }
        }
        major::MAP => {
            *reader = ahead;
            for _ in 0..head.argument {
                step_over(reader, depth)?;
                step_over(reader, depth)?;
            }
        }
        // Of tags those of links, of simple values null, true and false.
        major::TAG if head.argument == TAG_CID => {
            *reader = ahead;
            reader.bytes().ok()?;
        }
        _ if matches!(reader.rest().first(), Some(0xf4..=0xf6)) => *reader = ahead,
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::record::{OfRecord, any_data_of_commit, typed};
    use super::*;
    use ciborium::Value;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let names = ["subject", "uri", "cid", "x", "", "createdAt"];
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            Just(Value::Null),
            ".{0,8}".prop_map(Value::from),
            prop::sample::select(names.to_vec()).prop_map(Value::from),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, move |inner| {
            let key = prop::sample::select(names.to_vec());
            let key = prop_oneof![4 => key.prop_map(Value::from), 1 => inner.clone()];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((key, inner.clone()), 0..5).prop_map(Value::from),
                (0..50u64, inner).prop_map(|(tag, inner)| Value::Tag(tag, Box::new(inner))),
            ]
        })
    }

    /// A like, with fields of any kind around and within its subject.
    fn like() -> impl Strategy<Value = Vec<u8>> {
        let field = || prop::collection::vec(("[a-z]{0,9}", any_value()), 0..4);
        (field(), field(), "[ -~]{0,90}").prop_map(|(outer, inner, uri)| {
            let map = |fields: Vec<(String, Value)>, name: &str, value: Value| {
                let fields = fields.into_iter().map(|(name, value)| (name.into(), value));
                Value::Map(fields.chain([(name.into(), value)]).collect())
            };
            let subject = map(inner, "uri", uri.into());
            let mut bytes = Vec::new();
            ciborium::into_writer(&map(outer, "subject", subject), &mut bytes)
                .expect("a vector takes all");
            bytes
        })
    }

    fn agree(block: &[u8]) -> Result<bool, TestCaseError> {
        let Some(uri) = subject_uri(block) else {
            return Ok(false);
        };
        let read = typed::<OfRecord>(block).map(|record| record.subject.uri);
        prop_assert_eq!(read.as_deref(), Ok(uri), "{:02x?}", block);
        Ok(true)
    }

    #[test]
    fn an_ordinary_like_is_taken() {
        let like =
            b"\xa3\x65$type\x61x\x67subject\xa2\x63cid\x61y\x63uri\x66at://z\x69createdAt\x60";
        assert_eq!(subject_uri(like), Some("at://z"));
    }

    /// A commit block, with fields of any kind among its own.
    fn commit() -> impl Strategy<Value = Vec<u8>> {
        let names = ["did", "rev", "sig", "data", "prev", "version", "x"];
        let link = |byte: u8| {
            let cid = [&[0, 1, 0x71, 0x12, 0x20][..], &[byte; 32]].concat();
            Value::Tag(42, Box::new(cid.into()))
        };
        let fields = (".{0,40}", "[a-z2-7]{13}", any::<[u8; 16]>(), any::<u8>());
        let odd = (prop::sample::select(names.to_vec()), any_value());
        let odd = prop::collection::vec((odd, any::<prop::sample::Index>()), 0..2);
        (fields, odd).prop_map(move |((did, rev, sig, byte), odd)| {
            let mut map: Vec<(Value, Value)> = vec![
                ("did".into(), did.into()),
                ("rev".into(), rev.into()),
                ("sig".into(), sig.to_vec().into()),
                ("data".into(), link(byte)),
                ("prev".into(), Value::Null),
            ];
            for ((name, value), at) in odd {
                map.insert(at.index(map.len() + 1), (name.into(), value));
            }
            let mut bytes = Vec::new();
            ciborium::into_writer(&Value::Map(map), &mut bytes).expect("a vector takes all");
            bytes
        })
    }

    fn agree_on_data(block: &[u8]) -> Result<bool, TestCaseError> {
        let Some(data) = data_of_commit(block) else {
            return Ok(false);
        };
        let read = any_data_of_commit(block);
        prop_assert_eq!(read, Some(data), "{:02x?}", block);
        Ok(true)
    }

    /// Each tag may be a level of nesting for who follows them one into the other.
    #[test]
    fn a_million_tags_in_a_row_are_stepped_over() {
        let link = [&b"\xd8\x2a\x58\x25\0\x01\x71\x12\x20"[..], &[7; 32]].concat();
        let tags = vec![0xc1; 1_000_000];
        let block = [&b"\xa2ax"[..], &tags, b"\0ddata", &link].concat();
        assert!(any_data_of_commit(&block).is_some());
    }

    #[test]
    fn an_ordinary_commit_is_taken() {
        let link = [&b"\xd8\x2a\x58\x25\0\x01\x71\x12\x20"[..], &[7; 32]].concat();
        let head = b"\xa6cdidadcrevarcsigAsddata";
        let tail = b"dprev\xf6gversion\x03";
        let block = [&head[..], &link, tail].concat();
        assert!(agree_on_data(&block).expect("they agree"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn what_is_taken_is_what_ciborium_reads(
            block in like(), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3)
        ) {
            agree(&block)?;
            let mut bent = block;
            for (at, byte) in flips {
                let at = at.index(bent.len());
                bent[at] = byte;
            }
            agree(&bent)?;
        }

        #[test]
        fn what_is_taken_of_commits_is_what_ciborium_reads(
            block in commit(), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3)
        ) {
            agree_on_data(&block)?;
            let mut bent = block;
            for (at, byte) in flips {
                let at = at.index(bent.len());
                bent[at] = byte;
            }
            agree_on_data(&bent)?;
        }
    }
}
