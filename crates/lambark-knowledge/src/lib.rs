//! What the messages around AWS Lambda's container images mean.
//!
//! Entries are Markdown with front matter, compiled in; the user's and the repository's have the same form. A
//! [`Scanner`] is fed with a log of any length and finds all of them at once; [`diagnose()`] ranks what it found.

mod article;
mod built_in;
mod clean;
mod diagnose;
mod entry;
mod import;
mod knowledge;
mod limits;
mod lint;
mod pattern;
mod places;
mod scan;
mod signals;
mod squeeze;
mod wrappers;
mod yaml;

pub use article::{EntryError, read, write};
pub use diagnose::{Diagnosis, Explained, Ranked, Seen, alone, diagnose};
pub use entry::{Cause, Date, Entry, Level, Origin, Stage};
pub use import::{ImportError, Imported, hot_pattern, import};
pub use knowledge::{Knowledge, KnowledgeError};
pub use limits::MAX_ENTRY_BYTES;
pub use lint::{Fault, lint};
pub use pattern::PatternError;
pub use places::Place;
pub use scan::{Scan, Scanner};
pub use signals::{SIGNALS, Signal, signal};
pub use wrappers::{Peeled, peel};

/// Everything that a text means, when it is all there at once.
#[must_use]
pub fn scan(knowledge: &Knowledge, text: &str) -> Scan {
    let mut scanner = Scanner::new(knowledge);
    scanner.feed(text.as_bytes());
    scanner.finish()
}
