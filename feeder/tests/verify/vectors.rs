//! The community's vectors for keys and signatures, and commits of the production firehose of
//! 2025, when it did not say `prevData` yet.

use crate::dagjson::value_of;
use crate::data::shared;
use crate::frames::frame;
use kith_feeder::identity::DidDocument;
use kith_feeder::verify::{self, Level, SigningKey, Verified, VerifyError};
use serde_json::{Value, json};

fn read(path: &str) -> Option<Value> {
    let text = std::fs::read_to_string(shared(path)?).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[test]
fn signatures_are_judged_as_the_vectors_say() {
    let Some(cases) = read("interop/crypto/signature-fixtures.json") else {
        return;
    };
    let mut outcomes = [0, 0];
    for case in cases.as_array().unwrap() {
        let base64 = |name| multibase::Base::Base64.decode(text(case, name)).unwrap();
        let key = SigningKey::from_did_key(text(case, "publicKeyDid")).unwrap();
        // The same key in the older shape of a DID document.
        let did = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa";
        let document = json!({"id": did, "verificationMethod": [{
            "id": "#atproto",
            "type": text(case, "didDocSuite"),
            "publicKeyMultibase": text(case, "publicKeyMultibase"),
        }]});
        let document = DidDocument::parse(did, document.to_string().as_bytes()).unwrap();
        let of_document = document.signing_key.unwrap();
        assert_eq!(SigningKey::from_did_key(&of_document).as_ref(), Ok(&key));
        assert_eq!(format!("did:key:{of_document}"), text(case, "publicKeyDid"));
        let valid = case["validSignature"].as_bool().unwrap();
        let outcome = key.verify(&base64("messageBase64"), &base64("signatureBase64"));
        assert_eq!(outcome.is_ok(), valid, "{}", text(case, "comment"));
        assert!(key.verify(b"another", &base64("signatureBase64")).is_err());
        outcomes[usize::from(valid)] += 1;
    }
    assert_eq!(outcomes, [4, 2], "on both curves: low-S, high-S and DER");
}

#[test]
fn signatures_of_another_length_are_refused() {
    let key = SigningKey::from_did_key(&crate::model::public()).unwrap();
    for length in (0..=200).filter(|&length| length != 64) {
        assert!(key.verify(b"message", &vec![1; length]).is_err());
    }
    for sig in [[0; 64], [0xff; 64]] {
        assert!(key.verify(b"message", &sig).is_err());
    }
}

#[test]
fn public_keys_are_written_as_the_vectors_say() {
    let k256 = |secret: &[u8]| {
        let key = k256::ecdsa::SigningKey::from_slice(secret).unwrap();
        let point = key.verifying_key().to_sec1_point(true);
        [&[0xe7, 0x01], point.as_bytes()].concat()
    };
    let p256 = |secret: &[u8]| {
        let key = p256::ecdsa::SigningKey::from_slice(secret).unwrap();
        let point = key.verifying_key().to_sec1_point(true);
        [&[0x80, 0x24], point.as_bytes()].concat()
    };
    let Some(first_curve) = read("interop/crypto/w3c_didkey_K256.json") else {
        return;
    };
    let second_curve = read("interop/crypto/w3c_didkey_P256.json").unwrap();
    let check = |case: &Value, public: Vec<u8>| {
        let written = multibase::encode(multibase::Base::Base58Btc, public);
        let said = text(case, "publicDidKey");
        assert_eq!(said, format!("did:key:{written}"));
        assert_eq!(
            SigningKey::from_did_key(said),
            SigningKey::from_did_key(&written)
        );
        SigningKey::from_did_key(said).unwrap();
    };
    for case in first_curve.as_array().unwrap() {
        let secret = multibase::Base::Base16Lower.decode(text(case, "privateKeyBytesHex"));
        check(case, k256(&secret.unwrap()));
    }
    for case in second_curve.as_array().unwrap() {
        let secret = multibase::Base::Base58Btc.decode(text(case, "privateKeyBytesBase58"));
        check(case, p256(&secret.unwrap()));
    }
}

#[test]
fn documents_of_three_shapes_have_their_keys() {
    let Some(folder) = shared("interop/indigo") else {
        return;
    };
    let key = |name: &str, did: &str| {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let document = DidDocument::parse(did, &bytes).unwrap();
        let key = document.signing_key?;
        Some(SigningKey::from_did_key(&key).unwrap())
    };
    let plc = "did:plc:ewvi7nxzyoun6zhxrhs64oiz";
    let modern = key("did_plc_doc.json", plc);
    assert!(modern.is_some());
    assert_eq!(key("did_plc_doc_legacy.json", plc), modern);
    assert_eq!(
        key("did_web_doc.json", "did:web:discover.bsky.social"),
        None
    );
}

#[test]
fn commits_without_prev_data_are_checked_as_far_as_they_go() {
    for number in ["4621317030", "4621317332", "4621332152", "4623075231"] {
        let path = format!("interop/indigo/firehose_commit_{number}.json");
        let Some(json) = read(&path) else { return };
        let whole = frame("#commit", &value_of(&json));
        let none = Verified {
            signature: false,
            inverted: false,
        };
        assert_eq!(
            verify::commit(&whole, None, Level::Full),
            Ok(none),
            "{number}"
        );
        let wrong = SigningKey::from_did_key(&crate::model::public()).unwrap();
        let outcome = verify::commit(&whole, Some(&wrong), Level::Full);
        assert_eq!(outcome, Err(VerifyError::BadSignature), "{number}");
        // What it can say of the ops, it does.
        let mut bent = json.clone();
        bent["ops"][0]["path"] = "app.bsky.feed.like/3k".into();
        let bent = frame("#commit", &value_of(&bent));
        let outcome = verify::commit(&bent, None, Level::Full);
        assert_eq!(outcome, Err(VerifyError::OpMismatch), "{number}");
        let unlooked = verify::commit(&bent, None, Level::Signature);
        assert_eq!(unlooked, Ok(none), "{number}");
    }
}
