//! The ledger, wherever it lies.

use std::path::{Path, PathBuf};

use lambark_oci::Digest;

use crate::artifact::Artifact;
use crate::check::checked;
use crate::database::Database;
use crate::entry::{Draft, Entry};
use crate::error::Error;
use crate::row::Row;
use crate::verify::Report;

/// The last entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub id: u64,
    /// Its hash.
    pub hash: Digest,
}

/// Which entries; without any condition all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not earlier than this, in milliseconds since 1970.
    pub since: Option<u64>,
    /// Earlier than this, in milliseconds since 1970.
    pub until: Option<u64>,
    /// Of this function.
    pub function: Option<String>,
    /// Of this service.
    pub service: Option<String>,
    /// Of this verb.
    pub verb: Option<String>,
    /// The newest of them, at most so many.
    pub limit: Option<u32>,
}

/// Entries, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Those that are not what was written, and are left out.
    pub damaged: Vec<Damage>,
}

/// An entry that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Its number, by its place.
    pub id: u64,
    /// What is wrong, in words that follow "entry N".
    pub reason: String,
}

/// What a removal removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prunable {
    /// How many entries.
    pub entries: u64,
    /// The last of them.
    pub last: Head,
}

/// A ledger that is open.
pub struct Ledger {
    store: Store,
}

enum Store {
    Database(Database),
    Artifact(Artifact),
}

impl Ledger {
    /// Opens the database at `path`, for reading and appending; makes it, and the directories above, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made or opened, is another kind of file, or was written by a newer lambark.
    pub fn open(path: &Path) -> Result<Ledger, Error> {
        Ok(Ledger { store: Store::Database(Database::open(path)?) })
    }

    /// Opens the database at `path` for reading alone, also where nothing may be written.
    ///
    /// # Errors
    /// When it is not there, is another kind of file, or was written by a newer lambark.
    pub fn open_read_only(path: &Path) -> Result<Ledger, Error> {
        Ok(Ledger { store: Store::Database(Database::open_read_only(path)?) })
    }

    /// No database: entries live as long as the process, and are added to the file `artifact`, if one is named, one a
    /// line. What is in the file already stays and is continued.
    ///
    /// # Errors
    /// When the file cannot be read, or is another kind of file.
    pub fn none(artifact: Option<&Path>) -> Result<Ledger, Error> {
        Ok(Ledger { store: Store::Artifact(Artifact::open(artifact)?) })
    }

    /// Where it lies; `none` if nowhere.
    #[must_use]
    pub fn path(&self) -> &Path {
        match &self.store {
            Store::Database(database) => database.path(),
            Store::Artifact(artifact) => artifact.path(),
        }
    }

    /// Whether entries outlive the process.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        !matches!(&self.store, Store::Artifact(artifact) if !artifact.is_a_file())
    }

    /// Adds an entry. It is on the disk when this returns.
    ///
    /// # Errors
    /// When a text is too long, or it cannot be written; then nothing was added.
    pub fn append(&mut self, draft: &Draft) -> Result<Entry, Error> {
        let body = checked(draft)?;
        match &mut self.store {
            Store::Database(database) => database.append(body),
            Store::Artifact(artifact) => artifact.append(body),
        }
    }

    /// Entries, the oldest first.
    ///
    /// # Errors
    /// When the ledger cannot be read. Entries that were changed are no error: they are told apart.
    pub fn list(&self, filter: &Filter) -> Result<Listing, Error> {
        let rows = match &self.store {
            Store::Database(database) => database.select(filter)?,
            Store::Artifact(artifact) => artifact.select(filter),
        };
        let mut listing = Listing::default();
        for row in rows {
            match row.entry() {
                Ok(entry) => listing.entries.push(entry),
                Err(reason) => listing.damaged.push(Damage { id: row.place.unwrap_or_default(), reason }),
            }
        }
        Ok(listing)
    }

    /// One entry.
    ///
    /// # Errors
    /// When it is not there, or is not what was written.
    pub fn show(&self, id: u64) -> Result<Entry, Error> {
        let row = match &self.store {
            Store::Database(database) => database.row(id)?,
            Store::Artifact(artifact) => artifact.row(id),
        };
        self.believed(&row.ok_or_else(|| Error::Unknown { path: self.path().to_owned(), id })?)
    }

    fn believed(&self, row: &Row) -> Result<Entry, Error> {
        let id = row.place.unwrap_or_default();
        row.entry().map_err(|reason| Error::Damaged { path: self.path().to_owned(), id, reason })
    }

    /// The newest intent for a function and alias that no entry ends: what a run that was killed left.
    ///
    /// # Errors
    /// When the ledger cannot be read, or the entry is not what was written.
    pub fn open_intent(&self, function: &str, alias: Option<&str>) -> Result<Option<Entry>, Error> {
        let row = match &self.store {
            Store::Database(database) => database.open_intent(function, alias)?,
            Store::Artifact(artifact) => artifact.open_intent(function, alias),
        };
        row.map(|row| self.believed(&row)).transpose()
    }

    /// The last entry: whoever writes its hash down notices later if the end was cut off.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn head(&self) -> Result<Option<Head>, Error> {
        match &self.store {
            Store::Database(database) => database.head(),
            Store::Artifact(artifact) => Ok(artifact.head()),
        }
    }

    /// Looks at every entry. With the hash of an earlier head, also whether that entry is still there.
    ///
    /// # Errors
    /// When the ledger cannot be read at all. What is wrong with it is no error: the report names it.
    pub fn verify(&self, expected: Option<&Digest>) -> Result<Report, Error> {
        match &self.store {
            Store::Database(database) => database.verify(expected),
            Store::Artifact(artifact) => Ok(artifact.verify(expected)),
        }
    }

    /// What [`Ledger::prune`] would remove: the entries from the first on that are older than `before`, up to the first
    /// that is not.
    ///
    /// # Errors
    /// When some of that is younger than `retention_days` at the time `now`, or the ledger is an artifact.
    pub fn prunable(&self, before: u64, retention_days: u64, now: u64) -> Result<Option<Prunable>, Error> {
        retained(before, retention_days, now)?;
        match &self.store {
            Store::Database(database) => database.prunable(before),
            Store::Artifact(artifact) => Err(Error::NotPrunable { path: artifact.path().to_owned() }),
        }
    }

    /// Removes what is old enough and appends `draft`, with the number and hash of the last entry removed: from there
    /// on the chain can still be verified. Without anything to remove nothing is appended.
    ///
    /// # Errors
    /// As [`Ledger::prunable`] and [`Ledger::append`], and when the chain does not hold; then nothing was removed.
    pub fn prune(
        &mut self,
        before: u64,
        retention_days: u64,
        draft: &Draft,
    ) -> Result<Option<(Prunable, Entry)>, Error> {
        retained(before, retention_days, draft.time)?;
        let body = checked(draft)?;
        if !self.verify(None)?.faults.is_empty() {
            return Err(Error::Broken { path: self.path().to_owned() });
        }
        match &mut self.store {
            Store::Database(database) => database.prune(before, body),
            Store::Artifact(artifact) => Err(Error::NotPrunable { path: artifact.path().to_owned() }),
        }
    }
}

/// Refuses to remove what has to be kept.
fn retained(before: u64, days: u64, now: u64) -> Result<(), Error> {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let latest = now.saturating_sub(days.saturating_mul(DAY));
    if before > latest { Err(Error::TooYoung { days, latest }) } else { Ok(()) }
}

/// A [`PathBuf`] for what lies nowhere.
pub(crate) fn nowhere() -> PathBuf {
    PathBuf::from("none")
}

#[cfg(test)]
mod tests;
