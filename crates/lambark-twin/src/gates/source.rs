//! An image in the twin's store, as the rest of lambark reads images.

use std::io::Read;
use std::sync::Arc;

use lambark_images::source::Beginning;
use lambark_images::{Error, Source, Top};
use lambark_oci::{Descriptor, Digest, ImageName, RawDocument, Target};

use crate::scope::Scope;
use crate::shared::Shared;
use crate::store::Blob;

/// One image of the store, by its digest.
#[derive(Clone)]
pub(crate) struct StoreSource {
    pub(super) twin: Arc<Shared>,
    pub(super) scope: Scope,
    pub(super) repository: String,
    pub(super) digest: Digest,
    pub(super) name: ImageName,
}

impl StoreSource {
    /// The image of a digest; `None` where the repository's name is none, so that nothing can lie there.
    pub(crate) fn new(twin: &Arc<Shared>, scope: Scope, repository: &str, digest: &Digest) -> Option<StoreSource> {
        let name = format!("{}/{repository}@{digest}", twin.address).parse().ok()?;
        Some(StoreSource {
            twin: Arc::clone(twin),
            scope,
            repository: repository.to_owned(),
            digest: digest.clone(),
            name: ImageName::Registry(name),
        })
    }

    fn read(&self, digest: &Digest) -> Result<RawDocument, Error> {
        let target = Target::Digest(digest.clone());
        let stored = self.twin.store.image(&self.scope, &self.repository, &target);
        let stored = stored.map_err(|source| self.broken(digest, source))?.ok_or_else(|| self.missing(digest))?;
        let place = format!("{} {digest}", self.repository);
        RawDocument::parse(stored.bytes, Some(&stored.media_type)).map_err(|source| Error::Document { place, source })
    }

    fn find(&self, digest: &Digest) -> Result<Option<Blob>, Error> {
        let found = self.twin.store.blob(&self.scope, &self.repository, digest);
        found.map_err(|source| self.broken(digest, source))
    }

    fn missing(&self, digest: &Digest) -> Error {
        Error::MissingBlob { digest: digest.clone(), place: self.repository.clone() }
    }

    fn broken(&self, digest: &Digest, source: std::io::Error) -> Error {
        Error::Stream { what: format!("blob {digest}"), place: self.repository.clone(), source }
    }
}

impl Source for StoreSource {
    fn name(&self) -> &ImageName {
        &self.name
    }

    fn top(&self) -> Result<Top, Error> {
        self.read(&self.digest).map(Top::Document)
    }

    fn document(&self, child: &Descriptor) -> Result<RawDocument, Error> {
        self.read(&child.digest)
    }

    fn blob(&self, blob: &Descriptor) -> Result<Box<dyn Read + Send>, Error> {
        let found = self.find(&blob.digest)?.ok_or_else(|| self.missing(&blob.digest))?;
        Ok(Box::new(found.reader()))
    }

    fn beginning(&self, blob: &Descriptor, length: usize) -> Result<Option<Beginning>, Error> {
        let Some(found) = self.find(&blob.digest)? else { return Ok(None) };
        let bytes = found.beginning(length).map_err(|source| self.broken(&blob.digest, source))?;
        Ok(Some(Beginning { bytes, stored: Some(found.size()) }))
    }
}
