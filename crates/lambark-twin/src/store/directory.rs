//! The data directory: whose it is, and that only one process writes it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::Error;

/// A file that marks the directory as a twin's, and is locked while one runs.
const MARK: &str = "lambark-twin.lock";

/// A data directory that belongs to this process as long as the value lives.
#[derive(Debug)]
pub(super) struct Directory {
    root: PathBuf,
    /// Locked; the operating system lets go of it however the process ends.
    _lock: File,
}

impl Directory {
    /// Opens a data directory, made at need.
    pub(super) fn open(root: &Path) -> Result<Directory, Error> {
        let failed = |source| Error::Data { path: root.to_owned(), source };
        fs::create_dir_all(root).map_err(failed)?;
        let mark = root.join(MARK);
        if !mark.exists() && fs::read_dir(root).map_err(failed)?.next().is_some() {
            let reason = "it is not empty and no twin's data directory";
            return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, reason)));
        }
        let lock = File::options().create(true).append(true).open(&mark).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Directory { root: root.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(failed(io::Error::new(io::ErrorKind::ResourceBusy, "another twin uses it")))
            }
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }
}

/// Writes a file whole or not at all: a process that is killed leaves the old one or the new one. What the machine
/// itself loses in a power cut is not guarded against: these are a test's data.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let written = || -> io::Result<()> {
        fs::create_dir_all(parent)?;
        let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(parent)?;
        io::Write::write_all(&mut file, bytes)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    written().map_err(|source| Error::Data { path: path.to_owned(), source })
}

/// How the names of files begin that are still being written.
pub(super) const TEMPORARY: &str = ".new-";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_directory_in_use_is_refused_and_free_again_afterwards() {
        let place = tempfile::tempdir().unwrap();
        let first = Directory::open(place.path()).unwrap();
        let refused = Directory::open(place.path()).unwrap_err().to_string();
        assert!(refused.ends_with("another twin uses it"), "{refused}");
        drop(first);
        Directory::open(place.path()).unwrap();
    }

    #[test]
    fn somebody_elses_directory_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("thesis.txt"), "years of work").unwrap();
        let refused = Directory::open(place.path()).unwrap_err().to_string();
        assert!(refused.contains("no twin's data directory"), "{refused}");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
