//! The way back: what stood under a name before a repair moved it.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use lambark_oci::{Digest, MediaType, RawDocument};
use serde::{Deserialize, Serialize};

use crate::Error;

/// A directory that keeps what names pointed at before.
#[derive(Clone, Debug)]
pub struct UndoStore {
    directory: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Record {
    /// The name that was moved, for people who look into the directory.
    name: String,
    /// What stands there since.
    now: Digest,
    /// The type of what stood there before.
    media_type: MediaType,
    /// Its bytes; manifests are JSON, so this is text.
    before: String,
}

impl UndoStore {
    /// The store in a directory, which is made when something is first kept.
    #[must_use]
    pub fn new(directory: &Path) -> UndoStore {
        UndoStore { directory: directory.join("undo") }
    }

    /// One file for each name and what stands there since; both go into the file's name by their digests.
    fn path(&self, name: &str, now: &Digest) -> PathBuf {
        self.directory.join(Digest::of(name.as_bytes()).short()).join(format!("{}.json", now.hex()))
    }

    /// Keeps `before`, which `name` points at until `now` takes its place.
    ///
    /// # Errors
    /// When it cannot be written: then the name must not be moved either.
    pub fn keep(&self, name: &str, before: &RawDocument, now: &Digest) -> Result<(), Error> {
        let path = self.path(name, now);
        let failed = |source| Error::Write { path: path.clone(), source };
        let record = Record {
            name: name.to_owned(),
            now: now.clone(),
            media_type: before.media_type().clone(),
            before: String::from_utf8_lossy(before.bytes()).into_owned(),
        };
        let directory = path.parent().unwrap_or(&self.directory);
        fs::create_dir_all(directory).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
        serde_json::to_writer(&mut file, &record).map_err(|error| failed(error.into()))?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// What stood under `name` before `now`.
    ///
    /// # Errors
    /// When nothing was kept, or what was kept is no longer what it was.
    pub fn before(&self, name: &str, now: &Digest) -> Result<RawDocument, Error> {
        let path = self.path(name, now);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::Refused {
                    reason: format!("nothing is known of what stood under {name} before {now}"),
                    instead: None,
                });
            }
            Err(source) => return Err(Error::Read { path, source }),
        };
        let malformed = |reason: String| Error::Malformed { place: path.display().to_string(), reason };
        let record: Record = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        let before = Bytes::from(record.before.into_bytes());
        RawDocument::parse(before, Some(&record.media_type)).map_err(|error| malformed(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_stood_there_comes_back_byte_for_byte() {
        let directory = tempfile::tempdir().unwrap();
        let store = UndoStore::new(directory.path());
        let before = RawDocument::parse(Bytes::from_static(b"{ \"manifests\" : [] }\n"), None).unwrap();
        let now = Digest::of(b"new");
        assert!(matches!(store.before("x.io/a:b", &now), Err(Error::Refused { .. })));
        store.keep("x.io/a:b", &before, &now).unwrap();
        assert_eq!(store.before("x.io/a:b", &now).unwrap(), before);
        assert!(store.before("x.io/a:c", &now).is_err());
    }
}
