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
        let mut merge = merge::Merge::new();
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

    /// Everything below the directory at `path`, a directory before what it holds; links inside are not followed.
    #[must_use]
    pub fn walk(&self, path: &str) -> Walk<'_> {
        let start = self.resolve("", path).ok().filter(|found| found.node.is_directory());
        let todo = start.map(|found| self.sorted(found.id, &found.path)).unwrap_or_default();
        Walk { files: self, todo }
    }

    /// A directory's entries with their paths, last name first: a stack.
    fn sorted(&self, id: Id, path: &str) -> Vec<(String, Id)> {
        let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        self.inodes[id].children.iter().rev().map(|(name, id)| (join(name), *id)).collect()
    }
}

/// Everything below a directory: see [`FileSystem::walk`].
#[derive(Debug)]
pub struct Walk<'a> {
    files: &'a FileSystem,
    todo: Vec<(String, Id)>,
}

impl<'a> Iterator for Walk<'a> {
    type Item = (String, &'a Node);

    fn next(&mut self) -> Option<Self::Item> {
        let (path, id) = self.todo.pop()?;
        let below = self.files.sorted(id, &path);
        self.todo.extend(below);
        Some((path, &self.files.inodes[id].node))
    }
}
