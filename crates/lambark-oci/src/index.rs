//! Image indexes (Docker: manifest lists) and what their entries are.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::descriptor::null_is_default;
use crate::{Architecture, Descriptor, MediaType};

/// Annotation by which BuildKit marks an attestation entry.
pub const REFERENCE_TYPE: &str = "vnd.docker.reference.type";
/// Annotation that names the image which an attestation entry speaks of.
pub const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";

/// An OCI index or a Docker manifest list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// The type that the body itself names; OCI lets it be absent.
    #[serde(default)]
    pub media_type: Option<MediaType>,
    /// The children.
    #[serde(default, deserialize_with = "null_is_default")]
    pub manifests: Vec<Descriptor>,
    /// The manifest that this one refers to (OCI 1.1).
    #[serde(default)]
    pub subject: Option<Descriptor>,
    /// The kind of artifact (OCI 1.1).
    #[serde(default)]
    pub artifact_type: Option<String>,
    /// Free text by key.
    #[serde(default, deserialize_with = "null_is_default")]
    pub annotations: BTreeMap<String, String>,
}

/// What an index entry is, as far as its descriptor tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChildRole {
    /// An image manifest.
    Image,
    /// Another index.
    Index,
    /// BuildKit's provenance or SBOM attestation of another entry.
    Attestation,
    /// A SOCI index, for lazy loading.
    Soci,
    /// A bill of materials.
    Sbom,
    /// Anything else that is no image.
    Other,
}

impl fmt::Display for ChildRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ChildRole::Image => "image",
            ChildRole::Index => "index",
            ChildRole::Attestation => "attestation",
            ChildRole::Soci => "SOCI index",
            ChildRole::Sbom => "SBOM",
            ChildRole::Other => "other entry",
        })
    }
}

impl ChildRole {
    /// The role of one entry. An entry with a platform or without any mark is an image; the marks are BuildKit's
    /// annotation, the platform `unknown/unknown`, and `artifactType`.
    #[must_use]
    pub fn of(child: &Descriptor) -> ChildRole {
        if child.annotations.get(REFERENCE_TYPE).is_some_and(|kind| kind == "attestation-manifest") {
            return ChildRole::Attestation;
        }
        if let Some(kind) = child.artifact_type.as_deref().filter(|kind| !kind.is_empty()) {
            return role_of_artifact(kind);
        }
        if child.media_type.is_index() {
            return ChildRole::Index;
        }
        if !child.media_type.is_manifest() {
            return ChildRole::Other;
        }
        if child.platform.as_ref().is_some_and(crate::Platform::is_unknown) {
            return ChildRole::Attestation;
        }
        ChildRole::Image
    }
}

fn role_of_artifact(kind: &str) -> ChildRole {
    let kind = kind.to_ascii_lowercase();
    if kind.contains("soci") {
        ChildRole::Soci
    } else if kind.contains("spdx") || kind.contains("cyclonedx") || kind.contains("sbom") {
        ChildRole::Sbom
    } else if kind.contains("in-toto") || kind.contains("attestation") {
        ChildRole::Attestation
    } else if MediaType::new(&kind).is_image_config() {
        ChildRole::Image
    } else {
        ChildRole::Other
    }
}

impl Index {
    /// The entries that are images, in order.
    pub fn images(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifests.iter().filter(|child| ChildRole::of(child) == ChildRole::Image)
    }

    /// The image to deploy to a function of architecture `wanted`: among several, the first of that architecture;
    /// a single image whatever its platform (the mismatch is a finding of its own).
    ///
    /// # Errors
    /// When no entry is an image, or none of several fits, or `wanted` is unknown and there are several.
    pub fn select(&self, wanted: Option<Architecture>) -> Result<&Descriptor, SelectError> {
        let images: Vec<&Descriptor> = self.images().collect();
        match (images.as_slice(), wanted) {
            ([], _) => Err(SelectError::NoImage),
            ([only], _) => Ok(only),
            (_, None) => Err(SelectError::Ambiguous { platforms: platforms(&images) }),
            (several, Some(architecture)) => several
                .iter()
                .find(|child| {
                    child.platform.as_ref().is_some_and(|platform| {
                        platform.os == "linux" && platform.lambda_architecture() == Some(architecture)
                    })
                })
                .copied()
                .ok_or_else(|| SelectError::NoneFits { architecture, platforms: platforms(&images) }),
        }
    }
}

fn platforms(images: &[&Descriptor]) -> String {
    let names: Vec<String> = images
        .iter()
        .map(|child| child.platform.as_ref().map_or_else(|| "no platform".to_owned(), ToString::to_string))
        .collect();
    names.join(", ")
}

/// Why no child of an index could be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// Nothing in it is an image.
    #[error("the index holds no image")]
    NoImage,
    /// Several images and no architecture to choose by.
    #[error("the index holds several images ({platforms}): choose with --arch x86_64 or --arch arm64")]
    Ambiguous {
        /// The platforms that it holds.
        platforms: String,
    },
    /// Several images, none for the architecture.
    #[error("the index holds no linux image for {architecture}, only {platforms}")]
    NoneFits {
        /// What was asked for.
        architecture: Architecture,
        /// The platforms that it holds.
        platforms: String,
    },
}
