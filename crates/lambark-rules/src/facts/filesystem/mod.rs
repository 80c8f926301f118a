//! The merged file system: layers laid over each other, whiteouts applied, links resolved inside the root.

mod merge;
mod resolve;
mod structure;

use std::collections::BTreeMap;

pub use resolve::{MAX_LINKS, ResolveError, Resolved};
pub use structure::{MissingDirectory, ParentFound, Structure};

use super::{EntryKind, FileNotes, TarEntry};

/// What a function sees: every path that is left after all layers.
///
/// A tree of nodes in one table, since every question about a path goes component by component through links anyway.
#[derive(Clone, Debug)]
pub struct FileSystem {
    /// Every node that ever was; what was replaced or removed is reached from nowhere.
    inodes: Vec<Inode>,
    structure: Vec<Structure>,
    missing: Vec<Vec<MissingDirectory>>,
    plain_bytes: u64,
}

/// A position in the table of nodes.
type Id = usize;

/// The root directory's place.
const ROOT: Id = 0;

/// A node and its place in the tree.
#[derive(Clone, Debug)]
struct Inode {
    node: Node,
    children: BTreeMap<Box<str>, Id>,
    parent: Id,
    /// Whether an entry made it; else it is a directory that had to be there for its child.
    explicit: bool,
}

/// One path of the merged file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is. A hard link is what its target is; it stays a hard link only when nothing is there.
    pub kind: EntryKind,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Owning group.
    pub gid: u64,
    /// Size in bytes.
    pub size: u64,
    /// The layer that brought it, counted from 0.
    pub layer: usize,
    /// What was seen in its content.
    pub notes: Option<Box<FileNotes>>,
}

impl Node {
    /// Whether it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.kind == EntryKind::Directory
    }

    /// Whether it is a regular file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.kind == EntryKind::File
    }

    /// Whether others than owner and group may read it.
    #[must_use]
    pub fn others_read(&self) -> bool {
        self.mode & 0o004 != 0
    }

    /// Whether others may execute it, or search it if it is a directory.
    #[must_use]
    pub fn others_execute(&self) -> bool {
        self.mode & 0o001 != 0
    }
}

impl Default for FileSystem {
    fn default() -> FileSystem {
        FileSystem::merge(&[], 0)
    }
}

impl FileSystem {
    /// Lays the layers' entries over each other, lowest first. `plain_bytes` is the sum of the plain tars.
    #[must_use]
    pub fn merge(layers: &[&[TarEntry]], plain_bytes: u64) -> FileSystem {
        let mut merge = merge::Merge::new(layers.iter().map(|entries| entries.len()).sum());
        for entries in layers {
            merge.layer(entries);
        }
        merge.finish(plain_bytes)
    }

    /// What was found about the tars' structure, layer by layer.
    #[must_use]
    pub fn structure(&self) -> &[Structure] {
        &self.structure
    }

    /// The directories that a layer's tar lacks in front of their first child, each before its own children.
    #[must_use]
    pub fn missing_directories(&self, layer: usize) -> &[MissingDirectory] {
        self.missing.get(layer).map_or(&[], Vec::as_slice)
    }

    /// Size of all plain tars together, in bytes.
    #[must_use]
    pub fn plain_bytes(&self) -> u64 {
        self.plain_bytes
    }

    /// The entries of the directory at `path`, through links, in order of their names; none if there is none.
    pub fn children(&self, path: &str) -> impl Iterator<Item = (&str, &Node)> {
        let children = self.find("", path).ok().map(|id| &self.inodes[id].children);
        children.into_iter().flatten().map(|(name, id)| (&**name, &self.inodes[*id].node))
    }

    /// Shows everything below the directory at `path` to `see`, a directory before what it holds, names in order. Links
    /// inside are not followed; `see` says whether to go into a directory. The path is without a leading slash.
    pub fn visit<'a>(&'a self, path: &str, mut see: impl FnMut(&str, &'a Node) -> Descend) {
        let Ok(Resolved { id, mut path, .. }) = self.resolve("", path) else { return };
        let mut stack = vec![(self.inodes[id].children.iter(), path.len())];
        while let Some((names, length)) = stack.last_mut() {
            path.truncate(*length);
            let Some((name, &id)) = names.next() else {
                stack.pop();
                continue;
            };
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(name);
            let Inode { node, children, .. } = &self.inodes[id];
            if see(&path, node) == Descend::Into && !children.is_empty() {
                stack.push((children.iter(), path.len()));
            }
        }
    }

    /// Everything below the directory at `path`, in the order of [`FileSystem::visit`], which makes no path its own.
    pub fn walk(&self, path: &str) -> impl Iterator<Item = (String, &Node)> {
        let mut all = Vec::new();
        self.visit(path, |path, node| {
            all.push((path.to_owned(), node));
            Descend::Into
        });
        all.into_iter()
    }
}

/// Whether to go into a directory: see [`FileSystem::visit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descend {
    /// Show what is in it.
    Into,
    /// Go on beside it.
    Skip,
}
