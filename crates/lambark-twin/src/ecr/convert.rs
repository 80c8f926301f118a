//! What a client is given that asks by tag: ECR turns one family's words into the other's.
//!
//! | client takes \ stored | schema 1 | Docker v2 | OCI |
//! |---|---|---|---|
//! | schema 1 | as is | converted | none |
//! | Docker v2 | falls back to schema 1 | as is | converted |
//! | OCI | none | converted | as is |

use bytes::Bytes;
use lambark_oci::media_type::{
    DOCKER_CONFIG, DOCKER_LAYER_GZIP, DOCKER_LAYER_TAR, DOCKER_LAYER_ZSTD, DOCKER_LIST, DOCKER_MANIFEST, OCI_CONFIG,
    OCI_INDEX, OCI_LAYER_GZIP, OCI_LAYER_TAR, OCI_LAYER_ZSTD, OCI_MANIFEST,
};
use lambark_oci::{Architecture, Digest, Family, Index, Manifest, MediaType};
use serde_json::Value;

use super::schema1;
use crate::oddities::Oddities;
use crate::store::StoredManifest;

/// What a client is given.
#[derive(Debug)]
pub(crate) enum Choice {
    AsIs,
    Converted(StoredManifest),
    /// One child of an index.
    Child(Digest),
    /// Nothing that it takes.
    None,
}

/// Pairs of the same thing in OCI's and Docker's words.
const PAIRS: [(&str, &str); 7] = [
    (OCI_MANIFEST, DOCKER_MANIFEST),
    (OCI_INDEX, DOCKER_LIST),
    (OCI_CONFIG, DOCKER_CONFIG),
    (OCI_LAYER_GZIP, DOCKER_LAYER_GZIP),
    (OCI_LAYER_TAR, DOCKER_LAYER_TAR),
    (OCI_LAYER_ZSTD, DOCKER_LAYER_ZSTD),
    (
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ),
];

/// Chooses for a client that takes `accepted`. Who names no type of a manifest takes anything. `config` reads a
/// config, which schema 1 is made of.
pub(crate) fn choose(
    stored: &StoredManifest,
    tag: &str,
    accepted: &[MediaType],
    ways: &Oddities,
    config: impl FnOnce(&Digest) -> Option<Bytes>,
) -> Choice {
    let names_one = |kind: &MediaType| kind.is_manifest() || kind.is_index() || kind.is_schema1();
    let takes = |kind: &str| accepted.iter().any(|one| one.as_str() == kind);
    let stored_kind = stored.media_type.as_str();
    if !ways.converts || !accepted.iter().any(names_one) || takes(stored_kind) {
        return Choice::AsIs;
    }
    if stored.media_type.is_schema1() {
        return if takes(DOCKER_MANIFEST) || accepted.iter().any(MediaType::is_schema1) {
            Choice::AsIs
        } else {
            Choice::None
        };
    }
    let other = PAIRS.iter().find_map(|(oci, docker)| match stored_kind {
        kind if kind == *oci => Some(*docker),
        kind if kind == *docker => Some(*oci),
        _ => None,
    });
    if other.is_some_and(takes) {
        let to = if stored.media_type.family() == Some(Family::Oci) { Family::Docker } else { Family::Oci };
        return in_words_of(to, stored).map_or(Choice::None, Choice::Converted);
    }
    if stored.media_type.is_index() {
        return if ways.index_gives_child { child(stored) } else { Choice::None };
    }
    if stored_kind == DOCKER_MANIFEST && accepted.iter().any(MediaType::is_schema1) {
        let made = serde_json::from_slice::<Manifest>(&stored.bytes).ok().and_then(|manifest| {
            let config = config(&manifest.config.digest)?;
            schema1::from_docker(tag, &manifest, &config)
        });
        return made.map_or(Choice::None, Choice::Converted);
    }
    Choice::None
}

/// The child that runs on linux/amd64.
fn child(stored: &StoredManifest) -> Choice {
    let index = serde_json::from_slice::<Index>(&stored.bytes).ok();
    let chosen =
        index.and_then(|index| index.select(Some(Architecture::X86_64)).ok().map(|child| child.digest.clone()));
    chosen.map_or(Choice::None, Choice::Child)
}

/// The same manifest or index with every media type in the other family's words; what that family has no word for
/// stays.
fn in_words_of(family: Family, stored: &StoredManifest) -> Option<StoredManifest> {
    let translate = |text: &str| {
        PAIRS.iter().find_map(|(oci, docker)| match family {
            Family::Docker => (text == *oci).then_some(*docker),
            Family::Oci => (text == *docker).then_some(*oci),
        })
    };
    let mut value: Value = serde_json::from_slice(&stored.bytes).ok()?;
    let media_type = translate(stored.media_type.as_str())?;
    value["mediaType"] = Value::from(media_type);
    let mut entries: Vec<&mut Value> = Vec::new();
    if let Some(object) = value.as_object_mut() {
        for (name, part) in object.iter_mut() {
            match (name.as_str(), part) {
                ("config", one) => entries.push(one),
                // The children of an index are named by digest and stay what they are.
                ("layers", Value::Array(layers)) => entries.extend(layers),
                _ => {}
            }
        }
    }
    for entry in entries {
        if let Some(to) = entry.get("mediaType").and_then(Value::as_str).and_then(translate) {
            entry["mediaType"] = Value::from(to);
        }
    }
    let bytes = Bytes::from(serde_json::to_vec_pretty(&value).ok()?);
    Some(StoredManifest {
        digest: stored.digest.clone(),
        media_type: MediaType::new(media_type),
        bytes,
        archived: false,
    })
}
