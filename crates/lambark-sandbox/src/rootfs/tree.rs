//! A directory from which no path leads out.
//!
//! Every path is resolved by the kernel as if the directory were the root (`RESOLVE_IN_ROOT`): links, `..` and races
//! change where inside it leads, never that it stays inside.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat, openat2, statat};
use rustix::io::Errno;

/// How paths inside are resolved.
const INSIDE: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_MAGICLINKS).union(ResolveFlags::NO_XDEV);

/// A directory that is everything.
pub(super) struct Tree {
    root: OwnedFd,
}

impl Tree {
    /// The directory at a path of our own.
    pub(super) fn open(path: &Path) -> io::Result<Tree> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Tree { root: rustix::fs::openat(CWD, path, flags, Mode::empty())? })
    }

    /// The directory at a path inside, following links inside; a descriptor to work in it, not to read it.
    pub(super) fn directory(&self, path: &[u8]) -> rustix::io::Result<OwnedFd> {
        self.open_directory(path, OFlags::PATH)
    }

    /// The same for reading it, and never through a link at its end.
    pub(super) fn readable(&self, path: &[u8]) -> rustix::io::Result<OwnedFd> {
        self.open_directory(path, OFlags::RDONLY | OFlags::NOFOLLOW)
    }

    fn open_directory(&self, path: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let path = if path.is_empty() { OsStr::new(".") } else { OsStr::from_bytes(path) };
        let flags = flags | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // A rename anywhere on the machine may make the kernel ask for another try (openat2(2)).
        for _ in 0..64 {
            match openat2(&self.root, path, flags, Mode::empty(), INSIDE) {
                Err(Errno::AGAIN) => {}
                other => return other,
            }
        }
        Err(Errno::AGAIN)
    }

    /// Takes away what is at a path inside, if there is something.
    pub(super) fn remove(&self, path: &str) -> io::Result<()> {
        let (parent, name) = split(path.as_bytes());
        match self.directory(parent) {
            Ok(parent) => remove(&parent, OsStr::from_bytes(name)),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// A path's directory and its last component.
pub(super) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&[], path),
    }
}

/// What directories are to be given, the deepest first, since a closed one lets nobody in; of what was said several times
/// of the same, the last.
pub(super) fn deepest_first<T>(mut directories: Vec<(Vec<u8>, T)>) -> Vec<(Vec<u8>, T)> {
    let depth = |path: &[u8]| path.iter().filter(|byte| **byte == b'/').count() + usize::from(!path.is_empty());
    directories.reverse();
    let mut seen = HashSet::new();
    directories.retain(|(path, _)| seen.insert(path.clone()));
    directories.sort_by_key(|(path, _)| std::cmp::Reverse(depth(path)));
    directories
}

/// What is there, without following it.
pub(super) fn look(directory: impl AsFd, name: &OsStr) -> rustix::io::Result<Option<Stat>> {
    match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// Takes away a name and all below it, if there is something.
pub(super) fn remove(directory: impl AsFd, name: &OsStr) -> io::Result<()> {
    match rustix::fs::unlinkat(&directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        // Linux says the first, POSIX the second.
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    rustix::fs::chmodat(&directory, name, Mode::RWXU, AtFlags::empty())?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let inside = rustix::fs::openat(&directory, name, flags, Mode::empty())?;
    empty(&inside)?;
    Ok(rustix::fs::unlinkat(&directory, name, AtFlags::REMOVEDIR)?)
}

/// Takes away all that is in a directory. The depth is that of a layer, which is limited.
pub(super) fn empty(directory: &OwnedFd) -> io::Result<()> {
    for name in names(directory)? {
        remove(directory, &name)?;
    }
    Ok(())
}

/// The names in a directory.
pub(super) fn names(directory: &OwnedFd) -> io::Result<Vec<std::ffi::OsString>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(OsStr::from_bytes(name).to_owned());
        }
    }
    Ok(names)
}

/// Takes away a directory of our own, whatever permissions are in it.
pub(super) fn remove_all(path: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    remove(rustix::fs::openat(CWD, parent, flags, Mode::empty())?, name)
}

/// Whether nothing is at `path` beneath `root`, or a directory such as one that is only implied would be.
pub(super) fn is_plain_directory(root: &Path, path: &str) -> bool {
    let plain = |metadata: std::fs::Metadata| metadata.is_dir() && metadata.permissions().mode() & 0o1007 == 0o005;
    // A link on the way is one of the paths that are asked for as well.
    match std::fs::symlink_metadata(root.join(path)) {
        Ok(metadata) => plain(metadata),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Whether there is a directory at `path` beneath `root`, or something else; `None` if there is nothing.
pub(super) fn is_directory(root: &Path, path: &str) -> Option<bool> {
    match std::fs::symlink_metadata(root.join(path)) {
        Ok(metadata) => Some(metadata.is_dir()),
        Err(error) => (error.kind() != io::ErrorKind::NotFound).then_some(false),
    }
}
