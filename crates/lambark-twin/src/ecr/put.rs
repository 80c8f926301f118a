//! `PutImage`: what becomes of a manifest, whichever face it came by.

use std::collections::BTreeSet;

use lambark_oci::limits::ECR_MANIFEST_BYTES;
use lambark_oci::{Descriptor, Digest, Document, Manifest, MediaType, RawDocument, Target};
use serde_json::Value;

use super::refusal::{Kind, Refusal};
use crate::clock::Millis;
use crate::scope::Scope;
use crate::shared::Shared;
use crate::store::{Image, Repository};

/// A manifest on its way in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Put<'a> {
    pub(crate) bytes: &'a [u8],
    /// What the carrier calls it.
    pub(crate) declared: Option<&'a MediaType>,
    pub(crate) tag: Option<&'a str>,
    pub(crate) digest: Option<&'a Digest>,
    /// By the registry HTTP API, which takes what is there already without a word, unless its tag is immutable.
    pub(crate) by_registry: bool,
}

/// Takes in a manifest or index, or says why not. Checks go from what the request alone tells to what the repository
/// tells; which of two reasons AWS would name first is not established.
pub(crate) fn put_image(twin: &Shared, scope: &Scope, repository: &str, put: Put<'_>) -> Result<Image, Refusal> {
    let ways = twin.oddities();
    let now = twin.clock.millis();
    if ways.throttles && !twin.buckets.take(scope, "PutImage", ways.put_image_rate, now) {
        return Err(Refusal::new(Kind::Throttling, "Rate exceeded"));
    }
    let image = read(put, now)?;
    if let Some(expected) = put.digest.filter(|expected| **expected != image.digest) {
        let message = format!(
            "The image with digest '{expected}' in repository '{repository}' and registry ID '{}' does not match the \
             image digest that Amazon ECR has calculated.",
            scope.account
        );
        return Err(Refusal::new(Kind::ImageDigestDoesNotMatch, message));
    }
    let change = |stored: &mut Repository| accept(stored, image, put, ways.images_per_repository, now);
    let outcome = twin.store.add_manifest(scope, repository, put.bytes, change)?;
    outcome.unwrap_or_else(|| Err(Refusal::no_repository(&scope.account, repository)))
}

/// What the manifest says of itself. Sizes come later, from what the repository has.
fn read(put: Put<'_>, now: Millis) -> Result<Image, Refusal> {
    let broken = |constraint: &str| Refusal::parameter("imageManifest", constraint);
    if put.bytes.len() as u64 > ECR_MANIFEST_BYTES {
        return Err(broken("Member must have length less than or equal to 4194304"));
    }
    let value: Value = serde_json::from_slice(put.bytes).map_err(|_| broken("Invalid JSON syntax"))?;
    if value.get("mediaType").is_none() && value.get("schemaVersion") != Some(&Value::from(1)) && put.declared.is_none()
    {
        let constraint = "must be given for a manifest that does not name its media type";
        return Err(Refusal::parameter("imageManifestMediaType", constraint));
    }
    let document = RawDocument::parse(put.bytes.to_vec().into(), put.declared);
    let document = document.map_err(|error| broken(&error.to_string()))?;
    let version = if *document.document() == Document::Schema1 { 1 } else { 2 };
    if value.get("schemaVersion") != Some(&Value::from(version)) {
        return Err(broken(&format!("schemaVersion must be {version}")));
    }
    // An empty index is one that says so.
    if document.index().is_some() && value.get("manifests").is_none() {
        return Err(broken("manifests must be given"));
    }
    let mut image = Image {
        digest: document.digest().clone(),
        media_type: document.media_type().clone(),
        size: 0,
        artifact_type: None,
        subject: None,
        layers: BTreeSet::new(),
        children: BTreeSet::new(),
        pushed_at: now,
        pulled_at: None,
        archived: false,
        archived_at: None,
        activated_at: None,
    };
    match document.document() {
        Document::Manifest(manifest) => {
            image.layers = needed(manifest);
            image.subject = manifest.subject.as_ref().map(|subject| subject.digest.clone());
            let named = manifest.artifact_type.clone().filter(|kind| !kind.is_empty());
            image.artifact_type = named.or_else(|| Some(manifest.config.media_type.to_string()));
        }
        Document::Index(index) => {
            image.children = index.manifests.iter().map(|child| child.digest.clone()).collect();
            image.subject = index.subject.as_ref().map(|subject| subject.digest.clone());
            image.artifact_type.clone_from(&index.artifact_type);
        }
        Document::Schema1 => {
            let layers = value.get("fsLayers").and_then(Value::as_array).into_iter().flatten();
            let digests = layers.filter_map(|layer| layer.get("blobSum")?.as_str()?.parse().ok());
            image.layers = digests.collect();
        }
        Document::OldArtifact => return Err(broken("the media type is not supported")),
    }
    Ok(image)
}

/// Config and layers, but for what lies elsewhere by its own word.
fn needed(manifest: &Manifest) -> BTreeSet<Digest> {
    let elsewhere =
        |layer: &Descriptor| layer.media_type.layer().is_some_and(|known| known.foreign) && !layer.urls.is_empty();
    let layers = manifest.layers.iter().filter(|layer| !elsewhere(layer));
    std::iter::once(&manifest.config).chain(layers).map(|one| one.digest.clone()).collect()
}

fn accept(stored: &mut Repository, mut image: Image, put: Put<'_>, most: usize, now: Millis) -> Result<Image, Refusal> {
    check_references(stored, &image)?;
    let there = stored.images.get(&image.digest);
    if there.is_none() && stored.images.len() >= most {
        let message = format!(
            "The repository with name '{}' in registry with id '{}' already has the maximum allowed number of images \
             which is '{most}'",
            stored.name, stored.scope.account
        );
        return Err(Refusal::new(Kind::LimitExceeded, message));
    }
    let archived = there.is_some_and(|there| there.archived);
    check_tag(stored, &image, put, archived)?;
    image.size = size(stored, &image);
    if let Some(there) = there {
        // Pushing what is there moves nothing but a tag, and wakes what is archived.
        image = there.clone();
        if archived {
            image.archived = false;
            image.activated_at = Some(now);
        }
    }
    stored.images.insert(image.digest.clone(), image.clone());
    if let Some(tag) = put.tag {
        stored.tags.insert(tag.to_owned(), image.digest.clone());
    }
    Ok(image)
}

fn check_references(stored: &Repository, image: &Image) -> Result<(), Refusal> {
    let absent = |what: &str, digests: Vec<&Digest>| {
        let digests: Vec<&str> = digests.into_iter().map(Digest::as_str).collect();
        format!(
            "{what} with digests '[{}]' required for pushing image into repository with name '{}' in the registry with \
             id '{}' do not exist",
            digests.join(", "),
            stored.name,
            stored.scope.account
        )
    };
    let layers: Vec<&Digest> = image.layers.iter().filter(|digest| !stored.layers.contains_key(digest)).collect();
    if !layers.is_empty() {
        return Err(Refusal::new(Kind::LayersNotFound, absent("Layers", layers)));
    }
    let children: Vec<&Digest> = image.children.iter().filter(|digest| !stored.images.contains_key(digest)).collect();
    if !children.is_empty() {
        return Err(Refusal::new(Kind::ReferencedImagesNotFound, absent("Images", children)));
    }
    Ok(())
}

/// Whether the tag may be written, and whether anything is to be written at all.
fn check_tag(stored: &Repository, image: &Image, put: Put<'_>, archived: bool) -> Result<(), Refusal> {
    let tagged = put.tag.and_then(|tag| Some((tag, stored.tags.get(tag)?)));
    let same = match tagged {
        Some((_, digest)) => *digest == image.digest,
        None => put.tag.is_none() && stored.images.contains_key(&image.digest),
    };
    if let Some((tag, _)) = tagged
        && !stored.is_movable(tag)
        && (put.by_registry || !same)
    {
        let message = format!(
            "The image tag '{tag}' already exists in the '{}' repository and cannot be overwritten because the \
             repository is immutable.",
            stored.name
        );
        return Err(Refusal::new(Kind::ImageTagAlreadyExists, message));
    }
    if same && !put.by_registry && !archived {
        let tag = put.tag.map_or_else(|| "null".to_owned(), |tag| format!("'{tag}'"));
        let message = format!(
            "Image with digest '{}' and tag {tag} already exists in the repository with name '{}' in registry with id \
             '{}'",
            image.digest, stored.name, stored.scope.account
        );
        return Err(Refusal::new(Kind::ImageAlreadyExists, message));
    }
    Ok(())
}

/// Bytes as stored: config and layers together, or the largest child.
fn size(stored: &Repository, image: &Image) -> u64 {
    if image.children.is_empty() {
        image.layers.iter().filter_map(|layer| stored.layers.get(layer)).sum()
    } else {
        let children = image.children.iter().filter_map(|child| stored.image(&Target::Digest(child.clone())));
        children.map(|child| child.size).max().unwrap_or(0)
    }
}
