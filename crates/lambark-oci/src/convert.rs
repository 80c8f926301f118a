//! New manifests and configs, written from old ones.
//!
//! Only what must change is written anew; the result's digest is that of the bytes returned here.

use serde_json::{Map, Value, json};

use crate::{Descriptor, Digest, Family, Manifest, MediaType};

/// Writes an image manifest of one pure family.
///
/// Docker's manifest v2 knows no annotations, no subject and no artifact type, so none are written there; for OCI the
/// annotations of the manifest and of its layers are kept. A `subject` is never carried over: what refers to another
/// manifest is not the image that Lambda is given.
#[must_use]
pub fn image_manifest(family: Family, old: &Manifest, config: &Descriptor, layers: &[Descriptor]) -> Vec<u8> {
    let mut manifest = Map::new();
    manifest.insert("schemaVersion".into(), json!(2));
    manifest.insert("mediaType".into(), json!(family.manifest()));
    manifest.insert("config".into(), descriptor(family, family.config(), config));
    let layers: Vec<Value> = layers.iter().map(|layer| descriptor(family, layer_type(family, layer), layer)).collect();
    manifest.insert("layers".into(), Value::Array(layers));
    if family == Family::Oci && !old.annotations.is_empty() {
        manifest.insert("annotations".into(), json!(old.annotations));
    }
    pretty(&Value::Object(manifest))
}

/// A layer's type in `family`, with the compression that its descriptor declares.
fn layer_type(family: Family, layer: &Descriptor) -> MediaType {
    match layer.media_type.layer() {
        Some(known) if known.family == family => layer.media_type.clone(),
        Some(known) if known.compression == crate::Compression::Gzip && !known.foreign => family.gzip_layer(),
        _ => layer.media_type.clone(),
    }
}

fn descriptor(family: Family, media_type: MediaType, old: &Descriptor) -> Value {
    let mut new = Descriptor::new(media_type, old.digest.clone(), old.size);
    new.urls.clone_from(&old.urls);
    if family == Family::Oci {
        new.annotations.clone_from(&old.annotations);
    }
    json!(new)
}

/// A config whose `rootfs.diff_ids` are `diff_ids`; every other field stays as it was, known or not.
///
/// # Errors
/// When `old` is not a JSON object.
pub fn config_with_diff_ids(old: &[u8], diff_ids: &[Digest]) -> Result<Vec<u8>, serde_json::Error> {
    let mut config: Map<String, Value> = serde_json::from_slice(old)?;
    config.insert("rootfs".into(), json!({ "type": "layers", "diff_ids": diff_ids }));
    serde_json::to_vec(&config)
}

/// An artifact manifest that refers to `subject`: `old`'s own bytes with `subject` and `artifactType` set, every other
/// field as it was.
///
/// # Errors
/// When `old` is not a JSON object.
pub fn with_subject(old: &[u8], subject: &Descriptor, artifact_type: &str) -> Result<Vec<u8>, serde_json::Error> {
    let mut manifest: Map<String, Value> = serde_json::from_slice(old)?;
    manifest.entry("mediaType").or_insert_with(|| json!(crate::media_type::OCI_MANIFEST));
    manifest.insert("artifactType".into(), json!(artifact_type));
    manifest.insert("subject".into(), json!(subject));
    Ok(pretty(&Value::Object(manifest)))
}

/// An OCI index over `manifests`, as layouts and the referrers tag fallback need it.
#[must_use]
pub fn oci_index(manifests: &[Descriptor]) -> Vec<u8> {
    pretty(&json!({
        "schemaVersion": 2,
        "mediaType": crate::media_type::OCI_INDEX,
        "manifests": manifests,
    }))
}

/// The bytes of OCI's empty object.
pub const EMPTY_OBJECT: &[u8] = b"{}";

/// An artifact manifest of kind `artifact_type` that says something of `subject` in annotations alone.
#[must_use]
pub fn artifact(subject: &Descriptor, artifact_type: &str, annotations: &[(&str, String)]) -> Vec<u8> {
    let empty = Descriptor::of(MediaType::new(crate::media_type::OCI_EMPTY), EMPTY_OBJECT);
    let annotations: Map<String, Value> =
        annotations.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    pretty(&json!({
        "schemaVersion": 2,
        "mediaType": crate::media_type::OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": empty,
        "layers": [empty],
        "subject": subject,
        "annotations": annotations,
    }))
}

/// Indented as Docker and BuildKit write them, so that a person can read one with `curl`.
fn pretty(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"  ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    serde::Serialize::serialize(value, &mut serializer).expect("a JSON value always serialises into memory");
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::RawDocument;
    use crate::media_type::{OCI_CONFIG, OCI_LAYER_GZIP};

    fn image() -> Manifest {
        let json = format!(
            r#"{{"config":{{"mediaType":"{OCI_CONFIG}","digest":"{0}","size":2}},
                "layers":[{{"mediaType":"{OCI_LAYER_GZIP}","digest":"{0}","size":3,"annotations":{{"a":"b"}}}}],
                "subject":{{"mediaType":"x","digest":"{0}","size":1}},"annotations":{{"k":"v"}}}}"#,
            Digest::of(b"")
        );
        serde_json::from_str(&json).unwrap()
    }

    fn reread(bytes: Vec<u8>) -> RawDocument {
        RawDocument::parse(bytes.into(), None).unwrap()
    }

    #[test]
    fn docker_manifests_are_pure_and_without_annotations() {
        let old = image();
        let new = reread(image_manifest(Family::Docker, &old, &old.config, &old.layers));
        let manifest = new.manifest().unwrap();
        assert_eq!(new.media_type(), &Family::Docker.manifest());
        assert_eq!(manifest.content_family(), Some(Family::Docker));
        assert!(manifest.annotations.is_empty() && manifest.subject.is_none());
        assert!(manifest.layers[0].annotations.is_empty());
    }

    #[test]
    fn there_and_back_again_keeps_every_digest() {
        let old = image();
        let docker = reread(image_manifest(Family::Docker, &old, &old.config, &old.layers));
        let docker = docker.manifest().unwrap();
        let oci = reread(image_manifest(Family::Oci, docker, &docker.config, &docker.layers));
        let oci = oci.manifest().unwrap();
        assert_eq!(oci.content_family(), Some(Family::Oci));
        assert_eq!(oci.config.digest, old.config.digest);
        assert_eq!(oci.layers[0].digest, old.layers[0].digest);
        assert_eq!(oci.layers[0].media_type.as_str(), OCI_LAYER_GZIP);
    }

    #[test]
    fn a_config_keeps_what_is_not_understood() {
        let new = config_with_diff_ids(br#"{"os":"linux","x.y":[1],"rootfs":{"diff_ids":[]}}"#, &[Digest::of(b"a")]);
        let value: Value = serde_json::from_slice(&new.unwrap()).unwrap();
        assert_eq!(value["x.y"], json!([1]));
        assert_eq!(value["rootfs"]["diff_ids"], json!([Digest::of(b"a")]));
    }
}
