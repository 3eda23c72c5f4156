//! Public keys of accounts, and the signatures that they verify.

use k256::ecdsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest as _, Sha256};

/// Longest text of a key: a `did:key` of either curve has 57 characters.
const KEY_CHARS_MAX: usize = 100;
/// Multicodec prefix of a compressed point on secp256k1.
const K256: [u8; 2] = [0xe7, 0x01];
/// Multicodec prefix of a compressed point on P-256.
const P256: [u8; 2] = [0x80, 0x24];

/// The public key with which an account's commits are verified, on either of the two curves.
///
/// ```
/// use kith_feeder::verify::SigningKey;
///
/// let text = "zQ3shrc8v5X6ZiANcZxA6JerfT2T4SskeCGxpmtDfMuHF9KRj";
/// let key = SigningKey::from_did_key(text).unwrap();
/// assert_eq!(SigningKey::from_did_key(&format!("did:key:{text}")), Ok(key));
/// ```
///
/// Source: <https://atproto.com/specs/cryptography>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey(Curve);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Curve {
    K256(k256::ecdsa::VerifyingKey),
    P256(p256::ecdsa::VerifyingKey),
}

/// The text is no public key on a curve that accounts may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a public key on secp256k1 or P-256")]
pub struct BadKey;

/// The signature is not the key's, not 64 bytes long, or not in its low-S form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not the key's")]
pub struct BadSignature;

impl SigningKey {
    /// Reads a key as multibase text (`zQ3sh…`, `zDn…`), as
    /// [`crate::identity::DidDocument::signing_key`] has it, or as a `did:key:` of that text.
    pub fn from_did_key(text: &str) -> Result<Self, BadKey> {
        let text = text.strip_prefix("did:key:").unwrap_or(text);
        if text.len() > KEY_CHARS_MAX || !text.starts_with('z') {
            return Err(BadKey);
        }
        let (_, bytes) = multibase::decode(text).map_err(|_| BadKey)?;
        let (codec, point) = bytes.split_first_chunk().ok_or(BadKey)?;
        // Compressed points only, so that there is one text for each key.
        if point.len() != 33 || !matches!(point[0], 2 | 3) {
            return Err(BadKey);
        }
        let curve = match *codec {
            K256 => k256::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Curve::K256),
            P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Curve::P256),
            _ => return Err(BadKey),
        };
        curve.map(Self).map_err(|_| BadKey)
    }

    /// Checks a signature of `message`: r and s, 64 bytes, s in the lower half of its range.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let digest = Sha256::digest(message);
        match &self.0 {
            Curve::K256(key) => {
                let signature = k256::ecdsa::Signature::from_slice(signature);
                let signature = signature.map_err(|_| BadSignature)?;
                if signature.normalize_s() != signature {
                    return Err(BadSignature);
                }
                key.verify_prehash(&digest, &signature)
            }
            Curve::P256(key) => {
                let signature = p256::ecdsa::Signature::from_slice(signature);
                let signature = signature.map_err(|_| BadSignature)?;
                if signature.normalize_s() != signature {
                    return Err(BadSignature);
                }
                key.verify_prehash(&digest, &signature)
            }
        }
        .map_err(|_| BadSignature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_texts_are_no_keys() {
        let good = "zQ3shrc8v5X6ZiANcZxA6JerfT2T4SskeCGxpmtDfMuHF9KRj";
        SigningKey::from_did_key(good).expect("valid");
        let base58 = |bytes: &[u8]| multibase::encode(multibase::Base::Base58Btc, bytes);
        let (_, bytes) = multibase::decode(good).expect("valid");
        let of_codec = |codec: [u8; 2]| base58(&[&codec, &bytes[2..]].concat());
        for text in [
            String::new(),
            "did:key:".to_owned(),
            "z".to_owned(),
            good[1..].to_owned(),
            format!("did:key:did:key:{good}"),
            multibase::encode(multibase::Base::Base64, &bytes),
            format!("z{}", "1".repeat(1_000_000)),
            // Ed25519, a bare point, a point too long, one without its y, one not on its curve.
            of_codec([0xed, 0x01]),
            base58(&bytes[2..]),
            base58(&[&bytes[..], &[0]].concat()),
            base58(&[&K256[..], &[5], &bytes[3..]].concat()),
            base58(&[&K256[..], &[2], &[0xff; 32]].concat()),
        ] {
            let got = SigningKey::from_did_key(&text);
            assert_eq!(got, Err(BadKey), "{}", &text[..text.len().min(80)]);
        }
    }
}
