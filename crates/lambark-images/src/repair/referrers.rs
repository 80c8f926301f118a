//! Attestations become referrers of the image that they speak of.

use std::sync::Arc;

use lambark_oci::convert::{EMPTY_OBJECT, artifact, with_subject};
use lambark_oci::{Descriptor, Digest, MediaType, RawDocument};

use super::plan::Plan;
use crate::Error;
use crate::bring::bring_blob;
use crate::sink::Sink;
use crate::source::Source;

/// The kind that BuildKit 0.32 gives its attestation manifests; older ones get it when they are rewritten.
const ATTESTATION_KIND: &str = "application/vnd.docker.attestation.manifest.v1+json";

/// The kind of the note that links a rewritten image to the one it was made from.
const DERIVED_FROM_KIND: &str = "application/vnd.dev.lambark.derived-from.v1+json";
/// The annotation that names the original.
const DERIVED_FROM: &str = "dev.lambark.derived-from";

/// Brings the attestations of `plan` along; returns what was written.
pub(super) fn bring(
    source: &Arc<dyn Source>,
    sink: &dyn Sink,
    plan: &Plan,
    image: &RawDocument,
    same_repository: bool,
) -> Result<Vec<Digest>, Error> {
    if plan.attestations.is_empty() || !plan.carries_referrers {
        return Ok(Vec::new());
    }
    if !plan.keeps_digest() {
        // A statement about one digest is never attached to another.
        let link = plan.original.as_ref().filter(|_| same_repository);
        return link.map_or(Ok(Vec::new()), |original| derive(sink, original, image).map(|digest| vec![digest]));
    }
    let subject = image.descriptor();
    let mut written = Vec::new();
    for attestation in &plan.attestations {
        let old = source.document(attestation)?;
        let Some(manifest) = old.manifest() else { continue };
        let has_subject = manifest.subject.is_some();
        if has_subject && same_repository {
            continue;
        }
        if !same_repository {
            for blob in manifest.layers.iter().chain([&manifest.config]) {
                bring_blob(source, sink, blob, None)?;
            }
        }
        let new = if has_subject { old.clone() } else { referring(&old, &subject)? };
        sink.put_referrer(&new, &subject)?;
        written.push(new.digest().clone());
    }
    Ok(written)
}

fn referring(old: &RawDocument, subject: &Descriptor) -> Result<RawDocument, Error> {
    let malformed = |reason: String| Error::Malformed { place: format!("attestation {}", old.digest()), reason };
    let bytes = with_subject(old.bytes(), subject, ATTESTATION_KIND).map_err(|error| malformed(error.to_string()))?;
    RawDocument::parse(bytes.into(), Some(old.media_type())).map_err(|error| malformed(error.to_string()))
}

fn derive(sink: &dyn Sink, original: &RawDocument, image: &RawDocument) -> Result<Digest, Error> {
    let empty = Descriptor::of(MediaType::new(lambark_oci::media_type::OCI_EMPTY), EMPTY_OBJECT);
    if !sink.has_blob(&empty)? {
        sink.copy_blob(&empty, Arc::new(|| Ok(Box::new(EMPTY_OBJECT))))?;
    }
    let subject = image.descriptor();
    let note = artifact(&subject, DERIVED_FROM_KIND, &[(DERIVED_FROM, original.digest().to_string())]);
    let note = RawDocument::parse(note.into(), None)
        .map_err(|error| Error::Malformed { place: "the derived-from note".to_owned(), reason: error.to_string() })?;
    sink.put_referrer(&note, &subject)?;
    Ok(note.digest().clone())
}
