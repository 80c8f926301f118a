//! Manifests, indexes and configs from anybody.

use bytes::Bytes;
use lambark_oci::convert::{config_with_diff_ids, image_manifest, with_subject};
use lambark_oci::media_type::{DOCKER_MANIFEST, OCI_INDEX};
use lambark_oci::{
    Architecture, ChildRole, Digest, Document, Family, ImageConfig, Index, Manifest, MediaType, RawDocument,
};

/// A document keeps its bytes and its digest; what is converted can be read again and stays what it is.
///
/// # Panics
///
/// When one of that does not hold.
pub fn manifest(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    for declared in [None, Some(MediaType::new(DOCKER_MANIFEST)), Some(MediaType::new(OCI_INDEX))] {
        let Ok(raw) = RawDocument::parse(bytes.clone(), declared.as_ref()) else { continue };
        assert_eq!(raw.bytes().as_ref(), data, "the bytes stay");
        assert_eq!(raw.digest(), &Digest::of(data), "the digest is the bytes'");
        match raw.document() {
            Document::Manifest(manifest) => image(manifest, data),
            Document::Index(index) => children(index),
            Document::Schema1 | Document::OldArtifact => {}
        }
    }
}

fn image(manifest: &Manifest, data: &[u8]) {
    let (_, _) = (manifest.is_image(), manifest.artifact_kind());
    for family in [Family::Docker, Family::Oci] {
        let once = image_manifest(family, manifest, &manifest.config, &manifest.layers);
        let read = RawDocument::parse(once.clone().into(), None);
        let read = read.unwrap_or_else(|error| panic!("a converted manifest is one: {error}"));
        let new = read.manifest().unwrap_or_else(|| panic!("a converted manifest is no index"));
        let twice = image_manifest(family, new, &new.config, &new.layers);
        assert_eq!(once, twice, "converting to {family:?} twice is converting once");
        let digests =
            |manifest: &Manifest| manifest.layers.iter().map(|layer| layer.digest.clone()).collect::<Vec<_>>();
        assert_eq!(digests(manifest), digests(new), "layers keep their digests and their order");
        assert!(new.subject.is_none());
    }
    if let Ok(attached) = with_subject(data, &manifest.config, "application/vnd.example") {
        let read = RawDocument::parse(attached.into(), None);
        let read = read.unwrap_or_else(|error| panic!("with a subject it is still a document: {error}"));
        let subject = read.manifest().and_then(|manifest| manifest.subject.as_ref()).map(|subject| &subject.digest);
        assert_eq!(subject, Some(&manifest.config.digest));
    }
}

fn children(index: &Index) {
    let images = index.images().count();
    assert!(images <= index.manifests.len());
    for wanted in [None, Some(Architecture::X86_64), Some(Architecture::Arm64)] {
        match index.select(wanted) {
            Ok(child) => assert_eq!(ChildRole::of(child), ChildRole::Image, "what is deployed is an image"),
            Err(error) => assert!(images != 1, "a single image is always found: {error}"),
        }
    }
}

/// A config takes new diff_ids and keeps the rest.
///
/// # Panics
///
/// When one of that does not hold.
pub fn config(data: &[u8]) {
    let Ok(config) = ImageConfig::parse(data) else { return };
    let _ = (config.platform().to_string(), config.command().count(), config.env("PATH"), config.step_of_layer(3));
    let diff_ids = [Digest::of(b"one"), Digest::of(b"two")];
    let Ok(new) = config_with_diff_ids(data, &diff_ids) else { return };
    let new = ImageConfig::parse(&new).unwrap_or_else(|error| panic!("a changed config is one: {error}"));
    assert_eq!(new.rootfs.diff_ids, diff_ids);
    assert_eq!((&new.config, &new.architecture, &new.os), (&config.config, &config.architecture, &config.os));
}
