//! What this machine remembers: which gzip blob a layer became. A digest never changes, so nothing here goes stale.

use std::fs;
use std::path::{Path, PathBuf};

use lambark_oci::Digest;
use serde::{Deserialize, Serialize};

use crate::repair::apply::Encoded;

/// A directory of small files. Losing it costs time, never correctness; so failing to write is no error.
#[derive(Clone, Debug)]
pub struct Cache {
    directory: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    digest: Digest,
    size: u64,
    diff_id: Digest,
}

impl Cache {
    /// The cache in a directory, which is made when something is first remembered.
    #[must_use]
    pub fn new(directory: &Path) -> Cache {
        Cache { directory: directory.join("encoded") }
    }

    fn path(&self, old: &Digest) -> PathBuf {
        self.directory.join(format!("{}-{}.json", old.algorithm().as_str(), old.hex()))
    }

    /// The gzip blob that `old` became, if it is remembered.
    #[must_use]
    pub fn encoded(&self, old: &Digest) -> Option<Encoded> {
        let entry: Entry = serde_json::from_slice(&fs::read(self.path(old)).ok()?).ok()?;
        Some(Encoded { digest: entry.digest, size: entry.size, diff_id: entry.diff_id })
    }

    /// Remembers which gzip blob `old` became.
    pub fn remember(&self, old: &Digest, new: &Encoded) {
        let entry = Entry { digest: new.digest.clone(), size: new.size, diff_id: new.diff_id.clone() };
        let written = || -> std::io::Result<()> {
            fs::create_dir_all(&self.directory)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
            serde_json::to_writer(&mut file, &entry)?;
            file.persist(self.path(old)).map_err(|error| error.error)?;
            Ok(())
        };
        // Next time the layer is encoded again; that is all.
        let _ = written();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_remembered_comes_back_and_damage_is_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path());
        let old = Digest::of(b"zstd");
        assert_eq!(cache.encoded(&old), None);
        let new = Encoded { digest: Digest::of(b"gzip"), size: 4, diff_id: Digest::of(b"tar") };
        cache.remember(&old, &new);
        assert_eq!(cache.encoded(&old), Some(new));
        fs::write(cache.path(&old), b"{").unwrap();
        assert_eq!(cache.encoded(&old), None);
    }
}
