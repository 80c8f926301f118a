//! Writing to a registry.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread::JoinHandle;

use lambark_oci::{Descriptor, Digest, RawDocument, Reference, Target};
use lambark_registry::Mount;

use super::Dialogue;
use crate::sink::{BlobWriter, OpenBlob, Sink};
use crate::spool::{SpoolWriter, spool};
use crate::{ControlPlane, Error};

/// A tag in a registry, to be written.
pub(crate) struct RegistrySink {
    reference: Reference,
    tag: Target,
    dialogue: Dialogue,
    mount_from: Option<Reference>,
    control: Option<Arc<dyn ControlPlane>>,
}

impl RegistrySink {
    pub(crate) fn new(
        reference: Reference,
        dialogue: Dialogue,
        mount_from: Option<Reference>,
        control: Option<Arc<dyn ControlPlane>>,
    ) -> Result<RegistrySink, Error> {
        if let Some(digest) = reference.digest() {
            return Err(Error::Usage(format!(
                "an image cannot be written under a digest ({digest}): name a tag, for instance --to {}:TAG",
                reference.repository_name()
            )));
        }
        let mountable =
            |from: &Reference| from.host() == reference.host() && from.repository() != reference.repository();
        let mount_from = mount_from.filter(mountable);
        Ok(RegistrySink { tag: reference.target(), reference, dialogue, mount_from, control })
    }

    pub(super) fn put(&self, target: &Target, document: &RawDocument) -> Result<lambark_registry::PutOutcome, Error> {
        let bytes = document.bytes().clone();
        let put = self.dialogue.client.put_manifest(&self.reference, target, document.media_type(), bytes);
        self.dialogue.wait(put)
    }
}

impl Sink for RegistrySink {
    fn place(&self) -> String {
        self.reference.to_string()
    }

    fn current_digest(&self) -> Result<Option<Digest>, Error> {
        let head = self.dialogue.client.head_manifest(&self.reference, &self.tag);
        Ok(self.dialogue.wait(head)?.map(|descriptor| descriptor.digest))
    }

    fn current(&self) -> Result<Option<RawDocument>, Error> {
        match self.dialogue.wait(self.dialogue.client.manifest(&self.reference, &self.tag, None)) {
            Ok(document) => Ok(Some(document)),
            Err(Error::Registry(error)) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn has_blob(&self, blob: &Descriptor) -> Result<bool, Error> {
        let head = self.dialogue.client.blob_exists(&self.reference, &blob.digest);
        Ok(self.dialogue.wait(head)?.is_some())
    }

    fn copy_blob(&self, blob: &Descriptor, open: OpenBlob) -> Result<(), Error> {
        let client = &self.dialogue.client;
        self.dialogue.wait(async {
            let session = match &self.mount_from {
                None => None,
                Some(from) => match client.mount(&self.reference, &blob.digest, from.repository()).await? {
                    Mount::Mounted => return Ok(()),
                    Mount::Upload(session) => Some(session),
                },
            };
            client.upload_known(&self.reference, &blob.digest, blob.size, &open, session).await
        })
    }

    fn new_blob(&self) -> Result<Box<dyn BlobWriter + '_>, Error> {
        let failed = |source| Error::Write { path: std::env::temp_dir(), source };
        let (writer, spool) = spool().map_err(failed)?;
        let (dialogue, reference) = (self.dialogue.clone(), self.reference.clone());
        let open: OpenBlob = Arc::new(move || Ok(Box::new(spool.reader())));
        let uploading = std::thread::spawn(move || dialogue.wait(dialogue.client.upload_unknown(&reference, &open)));
        Ok(Box::new(Uploading { writer: Some(writer), uploading: Some(uploading) }))
    }

    /// Only ECR's tags may be immutable. Its own API says so, where it may be asked; else the one way to learn it is to
    /// write what stands there already, which changes nothing.
    fn may_publish(&self, current: Option<&RawDocument>) -> Result<(), Error> {
        let (Some(current), Some(_), Target::Tag(tag)) = (current, self.reference.ecr(), &self.tag) else {
            return Ok(());
        };
        let told = self.control.as_ref().and_then(|control| control.is_immutable(&self.reference, tag));
        let immutable = match told {
            Some(immutable) => immutable,
            None => self.put(&self.tag, current)?.was_there,
        };
        if immutable {
            return Err(Error::Refused { reason: format!("the tag {tag} is immutable"), instead: None });
        }
        Ok(())
    }

    fn put_referrer(&self, referrer: &RawDocument, subject: &Descriptor) -> Result<(), Error> {
        let outcome = self.put(&Target::Digest(referrer.digest().clone()), referrer)?;
        if outcome.subject_listed {
            return Ok(());
        }
        let mut descriptor = referrer.descriptor();
        if let Some(manifest) = referrer.manifest() {
            descriptor.artifact_type = manifest.artifact_kind().map(str::to_owned);
            descriptor.annotations.clone_from(&manifest.annotations);
        }
        let add = self.dialogue.client.add_to_referrers_tag(&self.reference, &subject.digest, &descriptor);
        self.dialogue.wait(add).map(drop)
    }

    fn publish(&self, image: &RawDocument) -> Result<(), Error> {
        self.put(&self.tag, image).map(drop)
    }

    fn verify(&self, image: &RawDocument) -> Result<(), Error> {
        let target = Target::Digest(image.digest().clone());
        let read = self.dialogue.client.manifest(&self.reference, &target, Some(image.media_type()));
        self.dialogue.wait(read).map(drop)
    }
}

/// A blob that is uploaded while it is made.
struct Uploading {
    writer: Option<SpoolWriter>,
    uploading: Option<JoinHandle<Result<(Digest, u64), Error>>>,
}

impl Write for Uploading {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            Some(writer) => writer.write(buffer),
            None => Err(io::Error::other("the blob is complete")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BlobWriter for Uploading {
    fn finish(mut self: Box<Self>, digest: &Digest, _: u64) -> Result<(), Error> {
        if let Some(writer) = self.writer.take() {
            writer.complete();
        }
        let Some(uploading) = self.uploading.take() else { return Ok(()) };
        let (stored, _) = uploading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        if stored == *digest {
            return Ok(());
        }
        Err(Error::WrongDigest { expected: digest.clone(), actual: stored, place: "the spool".to_owned() })
    }
}

impl Drop for Uploading {
    /// Without the end of the blob the upload fails by itself; it is waited for, so that no thread outlives its work.
    fn drop(&mut self) {
        drop(self.writer.take());
        if let Some(uploading) = self.uploading.take() {
            drop(uploading.join());
        }
    }
}
