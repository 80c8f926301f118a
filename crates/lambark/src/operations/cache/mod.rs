//! `cache`: what is kept of images that were run, built or looked at.

mod unpacked;

use std::path::PathBuf;
use std::time::SystemTime;

use lambark_images::Memory;
use lambark_images::memory::Room;
use lambark_oci::Digest;

use super::build::layouts::{self, Kept};
use crate::failure::Failure;

/// Where things are kept.
#[derive(Clone, Debug)]
pub struct Places {
    /// The user's cache.
    pub cache: PathBuf,
    /// The unpacked layers in it.
    pub layers: PathBuf,
}

/// What is kept.
#[derive(Debug)]
pub struct Listing {
    /// Where the unpacked layers lie.
    pub directory: PathBuf,
    /// The unpacked layers, the one used last first.
    pub entries: Vec<Entry>,
    /// What builders wrote, the one used last first.
    pub builds: Vec<Kept>,
    /// What is known of layers' files.
    pub known: Room,
}

/// An unpacked layer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The digest of the layer's plain tar; `None` for layers laid flat.
    pub layer: Option<Digest>,
    /// Bytes of its files. Layers laid flat share theirs with the layers.
    pub bytes: u64,
    /// How many files, directories and links it has.
    pub entries: u64,
    /// When it was last used.
    pub last_used: SystemTime,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pruned {
    /// How many layers, builds, and lists of a layer's files.
    pub entries: u64,
    /// How many bytes they had.
    pub bytes: u64,
    /// How many bytes are left.
    pub left: u64,
}

/// Lists what is kept.
///
/// # Errors
/// When the directory of unpacked layers cannot be read.
pub fn list(places: &Places) -> Result<Listing, Failure> {
    let mut entries = unpacked::list(&places.layers)?;
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.last_used));
    Ok(Listing {
        directory: places.layers.clone(),
        entries,
        builds: layouts::list(&places.cache),
        known: Memory::new(&places.cache).room(),
    })
}

/// Removes what no run and no build uses now until at most `keep` bytes are left: first what builders wrote, which
/// they can send again, then unpacked layers, and last what is known of layers, which is small.
///
/// # Errors
/// When a directory cannot be read or something in it cannot be removed.
pub fn prune(places: &Places, keep: u64) -> Result<Pruned, Failure> {
    let unpacked: u64 = unpacked::list(&places.layers)?.iter().map(|entry| entry.bytes).sum();
    let memory = Memory::new(&places.cache);
    let known = memory.room().bytes;
    let builds = layouts::list(&places.cache);
    let mut written: u64 = builds.iter().map(|kept| kept.bytes).sum();
    let mut gone = Pruned::default();
    for kept in builds.iter().rev() {
        if keep > 0 && unpacked + written + known <= keep {
            break;
        }
        let failed = |source| lambark_images::Error::Write { path: kept.path.clone(), source };
        if kept.remove().map_err(failed)? {
            gone.entries += 1;
            gone.bytes += kept.bytes;
            written -= kept.bytes;
        }
    }
    let pruned = unpacked::prune(&places.layers, keep.saturating_sub(written + known))?;
    let forgotten = memory.prune(keep.saturating_sub(written + pruned.left));
    Ok(Pruned {
        entries: gone.entries + pruned.entries + forgotten.layers as u64,
        bytes: gone.bytes + pruned.bytes + forgotten.bytes,
        left: pruned.left + written + known - forgotten.bytes,
    })
}
