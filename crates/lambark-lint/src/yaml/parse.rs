//! YAML events into the tree.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::source::SourceFile;

use super::lines::CharOffsets;
use super::scalar;
use super::{Data, Document, Id, Kind, MAX_DEPTH, MAX_NODES, Stopped, Style, Syntax};

/// How many lines in brackets are joined to the one before, because they stand further left than the parser allows.
/// Each costs reading the file again.
const MAX_JOINED_LINES: usize = 32;

/// Reads a stream as far as it goes.
pub(super) fn parse(file: &SourceFile) -> Document<'_> {
    let mut text = Cow::Borrowed(file.text());
    let mut document = read(file, &text);
    for _ in 0..MAX_JOINED_LINES {
        let outdented = document.stopped.as_ref().filter(|stopped| stopped.reason.starts_with("invalid indentation"));
        let Some(joined) = outdented.and_then(|stopped| joined(&text, stopped.offset)) else { break };
        text = Cow::Owned(joined);
        document = read(file, &text);
    }
    document
}

/// The text with the line of the offset joined to the one before. Other readers allow brackets that close, and what
/// stands in them, at the indentation of their key; inside brackets a line end is a blank like any other. The length
/// stays, and with it every place.
fn joined(text: &str, offset: usize) -> Option<String> {
    let line_start = text.get(..offset)?.rfind('\n')? + 1;
    let before_start = text[..line_start - 1].rfind('\n').map_or(0, |newline| newline + 1);
    let before = &text[before_start..line_start];
    // A comment would take the joined line in.
    let comment = before.find(" #").or_else(|| before.starts_with('#').then_some(0)).unwrap_or(before.trim_end().len());
    let blanks = before_start + comment..line_start;
    let mut joined = text.to_owned();
    joined.replace_range(blanks.clone(), &" ".repeat(blanks.len()));
    Some(joined)
}

/// Reads `text`, which has the places of the file's own.
fn read<'f>(file: &'f SourceFile, text: &str) -> Document<'f> {
    let mut builder = Builder::new(file, text);
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => {
                let offset = builder.byte(error.marker().index());
                Err(Stopped { offset, reason: error.info().to_owned() })
            }
        };
        if let Err(stopped) = step {
            builder.document.stopped = Some(stopped);
            break;
        }
    }
    builder.finish()
}

struct Builder<'f, 't> {
    document: Document<'f>,
    offsets: CharOffsets<'t>,
    open: Vec<Open>,
    /// Anchors by the parser's number.
    anchors: HashMap<usize, Id>,
}

/// A collection whose end was not seen yet.
struct Open {
    id: Id,
    /// A mapping's key that waits for its value.
    key: Option<Id>,
}

impl<'f, 't> Builder<'f, 't> {
    fn new(file: &'f SourceFile, text: &'t str) -> Builder<'f, 't> {
        let document = Document { file, syntax: Syntax::Yaml, nodes: Vec::new(), roots: Vec::new(), stopped: None };
        Builder { document, offsets: CharOffsets::new(text), open: Vec::new(), anchors: HashMap::new() }
    }

    /// The file's byte behind a character of the text that was read. Where a comment was blanked that is not always
    /// the beginning of a character.
    fn byte(&self, character: usize) -> usize {
        self.document.text().floor_char_boundary(self.offsets.byte(character))
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stopped> {
        let span = self.byte(span.start.index())..self.byte(span.end.index());
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let has_properties = anchor != 0 || tag.is_some();
                let inner = if has_properties { self.behind_properties(&span) } else { span.clone() };
                let style = style_of(style);
                let inner = scalar::extent(self.document.text(), inner, &value, style);
                let kind = Kind::Scalar { value: value.into(), style };
                self.add(kind, span.start, inner, anchor, tag.as_deref())?;
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied();
                // Inside what it stands for, it would stand for itself without end.
                let target = target.filter(|target| self.open.iter().all(|open| open.id != *target));
                if let Some(target) = target {
                    self.document.nodes[target].aliased = true;
                }
                self.add(Kind::Alias(target), span.start, span, 0, None)?;
            }
            Event::SequenceStart(anchor, tag) => {
                let inner = self.behind_properties(&span);
                let flow = self.document.text()[inner.start..].starts_with('[');
                self.open(Kind::Sequence { items: Vec::new(), flow }, &span, inner, anchor, tag.as_deref())?;
            }
            Event::MappingStart(anchor, tag) => {
                let inner = self.behind_properties(&span);
                let flow = self.document.text()[inner.start..].starts_with('{');
                self.open(Kind::Mapping { entries: Vec::new(), flow }, &span, inner, anchor, tag.as_deref())?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// The span without the tag and the anchor in front, which the parser counts in.
    fn behind_properties(&self, span: &Range<usize>) -> Range<usize> {
        let text = &self.document.text()[..span.end];
        let mut start = span.start;
        while text[start..].starts_with(['!', '&']) {
            let property = &text[start..];
            start +=
                property.find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}')).unwrap_or(property.len());
            start += text[start..].len() - text[start..].trim_start().len();
        }
        start..span.end
    }

    fn open(
        &mut self,
        kind: Kind,
        span: &Range<usize>,
        inner: Range<usize>,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), Stopped> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Stopped { offset: span.start, reason: format!("nested deeper than {MAX_DEPTH} levels") });
        }
        let id = self.add(kind, span.start, inner, anchor, tag)?;
        self.open.push(Open { id, key: None });
        Ok(())
    }

    fn add(
        &mut self,
        kind: Kind,
        outer_start: usize,
        span: Range<usize>,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<Id, Stopped> {
        let nodes = &mut self.document.nodes;
        let id = nodes.len();
        if id >= MAX_NODES {
            return Err(Stopped { offset: span.start, reason: format!("more than {MAX_NODES} values") });
        }
        let tag = tag.map(|tag| tag.to_string().into_boxed_str());
        let parent = self.open.last().map(|open| open.id);
        let span = span.start.max(outer_start)..span.end.max(span.start);
        nodes.push(Data { kind, span, outer_start, tag, parent, aliased: false });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        let Some(open) = self.open.last_mut() else {
            self.document.roots.push(id);
            return Ok(id);
        };
        match &mut nodes[open.id].kind {
            Kind::Sequence { items, .. } => items.push(id),
            Kind::Mapping { entries, .. } => match open.key.take() {
                Some(key) => entries.push((key, id)),
                None => open.key = Some(id),
            },
            Kind::Scalar { .. } | Kind::Alias(_) => {}
        }
        Ok(id)
    }

    /// Ends a collection. A flow collection ends with its bracket; a block collection with its last child, since the
    /// parser's own end is the start of whatever follows.
    fn close(&mut self, span: &Range<usize>) {
        let Some(open) = self.open.pop() else { return };
        let nodes = &self.document.nodes;
        let (first, last, flow) = match &nodes[open.id].kind {
            Kind::Sequence { items, flow } => (items.first().copied(), items.last().copied(), *flow),
            Kind::Mapping { entries, flow } => {
                (entries.first().map(|entry| entry.0), entries.last().map(|entry| entry.1), *flow)
            }
            Kind::Scalar { .. } | Kind::Alias(_) => return,
        };
        let mut new = nodes[open.id].span.clone();
        if flow {
            // The parser counts in what follows the bracket on its line.
            let bracket = self.document.text()[span.start..].starts_with([']', '}']);
            new.end = (span.start + usize::from(bracket)).max(new.start);
        } else {
            new.start = first.map_or(new.start, |first| nodes[first].outer_start);
            new.end = last.map_or(new.start, |last| nodes[last].span.end.max(new.start));
        }
        self.document.nodes[open.id].span = new;
    }

    /// Ends what an error left open: the half-read key keeps its place with an empty value.
    fn finish(mut self) -> Document<'f> {
        while let Some(open) = self.open.last() {
            let (id, key) = (open.id, open.key);
            if let Some(key) = key {
                let end = self.document.nodes[key].span.end;
                let kind = Kind::Scalar { value: "".into(), style: Style::Plain };
                // At the limit of nodes the key is dropped with its value.
                let _ = self.add(kind, end, end..end, 0, None);
            }
            let end = self.document.stopped.as_ref().map_or(self.document.text().len(), |stopped| stopped.offset);
            let end = end.max(self.document.nodes[id].span.start);
            self.close(&(end..end));
        }
        self.document
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}
