//! Tar entries for tests.

use lambark_rules::facts::files::{EM_X86_64, Elf, EntryKind, FileNotes, TarEntry};

/// The files of a good image: one static program for x86-64 that speaks the Runtime API.
pub(crate) fn good() -> Vec<TarEntry> {
    vec![directory("var"), directory("var/task"), program("var/task/bootstrap", EM_X86_64)]
}

/// A directory that everybody may enter.
pub(crate) fn directory(path: &str) -> TarEntry {
    entry(path, EntryKind::Directory, 0o755)
}

/// A file that everybody may read.
pub(crate) fn file(path: &str) -> TarEntry {
    entry(path, EntryKind::File, 0o644)
}

/// A symbolic link.
pub(crate) fn symlink(path: &str, target: &str) -> TarEntry {
    entry(path, EntryKind::Symlink(target.into()), 0o777)
}

/// A hard link.
pub(crate) fn hardlink(path: &str, target: &str) -> TarEntry {
    entry(path, EntryKind::Hardlink(target.into()), 0o644)
}

/// A static executable for that machine which speaks the Runtime API.
pub(crate) fn program(path: &str, machine: u16) -> TarEntry {
    let elf = Elf { machine, complete: true, ..Elf::default() };
    let notes = FileNotes { elf: Some(elf), shebang: None, runtime_api: true };
    TarEntry { notes: Some(Box::new(notes)), ..entry(path, EntryKind::File, 0o755) }
}

/// An executable script.
pub(crate) fn script(path: &str, shebang: &str) -> TarEntry {
    let notes = FileNotes { elf: None, shebang: Some(shebang.into()), runtime_api: true };
    TarEntry { notes: Some(Box::new(notes)), ..entry(path, EntryKind::File, 0o755) }
}

/// Any entry, owned by root.
pub(crate) fn entry(path: &str, kind: EntryKind, mode: u32) -> TarEntry {
    TarEntry { path: path.into(), kind, mode, uid: 0, gid: 0, size: 100, notes: None }
}
