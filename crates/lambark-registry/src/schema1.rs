//! Docker schema 1, signed: its digest is not that of its bytes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambark_oci::Digest;
use serde::Deserialize;

#[derive(Deserialize)]
struct Signed {
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    protected: String,
}

/// How to get back what was signed: the first bytes of the document, and a tail that the signatures took the place of.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Protected {
    format_length: usize,
    format_tail: String,
}

/// The digest by which registries name a signed manifest of schema 1: that of what was signed. `None` if `bytes` are
/// no such thing.
pub(crate) fn signed_digest(bytes: &[u8]) -> Option<Digest> {
    let signed: Signed = serde_json::from_slice(bytes).ok()?;
    let protected = URL_SAFE_NO_PAD.decode(&signed.signatures.first()?.protected).ok()?;
    let protected: Protected = serde_json::from_slice(&protected).ok()?;
    let mut payload = bytes.get(..protected.format_length)?.to_vec();
    payload.extend(URL_SAFE_NO_PAD.decode(&protected.format_tail).ok()?);
    Some(Digest::of(&payload))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const PAYLOAD: &str = "{\n   \"schemaVersion\": 1,\n   \"name\": \"app\",\n   \"fsLayers\": []\n}";

    fn signed(protected: &str) -> String {
        let body = PAYLOAD.strip_suffix("\n}").unwrap();
        let protected = URL_SAFE_NO_PAD.encode(protected);
        format!("{body},\n   \"signatures\": [{{\"protected\": \"{protected}\"}}]\n}}")
    }

    #[test]
    fn the_digest_is_of_what_was_signed() {
        let (length, tail) = (PAYLOAD.len() - 2, URL_SAFE_NO_PAD.encode("\n}"));
        let document = signed(&format!(r#"{{"formatLength":{length},"formatTail":"{tail}","time":"x"}}"#));
        assert_eq!(signed_digest(document.as_bytes()), Some(Digest::of(PAYLOAD.as_bytes())));
        assert_ne!(signed_digest(document.as_bytes()), Some(Digest::of(document.as_bytes())));
    }

    #[test]
    fn anything_else_is_none() {
        for protected in
            ["", "{}", r#"{"formatLength":999999,"formatTail":""}"#, r#"{"formatLength":1,"formatTail":"*"}"#]
        {
            assert_eq!(signed_digest(signed(protected).as_bytes()), None, "{protected}");
        }
        for other in ["", "{}", r#"{"signatures":[]}"#, PAYLOAD] {
            assert_eq!(signed_digest(other.as_bytes()), None, "{other}");
        }
    }
}
