//! What Kith needs of a DID document, from both shapes in use.

use serde_json::Value;
use url::Url;

use crate::syntax::is_handle;

/// Longest PDS URL kept: a host name (253) with scheme and port.
const PDS_URL_CHARS_MAX: usize = 300;

/// The parts of a DID document that matter here. What is missing or unreadable is `None`:
/// only a document that is not JSON, or another account's, is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DidDocument {
    /// The DID the document is about.
    pub did: String,
    /// The handle it claims, lower case: the first `at://` in `alsoKnownAs`. A claim only, until
    /// the handle is seen to point back.
    pub handle: Option<String>,
    /// Base URL of its PDS (scheme, host, port), the service `#atproto_pds`. Unchecked: it may
    /// name any address.
    pub pds: Option<String>,
    /// The key that signs its commits, as multikey text (`zQ3sh…`, `zDn…`).
    pub signing_key: Option<String>,
}

/// Why bytes are not the document of a DID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON, or nested too deeply.
    #[error("it is not json")]
    NotJson,
    /// Its `id` is missing or another DID.
    #[error("its id is not the did asked for")]
    OtherId,
}

impl DidDocument {
    /// Reads the document of `did`.
    ///
    /// Both the older shape (`EcdsaSecp256k1VerificationKey2019`, ids like `#atproto`) and the
    /// newer one (`Multikey`, ids with the DID in front) are understood.
    pub fn parse(did: &str, bytes: &[u8]) -> Result<DidDocument, DocumentError> {
        let document: Value = serde_json::from_slice(bytes).map_err(|_| DocumentError::NotJson)?;
        if document["id"].as_str() != Some(did) {
            return Err(DocumentError::OtherId);
        }
        Ok(DidDocument {
            did: did.to_owned(),
            handle: handle(&document),
            pds: entry(&document["service"], did, "#atproto_pds").and_then(pds),
            signing_key: entry(&document["verificationMethod"], did, "#atproto")
                .and_then(signing_key),
        })
    }
}

/// The handle in its usual form, if the text is one.
pub(super) fn normal_handle(text: &str) -> Option<String> {
    is_handle(text).then(|| text.to_ascii_lowercase())
}

fn handle(document: &Value) -> Option<String> {
    let names = document["alsoKnownAs"].as_array()?;
    let first = names
        .iter()
        .find_map(|name| name.as_str()?.strip_prefix("at://"))?;
    normal_handle(first)
}

/// The first entry of a list with this id, as a fragment or in full.
fn entry<'a>(list: &'a Value, did: &str, fragment: &str) -> Option<&'a Value> {
    list.as_array()?.iter().find(|entry| {
        entry["id"]
            .as_str()
            .is_some_and(|id| id.strip_prefix(did).unwrap_or(id) == fragment)
    })
}

fn pds(service: &Value) -> Option<String> {
    if service["type"].as_str() != Some("AtprotoPersonalDataServer") {
        return None;
    }
    let url = Url::parse(service["serviceEndpoint"].as_str()?).ok()?;
    let plain = matches!(url.scheme(), "https" | "http")
        && url.username().is_empty()
        && url.password().is_none();
    let origin = url.origin().ascii_serialization();
    (plain && origin.len() <= PDS_URL_CHARS_MAX).then_some(origin)
}

fn signing_key(method: &Value) -> Option<String> {
    let text = method["publicKeyMultibase"]
        .as_str()
        .filter(|text| text.len() <= 200 && text.bytes().all(|byte| byte.is_ascii_graphic()))?;
    match method["type"].as_str()? {
        "Multikey" => Some(text.to_owned()),
        "EcdsaSecp256k1VerificationKey2019" => multikey([0xe7, 0x01], text),
        "EcdsaSecp256r1VerificationKey2019" => multikey([0x80, 0x24], text),
        _ => None,
    }
}

/// Multikey text of a bare public key: codec, then the compressed point, in base58.
fn multikey(codec: [u8; 2], text: &str) -> Option<String> {
    let (_, point) = multibase::decode(text).ok()?;
    let mut key = codec.to_vec();
    match (point.as_slice(), point.first()?) {
        (compressed, 2 | 3) if compressed.len() == 33 => key.extend_from_slice(compressed),
        (uncompressed, 4) if uncompressed.len() == 65 => {
            // x, and whether y is odd.
            key.push(2 + (uncompressed[64] & 1));
            key.extend_from_slice(&uncompressed[1..33]);
        }
        _ => return None,
    }
    Some(multibase::encode(multibase::Base::Base58Btc, key))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const DID: &str = "did:plc:sxmei4ym4fsfdyeu4nxhimby";

    fn parse(document: &Value) -> DidDocument {
        DidDocument::parse(DID, document.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_first_handle_is_taken() {
        let with = |names: Value| parse(&json!({"id": DID, "alsoKnownAs": names})).handle;
        assert_eq!(
            with(json!([
                7,
                "https://x.example",
                "at://Alice.Example.com",
                "at://b.example.com"
            ])),
            Some("alice.example.com".to_owned())
        );
        assert_eq!(
            with(json!(["at://not a handle", "at://b.example.com"])),
            None
        );
        assert_eq!(with(json!([])), None);
        assert_eq!(with(json!("at://b.example.com")), None);
    }

    #[test]
    fn the_pds_is_an_origin() {
        let with = |id: &str, kind: &str, endpoint: Value| {
            let service = json!([{"id": id, "type": kind, "serviceEndpoint": endpoint}]);
            parse(&json!({"id": DID, "service": service})).pds
        };
        let kind = "AtprotoPersonalDataServer";
        let url = json!("https://PDS.example/");
        assert_eq!(
            with("#atproto_pds", kind, url.clone()).unwrap(),
            "https://pds.example"
        );
        let full = format!("{DID}#atproto_pds");
        assert_eq!(
            with(&full, kind, url.clone()).unwrap(),
            "https://pds.example"
        );
        assert_eq!(
            with("#atproto_pds", kind, json!("http://localhost:2583/x?y#z")).unwrap(),
            "http://localhost:2583"
        );
        assert_eq!(with("#atproto_labeler", kind, url.clone()), None);
        assert_eq!(with("did:plc:other#atproto_pds", kind, url.clone()), None);
        assert_eq!(with("#atproto_pds", "AtprotoLabeler", url), None);
        for bad in [
            json!("file:///etc/passwd"),
            json!("https://user:secret@pds.example"),
            json!("pds.example"),
            json!(["https://pds.example"]),
            json!(format!("https://{}.example", "a.".repeat(400))),
        ] {
            assert_eq!(with("#atproto_pds", kind, bad.clone()), None, "{bad}");
        }
    }

    #[test]
    fn a_key_is_plain_text() {
        let key = |text: &str| {
            let method = json!({"id": "#atproto", "type": "Multikey", "publicKeyMultibase": text});
            parse(&json!({"id": DID, "verificationMethod": [method]})).signing_key
        };
        assert_eq!(key("zQ3sh"), Some("zQ3sh".to_owned()));
        assert_eq!(
            [key("z\0"), key("z é"), key("")],
            [None, None, Some(String::new())]
        );
    }

    #[test]
    fn a_document_of_another_account_is_refused() {
        let other = json!({"id": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"}).to_string();
        assert_eq!(
            DidDocument::parse(DID, other.as_bytes()),
            Err(DocumentError::OtherId)
        );
        assert_eq!(DidDocument::parse(DID, b"{}"), Err(DocumentError::OtherId));
        assert_eq!(
            DidDocument::parse(DID, b"<html>"),
            Err(DocumentError::NotJson)
        );
        assert_eq!(DidDocument::parse(DID, b""), Err(DocumentError::NotJson));
        let deep = "[".repeat(100_000);
        assert_eq!(
            DidDocument::parse(DID, deep.as_bytes()),
            Err(DocumentError::NotJson)
        );
    }

    /// Any JSON, with the names that documents use at every level.
    fn json_like_documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::from),
            prop::sample::select(vec![
                DID,
                "#atproto",
                "#atproto_pds",
                "AtprotoPersonalDataServer",
                "Multikey",
                "EcdsaSecp256k1VerificationKey2019",
                "at://a.example.com",
                "at://",
                "z",
                "",
                "zSNpiLo3SnhVCs6UMX9Ju8QTUvEW9rGJsHUNMvefgAMNC",
                "https://pds.example",
            ])
            .prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            let name = prop::sample::select(vec![
                "id",
                "type",
                "alsoKnownAs",
                "service",
                "serviceEndpoint",
                "verificationMethod",
                "publicKeyMultibase",
                "x",
            ]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(name, inner, 0..6)
                    .prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = DidDocument::parse(DID, &bytes);
        }

        #[test]
        fn any_json_never_panics(document in json_like_documents()) {
            let mut document = document;
            if let Some(map) = document.as_object_mut() {
                map.insert("id".to_owned(), DID.into());
            }
            if let Ok(read) = DidDocument::parse(DID, document.to_string().as_bytes()) {
                prop_assert_eq!(read.did, DID);
                prop_assert!(read.pds.is_none_or(|pds| pds.starts_with("http")));
            }
        }

        #[test]
        fn any_key_text_never_panics(text in "[zmbfuZ]?[1-9A-Za-z]{0,120}") {
            let _ = multikey([0xe7, 0x01], &text);
        }
    }
}
