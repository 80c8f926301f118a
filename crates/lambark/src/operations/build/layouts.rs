//! The layouts that builders write, kept from build to build: what is there already is not sent again.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use lambark_oci::{Algorithm, Hasher};

use super::planner::Wanted;

/// How many are kept: a monorepo's services. The one not used for longest goes first.
const MAX_KEPT: usize = 16;

/// Below the cache.
const DIRECTORY: &str = "builds";

/// Ends the name of the file that whoever uses a layout holds locked.
const LOCK: &str = ".lock";

/// A directory for a builder to write a layout into; nobody else uses it until this is dropped.
#[derive(Debug)]
pub(super) struct Layout {
    /// Where it is. Characters that a builder's `--output` gives a meaning do not occur.
    pub(super) path: String,
    kept: Option<File>,
}

impl Layout {
    /// The one that is kept for what is built; a new one below `temporary` if there is no cache, or another build has
    /// it. None if a builder could not be told of either.
    pub(super) fn open(cache: Option<&Path>, wanted: &Wanted, temporary: &Path) -> Option<Layout> {
        let kept = cache.and_then(|cache| {
            let directory = cache.join(DIRECTORY);
            let path = sayable(&directory.join(name(wanted)))?;
            // Without a place to keep it, it is sent again next time; that is all.
            let lock = lock(&directory, &format!("{}{LOCK}", name(wanted))).ok()?;
            evict(&directory, MAX_KEPT);
            // The blobs are what is kept. Yesterday's image must never be taken for today's.
            match fs::remove_file(Path::new(&path).join("index.json")) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => None,
                _ => Some(Layout { path, kept: Some(lock) }),
            }
        });
        kept.or_else(|| Some(Layout { path: sayable(&temporary.join("layout"))?, kept: None }))
    }

    /// The path that [`Layout::open`] gives if nobody else builds the same, without making anything.
    pub(super) fn path(cache: Option<&Path>, wanted: &Wanted, temporary: &Path) -> Option<String> {
        let kept = cache.and_then(|cache| sayable(&cache.join(DIRECTORY).join(name(wanted))));
        kept.or_else(|| sayable(&temporary.join("layout")))
    }

    /// Takes away what the newest image does not need. What cannot be swept stays for the next time.
    pub(super) fn sweep(&self) {
        if self.kept.is_some() {
            let _ = lambark_images::sweep(Path::new(&self.path));
        }
    }

    /// Leaves no trace of what this builder has no use for. What another builder wrote stays.
    pub(super) fn unused(self) {
        if self.kept.is_some() && !Path::new(&self.path).exists() {
            // Still locked: nobody else has begun to use it.
            let _ = fs::remove_file(format!("{}{LOCK}", self.path));
        }
    }

    /// Takes all of it away, because it does not hold what its names say.
    pub(super) fn forget(&self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A path that can stand in `--output=type=oci,dest=PATH`, which is a CSV field.
fn sayable(path: &Path) -> Option<String> {
    let path = path.to_str()?;
    (!path.contains([',', '"', '\n', '\r'])).then(|| path.to_owned())
}

/// A name for what is built, the same each time.
fn name(wanted: &Wanted) -> String {
    let whole = |path: &str| fs::canonicalize(path).map_or_else(|_| path.to_owned(), |path| path.display().to_string());
    let mut hasher = Hasher::new(Algorithm::Sha256);
    for part in [
        whole(&wanted.context),
        wanted.dockerfile.as_deref().map(whole).unwrap_or_default(),
        wanted.architecture.map(|architecture| architecture.to_string()).unwrap_or_default(),
    ] {
        hasher.update(part.as_bytes());
        hasher.update(b"\0");
    }
    hasher.finish().hex().chars().take(16).collect()
}

/// Makes the lock's file if need be, and takes the lock; the file's time says when it was last used.
fn lock(directory: &Path, name: &str) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let path = directory.join(name);
    let file = File::create(&path)?;
    file.try_lock()?;
    // Whoever held it may have removed it meanwhile; then the next one locks another file of this name.
    if fs::metadata(&path)?.ino() != file.metadata()?.ino() {
        return Err(io::ErrorKind::NotFound.into());
    }
    file.set_modified(SystemTime::now())?;
    Ok(file)
}

/// A layout that is kept.
#[derive(Debug)]
pub struct Kept {
    lock: PathBuf,
    /// Its directory.
    pub path: PathBuf,
    /// When it was last used.
    pub last_used: SystemTime,
    /// What its files hold, in bytes.
    pub bytes: u64,
}

/// The layouts that are kept in a cache, the one used last first.
#[must_use]
pub fn list(cache: &Path) -> Vec<Kept> {
    let Ok(files) = fs::read_dir(cache.join(DIRECTORY)) else { return Vec::new() };
    let of = |lock: PathBuf| {
        let path = lock.with_file_name(lock.file_name()?.to_str()?.strip_suffix(LOCK)?);
        let last_used = fs::metadata(&lock).and_then(|lock| lock.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        Some(Kept { bytes: size(&path), lock, path, last_used })
    };
    let mut kept: Vec<Kept> = files.flatten().filter_map(|file| of(file.path())).collect();
    kept.sort_by_key(|kept| std::cmp::Reverse(kept.last_used));
    kept
}

impl Kept {
    /// Removes it, if no build uses it now; whether it did.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self) -> io::Result<bool> {
        let Ok(lock) = File::open(&self.lock) else { return Ok(false) };
        if lock.try_lock().is_err() {
            return Ok(false);
        }
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Last: a directory without its lock would be nobody's.
        fs::remove_file(&self.lock)?;
        Ok(true)
    }
}

fn evict(directory: &Path, keep: usize) {
    let Some(cache) = directory.parent() else { return };
    for kept in list(cache).iter().skip(keep) {
        let _ = kept.remove();
    }
}

/// Bytes of a layout's files: two levels of directories, with plain files in them.
fn size(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn wanted(context: &Path) -> Wanted {
        Wanted {
            dockerfile: None,
            context: context.display().to_string(),
            architecture: None,
            arguments: Vec::new(),
            builder: None,
            legacy: false,
            layers: None,
        }
    }

    #[test]
    fn a_layout_is_one_build_s_at_a_time_and_begins_without_an_image() {
        let (cache, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let wanted = wanted(cache.path());
        let open = || Layout::open(Some(cache.path()), &wanted, temporary.path()).unwrap();
        let first = open();
        assert_eq!(Some(&first.path), Layout::path(Some(cache.path()), &wanted, temporary.path()).as_ref());
        let other = open();
        assert!(other.path.starts_with(temporary.path().to_str().unwrap()), "{}", other.path);
        assert!(!list(cache.path())[0].remove().unwrap(), "it is in use");

        fs::create_dir_all(Path::new(&first.path).join("blobs/sha256")).unwrap();
        fs::write(Path::new(&first.path).join("blobs/sha256/abc"), "a layer").unwrap();
        fs::write(Path::new(&first.path).join("index.json"), "yesterday's").unwrap();
        let path = first.path.clone();
        drop(first);
        let again = open();
        assert_eq!(again.path, path);
        assert!(Path::new(&path).join("blobs/sha256/abc").exists() && !Path::new(&path).join("index.json").exists());
        drop(again);
        assert!(list(cache.path())[0].remove().unwrap());
        open().unused();
        assert_eq!(fs::read_dir(cache.path().join(DIRECTORY)).unwrap().count(), 0);
    }

    #[test]
    fn only_so_many_are_kept_and_a_path_that_means_something_else_is_not_used() {
        let (cache, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for number in 0..=MAX_KEPT + 3 {
            let context = temporary.path().join(number.to_string());
            drop(Layout::open(Some(cache.path()), &wanted(&context), temporary.path()).unwrap());
        }
        assert_eq!(list(cache.path()).len(), MAX_KEPT);
        let comma = cache.path().join("a,b");
        let layout = Layout::open(Some(&comma), &wanted(cache.path()), temporary.path()).unwrap();
        assert!(layout.path.starts_with(temporary.path().to_str().unwrap()));
        assert!(Layout::open(None, &wanted(cache.path()), &comma).is_none());
    }
}
