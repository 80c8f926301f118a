//! Names from a command line, and headers from a server.

use lambark_oci::{EcrHost, ImageName, Reference};
use lambark_registry::auth::challenge::{MAX_CHALLENGE_BYTES, parse_challenges};

/// A reference that is printed is the same reference when it is read again.
///
/// # Panics
///
/// When it is not.
pub fn reference(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(reference) = text.parse::<Reference>() {
        let printed = reference.to_string();
        assert_eq!(printed.parse::<Reference>().as_ref(), Ok(&reference), "{printed}");
        assert!(!reference.host().is_empty() && !reference.repository().is_empty());
        let prefixed = ImageName::parse(&format!("docker://{printed}"), |_| false);
        assert_eq!(prefixed, Ok(ImageName::Registry(reference)));
    }
    for exists in [true, false] {
        // Whatever the name is, reading it answers.
        let _ = ImageName::parse(text, |_| exists);
    }
    let _ = EcrHost::parse(text);
}

/// A `WWW-Authenticate` value never fails, and never grows into more than it was.
///
/// # Panics
///
/// When it does.
pub fn challenge(data: &[u8]) {
    let header = String::from_utf8_lossy(data);
    let challenges = parse_challenges(&header);
    let parameters = || challenges.iter().flat_map(|challenge| &challenge.parameters);
    let kept: usize = challenges.iter().map(|challenge| challenge.scheme.len()).sum::<usize>()
        + parameters().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    assert!(kept <= header.len(), "{kept} bytes out of {}", header.len());
    assert!(challenges.is_empty() || header.len() <= MAX_CHALLENGE_BYTES);
    for challenge in &challenges {
        assert!(!challenge.scheme.is_empty());
        assert!(!challenge.scheme.contains(|c: char| c.is_ascii_uppercase() || c.is_whitespace()));
    }
    assert!(parameters().all(|(name, _)| !name.contains(|c: char| c.is_ascii_uppercase())));
}
