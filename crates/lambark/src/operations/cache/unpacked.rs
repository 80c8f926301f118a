//! The unpacked layers of images that were run. There are none where sandboxes are not made by lambark.

use std::path::Path;

use super::{Entry, Pruned};
use crate::failure::Failure;

#[cfg(target_os = "linux")]
pub(super) fn list(directory: &Path) -> Result<Vec<Entry>, Failure> {
    let entry = |entry: lambark_sandbox::rootfs::Entry| Entry {
        layer: entry.layer,
        bytes: entry.bytes,
        entries: entry.entries,
        last_used: entry.last_used,
    };
    Ok(open(directory)?.list()?.into_iter().map(entry).collect())
}

#[cfg(target_os = "linux")]
pub(super) fn prune(directory: &Path, keep: u64) -> Result<Pruned, Failure> {
    let pruned = open(directory)?.prune(keep)?;
    Ok(Pruned { entries: pruned.entries, bytes: pruned.bytes, left: pruned.left })
}

#[cfg(target_os = "linux")]
fn open(directory: &Path) -> Result<lambark_sandbox::LayerCache, Failure> {
    Ok(lambark_sandbox::LayerCache::open(directory, u64::MAX)?)
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(super) fn list(_: &Path) -> Result<Vec<Entry>, Failure> {
    Ok(Vec::new())
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(super) fn prune(_: &Path, _: u64) -> Result<Pruned, Failure> {
    Ok(Pruned::default())
}
