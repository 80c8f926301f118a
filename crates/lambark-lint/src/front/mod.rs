//! Front ends: one file a kind of file. Each recognises its files by name and fills the model.
//!
//! To add one: a module with a `pub static FRONT_END: FrontEnd`, a line in [`FRONT_ENDS`], cases in `tests/`. A front
//! end never fails: what it cannot read it leaves out and tells as a [`Note`] with the place where reading stopped.
//! Scripts inside other files (`run:`, `commands:`, `local-exec`) go to [`crate::shell::run`] as a [`Fragment`], with
//! the variables in force as a [`crate::shell::Scope`].

pub mod bake;
pub mod buildspec;
pub mod cloudformation;
pub mod compose;
pub mod containerfile;
pub(crate) mod declared;
pub mod github;
pub mod justfile;
pub mod makefile;
mod options;
mod recipes;
pub mod script;
#[cfg(test)]
mod shown;
pub mod terraform;

use std::sync::Arc;

use crate::dockerfile::Dockerfile;
use crate::source::{Note, SourceFile, Tree};
use crate::step::{Function, Sequence, Tie};

#[cfg(doc)]
use crate::fragment::Fragment;

/// One kind of file.
#[derive(Debug)]
pub struct FrontEnd {
    /// For people: `GitHub workflow`.
    pub name: &'static str,
    /// Whether a file of this path (relative to the repository's root) is of this kind. Looks at names alone.
    pub recognises: fn(path: &str) -> bool,
    /// Words of which at least one stands in every file that matters, in lower case; the search ignores case. Empty:
    /// every file of this kind matters.
    pub words: &'static [&'static str],
    /// Reads the file into the model. The tree serves what the file refers to: scripts that it calls, Dockerfiles.
    pub read: fn(&SourceFile, &dyn Tree) -> FrontResult,
}

/// Every front end. The first that recognises a file reads it.
pub static FRONT_ENDS: &[&FrontEnd] = &[
    &containerfile::FRONT_END,
    &bake::FRONT_END,
    &compose::FRONT_END,
    &github::FRONT_END,
    &buildspec::FRONT_END,
    &cloudformation::FRONT_END,
    &terraform::FRONT_END,
    &makefile::FRONT_END,
    &justfile::FRONT_END,
    &script::FRONT_END,
];

/// What a file says.
#[derive(Clone, Debug, Default)]
pub struct FrontResult {
    /// What it has run.
    pub sequences: Vec<Sequence>,
    /// What in it ties something in this repository to Lambda, though not one step alone: a template's function.
    pub ties: Vec<Tie>,
    /// Image functions that it defines.
    pub functions: Vec<Function>,
    /// The Dockerfile, if it is one.
    pub dockerfile: Option<Dockerfile>,
    /// Where reading stopped, and what could not be followed.
    pub notes: Vec<Note>,
    /// Scripts of this repository that it calls: they are judged where they are called, with the caller's environment.
    pub followed: Vec<Followed>,
}

/// A sequence of another file that a file calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Followed {
    /// The other file.
    pub path: String,
    /// The sequence's name there: empty for a script, `target NAME` for a make target.
    pub name: String,
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct ReadFile {
    /// Its path, relative to the repository's root.
    pub path: Arc<str>,
    /// What it says.
    pub result: FrontResult,
}

/// Reads a file, if it is of a kind that is known and can matter.
#[must_use]
pub fn read(file: &SourceFile, tree: &dyn Tree) -> Option<ReadFile> {
    let front = of(file.path()).filter(|front| is_relevant(front, file.text().as_bytes()))?;
    Some(ReadFile { path: Arc::clone(file.path()), result: (front.read)(file, tree) })
}

/// Whether a name without a suffix belongs to another kind of file.
fn is_named_otherwise(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["makefile", "gnumakefile", "justfile", "dockerfile", "containerfile"].iter().any(|stem| lower.starts_with(stem))
}

/// The front end of a path.
#[must_use]
pub fn of(path: &str) -> Option<&'static FrontEnd> {
    FRONT_ENDS.iter().copied().find(|front| (front.recognises)(path))
}

/// Whether a file can matter at all: cheap, before anything is parsed.
#[must_use]
pub fn is_relevant(front: &FrontEnd, text: &[u8]) -> bool {
    front.words.is_empty() || front.words.iter().any(|word| contains_ignoring_case(text, word.as_bytes()))
}

/// Whether `needle` (lower case, at least one byte) stands in `text` in any case.
fn contains_ignoring_case(text: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return true };
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text)
        .any(|at| text.get(at..at + needle.len()).is_some_and(|found| found.eq_ignore_ascii_case(needle)))
}
