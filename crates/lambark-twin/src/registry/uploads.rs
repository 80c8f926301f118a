//! Blob uploads.

use hyper::Method;
use lambark_oci::Digest;

use super::errors;
use crate::ecr::{self, Kind, Refusal};
use crate::http::{BodyError, Reply, Request};
use crate::scope::Scope;
use crate::shared::Shared;
use crate::uploads::Upload;

/// `POST /v2/NAME/blobs/uploads/`
pub(super) fn begin(twin: &Shared, scope: &Scope, repository: &str, request: &Request) -> Result<Reply, Refusal> {
    let ways = twin.oddities();
    if ways.create_on_push {
        ecr::create_on_push(twin, scope, repository)?;
    }
    if let Err(refusal) = ecr::check_repository(twin, scope, repository) {
        return if ways.cuts_on_missing_repository { Ok(Reply::cut()) } else { Err(refusal) };
    }
    let wanted = request.parameter("mount").and_then(|digest| digest.parse::<Digest>().ok());
    if let (Some(digest), Some(from)) = (wanted, request.parameter("from"))
        && ways.mounts
        && ecr::mount(twin, scope, &from, repository, &digest)?
    {
        let location = format!("{}/v2/{repository}/blobs/{digest}", super::base(twin, request));
        return Ok(Reply::new(201).header("location", location).header("docker-content-digest", digest.as_str()));
    }
    let id = twin.uploads.begin(twin, scope, repository)?;
    Ok(at(202, twin, request, repository, &id, 1))
}

/// `PATCH`, `PUT`, `GET` and `DELETE` of `/v2/NAME/blobs/uploads/ID`
pub(super) async fn go_on(
    twin: &Shared,
    scope: &Scope,
    repository: &str,
    id: &str,
    request: &mut Request,
) -> Result<Reply, Refusal> {
    let ways = twin.oddities();
    let upload = twin.uploads.find(scope, repository, id).await?;
    let mut upload = upload.lock().await;
    match *request.method() {
        Method::GET => Ok(at(204, twin, request, repository, id, upload.told(ways.stale_range))),
        Method::DELETE => {
            twin.uploads.remove(id);
            Ok(Reply::new(204))
        }
        Method::PATCH => {
            receive(&mut upload, request, ways.least_part_bytes).await?;
            Ok(at(ways.patch_status, twin, request, repository, id, upload.told(ways.stale_range)))
        }
        Method::PUT => {
            let Some(digest) = request.parameter("digest").and_then(|digest| digest.parse::<Digest>().ok()) else {
                return Ok(errors::error(400, "DIGEST_INVALID", "the digest of the upload is missing or is none"));
            };
            receive(&mut upload, request, ways.least_part_bytes).await?;
            upload.complete(twin, id, &digest)?;
            let location = format!("{}/v2/{repository}/blobs/{digest}", super::base(twin, request));
            Ok(Reply::new(201).header("location", location).header("docker-content-digest", digest.as_str()))
        }
        _ => Ok(errors::unsupported()),
    }
}

/// Takes in one part. A body that breaks off counts for nothing.
async fn receive(upload: &mut Upload, request: &mut Request, least: u64) -> Result<(), Refusal> {
    let from = request.header("content-range").and_then(|range| {
        let range = range.strip_prefix("bytes ").unwrap_or(range);
        range.split_once('-')?.0.trim().parse::<u64>().ok()
    });
    if from.is_some_and(|from| from != upload.received()) {
        let message = format!("the next byte of this upload is {}", upload.received());
        return Err(Refusal::new(Kind::InvalidLayerPart, message));
    }
    upload.begin_part()?;
    loop {
        match request.chunk().await {
            Ok(Some(bytes)) => upload.write(&bytes)?,
            Ok(None) => break,
            Err(BodyError::Broken | BodyError::TooLarge) => {
                return Err(Refusal::new(Kind::InvalidLayerPart, "the part broke off"));
            }
        }
    }
    upload.end_part(least);
    Ok(())
}

/// Where to go on, and how far ECR says that it has come. `Range` cannot tell nothing from one byte.
fn at(status: u16, twin: &Shared, request: &Request, repository: &str, id: &str, told: u64) -> Reply {
    Reply::new(status)
        .header("location", format!("{}/v2/{repository}/blobs/uploads/{id}", super::base(twin, request)))
        .header("range", format!("0-{}", told.saturating_sub(1)))
        .header("docker-upload-uuid", id)
}
