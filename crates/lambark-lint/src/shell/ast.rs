//! What a script is made of, as far as it matters here. Ranges are bytes of the fragment's text.

use std::ops::Range;
use std::rc::Rc;

/// One thing after another.
pub(super) type List = Vec<Item>;

/// A command or compound, and how it hangs on what stands before it.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) node: Node,
    /// Whether it reads what the item before it writes.
    pub(super) piped: bool,
}

#[derive(Debug)]
pub(super) enum Node {
    Simple(Simple),
    Function {
        name: String,
        body: Rc<List>,
    },
    /// `( … )`: what it sets is gone afterwards.
    Subshell(List),
    /// `{ … }`.
    Group(List),
    /// `if` and its like: the conditions run, then at most one of the arms.
    Branch {
        conditions: List,
        arms: Vec<List>,
    },
    /// `while`, `until`.
    Loop {
        condition: List,
        body: List,
    },
    For {
        name: String,
        words: Vec<Word>,
        body: List,
    },
    Case {
        word: Word,
        patterns: Vec<Word>,
        arms: Vec<List>,
    },
}

/// Assignments, words, and a here-document or here-string.
#[derive(Debug, Default)]
pub(super) struct Simple {
    pub(super) assignments: Vec<Assignment>,
    pub(super) words: Vec<Word>,
    /// The body of a here-document.
    pub(super) document: Option<Range<usize>>,
    /// The word behind `<<<`.
    pub(super) here_string: Option<Word>,
}

#[derive(Debug)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: Assigned,
    /// `NAME+=value`.
    pub(super) appends: bool,
}

#[derive(Debug)]
pub(super) enum Assigned {
    Word(Word),
    Array(Vec<Word>),
    /// One item of an array, or a map: not followed.
    Item,
}

/// A word before its variables are put in.
#[derive(Debug, Default)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
    pub(super) range: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Part {
    /// Text without its quotes and escapes, and where it stands.
    Text { text: String, range: Range<usize>, quoted: bool },
    /// `$NAME`, `${NAME}`; `all` for `$@`, `${NAME[@]}` and their like.
    Variable { name: String, quoted: bool, all: bool },
    /// `$( … )` or backticks.
    Substitution { list: List, range: Range<usize> },
    /// Something whose value is not to be had: `${NAME%%x}`, `$((…))`, `${{ … }}`, a glob. `mentions` names the
    /// variable in it.
    Unknown { range: Range<usize>, quoted: bool, mentions: Option<String> },
}

impl Word {
    /// The word if it is plain text without quotes: only such a word can be a keyword.
    pub(super) fn bare(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text { text, quoted: false, .. }] => Some(text),
            _ => None,
        }
    }
}
