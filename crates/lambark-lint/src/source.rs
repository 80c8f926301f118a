//! Files, places in them, and pieces of them that hold another language.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::limits::MAX_FILE_BYTES;

/// Where files come from. The only way in which this crate reads anything.
pub trait Tree: Sync {
    /// The file at a path relative to the repository's root, with `/` between names. `None` if there is no such file,
    /// or none that can be read as text.
    fn read(&self, path: &str) -> Option<Arc<SourceFile>>;
}

/// Files in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    files: BTreeMap<String, Arc<SourceFile>>,
}

impl MemoryTree {
    /// Adds a file.
    pub fn insert(&mut self, file: SourceFile) {
        self.files.insert(file.path().to_string(), Arc::new(file));
    }

    /// Every file, by path.
    pub fn files(&self) -> impl Iterator<Item = &Arc<SourceFile>> {
        self.files.values()
    }
}

impl Tree for MemoryTree {
    fn read(&self, path: &str) -> Option<Arc<SourceFile>> {
        self.files.get(path).cloned()
    }
}

/// A text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    path: Arc<str>,
    text: String,
}

impl SourceFile {
    /// A file of `path` (relative to the repository's root, `/` between names).
    ///
    /// What cannot be read as text is told by the note: the file is then cut where reading stopped.
    #[must_use]
    pub fn new(path: &str, bytes: Vec<u8>) -> (SourceFile, Option<Note>) {
        let path: Arc<str> = path.into();
        let (text, why) = decode(bytes);
        let file = SourceFile { path, text };
        let note = why.map(|reason| Note { span: file.span(file.text.len()..file.text.len()), reason });
        (file, note)
    }

    /// Relative to the repository's root.
    #[must_use]
    pub fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// The last part of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        name_of(&self.path)
    }

    /// The directory that holds it; empty at the root.
    #[must_use]
    pub fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _)| directory)
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A place in this file, by bytes.
    #[must_use]
    pub fn span(&self, range: Range<usize>) -> Span {
        Span { file: Arc::clone(&self.path), start: range.start, end: range.end }
    }

    /// Line and column of a byte.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = 1 + memchr::memchr_iter(b'\n', before.as_bytes()).count();
        Position { line, column: 1 + before[line_start..].chars().count() }
    }
}

/// As much of the bytes as is text, and why that is not all.
fn decode(bytes: Vec<u8>) -> (String, Option<String>) {
    if bytes.len() > MAX_FILE_BYTES {
        return (String::new(), Some(format!("larger than {MAX_FILE_BYTES} bytes")));
    }
    if memchr::memchr(0, &bytes).is_some() {
        return (String::new(), Some("binary, or not UTF-8".to_owned()));
    }
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            bytes.truncate(good);
            // The cut keeps what `valid_up_to` vouches for, so nothing is replaced here.
            (String::from_utf8_lossy(&bytes).into_owned(), Some("not UTF-8 from here on".to_owned()))
        }
    }
}

/// A place in a file, by bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file's path.
    pub file: Arc<str>,
    /// Where it begins.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
}

impl Span {
    /// From the beginning of `self` to the end of `other`; `self` if that lies in another file or before it.
    #[must_use]
    pub fn to(&self, other: &Span) -> Span {
        let end = if self.file == other.file { self.end.max(other.end) } else { self.end };
        Span { file: Arc::clone(&self.file), start: self.start, end }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file, self.start, self.end)
    }
}

/// Where a span begins, for people: both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Where reading stopped, or what could not be followed, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Where.
    pub span: Span,
    /// Why, as a lower-case fragment.
    pub reason: String,
}

/// The last part of a path.
#[must_use]
pub fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `path` as seen from `directory`, both relative to the repository's root; `None` if it leads out of the repository.
#[must_use]
pub fn join(directory: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.starts_with('~') {
        return None;
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let (file, note) = SourceFile::new("a/b.sh", "é x\nzwei\n".into());
        assert_eq!(note, None);
        assert_eq!(file.position(0), Position { line: 1, column: 1 });
        assert_eq!(file.position(3), Position { line: 1, column: 3 });
        assert_eq!(file.position(5), Position { line: 2, column: 1 });
        assert_eq!(file.position(999), Position { line: 3, column: 1 });
        assert_eq!((file.name(), file.directory()), ("b.sh", "a"));
    }

    #[test]
    fn what_is_no_text_is_told_with_its_place() {
        let (file, note) = SourceFile::new("x", b"good\nbad \xff\n".to_vec());
        assert_eq!(file.text(), "good\nbad ");
        assert_eq!(file.position(note.unwrap().span.start), Position { line: 2, column: 5 });
        assert_eq!(SourceFile::new("x", b"\0\0".to_vec()).1.unwrap().reason, "binary, or not UTF-8");
        assert!(SourceFile::new("x", vec![b'a'; MAX_FILE_BYTES + 1]).1.is_some());
    }

    #[test]
    fn paths_stay_in_the_repository() {
        assert_eq!(join("a/b", "../c.sh").as_deref(), Some("a/c.sh"));
        assert_eq!(join("", "./x//y").as_deref(), Some("x/y"));
        assert_eq!(join("a", "../../x"), None);
        assert_eq!(join("a", "/etc/passwd"), None);
    }
}
