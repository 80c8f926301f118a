//! Files by name, from a directory or straight out of a tar: nothing is unpacked to look at a manifest.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Error;

/// Most entries that an image archive may have; real ones have three a layer.
pub(crate) const MAX_ARCHIVE_ENTRIES: usize = 100_000;

/// How many links inside an archive are followed for one name. `docker save` writes one for a repeated layer.
const MAX_LINKS: usize = 8;

/// Files by name.
pub(crate) trait Files: Send + Sync {
    /// The file's content and size, or `None` when it is not there.
    fn open(&self, name: &str) -> Result<Option<Opened>, Error>;

    /// The path on this machine, for messages.
    fn path(&self) -> &Path;
}

/// A file that was found.
pub(crate) struct Opened {
    pub(crate) content: Box<dyn Read + Send>,
    pub(crate) size: u64,
}

/// A small file as text, or `None` when it is not there.
pub(crate) fn read_small(files: &dyn Files, name: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    let Some(opened) = files.open(name)? else { return Ok(None) };
    let mut bytes = Vec::new();
    opened.content.take(limit + 1).read_to_end(&mut bytes).map_err(|source| unreadable(files.path(), source))?;
    if bytes.len() as u64 > limit {
        let reason = format!("it is larger than the {limit} bytes that are read");
        return Err(Error::Malformed { place: format!("{} in {}", name, files.path().display()), reason });
    }
    Ok(Some(bytes))
}

pub(crate) fn unreadable(path: &Path, source: io::Error) -> Error {
    Error::Read { path: path.to_owned(), source }
}

/// A directory.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Files for Directory {
    fn open(&self, name: &str) -> Result<Option<Opened>, Error> {
        let path = self.0.join(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&path, error)),
        };
        let size = file.metadata().map_err(|error| unreadable(&path, error))?.len();
        Ok(Some(Opened { content: Box::new(file), size }))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

/// A tar, whose headers were read once.
pub(crate) struct Archive {
    path: PathBuf,
    file: Arc<File>,
    entries: HashMap<String, Entry>,
}

#[derive(Clone)]
enum Entry {
    Content { offset: u64, size: u64 },
    Link(String),
}

impl Archive {
    /// Reads the headers, jumping over the contents.
    pub(crate) fn open(path: &Path) -> Result<Archive, Error> {
        Archive::of(File::open(path).map_err(|error| unreadable(path, error))?, path)
    }

    /// The same of a file that need not have a name; `path` is what messages call it.
    pub(crate) fn of(file: File, path: &Path) -> Result<Archive, Error> {
        let file = Arc::new(file);
        let mut reader = &*file;
        reader.rewind().map_err(|error| unreadable(path, error))?;
        refuse_compressed(path, reader)?;
        // The tar library quotes the block it stumbled over, which may be anything at all.
        let not_a_tar = |error: io::Error| match error.raw_os_error() {
            Some(_) => unreadable(path, error),
            None => Error::NotAnImage { path: path.to_owned(), reason: "it is no tar, or a broken one".to_owned() },
        };
        let length = file.metadata().map_err(|error| unreadable(path, error))?.len();
        if length == 0 {
            return Err(Error::NotAnImage { path: path.to_owned(), reason: "it is empty".to_owned() });
        }
        let mut archive = tar::Archive::new(reader);
        let mut entries = HashMap::new();
        for entry in archive.entries_with_seek().map_err(not_a_tar)? {
            let entry = entry.map_err(not_a_tar)?;
            if entries.len() >= MAX_ARCHIVE_ENTRIES {
                let reason = format!("it has more than {MAX_ARCHIVE_ENTRIES} entries");
                return Err(Error::Malformed { place: path.display().to_string(), reason });
            }
            let name = normal(&String::from_utf8_lossy(&entry.path_bytes()));
            match entry.header().entry_type() {
                tar::EntryType::Regular | tar::EntryType::Continuous => {
                    let (offset, size) = (entry.raw_file_position(), entry.size());
                    if offset.checked_add(size).is_none_or(|end| end > length) {
                        let reason = format!("it is cut off: {name} should reach beyond its {length} bytes");
                        return Err(Error::Malformed { place: path.display().to_string(), reason });
                    }
                    entries.insert(name, Entry::Content { offset, size });
                }
                tar::EntryType::Symlink | tar::EntryType::Link => {
                    let target = entry.link_name_bytes().unwrap_or_default();
                    let target = String::from_utf8_lossy(&target).into_owned();
                    let from_root = entry.header().entry_type() == tar::EntryType::Link;
                    entries.insert(name.clone(), Entry::Link(link_target(&name, &target, from_root)));
                }
                _ => {}
            }
        }
        Ok(Archive { path: path.to_owned(), file, entries })
    }

    /// The same archive once more; its headers are not read again.
    pub(crate) fn again(&self) -> Archive {
        Archive { path: self.path.clone(), file: Arc::clone(&self.file), entries: self.entries.clone() }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// The names of all files, sorted.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.entries.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

impl Files for Archive {
    fn open(&self, name: &str) -> Result<Option<Opened>, Error> {
        let mut name = name;
        for _ in 0..MAX_LINKS {
            match self.entries.get(name) {
                None => return Ok(None),
                Some(Entry::Link(target)) => name = target,
                Some(Entry::Content { offset, size }) => {
                    let content = Part { file: Arc::clone(&self.file), position: *offset, end: offset + size };
                    return Ok(Some(Opened { content: Box::new(content), size: *size }));
                }
            }
        }
        let reason = format!("the links of {name} go in circles");
        Err(Error::Malformed { place: self.path.display().to_string(), reason })
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

/// Part of a file that others read at the same time: it moves no common position.
struct Part {
    file: Arc<File>,
    position: u64,
    end: u64,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read_at(&mut buffer[..left], self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

fn refuse_compressed(path: &Path, mut file: &File) -> Result<(), Error> {
    let mut magic = [0; 4];
    let read = file.read(&mut magic).map_err(|error| unreadable(path, error))?;
    file.rewind().map_err(|error| unreadable(path, error))?;
    let (name, program) = match &magic[..read] {
        [0x1f, 0x8b, ..] => ("gzip", "gunzip"),
        [0x28, 0xb5, 0x2f, 0xfd] => ("zstd", "unzstd"),
        [0xfd, b'7', b'z', b'X'] => ("xz", "unxz"),
        _ => return Ok(()),
    };
    let reason = format!("it is compressed with {name} as a whole; run `{program}` on it first");
    Err(Error::NotAnImage { path: path.to_owned(), reason })
}

/// A name without `./` in front and without doubled slashes.
fn normal(name: &str) -> String {
    name.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}

/// Where a link inside the archive leads, as a normal name. Climbing above the root ends at the root.
fn link_target(from: &str, target: &str, from_root: bool) -> String {
    let mut parts: Vec<&str> = Vec::new();
    if !from_root && let Some((directory, _)) = from.rsplit_once('/') {
        parts.extend(directory.split('/'));
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside_the_archive() {
        assert_eq!(link_target("a/layer.tar", "../b/layer.tar", false), "b/layer.tar");
        assert_eq!(link_target("a/layer.tar", "../../../etc/passwd", false), "etc/passwd");
        assert_eq!(link_target("a/x", "b/y", true), "b/y");
        assert_eq!(normal("./blobs//sha256/x"), "blobs/sha256/x");
    }
}
