//! The evidence that several rules ask for.

use lambark_oci::{ImageConfig, Manifest, RawDocument};

use crate::facts::{Evidence, ImageFacts};
use crate::rule::Skip;

/// The artifact type of BuildKit's attestation manifests since 0.32.
const ATTESTATION: &str = "application/vnd.docker.attestation.manifest.v1+json";

/// What a manifest holds, whatever its own media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// A root file system, if perhaps one whose config nobody can read.
    Image,
    /// Statements about an image: provenance, a bill of materials.
    Attestation,
    /// Something else: a signature, a chart, a SOCI index.
    Artifact,
}

/// What `manifest` holds. A manifest whose config is no image config is an artifact when it says so, or when none of
/// its layers could be part of a root file system; else it is an image with a wrong config.
pub(super) fn holds(manifest: &Manifest) -> Holds {
    let kind = manifest.artifact_type.as_deref().unwrap_or_default();
    if manifest.is_attestation() || kind == ATTESTATION {
        return Holds::Attestation;
    }
    let tars = manifest.layers.iter().any(|layer| layer.media_type.layer().is_some());
    if manifest.config.media_type.is_image_config() || (kind.is_empty() && tars) {
        Holds::Image
    } else {
        Holds::Artifact
    }
}

/// The document that Lambda would judge: the image manifest, or the top object where that is a manifest of no image.
pub(super) fn document(facts: &ImageFacts) -> Result<&RawDocument, Skip> {
    match (&facts.image, &facts.top) {
        (Evidence::NotLooked(_), Evidence::Known(top)) if top.manifest().is_some() => Ok(top),
        (image, _) => image.known(),
    }
}

/// Its manifest, whatever that holds.
pub(super) fn manifest(facts: &ImageFacts) -> Result<&Manifest, Skip> {
    document(facts)?.manifest().ok_or(Skip::NotLooked("the object is no image manifest".into()))
}

/// The manifest of an image.
pub(super) fn image(facts: &ImageFacts) -> Result<&Manifest, Skip> {
    let manifest = manifest(facts)?;
    match holds(manifest) {
        Holds::Image => Ok(manifest),
        Holds::Attestation => Err(Skip::NotLooked("the object is an attestation, no image".into())),
        Holds::Artifact => Err(Skip::NotLooked("the object is an artifact, no image".into())),
    }
}

/// The config of an image. A classic docker archive has one without a manifest.
pub(super) fn config(facts: &ImageFacts) -> Result<&ImageConfig, Skip> {
    if manifest(facts).is_ok() {
        image(facts)?;
    }
    facts.image_config()
}
