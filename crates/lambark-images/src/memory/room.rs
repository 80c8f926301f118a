//! How much room the memory takes, and what goes when that is too much: what was not used for longest.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{MAX_MEMORY_BYTES, MAX_MEMORY_LAYERS, Memory};

/// Directories between the memory's own and its files: format and algorithm. Those of other versions count, and age.
const LEVELS: usize = 2;

/// The room that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Of so many layers something is remembered.
    pub layers: usize,
    /// Bytes of their files.
    pub bytes: u64,
    /// When something was last recalled or remembered; `None` if nothing is.
    pub last_used: Option<SystemTime>,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// What was known of so many layers.
    pub layers: usize,
    /// Bytes of their files.
    pub bytes: u64,
}

struct Kept {
    path: PathBuf,
    bytes: u64,
    last_used: SystemTime,
}

impl Memory {
    /// How much is remembered.
    #[must_use]
    pub fn room(&self) -> Room {
        let kept = self.kept();
        Room {
            layers: kept.len(),
            bytes: kept.iter().map(|kept| kept.bytes).sum(),
            last_used: kept.iter().map(|kept| kept.last_used).max(),
        }
    }

    /// Forgets what was not used for longest until at most `keep` bytes are left. What cannot be removed stays.
    pub fn prune(&self, keep: u64) -> Forgotten {
        self.shrink(keep, if keep == 0 { 0 } else { usize::MAX })
    }

    /// Keeps the memory within its limits.
    pub(crate) fn make_room(&self) {
        self.shrink(MAX_MEMORY_BYTES, MAX_MEMORY_LAYERS);
    }

    pub(super) fn shrink(&self, bytes: u64, layers: usize) -> Forgotten {
        let mut kept = self.kept();
        kept.sort_by_key(|kept| kept.last_used);
        let mut left: u64 = kept.iter().map(|kept| kept.bytes).sum();
        let all = kept.len();
        let mut gone = Forgotten::default();
        for old in kept {
            if left <= bytes && all - gone.layers <= layers {
                break;
            }
            if fs::remove_file(&old.path).is_ok() {
                left -= old.bytes;
                gone.layers += 1;
                gone.bytes += old.bytes;
            }
        }
        gone
    }

    fn kept(&self) -> Vec<Kept> {
        let mut kept = Vec::new();
        collect(&self.directory, LEVELS, &mut kept);
        kept
    }
}

fn collect(directory: &Path, levels: usize, kept: &mut Vec<Kept>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        // Of the entry itself: no link leads out of the cache.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() && levels > 0 {
            collect(&entry.path(), levels - 1, kept);
        } else if !metadata.is_dir() {
            let last_used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            kept.push(Kept { path: entry.path(), bytes: metadata.len(), last_used });
        }
    }
}
