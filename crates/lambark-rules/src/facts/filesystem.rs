//! The merged file system: layers laid over each other, whiteouts applied, links resolved inside the root.

use std::collections::BTreeMap;

use super::{EntryKind, FileNotes, TarEntry};

/// What a function sees: every path that is left after all layers.
#[derive(Clone, Debug, Default)]
pub struct FileSystem {
    nodes: BTreeMap<Box<str>, Node>,
    structure: Vec<Structure>,
    plain_bytes: u64,
}

/// One path of the merged file system.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
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

/// Something about a tar's structure that Lambda or a safe unpacker trips over, found while merging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Structure {
    /// An entry whose parent directory has no entry before it: see the fields for which kind.
    Parent {
        /// The layer, counted from 0.
        layer: usize,
        /// The first entry that lacks it.
        path: Box<str>,
        /// The directory without an entry.
        parent: Box<str>,
        /// Where the directory has an entry after all.
        found: ParentFound,
    },
    /// An entry that climbs above the root.
    Escape {
        /// The layer.
        layer: usize,
        /// The entry.
        path: Box<str>,
        /// The link that an earlier entry made and that the path goes through, if it is one.
        via: Option<Box<str>>,
    },
    /// A hard link whose target is not in its layer before it.
    Hardlink {
        /// The layer.
        layer: usize,
        /// The link.
        path: Box<str>,
        /// Its target.
        target: Box<str>,
        /// Whether the target comes later in the same layer.
        late: bool,
    },
}

/// Where a directory that was missing in front of its child has an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParentFound {
    /// Nowhere.
    Nowhere,
    /// Later in the same layer.
    Later,
    /// Only in a lower layer.
    LowerLayer,
}

impl FileSystem {
    /// Lays the layers' entries over each other, lowest first. `plain_bytes` is the sum of the plain tars.
    #[must_use]
    pub fn merge(layers: &[&[TarEntry]], plain_bytes: u64) -> FileSystem {
        let _ = layers;
        FileSystem { plain_bytes, ..FileSystem::default() }
    }

    /// What was found about the tars' structure, in order.
    #[must_use]
    pub fn structure(&self) -> &[Structure] {
        &self.structure
    }

    /// Size of all plain tars together, in bytes.
    #[must_use]
    pub fn plain_bytes(&self) -> u64 {
        self.plain_bytes
    }
}
