//! Blobs: looked for, and fetched by a detour.

use hyper::Method;
use lambark_oci::Digest;

use super::{errors, storage};
use crate::ecr::{self, Refusal};
use crate::http::{Reply, Request};
use crate::scope::Scope;
use crate::shared::Shared;

/// `GET` and `HEAD /v2/NAME/blobs/DIGEST`
pub(super) fn get(
    twin: &Shared,
    scope: &Scope,
    repository: &str,
    digest: &str,
    request: &Request,
) -> Result<Reply, Refusal> {
    let Ok(digest) = digest.parse::<Digest>() else {
        return Ok(errors::error(400, "DIGEST_INVALID", "provided digest is not a digest"));
    };
    ecr::check_repository(twin, scope, repository)?;
    let sleeping = twin.store.read(scope, repository, |stored| stored.is_archived(&digest)).unwrap_or(false);
    let found = if sleeping { None } else { twin.store.blob(scope, repository, &digest)? };
    let Some(blob) = found else {
        return Ok(errors::error(404, "BLOB_UNKNOWN", "blob unknown to registry"));
    };
    let base = super::base(twin, request);
    if request.method() == Method::GET && twin.oddities().presigned && storage::other_host(twin, &base).is_some() {
        let location = storage::presigned(twin, &base, scope, repository, &digest);
        return Ok(Reply::new(307).header("location", location));
    }
    Ok(storage::content(&blob, request).header("docker-content-digest", digest.as_str()))
}
