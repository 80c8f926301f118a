//! What to mend in a layer's tar.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use lambark_rules::facts::filesystem::{MissingDirectory, ParentFound};
use lambark_rules::facts::{EntryKind, FileSystem, TarEntry};

/// Bits for others, and what makes a program of a file.
const OTHERS_READ: u32 = 0o004;
const OTHERS_EXECUTE: u32 = 0o001;
const OWNER_EXECUTE: u32 = 0o100;

/// What [`mend`](super::mend()) does to one tar. Entries are counted from 0, as [`scan`](super::scan()) lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MendPlan {
    /// Directory entries to write, by the entry in front of which they go; a directory before what it holds.
    pub(super) inserted: BTreeMap<usize, Vec<Directory>>,
    /// Entries that were moved to the front and so are left out at their old place.
    pub(super) moved: BTreeSet<usize>,
    /// New permission bits.
    pub(super) modes: BTreeMap<usize, u32>,
}

/// A directory entry to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) path: Box<str>,
    pub(super) mode: u32,
    pub(super) uid: u64,
    pub(super) gid: u64,
}

impl MendPlan {
    /// What the tar of layer number `layer` needs so that every directory has its entry before its first child:
    /// entries that come too late move to the front, entries that exist only in a lower layer are repeated, those that
    /// exist nowhere are made up (mode 0755, owner root). Such an entry has permissions and owners, as facts have them; its
    /// time is the epoch, and names of owners and extended attributes are lost where it moves.
    ///
    /// `entries` are that layer's, `files` the whole image.
    #[must_use]
    pub fn for_layer(entries: &[TarEntry], files: &FileSystem, layer: usize) -> MendPlan {
        let missing = files.missing_directories(layer);
        let late = late_entries(entries, missing);
        let mut plan = MendPlan::default();
        for MissingDirectory { path, before, mode, uid, gid, .. } in missing {
            let directory = Directory { path: path.clone(), mode: *mode, uid: *uid, gid: *gid };
            plan.inserted.entry(*before).or_default().push(directory);
            plan.moved.extend(late.get(&**path));
        }
        plan
    }

    /// Also gives others the right to read what `wanted` says of paths, and to search it or execute it where the owner
    /// may. This changes what files promise, so nobody should do it unasked.
    pub fn make_readable(&mut self, entries: &[TarEntry], wanted: impl Fn(&str) -> bool) {
        for (index, entry) in entries.iter().enumerate() {
            let mode = readable(&entry.kind, entry.mode);
            if mode != entry.mode && !self.moved.contains(&index) && wanted(&entry.path) {
                self.modes.insert(index, mode);
            }
        }
        for directory in self.inserted.values_mut().flatten().filter(|directory| wanted(&directory.path)) {
            directory.mode = readable(&EntryKind::Directory, directory.mode);
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inserted.is_empty() && self.moved.is_empty() && self.modes.is_empty()
    }

    /// The directories that get an entry, or an earlier one.
    pub fn directories(&self) -> impl Iterator<Item = &str> {
        self.inserted.values().flatten().map(|directory| &*directory.path)
    }
}

/// As an imperative: `add 2 directory entries, move 1 to the front`.
impl fmt::Display for MendPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moved = self.moved.len();
        let added = self.directories().count().saturating_sub(moved);
        let entries = |count| if count == 1 { "entry" } else { "entries" };
        let mut parts = Vec::new();
        if added > 0 {
            parts.push(format!("add {added} directory {}", entries(added)));
        }
        if moved > 0 {
            parts.push(format!("move {moved} directory {} to the front", entries(moved)));
        }
        if let changed @ 1.. = self.modes.len() {
            parts.push(format!("make {changed} {} readable by others", entries(changed)));
        }
        if parts.is_empty() {
            parts.push("mend nothing".to_owned());
        }
        f.write_str(&parts.join(", "))
    }
}

/// Where the directories that come too late are: the first entry of each behind its first child. Another one behind
/// that stays, as it counts for more than the first. Where something else had the path in between, the entry stays
/// too, as it has to replace that.
fn late_entries<'a>(entries: &'a [TarEntry], missing: &'a [MissingDirectory]) -> HashMap<&'a str, usize> {
    let late = missing.iter().filter(|missing| missing.found == ParentFound::Later);
    let mut wanted: HashMap<&str, usize> = late.map(|missing| (&*missing.path, missing.before)).collect();
    let mut found = HashMap::new();
    if wanted.is_empty() {
        return found;
    }
    for (index, entry) in entries.iter().enumerate() {
        if wanted.get(&*entry.path).is_some_and(|before| index >= *before) {
            wanted.remove(&*entry.path);
            if entry.kind == EntryKind::Directory {
                found.insert(&*entry.path, index);
            }
        }
    }
    found
}

fn readable(kind: &EntryKind, mode: u32) -> u32 {
    match kind {
        EntryKind::Directory => mode | OTHERS_READ | OTHERS_EXECUTE,
        EntryKind::File | EntryKind::Hardlink(_) if mode & OWNER_EXECUTE != 0 => mode | OTHERS_READ | OTHERS_EXECUTE,
        EntryKind::File | EntryKind::Hardlink(_) => mode | OTHERS_READ,
        EntryKind::Symlink(_) | EntryKind::Device | EntryKind::Fifo => mode,
    }
}
