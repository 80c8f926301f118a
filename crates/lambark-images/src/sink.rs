//! What an image is written to.

use std::io::{self, Read, Write};
use std::sync::Arc;

use lambark_oci::{Descriptor, Digest, RawDocument};

use crate::Error;

/// Opens a blob from its first byte; called again when a transfer has to start again.
pub type OpenBlob = Arc<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync>;

/// Somewhere an image can be written: a registry, a layout, an archive.
///
/// Nothing becomes visible before [`Sink::publish`], which comes last and happens in one step.
pub trait Sink: Send + Sync {
    /// Where it lies, for messages.
    fn place(&self) -> String;

    /// The digest that stands under the name now, if anything does.
    ///
    /// # Errors
    /// When looking failed.
    fn current_digest(&self) -> Result<Option<Digest>, Error>;

    /// The object that stands under the name now, if anything does: what an undo brings back.
    ///
    /// # Errors
    /// When looking failed.
    fn current(&self) -> Result<Option<RawDocument>, Error>;

    /// Whether the blob is there already.
    ///
    /// # Errors
    /// When looking failed.
    fn has_blob(&self, blob: &Descriptor) -> Result<bool, Error>;

    /// Brings a blob that exists elsewhere; the sink checks the digest.
    ///
    /// # Errors
    /// When reading or writing failed, or the bytes are not those of the digest.
    fn copy_blob(&self, blob: &Descriptor, open: OpenBlob) -> Result<(), Error>;

    /// Begins a blob that is being made; its digest is known only at the end.
    ///
    /// # Errors
    /// When nothing can be written.
    fn new_blob(&self) -> Result<Box<dyn BlobWriter + '_>, Error>;

    /// Whether the name could be moved at all, asked before anything is written. Only a registry that is known for
    /// immutable tags costs a request here.
    ///
    /// # Errors
    /// [`Error::Refused`] when it cannot.
    fn may_publish(&self, _current: Option<&RawDocument>) -> Result<(), Error> {
        Ok(())
    }

    /// Stores an object that refers to `subject`.
    ///
    /// # Errors
    /// When it could not be written.
    fn put_referrer(&self, referrer: &RawDocument, subject: &Descriptor) -> Result<(), Error>;

    /// Stores the image and moves the name to it: the last step, and the one that becomes visible.
    ///
    /// # Errors
    /// When it could not be written; the name then still stands where it stood.
    fn publish(&self, image: &RawDocument) -> Result<(), Error>;

    /// Reads back what was published and compares it.
    ///
    /// # Errors
    /// When it is not there or has other bytes.
    fn verify(&self, image: &RawDocument) -> Result<(), Error>;
}

/// A blob in the making.
pub trait BlobWriter: Write + Send {
    /// Says that all bytes were written and what they are.
    ///
    /// # Errors
    /// When the blob could not be stored.
    fn finish(self: Box<Self>, digest: &Digest, size: u64) -> Result<(), Error>;
}

/// Copies a blob to `out`, checking its digest on the way.
pub(crate) fn copy_checked(
    blob: &Descriptor,
    from: io::Result<impl Read>,
    out: &mut impl Write,
    place: &str,
) -> Result<(), Error> {
    let failed =
        |source: io::Error| Error::Stream { what: format!("blob {}", blob.digest), place: place.to_owned(), source };
    let mut from = from.map_err(failed)?;
    let mut hasher = lambark_oci::Hasher::like(&blob.digest);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(error)),
        };
        hasher.update(&buffer[..read]);
        out.write_all(&buffer[..read]).map_err(failed)?;
    }
    let actual = hasher.finish();
    if actual == blob.digest {
        Ok(())
    } else {
        Err(Error::WrongDigest { expected: blob.digest.clone(), actual, place: place.to_owned() })
    }
}
