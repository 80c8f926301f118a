//! YAML and JSON as a tree with spans, tolerant of half-written files.
//!
//! Tags (`!Sub`) are kept; aliases stay aliases until somebody looks through them, so that a small file cannot grow
//! large; what was read before an error is kept, with the line at which reading stopped.

mod insert;
mod json;
mod lines;
mod node;
mod parse;
mod scalar;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::source::{Note, SourceFile};

pub use insert::insertion;
pub use node::{Entry, Node, SHARED};

/// How deep collections may nest. Real files stay below 20.
pub const MAX_DEPTH: usize = 100;

/// How many nodes a file may have: templates of 1 MB, CloudFormation's own limit, have about 100,000.
pub const MAX_NODES: usize = 500_000;

/// How many aliases are followed one behind the other.
const MAX_ALIASES: usize = 16;

/// A YAML stream or a JSON document.
#[derive(Debug)]
pub struct Document<'f> {
    file: &'f SourceFile,
    syntax: Syntax,
    nodes: Vec<Data>,
    roots: Vec<Id>,
    stopped: Option<Stopped>,
}

/// Which language the text is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// YAML 1.2, or nearly.
    Yaml,
    /// JSON.
    Json,
}

/// Where reading stopped, and why.
#[derive(Clone, Debug)]
struct Stopped {
    offset: usize,
    reason: String,
}

/// A node's number in its document.
type Id = usize;

#[derive(Debug)]
struct Data {
    kind: Kind,
    /// The node's bytes, without tag and anchor.
    span: Range<usize>,
    /// Where tag and anchor begin, if there are any: else the span's start.
    outer_start: usize,
    tag: Option<Box<str>>,
    parent: Option<Id>,
    /// Whether an alias elsewhere stands for this node too.
    aliased: bool,
}

#[derive(Debug)]
enum Kind {
    Scalar {
        value: Box<str>,
        style: Style,
    },
    Sequence {
        items: Vec<Id>,
        flow: bool,
    },
    Mapping {
        entries: Vec<(Id, Id)>,
        flow: bool,
    },
    /// The node for which it stands; none if the anchor is unknown or the alias lies inside what it stands for.
    Alias(Option<Id>),
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes; every string of JSON.
    Double,
    /// A block behind `|`.
    Literal,
    /// A block behind `>`.
    Folded,
}

impl<'f> Document<'f> {
    /// Reads YAML, as far as it goes.
    #[must_use]
    pub fn yaml(file: &'f SourceFile) -> Document<'f> {
        parse::parse(file)
    }

    /// Reads JSON, as far as it goes.
    #[must_use]
    pub fn json(file: &'f SourceFile) -> Document<'f> {
        json::parse(file)
    }

    /// The first document's top node.
    #[must_use]
    pub fn root(&self) -> Option<Node<'_>> {
        self.roots.first().map(|&id| Node::new(self, id))
    }

    /// Where reading stopped, if it did not reach the end. What comes before it was read.
    #[must_use]
    pub fn stopped(&self) -> Option<Note> {
        let Stopped { offset, reason } = self.stopped.clone()?;
        Some(Note { span: self.file.span(offset..offset), reason })
    }

    /// The text that was read.
    #[must_use]
    pub fn text(&self) -> &'f str {
        self.file.text()
    }

    /// The file that was read.
    #[must_use]
    pub fn file(&self) -> &'f SourceFile {
        self.file
    }

    /// The language it is in.
    #[must_use]
    pub fn syntax(&self) -> Syntax {
        self.syntax
    }
}
