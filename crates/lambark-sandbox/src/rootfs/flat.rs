//! Layers laid flat: one directory of hard links to their files.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use lambark_oci::Digest;
use rustix::fs::{AtFlags, FileType, Mode, Stat, Timespec, Timestamps};
use rustix::io::Errno;

use super::cache::{Held, LayerCache, SKELETON};
use super::marks::Marks;
use super::tree::{self, Tree};
use crate::Error;

/// The name in the cache of what these directories make together.
pub(super) fn name(stack: &[String]) -> String {
    format!("flat-{}", Digest::of(stack.join(":").as_bytes()).hex())
}

/// Lays the layers, lowest first, and the skeleton over each other into `directory`, which is empty.
pub(super) fn lay(cache: &LayerCache, layers: &[Held], directory: &Path) -> Result<Marks, Error> {
    let mut flat = Flat::new(directory).map_err(|source| Error::io("lay the layers flat", source))?;
    for layer in layers {
        flat.add(&cache.path(&layer.name), &layer.marks).map_err(|error| match error.raw_os_error() {
            Some(_) => Error::io(&format!("lay layer {} flat", layer.name), error),
            None => Error::Layer { layer: layer.digest(), reason: error.to_string() },
        })?;
    }
    let skeleton = flat.add(&cache.path(SKELETON), &Marks::default());
    skeleton.and_then(|()| flat.finish()).map_err(|source| Error::io("lay the layers flat", source))
}

struct Flat {
    tree: Tree,
    /// What directories are given at the end: until then things are put into them.
    directories: Vec<(Vec<u8>, Stat)>,
    marks: Marks,
}

impl Flat {
    fn new(directory: &Path) -> io::Result<Flat> {
        Ok(Flat { tree: Tree::open(directory)?, directories: Vec::new(), marks: Marks::default() })
    }

    fn add(&mut self, layer: &Path, marks: &Marks) -> io::Result<()> {
        for path in &marks.whiteouts {
            self.tree.remove(path)?;
        }
        for path in &marks.opaque {
            match self.tree.readable(path.as_bytes()) {
                Ok(directory) => tree::empty(&directory)?,
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let implied: HashSet<&[u8]> = marks.implied.iter().map(String::as_bytes).collect();
        let from = Tree::open(layer)?;
        self.directories.push((Vec::new(), rustix::fs::fstat(from.directory(b"")?)?));
        self.merge(&from, &implied, b"")?;
        for (path, target) in &marks.links_below {
            self.link_below(path.as_bytes(), target.as_bytes())?;
        }
        self.marks.bytes = self.marks.bytes.saturating_add(marks.bytes);
        self.marks.entries = self.marks.entries.saturating_add(marks.entries);
        Ok(())
    }

    /// Adds what is in the layer's directory at `path` to what there is.
    fn merge(&mut self, layer: &Tree, implied: &HashSet<&[u8]>, path: &[u8]) -> io::Result<()> {
        let from = layer.readable(path)?;
        let into = self.tree.directory(path)?;
        for name in tree::names(&from)? {
            let Some(stat) = tree::look(&from, &name)? else { continue };
            match tree::kind(&stat) {
                FileType::Directory => {
                    let inside = join(path, &name);
                    self.directory(&into, &name, &inside, stat, implied.contains(inside.as_slice()))?;
                    opened(&from, &name, &stat, || self.merge(layer, implied, &inside))?;
                }
                FileType::RegularFile => {
                    replace(&into, &name, || rustix::fs::linkat(&from, &name, &into, &name, AtFlags::empty()))?;
                }
                FileType::Symlink => {
                    let target = rustix::fs::readlinkat(&from, &name, Vec::new())?;
                    replace(&into, &name, || rustix::fs::symlinkat(target.as_c_str(), &into, &name))?;
                }
                // A whiteout, which the marks tell as well.
                _ => {}
            }
        }
        Ok(())
    }

    fn directory(&mut self, into: &OwnedFd, name: &OsStr, path: &[u8], stat: Stat, implied: bool) -> io::Result<()> {
        // What an implied directory is, the layers below say; it may be a link there, and then all goes where it leads.
        if implied && self.tree.directory(path).is_ok() {
            return Ok(());
        }
        match tree::look(into, name)? {
            Some(there) if tree::kind(&there) == FileType::Directory => {}
            _ => replace(into, name, || rustix::fs::mkdirat(into, name, Mode::RWXU))?,
        }
        self.directories.push((path.to_vec(), stat));
        Ok(())
    }

    fn link_below(&self, path: &[u8], target: &[u8]) -> io::Result<()> {
        let missing = || io::Error::other(format!("hard link to `{}`, which no layer has", target.escape_ascii()));
        let (target_parent, target_name) = tree::split(target);
        let from = self.tree.directory(target_parent).map_err(|_| missing())?;
        let target_name = OsStr::from_bytes(target_name);
        let found = tree::look(&from, target_name)?;
        if !found.is_some_and(|stat| tree::kind(&stat) == FileType::RegularFile) {
            return Err(missing());
        }
        let (parent, name) = tree::split(path);
        let into = self.tree.directory(parent)?;
        let name = OsStr::from_bytes(name);
        replace(&into, name, || rustix::fs::linkat(&from, target_name, &into, name, AtFlags::empty()))
    }

    fn finish(self) -> io::Result<Marks> {
        for (path, stat) in tree::deepest_first(self.directories) {
            let Ok(directory) = self.tree.readable(&path) else { continue };
            let time = Timespec { tv_sec: stat.st_mtime, tv_nsec: 0 };
            rustix::fs::futimens(&directory, &Timestamps { last_access: time, last_modification: time })?;
            rustix::fs::fchmod(&directory, Mode::from_raw_mode(stat.st_mode & 0o1777))?;
        }
        Ok(self.marks)
    }
}

/// Does something with a layer's directory. With one id a directory that others may not enter is closed to us too, and
/// is open for this moment.
fn opened(parent: &OwnedFd, name: &OsStr, stat: &Stat, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let enough = Mode::RUSR | Mode::XUSR;
    let mode = Mode::from_raw_mode(stat.st_mode & 0o1777);
    if mode.contains(enough) {
        return work();
    }
    rustix::fs::chmodat(parent, name, mode | enough, AtFlags::empty())?;
    let done = work();
    rustix::fs::chmodat(parent, name, mode, AtFlags::empty())?;
    done
}

fn join(directory: &[u8], name: &OsStr) -> Vec<u8> {
    if directory.is_empty() { name.as_bytes().to_vec() } else { [directory, b"/", name.as_bytes()].concat() }
}

fn replace(parent: &OwnedFd, name: &OsStr, make: impl Fn() -> rustix::io::Result<()>) -> io::Result<()> {
    match make() {
        Err(Errno::EXIST) => {
            tree::remove(parent, name)?;
            Ok(make()?)
        }
        other => Ok(other?),
    }
}
