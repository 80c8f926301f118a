//! Objects that survive a restart, one JSON file each.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lambark_oci::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::directory::{TEMPORARY, write_whole};
use crate::Error;

/// Longest file name that is made of a key as it stands; every file system takes 255 bytes.
const MAX_NAME: usize = 150;

/// How deep keys may nest: account, Region, name, qualifier, and one to spare.
const MAX_DEPTH: usize = 5;

/// Where objects are kept: files of a data directory, or nowhere when the twin lives in memory alone.
///
/// An object is found again by what it holds, not by its file's name: [`Shelf::load_all`] gives the objects, so each of
/// them carries its own key.
#[derive(Debug)]
pub(crate) struct Shelf {
    root: Option<PathBuf>,
}

impl Shelf {
    pub(super) fn new(root: Option<&Path>) -> Shelf {
        Shelf { root: root.map(|root| root.join("objects")) }
    }

    /// Writes an object, in place of the one of the same kind and key. Either the old or the new one is there at any
    /// time. Keys may be any text from outside.
    pub(crate) fn save<T: Serialize>(&self, kind: &'static str, key: &[&str], object: &T) -> Result<(), Error> {
        let Some(path) = self.path(kind, key) else { return Ok(()) };
        let bytes =
            serde_json::to_vec(object).map_err(|error| Error::Data { path: path.clone(), source: error.into() })?;
        write_whole(&path, &bytes)
    }

    /// Removes an object; one that is not there is no error.
    pub(crate) fn delete(&self, kind: &'static str, key: &[&str]) -> Result<(), Error> {
        let Some(path) = self.path(kind, key) else { return Ok(()) };
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Data { path, source }),
            _ => Ok(()),
        }
    }

    /// Every object of a kind, in no particular order.
    pub(crate) fn load_all<T: DeserializeOwned>(&self, kind: &'static str) -> Result<Vec<T>, Error> {
        let mut objects = Vec::new();
        if let Some(root) = &self.root {
            collect(&root.join(kind), MAX_DEPTH, &mut objects)?;
        }
        Ok(objects)
    }

    fn path(&self, kind: &'static str, key: &[&str]) -> Option<PathBuf> {
        let mut path = self.root.as_ref()?.join(kind);
        path.extend(key.iter().map(|part| file_name(part)));
        path.as_mut_os_string().push(".json");
        Some(path)
    }
}

fn collect<T: DeserializeOwned>(directory: &Path, depth: usize, objects: &mut Vec<T>) -> Result<(), Error> {
    let failed = |path: &Path, source| Error::Data { path: path.to_owned(), source };
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|source| failed(directory, source))?,
    };
    for entry in entries {
        let path = entry.map_err(|source| failed(directory, source))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(TEMPORARY) {
            // Left behind by a process that was killed while it wrote.
            fs::remove_file(&path).map_err(|source| failed(&path, source))?;
        } else if path.is_dir() && depth > 1 {
            collect(&path, depth - 1, objects)?;
        } else if name.ends_with(".json") {
            let bytes = fs::read(&path).map_err(|source| failed(&path, source))?;
            objects.push(serde_json::from_slice(&bytes).map_err(|error| failed(&path, error.into()))?);
        }
    }
    Ok(())
}

/// One part of a key as one part of a path: nothing in it separates, climbs or hides, and two keys that differ only in
/// the case of letters stay apart where the file system does not tell cases apart.
fn file_name(part: &str) -> String {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    let mut name = String::new();
    for (at, byte) in part.bytes().enumerate() {
        if plain(byte) || (byte == b'.' && at > 0) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    if name.is_empty() {
        name.push('%');
    }
    if name.len() > MAX_NAME {
        // ASCII throughout, so that cutting anywhere is safe.
        name.truncate(MAX_NAME);
        name = format!("{name}~{}", Digest::of(part.as_bytes()).hex());
    }
    name
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn all(shelf: &Shelf) -> Vec<String> {
        let mut all: Vec<String> = shelf.load_all("things").unwrap();
        all.sort();
        all
    }

    #[test]
    fn what_is_saved_comes_back_and_what_is_deleted_does_not() {
        let place = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(Some(place.path()));
        assert!(all(&shelf).is_empty());
        shelf.save("things", &["1", "b"], &"old").unwrap();
        shelf.save("things", &["1", "b"], &"new").unwrap();
        shelf.save("things", &["1", "b/c"], &"below").unwrap();
        shelf.save("others", &["1"], &7).unwrap();
        assert_eq!(all(&Shelf::new(Some(place.path()))), ["below", "new"]);
        shelf.delete("things", &["1", "b"]).unwrap();
        shelf.delete("things", &["1", "never"]).unwrap();
        assert_eq!(all(&shelf), ["below"]);
    }

    #[test]
    fn no_key_leaves_the_directory_and_no_two_meet() {
        let long = ["x".repeat(300), "x".repeat(301), "/".repeat(256)];
        let mut keys = vec!["", ".", "..", "../../etc/passwd", "a", "A", "%61", "a.json", "a/b", "a%2fb", "ä", "a\0b"];
        keys.extend(long.iter().map(String::as_str));
        let mut names: Vec<String> = keys.iter().map(|key| file_name(key)).collect();
        for name in &names {
            assert!(!name.contains(['/', '\0', '\\']) && !name.starts_with('.') && name.len() < 250, "{name}");
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), keys.len());
    }

    #[test]
    fn what_was_half_written_is_swept_and_damage_is_told() {
        let place = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(Some(place.path()));
        shelf.save("things", &["a"], &"whole").unwrap();
        let things = place.path().join("objects/things");
        fs::write(things.join(".new-123"), "\"ha").unwrap();
        assert_eq!(all(&shelf), ["whole"]);
        assert_eq!(fs::read_dir(&things).unwrap().count(), 1);
        fs::write(things.join("b.json"), "\"ha").unwrap();
        assert!(shelf.load_all::<String>("things").unwrap_err().to_string().contains("b.json"));
    }

    #[test]
    fn in_memory_nothing_is_kept() {
        let shelf = Shelf::new(None);
        shelf.save("things", &["a"], &"x").unwrap();
        assert!(all(&shelf).is_empty());
    }
}
