//! A JSON list of strings inside another file: the exec form of a Dockerfile.

use crate::fragment::Fragment;
use crate::step::Value;

/// The strings of the list that begins at `at` and takes up the rest of the text; `None` if it is no such list.
#[must_use]
pub fn parse(text: &Fragment, at: usize) -> Option<Vec<Value>> {
    let bytes = text.text().as_bytes();
    let mut at = skip_space(bytes, at);
    if bytes.get(at) != Some(&b'[') {
        return None;
    }
    at = skip_space(bytes, at + 1);
    let mut words = Vec::new();
    if bytes.get(at) == Some(&b']') {
        return ends(bytes, at + 1).then_some(words);
    }
    loop {
        let (word, after) = string(text, at)?;
        words.push(word);
        at = skip_space(bytes, after);
        match bytes.get(at)? {
            b',' => at = skip_space(bytes, at + 1),
            b']' => return ends(bytes, at + 1).then_some(words),
            _ => return None,
        }
    }
}

fn ends(bytes: &[u8], at: usize) -> bool {
    skip_space(bytes, at) == bytes.len()
}

fn skip_space(bytes: &[u8], at: usize) -> usize {
    let blank = bytes.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    at + blank
}

/// A string and where it ends. The span is what stands between the quotes.
fn string(text: &Fragment, at: usize) -> Option<(Value, usize)> {
    let rest = text.text().get(at..)?.strip_prefix('"')?;
    let mut word = String::new();
    let mut letters = rest.char_indices();
    while let Some((position, letter)) = letters.next() {
        match letter {
            '"' => {
                let range = at + 1..at + 1 + position;
                let literal = word == rest[..position] && text.is_literal(range.clone());
                return Some((Value { text: word, known: true, span: text.span(range), literal }, at + position + 2));
            }
            '\\' => word.push(escaped(&mut letters)?),
            control if control.is_control() => return None,
            letter => word.push(letter),
        }
    }
    None
}

fn escaped(letters: &mut std::str::CharIndices<'_>) -> Option<char> {
    Some(match letters.next()?.1 {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        plain @ ('"' | '\\' | '/') => plain,
        'u' => {
            let mut code = 0;
            for _ in 0..4 {
                code = code * 16 + letters.next()?.1.to_digit(16)?;
            }
            char::from_u32(code)?
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::source::SourceFile;

    fn words(text: &str) -> Option<Vec<String>> {
        let (file, _) = SourceFile::new("f", text.as_bytes().to_vec());
        parse(&Fragment::whole(&file), 0).map(|words| words.into_iter().map(|word| word.text).collect())
    }

    #[test]
    fn lists_of_strings_and_nothing_else() {
        assert_eq!(words(r#"[ "a", "b\"\u0063" ] "#).unwrap(), ["a", "b\"c"]);
        assert_eq!(words("[]").unwrap(), [""; 0]);
        for bad in ["[", "['a']", "[\"a\"", "[\"a\" x]", "[\"a\",]", "[\"a\"] x", "[\"\\q\"]", "a"] {
            assert_eq!(words(bad), None, "{bad}");
        }
    }
}
