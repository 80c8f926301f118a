//! Image manifests of both families, read leniently.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::descriptor::null_is_default;
use crate::media_type::IN_TOTO;
use crate::{Descriptor, Family, MediaType};

/// A Docker v2 schema 2 or OCI image manifest; also an attestation or another artifact in a manifest's clothes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The type that the body itself names; OCI lets it be absent.
    #[serde(default)]
    pub media_type: Option<MediaType>,
    /// The image config, or an artifact's.
    pub config: Descriptor,
    /// The layers, lowest first.
    #[serde(default, deserialize_with = "null_is_default")]
    pub layers: Vec<Descriptor>,
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

impl Manifest {
    /// The one family that the config and every layer belong to, or `None` when they are mixed or of neither.
    #[must_use]
    pub fn content_family(&self) -> Option<Family> {
        let family = self.config.media_type.family()?;
        self.layers.iter().all(|layer| layer.media_type.family() == Some(family)).then_some(family)
    }

    /// Whether the layers are in-toto statements: BuildKit's attestation manifests of every version.
    #[must_use]
    pub fn is_attestation(&self) -> bool {
        !self.layers.is_empty() && self.layers.iter().all(|layer| layer.media_type.as_str() == IN_TOTO)
    }

    /// Whether this is an image at all: its config is an image config, and no layer list says otherwise.
    #[must_use]
    pub fn is_image(&self) -> bool {
        self.config.media_type.is_image_config() && !self.is_attestation()
    }

    /// The kind of artifact: `artifactType`, or the config's type where that is the only hint (OCI 1.0 style).
    #[must_use]
    pub fn artifact_kind(&self) -> Option<&str> {
        match self.artifact_type.as_deref() {
            Some(kind) if !kind.is_empty() => Some(kind),
            _ if !self.config.media_type.is_image_config() => Some(self.config.media_type.as_str()),
            _ => None,
        }
    }
}
