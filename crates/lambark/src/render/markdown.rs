//! A rule's page on a terminal: headings and strong words bold, code coloured, links readable, paragraphs wrapped.
//!
//! It knows what our own pages use, no more: headings, paragraphs, lists, fenced code, `code`, **strong**, *emphasis*, links.

use std::io::{self, Write};

use super::style::{BOLD, CODE, DIM, ITALIC};

/// Writes a page.
///
/// # Errors
/// When `out` fails.
pub fn page(out: &mut dyn Write, markdown: &str, width: Option<usize>) -> io::Result<()> {
    let mut paragraph: Vec<&str> = Vec::new();
    let mut fenced = false;
    for line in markdown.lines() {
        let is_fence = line.trim_start().starts_with("```");
        let starts_block = is_fence || line.is_empty() || line.starts_with('#') || bullet(line).is_some();
        if !fenced && starts_block {
            flush(out, &mut paragraph, width)?;
        }
        match line {
            _ if is_fence => fenced = !fenced,
            code if fenced => writeln!(out, "    {CODE}{code}{CODE:#}")?,
            "" => writeln!(out)?,
            heading if heading.starts_with('#') => {
                writeln!(out, "{BOLD}{}{BOLD:#}", heading.trim_start_matches('#').trim())?;
            }
            text => paragraph.push(text),
        }
    }
    flush(out, &mut paragraph, width)
}

/// A list item's text.
fn bullet(line: &str) -> Option<&str> {
    line.strip_prefix("- ").or_else(|| line.strip_prefix("* "))
}

/// Writes the lines gathered so far as one paragraph or list item.
fn flush(out: &mut dyn Write, paragraph: &mut Vec<&str>, width: Option<usize>) -> io::Result<()> {
    let Some(first) = paragraph.first() else { return Ok(()) };
    let item = bullet(first).is_some();
    let indent = if item { 2 } else { 0 };
    if let Some(text) = bullet(first) {
        write!(out, "- ")?;
        paragraph[0] = text;
    }
    let lines: Vec<&str> = paragraph.iter().map(|line| line.trim()).collect();
    words(out, &spans(&lines.join(" ")), indent, width)?;
    paragraph.clear();
    Ok(())
}

/// Writes one paragraph that begins in column `indent`, where further lines begin as well. Code keeps its marks: in the
/// middle of a sentence colour alone does not tell where a command ends.
///
/// # Errors
/// When `out` fails.
pub(super) fn inline(out: &mut dyn Write, text: &str, indent: usize, width: Option<usize>) -> io::Result<()> {
    let mut spans = spans(text);
    for (_, code) in spans.iter_mut().filter(|(face, _)| *face == Face::Code) {
        *code = format!("`{code}`");
    }
    words(out, &spans, indent, width)
}

/// How a stretch of text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Plain,
    Strong,
    Emphasis,
    Code,
    Link,
}

/// Splits a paragraph at its marks.
fn spans(text: &str) -> Vec<(Face, String)> {
    const MARKS: [(&str, &str, Face); 5] = [
        ("**", "**", Face::Strong),
        ("*", "*", Face::Emphasis),
        ("`", "`", Face::Code),
        ("<http", ">", Face::Link),
        ("[", ")", Face::Link),
    ];
    let mut spans = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let next = MARKS.iter().filter_map(|mark| Some((rest.find(mark.0)?, mark))).min_by_key(|(at, _)| *at);
        let Some((at, (open, close, face))) = next else { break };
        let inner = at + open.len();
        let Some(length) = rest[inner..].find(close) else { break };
        let body = &rest[inner..inner + length];
        push(&mut spans, Face::Plain, &rest[..at]);
        match (*open, body.split_once("](")) {
            ("[", Some((name, target))) => {
                push(&mut spans, Face::Plain, name);
                // A link to a neighbouring page leads nowhere on a terminal; its name is enough.
                if target.contains("://") {
                    push(&mut spans, Face::Link, &format!(" ({target})"));
                }
            }
            // A bracket that opens no link is only a bracket.
            ("[", None) => push(&mut spans, Face::Plain, &rest[at..inner + length + close.len()]),
            ("<http", _) => push(&mut spans, Face::Link, &format!("http{body}")),
            _ => push(&mut spans, *face, body),
        }
        rest = &rest[inner + length + close.len()..];
    }
    push(&mut spans, Face::Plain, rest);
    spans
}

fn push(spans: &mut Vec<(Face, String)>, face: Face, text: &str) {
    if !text.is_empty() {
        spans.push((face, text.to_owned()));
    }
}

/// Writes spans, breaking lines only at spaces; a line's width counts what is seen.
fn words(out: &mut dyn Write, spans: &[(Face, String)], indent: usize, width: Option<usize>) -> io::Result<()> {
    let width = width.unwrap_or(usize::MAX);
    let mut column = indent;
    let mut pieces: Vec<(Face, &str)> = Vec::new();
    let mut line_is_empty = true;
    let mut put = |pieces: &mut Vec<(Face, &str)>| -> io::Result<()> {
        if pieces.is_empty() {
            return Ok(());
        }
        let columns: usize = pieces.iter().map(|(_, text)| text.chars().count()).sum();
        if !line_is_empty && column + 1 + columns > width {
            write!(out, "\n{:indent$}", "")?;
            column = indent;
        } else if !line_is_empty {
            write!(out, " ")?;
            column += 1;
        }
        for (face, text) in pieces.drain(..) {
            match face {
                Face::Plain => write!(out, "{text}")?,
                Face::Strong => write!(out, "{BOLD}{text}{BOLD:#}")?,
                Face::Emphasis => write!(out, "{ITALIC}{text}{ITALIC:#}")?,
                Face::Code => write!(out, "{CODE}{text}{CODE:#}")?,
                Face::Link => write!(out, "{DIM}{text}{DIM:#}")?,
            }
        }
        column += columns;
        line_is_empty = false;
        Ok(())
    };
    for (face, text) in spans {
        for (index, word) in text.split(' ').enumerate() {
            if index > 0 {
                put(&mut pieces)?;
            }
            if !word.is_empty() {
                pieces.push((*face, word));
            }
        }
    }
    put(&mut pieces)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn rendered(markdown: &str, width: Option<usize>) -> String {
        let mut out = Vec::new();
        page(&mut out, markdown, width).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    #[test]
    fn marks_become_faces() {
        assert_eq!(
            spans("**What.** Use `a b`, see <https://x.io/y> or [the page](https://z) of [it](it.md)!"),
            [
                (Face::Strong, "What.".to_owned()),
                (Face::Plain, " Use ".to_owned()),
                (Face::Code, "a b".to_owned()),
                (Face::Plain, ", see ".to_owned()),
                (Face::Link, "https://x.io/y".to_owned()),
                (Face::Plain, " or ".to_owned()),
                (Face::Plain, "the page".to_owned()),
                (Face::Link, " (https://z)".to_owned()),
                (Face::Plain, " of ".to_owned()),
                (Face::Plain, "it".to_owned()),
                (Face::Plain, "!".to_owned()),
            ]
        );
    }

    #[test]
    fn unclosed_marks_are_text() {
        for text in ["a `b", "a ** b", "2 * 3", "[x] y", "x[0", "<http"] {
            let plain: String = spans(text).into_iter().map(|(_, text)| text).collect();
            assert_eq!(plain, text);
        }
    }

    #[test]
    fn paragraphs_are_wrapped_and_code_is_not() {
        let text = rendered(
            "# T\n\none two\nthree four\n\n- item that is\n  long enough\n\n```text\na  b c d e f g h\n```\n",
            Some(15),
        );
        assert_eq!(text, "T\n\none two three\nfour\n\n- item that is\n  long enough\n\n    a  b c d e f g h\n");
    }

    #[test]
    fn punctuation_stays_with_its_word() {
        assert_eq!(rendered("see `x`, then", Some(5)), "see\nx,\nthen\n");
    }
}
