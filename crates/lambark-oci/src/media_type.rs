//! Media types: a closed list of what is known, and everything else verbatim.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which of the two families of formats a media type belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// `application/vnd.docker.…`
    Docker,
    /// `application/vnd.oci.…`
    Oci,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::Docker => "Docker",
            Family::Oci => "OCI",
        })
    }
}

/// How a layer's tar is compressed, by its media type or by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// A plain tar.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::None => "plain tar",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        })
    }
}

/// What a media type says of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LayerType {
    /// Docker or OCI.
    pub family: Family,
    /// The compression that it declares.
    pub compression: Compression,
    /// Whether the family's specification defines this type. BuildKit writes `…rootfs.diff.tar.zstd` all the same.
    pub defined: bool,
    /// Whether the content lies elsewhere (foreign, non-distributable).
    pub foreign: bool,
}

/// A media type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct MediaType(Box<str>);

/// OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// OCI image manifest; also the carrier of OCI artifacts.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Docker manifest list, Docker's word for an index.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker image manifest, version 2 schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker schema 1, signed.
pub const DOCKER_SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
/// Docker schema 1.
pub const DOCKER_SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
/// OCI artifact manifest, withdrawn before OCI 1.1 was final.
pub const OCI_ARTIFACT: &str = "application/vnd.oci.artifact.manifest.v1+json";
/// OCI image config.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Docker image config.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// OCI's empty object, the config of artifacts.
pub const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// in-toto statement, the layer of attestations.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";
/// OCI layer, gzip.
pub const OCI_LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// OCI layer, zstd.
pub const OCI_LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// OCI layer, plain tar.
pub const OCI_LAYER_TAR: &str = "application/vnd.oci.image.layer.v1.tar";
/// Docker layer, gzip: the only layer type that Docker's specification defines for ordinary layers.
pub const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// A type that some builders write for plain layers; Docker's specification does not define it.
pub const DOCKER_LAYER_TAR: &str = "application/vnd.docker.image.rootfs.diff.tar";
/// A type that some builders write for zstd layers; Docker's specification does not define it.
pub const DOCKER_LAYER_ZSTD: &str = "application/vnd.docker.image.rootfs.diff.tar.zstd";

/// The four types to ask for whenever a manifest is read: a registry that is asked for fewer may convert.
pub const ACCEPT: [&str; 4] = [DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX];

const LAYERS: &[(&str, LayerType)] = &[
    (OCI_LAYER_GZIP, layer(Family::Oci, Compression::Gzip, true, false)),
    (OCI_LAYER_ZSTD, layer(Family::Oci, Compression::Zstd, true, false)),
    (OCI_LAYER_TAR, layer(Family::Oci, Compression::None, true, false)),
    (DOCKER_LAYER_GZIP, layer(Family::Docker, Compression::Gzip, true, false)),
    (DOCKER_LAYER_TAR, layer(Family::Docker, Compression::None, false, false)),
    (DOCKER_LAYER_ZSTD, layer(Family::Docker, Compression::Zstd, false, false)),
    ("application/vnd.oci.image.layer.nondistributable.v1.tar", layer(Family::Oci, Compression::None, true, true)),
    ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", layer(Family::Oci, Compression::Gzip, true, true)),
    ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", layer(Family::Oci, Compression::Zstd, true, true)),
    ("application/vnd.docker.image.rootfs.foreign.diff.tar", layer(Family::Docker, Compression::None, false, true)),
    ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", layer(Family::Docker, Compression::Gzip, true, true)),
];

const fn layer(family: Family, compression: Compression, defined: bool, foreign: bool) -> LayerType {
    LayerType { family, compression, defined, foreign }
}

impl MediaType {
    /// A media type from its text; parameters behind a semicolon and white space are dropped, letters are lowered
    /// (media types are compared without case, RFC 6838).
    #[must_use]
    pub fn new(text: &str) -> MediaType {
        let bare = text.split(';').next().unwrap_or_default().trim();
        MediaType(bare.to_ascii_lowercase().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Docker or OCI, if it is either.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        if self.0.starts_with("application/vnd.docker.") {
            Some(Family::Docker)
        } else if self.0.starts_with("application/vnd.oci.") {
            Some(Family::Oci)
        } else {
            None
        }
    }

    /// An OCI index or a Docker manifest list.
    #[must_use]
    pub fn is_index(&self) -> bool {
        matches!(&*self.0, OCI_INDEX | DOCKER_LIST)
    }

    /// An OCI image manifest or a Docker v2 schema 2 manifest.
    #[must_use]
    pub fn is_manifest(&self) -> bool {
        matches!(&*self.0, OCI_MANIFEST | DOCKER_MANIFEST)
    }

    /// Docker schema 1, signed or not.
    #[must_use]
    pub fn is_schema1(&self) -> bool {
        matches!(&*self.0, DOCKER_SCHEMA1 | DOCKER_SCHEMA1_SIGNED)
    }

    /// An image config of either family.
    #[must_use]
    pub fn is_image_config(&self) -> bool {
        matches!(&*self.0, OCI_CONFIG | DOCKER_CONFIG)
    }

    /// What it says of a layer, if it is a layer type at all.
    #[must_use]
    pub fn layer(&self) -> Option<LayerType> {
        LAYERS.iter().find(|(text, _)| *text == &*self.0).map(|(_, layer)| *layer)
    }

    /// A name for people: `OCI index`, `Docker manifest v2`, or the text itself.
    #[must_use]
    pub fn describe(&self) -> &str {
        match &*self.0 {
            OCI_INDEX => "OCI index",
            OCI_MANIFEST => "OCI manifest",
            DOCKER_LIST => "Docker manifest list",
            DOCKER_MANIFEST => "Docker manifest v2",
            DOCKER_SCHEMA1 | DOCKER_SCHEMA1_SIGNED => "Docker manifest schema 1",
            other => other,
        }
    }
}

impl Family {
    /// The image manifest's type.
    #[must_use]
    pub fn manifest(self) -> MediaType {
        MediaType::new(match self {
            Family::Docker => DOCKER_MANIFEST,
            Family::Oci => OCI_MANIFEST,
        })
    }

    /// The image config's type.
    #[must_use]
    pub fn config(self) -> MediaType {
        MediaType::new(match self {
            Family::Docker => DOCKER_CONFIG,
            Family::Oci => OCI_CONFIG,
        })
    }

    /// The gzip layer's type, the only one that Lambda is known to accept in this family.
    #[must_use]
    pub fn gzip_layer(self) -> MediaType {
        MediaType::new(match self {
            Family::Docker => DOCKER_LAYER_GZIP,
            Family::Oci => OCI_LAYER_GZIP,
        })
    }
}

impl From<String> for MediaType {
    fn from(text: String) -> MediaType {
        MediaType::new(&text)
    }
}

impl From<MediaType> for String {
    fn from(media_type: MediaType) -> String {
        media_type.0.into()
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_case_and_white_space_do_not_matter() {
        assert_eq!(
            MediaType::new(" Application/vnd.OCI.image.index.v1+json; charset=utf-8"),
            MediaType::new(OCI_INDEX)
        );
    }

    #[test]
    fn every_layer_type_names_its_family() {
        for (text, layer) in LAYERS {
            assert_eq!(MediaType::new(text).family(), Some(layer.family), "{text}");
        }
    }

    #[test]
    fn the_good_types_of_a_family_belong_to_it() {
        for family in [Family::Docker, Family::Oci] {
            assert!(family.manifest().is_manifest());
            assert!(family.config().is_image_config());
            let layer = family.gzip_layer().layer();
            assert_eq!(layer.map(|l| (l.family, l.compression, l.defined)), Some((family, Compression::Gzip, true)));
        }
    }
}
