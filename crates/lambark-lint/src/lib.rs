//! Build steps of a repository that give images which AWS Lambda refuses, fixes that do nothing, and checks of the
//! wrong thing.
//!
//! Pure: files come through a [`source::Tree`], findings and edits go out. Each [front end](front) fills one
//! [model](step) of what is done, step by step; each rule sees the model alone. What is not known (a variable without
//! a value, an option list from elsewhere) is never held against a repository.

mod attestation;
pub mod catalogue;
mod command;
pub mod dockerfile;
pub mod finding;
pub mod fix;
mod flow;
pub mod fragment;
pub mod front;
pub mod hcl;
mod ignores;
pub mod image_name;
pub mod json_words;
pub mod limits;
pub mod lint;
pub mod repository;
pub mod rule;
pub mod rules;
pub mod runtime;
pub mod shell;
pub mod source;
pub mod step;
pub mod yaml;

pub use catalogue::{CATALOGUE, rule};
pub use finding::{Edit, Finding, Fix};
pub use flow::Wanted;
pub use lint::{NotJudged, Report, lint};
pub use repository::{BuildSite, Repository, Service, Settings};
pub use rule::Rule;
pub use source::{MemoryTree, Note, Position, SourceFile, Span, Tree};
