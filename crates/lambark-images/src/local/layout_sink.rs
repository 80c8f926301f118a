//! Writing into an OCI layout directory. Blobs and `index.json` appear by renaming, so that no reader ever sees half
//! of one; `index.json` comes last.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use lambark_oci::{Descriptor, Digest, RawDocument};
use tempfile::NamedTempFile;

use super::files::Directory;
use super::index;
use super::index_json::{Slot, with_image};
use super::layout::{blob_path, document_in};
use crate::Error;
use crate::sink::{BlobWriter, OpenBlob, Sink, copy_checked};

/// The content of `oci-layout`.
pub(crate) const LAYOUT_VERSION: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// A layout directory to write to.
pub(crate) struct LayoutSink {
    path: PathBuf,
    slot: Slot,
    referrers: Mutex<Vec<Descriptor>>,
    /// Blobs on their way to the disk: that takes as long as encoding them, so the next one does not wait for it.
    settling: Mutex<Vec<JoinHandle<Result<(), Error>>>>,
}

impl LayoutSink {
    /// Prepares the directory; it may exist as a layout, be empty, or not exist.
    pub(crate) fn open(path: &Path, slot: Slot) -> Result<LayoutSink, Error> {
        if path.exists() && !path.join("index.json").exists() && !is_empty(path)? {
            let reason = "the directory holds other things and no index.json".to_owned();
            return Err(Error::NotAnImage { path: path.to_owned(), reason });
        }
        fs::create_dir_all(path.join("blobs/sha256")).map_err(|error| unwritable(path, error))?;
        Ok(LayoutSink { path: path.to_owned(), slot, referrers: Mutex::default(), settling: Mutex::default() })
    }

    fn old_index(&self) -> Result<Option<RawDocument>, Error> {
        if self.path.join("index.json").exists() {
            index::read(&Directory(self.path.clone())).map(Some)
        } else {
            Ok(None)
        }
    }

    fn temporary(&self) -> Result<NamedTempFile, Error> {
        tempfile::Builder::new()
            .prefix(".lambark-")
            .tempfile_in(&self.path)
            .map_err(|error| unwritable(&self.path, error))
    }

    /// Brings a blob to the disk and under its name while other work goes on.
    fn settle(&self, file: NamedTempFile, digest: &Digest) {
        let target = self.path.join(blob_path(digest));
        let settling = std::thread::spawn(move || persist(file, &target));
        self.settling.lock().unwrap_or_else(PoisonError::into_inner).push(settling);
    }

    /// Waits until every blob is on the disk.
    fn settled(&self) -> Result<(), Error> {
        let settling = std::mem::take(&mut *self.settling.lock().unwrap_or_else(PoisonError::into_inner));
        settling.into_iter().try_for_each(|blob| blob.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let mut file = self.temporary()?;
        file.write_all(bytes).map_err(|error| unwritable(&self.path, error))?;
        persist(file, &self.path.join(name))
    }
}

impl Drop for LayoutSink {
    /// A repair that failed leaves no thread and no temporary file behind.
    fn drop(&mut self) {
        drop(self.settled());
    }
}

/// Makes a temporary file visible under its name, with the bytes on disk first.
pub(crate) fn persist(file: NamedTempFile, target: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |error| unwritable(target, error);
    if let Some(parent) = target.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    file.as_file().set_permissions(fs::Permissions::from_mode(0o644)).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(target).map_err(|error| failed(error.error))?;
    Ok(())
}

pub(crate) fn unwritable(path: &Path, source: io::Error) -> Error {
    Error::Write { path: path.to_owned(), source }
}

fn is_empty(path: &Path) -> Result<bool, Error> {
    Ok(fs::read_dir(path).map_err(|error| unwritable(path, error))?.next().is_none())
}

impl Sink for LayoutSink {
    fn place(&self) -> String {
        format!("oci:{}", self.path.display())
    }

    fn current_digest(&self) -> Result<Option<Digest>, Error> {
        Ok(self.old_index()?.and_then(|old| current_of(&old, &self.slot)).map(|entry| entry.digest))
    }

    fn current(&self) -> Result<Option<RawDocument>, Error> {
        let Some(entry) = self.old_index()?.and_then(|old| current_of(&old, &self.slot)) else { return Ok(None) };
        document_in(&Directory(self.path.clone()), &entry).map(Some)
    }

    fn has_blob(&self, blob: &Descriptor) -> Result<bool, Error> {
        Ok(fs::metadata(self.path.join(blob_path(&blob.digest))).is_ok_and(|found| found.len() == blob.size))
    }

    fn copy_blob(&self, blob: &Descriptor, open: OpenBlob) -> Result<(), Error> {
        let mut file = self.temporary()?;
        copy_checked(blob, open(), &mut file, &self.place())?;
        self.settle(file, &blob.digest);
        Ok(())
    }

    fn new_blob(&self) -> Result<Box<dyn BlobWriter + '_>, Error> {
        Ok(Box::new(FileBlob { file: self.temporary()?, sink: self }))
    }

    fn put_referrer(&self, referrer: &RawDocument, _: &Descriptor) -> Result<(), Error> {
        self.write(&blob_path(referrer.digest()), referrer.bytes())?;
        let mut descriptor = referrer.descriptor();
        descriptor.artifact_type = referrer.manifest().and_then(|manifest| manifest.artifact_kind()).map(str::to_owned);
        self.referrers.lock().unwrap_or_else(PoisonError::into_inner).push(descriptor);
        Ok(())
    }

    fn publish(&self, image: &RawDocument) -> Result<(), Error> {
        self.settled()?;
        self.write(&blob_path(image.digest()), image.bytes())?;
        self.write("oci-layout", LAYOUT_VERSION)?;
        let referrers = self.referrers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let index = with_image(self.old_index()?.as_ref(), &self.slot, image, &referrers)?;
        self.write("index.json", &index)
    }

    fn verify(&self, image: &RawDocument) -> Result<(), Error> {
        let path = self.path.join(blob_path(image.digest()));
        let bytes = fs::read(&path).map_err(|source| Error::Read { path, source })?;
        let actual = Digest::of(&bytes);
        if actual == *image.digest() {
            Ok(())
        } else {
            Err(Error::WrongDigest { expected: image.digest().clone(), actual, place: self.place() })
        }
    }
}

/// The entry that stands in a slot of an index.
pub(crate) fn current_of(index: &RawDocument, slot: &Slot) -> Option<Descriptor> {
    let entries = &index.index()?.manifests;
    let entry = match slot {
        Slot::Entry(digest) => entries.iter().find(|entry| entry.digest == *digest),
        Slot::Tag(tag) | Slot::Docker(tag) => entries.iter().find(|entry| index::is_named(entry, tag)),
        Slot::Untagged => entries.iter().find(|entry| index::tag_of(entry).is_none()),
    };
    entry.cloned()
}

/// A blob that goes straight into the layout's directory and is renamed when its digest is known.
struct FileBlob<'a> {
    file: NamedTempFile,
    sink: &'a LayoutSink,
}

impl Write for FileBlob<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl BlobWriter for FileBlob<'_> {
    fn finish(self: Box<Self>, digest: &Digest, _: u64) -> Result<(), Error> {
        self.sink.settle(self.file, digest);
        Ok(())
    }
}
