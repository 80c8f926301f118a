//! Paths: from the bytes in a header to the form that facts have.

/// Less `./` and `/` in front, doubled and trailing slashes and `.` in the middle; `..` stays. Bytes that are not
/// UTF-8 become `\xNN`.
pub(super) fn normalised(raw: &[u8]) -> Box<str> {
    let raw = raw.strip_suffix(b"/").unwrap_or(raw);
    let raw = raw.strip_prefix(b"./").unwrap_or(raw);
    if is_normal(raw) {
        return shown(raw);
    }
    let mut path = Vec::with_capacity(raw.len());
    for (component, _) in components(raw) {
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(component);
    }
    shown(&path)
}

fn is_normal(raw: &[u8]) -> bool {
    !raw.is_empty() && !raw.split(|byte| *byte == b'/').any(|component| matches!(component, b"" | b"."))
}

/// The components that count, each with the place in `raw` where it ends.
pub(super) fn components(raw: &[u8]) -> impl Iterator<Item = (&[u8], usize)> {
    let mut at = 0;
    raw.split(|byte| *byte == b'/')
        .map(move |component| {
            let end = at + component.len();
            at = end + 1;
            (component, end)
        })
        .filter(|(component, _)| !matches!(*component, b"" | b"."))
}

/// As text, with `\xNN` for what is not UTF-8.
pub(crate) fn shown(raw: &[u8]) -> Box<str> {
    if let Ok(text) = std::str::from_utf8(raw) {
        return text.into();
    }
    let mut text = String::with_capacity(raw.len() + 8);
    for chunk in raw.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_brought_to_one_form() {
        let table: [(&[u8], &str); 14] = [
            (b"", ""),
            (b".", ""),
            (b"./", ""),
            (b"/", ""),
            (b"a", "a"),
            (b"./a", "a"),
            (b"/a/", "a"),
            (b"././/a//b/.//c//", "a/b/c"),
            (b"a/./b", "a/b"),
            (b"../a", "../a"),
            (b"a/../../b", "a/../../b"),
            (b".a/.wh..b", ".a/.wh..b"),
            (b"caf\xc3\xa9", "café"),
            (b"caf\xe9/x", "caf\\xe9/x"),
        ];
        for (raw, path) in table {
            assert_eq!(&*normalised(raw), path, "{raw:?}");
        }
    }

    #[test]
    fn components_know_where_they_end() {
        let raw = b"./a//bc/d/";
        let ends: Vec<_> = components(raw).collect();
        assert_eq!(ends, [(b"a".as_slice(), 3), (b"bc", 7), (b"d", 9)]);
    }
}
