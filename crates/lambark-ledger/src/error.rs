//! Why something could not be recorded or read.

use std::io;
use std::path::{Path, PathBuf};

/// Why something could not be recorded or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger cannot be written: this machine's, or the user has no right to.
    #[error("the ledger {path} cannot be written: {reason}")]
    Unwritable {
        /// The ledger.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is no room left: this machine's.
    #[error("the ledger {path} cannot be written: {reason}")]
    Full {
        /// The ledger.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Somebody else writes, and does not come to an end: this machine's.
    #[error("the ledger {path} is in use: another process has held it for {seconds} seconds")]
    Busy {
        /// The ledger.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// It is not there: the user named another, or nothing was recorded yet.
    #[error("there is no ledger at {path}")]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// It cannot be read: the user has no right to, or the disk is broken.
    #[error("the ledger {path} cannot be read: {reason}")]
    Unreadable {
        /// The ledger.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It is another kind of file: the user named it.
    #[error("{path} is not a ledger of lambark: {reason}")]
    NotALedger {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        reason: &'static str,
    },
    /// A newer lambark has written it.
    #[error("the ledger {path} has format {found}, and this lambark knows formats up to {known}")]
    Newer {
        /// The ledger.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format that is known here.
        known: u64,
    },
    /// An entry is not what was written: somebody's, or the disk's.
    #[error("entry {id} of the ledger {path} {reason}")]
    Damaged {
        /// The ledger.
        path: PathBuf,
        /// The entry.
        id: u64,
        /// What is wrong.
        reason: String,
    },
    /// There is no such entry: the user's.
    #[error("the ledger {path} has no entry {id}")]
    Unknown {
        /// The ledger.
        path: PathBuf,
        /// The entry that was asked for.
        id: u64,
    },
    /// A text is too long: the user's.
    #[error("{field} has {bytes} bytes, and an entry takes {limit}")]
    TooLong {
        /// The field.
        field: &'static str,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// Entries have to be kept for longer: the user's.
    #[error("entries have to be kept for {days} days, and that day is not over {days} days ago")]
    TooYoung {
        /// How long entries have to be kept.
        days: u64,
        /// The latest time up to which entries may be removed, in milliseconds since 1970.
        latest: u64,
    },
    /// A chain that does not hold is evidence: nothing is removed from it.
    #[error("nothing is removed from the ledger {path}: its chain does not hold")]
    Broken {
        /// The ledger.
        path: PathBuf,
    },
    /// An artifact only ever grows.
    #[error("nothing can be removed from {path}: it is an artifact, and only a database can be pruned")]
    NotPrunable {
        /// The artifact.
        path: PathBuf,
    },
}

impl Error {
    /// What SQLite says, as far as it is known whose fault it is.
    pub(crate) fn of_sqlite(path: &Path, writes: bool, error: &rusqlite::Error) -> Error {
        use rusqlite::ErrorCode;
        let (path, reason) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Error::Full { path, reason: "there is no room left".to_owned() },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Error::Busy { path, seconds: crate::limits::BUSY_MILLISECONDS / 1000 }
            }
            Some(ErrorCode::NotADatabase) => Error::NotALedger { path, reason: "it is no database" },
            _ if writes => Error::Unwritable { path, reason },
            _ => Error::Unreadable { path, reason },
        }
    }

    /// What the operating system says while something is written.
    pub(crate) fn of_write(path: &Path, error: &io::Error) -> Error {
        let (path, reason) = (path.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Error::Full { path, reason }
            }
            _ => Error::Unwritable { path, reason },
        }
    }

    /// What the operating system says while something is read.
    pub(crate) fn of_read(path: &Path, error: &io::Error) -> Error {
        Error::Unreadable { path: path.to_owned(), reason: error.to_string() }
    }
}
