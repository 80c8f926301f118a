//! Paths to nodes, through links that stay inside the root.

use std::borrow::Cow;
use std::fmt;

use super::{FileSystem, Id, Inode, Node, ROOT};
use crate::facts::EntryKind;

/// How many symbolic links one path may go through: Linux gives up at the same number.
pub const MAX_LINKS: usize = 40;

/// How many components one path may have, those of its links included: a path of Linux has 4096 bytes at most, and
/// forty links that are as long each must not cost more than that.
const MAX_COMPONENTS: usize = 4096;

/// Where a path leads.
#[derive(Clone, Debug)]
pub struct Resolved<'a> {
    /// The path without links, `.` and `..`; without a leading slash; empty for the root.
    pub path: String,
    /// What is there.
    pub node: &'a Node,
    pub(super) id: Id,
}

/// Why a path leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// Nothing of that name is there.
    NotFound {
        /// The first path that is absent, links followed.
        at: String,
    },
    /// The path goes on below something that is no directory.
    NotADirectory {
        /// The thing that is no directory.
        at: String,
    },
    /// More than [`MAX_LINKS`] links.
    LinkLoop {
        /// The last link that was looked at.
        at: String,
    },
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResolveError::NotFound { at } => write!(f, "/{at} is not there"),
            ResolveError::NotADirectory { at } => write!(f, "/{at} is no directory"),
            ResolveError::LinkLoop { at } => write!(f, "/{at} is one of too many links"),
        }
    }
}

impl std::error::Error for ResolveError {}

impl FileSystem {
    /// What is at `path`; links on the way are followed, the last component is not.
    #[must_use]
    pub fn lookup(&self, path: &str) -> Option<&Node> {
        let mut walker = Walker::new(path, Last::Keep);
        walker.run(&self.inodes).ok().map(|()| &self.inodes[walker.at].node)
    }

    /// Where `path` leads, all links followed; a relative one starts at `cwd`. `..` stops at the root, as for a
    /// process whose root this is.
    ///
    /// # Errors
    /// When it leads nowhere.
    pub fn resolve(&self, cwd: &str, path: &str) -> Result<Resolved<'_>, ResolveError> {
        let joined = join(cwd, path);
        let mut walker = Walker::new(&joined, Last::Follow);
        walker.run(&self.inodes)?;
        let Walker { at: id, path, .. } = walker;
        Ok(Resolved { path, node: &self.inodes[id].node, id })
    }

    /// The node where `path` leads.
    pub(super) fn find(&self, cwd: &str, path: &str) -> Result<Id, ResolveError> {
        self.resolve(cwd, path).map(|found| found.id)
    }

    /// The directories that a process has to search on the way to `path`, as far as they are there: the root, every
    /// parent, and every parent of a link's target.
    #[must_use]
    pub fn searched(&self, cwd: &str, path: &str) -> Vec<Resolved<'_>> {
        let joined = join(cwd, path);
        let mut walker = Walker::new(&joined, Last::Follow);
        let mut passed: Vec<Resolved<'_>> = Vec::new();
        loop {
            let (id, path) = (walker.at, walker.path.clone());
            let step = walker.step(&self.inodes);
            if step == Step::Done {
                return passed;
            }
            let node = &self.inodes[id].node;
            if node.is_directory() && passed.iter().all(|seen| seen.id != id) {
                passed.push(Resolved { path, node, id });
            }
            if step != Step::Moved {
                return passed;
            }
        }
    }

    /// The first regular file called `name` in the directories of `search` (`PATH`: colons between them), an
    /// executable one if there is any.
    #[must_use]
    pub fn find_program(&self, cwd: &str, search: &str, name: &str) -> Option<Resolved<'_>> {
        let mut other = None;
        for directory in search.split(':') {
            let base = join(cwd, directory);
            match self.resolve(&base, name) {
                Ok(found) if found.node.is_file() && found.node.mode & 0o111 != 0 => return Some(found),
                Ok(found) if found.node.is_file() => other = other.or(Some(found)),
                _ => {}
            }
        }
        other
    }
}

/// `path` as seen from `cwd`.
fn join<'a>(cwd: &str, path: &'a str) -> Cow<'a, str> {
    if path.starts_with('/') || cwd.is_empty() { Cow::Borrowed(path) } else { Cow::Owned(format!("{cwd}/{path}")) }
}

/// What to do with a link at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// Follow it.
    Follow,
    /// It is meant itself.
    Keep,
}

/// What one step brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The path is at its end.
    Done,
    /// One component further.
    Moved,
    /// The next component is not there: see [`Walker::component`].
    Absent,
    /// The path goes on below something that is no directory.
    Blocked,
    /// Too many links.
    Loop,
}

/// A path on its way to its node.
#[derive(Debug)]
pub(super) struct Walker<'p> {
    rest: Cow<'p, str>,
    /// Start and end of the last component in `rest`.
    component: (usize, usize),
    last: Last,
    /// Where it stands.
    pub(super) at: Id,
    /// The path to there, links followed.
    pub(super) path: String,
    links: usize,
    components: usize,
    /// The last link that it went through.
    via: Option<Box<str>>,
    /// Whether it climbed above the root, and by which link.
    pub(super) climbed: Option<Option<Box<str>>>,
}

impl<'p> Walker<'p> {
    /// Starts at the root.
    pub(super) fn new(path: &'p str, last: Last) -> Walker<'p> {
        Walker {
            rest: Cow::Borrowed(path),
            component: (0, 0),
            last,
            at: ROOT,
            path: String::new(),
            links: 0,
            components: 0,
            via: None,
            climbed: None,
        }
    }

    /// Goes to the end.
    pub(super) fn run(&mut self, inodes: &[Inode]) -> Result<(), ResolveError> {
        loop {
            match self.step(inodes) {
                Step::Done => return Ok(()),
                Step::Moved => {}
                Step::Absent => return Err(ResolveError::NotFound { at: self.below(self.component()) }),
                Step::Blocked => return Err(ResolveError::NotADirectory { at: self.path.clone() }),
                Step::Loop => return Err(ResolveError::LinkLoop { at: self.below(self.component()) }),
            }
        }
    }

    /// The component that the last step looked at.
    pub(super) fn component(&self) -> &str {
        &self.rest[self.component.0..self.component.1]
    }

    /// Enters a node of the last component's name.
    pub(super) fn enter(&mut self, id: Id) {
        if !self.path.is_empty() {
            self.path.push('/');
        }
        self.path.push_str(&self.rest[self.component.0..self.component.1]);
        self.at = id;
    }

    /// One component further.
    pub(super) fn step(&mut self, inodes: &[Inode]) -> Step {
        let after = &self.rest[self.component.1..];
        let start = self.component.1 + (after.len() - after.trim_start_matches('/').len());
        if start == self.rest.len() {
            return Step::Done;
        }
        if !inodes[self.at].node.is_directory() {
            return Step::Blocked;
        }
        let end = self.rest[start..].find('/').map_or(self.rest.len(), |length| start + length);
        self.component = (start, end);
        self.components += 1;
        if self.components > MAX_COMPONENTS {
            return Step::Loop;
        }
        match self.component() {
            "." => {}
            ".." => self.up(inodes),
            name => {
                let Some(&id) = inodes[self.at].children.get(name) else { return Step::Absent };
                match &inodes[id].node.kind {
                    EntryKind::Symlink(target) if self.last == Last::Follow || !self.at_end() => {
                        return self.through(target);
                    }
                    _ => self.enter(id),
                }
            }
        }
        Step::Moved
    }

    /// Whether the last component was the last of all.
    fn at_end(&self) -> bool {
        self.rest[self.component.1..].trim_start_matches('/').is_empty()
    }

    fn up(&mut self, inodes: &[Inode]) {
        if self.at == ROOT {
            self.climbed.get_or_insert_with(|| self.via.clone());
        }
        self.at = inodes[self.at].parent;
        self.path.truncate(self.path.rfind('/').unwrap_or(0));
    }

    /// Goes on with a link's target in place of the link.
    fn through(&mut self, target: &str) -> Step {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Step::Loop;
        }
        self.via = Some(self.below(self.component()).into());
        if target.starts_with('/') {
            self.at = ROOT;
            self.path.clear();
        }
        self.rest = Cow::Owned(format!("{target}/{}", &self.rest[self.component.1..]));
        self.component = (0, 0);
        Step::Moved
    }

    /// The path of `name` where it stands.
    fn below(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}/{name}", self.path) }
    }
}
