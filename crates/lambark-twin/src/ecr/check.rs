//! What ECR's parameters may be, and its words on those that are not.

use lambark_oci::Digest;

use super::refusal::Refusal;

/// Longest tag that ECR takes.
const MAX_TAG: usize = 300;

/// 2 to 256 characters of the grammar that ECR prints in its refusal.
pub(super) fn repository_name(name: &str) -> Result<(), Refusal> {
    length("repositoryName", name.len(), 2, 256)?;
    let part = |part: &str| {
        let mut last = b'-';
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        for byte in part.bytes() {
            let separates = matches!(byte, b'.' | b'_' | b'-');
            // Dashes may follow each other, and two underscores; nothing else.
            let doubled = matches!((last, byte), (b'-', b'-') | (b'_', b'_'));
            if !word(byte) && !(separates && (word(last) || doubled)) {
                return false;
            }
            last = byte;
        }
        word(last) && part.bytes().next().is_some_and(word) && !part.contains("___")
    };
    if name.split('/').all(part) {
        return Ok(());
    }
    let grammar = "must satisfy regular expression \
                   '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'";
    Err(Refusal::parameter("repositoryName", grammar))
}

/// How many members or characters there may be.
pub(super) fn length(name: &str, length: usize, least: usize, most: usize) -> Result<(), Refusal> {
    if length < least {
        let constraint = format!("Member must have length greater than or equal to {least}");
        return Err(Refusal::parameter(name, &constraint));
    }
    if length > most {
        let constraint = format!("Member must have length less than or equal to {most}");
        return Err(Refusal::parameter(name, &constraint));
    }
    Ok(())
}

/// One of several words.
pub(super) fn one_of(name: &str, value: &str, words: &[&str]) -> Result<(), Refusal> {
    if words.contains(&value) {
        return Ok(());
    }
    Err(Refusal::parameter(name, &format!("Member must satisfy enum value set: [{}]", words.join(", "))))
}

/// Whether a text can be a tag.
pub(crate) fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut bytes = text.bytes();
    text.len() <= MAX_TAG && bytes.next().is_some_and(word) && bytes.all(|b| word(b) || b == b'.' || b == b'-')
}

/// A digest of ECR's own kind.
pub(super) fn digest(name: &str, text: &str) -> Result<Digest, Refusal> {
    let constraint = "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'";
    text.parse().map_err(|_| Refusal::parameter(name, constraint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_names() {
        for good in ["ab", "team/app", "a.b-c_d/e__f/g--h", "0/1"] {
            assert!(repository_name(good).is_ok(), "{good}");
        }
        let long = "a".repeat(257);
        for bad in
            ["a", "", "Team/app", "a//b", "/ab", "ab/", "a..b", "a._b", "a___b", "-ab", "ab-", "a b", "ä1", &long]
        {
            assert!(repository_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tags() {
        for good in ["latest", "1.2-rc_3", "_x", &"t".repeat(300)] {
            assert!(is_tag(good), "{good}");
        }
        for bad in ["", ".x", "-x", "a b", "a:b", "a/b", &"t".repeat(301)] {
            assert!(!is_tag(bad), "{bad}");
        }
    }
}
