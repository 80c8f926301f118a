//! Layers: asked for, uploaded in parts, downloaded by a URL.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambark_oci::Digest;
use serde_json::{Value, json};

use super::call::Call;
use super::check;
use super::refusal::{Kind, Refusal};
use crate::registry;

/// Bytes of a part that ECR asks for (10 MiB), and the most that it takes.
const PART_BYTES: u64 = 10 * 1024 * 1024;
const MAX_PART_BYTES: usize = 20_971_520;

/// `BatchCheckLayerAvailability`
pub(super) fn check(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("BatchCheckLayerAvailability")?;
    let digests = call.texts("layerDigests", 1, 100)?.ok_or_else(|| super::call::absent("layerDigests"))?;
    let answer = call.twin.store.read(&scope, name, |stored| {
        let (mut layers, mut failures) = (Vec::new(), Vec::new());
        for text in digests {
            let failed =
                |code: &str, reason: &str| json!({ "layerDigest": text, "failureCode": code, "failureReason": reason });
            match text.parse::<Digest>() {
                _ if text.is_empty() => failures.push(failed("MissingLayerDigest", "The layer digest is missing")),
                Err(_) => failures.push(failed("InvalidLayerDigest", "The layer digest is invalid")),
                Ok(digest) => layers.push(match stored.layers.get(&digest) {
                    None => json!({ "layerDigest": text, "layerAvailability": "UNAVAILABLE" }),
                    Some(size) => {
                        let state = if stored.is_archived(&digest) { "ARCHIVED" } else { "AVAILABLE" };
                        json!({ "layerDigest": text, "layerAvailability": state, "layerSize": size })
                    }
                }),
            }
        }
        json!({ "layers": layers, "failures": failures })
    });
    answer.ok_or_else(|| Refusal::no_repository(&scope.account, name))
}

/// `GetDownloadUrlForLayer`: only for what an image is made of.
pub(super) fn download_url(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("GetDownloadUrlForLayer")?;
    let digest = check::digest("layerDigest", call.needed_text("layerDigest")?)?;
    let state = call.twin.store.read(&scope, name, |stored| {
        (stored.layers.contains_key(&digest) && stored.is_referenced(&digest), stored.is_archived(&digest))
    });
    let (there, archived) = state.ok_or_else(|| Refusal::no_repository(&scope.account, name))?;
    if !there {
        let message = format!(
            "The layer with digest '{digest}' does not exist in the repository with name '{name}' in the registry with \
             id '{}'",
            scope.account
        );
        return Err(Refusal::new(Kind::LayersNotFound, message));
    }
    if archived {
        let message = format!("The layer with digest '{digest}' belongs to archived images alone");
        return Err(Refusal::new(Kind::LayerInaccessible, message));
    }
    let url = registry::presigned(call.twin, &call.base, &scope, name, &digest);
    Ok(json!({ "downloadUrl": url, "layerDigest": digest }))
}

/// `InitiateLayerUpload`
pub(super) fn initiate(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("InitiateLayerUpload")?;
    super::check_repository(call.twin, &scope, name)?;
    let id = call.twin.uploads.begin(call.twin, &scope, name)?;
    Ok(json!({ "uploadId": id, "partSize": PART_BYTES }))
}

/// `UploadLayerPart`
pub(super) async fn upload_part(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("UploadLayerPart")?;
    super::check_repository(call.twin, &scope, name)?;
    let id = call.needed_text("uploadId")?;
    let (first, last) = (call.needed_number("partFirstByte")?, call.needed_number("partLastByte")?);
    let bytes = STANDARD.decode(call.needed_text("layerPartBlob")?);
    let bytes = bytes.map_err(|_| Refusal::new(Kind::Serialization, "'layerPartBlob' must be base64"))?;
    check::length("layerPartBlob", bytes.len(), 0, MAX_PART_BYTES)?;
    let upload = call.twin.uploads.find(&scope, name, id).await?;
    let mut upload = upload.lock().await;
    let (received, length) = (upload.received(), bytes.len() as u64);
    if first != received || length == 0 || last.checked_sub(first).and_then(|gap| gap.checked_add(1)) != Some(length) {
        let message = format!(
            "The layer part from byte '{first}' to byte '{last}' with '{length}' bytes does not follow on byte \
             '{received}' of the upload with upload ID '{id}'"
        );
        let mut refusal = Refusal::new(Kind::InvalidLayerPart, message);
        for (name, value) in [
            ("registryId", json!(scope.account)),
            ("repositoryName", json!(name)),
            ("uploadId", json!(id)),
            ("lastValidByteReceived", json!(received.saturating_sub(1))),
        ] {
            refusal.detail.insert(name.to_owned(), value);
        }
        return Err(refusal);
    }
    upload.begin_part()?;
    upload.write(&bytes)?;
    upload.end_part(call.twin.oddities().least_part_bytes);
    Ok(json!({ "registryId": scope.account, "repositoryName": name, "uploadId": id, "lastByteReceived": last }))
}

/// `CompleteLayerUpload`
pub(super) async fn complete(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("CompleteLayerUpload")?;
    super::check_repository(call.twin, &scope, name)?;
    let id = call.needed_text("uploadId")?;
    let digests = call.texts("layerDigests", 1, 100)?.ok_or_else(|| super::call::absent("layerDigests"))?;
    let digests = digests.into_iter().map(|text| check::digest("layerDigests", text)).collect::<Result<Vec<_>, _>>()?;
    let upload = call.twin.uploads.find(&scope, name, id).await?;
    let mut upload = upload.lock().await;
    let Some(digest) = digests.first() else { return Err(super::call::absent("layerDigests")) };
    if call.twin.store.read(&scope, name, |stored| stored.layers.contains_key(digest)) == Some(true) {
        call.twin.uploads.remove(id);
        let message = format!(
            "Layer with digest '{digest}' already exists in the repository with name '{name}' in registry with id '{}'",
            scope.account
        );
        return Err(Refusal::new(Kind::LayerAlreadyExists, message));
    }
    upload.complete(call.twin, id, digest)?;
    Ok(json!({ "registryId": scope.account, "repositoryName": name, "uploadId": id, "layerDigest": digest }))
}
