//! What refers to an image: its attestations and SBOMs, for who keeps a record of them.

use lambark_oci::index::ChildRole;
use lambark_oci::{Digest, Reference};

use crate::Error;
use crate::open::Access;

/// The digests of the attestations and SBOMs that refer to the image of a reference that holds a digest.
///
/// # Errors
/// Whatever asking the registry ends in.
pub fn attestations(image: &Reference, access: &Access) -> Result<Vec<Digest>, Error> {
    let Some(digest) = image.digest() else { return Ok(Vec::new()) };
    let dialogue = access.dialogue(image)?;
    let found = dialogue.wait(dialogue.client.referrers(image, digest, None))?;
    let proofs = found.descriptors.iter().filter(|child| is_proof(ChildRole::of(child)));
    Ok(proofs.map(|child| child.digest.clone()).collect())
}

/// Whether a child says something about an image.
#[must_use]
pub fn is_proof(role: ChildRole) -> bool {
    matches!(role, ChildRole::Attestation | ChildRole::Sbom)
}
