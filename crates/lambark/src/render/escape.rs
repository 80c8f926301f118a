//! Text from an image, made safe to print.
//!
//! A path or an annotation may hold terminal escapes that hide a finding, line breaks that forge one, or marks that
//! turn the reading direction. What is not plainly visible is shown as `\u{…}`.

use std::borrow::Cow;

/// `text` with every invisible or direction-changing character written out.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            hidden if is_hidden(hidden) => out.extend(hidden.escape_unicode()),
            visible => out.push(visible),
        }
    }
    Cow::Owned(out)
}

/// Whether a character cannot be seen, or changes how its neighbours are seen.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'                        // soft hyphen
            | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}'       // zero width, direction marks
            | '\u{2028}'..='\u{202e}'       // line separators, embeddings, overrides
            | '\u{2060}'..='\u{206f}'       // word joiner, isolates, deprecated format characters
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' // tags
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in ["", "usr/bin/python3.12", "café/日本語 → ·", "a\\b"] {
            assert!(matches!(plain(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn what_hides_is_written_out() {
        assert_eq!(plain("a\x1b[2Kb"), "a\\u{1b}[2Kb");
        assert_eq!(plain("a\nerror: b\r\t"), "a\\nerror: b\\r\\t");
        assert_eq!(plain("txt.\u{202e}exe"), "txt.\\u{202e}exe");
        assert_eq!(plain("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(plain("a\u{200b}b\u{feff}"), "a\\u{200b}b\\u{feff}");
        assert_eq!(plain("\0"), "\\u{0}");
    }
}
