//! The files of a repository, read once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use lambark_lint::limits::MAX_FILE_BYTES;
use lambark_lint::{SourceFile, Tree};

/// Most files that are read because another file names them. A repository names a handful; one that is written to keep
/// a linter busy names more.
const MAX_ASKED_FOR: usize = 10_000;

/// A directory with what was read of it.
#[derive(Debug)]
pub(in crate::operations) struct Disk {
    root: PathBuf,
    /// What the walk found, by path.
    sources: Mutex<BTreeMap<String, Arc<SourceFile>>>,
    /// What was asked for besides.
    asked_for: Mutex<BTreeMap<String, Option<Arc<SourceFile>>>>,
}

impl Disk {
    pub(super) fn new(root: PathBuf, sources: Vec<SourceFile>) -> Disk {
        let sources = sources.into_iter().map(|file| (file.path().to_string(), Arc::new(file))).collect();
        Disk { root, sources: Mutex::new(sources), asked_for: Mutex::default() }
    }

    /// Everything that the walk found, by path.
    pub(super) fn all(&self) -> Vec<Arc<SourceFile>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// How many files the walk found.
    pub(super) fn known(&self) -> usize {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Puts a new text in a file's place.
    pub(super) fn replace(&self, path: &str, text: String) -> Arc<SourceFile> {
        let file = Arc::new(SourceFile::new(path, text.into_bytes()).0);
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.contains_key(path) {
            sources.insert(path.to_owned(), Arc::clone(&file));
        } else {
            let mut asked_for = self.asked_for.lock().unwrap_or_else(PoisonError::into_inner);
            asked_for.insert(path.to_owned(), Some(Arc::clone(&file)));
        }
        file
    }

    /// A file that another one names: an ordinary one, in this repository even behind links.
    fn look(&self, path: &str) -> Option<Arc<SourceFile>> {
        let whole = self.root.join(path).canonicalize().ok()?;
        if !whole.starts_with(&self.root) || !whole.metadata().ok()?.is_file() {
            return None;
        }
        let bytes = read(&whole).ok()?;
        let (file, note) = SourceFile::new(path, bytes);
        note.is_none().then(|| Arc::new(file))
    }
}

impl Tree for Disk {
    fn read(&self, path: &str) -> Option<Arc<SourceFile>> {
        if let Some(file) = self.sources.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Some(Arc::clone(file));
        }
        let known = self.asked_for.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        if let Some(known) = known {
            return known;
        }
        let file = self.look(path);
        let mut asked_for = self.asked_for.lock().unwrap_or_else(PoisonError::into_inner);
        if asked_for.len() < MAX_ASKED_FOR {
            asked_for.insert(path.to_owned(), file.clone());
        }
        file
    }
}

/// Reads an ordinary file that is not too large.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if usize::try_from(size).map_or(true, |size| size > MAX_FILE_BYTES) {
        return Err(format!("larger than {MAX_FILE_BYTES} bytes"));
    }
    fs::read(path).map_err(|error| error.to_string())
}

/// A path with `/` between names; `None` if it is no text.
pub(super) fn slashed(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.components().map(|part| part.as_os_str().to_str()).collect();
    parts.map(|parts| parts.join("/"))
}
