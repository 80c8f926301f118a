//! What is in an archive.

use std::io::{self, BufRead};

use lambark_rules::facts::{Ending, EntryKind, FileNotes, TarEntry};

use super::path::{normalised, shown};
use super::reader::{Kind, Member, TarReader};
use crate::Flaw;
use crate::limits::{MAX_ENTRIES, MAX_NAMES_BYTES};
use crate::notes::Watch;

/// What a scan found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The entries up to the archive's end or to the place where reading stopped.
    pub entries: Vec<TarEntry>,
    /// How it ended.
    pub ending: Ending,
}

/// Reads a plain tar up to its end mark; what follows that is left unread.
///
/// A global PAX header or a volume label is no entry.
///
/// # Errors
/// The source's own. A defect of the archive is the scan's [`Ending`].
pub fn scan(reader: impl BufRead) -> io::Result<Scan> {
    let mut entries = Vec::new();
    let ending = match read_entries(reader, &mut entries, MAX_ENTRIES, MAX_NAMES_BYTES) {
        Ok(()) => Ending::Complete,
        Err(error) => Flaw::of(&error).cloned().ok_or(error)?.into(),
    };
    Ok(Scan { entries, ending })
}

fn read_entries(
    reader: impl BufRead,
    entries: &mut Vec<TarEntry>,
    most_entries: usize,
    most_names: usize,
) -> io::Result<()> {
    let mut tar = TarReader::new(reader);
    let mut watch = Watch::new();
    let mut names_left = most_names;
    while tar.advance()? {
        if tar.member().kind == Kind::Note {
            continue;
        }
        if entries.len() == most_entries {
            return Err(Flaw::Stopped(format!("the tar has more than {most_entries} entries")).into());
        }
        let entry = entry_of(tar.member());
        let watched = entry.kind == EntryKind::File && entry.size > 0 && !tar.member().sparse;
        entries.push(entry);
        let mut names = tar.member().path.len() + tar.member().link.len();
        if watched {
            let notes = watch_content(&mut tar, &mut watch)?;
            names += notes.as_deref().map_or(0, size_of_notes);
            if let Some(entry) = entries.last_mut() {
                entry.notes = notes;
            }
        }
        names_left = names_left
            .checked_sub(names)
            .ok_or_else(|| Flaw::Stopped(format!("the paths in the tar need more than {most_names} bytes")))?;
    }
    Ok(())
}

fn entry_of(member: &Member) -> TarEntry {
    let kind = match member.kind {
        Kind::File | Kind::Note => EntryKind::File,
        Kind::Directory => EntryKind::Directory,
        Kind::Symlink => EntryKind::Symlink(shown(&member.link)),
        Kind::Hardlink => EntryKind::Hardlink(normalised(&member.link)),
        Kind::Device => EntryKind::Device,
        Kind::Fifo => EntryKind::Fifo,
    };
    let Member { mode, uid, gid, size, .. } = *member;
    TarEntry { path: normalised(&member.path), kind, mode, uid, gid, size, notes: None }
}

fn watch_content<R: BufRead>(tar: &mut TarReader<R>, watch: &mut Watch) -> io::Result<Option<Box<FileNotes>>> {
    watch.start(tar.member().size);
    while watch.is_interested() {
        let content = tar.content()?;
        let count = content.len();
        if count == 0 {
            break;
        }
        watch.feed(content);
        tar.consume(count);
    }
    Ok(watch.finish())
}

fn size_of_notes(notes: &FileNotes) -> usize {
    let shebang = notes.shebang.as_deref().map_or(0, str::len);
    let Some(elf) = &notes.elf else { return shebang };
    let lists = elf.needed.iter().chain(&elf.run_path).chain(&elf.interpreter);
    shebang + lists.map(|text| text.len() + size_of::<Box<str>>()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor, Read};

    use super::*;

    /// Entries without end: each the same empty file.
    struct Endless(Cursor<[u8; 512]>);

    impl Read for Endless {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.0.position() == 512 {
                self.0.set_position(0);
            }
            self.0.read(out)
        }
    }

    #[test]
    fn entries_without_end_are_stopped() {
        let mut block = [0; 512];
        block[0] = b'a';
        block[148..156].copy_from_slice(b"000541\0 ");
        for (most_entries, most_names, count) in [(100, 1000, 100), (1000, 99, 100)] {
            let mut entries = Vec::new();
            let endless = BufReader::new(Endless(Cursor::new(block)));
            let stopped = read_entries(endless, &mut entries, most_entries, most_names);
            assert!(stopped.is_err_and(|error| matches!(Flaw::of(&error), Some(Flaw::Stopped(_)))));
            assert_eq!(entries.len(), count);
        }
    }
}
