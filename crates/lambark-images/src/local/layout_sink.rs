//! Writing into an OCI layout directory. Blobs and `index.json` appear by renaming, so that no reader ever sees half
//! of one; `index.json` comes last.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

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
}

impl LayoutSink {
    /// Prepares the directory; it may exist as a layout, be empty, or not exist.
    pub(crate) fn open(path: &Path, slot: Slot) -> Result<LayoutSink, Error> {
        if path.exists() && !path.join("index.json").exists() && !is_empty(path)? {
            let reason = "the directory holds other things and no index.json".to_owned();
            return Err(Error::NotAnImage { path: path.to_owned(), reason });
        }
        fs::create_dir_all(path.join("blobs/sha256")).map_err(|error| unwritable(path, error))?;
        Ok(LayoutSink { path: path.to_owned(), slot, referrers: Mutex::default() })
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

    fn keep(&self, file: NamedTempFile, name: &str) -> Result<(), Error> {
        let target = self.path.join(name);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(|error| unwritable(parent, error))?;
        }
        persist(file, &target)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let mut file = self.temporary()?;
        file.write_all(bytes).map_err(|error| unwritable(&self.path, error))?;
        self.keep(file, name)
    }
}

/// Makes a temporary file visible under its name, with the bytes on disk first.
pub(crate) fn persist(file: NamedTempFile, target: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |error| unwritable(target, error);
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
        self.keep(file, &blob_path(&blob.digest))
    }

    fn new_blob(&self) -> Result<Box<dyn BlobWriter + '_>, Error> {
        Ok(Box::new(FileBlob { file: self.temporary()?, layout: self.path.clone() }))
    }

    fn put_referrer(&self, referrer: &RawDocument, _: &Descriptor) -> Result<(), Error> {
        self.write(&blob_path(referrer.digest()), referrer.bytes())?;
        let mut descriptor = referrer.descriptor();
        descriptor.artifact_type = referrer.manifest().and_then(|manifest| manifest.artifact_kind()).map(str::to_owned);
        self.referrers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(descriptor);
        Ok(())
    }

    fn publish(&self, image: &RawDocument) -> Result<(), Error> {
        self.write(&blob_path(image.digest()), image.bytes())?;
        self.write("oci-layout", LAYOUT_VERSION)?;
        let referrers = self.referrers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
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
        Slot::Tag(tag) => entries.iter().find(|entry| index::is_named(entry, tag)),
        Slot::Untagged => entries.iter().find(|entry| index::tag_of(entry).is_none()),
    };
    entry.cloned()
}

/// A blob that goes straight into the layout's directory and is renamed when its digest is known.
struct FileBlob {
    file: NamedTempFile,
    layout: PathBuf,
}

impl Write for FileBlob {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl BlobWriter for FileBlob {
    fn finish(self: Box<Self>, digest: &Digest, _: u64) -> Result<(), Error> {
        persist(self.file, &self.layout.join(blob_path(digest)))
    }
}
