//! `knowledge lint`: whether entries keep their promises.

use std::path::PathBuf;

use lambark_knowledge::{Entry, Fault, Knowledge, lint};

use super::{Settings, entry, files};
use crate::exit;
use crate::failure::Failure;

/// What was found.
#[derive(Debug)]
pub struct Outcome {
    /// How many entries were looked at.
    pub entries: usize,
    /// Files that are no entries, each with the reason.
    pub unread: Vec<String>,
    /// What is wrong with the others.
    pub faults: Vec<Fault>,
}

impl Outcome {
    /// The process's exit code: an overdue review is listed, but fails nothing.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let wrong = !self.unread.is_empty() || self.faults.iter().any(|fault| !fault.overdue);
        if wrong { exit::FINDINGS } else { exit::FINE }
    }
}

/// Looks at the entries of `paths` (files or directories); if none is given, at ours, the user's and the repository's.
///
/// # Errors
/// When lambark's own entries cannot be used, which would be a bug.
pub fn run(settings: &Settings, paths: &[PathBuf]) -> Result<Outcome, Failure> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut unread = Vec::new();
    let mut places: Vec<PathBuf> = paths.to_vec();
    if paths.is_empty() {
        entries.extend_from_slice(Knowledge::built_in().map_err(super::Error::Unusable)?.entries());
        places.extend(settings.user.clone());
        places.push(settings.repository.clone());
    }
    for place in places {
        let files = if place.is_dir() || paths.is_empty() { files(&place) } else { vec![place] };
        for file in files {
            match entry(&file) {
                Ok(entry) => entries.push(entry),
                Err(reason) => unread.push(reason),
            }
        }
    }
    let faults = lint(&entries, &settings.today);
    Ok(Outcome { entries: entries.len(), unread, faults })
}
