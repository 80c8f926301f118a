//! The shell, as far as build scripts need it: variables, functions, substitutions, lists, here-documents, and scripts
//! that call scripts of the same repository.
//!
//! A reader of our own: scripts stand inside YAML, make and just files in pieces, are half written, and contain
//! expressions of their host; each word must lead back to its place in the file; nothing may grow without a limit.

mod ast;
mod builtin;
mod compound;
mod evaluate;
mod follow;
mod parse;
mod run;
mod scope;
mod words;

pub use run::run;
pub use scope::Scope;

pub(crate) use evaluate::{Arg, ROOT};
pub(crate) use run::{run_file, run_nested};

#[cfg(test)]
mod tests;
