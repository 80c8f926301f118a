//! Reading from a registry.

use std::io::Read;

use lambark_oci::{Descriptor, ImageName, RawDocument, Reference, Target};

use super::Dialogue;
use crate::Error;
use crate::source::{Beginning, Source, Top};

/// An image in a registry.
pub(crate) struct RegistrySource {
    name: ImageName,
    reference: Reference,
    dialogue: Dialogue,
}

impl RegistrySource {
    pub(crate) fn new(name: ImageName, reference: Reference, dialogue: Dialogue) -> RegistrySource {
        RegistrySource { name, reference, dialogue }
    }

    /// A blob that is not there is a fact about the image; everything else is an error.
    fn missing(&self, blob: &Descriptor, error: Error) -> Error {
        match error {
            Error::Registry(error) if error.is_not_found() => {
                Error::MissingBlob { digest: blob.digest.clone(), place: self.reference.repository_name() }
            }
            other => other,
        }
    }
}

impl Source for RegistrySource {
    fn name(&self) -> &ImageName {
        &self.name
    }

    fn top(&self) -> Result<Top, Error> {
        let target = self.reference.target();
        let document = self.dialogue.wait(self.dialogue.client.manifest(&self.reference, &target, None))?;
        Ok(Top::Document(document))
    }

    fn document(&self, child: &Descriptor) -> Result<RawDocument, Error> {
        let target = Target::Digest(child.digest.clone());
        let read = self.dialogue.client.manifest(&self.reference, &target, Some(&child.media_type));
        self.dialogue.wait(read).map_err(|error| self.missing(child, error))
    }

    fn blob(&self, blob: &Descriptor) -> Result<Box<dyn Read + Send>, Error> {
        // The descriptor's size may be wrong, which is for the rules to say.
        let read = self.dialogue.client.blob(&self.reference, &blob.digest, None);
        let reader = self.dialogue.wait(read).map_err(|error| self.missing(blob, error))?;
        Ok(Box::new(reader.into_blocking(self.dialogue.runtime.handle())))
    }

    fn beginning(&self, blob: &Descriptor, length: usize) -> Result<Option<Beginning>, Error> {
        let read = self.dialogue.client.blob_range(&self.reference, &blob.digest, 0, length as u64);
        match self.dialogue.wait(read).map_err(|error| self.missing(blob, error)) {
            Ok(range) => Ok(Some(Beginning { bytes: range.bytes, stored: range.total })),
            Err(Error::MissingBlob { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn place(&self) -> String {
        self.reference.repository_name()
    }
}
