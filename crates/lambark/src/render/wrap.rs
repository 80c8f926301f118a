//! Breaking lines between words.

use std::io::{self, Write};

/// Narrower than this, breaking lines only makes them harder to read.
const MIN_TEXT_COLUMNS: usize = 24;

/// Where words begin that are too long for a hanging line.
const LONG_WORD_INDENT: usize = 4;

/// Writes `text`, without a line end, after something that already takes `used` columns of the line; further lines are
/// indented by `indent`.
/// Words are never broken: a digest or a path has to stay one piece to be copied.
pub(super) fn write(
    out: &mut dyn Write,
    text: &str,
    used: usize,
    indent: usize,
    width: Option<usize>,
) -> io::Result<()> {
    let Some(width) = width.filter(|width| *width >= indent + MIN_TEXT_COLUMNS) else {
        return write!(out, "{text}");
    };
    let mut column = used;
    let mut first = true;
    for word in text.split(' ') {
        let columns = word.chars().count();
        if first {
            write!(out, "{word}")?;
            column += columns;
        } else if column + 1 + columns <= width {
            write!(out, " {word}")?;
            column += 1 + columns;
        } else {
            // A word that is too long for the hanging part is often a digest, which fits the line from its beginning.
            let indent = if indent + columns > width { indent.min(LONG_WORD_INDENT) } else { indent };
            write!(out, "\n{:indent$}{word}", "")?;
            column = indent + columns;
        }
        first = false;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn wrapped(text: &str, used: usize, indent: usize, width: Option<usize>) -> String {
        let mut out = Vec::new();
        write(&mut out, text, used, indent, width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_break_between_words_and_hang() {
        let text = wrapped("one two three four five six seven eight", 10, 4, Some(30));
        assert_eq!(text, "one two three four\n    five six seven eight");
        assert!(text.lines().skip(1).all(|line| line.len() <= 30));
    }

    #[test]
    fn a_long_word_stays_whole() {
        let digest = lambark_oci::Digest::of(b"").to_string();
        assert_eq!(wrapped(&format!("is {digest}"), 5, 2, Some(60)), format!("is\n  {digest}"));
    }

    #[test]
    fn a_digest_moves_left_to_fit() {
        let digest = lambark_oci::Digest::of(b"").to_string();
        assert_eq!(wrapped(&format!("it is {digest}"), 11, 11, Some(80)), format!("it is\n    {digest}"));
    }

    #[test]
    fn nothing_breaks_without_columns_or_in_too_few() {
        assert_eq!(wrapped("one two three", 0, 0, None), "one two three");
        assert_eq!(wrapped("one two three four five six", 8, 8, Some(20)), "one two three four five six");
    }
}
