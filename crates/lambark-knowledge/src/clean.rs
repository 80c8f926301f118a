//! Text as its author meant it: without the colours, escapes, prefixes and line breaks that it picked up on the way.

use std::sync::LazyLock;

use regex::Regex;

/// What CI services, build tools and Terraform put in front of a line.
static PREFIX: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:",
        // Times: RFC 3339, Go's log package, a clock alone, all with or without brackets.
        r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]? ?|\[?\d\d:\d\d:\d\d(?:[.,]\d+)?\]? |",
        // Levels and the marks of services.
        r"\[?(?:ERROR|WARN|WARNING|INFO|DEBUG|FATAL|error|warning|info)\]?:? +|##\[\w+\]|::\w+(?: [^:]*)?::|",
        // Terraform's box, tables, quotes of e-mails, marks of success and failure.
        r"[│╷╵|>✖✗✘❌⚠✓✔•] ?|",
        // BuildKit's step and time, git's remote, pytest's margin, a service of Compose.
        r"#\d+ (?:\d+\.\d+ )?|remote: |E   |[\w.-]+ +\| ",
        r")"
    ))
    .ok()
});

/// How many prefixes one line may have: a time from the service, one from the runner, a level, a box.
const MAX_PREFIXES: usize = 6;

/// A line without colours, escapes and prefixes, each stretch of white space one blank.
pub(crate) fn line(raw: &[u8]) -> String {
    let text = unescaped(&String::from_utf8_lossy(raw));
    let mut rest = text.as_str();
    for _ in 0..MAX_PREFIXES {
        let found = PREFIX.as_ref().and_then(|prefix| prefix.find(rest)).map(|found| found.end());
        match found {
            // A line that is nothing but a prefix is left as it is: it may be all there is.
            Some(end) if end > 0 && end < rest.len() => rest = rest[end..].trim_start(),
            _ => break,
        }
    }
    rest.trim_end_matches([' ', '│', '|']).to_owned()
}

/// Undoes colours, JSON's and HTML's escapes, typographic quotes; each stretch of white space becomes one blank.
pub(crate) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (replacement, taken) = match c {
            '\u{1b}' => (None, 1 + control_sequence(&rest[1..])),
            '\\' => backslash(rest),
            '&' => entity(rest),
            '\u{2018}' | '\u{2019}' => (Some('\''), c.len_utf8()),
            '\u{201c}' | '\u{201d}' => (Some('"'), c.len_utf8()),
            // Marks that have no width, as copied pages are full of.
            '\u{200b}' | '\u{feff}' => (None, c.len_utf8()),
            c if c.is_whitespace() || c.is_control() => (Some(' '), c.len_utf8()),
            c => (Some(c), c.len_utf8()),
        };
        match replacement {
            Some(' ') if out.is_empty() || out.ends_with(' ') => {}
            Some(c) => out.push(c),
            None => {}
        }
        rest = &rest[taken..];
    }
    out.truncate(out.trim_end().len());
    out
}

/// Bytes of a terminal's control sequence, without the escape character before it.
fn control_sequence(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes.first() {
        Some(b'[') => {
            let end = bytes.iter().skip(1).position(|b| (0x40..=0x7e).contains(b));
            // Whatever follows a sequence that never ends is text.
            end.filter(|end| *end < 32).map_or(1, |end| end + 2)
        }
        // A window's title ends with a bell, or with a sequence of its own.
        Some(b']') => {
            bytes.iter().position(|b| matches!(b, 7 | 0x1b)).filter(|end| *end < 256).map_or(1, |end| end + 1)
        }
        _ => 0,
    }
}

/// What an escape that begins with a backslash stands for, and its length.
fn backslash(text: &str) -> (Option<char>, usize) {
    let bytes = text.as_bytes();
    match bytes.get(1) {
        Some(b'n' | b't' | b'r') => (Some(' '), 2),
        Some(b'"' | b'\'' | b'/') => (bytes.get(1).map(|b| char::from(*b)), 2),
        // Escaped twice: the second one decides.
        Some(b'\\') => (None, 1),
        Some(b'u') => match text.get(2..6).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32) {
            Some('\u{1b}') => (None, 6 + control_sequence(&text[6..])),
            Some(c) => (Some(if c.is_control() { ' ' } else { c }), 6),
            None => (Some('\\'), 1),
        },
        Some(b'x') if text.get(2..4).is_some_and(|hex| hex.eq_ignore_ascii_case("1b")) => {
            (None, 4 + control_sequence(&text[4..]))
        }
        Some(b'0') if text.get(1..4) == Some("033") => (None, 4 + control_sequence(&text[4..])),
        _ => (Some('\\'), 1),
    }
}

/// What an HTML entity stands for, and its length.
fn entity(text: &str) -> (Option<char>, usize) {
    const ENTITIES: [(&str, char); 9] = [
        ("&quot;", '"'),
        ("&#34;", '"'),
        ("&#39;", '\''),
        ("&#x27;", '\''),
        ("&apos;", '\''),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&amp;", '&'),
        ("&nbsp;", ' '),
    ];
    let found = ENTITIES.iter().find(|(entity, _)| text.starts_with(entity));
    found.map_or((Some('&'), 1), |(entity, c)| (Some(*c), entity.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_go() {
        for (raw, clean) in [
            ("2026-02-17T05:33:58.1234567Z ##[error]Process failed", "Process failed"),
            ("2026/02/17 05:33:58 [ERROR] x: y", "x: y"),
            ("│ Error: creating   Lambda Function │", "Error: creating Lambda Function"),
            ("\u{1b}[31m\u{1b}[1m│\u{1b}[0m \u{1b}[0m\u{1b}[1mError: x\u{1b}[0m", "Error: x"),
            ("#12 0.345 exporting attestation manifest", "exporting attestation manifest"),
            ("::error file=a.yml::it failed", "it failed"),
            ("[05:33:58] E   x", "E x"),
            ("❌ stack failed", "stack failed"),
            ("app-1  | it failed", "it failed"),
            ("2026-02-17T05:33:58Z", "2026-02-17T05:33:58Z"),
        ] {
            assert_eq!(line(raw.as_bytes()), clean);
        }
    }

    #[test]
    fn escapes_are_undone() {
        for (raw, clean) in [
            (r#"\"a\"\n\tb \\\"c\\\""#, "\"a\" b \"c\""),
            ("&quot;a&quot; &lt;b&gt; &amp; &#39;c&#39; & d", "\"a\" <b> & 'c' & d"),
            (r"\u001b[31mred\u001b[0m \u0027x\u0027 \x1b[0mtext \033[1mbold", "red 'x' text bold"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("it\u{2019}s \u{201c}x\u{201d}", "it's \"x\""),
            ("a\u{a0}\t b\u{200b}c", "a bc"),
            (r"C:\path \u12 \", r"C:\path \u12 \"),
        ] {
            assert_eq!(unescaped(raw), clean);
        }
    }

    #[test]
    fn broken_text_is_no_panic() {
        for raw in
            [&b"\xff\xfe\x1b["[..], b"\\", b"\\u", b"\\u00", b"\x1b", b"\x1b]", "\\u00é".as_bytes(), b"&", b"\\x1"]
        {
            line(raw);
        }
    }
}
