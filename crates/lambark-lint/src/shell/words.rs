//! Words: quotes, escapes, variables, substitutions.

use std::ops::Range;

use super::ast::{Part, Word};
use super::parse::Parser;

impl Parser<'_> {
    /// Reads a word, if one begins here. In a test (`[[ … ]]`) brackets and angles are words like others.
    pub(super) fn word(&mut self, in_test: bool) -> Option<Word> {
        let start = self.at;
        let mut parts = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b'\'' => self.single_quoted(&mut parts),
                b'"' => self.double_quoted(&mut parts),
                b'$' => self.dollar(false, &mut parts),
                b'`' => self.backticks(&mut parts),
                b'\\' if self.byte(1) == Some(b'\n') => self.at += 2,
                b'<' | b'>' if self.byte(1) == Some(b'(') => self.process_substitution(&mut parts),
                b' ' | b'\t' | b'\n' | b'\r' => break,
                b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' if !in_test => break,
                b';' | b'&' | b'|' if in_test && self.at > start => break,
                _ => self.plain(in_test, &mut parts),
            }
        }
        (self.at > start).then_some(Word { parts, range: start..self.at })
    }

    fn plain(&mut self, in_test: bool, parts: &mut Vec<Part>) {
        let start = self.at;
        let mut text = String::new();
        let mut glob = false;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' if self.byte(1) == Some(b'\n') => break,
                b'\\' => {
                    self.at += 1;
                    self.letter(&mut text);
                }
                b'\'' | b'"' | b'$' | b'`' | b' ' | b'\t' | b'\n' | b'\r' => break,
                b';' | b'&' | b'|' if in_test && self.at == start => self.letter(&mut text),
                b';' | b'&' | b'|' => break,
                b'<' | b'>' | b'(' | b')' if !in_test => break,
                other => {
                    glob |= matches!(other, b'*' | b'?');
                    self.letter(&mut text);
                }
            }
        }
        let range = start..self.at;
        if glob && !in_test && !self.patterns {
            parts.push(Part::Unknown { range, quoted: false, mentions: None });
        } else {
            parts.push(Part::Text { text, range, quoted: false });
        }
    }

    fn letter(&mut self, text: &mut String) {
        if let Some(letter) = self.text.get(self.at..self.end).and_then(|rest| rest.chars().next()) {
            text.push(letter);
            self.at += letter.len_utf8();
        } else {
            self.at = (self.at + 1).min(self.end);
        }
    }

    fn single_quoted(&mut self, parts: &mut Vec<Part>) {
        let start = self.at + 1;
        let end = match self.find(start, b'\'') {
            Some(end) => end,
            None => {
                self.note(self.at, "a quote that is not closed");
                self.end
            }
        };
        let text = self.text.get(start..end).unwrap_or_default().to_owned();
        parts.push(Part::Text { text, range: start..end, quoted: true });
        self.at = (end + 1).min(self.end);
    }

    fn double_quoted(&mut self, parts: &mut Vec<Part>) {
        let open = self.at;
        self.at += 1;
        let mut text = String::new();
        let mut start = self.at;
        let before = parts.len();
        loop {
            match self.peek() {
                None => {
                    self.note(open, "a quote that is not closed");
                    break;
                }
                Some(b'"') => break,
                Some(b'\\') => {
                    match self.byte(1) {
                        Some(b'\n') => self.at += 2,
                        Some(b'$' | b'`' | b'"' | b'\\') => {
                            self.at += 1;
                            self.letter(&mut text);
                        }
                        _ => self.letter(&mut text),
                    }
                    continue;
                }
                Some(b'$' | b'`') => {
                    flush(parts, &mut text, start..self.at);
                    if self.peek() == Some(b'$') {
                        self.dollar(true, parts);
                    } else {
                        self.backticks(parts);
                    }
                    start = self.at;
                }
                Some(_) => self.letter(&mut text),
            }
        }
        if !text.is_empty() || parts.len() == before {
            parts.push(Part::Text { text, range: start..self.at, quoted: true });
        }
        self.at = (self.at + 1).min(self.end);
    }

    /// What begins with a dollar sign.
    fn dollar(&mut self, quoted: bool, parts: &mut Vec<Part>) {
        let start = self.at;
        match self.byte(1) {
            Some(b'{') if self.byte(2) == Some(b'{') => {
                let end = self.text.get(start..self.end).and_then(|rest| rest.find("}}")).map(|at| start + at + 2);
                self.at = end.unwrap_or(self.end);
                parts.push(Part::Unknown { range: start..self.at, quoted, mentions: None });
            }
            Some(b'{') => self.braced(quoted, parts),
            Some(b'(') if self.byte(2) == Some(b'(') => {
                self.at = self.closing_arithmetic(start + 3);
                parts.push(Part::Unknown { range: start..self.at, quoted, mentions: None });
            }
            Some(b'(') => {
                self.at += 2;
                let list = self.enclosed(start, ")");
                parts.push(Part::Substitution { list, range: start..self.at });
            }
            Some(b'\'') if !quoted => {
                self.at += 1;
                self.single_quoted(parts);
            }
            Some(b'"') if !quoted => self.at += 1,
            Some(b'@' | b'*') => {
                self.at += 2;
                parts.push(Part::Variable { name: "@".into(), quoted, all: true });
            }
            Some(b'#' | b'?' | b'$' | b'!' | b'-') => {
                self.at += 2;
                parts.push(Part::Unknown { range: start..self.at, quoted, mentions: None });
            }
            Some(digit) if digit.is_ascii_digit() => {
                self.at += 2;
                parts.push(Part::Variable { name: char::from(digit).to_string(), quoted, all: false });
            }
            _ => {
                self.at += 1;
                let name = self.name();
                if name.is_empty() {
                    parts.push(Part::Text { text: "$".into(), range: start..self.at, quoted });
                } else {
                    parts.push(Part::Variable { name, quoted, all: false });
                }
            }
        }
    }

    /// `${…}`: a name alone gives its value; anything else is not followed.
    fn braced(&mut self, quoted: bool, parts: &mut Vec<Part>) {
        let start = self.at;
        self.at += 2;
        let mentions = self.name();
        let digits =
            self.text.get(self.at..self.end).unwrap_or_default().bytes().take_while(u8::is_ascii_digit).count();
        let name = if mentions.is_empty() { self.text[self.at..self.at + digits].to_owned() } else { mentions.clone() };
        self.at += if mentions.is_empty() { digits } else { 0 };
        let rest = self.text.get(self.at..self.end).unwrap_or_default();
        let all = rest.starts_with("[@]}") || rest.starts_with("[*]}");
        if !name.is_empty() && (all || rest.starts_with('}')) {
            self.at += if all { 4 } else { 1 };
            parts.push(Part::Variable { name, quoted, all });
            return;
        }
        self.at = self.closing_brace(self.at);
        let mentions = Some(name).filter(|name| !name.is_empty());
        parts.push(Part::Unknown { range: start..self.at, quoted, mentions });
    }

    /// Where the brace ends in which `from` stands. Quotes in it hide braces.
    fn closing_brace(&mut self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let (mut depth, mut at) = (1_usize, from);
        while at < self.end {
            match bytes[at] {
                b'\\' => at += 1,
                b'{' => depth += 1,
                b'}' if depth == 1 => return at + 1,
                b'}' => depth -= 1,
                b'\n' if depth == 1 => break,
                _ => {}
            }
            at += 1;
        }
        self.note(from, "a `${` that is not closed");
        at.min(self.end)
    }

    fn closing_arithmetic(&mut self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let (mut depth, mut at) = (2_usize, from);
        while at < self.end {
            match bytes[at] {
                b'(' => depth += 1,
                b')' if depth == 1 => return at + 1,
                b')' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        self.note(from, "a `$((` that is not closed");
        self.end
    }

    fn backticks(&mut self, parts: &mut Vec<Part>) {
        let start = self.at;
        let end = match self.find(start + 1, b'`') {
            Some(end) => end,
            None => {
                self.note(start, "a backtick that is not closed");
                self.end
            }
        };
        let list = self.inside(start + 1..end);
        self.at = (end + 1).min(self.end);
        parts.push(Part::Substitution { list, range: start..self.at });
    }

    fn process_substitution(&mut self, parts: &mut Vec<Part>) {
        let start = self.at;
        self.at += 2;
        let list = self.enclosed(start, ")");
        parts.push(Part::Substitution { list, range: start..self.at });
    }

    /// A variable's name at this place; empty if there is none.
    pub(super) fn name(&mut self) -> String {
        let rest = self.text.get(self.at..self.end).unwrap_or_default().as_bytes();
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        if rest.first().is_none_or(u8::is_ascii_digit) {
            return String::new();
        }
        let name = self.text[self.at..self.at + length].to_owned();
        self.at += length;
        name
    }
}

fn flush(parts: &mut Vec<Part>, text: &mut String, range: Range<usize>) {
    if !text.is_empty() {
        parts.push(Part::Text { text: std::mem::take(text), range, quoted: true });
    }
}
