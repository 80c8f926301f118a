//! JSON into the same tree: strict YAML readers refuse some JSON (tabs, long keys, surrogate pairs), and files in
//! progress have a comma too many.

use std::ops::Range;

use crate::source::SourceFile;

use super::{Data, Document, Id, Kind, MAX_DEPTH, MAX_NODES, Stopped, Style, Syntax};

/// Reads a document as far as it goes.
pub(super) fn parse(file: &SourceFile) -> Document<'_> {
    let text = file.text();
    let document = Document { file, syntax: Syntax::Json, nodes: Vec::new(), roots: Vec::new(), stopped: None };
    let mut reader = Reader { document, at: 0, depth: 0 };
    if text.starts_with('\u{feff}') {
        reader.at = '\u{feff}'.len_utf8();
    }
    match reader.value(None) {
        Ok(root) => {
            reader.document.roots.push(root);
            reader.blank();
            if reader.at < text.len() {
                reader.document.stopped = Some(reader.stop("something follows the end of the document"));
            }
        }
        Err(Failed { stopped, read }) => {
            reader.document.roots.extend(read);
            reader.document.stopped = Some(stopped);
        }
    }
    reader.document
}

struct Reader<'f> {
    document: Document<'f>,
    at: usize,
    depth: usize,
}

/// Reading stopped; what was read of the value until then is kept.
struct Failed {
    stopped: Stopped,
    read: Option<Id>,
}

impl From<Stopped> for Failed {
    fn from(stopped: Stopped) -> Failed {
        Failed { stopped, read: None }
    }
}

impl Reader<'_> {
    fn stop(&self, reason: &str) -> Stopped {
        Stopped { offset: self.at, reason: reason.to_owned() }
    }

    fn peek(&self) -> Option<u8> {
        self.document.text().as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn add(&mut self, kind: Kind, span: Range<usize>, parent: Option<Id>) -> Result<Id, Stopped> {
        let id = self.document.nodes.len();
        if id >= MAX_NODES {
            return Err(self.stop("too many values"));
        }
        let outer_start = span.start;
        self.document.nodes.push(Data { kind, span, outer_start, tag: None, parent, aliased: false });
        Ok(id)
    }

    fn value(&mut self, parent: Option<Id>) -> Result<Id, Failed> {
        self.blank();
        match self.peek() {
            Some(b'{') => self.nested(Kind::Mapping { entries: Vec::new(), flow: true }, parent, Self::members),
            Some(b'[') => self.nested(Kind::Sequence { items: Vec::new(), flow: true }, parent, Self::elements),
            Some(b'"') => Ok(self.string(parent)?),
            Some(_) => Ok(self.word(parent)?),
            None => Err(self.stop("the file ends where a value is due").into()),
        }
    }

    fn nested(
        &mut self,
        kind: Kind,
        parent: Option<Id>,
        fill: fn(&mut Self, Id) -> Result<(), Stopped>,
    ) -> Result<Id, Failed> {
        if self.depth >= MAX_DEPTH {
            return Err(self.stop("nested too deep").into());
        }
        let id = self.add(kind, self.at..self.at, parent)?;
        self.at += 1;
        self.depth += 1;
        let filled = fill(self, id);
        self.depth -= 1;
        self.document.nodes[id].span.end = self.at;
        match filled {
            Ok(()) => Ok(id),
            Err(stopped) => Err(Failed { stopped, read: Some(id) }),
        }
    }

    fn members(&mut self, mapping: Id) -> Result<(), Stopped> {
        loop {
            self.blank();
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                Some(b'"') => {}
                Some(_) => return Err(self.stop("expected a key in double quotes")),
                None => return Err(self.stop("the file ends inside an object")),
            }
            let key = self.string(Some(mapping))?;
            self.blank();
            if self.peek() != Some(b':') {
                return Err(self.stop("expected `:` behind the key"));
            }
            self.at += 1;
            let (value, failed) = match self.value(Some(mapping)) {
                Ok(value) => (Some(value), None),
                Err(Failed { stopped, read }) => (read, Some(stopped)),
            };
            if let (Some(value), Kind::Mapping { entries, .. }) = (value, &mut self.document.nodes[mapping].kind) {
                entries.push((key, value));
            }
            if let Some(stopped) = failed {
                return Err(stopped);
            }
            self.separator(b'}')?;
        }
    }

    fn elements(&mut self, sequence: Id) -> Result<(), Stopped> {
        loop {
            self.blank();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                Some(_) => {}
                None => return Err(self.stop("the file ends inside an array")),
            }
            let (value, failed) = match self.value(Some(sequence)) {
                Ok(value) => (Some(value), None),
                Err(Failed { stopped, read }) => (read, Some(stopped)),
            };
            if let (Some(value), Kind::Sequence { items, .. }) = (value, &mut self.document.nodes[sequence].kind) {
                items.push(value);
            }
            if let Some(stopped) = failed {
                return Err(stopped);
            }
            self.separator(b']')?;
        }
    }

    /// Behind a value comes a comma or the end; a comma too many is let through.
    fn separator(&mut self, end: u8) -> Result<(), Stopped> {
        self.blank();
        match self.peek() {
            Some(b',') => Ok(()),
            Some(byte) if byte == end => Ok(()),
            Some(_) => Err(self.stop("expected `,` or the end")),
            None => Err(self.stop("the file ends before its brackets are closed")),
        }
    }

    fn string(&mut self, parent: Option<Id>) -> Result<Id, Stopped> {
        let start = self.at;
        let bytes = self.document.text().as_bytes();
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(b'\n') | None => {
                    self.at = end.min(bytes.len());
                    return Err(self.stop("a string without its closing quote"));
                }
                Some(_) => end += 1,
            }
        }
        self.at = end + 1;
        let value = unescape(&self.document.text()[start + 1..end]);
        self.add(Kind::Scalar { value: value.into(), style: Style::Double }, start..self.at, parent)
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self, parent: Option<Id>) -> Result<Id, Stopped> {
        let rest = &self.document.text()[self.at..];
        let len =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.')).unwrap_or(rest.len());
        if len == 0 {
            return Err(self.stop("expected a value"));
        }
        let value = rest[..len].into();
        let start = self.at;
        self.at += len;
        self.add(Kind::Scalar { value, style: Style::Plain }, start..self.at, parent)
    }
}

/// Resolves escapes; a broken one gives the replacement character.
fn unescape(raw: &str) -> String {
    if !raw.contains('\\') {
        return raw.to_owned();
    }
    let mut value = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('r') => value.push('\r'),
            Some('b') => value.push('\u{8}'),
            Some('f') => value.push('\u{c}'),
            Some('u') => value.push(code_point(&mut chars)),
            Some(other) => value.push(other),
            None => {}
        }
    }
    value
}

fn code_point(chars: &mut std::str::Chars<'_>) -> char {
    let unit = |chars: &mut std::str::Chars<'_>| {
        let digits = chars.as_str().get(..4)?;
        let unit = u32::from_str_radix(digits, 16).ok()?;
        *chars = chars.as_str()[4..].chars();
        Some(unit)
    };
    let Some(first) = unit(chars) else { return char::REPLACEMENT_CHARACTER };
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
    }
    let mut ahead = chars.clone();
    if ahead.next() == Some('\\')
        && ahead.next() == Some('u')
        && let Some(second @ 0xdc00..0xe000) = unit(&mut ahead)
    {
        *chars = ahead;
        return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
            .unwrap_or(char::REPLACEMENT_CHARACTER);
    }
    char::REPLACEMENT_CHARACTER
}
