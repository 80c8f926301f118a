//! The bytes: every blob and manifest once, by its digest.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use lambark_oci::Digest;

use super::blob::Blob;
use super::directory::TEMPORARY;
use super::writer::BlobWriter;
use crate::Error;
use crate::limits::MAX_MEMORY_BYTES;

/// All content, in memory or in files `blobs/sha256/HEX`.
#[derive(Debug)]
pub(super) enum Pool {
    Memory(Memory),
    Files(PathBuf),
}

#[derive(Debug, Default)]
pub(super) struct Memory {
    blobs: Mutex<HashMap<Digest, Blob>>,
    pub(super) used: Arc<Used>,
}

/// Bytes of content held in memory, uploads that are not complete included.
#[derive(Debug, Default)]
pub(super) struct Used(AtomicU64);

impl Used {
    /// Takes room for more bytes, if there is.
    pub(super) fn take(&self, bytes: u64) -> io::Result<()> {
        let room = |used: u64| used.checked_add(bytes).filter(|used| *used <= MAX_MEMORY_BYTES);
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room) {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "the twin holds as much in memory as it may; with a data directory it keeps content in files",
            )),
        }
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn give_back(&self, bytes: u64) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Pool {
    pub(super) fn new(root: Option<&Path>) -> Result<Pool, Error> {
        let Some(root) = root else { return Ok(Pool::Memory(Memory::default())) };
        let directory = root.join(super::BLOBS).join("sha256");
        let failed = |source| Error::Data { path: directory.clone(), source };
        fs::create_dir_all(&directory).map_err(failed)?;
        for entry in fs::read_dir(&directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // Uploads of a process that was killed.
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(Pool::Files(directory))
    }

    pub(super) fn writer(&self) -> io::Result<BlobWriter> {
        match self {
            Pool::Memory(memory) => Ok(BlobWriter::in_memory(Arc::clone(&memory.used))),
            Pool::Files(directory) => BlobWriter::in_file(directory),
        }
    }

    /// Takes in what was written, under its own digest. Content that is there already is kept as it is.
    pub(super) fn commit(&self, writer: BlobWriter) -> io::Result<(Digest, u64)> {
        let (digest, size, content) = writer.finish()?;
        match (self, content) {
            (Pool::Memory(memory), super::writer::Content::Memory(segments)) => {
                let mut blobs = memory.blobs.lock().unwrap_or_else(PoisonError::into_inner);
                if blobs.contains_key(&digest) {
                    memory.used.give_back(size);
                } else {
                    blobs.insert(digest.clone(), Blob::in_memory(segments, size));
                }
            }
            (Pool::Files(directory), super::writer::Content::File(file)) => {
                let path = directory.join(digest.hex());
                if !path.exists() {
                    file.persist(&path).map_err(|error| error.error)?;
                }
            }
            _ => return Err(io::Error::other("a writer of another store")),
        }
        Ok((digest, size))
    }

    pub(super) fn put(&self, bytes: &[u8]) -> io::Result<Digest> {
        let mut writer = self.writer()?;
        writer.write(bytes)?;
        Ok(self.commit(writer)?.0)
    }

    pub(super) fn get(&self, digest: &Digest) -> io::Result<Option<Blob>> {
        match self {
            Pool::Memory(memory) => {
                Ok(memory.blobs.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned())
            }
            Pool::Files(directory) => match File::open(directory.join(digest.hex())) {
                Ok(file) => Ok(Some(Blob::in_file(file)?)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// Small content whole: manifests.
    pub(super) fn bytes(&self, digest: &Digest) -> io::Result<Option<Bytes>> {
        let Some(blob) = self.get(digest)? else { return Ok(None) };
        let length = usize::try_from(blob.size()).unwrap_or(usize::MAX);
        blob.beginning(length).map(Some)
    }

    /// Forgets content that nobody names any more.
    pub(super) fn remove(&self, digest: &Digest) -> io::Result<()> {
        match self {
            Pool::Memory(memory) => {
                let removed = memory.blobs.lock().unwrap_or_else(PoisonError::into_inner).remove(digest);
                memory.used.give_back(removed.map_or(0, |blob| blob.size()));
                Ok(())
            }
            Pool::Files(directory) => match fs::remove_file(directory.join(digest.hex())) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        }
    }
}
