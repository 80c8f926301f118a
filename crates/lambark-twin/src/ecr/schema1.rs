//! Docker's first manifest, made of its second one: what ECR still does for who asks for nothing newer.

use bytes::Bytes;
use lambark_oci::media_type::DOCKER_SCHEMA1;
use lambark_oci::{Digest, Manifest, MediaType};
use serde_json::{Value, json};

use crate::store::StoredManifest;

/// An unsigned schema 1 manifest. Of the config's history only what made a layer is kept, so that no empty layer has to
/// be served that nobody pushed.
pub(super) fn from_docker(tag: &str, manifest: &Manifest, config: &[u8]) -> Option<StoredManifest> {
    let config: Value = serde_json::from_slice(config).ok()?;
    let made = config.get("history").and_then(Value::as_array).into_iter().flatten();
    let made: Vec<&Value> = made.filter(|step| step.get("empty_layer") != Some(&Value::Bool(true))).collect();
    let (mut layers, mut history, mut parent) = (Vec::new(), Vec::new(), None::<String>);
    for (at, layer) in manifest.layers.iter().enumerate() {
        let id = Digest::of(format!("{} {}", parent.as_deref().unwrap_or_default(), layer.digest).as_bytes());
        let mut image = if at + 1 == manifest.layers.len() {
            let mut top = config.clone();
            top.as_object_mut()?.retain(|name, _| name != "rootfs" && name != "history");
            top
        } else {
            let step = made.get(at).copied().unwrap_or(&Value::Null);
            json!({ "created": step["created"], "container_config": { "Cmd": [step["created_by"]] } })
        };
        image["id"] = json!(id.hex());
        if let Some(parent) = parent {
            image["parent"] = json!(parent);
        }
        parent = Some(id.hex().to_owned());
        // The newest layer comes first.
        layers.insert(0, json!({ "blobSum": layer.digest }));
        history.insert(0, json!({ "v1Compatibility": image.to_string() }));
    }
    let body = json!({
        "schemaVersion": 1,
        "name": "",
        "tag": tag,
        "architecture": config.get("architecture").cloned().unwrap_or_default(),
        "fsLayers": layers,
        "history": history,
    });
    let bytes = Bytes::from(serde_json::to_vec_pretty(&body).ok()?);
    let media_type = MediaType::new(DOCKER_SCHEMA1);
    Some(StoredManifest { digest: Digest::of(&bytes), media_type, bytes, archived: false })
}
