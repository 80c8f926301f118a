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
    let ending = match read_entries(reader, &mut entries) {
        Ok(()) => Ending::Complete,
        Err(error) => Flaw::of(&error).cloned().ok_or(error)?.into(),
    };
    Ok(Scan { entries, ending })
}

fn read_entries(reader: impl BufRead, entries: &mut Vec<TarEntry>) -> io::Result<()> {
    let mut tar = TarReader::new(reader);
    let mut watch = Watch::new();
    let mut names_left = MAX_NAMES_BYTES;
    while tar.advance()? {
        if tar.member().kind == Kind::Note {
            continue;
        }
        if entries.len() == MAX_ENTRIES {
            return Err(Flaw::Stopped(format!("the tar has more than {MAX_ENTRIES} entries")).into());
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
            .ok_or_else(|| Flaw::Stopped(format!("the paths in the tar need more than {MAX_NAMES_BYTES} bytes")))?;
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
