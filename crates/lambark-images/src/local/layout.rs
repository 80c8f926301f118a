//! OCI layouts, from a directory or out of a tar.

use std::io::Read;

use bytes::Bytes;
use lambark_oci::limits::MAX_MANIFEST_BYTES;
use lambark_oci::name::LocalName;
use lambark_oci::{Descriptor, Digest, ImageName, RawDocument};

use super::files::{Files, read_small};
use super::index;
use crate::Error;
use crate::source::{Beginning, Source, Top};

/// Path of a blob inside a layout. A digest holds only its algorithm's name and hex digits, so this cannot climb.
pub(crate) fn blob_path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().as_str(), digest.hex())
}

/// A layout to read from.
pub(crate) struct LayoutSource {
    name: ImageName,
    local: LocalName,
    files: Box<dyn Files>,
}

impl LayoutSource {
    pub(crate) fn new(name: ImageName, local: LocalName, files: Box<dyn Files>) -> LayoutSource {
        LayoutSource { name, local, files }
    }

    fn missing(&self, digest: &Digest) -> Error {
        Error::MissingBlob { digest: digest.clone(), place: self.place() }
    }

    /// What `index.json` says of the object that the name means.
    fn entry(&self) -> Result<Descriptor, Error> {
        let document = index::read(&*self.files)?;
        let malformed = || Error::Malformed { place: self.place(), reason: "index.json is no index".to_owned() };
        index::choose(document.index().ok_or_else(malformed)?, &self.local)
    }
}

impl Source for LayoutSource {
    fn name(&self) -> &ImageName {
        &self.name
    }

    fn top(&self) -> Result<Top, Error> {
        Ok(Top::Document(self.document(&self.entry()?)?))
    }

    fn is_tagged(&self) -> Result<bool, Error> {
        Ok(index::tag_of(&self.entry()?).is_some())
    }

    fn document(&self, child: &Descriptor) -> Result<RawDocument, Error> {
        document_in(&*self.files, child)
    }

    fn blob(&self, blob: &Descriptor) -> Result<Box<dyn Read + Send>, Error> {
        let opened = self.files.open(&blob_path(&blob.digest))?.ok_or_else(|| self.missing(&blob.digest))?;
        Ok(opened.content)
    }

    fn beginning(&self, blob: &Descriptor, length: usize) -> Result<Option<Beginning>, Error> {
        beginning(&*self.files, &blob_path(&blob.digest), length)
    }
}

/// A manifest or index of a layout, checked against the digest that led to it.
pub(crate) fn document_in(files: &dyn Files, child: &Descriptor) -> Result<RawDocument, Error> {
    let place = files.path().display().to_string();
    let bytes = read_small(files, &blob_path(&child.digest), MAX_MANIFEST_BYTES)?
        .ok_or_else(|| Error::MissingBlob { digest: child.digest.clone(), place: place.clone() })?;
    let mut hasher = lambark_oci::Hasher::like(&child.digest);
    hasher.update(&bytes);
    let actual = hasher.finish();
    if actual != child.digest {
        return Err(Error::WrongDigest { expected: child.digest.clone(), actual, place });
    }
    RawDocument::parse(bytes.into(), Some(&child.media_type))
        .map_err(|source| Error::Document { place: format!("{} in {place}", child.digest), source })
}

/// The first bytes of a file.
pub(crate) fn beginning(files: &dyn Files, name: &str, length: usize) -> Result<Option<Beginning>, Error> {
    let Some(opened) = files.open(name)? else { return Ok(None) };
    let mut bytes = Vec::with_capacity(length);
    opened
        .content
        .take(length as u64)
        .read_to_end(&mut bytes)
        .map_err(|source| super::files::unreadable(files.path(), source))?;
    Ok(Some(Beginning { bytes: Bytes::from(bytes), stored: Some(opened.size) }))
}
