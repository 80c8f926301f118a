//! Blob uploads.

use bytes::{Bytes, BytesMut};
use lambark_oci::{Digest, Hasher};

use super::control::{Control, Inner, Recorded};
use super::reply::Reply;
use super::store::Upload;

/// `POST /v2/NAME/blobs/uploads/`
pub(super) fn start(control: &Control, request: &Recorded, repository: &str) -> Reply {
    let mut inner = control.lock();
    if inner.store.get(repository).is_none() {
        if inner.behaviour.cut_on_missing_repository {
            return Reply::cut();
        }
        if !inner.behaviour.create_on_push {
            return Reply::error(404, "NAME_UNKNOWN", "repository name not known to registry");
        }
    }
    inner.store.repository(repository);
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
    let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    if let (Some(mount), Some(from)) = (value("mount").and_then(|text| text.parse::<Digest>().ok()), value("from"))
        && inner.behaviour.mounts
        && let Some(bytes) = inner.store.get(&from).and_then(|stored| stored.blobs.get(&mount)).cloned()
    {
        inner.store.repository(repository).blobs.insert(mount.clone(), bytes);
        return Reply::new(201)
            .header("location", format!("/v2/{repository}/blobs/{mount}"))
            .header("docker-content-digest", mount.as_str());
    }
    let id = inner.fresh("upload");
    inner.store.uploads.insert(id.clone(), Upload { repository: repository.to_owned(), ..Upload::default() });
    let location = address(control, &inner, request, repository, &id);
    Reply::new(202).header("location", location).header("range", "0-0").header("docker-upload-uuid", id)
}

/// Query and all: whoever drops what is there already fails. The host is the one that the client called us by.
fn address(control: &Control, inner: &Inner, request: &Recorded, repository: &str, id: &str) -> String {
    let path = format!("/v2/{repository}/blobs/uploads/{id}?_state=s-{id}");
    if inner.behaviour.relative_locations {
        return path;
    }
    let host = request.header("host").map_or_else(|| control.host(), str::to_owned);
    format!("http://{host}{path}")
}

/// `PATCH`, `PUT`, `GET` and `DELETE` of `/v2/NAME/blobs/uploads/ID`
pub(super) fn continued(control: &Control, request: &Recorded, repository: &str, id: &str, body: &Bytes) -> Reply {
    let mut inner = control.lock();
    let behaviour = inner.behaviour.clone();
    if behaviour.largest_body.is_some_and(|largest| body.len() as u64 > largest) {
        return Reply::new(413).body("text/html", "<html><title>413 Request Entity Too Large</title></html>");
    }
    let state = format!("_state=s-{id}");
    let valid = request.query.split('&').any(|pair| pair == state);
    let location = address(control, &inner, request, repository, id);
    let unknown = || Reply::error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
    let Some(upload) = inner.store.uploads.get_mut(id).filter(|upload| valid && upload.repository == repository) else {
        return unknown();
    };
    match request.method.as_str() {
        "PATCH" => {
            if let Some(refused) = append(upload, request, body, behaviour.least_chunk) {
                return refused;
            }
            if upload.first_chunk == 0 {
                upload.first_chunk = body.len();
            }
            let counted = if behaviour.stale_range { upload.first_chunk } else { upload.bytes.len() };
            let reply = Reply::new(behaviour.patch_status).header("range", format!("0-{}", counted.saturating_sub(1)));
            if behaviour.patch_location { reply.header("location", location) } else { reply }
        }
        "PUT" => finish(&mut inner, request, repository, id, body, behaviour.least_chunk),
        "DELETE" => {
            inner.store.uploads.remove(id);
            Reply::new(204)
        }
        _ => Reply::new(204).header("range", format!("0-{}", upload.bytes.len().saturating_sub(1))),
    }
}

fn append(upload: &mut Upload, request: &Recorded, body: &Bytes, least: u64) -> Option<Reply> {
    let invalid = |status: u16| Some(Reply::error(status, "BLOB_UPLOAD_INVALID", "blob upload invalid"));
    let start = request.header("content-range").and_then(|range| range.split_once('-')?.0.parse::<usize>().ok());
    if start.is_some_and(|start| start != upload.bytes.len()) {
        return invalid(416);
    }
    if !upload.bytes.is_empty() && !body.is_empty() && (upload.last_chunk as u64) < least {
        return invalid(400);
    }
    upload.last_chunk = body.len();
    upload.bytes.extend_from_slice(body);
    None
}

fn finish(inner: &mut Inner, request: &Recorded, repository: &str, id: &str, body: &Bytes, least: u64) -> Reply {
    let digest = url::form_urlencoded::parse(request.query.as_bytes())
        .find(|(name, _)| name == "digest")
        .and_then(|(_, value)| value.parse::<Digest>().ok());
    let Some(digest) = digest else {
        return Reply::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    };
    // Only a missing upload could be absent here, and it was just looked up under the same lock.
    let mut upload = inner.store.uploads.remove(id).unwrap_or_default();
    if let Some(refused) = append(&mut upload, request, body, least) {
        return refused;
    }
    let bytes = std::mem::replace(&mut upload.bytes, BytesMut::new()).freeze();
    let mut hasher = Hasher::like(&digest);
    hasher.update(&bytes);
    if inner.behaviour.checks_digests && hasher.finish() != digest {
        return Reply::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    inner.store.repository(repository).blobs.insert(digest.clone(), bytes);
    Reply::new(201)
        .header("location", format!("/v2/{repository}/blobs/{digest}"))
        .header("docker-content-digest", digest.as_str())
}
