//! Text reduced to its letters and digits: what is left of a message whatever broke its lines, quoted it or coloured it.
//! All searching begins there, since one pass over it finds every message that could be meant.

/// What becomes of a byte: itself in lower case, nothing (0), or a closer look (1).
const TABLE: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        // Below 256, so it fits.
        #[allow(clippy::cast_possible_truncation, reason = "the loop ends at 255")]
        let b = byte as u8;
        table[byte] = if b.is_ascii_alphanumeric() {
            b.to_ascii_lowercase()
        } else if matches!(b, 0x1b | b'\\' | b'&') {
            1
        } else {
            0
        };
        byte += 1;
    }
    table
};

/// Adds the letters and digits of `text` to `out`.
pub(crate) fn push(out: &mut Vec<u8>, text: &[u8]) {
    let mut at = 0;
    while at < text.len() {
        at += run(out, &text[at..]);
        if let Some(special) = text.get(at) {
            at += match special {
                0x1b => 1 + sequence(&text[at + 1..]),
                b'\\' => backslash(&text[at..]),
                _ => entity(&text[at..]),
            };
        }
    }
}

/// Copies up to the first byte that needs a closer look; returns where that is.
fn run(out: &mut Vec<u8>, text: &[u8]) -> usize {
    // Room for everything first, so that the loop has neither a branch nor a check: most of the time is spent here.
    let start = out.len();
    out.resize(start + text.len(), 0);
    let room = &mut out[start..];
    let (mut kept, mut taken) = (0, text.len());
    for (index, byte) in text.iter().enumerate() {
        let mapped = TABLE[usize::from(*byte)];
        if mapped == 1 {
            taken = index;
            break;
        }
        room[kept] = mapped;
        kept += usize::from(mapped != 0);
    }
    out.truncate(start + kept);
    taken
}

/// Length of a terminal's colour, without the escape character before it.
fn sequence(text: &[u8]) -> usize {
    if text.first() != Some(&b'[') {
        return 0;
    }
    let end = text.iter().skip(1).position(|b| (0x40..=0x7e).contains(b));
    end.filter(|end| *end < 32).map_or(1, |end| end + 2)
}

/// Length of an escape with a backslash whose letters are no part of the text.
fn backslash(text: &[u8]) -> usize {
    match text.get(1) {
        Some(b'n' | b't' | b'r') => 2,
        Some(b'u') if text.len() >= 6 && text[2..6].iter().all(u8::is_ascii_hexdigit) => {
            6 + if text[2..6].eq_ignore_ascii_case(b"001b") { sequence(&text[6..]) } else { 0 }
        }
        Some(b'x') if text.len() >= 4 && text[2..4].eq_ignore_ascii_case(b"1b") => 4 + sequence(&text[4..]),
        Some(b'0') if text.get(1..4) == Some(&b"033"[..]) => 4 + sequence(&text[4..]),
        _ => 1,
    }
}

/// Length of an HTML entity that stands for a quote or a bracket.
fn entity(text: &[u8]) -> usize {
    const ENTITIES: [&[u8]; 8] = [b"&quot;", b"&apos;", b"&amp;", b"&nbsp;", b"&lt;", b"&gt;", b"&#39;", b"&#34;"];
    ENTITIES.iter().find(|entity| text.starts_with(entity)).map_or(1, |entity| entity.len())
}

/// The letters and digits of `text`.
pub(crate) fn of(text: &str) -> String {
    let mut out = Vec::new();
    push(&mut out, text.as_bytes());
    out.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_digits_stay() {
        for (text, squeezed) in [
            ("The image, config or\n layer", "theimageconfigorlayer"),
            ("\u{1b}[31mRed\u{1b}[0m", "red"),
            (r#"\"a\"\nb\\nc"#, "abc"),
            (r"\u001b[1mbold \x1b[0m\033[1mx", "boldx"),
            ("&quot;a&quot; & b", "ab"),
            ("été", "t"),
            ("\u{1b}", ""),
            ("\\", ""),
        ] {
            assert_eq!(of(text), squeezed, "{text:?}");
        }
    }
}
