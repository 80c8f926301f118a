//! The cache of unpacked layers.
//!
//! A directory that belongs to this user alone. Each entry is a directory and, beside it, a file of the same name with
//! `.json` behind it, which is written last: without it, there is no entry. Whoever uses an entry holds a shared lock on
//! that file, so that nobody evicts it; its time of change is when it was last used.

use std::fs::{self, DirBuilder, File, FileTimes};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use lambark_oci::Digest;

use super::marks::Marks;
use super::tree;
use crate::Error;

/// Where a sandbox mounts its root; nothing ever lies in it.
pub(crate) const MOUNT_POINT: &str = "root";

/// Where a sandbox mounts this program.
pub(crate) const PROGRAM: &str = "program";

/// What lies over each image: the places where a sandbox mounts something, and what Lambda provides.
pub(super) const SKELETON: &str = "skeleton";

/// What the name of something unfinished begins with.
const UNFINISHED: &str = "new-";

/// After this time whoever was at something unfinished has gone.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// Marks a file's end of name.
const MARKS: &str = ".json";

/// A cache of unpacked layers.
#[derive(Clone, Debug)]
pub struct LayerCache {
    directory: Arc<str>,
    limit: u64,
    many_ids: bool,
}

/// One entry of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The digest of the layer's plain tar; `None` for layers laid flat.
    pub layer: Option<Digest>,
    /// Bytes of its files. Layers laid flat share theirs with the layers.
    pub bytes: u64,
    /// How many files, directories and links it has.
    pub entries: u64,
    /// When it was last used.
    pub last_used: SystemTime,
    name: String,
}

/// What [`LayerCache::prune`] took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many entries.
    pub entries: u64,
    /// How many bytes they had.
    pub bytes: u64,
    /// How many bytes are left.
    pub left: u64,
}

/// An entry that nobody evicts as long as this lives.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) name: String,
    pub(crate) marks: Arc<Marks>,
    _lock: Arc<File>,
}

impl Held {
    pub(super) fn digest(&self) -> Digest {
        digest_of(&self.name).unwrap_or_else(|| Digest::of(self.name.as_bytes()))
    }
}

impl LayerCache {
    /// The cache beneath a directory, which is made if it is missing; it is to have at most `limit` bytes.
    ///
    /// # Errors
    /// When it cannot be made, or its path is not UTF-8.
    pub fn open(directory: &Path, limit: u64) -> Result<LayerCache, Error> {
        let many_ids = crate::sandbox::has_many_ids();
        // Files are given other permissions for one id than for many.
        let directory = directory.join("layers").join(if many_ids { "many-ids" } else { "one-id" });
        let failed = |source| Error::Io { what: format!("make the cache {}", directory.display()), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(failed)?;
        let absolute = fs::canonicalize(&directory).map_err(failed)?;
        let text = absolute.to_str().ok_or_else(|| failed(io::Error::other("its path is not UTF-8")))?;
        let cache = LayerCache { directory: text.into(), limit, many_ids };
        cache.furnish().map_err(failed)?;
        Ok(cache)
    }

    fn furnish(&self) -> io::Result<()> {
        match DirBuilder::new().mode(0o755).create(self.path(MOUNT_POINT)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        File::options().append(true).create(true).open(self.path(PROGRAM))?;
        if self.path(SKELETON).is_dir() {
            return Ok(());
        }
        let new = self.unfinished()?;
        for name in ["dev", "etc", "proc", "tmp"] {
            fs::create_dir(new.join(name))?;
        }
        fs::write(new.join("etc/hosts"), "127.0.0.1 localhost\n::1 localhost\n")?;
        fs::write(new.join("etc/resolv.conf"), "")?;
        for name in ["", "dev", "etc", "proc", "tmp"] {
            fs::set_permissions(new.join(name), fs::Permissions::from_mode(0o755))?;
        }
        for name in ["etc/hosts", "etc/resolv.conf"] {
            fs::set_permissions(new.join(name), fs::Permissions::from_mode(0o444))?;
        }
        settle(&new, &self.path(SKELETON))
    }

    /// The cache's directory.
    pub(crate) fn directory(&self) -> &str {
        &self.directory
    }

    /// Most bytes that it is to have.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
    }

    pub(super) fn many_ids(&self) -> bool {
        self.many_ids
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        Path::new(&*self.directory).join(name)
    }

    /// The entry of a name, which `make` makes in an empty directory if it is not there.
    pub(super) fn hold(&self, name: &str, make: impl FnOnce(&Path) -> Result<Marks, Error>) -> Result<Held, Error> {
        let failed = |source| Error::Io { what: format!("write the cache {}", self.directory), source };
        if let Some(held) = self.held(name).map_err(failed)? {
            return Ok(held);
        }
        let new = self.unfinished().map_err(failed)?;
        let finished = make(&new).and_then(|marks| self.enter(name, &new, &marks).map_err(failed));
        if finished.is_err() {
            // What led here counts more than what cannot be cleaned up now; it is once it is abandoned.
            let _ = tree::remove_all(&new);
        }
        finished?;
        let gone = || failed(io::Error::other(format!("{name} was taken away at once")));
        self.held(name).map_err(failed)?.ok_or_else(gone)
    }

    fn held(&self, name: &str) -> io::Result<Option<Held>> {
        let path = self.path(&format!("{name}{MARKS}"));
        let file = match File::options().read(true).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        file.lock_shared()?;
        // Between opening and locking somebody may have evicted it.
        if !path.exists() || !self.path(name).is_dir() {
            return Ok(None);
        }
        let Ok(marks) = serde_json::from_reader(io::BufReader::new(&file)) else { return Ok(None) };
        file.set_times(FileTimes::new().set_modified(SystemTime::now()))?;
        Ok(Some(Held { name: name.to_owned(), marks: Arc::new(marks), _lock: Arc::new(file) }))
    }

    fn enter(&self, name: &str, new: &Path, marks: &Marks) -> io::Result<()> {
        settle(new, &self.path(name))?;
        let text = self.path(&self.new_name());
        fs::write(&text, serde_json::to_vec(marks)?)?;
        fs::rename(&text, self.path(&format!("{name}{MARKS}")))
    }

    fn unfinished(&self) -> io::Result<PathBuf> {
        let path = self.path(&self.new_name());
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(path)
    }

    fn new_name(&self) -> String {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        format!("{UNFINISHED}{}-{}-{count}", std::process::id(), now.as_nanos())
    }

    /// What is in the cache, last used last.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn list(&self) -> Result<Vec<Entry>, Error> {
        let failed = |source| Error::Io { what: format!("read the cache {}", self.directory), source };
        let mut entries = Vec::new();
        for file in fs::read_dir(&*self.directory).map_err(failed)? {
            let file = file.map_err(failed)?;
            let name = file.file_name();
            let Some(name) = name.to_str().and_then(|name| name.strip_suffix(MARKS)) else { continue };
            // Somebody may evict it this moment, and then it is none.
            let Ok(text) = fs::read(file.path()) else { continue };
            let Ok(marks) = serde_json::from_slice::<Marks>(&text) else { continue };
            let last_used = file.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            let Marks { bytes, entries: count, .. } = marks;
            entries.push(Entry { layer: digest_of(name), bytes, entries: count, last_used, name: name.to_owned() });
        }
        entries.sort_by_key(|entry| entry.last_used);
        Ok(entries)
    }

    /// Takes away what was not used for longest, until at most `limit` bytes are left. What is in use stays.
    ///
    /// # Errors
    /// When the cache cannot be read, or something cannot be taken away.
    pub fn prune(&self, limit: u64) -> Result<Pruned, Error> {
        let failed = |source| Error::Io { what: format!("prune the cache {}", self.directory), source };
        self.remove_abandoned().map_err(failed)?;
        let entries = self.list()?;
        let mut left: u64 = entries.iter().map(|entry| entry.bytes).sum();
        let mut pruned = Pruned::default();
        for entry in entries {
            // With no bytes wanted, what has none goes as well.
            if left <= limit && limit > 0 {
                break;
            }
            if self.evict(&entry.name).map_err(failed)? {
                left = left.saturating_sub(entry.bytes);
                pruned.entries += 1;
                pruned.bytes += entry.bytes;
            }
        }
        Ok(Pruned { left, ..pruned })
    }

    /// Takes an entry away if nobody uses it.
    fn evict(&self, name: &str) -> io::Result<bool> {
        let path = self.path(&format!("{name}{MARKS}"));
        let Ok(file) = File::open(&path) else { return Ok(false) };
        if file.try_lock().is_err() {
            return Ok(false);
        }
        fs::remove_file(&path)?;
        // Renamed first: a directory under its name is whole, always.
        let doomed = self.path(&self.new_name());
        fs::rename(self.path(name), &doomed)?;
        tree::remove_all(&doomed)?;
        Ok(true)
    }

    /// What somebody began and did not finish, because the machine or the program stopped.
    fn remove_abandoned(&self) -> io::Result<()> {
        for file in fs::read_dir(&*self.directory)? {
            let file = file?;
            let unfinished = file.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED));
            let age = file.metadata().and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
            if unfinished && matches!(age, Ok(Ok(age)) if age > ABANDONED) {
                tree::remove_all(&file.path())?;
            }
        }
        Ok(())
    }
}

/// Gives a finished directory its name. If another program was faster, the same lies there already.
fn settle(new: &Path, name: &Path) -> io::Result<()> {
    match fs::rename(new, name) {
        Err(_) if name.is_dir() => tree::remove_all(new),
        other => other,
    }
}

fn digest_of(name: &str) -> Option<Digest> {
    let algorithm = if name.len() == 128 { "sha512" } else { "sha256" };
    Digest::from_str(&format!("{algorithm}:{name}")).ok()
}
