//! A layer's entries become files.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use lambark_layers::Flaw;
use lambark_layers::tar::{Kind, Member, TarReader};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

use super::marks::Marks;
use super::tree::{self, Tree};
use crate::limits::{MAX_DEPTH, MAX_LAYER_ENTRIES};

/// What an entry in the place of a file that a layer takes away begins with.
const WHITEOUT: &[u8] = b".wh.";
/// What a layer says in a directory that hides all below it.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// What other entries of AUFS's own begin with; they mean nothing.
const AUFS: &[u8] = b".wh..wh.";

/// Unpacks one layer into a directory of its own.
pub(super) struct Unpacker {
    tree: Tree,
    many_ids: bool,
    /// The directory of the last entry, which most likely is that of the next.
    last_parent: Option<(Vec<u8>, OwnedFd)>,
    /// What directories are given at the end: only then nothing is put into them any more.
    directories: Vec<(Vec<u8>, (u32, u64))>,
    whiteouts: BTreeSet<Vec<u8>>,
    opaque: BTreeSet<Vec<u8>>,
    implied: HashSet<Vec<u8>>,
    marks: Marks,
}

impl Unpacker {
    pub(super) fn new(directory: &Path, many_ids: bool) -> io::Result<Unpacker> {
        Ok(Unpacker {
            tree: Tree::open(directory)?,
            many_ids,
            last_parent: None,
            directories: Vec::new(),
            whiteouts: BTreeSet::new(),
            opaque: BTreeSet::new(),
            implied: HashSet::new(),
            marks: Marks { stackable: true, ..Marks::default() },
        })
    }

    /// Makes every entry of an archive.
    pub(super) fn unpack(&mut self, reader: impl BufRead) -> io::Result<()> {
        let mut tar = TarReader::new(reader);
        while tar.advance()? {
            if tar.member().kind == Kind::Note {
                continue;
            }
            self.marks.entries += 1;
            if self.marks.entries > MAX_LAYER_ENTRIES {
                return Err(Flaw::Stopped(format!("it has more than {MAX_LAYER_ENTRIES} entries")).into());
            }
            let path = clean(&tar.member().path)?;
            self.entry(&path, &mut tar).map_err(|error| at(&path, error))?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &[u8], tar: &mut TarReader<impl BufRead>) -> io::Result<()> {
        let member = tar.member();
        if path.is_empty() {
            // The root itself; nothing else can stand there.
            if member.kind == Kind::Directory {
                self.directories.push((Vec::new(), (member.mode, member.modified)));
            }
            return Ok(());
        }
        let (parent, name) = tree::split(path);
        if name == OPAQUE {
            self.parent(parent)?;
            self.opaque.insert(parent.to_vec());
            return Ok(());
        }
        if name.starts_with(AUFS) {
            return Ok(());
        }
        let directory = self.parent(parent)?;
        if let Some(hidden) = name.strip_prefix(WHITEOUT) {
            return self.whiteout(&directory, parent, hidden);
        }
        let name = OsStr::from_bytes(name);
        match member.kind {
            Kind::Directory => self.directory(&directory, name, path, member)?,
            Kind::File => self.file(&directory, name, tar)?,
            Kind::Symlink => {
                let target = OsStr::from_bytes(&member.link);
                self.replace(&directory, name, || rustix::fs::symlinkat(target, &directory, name))?;
            }
            Kind::Hardlink => self.hard_link(&directory, name, path, member)?,
            // Nothing of the kind works on Lambda, and a device of an image's choice must not exist.
            Kind::Device | Kind::Fifo | Kind::Note => return Ok(()),
        }
        if self.whiteouts.remove(path) && tar.member().kind == Kind::Directory {
            self.opaque.insert(path.to_vec());
        }
        Ok(())
    }

    /// The directory at a path, made if it is missing.
    fn parent(&mut self, path: &[u8]) -> io::Result<OwnedFd> {
        if let Some((_, directory)) = self.last_parent.as_ref().filter(|(last, _)| last == path) {
            return directory.try_clone();
        }
        let directory = match self.tree.directory(path) {
            Err(Errno::NOENT) => self.imply(path)?,
            other => other?,
        };
        self.last_parent = Some((path.to_vec(), directory.try_clone()?));
        Ok(directory)
    }

    fn imply(&mut self, path: &[u8]) -> io::Result<OwnedFd> {
        let mut directory = self.tree.directory(b"")?;
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).chain([path.len()]);
        for end in ends {
            let so_far = &path[..end];
            directory = match self.tree.directory(so_far) {
                Err(Errno::NOENT) => {
                    let (_, name) = tree::split(so_far);
                    // What exists and leads nowhere is a link; nothing is made where it points.
                    rustix::fs::mkdirat(&directory, OsStr::from_bytes(name), Mode::RWXU)?;
                    self.implied.insert(so_far.to_vec());
                    self.directories.push((so_far.to_vec(), (0o755, 0)));
                    self.tree.directory(so_far)?
                }
                other => other?,
            };
        }
        Ok(directory)
    }

    /// Makes something where something else may be.
    fn replace<T>(
        &mut self,
        directory: &OwnedFd,
        name: &OsStr,
        make: impl Fn() -> rustix::io::Result<T>,
    ) -> io::Result<T> {
        match make() {
            Err(Errno::EXIST) => {
                tree::remove(directory, name)?;
                self.last_parent = None;
                Ok(make()?)
            }
            other => Ok(other?),
        }
    }

    fn directory(&mut self, parent: &OwnedFd, name: &OsStr, path: &[u8], member: &Member) -> io::Result<()> {
        let there = tree::look(parent, name)?;
        if !there.is_some_and(|stat| tree::kind(&stat) == FileType::Directory) {
            self.replace(parent, name, || rustix::fs::mkdirat(parent, name, Mode::RWXU))?;
        }
        self.implied.remove(path);
        self.directories.push((path.to_vec(), (member.mode, member.modified)));
        Ok(())
    }

    fn file(&mut self, parent: &OwnedFd, name: &OsStr, tar: &mut TarReader<impl BufRead>) -> io::Result<()> {
        if tar.member().sparse {
            return Err(Flaw::Stopped("it is a sparse file, which is not unpacked".to_owned()).into());
        }
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(parent, name, flags, Mode::RUSR | Mode::WUSR);
        let mut file = File::from(self.replace(parent, name, open)?);
        loop {
            let content = tar.content()?;
            let count = content.len();
            if count == 0 {
                break;
            }
            file.write_all(content)?;
            tar.consume(count);
        }
        let member = tar.member();
        self.marks.bytes = self.marks.bytes.saturating_add(member.size);
        rustix::fs::fchmod(&file, self.mode(FileType::RegularFile, member.mode))?;
        Ok(rustix::fs::futimens(&file, &times(member.modified))?)
    }

    fn hard_link(&mut self, parent: &OwnedFd, name: &OsStr, path: &[u8], member: &Member) -> io::Result<()> {
        let target = clean(&member.link)?;
        let (target_parent, target_name) = tree::split(&target);
        let target_name = OsStr::from_bytes(target_name);
        let found = match self.tree.directory(target_parent) {
            Ok(directory) => tree::look(&directory, target_name)?.map(|stat| (directory, tree::kind(&stat))),
            Err(Errno::NOENT) => None,
            Err(error) => return Err(error.into()),
        };
        match found {
            Some((from, FileType::RegularFile)) => {
                let link = || rustix::fs::linkat(&from, target_name, parent, name, AtFlags::empty());
                if target != path {
                    self.replace(parent, name, link)?;
                }
                Ok(())
            }
            Some((from, FileType::Symlink)) => {
                let leads_to = rustix::fs::readlinkat(&from, target_name, Vec::new())?;
                self.replace(parent, name, || rustix::fs::symlinkat(leads_to.as_c_str(), parent, name))
            }
            Some(_) => Err(Flaw::Corrupt("it is a hard link to something else than a file".to_owned()).into()),
            None => {
                self.marks.links_below.push((text(path)?, text(&target)?));
                Ok(())
            }
        }
    }

    fn whiteout(&mut self, directory: &OwnedFd, parent: &[u8], hidden: &[u8]) -> io::Result<()> {
        let path = if parent.is_empty() { hidden.to_vec() } else { [parent, b"/", hidden].concat() };
        // Not `.wh.` alone, and not `.wh..` or `.wh...`, which would take away a directory from within.
        if matches!(hidden, b"" | b"." | b"..") {
            return Err(Flaw::Corrupt("it takes away nothing that has a name".to_owned()).into());
        }
        let name = OsStr::from_bytes(hidden);
        match tree::look(directory, name)? {
            // What the same layer brings stays; of a directory only what it brings.
            Some(stat) if tree::kind(&stat) == FileType::Directory => {
                self.opaque.insert(path);
            }
            Some(_) => {}
            None => {
                // Overlayfs's own sign, a device of number 0, which is none.
                let made = rustix::fs::mknodat(directory, name, FileType::CharacterDevice, Mode::empty(), 0);
                self.marks.stackable &= made.is_ok();
                self.whiteouts.insert(path);
            }
        }
        Ok(())
    }

    /// In a directory that hides everything below there is nothing to take away, and overlayfs would list the signs for
    /// it as if they were files.
    fn drop_needless_whiteouts(&mut self) -> io::Result<()> {
        let hides = |path: &[u8]| {
            let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
            ends.chain([0]).any(|end| self.opaque.contains(&path[..end]))
        };
        for path in self.whiteouts.iter().filter(|path| hides(path)) {
            let (parent, name) = tree::split(path);
            tree::remove(self.tree.directory(parent)?, OsStr::from_bytes(name))?;
        }
        let whiteouts = std::mem::take(&mut self.whiteouts);
        self.whiteouts = whiteouts.into_iter().filter(|path| !hides(path)).collect();
        Ok(())
    }

    /// Gives directories what they are to have in the end, and tells what the layer says of those below.
    pub(super) fn finish(mut self) -> io::Result<Marks> {
        self.drop_needless_whiteouts()?;
        for path in &self.opaque {
            // A root hides what is below only if it is laid flat: overlayfs does not look for the sign there.
            self.marks.stackable &= !path.is_empty();
            match self.tree.readable(path) {
                Ok(directory) => {
                    let flags = rustix::fs::XattrFlags::empty();
                    let set = rustix::fs::fsetxattr(&directory, "user.overlay.opaque", b"y", flags);
                    self.marks.stackable &= set.is_ok();
                }
                // It has become something else since, which hides all the more.
                Err(_) => continue,
            }
        }
        for (path, (mode, modified)) in tree::deepest_first(std::mem::take(&mut self.directories)) {
            let Ok(directory) = self.tree.readable(&path) else { continue };
            rustix::fs::futimens(&directory, &times(modified))?;
            rustix::fs::fchmod(&directory, self.mode(FileType::Directory, mode))?;
        }
        self.marks.whiteouts = self.whiteouts.iter().map(|path| text(path)).collect::<io::Result<_>>()?;
        self.marks.opaque = self.opaque.iter().map(|path| text(path)).collect::<io::Result<_>>()?;
        let mut implied = self.implied.iter().map(|path| text(path)).collect::<io::Result<Vec<_>>>()?;
        implied.sort_unstable();
        self.marks.implied = implied;
        Ok(self.marks)
    }

    fn mode(&self, kind: FileType, mode: u32) -> Mode {
        Mode::from_raw_mode(mode_inside(self.many_ids, kind, mode))
    }
}

/// The permissions that a file gets so that the function sees it as on Lambda, where it owns nothing.
///
/// With many ids the function's is another than the owner's, and everything may stay; the owner, which is this program,
/// can always look. With one id the function is the owner: it gets what others have. Neither setuid nor setgid is kept.
pub(super) fn mode_inside(many_ids: bool, kind: FileType, mode: u32) -> u32 {
    let own = if kind == FileType::Directory { 0o700 } else { 0o600 };
    if many_ids {
        return mode & 0o1777 | own;
    }
    let others = mode & 0o007;
    mode & 0o1000 | others << 6 | others << 3 | others
}

fn times(modified: u64) -> Timestamps {
    let seconds = i64::try_from(modified).unwrap_or(0);
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
}

/// The components of a path, joined again; `..` is refused, as nothing that is right has it.
fn clean(path: &[u8]) -> io::Result<Vec<u8>> {
    let components = path.split(|byte| *byte == b'/').filter(|component| !matches!(*component, b"" | b"."));
    let components: Vec<&[u8]> = components.collect();
    if components.contains(&b"..".as_slice()) {
        return Err(Flaw::Corrupt(format!("`{}` leads out of it", path.escape_ascii())).into());
    }
    if components.len() > MAX_DEPTH {
        return Err(Flaw::Stopped(format!("a path is deeper than {MAX_DEPTH} directories")).into());
    }
    Ok(components.join(&b'/'))
}

fn text(path: &[u8]) -> io::Result<String> {
    let text = std::str::from_utf8(path).map(str::to_owned);
    text.map_err(|_| Flaw::Stopped(format!("`{}` is not UTF-8", path.escape_ascii())).into())
}

/// Names the entry, unless the error is the archive's or the source's as a whole.
fn at(path: &[u8], error: io::Error) -> io::Error {
    let reason = format!("`{}`: {error}", path.escape_ascii());
    match (Flaw::of(&error), error.raw_os_error()) {
        (Some(Flaw::Corrupt(_)), _) => Flaw::Corrupt(reason).into(),
        (Some(Flaw::Stopped(_)), _) => Flaw::Stopped(reason).into(),
        (None, Some(errno)) if is_the_paths(errno) => Flaw::Corrupt(reason).into(),
        _ => error,
    }
}

/// Whether an entry's path or target is to blame, rather than the disk.
fn is_the_paths(errno: i32) -> bool {
    let errno = Errno::from_raw_os_error(errno);
    matches!(
        errno,
        Errno::EXIST | Errno::NOENT | Errno::NOTDIR | Errno::ISDIR | Errno::LOOP | Errno::NAMETOOLONG | Errno::INVAL
    ) || errno == Errno::XDEV
}
