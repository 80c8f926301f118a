//! Content on its way in, hashed while it is written.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use lambark_oci::{Algorithm, Digest, Hasher};
use tempfile::NamedTempFile;

use super::directory::TEMPORARY;
use super::pool::Used;

/// Content in memory lies in pieces of this many bytes, so that a growing upload is never copied.
const SEGMENT_BYTES: usize = 1024 * 1024;

/// Content that is still being written. It is gone with this value unless the store takes it in.
#[derive(Debug)]
pub(crate) struct BlobWriter {
    target: Target,
    hasher: Hasher,
    length: u64,
}

#[derive(Debug)]
enum Target {
    Memory(Segments),
    File(NamedTempFile),
}

/// Pieces, and the piece that is being filled.
#[derive(Debug)]
struct Segments {
    full: Vec<Bytes>,
    open: BytesMut,
    /// Room taken from the store, given back by whoever is dropped without being taken in.
    taken: u64,
    used: Arc<Used>,
}

/// A place to come back to.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    length: u64,
    hasher: Hasher,
}

/// What was written, as the store takes it in.
pub(super) enum Content {
    Memory(Vec<Bytes>),
    File(NamedTempFile),
}

impl BlobWriter {
    pub(super) fn in_memory(used: Arc<Used>) -> BlobWriter {
        let segments = Segments { full: Vec::new(), open: BytesMut::new(), taken: 0, used };
        BlobWriter { target: Target::Memory(segments), hasher: Hasher::new(Algorithm::Sha256), length: 0 }
    }

    pub(super) fn in_file(directory: &Path) -> io::Result<BlobWriter> {
        let file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(directory)?;
        Ok(BlobWriter { target: Target::File(file), hasher: Hasher::new(Algorithm::Sha256), length: 0 })
    }

    /// Bytes so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.target {
            Target::Memory(segments) => segments.write(bytes)?,
            Target::File(file) => file.write_all(bytes)?,
        }
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Where it stands now.
    pub(crate) fn mark(&self) -> Mark {
        Mark { length: self.length, hasher: self.hasher.clone() }
    }

    /// Forgets what was written after `mark`: a part that broke off counts for nothing.
    pub(crate) fn return_to(&mut self, mark: &Mark) -> io::Result<()> {
        match &mut self.target {
            Target::Memory(segments) => segments.truncate(mark.length),
            Target::File(file) => {
                file.as_file().set_len(mark.length)?;
                file.seek(SeekFrom::Start(mark.length))?;
            }
        }
        self.length = mark.length;
        self.hasher = mark.hasher.clone();
        Ok(())
    }

    /// The digest of what was written.
    pub(crate) fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }

    pub(super) fn finish(self) -> io::Result<(Digest, u64, Content)> {
        let content = match self.target {
            Target::Memory(mut segments) => {
                segments.seal();
                // The room stays taken: the store answers for it from here on.
                segments.taken = 0;
                Content::Memory(std::mem::take(&mut segments.full))
            }
            Target::File(mut file) => {
                file.flush()?;
                Content::File(file)
            }
        };
        Ok((self.hasher.finish(), self.length, content))
    }
}

impl Segments {
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.used.take(bytes.len() as u64)?;
        self.taken += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(SEGMENT_BYTES - self.open.len()));
            self.open.extend_from_slice(now);
            if self.open.len() == SEGMENT_BYTES {
                self.full.push(self.open.split().freeze());
            }
            bytes = later;
        }
        Ok(())
    }

    /// The last piece, with no more room than it needs: most blobs are configs of some kilobytes.
    fn seal(&mut self) {
        if !self.open.is_empty() {
            self.full.push(Bytes::copy_from_slice(&self.open));
            self.open = BytesMut::new();
        }
    }

    fn truncate(&mut self, length: u64) {
        self.used.give_back(self.taken.saturating_sub(length));
        self.taken = self.taken.min(length);
        // Every full piece has the same length, so the division finds where to cut.
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (pieces, rest) = (length / SEGMENT_BYTES, length % SEGMENT_BYTES);
        if pieces < self.full.len() {
            self.open = BytesMut::from(&self.full[pieces][..]);
            self.full.truncate(pieces);
        }
        self.open.truncate(rest);
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        self.used.give_back(self.taken);
    }
}
