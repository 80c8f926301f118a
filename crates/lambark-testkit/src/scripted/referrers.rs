//! The referrers API.

use lambark_oci::Digest;
use lambark_oci::media_type::OCI_INDEX;
use serde_json::{Value, json};

use super::reply::Reply;
use super::store::Repository;

/// What refers to `subject`, only of `artifact_type` if one is given.
pub(super) fn list(stored: &Repository, subject: &Digest, artifact_type: Option<&str>) -> Reply {
    let mut manifests = Vec::new();
    for (digest, manifest) in &stored.manifests {
        let Ok(value) = serde_json::from_slice::<Value>(&manifest.bytes) else { continue };
        if subject_of(&value).as_ref() != Some(subject) {
            continue;
        }
        let kind = value.get("artifactType").or_else(|| value.pointer("/config/mediaType")).cloned();
        if artifact_type.is_some_and(|wanted| kind.as_ref().and_then(Value::as_str) != Some(wanted)) {
            continue;
        }
        let mut entry = json!({
            "mediaType": manifest.media_type, "digest": digest, "size": manifest.bytes.len(), "artifactType": kind,
        });
        if let Some(annotations) = value.get("annotations") {
            entry["annotations"] = annotations.clone();
        }
        manifests.push(entry);
    }
    let body = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests });
    let reply = Reply::new(200).body(OCI_INDEX, body.to_string());
    if artifact_type.is_some() { reply.header("oci-filters-applied", "artifactType") } else { reply }
}

pub(super) fn subject_of(manifest: &Value) -> Option<Digest> {
    manifest.pointer("/subject/digest")?.as_str()?.parse().ok()
}
