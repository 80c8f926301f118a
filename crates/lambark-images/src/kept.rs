//! An image that lies far away and is read twice: once to look at it, once to bring it elsewhere.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use lambark_oci::{Descriptor, Digest, ImageName, RawDocument};

use crate::Error;
use crate::source::{Beginning, Source, Top};

type Blobs = Arc<Mutex<HashMap<Digest, Arc<File>>>>;

/// Keeps each blob that was read to its end in a temporary file without a name, so that it travels once.
pub struct Kept {
    inner: Arc<dyn Source>,
    blobs: Blobs,
}

impl Kept {
    /// The same source, keeping what is read.
    #[must_use]
    pub fn new(inner: Arc<dyn Source>) -> Kept {
        Kept { inner, blobs: Blobs::default() }
    }
}

impl Source for Kept {
    fn name(&self) -> &ImageName {
        self.inner.name()
    }

    fn top(&self) -> Result<Top, Error> {
        self.inner.top()
    }

    fn document(&self, child: &Descriptor) -> Result<RawDocument, Error> {
        self.inner.document(child)
    }

    fn blob(&self, blob: &Descriptor) -> Result<Box<dyn Read + Send>, Error> {
        if let Some(file) = lock(&self.blobs).get(&blob.digest) {
            return Ok(Box::new(FromStart { file: Arc::clone(file), position: 0 }));
        }
        let inner = self.inner.blob(blob)?;
        // Without a temporary file the blob travels twice, which is no reason to stop.
        let copy = tempfile::tempfile().ok();
        Ok(Box::new(Keeping { inner, copy, digest: blob.digest.clone(), blobs: Arc::clone(&self.blobs) }))
    }

    fn beginning(&self, blob: &Descriptor, length: usize) -> Result<Option<Beginning>, Error> {
        self.inner.beginning(blob, length)
    }

    fn place(&self) -> String {
        self.inner.place()
    }

    fn is_tagged(&self) -> Result<bool, Error> {
        self.inner.is_tagged()
    }
}

fn lock(blobs: &Blobs) -> std::sync::MutexGuard<'_, HashMap<Digest, Arc<File>>> {
    blobs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The first reading.
struct Keeping {
    inner: Box<dyn Read + Send>,
    copy: Option<File>,
    digest: Digest,
    blobs: Blobs,
}

impl Read for Keeping {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            if let Some(copy) = self.copy.take() {
                lock(&self.blobs).insert(self.digest.clone(), Arc::new(copy));
            }
        } else if self.copy.as_mut().is_some_and(|copy| copy.write_all(&buffer[..read]).is_err()) {
            // A full disk: as above.
            self.copy = None;
        }
        Ok(read)
    }
}

/// A later one.
struct FromStart {
    file: Arc<File>,
    position: u64,
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::atomic::{AtomicUsize, Ordering};

    use lambark_oci::MediaType;

    use super::*;

    /// Counts how often it is read.
    struct Far(ImageName, AtomicUsize);

    impl Source for Far {
        fn name(&self) -> &ImageName {
            &self.0
        }

        fn top(&self) -> Result<Top, Error> {
            Err(Error::Usage("nobody asks".to_owned()))
        }

        fn document(&self, _: &Descriptor) -> Result<RawDocument, Error> {
            Err(Error::Usage("nobody asks".to_owned()))
        }

        fn blob(&self, _: &Descriptor) -> Result<Box<dyn Read + Send>, Error> {
            self.1.fetch_add(1, Ordering::Relaxed);
            Ok(Box::new(io::Cursor::new(b"layer".repeat(50_000))))
        }

        fn beginning(&self, _: &Descriptor, _: usize) -> Result<Option<Beginning>, Error> {
            Ok(None)
        }
    }

    #[test]
    fn a_blob_read_to_its_end_travels_once_and_one_that_was_not_travels_again() {
        let far = Arc::new(Far(ImageName::parse("oci:x", |_| false).unwrap(), AtomicUsize::new(0)));
        let kept = Kept::new(Arc::clone(&far) as Arc<dyn Source>);
        let blob = Descriptor::of(MediaType::new("x"), b"layer");
        let mut beginning = [0; 10];
        kept.blob(&blob).unwrap().read_exact(&mut beginning).unwrap();
        for travelled in [2, 2, 2] {
            let mut all = Vec::new();
            kept.blob(&blob).unwrap().read_to_end(&mut all).unwrap();
            assert_eq!(all, b"layer".repeat(50_000));
            assert_eq!(far.1.load(Ordering::Relaxed), travelled);
        }
    }
}
