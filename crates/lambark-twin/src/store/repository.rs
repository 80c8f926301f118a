//! What a repository is, apart from the bytes.

use std::collections::{BTreeMap, BTreeSet};

use lambark_oci::{Digest, MediaType, Target};
use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::scope::Scope;

/// One repository of one account and Region: everything but the bytes of its content.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Repository {
    pub(crate) scope: Scope,
    pub(crate) name: String,
    pub(crate) created_at: Millis,
    pub(crate) mutability: Mutability,
    /// Wildcards of tags that the mutability does not hold for.
    pub(crate) exclusions: Vec<String>,
    pub(crate) scan_on_push: bool,
    pub(crate) encryption: Encryption,
    /// The repository policy, byte for byte.
    pub(crate) policy: Option<String>,
    /// Labels on the repository itself, by key. Nothing to do with images.
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) images: BTreeMap<Digest, Image>,
    pub(crate) tags: BTreeMap<String, Digest>,
    /// Layers and configs that were uploaded or mounted, with their sizes in bytes.
    pub(crate) layers: BTreeMap<Digest, u64>,
}

/// Whether a tag can be moved.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Mutability {
    #[default]
    Mutable,
    Immutable,
    /// Immutable but for the tags that an exclusion matches.
    ImmutableWithExclusion,
    /// Mutable but for the tags that an exclusion matches.
    MutableWithExclusion,
}

/// What a repository is encrypted with.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) struct Encryption {
    /// `AES256`, `KMS` or `KMS_DSSE`.
    pub(crate) kind: String,
    pub(crate) key: Option<String>,
}

/// One manifest or index in a repository.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Image {
    pub(crate) digest: Digest,
    pub(crate) media_type: MediaType,
    /// Bytes of config and layers as compressed; for an index those of its largest child.
    pub(crate) size: u64,
    pub(crate) artifact_type: Option<String>,
    pub(crate) subject: Option<Digest>,
    /// Config and layers that must be in the repository.
    pub(crate) layers: BTreeSet<Digest>,
    /// An index's entries.
    pub(crate) children: BTreeSet<Digest>,
    pub(crate) pushed_at: Millis,
    pub(crate) pulled_at: Option<Millis>,
    /// In the archive: listed, but not to be pulled.
    pub(crate) archived: bool,
    /// When it last went to the archive.
    pub(crate) archived_at: Option<Millis>,
    /// When it last came back from the archive.
    pub(crate) activated_at: Option<Millis>,
}

impl Repository {
    pub(crate) fn new(scope: Scope, name: String, created_at: Millis) -> Repository {
        Repository {
            scope,
            name,
            created_at,
            mutability: Mutability::default(),
            exclusions: Vec::new(),
            scan_on_push: false,
            encryption: Encryption { kind: "AES256".to_owned(), key: None },
            policy: None,
            labels: BTreeMap::new(),
            images: BTreeMap::new(),
            tags: BTreeMap::new(),
            layers: BTreeMap::new(),
        }
    }

    /// The image that a tag or digest names.
    pub(crate) fn image(&self, target: &Target) -> Option<&Image> {
        let digest = match target {
            Target::Tag(tag) => self.tags.get(tag)?,
            Target::Digest(digest) => digest,
        };
        self.images.get(digest)
    }

    /// The tags of an image, in order.
    pub(crate) fn tags_of(&self, digest: &Digest) -> impl Iterator<Item = &str> {
        self.tags.iter().filter(move |(_, tagged)| *tagged == digest).map(|(tag, _)| tag.as_str())
    }

    /// The tags of every image that has any, in order. For who asks about many images at once.
    pub(crate) fn tags_by_image(&self) -> BTreeMap<&Digest, Vec<&str>> {
        let mut all: BTreeMap<&Digest, Vec<&str>> = BTreeMap::new();
        for (tag, digest) in &self.tags {
            all.entry(digest).or_default().push(tag);
        }
        all
    }

    /// Whether a tag that exists may be given to another image.
    pub(crate) fn is_movable(&self, tag: &str) -> bool {
        let excluded = || self.exclusions.iter().any(|filter| wildcard(filter, tag));
        match self.mutability {
            Mutability::Mutable => true,
            Mutability::Immutable => false,
            Mutability::ImmutableWithExclusion => excluded(),
            Mutability::MutableWithExclusion => !excluded(),
        }
    }

    /// Whether any image here has this layer or config.
    pub(crate) fn is_referenced(&self, layer: &Digest) -> bool {
        self.images.values().any(|image| image.layers.contains(layer))
    }

    /// Whether every image that has this layer or config is in the archive.
    pub(crate) fn is_archived(&self, layer: &Digest) -> bool {
        let mut with = self.images.values().filter(|image| image.layers.contains(layer)).peekable();
        with.peek().is_some() && with.all(|image| image.archived)
    }

    /// What refers to `subject`, in the order of their digests.
    pub(crate) fn referrers(&self, subject: &Digest) -> impl Iterator<Item = &Image> {
        self.images.values().filter(move |image| image.subject.as_ref() == Some(subject))
    }
}

/// `*` stands for any number of characters.
fn wildcard(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_matches_what_it_should() {
        for (pattern, text) in
            [("*", ""), ("latest", "latest"), ("dev-*", "dev-1"), ("*-rc*", "1.2-rc3"), ("a*a", "aa")]
        {
            assert!(wildcard(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("latest", "latest1"), ("dev-*", "prod-1"), ("a*a", "a"), ("*x", "xy"), ("", "a")] {
            assert!(!wildcard(pattern, text), "{pattern} {text}");
        }
    }
}
