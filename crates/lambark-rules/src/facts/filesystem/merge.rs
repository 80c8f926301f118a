//! Layers laid over each other as an unpacker lays them.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::resolve::{Last, Step, Walker};
use super::{FileSystem, Id, Inode, MissingDirectory, Node, ParentFound, ROOT, Structure};
use crate::facts::{EntryKind, TarEntry};

/// A name with this in front hides that name in lower layers.
const WHITEOUT: &str = ".wh.";
/// This name hides everything in its directory that lower layers brought.
const OPAQUE: &str = ".wh..wh..opq";
/// The housekeeping of a file system that was once under Docker; not part of an image.
const HOUSEKEEPING: &str = ".wh..wh.";

/// How many directories without an entry are made up: an image needs a handful. Without a limit each entry of a
/// hostile tar could ask for two thousand.
const MAX_IMPLICIT: usize = 500_000;

/// A file system in the making.
pub(super) struct Merge {
    inodes: Vec<Inode>,
    structure: Vec<Structure>,
    missing: Vec<Vec<MissingDirectory>>,
    implicit: usize,
}

/// What is remembered while one layer is read.
struct Layer {
    index: usize,
    /// Directories without an entry so far, with the first entry that needs them.
    pending: Vec<Pending>,
    /// Where in `pending` each of them is.
    noted: HashMap<Id, usize>,
    /// Nodes below which nothing of a lower layer is left.
    cleared: HashSet<Id>,
    /// Directories in which nothing of a lower layer is left.
    opaque: HashSet<Id>,
    /// Hard links whose target was not in this layer when they came.
    links: Vec<Link>,
    /// The last entry's parent as stored, and where it is: most entries share it with the one before.
    last_parent: Option<(Box<str>, Id)>,
}

struct Pending {
    id: Id,
    path: Box<str>,
    before: usize,
    /// The first entry right in it; without one, only its directories are spoken of.
    child: Option<Box<str>>,
}

struct Link {
    id: Id,
    path: Box<str>,
    target: Box<str>,
    /// Whether the target came before it in this layer, if only as another link that waits.
    in_order: bool,
}

impl Merge {
    /// Room for that many entries at once: growing step by step would need twice the memory for a moment.
    pub(super) fn new(entries: usize) -> Merge {
        let root = Inode { node: implicit_directory(0), children: BTreeMap::new(), parent: ROOT, explicit: true };
        let mut inodes = Vec::with_capacity(entries + 1);
        inodes.push(root);
        Merge { inodes, structure: Vec::new(), missing: Vec::new(), implicit: 0 }
    }

    pub(super) fn finish(self, plain_bytes: u64) -> FileSystem {
        let Merge { inodes, structure, missing, .. } = self;
        FileSystem { inodes, structure, missing, plain_bytes }
    }

    /// Lays one layer over what is there.
    pub(super) fn layer(&mut self, entries: &[TarEntry]) {
        let mut layer = Layer {
            index: self.missing.len(),
            pending: Vec::new(),
            noted: HashMap::new(),
            cleared: HashSet::new(),
            opaque: HashSet::new(),
            links: Vec::new(),
            last_parent: None,
        };
        for (position, entry) in entries.iter().enumerate() {
            self.entry(&mut layer, position, entry);
        }
        self.settle_links(&layer);
        let missing = self.settle_parents(layer);
        self.missing.push(missing);
    }

    fn entry(&mut self, layer: &mut Layer, position: usize, entry: &TarEntry) {
        let (parent, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        if matches!(name, "" | "." | "..") {
            self.directory_by_detour(layer, entry);
        } else if name == OPAQUE {
            self.hide(layer, parent, None);
        } else if let Some(hidden) = name.strip_prefix(WHITEOUT) {
            if !name.starts_with(HOUSEKEEPING) {
                self.hide(layer, parent, Some(hidden));
            }
        } else if let Some(parent) = self.parent(layer, position, entry, parent) {
            self.place(layer, parent, name, entry);
        }
    }

    /// The root's own entry, or one that ends in `..`: it can only describe a directory that is there.
    fn directory_by_detour(&mut self, layer: &Layer, entry: &TarEntry) {
        let mut walker = Walker::new(&entry.path, Last::Follow);
        let there = walker.run(&self.inodes).is_ok();
        self.note_climb(layer, &entry.path, walker.climbed.take());
        if there && entry.kind == EntryKind::Directory && self.inodes[walker.at].node.is_directory() {
            self.inodes[walker.at].node = node(entry, layer.index);
        }
    }

    /// The directory in which `entry` lies; makes up what is missing. `None` where no unpacker would get there.
    fn parent(&mut self, layer: &mut Layer, position: usize, entry: &TarEntry, parent: &str) -> Option<Id> {
        if let Some((_, id)) = layer.last_parent.as_ref().filter(|(path, _)| **path == *parent) {
            return Some(*id);
        }
        let mut walker = Walker::new(parent, Last::Follow);
        loop {
            match walker.step(&self.inodes) {
                Step::Done => break,
                Step::Moved => {}
                Step::Absent => {
                    let id = self.make_up(layer, walker.at, walker.component())?;
                    walker.enter(id);
                }
                // A file of an earlier entry gives way to the directory that this one needs.
                Step::Blocked => self.replace_by_directory(layer, walker.at),
                Step::Loop => return None,
            }
        }
        if !self.inodes[walker.at].node.is_directory() {
            self.replace_by_directory(layer, walker.at);
        }
        self.note_missing(layer, position, entry, walker.at, &walker.path);
        match walker.climbed {
            // Every entry that climbs is told, so that way is walked again.
            Some(via) => self.note_climb(layer, &entry.path, Some(via)),
            None => layer.last_parent = Some((parent.into(), walker.at)),
        }
        Some(walker.at)
    }

    fn note_climb(&mut self, layer: &Layer, path: &str, climbed: Option<Option<Box<str>>>) {
        if let Some(via) = climbed {
            self.structure.push(Structure::Escape { layer: layer.index, path: path.into(), via });
        }
    }

    fn make_up(&mut self, layer: &Layer, parent: Id, name: &str) -> Option<Id> {
        self.implicit += 1;
        (self.implicit <= MAX_IMPLICIT).then(|| self.add(parent, name, implicit_directory(layer.index), false))
    }

    fn replace_by_directory(&mut self, layer: &Layer, id: Id) {
        self.inodes[id].node = implicit_directory(layer.index);
        self.inodes[id].explicit = false;
    }

    /// Remembers `directory` and its parents where they have no entry in this layer yet.
    fn note_missing(&self, layer: &mut Layer, before: usize, entry: &TarEntry, directory: Id, path: &str) {
        let (mut id, mut path) = (directory, path);
        let mut chain = Vec::new();
        while id != ROOT && !self.is_entry_of(layer, id) && !layer.noted.contains_key(&id) {
            chain.push((id, path));
            id = self.inodes[id].parent;
            path = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        // A directory stands before what it holds.
        for (id, path) in chain.into_iter().rev() {
            layer.noted.insert(id, layer.pending.len());
            layer.pending.push(Pending { id, path: path.into(), before, child: None });
        }
        if let Some(&at) = layer.noted.get(&directory).filter(|_| !self.is_entry_of(layer, directory)) {
            layer.pending[at].child.get_or_insert_with(|| entry.path.clone());
        }
    }

    fn is_entry_of(&self, layer: &Layer, id: Id) -> bool {
        let inode = &self.inodes[id];
        inode.explicit && inode.node.layer == layer.index
    }

    /// Puts an entry into its directory.
    fn place(&mut self, layer: &mut Layer, parent: Id, name: &str, entry: &TarEntry) {
        let (new, in_order) = match &entry.kind {
            EntryKind::Hardlink(target) => self.linked(layer, entry, target),
            _ => (node(entry, layer.index), true),
        };
        let id = match self.inodes[parent].children.get(name).copied() {
            None => self.add(parent, name, new, true),
            Some(id) => {
                self.overwrite(layer, id, new);
                id
            }
        };
        let open = matches!(self.inodes[id].node.kind, EntryKind::Hardlink(_));
        if let EntryKind::Hardlink(target) = &entry.kind
            && (open || !in_order)
        {
            layer.links.push(Link { id, path: entry.path.clone(), target: target.clone(), in_order });
        }
    }

    fn add(&mut self, parent: Id, name: &str, node: Node, explicit: bool) -> Id {
        let id = self.inodes.len();
        self.inodes.push(Inode { node, children: BTreeMap::new(), parent, explicit });
        self.inodes[parent].children.insert(name.into(), id);
        id
    }

    /// A directory over a directory keeps what it holds; everything else takes the place of what was there.
    fn overwrite(&mut self, layer: &mut Layer, id: Id, new: Node) {
        let inode = &mut self.inodes[id];
        let turns = matches!(inode.node.kind, EntryKind::Directory | EntryKind::Symlink(_));
        if !(inode.node.is_directory() && new.is_directory()) {
            inode.children.clear();
            if turns {
                layer.last_parent = None;
            }
        }
        inode.node = new;
        inode.explicit = true;
    }

    /// The node of a hard link, and whether its target is an entry of this layer before it.
    fn linked(&mut self, layer: &Layer, entry: &TarEntry, target: &str) -> (Node, bool) {
        let mut walker = Walker::new(target, Last::Keep);
        let there = walker.run(&self.inodes).is_ok();
        self.note_climb(layer, &entry.path, walker.climbed.take());
        let found = &self.inodes[walker.at];
        if !there || found.node.is_directory() {
            return (node(entry, layer.index), false);
        }
        (Node { layer: layer.index, ..found.node.clone() }, self.is_entry_of(layer, walker.at))
    }

    /// Links whose target came later, or never.
    fn settle_links(&mut self, layer: &Layer) {
        // Backwards for chains in which each link waits for a later one, forwards for those that wait for an earlier.
        for link in layer.links.iter().rev().chain(&layer.links) {
            if let (EntryKind::Hardlink(_), Some(target)) = (&self.inodes[link.id].node.kind, self.target(link)) {
                self.inodes[link.id].node = Node { layer: layer.index, ..self.inodes[target].node.clone() };
            }
        }
        for link in layer.links.iter().filter(|link| !link.in_order) {
            let late = self.target(link).is_some_and(|id| id != link.id && self.is_entry_of(layer, id));
            let (path, target) = (link.path.clone(), link.target.clone());
            self.structure.push(Structure::Hardlink { layer: layer.index, path, target, late });
        }
    }

    /// The node that a waiting link means.
    fn target(&self, link: &Link) -> Option<Id> {
        let mut walker = Walker::new(&link.target, Last::Keep);
        let there = walker.run(&self.inodes).is_ok();
        (there && !self.inodes[walker.at].node.is_directory()).then_some(walker.at)
    }

    /// Directories that had no entry when the first child came.
    fn settle_parents(&mut self, layer: Layer) -> Vec<MissingDirectory> {
        let mut missing = Vec::new();
        for Pending { id, path, before, child } in layer.pending {
            let inode = &self.inodes[id];
            let found = match (inode.explicit && inode.node.is_directory(), inode.node.layer == layer.index) {
                (true, true) => ParentFound::Later,
                (true, false) => ParentFound::LowerLayer,
                (false, _) => ParentFound::Nowhere,
            };
            // What is no directory in the end says nothing of the directory that was needed.
            let made_up = implicit_directory(layer.index);
            let &Node { mode, uid, gid, .. } = if found == ParentFound::Nowhere { &made_up } else { &inode.node };
            missing.push(MissingDirectory { path: path.clone(), found, before, mode, uid, gid });
            if let Some(child) = child {
                self.structure.push(Structure::Parent { layer: layer.index, path: child, parent: path, found });
            }
        }
        missing
    }

    /// Removes what lower layers brought: `name` in the directory, or all that is in it.
    fn hide(&mut self, layer: &mut Layer, directory: &str, name: Option<&str>) {
        let mut walker = Walker::new(directory, Last::Follow);
        let there = walker.run(&self.inodes).is_ok();
        let climbed = walker.climbed.take();
        if let Some(via) = climbed {
            let marker = name.map_or(OPAQUE.to_owned(), |name| format!("{WHITEOUT}{name}"));
            self.note_climb(layer, &format!("{directory}/{marker}"), Some(via));
        }
        if !there || (name.is_none() && !layer.opaque.insert(walker.at)) {
            return;
        }
        let children = &self.inodes[walker.at].children;
        let start: Vec<(Box<str>, Id)> = match name {
            Some(name) => children.get_key_value(name).map(|(name, id)| (name.clone(), *id)).into_iter().collect(),
            None => children.iter().map(|(name, id)| (name.clone(), *id)).collect(),
        };
        self.remove_lower(layer, walker.at, start);
        layer.last_parent = None;
    }

    /// Removes the nodes and all below them, save what this layer brought itself, wherever its entries stand in the
    /// tar. Nothing is looked at twice in a layer, since a lower layer brings nothing new.
    fn remove_lower(&mut self, layer: &mut Layer, parent: Id, start: Vec<(Box<str>, Id)>) {
        let mut order = Vec::new();
        let mut todo: Vec<(Id, Box<str>, Id)> = start.into_iter().map(|(name, id)| (parent, name, id)).collect();
        while let Some((parent, name, id)) = todo.pop() {
            if layer.cleared.insert(id) {
                todo.extend(self.inodes[id].children.iter().map(|(name, child)| (id, name.clone(), *child)));
                order.push((parent, name, id));
            }
        }
        for (parent, name, id) in order.into_iter().rev() {
            if self.inodes[id].node.layer == layer.index {
                continue;
            }
            if self.inodes[id].children.is_empty() {
                self.inodes[parent].children.remove(&name);
            } else {
                self.replace_by_directory(layer, id);
            }
        }
    }
}

fn node(entry: &TarEntry, layer: usize) -> Node {
    let TarEntry { kind, mode, uid, gid, size, notes, .. } = entry;
    Node { kind: kind.clone(), mode: *mode, uid: *uid, gid: *gid, size: *size, layer, notes: notes.clone() }
}

/// A directory that somebody needs and nobody made, as unpackers make it.
fn implicit_directory(layer: usize) -> Node {
    Node { kind: EntryKind::Directory, mode: 0o755, uid: 0, gid: 0, size: 0, layer, notes: None }
}
