//! What is seen in a file's content while it passes by.

use lambark_rules::facts::FileNotes;
use memchr::memmem::Finder;

use crate::elf::ElfWatch;
use crate::limits::{MAX_SEARCHED_FILE_BYTES, MAX_SEARCHED_PROGRAM_BYTES, SHEBANG_BYTES};
use crate::tar::shown;

/// What a program that speaks to the Runtime API cannot do without.
const MENTIONS: [&[u8]; 2] = [b"AWS_LAMBDA_RUNTIME_API", b"/2018-06-01/runtime"];

/// How much of a mention may lie before the border of two chunks: all of the longest but its last byte.
const OVERLAP: usize = MENTIONS[0].len() - 1;

/// How many first bytes tell what a file is.
const MAGIC_BYTES: usize = 4;

/// Watches one file after the other; its memory is used again.
pub(crate) struct Watch {
    size: u64,
    seen: u64,
    first: Vec<u8>,
    kind: Kind,
    elf: ElfWatch,
    search: Search,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unknown,
    Elf,
    Script,
    Other,
}

impl Watch {
    pub(crate) fn new() -> Watch {
        let first = Vec::with_capacity(SHEBANG_BYTES);
        Watch { size: 0, seen: 0, first, kind: Kind::Unknown, elf: ElfWatch::new(), search: Search::new() }
    }

    /// Begins with a file of `size` bytes.
    pub(crate) fn start(&mut self, size: u64) {
        self.size = size;
        self.seen = 0;
        self.first.clear();
        self.kind = Kind::Unknown;
        self.search.start();
    }

    /// Whether more content would still tell something.
    pub(crate) fn is_interested(&self) -> bool {
        match self.kind {
            Kind::Unknown | Kind::Elf => true,
            Kind::Script => self.first.len() < SHEBANG_BYTES || self.searches(),
            Kind::Other => self.searches(),
        }
    }

    fn searches(&self) -> bool {
        let limit = match self.kind {
            Kind::Elf | Kind::Script => MAX_SEARCHED_PROGRAM_BYTES,
            Kind::Unknown | Kind::Other => MAX_SEARCHED_FILE_BYTES,
        };
        !self.search.found && self.size <= limit
    }

    /// Looks at the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let known = self.first.len();
        let room = SHEBANG_BYTES - known;
        self.first.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if self.kind == Kind::Unknown && self.first.len() >= MAGIC_BYTES {
            self.kind = match self.first.as_slice() {
                [0x7f, b'E', b'L', b'F', ..] => Kind::Elf,
                [b'#', b'!', ..] => Kind::Script,
                _ => Kind::Other,
            };
            if self.kind == Kind::Elf {
                self.elf.start();
                // What came before was too short to tell; `known` is less than MAGIC_BYTES.
                self.elf.feed(0, &self.first[..known]);
            }
        }
        if self.kind == Kind::Elf {
            self.elf.feed(self.seen, bytes);
        }
        if self.searches() {
            self.search.feed(bytes);
        }
        self.seen += bytes.len() as u64;
    }

    /// What was seen, if it is worth a note.
    pub(crate) fn finish(&mut self) -> Option<Box<FileNotes>> {
        let elf = (self.kind == Kind::Elf).then(|| self.elf.finish());
        // A script may be shorter than a magic number.
        let shebang = self.first.strip_prefix(b"#!").map(|rest| {
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            shown(&rest[..end])
        });
        let runtime_api = self.search.found;
        (elf.is_some() || shebang.is_some() || runtime_api).then(|| Box::new(FileNotes { elf, shebang, runtime_api }))
    }
}

/// Searches for the mentions, across the borders of chunks.
struct Search {
    finders: [Finder<'static>; 2],
    /// The last bytes of what came before, then the first ones of what comes.
    border: Vec<u8>,
    found: bool,
}

impl Search {
    fn new() -> Search {
        Search { finders: MENTIONS.map(Finder::new), border: Vec::with_capacity(2 * OVERLAP), found: false }
    }

    fn start(&mut self) {
        self.border.clear();
        self.found = false;
    }

    fn feed(&mut self, bytes: &[u8]) {
        let before = self.border.len();
        self.border.extend_from_slice(&bytes[..bytes.len().min(OVERLAP)]);
        self.found = (before > 0 && self.is_in(&self.border)) || self.is_in(bytes);
        if bytes.len() >= OVERLAP {
            self.border.clear();
            self.border.extend_from_slice(&bytes[bytes.len() - OVERLAP..]);
        } else {
            let surplus = self.border.len().saturating_sub(OVERLAP);
            self.border.drain(..surplus);
        }
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        self.finders.iter().any(|finder| finder.find(bytes).is_some())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn notes(content: &[u8], chunk: usize) -> Option<Box<FileNotes>> {
        let mut watch = Watch::new();
        watch.start(content.len() as u64);
        for bytes in content.chunks(chunk) {
            if !watch.is_interested() {
                break;
            }
            watch.feed(bytes);
        }
        watch.finish()
    }

    #[test]
    fn a_first_line_is_kept_as_stored_whatever_the_chunks() {
        let long = [b"#!/".as_slice(), &[b'x'; 400]].concat();
        let table: [(&[u8], &str); 5] = [
            (b"#!/bin/sh -e\necho\n", "/bin/sh -e"),
            (b"#! /usr/bin/env python3\r\n", " /usr/bin/env python3\r"),
            (b"#!/bin/sh", "/bin/sh"),
            (b"#!", ""),
            (&long, std::str::from_utf8(&long[2..SHEBANG_BYTES]).unwrap()),
        ];
        for (content, shebang) in table {
            for chunk in [1, 2, 3, 5, 4096] {
                assert_eq!(notes(content, chunk).unwrap().shebang.as_deref(), Some(shebang), "chunks of {chunk}");
            }
        }
    }

    #[test]
    fn a_mention_is_found_across_borders() {
        for mention in MENTIONS {
            let content = [&[b'.'; 100], mention, &[b'.'; 50]].concat();
            for chunk in 1..content.len() {
                assert!(notes(&content, chunk).unwrap().runtime_api, "chunks of {chunk}");
            }
            let broken = [&[b'.'; 50], &mention[..10], b"x", &mention[10..]].concat();
            for chunk in 1..broken.len() {
                assert_eq!(notes(&broken, chunk), None, "chunks of {chunk}");
            }
        }
    }

    #[test]
    fn a_large_file_is_searched_only_if_it_is_a_program() {
        let size = usize::try_from(MAX_SEARCHED_FILE_BYTES).unwrap();
        let mut content = vec![b'.'; size];
        content.extend_from_slice(MENTIONS[0]);
        assert_eq!(notes(&content, 65536), None);
        content[..2].copy_from_slice(b"#!");
        assert!(notes(&content, 65536).unwrap().runtime_api);
    }

    #[test]
    fn most_files_need_no_note() {
        assert_eq!(notes(b"plain text", 3), None);
        assert_eq!(notes(b"", 1), None);
        assert_eq!(notes(b"\x7fEL", 1), None);
    }
}
