//! How a scalar is written, and from which bytes each part of its value comes.

use std::ops::Range;

use super::Style;
use crate::fragment::Fragment;
use crate::source::SourceFile;

/// The bytes of a scalar, from what the parser says of it: the parser counts in what follows a quoted scalar on its
/// line, and the empty lines behind a block.
pub(super) fn extent(text: &str, span: Range<usize>, value: &str, style: Style) -> Range<usize> {
    let start = span.start.min(text.len());
    let end = span.end.clamp(start, text.len());
    let written = &text[start..end];
    match style {
        Style::Plain if value.is_empty() => {
            let after = start + usize::from(text[start..].starts_with(':'));
            after..after
        }
        Style::Plain | Style::Literal | Style::Folded => start..start + written.trim_end().len(),
        Style::Single => start..start + single_end(written),
        Style::Double => start..start + double_end(written),
    }
}

fn single_end(written: &str) -> usize {
    let bytes = written.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == b'\'' {
            if bytes.get(at + 1) != Some(&b'\'') {
                return at + 1;
            }
            at += 1;
        }
        at += 1;
    }
    written.len()
}

fn double_end(written: &str) -> usize {
    let bytes = written.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    written.len()
}

/// The value with the bytes behind each of its parts.
pub(super) fn fragment(file: &SourceFile, span: &Range<usize>, value: &str, style: Style) -> Fragment {
    match style {
        Style::Plain => flow(file, span.clone(), value, style),
        Style::Single | Style::Double => {
            let end = if span.len() >= 2 { span.end - 1 } else { span.end };
            flow(file, span.start + 1..end.max(span.start + 1), value, style)
        }
        Style::Literal | Style::Folded => block(file, span, value),
    }
}

/// Plain and quoted scalars: line breaks fold, escapes stand for other characters.
fn flow(file: &SourceFile, span: Range<usize>, value: &str, style: Style) -> Fragment {
    let mut fragment = Fragment::new(file);
    let mut run = span.start..span.start;
    let mut at = span.start;
    let mut rest = value;
    while !rest.is_empty() {
        let raw = file.text().get(at..span.end).unwrap_or_default();
        let Some((made, consumed)) = flow_step(raw, rest, style) else {
            fragment.push(file, run);
            fragment.push_as(at.min(span.end)..span.end, rest);
            return fragment;
        };
        let (part, left) = rest.split_at(made);
        if part == &raw[..consumed] {
            run.end = at + consumed;
        } else {
            fragment.push(file, run);
            fragment.push_as(at..at + consumed, part);
            run = at + consumed..at + consumed;
        }
        at += consumed;
        rest = left;
    }
    fragment.push(file, run);
    fragment
}

/// How many bytes of the value come from how many bytes of the file; none if the two do not go together.
fn flow_step(raw: &str, value: &str, style: Style) -> Option<(usize, usize)> {
    let blank = raw.len() - raw.trim_start_matches([' ', '\t', '\n', '\r']).len();
    let breaks = raw[..blank].matches('\n').count();
    if breaks > 0 {
        let made = if breaks == 1 { " ".to_owned() } else { "\n".repeat(breaks - 1) };
        return value.starts_with(&made).then_some((made.len(), blank));
    }
    if style == Style::Single && raw.starts_with("''") {
        return value.starts_with('\'').then_some((1, 2));
    }
    let next = value.chars().next()?;
    if style == Style::Double && raw.starts_with('\\') {
        return Some(escape(raw, next));
    }
    raw.starts_with(next).then_some((next.len_utf8(), next.len_utf8()))
}

/// The bytes that an escape makes, and those it takes.
fn escape(raw: &str, next: char) -> (usize, usize) {
    let taken = match raw.as_bytes().get(1) {
        Some(b'x') => 4,
        // Two halves of a surrogate pair make one character.
        Some(b'u') if next.len_utf16() == 2 => 12,
        Some(b'u') => 6,
        Some(b'U') => 10,
        Some(b'\n' | b'\r') => {
            let after = raw[1..].trim_start_matches([' ', '\t', '\n', '\r']);
            return (0, raw.len() - after.len());
        }
        _ => 1 + raw[1..].chars().next().map_or(0, char::len_utf8),
    };
    let mut taken = taken.min(raw.len());
    while !raw.is_char_boundary(taken) {
        taken += 1;
    }
    (next.len_utf8(), taken)
}

/// Block scalars: each line without its indentation is a part of the value; what lies between the lines is a line
/// break, or what the break was folded into.
fn block(file: &SourceFile, span: &Range<usize>, value: &str) -> Fragment {
    let text = file.text();
    let mut fragment = Fragment::new(file);
    let start = content_start(text, span.start);
    let indent = indentation(&text[start..], value);
    let mut rest = value;
    let mut line_start = start;
    let mut previous_end = start;
    while !rest.is_empty() && line_start < text.len() {
        let line_end = text[line_start..].find('\n').map_or(text.len(), |at| line_start + at);
        let line = text[line_start..line_end].strip_suffix('\r').unwrap_or(&text[line_start..line_end]);
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let content_start = line_start + spaces.min(indent);
        let content = &line[spaces.min(indent)..];
        line_start = line_end + 1;
        let Some(between) = separator(rest, content) else {
            if content.trim().is_empty() {
                continue;
            }
            break;
        };
        fragment.push_as(previous_end..content_start, &rest[..between]);
        fragment.push(file, content_start..content_start + content.len());
        previous_end = content_start + content.len();
        rest = &rest[between + content.len()..];
    }
    fragment.push_as(previous_end..previous_end.max(span.end), rest);
    fragment
}

/// Where the block's first line begins. With a tag or an anchor the span begins at the header (`|`), else in the first
/// line of the block itself.
fn content_start(text: &str, span_start: usize) -> usize {
    let line_start = text[..span_start].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line_start..span_start];
    if before.trim_start_matches(' ').is_empty() {
        return line_start;
    }
    text[span_start..].find('\n').map_or(text.len(), |at| span_start + at + 1)
}

/// How many spaces the block's lines have in front: those of its first line that has text, less those of the value.
fn indentation(block: &str, value: &str) -> usize {
    let first = block.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
    spaces(first).saturating_sub(spaces(value.trim_start_matches('\n')))
}

/// How many bytes of line breaks, or of spaces in their place, stand before the line in the value.
fn separator(value: &str, line: &str) -> Option<usize> {
    if line.is_empty() {
        return None;
    }
    let mut at = 0;
    while !value[at..].starts_with(line) {
        if !value[at..].starts_with(['\n', ' ']) {
            return None;
        }
        at += 1;
    }
    Some(at)
}
