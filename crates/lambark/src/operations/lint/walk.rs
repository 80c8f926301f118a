//! Which files of a repository can matter: by name first, then by a look for the words of which one must stand in them.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};
use lambark_lint::{Note, SourceFile, front};

use super::{disk, note, threads};

/// What a walk found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) sources: Vec<SourceFile>,
    pub(super) notes: Vec<Note>,
}

/// Directories of other people's files, ignored by git or not.
const SKIPPED: [&str; 5] = [".git", "node_modules", ".terraform", ".venv", "cdk.out"];

/// How far into a file its encoding shows: text has no zero bytes, and UTF-16 has one in the first two letters.
const ENCODING_BYTES: usize = 512;

/// Reads every file that can matter, on several threads.
pub(super) fn find(root: &Path) -> Found {
    let found = Mutex::new(Found::default());
    let mut walk = WalkBuilder::new(root);
    // Workflows lie in a hidden directory; a repository without `.git` may have its `.gitignore` all the same.
    walk.hidden(false).require_git(false).threads(threads());
    walk.filter_entry(|entry| !SKIPPED.iter().any(|name| entry.file_name() == *name));
    walk.build_parallel().run(|| {
        Box::new(|entry| {
            let (source, told) = match entry {
                Ok(entry) => look(root, &entry),
                Err(error) => (None, Some(note("", error.to_string()))),
            };
            if source.is_some() || told.is_some() {
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.sources.extend(source);
                found.notes.extend(told);
            }
            WalkState::Continue
        })
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn look(root: &Path, entry: &DirEntry) -> (Option<SourceFile>, Option<Note>) {
    // Links lead to files that are found by themselves, or out of the repository; pipes and devices never end.
    if !entry.file_type().is_some_and(|kind| kind.is_file()) {
        return (None, None);
    }
    let Some(path) = entry.path().strip_prefix(root).ok().and_then(disk::slashed) else { return (None, None) };
    let Some(front) = front::of(&path) else { return (None, None) };
    match disk::read(entry.path()) {
        // In another encoding the words could not be found.
        Ok(bytes) if bytes.iter().take(ENCODING_BYTES).any(|byte| *byte == 0) => {
            (None, Some(note(&path, "binary, or not UTF-8".to_owned())))
        }
        Ok(bytes) if !front::is_relevant(front, &bytes) => (None, None),
        Ok(bytes) => {
            let (source, told) = SourceFile::new(&path, bytes);
            (Some(source), told)
        }
        Err(reason) => (None, Some(note(&path, reason))),
    }
}
