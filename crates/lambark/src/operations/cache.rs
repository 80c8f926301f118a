//! `cache`: what is kept of images that were run.

use std::path::{Path, PathBuf};

use lambark_sandbox::rootfs::{Entry, LayerCache, Pruned};

use crate::failure::Failure;

/// The unpacked layers.
#[derive(Debug)]
pub struct Listing {
    /// Where they lie.
    pub directory: PathBuf,
    /// The layers, the one used last first.
    pub entries: Vec<Entry>,
}

/// Lists the unpacked layers.
///
/// # Errors
/// When the directory cannot be read.
pub fn list(directory: &Path) -> Result<Listing, Failure> {
    let mut entries = open(directory, u64::MAX)?.list()?;
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.last_used));
    Ok(Listing { directory: directory.to_owned(), entries })
}

/// Removes unpacked layers until at most `keep` bytes are left.
///
/// # Errors
/// When the directory cannot be read or something in it cannot be removed.
pub fn prune(directory: &Path, keep: u64) -> Result<Pruned, Failure> {
    Ok(open(directory, u64::MAX)?.prune(keep)?)
}

fn open(directory: &Path, limit: u64) -> Result<LayerCache, Failure> {
    Ok(LayerCache::open(directory, limit)?)
}
