//! The canonical form of an entry: the bytes that its hash is of.
//!
//! Version 1 is one JSON object in UTF-8: `v`, `id`, `previous`, then the fields of [`Draft`] in their order; no white
//! space, what is absent left out. Numbers are whole and unsigned. In strings only `"`, `\` and the characters below
//! U+0020 are escaped: `\b`, `\f`, `\n`, `\r`, `\t`, or `\u00xx` with lower-case digits. `facts` are in the order of
//! their names' bytes. What is not exactly what this module would write is refused.

use lambark_oci::Digest;

use crate::entry::{Draft, Entry};
use crate::limits::MAX_CANONICAL_BYTES;

/// Makes the entry that follows the one with `previous` as its hash.
pub(crate) fn seal(id: u64, previous: Digest, body: Draft) -> Entry {
    let canonical = write(id, &previous, &body);
    Entry { id, previous, hash: Digest::of(&canonical), body, canonical }
}

fn write(id: u64, previous: &Digest, body: &Draft) -> Vec<u8> {
    let mut out = format!("{{\"v\":1,\"id\":{id},\"previous\":\"{previous}\",").into_bytes();
    // Strings, whole numbers and string keys only: nothing of it can fail to become JSON.
    out.extend(serde_json::to_vec(body).unwrap_or_default().into_iter().skip(1));
    out
}

/// Reads a canonical form back.
///
/// # Errors
/// Why the bytes are none, in words that follow "entry N".
pub(crate) fn read(canonical: &[u8]) -> Result<Entry, String> {
    if canonical.len() > MAX_CANONICAL_BYTES {
        return Err(format!("has {} bytes, and no entry has more than {MAX_CANONICAL_BYTES}", canonical.len()));
    }
    let (id, previous, body) = parts(canonical).ok_or("does not begin as an entry of form 1 does")?;
    let body = [b"{", body].concat();
    let body: Draft = serde_json::from_slice(&body).map_err(|error| format!("is not an entry: {error}"))?;
    let entry = seal(id, previous, body);
    if entry.canonical == canonical { Ok(entry) } else { Err("is not in canonical form".to_owned()) }
}

/// Number, hash of the entry before, and what follows.
fn parts(canonical: &[u8]) -> Option<(u64, Digest, &[u8])> {
    let rest = canonical.strip_prefix(b"{\"v\":1,\"id\":")?;
    let (id, rest) = split(rest, b',')?;
    let (previous, rest) = split(rest.strip_prefix(b"\"previous\":\"")?, b'"')?;
    Some((id.parse().ok()?, previous.parse().ok()?, rest.strip_prefix(b",")?))
}

/// The text before `mark`, and what follows it.
fn split(bytes: &[u8], mark: u8) -> Option<(&str, &[u8])> {
    let at = bytes.iter().position(|byte| *byte == mark)?;
    Some((std::str::from_utf8(&bytes[..at]).ok()?, &bytes[at + 1..]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;
    use crate::samples;

    /// The form is public: whoever verified a ledger by hand once can do so for ever.
    #[test]
    fn the_form_stays_as_it_is() {
        let entry = seal(7, Digest::of(b"before"), samples::full());
        assert_eq!(
            String::from_utf8(entry.canonical.clone()).unwrap(),
            concat!(
                r#"{"v":1,"id":7,"previous":"sha256:6db7d803e74f1ffa7d8f5adc0bf95b3e15bf4c8373fffadf546227cc6c6742cb","#,
                r#""time":1764395400123,"who":{"kind":"github","name":"octo"},"verb":"deploy","outcome":"succeeded","#,
                r#""of":6,"service":"backend","function":"backend-prod","alias":"live","#,
                r#""repository":"123456789012.dkr.ecr.us-east-1.amazonaws.com/app","tag":"v2","#,
                r#""digestBefore":"sha256:3bfc269594ef649228e9a74bab00f042efc91d5acc6fbee31a382e80d42388fe","#,
                r#""digestAfter":"sha256:fb04dcb6970e4c3d1873de51fd5a50d7bb46b3383113602665c350ec40b5f990","#,
                r#""versionBefore":"6","versionAfter":"7","verdict":"accepted","rules":"0.1.0","#,
                r#""attestations":["sha256:96d815328a42cb4ef89d5e0b7a1df6be43b484832c83a7b4596d8402c7c0b12b"],"#,
                r#""commit":"0123456789abcdef0123456789abcdef01234567","#,
                r#""runUrl":"https://github.example.com/team/app/actions/runs/7","#,
                r#""reason":"the login answered 502\n\"café\" \\ \u0001","ticket":"OPS-7","approvedBy":"octo-lead","#,
                r#""detail":"up in 3 s","facts":{"revision":"r-1","weight":"0.1"}}"#,
            )
        );
        assert_eq!(read(&entry.canonical).unwrap(), entry);
    }

    proptest! {
        /// Whatever texts hold, they come back, and nothing else has the same form.
        #[test]
        fn any_text_comes_back(reason in any::<String>(), name in any::<String>(), fact in ".*", id in any::<u64>()) {
            let mut body = samples::full();
            body.reason = Some(reason);
            body.facts.insert(name, fact);
            let entry = seal(id, Digest::of(b""), body);
            prop_assert_eq!(read(&entry.canonical), Ok(entry));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in any::<Vec<u8>>(), at in any::<prop::sample::Index>()) {
            let _ = read(&bytes);
            let whole = seal(7, Digest::of(b""), samples::full());
            let mut changed = whole.canonical.clone();
            let at = at.index(changed.len());
            changed.splice(at..at, bytes.iter().copied());
            // Within a text it is another entry, and has another hash.
            if let Ok(entry) = read(&changed) {
                prop_assert_eq!(&entry.canonical, &changed);
                prop_assert_eq!(entry.hash == whole.hash, bytes.is_empty());
            }
        }
    }

    #[test]
    fn only_the_one_form_is_read() {
        let entry = seal(1, Digest::of(b""), samples::full());
        let text = String::from_utf8(entry.canonical).unwrap();
        for (from, to) in [
            ("\"v\":1", "\"v\":2"),
            ("\"id\":1", "\"id\":01"),
            ("\"id\":1", "\"id\":+1"),
            (",\"verb\"", ", \"verb\""),
            ("\"verb\":", "\"verb\":\"x\",\"verb\":"),
            ("\"verb\":", "\"other\":1,\"verb\":"),
            ("\\n", "\\u000a"),
            ("\"time\":1764395400123", "\"time\":1764395400123.0"),
            ("\"time\":1764395400123", "\"time\":-1"),
            ("\"outcome\":\"succeeded\"", "\"outcome\":\"Succeeded\""),
            ("é", "\\u00e9"),
        ] {
            assert!(text.contains(from), "{from} is not in {text}");
            let changed = text.replacen(from, to, 1);
            assert!(read(changed.as_bytes()).is_err(), "{changed}");
        }
        assert!(read(format!("{text}\n").as_bytes()).is_err());
        assert!(read(b"").is_err() && read(b"{\"v\":1,\"id\":").is_err() && read(b"[]").is_err());
        assert!(read(&vec![b' '; MAX_CANONICAL_BYTES + 1]).unwrap_err().starts_with("has "));
    }
}
