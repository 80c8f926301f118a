//! HCL with spans, tolerant of half-written files: Terraform and bake files.
//!
//! Edits are ranges of the original text: the parser forgets spans of what is changed through it.

mod insert;
mod value;

use std::ops::Range;

use hcl_edit::parser::parse_body;
use hcl_edit::structure::{Block, Body};

use crate::source::{Note, SourceFile};

pub use insert::insertion;
pub use value::{NO_NAMES, Names, path_of};

/// How many broken blocks of a file are left out, one after another: each costs reading the file again.
const MAX_BROKEN_BLOCKS: usize = 8;

/// An HCL file.
#[derive(Debug)]
pub struct Document<'f> {
    file: &'f SourceFile,
    body: Body,
    notes: Vec<Note>,
}

impl<'f> Document<'f> {
    /// Reads a file. Top-level blocks with an error in them are left out, each with a note.
    #[must_use]
    pub fn read(file: &'f SourceFile) -> Document<'f> {
        let mut notes = Vec::new();
        let mut text = std::borrow::Cow::Borrowed(file.text());
        loop {
            let error = match parse_body(&text) {
                Ok(body) => return Document { file, body, notes },
                Err(error) => error,
            };
            let offset = file.text().floor_char_boundary(error.location().offset());
            notes.push(Note { span: file.span(offset..offset), reason: error.message().to_owned() });
            let broken = item_around(&text, offset);
            if broken.is_empty() || notes.len() > MAX_BROKEN_BLOCKS {
                return Document { file, body: Body::new(), notes };
            }
            // Blanks of the same length keep every other span right.
            let blank = blanked(&text[broken.clone()]);
            text.to_mut().replace_range(broken, &blank);
        }
    }

    /// What is at the top level.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The file that was read.
    #[must_use]
    pub fn file(&self) -> &'f SourceFile {
        self.file
    }

    /// Where reading stopped.
    #[must_use]
    pub fn into_notes(self) -> Vec<Note> {
        self.notes
    }

    /// The bytes of an element; nothing at the end of the file for one that was not read from it.
    #[must_use]
    pub fn range(&self, element: &impl hcl_edit::Span) -> Range<usize> {
        element.span().unwrap_or(self.file.text().len()..self.file.text().len())
    }

    /// The header of a block: its keyword and its labels.
    #[must_use]
    pub fn header(&self, block: &Block) -> crate::source::Span {
        let start = self.range(&block.ident);
        let end = block.labels.last().and_then(hcl_edit::Span::span).map_or(start.end, |label| label.end);
        self.file.span(start.start..end)
    }
}

/// The top-level item in which an offset lies: from a line that begins with a word to the next such line.
fn item_around(text: &str, offset: usize) -> Range<usize> {
    let begins_item = |line: &str| line.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        // The parser names the place behind what it read, which may be the start of the next item.
        if begins_item(line) {
            if at > offset {
                return start..at;
            }
            start = at;
        }
        at += line.len();
    }
    let end = text.len();
    if text[start..].trim().is_empty() { 0..0 } else { start..end }
}

/// The same number of bytes, with nothing but blanks and line ends.
fn blanked(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

#[cfg(test)]
mod tests;
