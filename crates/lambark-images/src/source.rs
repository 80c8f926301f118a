//! What an image is read from.

use std::io::Read;

use bytes::Bytes;
use lambark_oci::{Descriptor, ImageName, RawDocument};

use crate::Error;

/// Somewhere an image can be read: a registry, a layout, an archive.
///
/// Implementations bring these few calls; everything else is made of them in [`crate::gather()`] and [`crate::repair`].
pub trait Source: Send + Sync {
    /// The name it was opened by.
    fn name(&self) -> &ImageName;

    /// The object that the name points at. Asked for once.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    fn top(&self) -> Result<Top, Error>;

    /// The manifest or index that `child` points at, its bytes checked against the digest.
    ///
    /// # Errors
    /// When it is not there, cannot be read, or has other bytes than its digest says.
    fn document(&self, child: &Descriptor) -> Result<RawDocument, Error>;

    /// The whole blob as a stream, from its first byte. The bytes are as stored: whoever reads them hashes them.
    ///
    /// # Errors
    /// [`Error::MissingBlob`] when it is not there.
    fn blob(&self, blob: &Descriptor) -> Result<Box<dyn Read + Send>, Error>;

    /// The first `length` bytes of a blob (fewer if it is shorter), or `None` when it is not there.
    ///
    /// # Errors
    /// When looking failed.
    fn beginning(&self, blob: &Descriptor, length: usize) -> Result<Option<Beginning>, Error>;

    /// Where it lies, for messages.
    fn place(&self) -> String {
        self.name().to_string()
    }

    /// Whether the object goes by a tag there, so that other objects may stand beside it.
    ///
    /// # Errors
    /// When looking failed.
    fn is_tagged(&self) -> Result<bool, Error> {
        Ok(true)
    }
}

/// The object that a name points at.
#[derive(Clone, Debug)]
pub enum Top {
    /// A manifest or an index.
    Document(RawDocument),
    /// A classic docker archive: a config and layers, without any manifest.
    Classic(Classic),
}

/// What a classic docker archive holds of an image.
#[derive(Clone, Debug)]
pub struct Classic {
    /// The config's bytes.
    pub config: Bytes,
    /// A handle for each layer, lowest first. Media types are not declared there; the digest only tells the layers
    /// apart and need not be that of the stored bytes.
    pub layers: Vec<Descriptor>,
}

/// The first bytes of a blob.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The bytes.
    pub bytes: Bytes,
    /// How many bytes the whole blob has, if the store says so.
    pub stored: Option<u64>,
}

/// Reads a small blob whole and checks its digest.
///
/// # Errors
/// When it is not there, larger than `limit` bytes, or has other bytes than its digest says.
pub fn small_blob(source: &dyn Source, blob: &Descriptor, limit: u64) -> Result<Bytes, Error> {
    let mut bytes = Vec::new();
    let place = source.place();
    source.blob(blob)?.take(limit + 1).read_to_end(&mut bytes).map_err(|error| Error::Stream {
        what: format!("blob {}", blob.digest),
        place: place.clone(),
        source: error,
    })?;
    if bytes.len() as u64 > limit {
        let reason = format!("blob {} is larger than the {limit} bytes that are read", blob.digest);
        return Err(Error::Malformed { place, reason });
    }
    let mut hasher = lambark_oci::Hasher::like(&blob.digest);
    hasher.update(&bytes);
    let actual = hasher.finish();
    if actual == blob.digest {
        Ok(bytes.into())
    } else {
        Err(Error::WrongDigest { expected: blob.digest.clone(), actual, place })
    }
}
