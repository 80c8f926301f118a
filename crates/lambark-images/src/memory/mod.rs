//! What was learnt of whole layers, kept on this machine by the digest of their blobs: bytes of one digest hold the same
//! files, wherever they lie. Losing any of it costs time, never correctness, so that failing to write is no error and
//! what is damaged counts as never written. It is the user's own: whoever may write to the cache can say what layers hold.

mod file;
mod form;
mod room;

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use lambark_oci::Digest;
use lambark_rules::facts::{Content, Ending};

pub use room::{Forgotten, Room};

/// Below the user's cache.
const DIRECTORY: &str = "facts";

/// Most bytes that all of it may take. A file of an image needs about twelve, a layer of a Linux distribution a hundred
/// thousand.
pub const MAX_MEMORY_BYTES: u64 = 100_000_000;

/// Of how many layers something is remembered at most: each look at a new one looks through their names.
pub const MAX_MEMORY_LAYERS: usize = 5_000;

/// Begins the names of files that are being written.
const BEGUN: &str = ".begun-";

/// The directory of what is remembered, one file a blob.
#[derive(Clone, Debug)]
pub struct Memory {
    directory: PathBuf,
    anew: bool,
}

/// A blob that was read to its proper end, and has the digest by which it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Remembered {
    /// Digest of its first bytes, as many as tell what it is.
    pub(crate) beginning: Digest,
    /// What it holds.
    pub(crate) content: Content,
}

impl Memory {
    /// The memory in a cache, whose directory is made when something is first remembered.
    #[must_use]
    pub fn new(cache: &Path) -> Memory {
        Memory { directory: cache.join(DIRECTORY), anew: false }
    }

    /// The same, but nothing is recalled: every layer is read anew, and remembered as it is then.
    #[must_use]
    pub fn anew(self) -> Memory {
        Memory { anew: true, ..self }
    }

    fn path(&self, blob: &Digest) -> PathBuf {
        let version = format!("v{}", file::FORMAT);
        self.directory.join(version).join(blob.algorithm().as_str()).join(blob.hex())
    }

    /// What is remembered of a blob. That it was used now is noted.
    pub(crate) fn find(&self, blob: &Digest) -> Option<Remembered> {
        if self.anew {
            return None;
        }
        let path = self.path(blob);
        // Only a plain file: opening a pipe would wait for whoever writes to it.
        let size = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?.len();
        let room = usize::try_from(size).ok().filter(|_| size <= file::MAX_FILE_BYTES)?;
        let opened = File::open(&path).ok()?;
        let mut bytes = Vec::with_capacity(room);
        (&opened).take(file::MAX_FILE_BYTES).read_to_end(&mut bytes).ok()?;
        let remembered = form::read(file::opened(&bytes)?)?;
        let _ = opened.set_modified(SystemTime::now());
        // A file under another's name would tell of that one.
        Some(remembered).filter(|remembered| remembered.content.digest == *blob)
    }

    /// Remembers what was read of `blob`, if that is all of it and the bytes are those of the digest.
    pub(crate) fn keep(&self, blob: &Digest, beginning: &Digest, content: &Content) {
        if content.ending == Ending::Complete && content.digest == *blob {
            // Next time it is read again; that is all.
            let _ = self.write(blob, beginning, content);
        }
    }

    fn write(&self, blob: &Digest, beginning: &Digest, content: &Content) -> io::Result<()> {
        let Some(payload) = form::written(beginning, content) else { return Ok(()) };
        let path = self.path(blob);
        let directory = path.parent().unwrap_or(&self.directory);
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        // Readable by its owner alone, as temporary files are made.
        let mut file = tempfile::Builder::new().prefix(BEGUN).tempfile_in(directory)?;
        file.write_all(file::header(&payload).as_bytes())?;
        file.write_all(&payload)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

/// What an earlier look at the same blobs is worth, and whether this one is remembered.
#[derive(Clone, Copy, Debug)]
pub enum Recall<'a> {
    /// Nothing, and it is not.
    Nothing,
    /// Nothing, because it is the bytes which lie there that are in question; but this look is remembered.
    Learn(&'a Memory),
    /// Layers that were read to their ends are not read again. For bytes that somebody holds against their digest: the
    /// registry that took them, or this program while it sends them.
    Use(&'a Memory),
}

impl<'a> Recall<'a> {
    /// What is remembered of a blob, where that counts.
    pub(crate) fn find(self, blob: &Digest) -> Option<Remembered> {
        match self {
            Recall::Use(memory) => memory.find(blob),
            Recall::Learn(_) | Recall::Nothing => None,
        }
    }

    /// Where this look is remembered.
    pub(crate) fn memory(self) -> Option<&'a Memory> {
        match self {
            Recall::Use(memory) | Recall::Learn(memory) => Some(memory),
            Recall::Nothing => None,
        }
    }
}

#[cfg(test)]
mod tests;
