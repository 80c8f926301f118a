//! An image of which some blobs were not read now, because what they hold is known by their digest: whoever sends them on
//! gets bytes of that digest or an error.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::Arc;

use lambark_oci::{Descriptor, Digest, Hasher, ImageName, RawDocument};

use crate::Error;
use crate::source::{Beginning, Source, Top};

/// The same source, which holds the bytes of some blobs against their digests.
pub(crate) struct Checked {
    inner: Arc<dyn Source>,
    unread: HashSet<Digest>,
}

impl Checked {
    pub(crate) fn new(inner: Arc<dyn Source>, unread: HashSet<Digest>) -> Checked {
        Checked { inner, unread }
    }
}

impl Source for Checked {
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
        let reader = self.inner.blob(blob)?;
        if !self.unread.contains(&blob.digest) {
            return Ok(reader);
        }
        let hasher = Some(Hasher::like(&blob.digest));
        Ok(Box::new(Against { reader, hasher, left: blob.size, digest: blob.digest.clone() }))
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

/// Hands bytes on as they come, and the last of them only if all have the digest: whoever was told a blob's size is
/// done when it has so many, and would not ask for the end.
struct Against {
    reader: Box<dyn Read + Send>,
    /// Gone once it was compared.
    hasher: Option<Hasher>,
    left: u64,
    digest: Digest,
}

impl Read for Against {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.left > 0 {
            return Err(self.other("it ends too soon"));
        }
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| self.other("it is longer than was said"))?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..read]);
        }
        if self.left == 0
            && let Some(hasher) = self.hasher.take()
        {
            let actual = hasher.finish();
            if actual != self.digest {
                return Err(self.other(&format!("it has the digest {actual}")));
            }
        }
        Ok(read)
    }
}

impl Against {
    fn other(&self, why: &str) -> io::Error {
        let reason = format!("the bytes that lie here are not those of {}: {why}", self.digest);
        io::Error::new(io::ErrorKind::InvalidData, reason)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn against(bytes: &[u8], of: &[u8], size: u64) -> (Vec<u8>, io::Result<usize>) {
        let reader = Box::new(io::Cursor::new(bytes.to_vec()));
        let digest = Digest::of(of);
        let hasher = Some(Hasher::like(&digest));
        let mut seen = Vec::new();
        let result = Against { reader, hasher, left: size, digest }.read_to_end(&mut seen);
        (seen, result)
    }

    #[test]
    fn the_last_bytes_come_only_if_all_are_right() {
        let good = b"layer".repeat(100_000);
        let (seen, result) = against(&good, &good, good.len() as u64);
        assert_eq!((seen, result.unwrap()), (good.clone(), good.len()));
        assert_eq!(against(b"", b"", 0).1.unwrap(), 0);

        for place in [0, 1, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[place] ^= 1;
            let (seen, result) = against(&bad, &good, good.len() as u64);
            assert!(result.is_err() && seen.len() < good.len(), "{place}");
        }
    }

    #[test]
    fn other_sizes_are_other_bytes() {
        let good = b"layer".repeat(1000);
        for (bytes, size) in [(&good[..4999], 5000), (&good[..], 4999), (&good[..], 5001), (b"", 1)] {
            assert!(against(bytes, &good, size).1.is_err(), "{size}");
        }
    }
}
