//! What an image is, in a few words.

use lambark_oci::{ChildRole, Document, Index, Manifest};
use lambark_rules::facts::{ConfigFacts, Evidence, ImageFacts};

use crate::words::{bytes, count};

/// The same with the digest.
#[must_use]
pub fn top_with_digest(facts: &ImageFacts) -> String {
    match &facts.top {
        Evidence::Known(document) => format!("{}, {}", top(facts), document.digest()),
        Evidence::NotLooked(_) => top(facts),
    }
}

/// What the name points at: `OCI index (1 image + 1 attestation)`, `OCI manifest (linux/amd64, 2 layers, 1.2 MB)`.
#[must_use]
pub fn top(facts: &ImageFacts) -> String {
    let Evidence::Known(document) = &facts.top else {
        return format!("classic docker archive ({})", image(facts).unwrap_or_else(|| "no manifest".to_owned()));
    };
    let what = document.media_type().describe();
    match document.document() {
        Document::Index(index) => format!("{what} ({})", children(index)),
        Document::Manifest(manifest) if manifest.is_attestation() => format!("{what} (attestation)"),
        Document::Manifest(manifest) if !manifest.is_image() => {
            format!("{what} (artifact {})", manifest.artifact_kind().unwrap_or("of no named kind"))
        }
        Document::Manifest(_) => match image(facts) {
            Some(image) => format!("{what} ({image})"),
            None => what.to_owned(),
        },
        Document::Schema1 | Document::OldArtifact => what.to_owned(),
    }
}

/// `1 image + 1 attestation`, in the order of the roles.
fn children(index: &Index) -> String {
    const ROLES: [ChildRole; 6] = [
        ChildRole::Image,
        ChildRole::Index,
        ChildRole::Attestation,
        ChildRole::Soci,
        ChildRole::Sbom,
        ChildRole::Other,
    ];
    let named: Vec<String> = ROLES
        .into_iter()
        .map(|role| (role, index.manifests.iter().filter(|child| ChildRole::of(child) == role).count()))
        .filter(|(_, number)| *number > 0)
        .map(|(role, number)| count(number, &role.to_string()))
        .collect();
    if named.is_empty() { "empty".to_owned() } else { named.join(" + ") }
}

/// Platform, layers and size of the image under judgement, as far as they are known.
#[must_use]
pub fn image(facts: &ImageFacts) -> Option<String> {
    let mut parts = Vec::new();
    if let Evidence::Known(ConfigFacts::Read { config, .. }) = &facts.config {
        parts.push(config.platform().to_string());
    }
    let manifest = match &facts.image {
        Evidence::Known(document) => document.manifest(),
        Evidence::NotLooked(_) => None,
    };
    match manifest {
        Some(manifest) => {
            parts.push(count(manifest.layers.len(), "layer"));
            parts.push(bytes(stored_size(manifest)));
        }
        None if !facts.layers.is_empty() => parts.push(count(facts.layers.len(), "layer")),
        None => {}
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// What a pull moves, in bytes; a hostile manifest may declare more than 64 bits hold.
fn stored_size(manifest: &Manifest) -> u64 {
    manifest.layers.iter().map(|layer| layer.size).fold(manifest.config.size, u64::saturating_add)
}
