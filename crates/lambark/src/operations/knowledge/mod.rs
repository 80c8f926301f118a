//! What is known of error messages: lambark's own entries, the user's, and the repository's; and what they were used for.

pub mod import;
pub mod lint;
pub mod usage;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lambark_knowledge::{Date, Entry, Knowledge, KnowledgeError, MAX_ENTRY_BYTES, Origin, read};

use crate::failure::Failure;
use crate::words::nearest;
use usage::Usage;

/// Entries of one directory at most: more would slow every error message down.
const MAX_FILES: usize = 2_000;

/// Where entries and their use lie, and which day it is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The repository's entries, `.lambark/knowledge`.
    pub repository: PathBuf,
    /// The user's entries, if this machine has a place for them.
    pub user: Option<PathBuf>,
    /// Where hits are counted, if this machine has a place for that.
    pub state: Option<PathBuf>,
    /// The day.
    pub today: Date,
}

/// Why knowledge cannot be used or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An entry that does not exist: the user's.
    #[error("there is no entry `{id}`")]
    Unknown {
        /// What was asked for.
        id: String,
        /// The entry that was probably meant.
        nearest: Option<String>,
    },
    /// An entry of a file cannot be searched with: its author's.
    #[error(transparent)]
    Unusable(#[from] KnowledgeError),
    /// A file that is no incident record: the user's.
    #[error("{path}: {source}")]
    Import {
        /// The file.
        path: PathBuf,
        /// Why.
        source: lambark_knowledge::ImportError,
    },
    /// Another entry is there already.
    #[error("{0} is there already and says something else")]
    Exists(PathBuf),
}

/// All entries that can be found, and what could not be read of them.
#[derive(Debug)]
pub struct Shelf {
    /// The entries.
    pub knowledge: Knowledge,
    /// Files that could not be read, each with the reason. They do not hide the others.
    pub unread: Vec<String>,
    /// Hits and last uses.
    pub usage: Usage,
}

impl Shelf {
    /// Reads everything. A file that cannot be read or used is told and left out: it may not stand in the way of an
    /// answer.
    ///
    /// # Errors
    /// When the entries together cannot be searched with.
    pub fn load(settings: &Settings) -> Result<Shelf, Failure> {
        let (mut entries, mut unread) = (Vec::new(), Vec::new());
        for directory in settings.user.iter().chain([&settings.repository]) {
            for path in files(directory) {
                match entry(&path) {
                    Ok(entry) => match Knowledge::accepts(&entry) {
                        Ok(()) => entries.push(entry),
                        Err(error) => unread.push(format!("{}: {error}", path.display())),
                    },
                    Err(reason) => unread.push(reason),
                }
            }
        }
        let usage = settings.state.as_deref().map(Usage::load).unwrap_or_default();
        let knowledge = Knowledge::with(entries).map_err(Error::Unusable)?;
        Ok(Shelf { knowledge, unread, usage })
    }

    /// The entry of that id.
    ///
    /// # Errors
    /// [`Error::Unknown`], with the entry that was probably meant.
    pub fn entry(&self, id: &str) -> Result<&Entry, Failure> {
        let unknown = || {
            let ids = self.knowledge.entries().iter().map(|entry| entry.id.as_str());
            Failure::from(Error::Unknown { id: id.to_owned(), nearest: nearest(id, ids).map(str::to_owned) })
        };
        self.knowledge.entry(id).ok_or_else(unknown)
    }

    /// Counts that these entries helped. That it cannot be written down is no reason to fail: the answer is there.
    pub(crate) fn count<'a>(&mut self, ids: impl Iterator<Item = &'a str>, settings: &Settings) {
        for id in ids {
            self.usage.count(id, &settings.today);
        }
        if let Some(state) = &settings.state {
            let _ = self.usage.save(state);
        }
    }
}

/// The Markdown files of a directory, in order; none if there is no such directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(read) = fs::read_dir(directory) else { return Vec::new() };
    let paths = read.flatten().map(|file| file.path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).take(MAX_FILES).collect();
    files.sort();
    files
}

/// One entry, or why it cannot be read.
fn entry(path: &Path) -> Result<Entry, String> {
    let text = text(path).map_err(|error| format!("{}: {error}", path.display()))?;
    read(&text, Origin::File(path.display().to_string())).map_err(|error| error.to_string())
}

/// A file's text, as far as an entry may be long; one more byte tells that it is longer.
fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(MAX_ENTRY_BYTES as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}
