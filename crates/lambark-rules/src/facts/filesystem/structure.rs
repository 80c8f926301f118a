//! What a tar's structure can have wrong.

/// Something about a tar's structure that Lambda or a safe unpacker trips over, found while merging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Structure {
    /// An entry whose parent directory has no entry before it: see the fields for which kind.
    Parent {
        /// The layer, counted from 0.
        layer: usize,
        /// The first entry that lacks it.
        path: Box<str>,
        /// The directory without an entry, links in its path followed.
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

/// A directory entry that a layer's tar should have and has not, or has too late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingDirectory {
    /// Its path, links in it followed, so that an entry of that path replaces no link.
    pub path: Box<str>,
    /// Where it has an entry after all.
    pub found: ParentFound,
    /// The position in the layer's tar, counted in entries from 0, of the first entry that needs it.
    pub before: usize,
    /// Permission bits: those of its entry elsewhere, else `0o755`.
    pub mode: u32,
    /// Owner, likewise; else root.
    pub uid: u64,
    /// Owning group, likewise; else root.
    pub gid: u64,
}
