//! Manifests and indexes.

use bytes::BytesMut;
use hyper::header::ACCEPT;
use lambark_oci::limits::ECR_MANIFEST_BYTES;
use lambark_oci::{Digest, MediaType, Target};

use super::errors;
use crate::ecr::{self, Choice, Kind, Put, Refusal};
use crate::http::{Reply, Request};
use crate::scope::Scope;
use crate::shared::Shared;
use crate::store::StoredManifest;

/// `GET` and `HEAD /v2/NAME/manifests/REFERENCE`
pub(super) fn get(
    twin: &Shared,
    scope: &Scope,
    repository: &str,
    target: &str,
    request: &Request,
) -> Result<Reply, Refusal> {
    ecr::check_repository(twin, scope, repository)?;
    // ECR says no more than that to what is neither a tag nor a digest.
    let Some(target) = target_of(target) else { return Ok(Reply::new(400)) };
    let unknown = || {
        let (digest, tag) = match &target {
            Target::Digest(digest) => (digest.as_str(), "null"),
            Target::Tag(tag) => ("null", tag.as_str()),
        };
        ecr::no_image(scope, repository, Some(digest), Some(tag))
    };
    let stored = twin.store.image(scope, repository, &target)?.filter(|found| !found.archived).ok_or_else(unknown)?;
    let found = match &target {
        // By digest nothing is ever converted.
        Target::Digest(_) => stored,
        Target::Tag(tag) => chosen(twin, scope, repository, tag, stored, request)?.ok_or_else(unknown)?,
    };
    ecr::pulled(twin, scope, repository, &found.digest)?;
    Ok(Reply::new(200)
        .body(found.media_type.as_str(), found.bytes.clone())
        .header("docker-content-digest", Digest::of(&found.bytes).as_str()))
}

/// What a client is given that asks by tag.
fn chosen(
    twin: &Shared,
    scope: &Scope,
    repository: &str,
    tag: &str,
    stored: StoredManifest,
    request: &Request,
) -> Result<Option<StoredManifest>, Refusal> {
    let lines = request.headers().get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let accepted: Vec<MediaType> = lines.flat_map(|line| line.split(',')).map(MediaType::new).collect();
    let ways = twin.oddities();
    match ecr::choose(&stored, tag, &accepted, &ways, |digest| ecr::config_of(twin, scope, repository, digest)) {
        Choice::AsIs => Ok(Some(stored)),
        Choice::Converted(converted) => Ok(Some(converted)),
        Choice::Child(digest) => Ok(twin.store.image(scope, repository, &Target::Digest(digest))?),
        Choice::None => Ok(None),
    }
}

/// `PUT /v2/NAME/manifests/REFERENCE`
pub(super) async fn put(
    twin: &Shared,
    scope: &Scope,
    repository: &str,
    target: &str,
    request: &mut Request,
) -> Result<Reply, Refusal> {
    let ways = twin.oddities();
    let Some(target) = target_of(target) else {
        return Ok(errors::error(400, "TAG_INVALID", "manifest tag did not match URI"));
    };
    let bytes = body(request).await?;
    if ways.create_on_push {
        ecr::create_on_push(twin, scope, repository)?;
    }
    let declared = request.header("content-type").map(MediaType::new);
    let declared = declared.filter(|kind| kind.is_manifest() || kind.is_index() || kind.is_schema1());
    let (tag, digest) = match &target {
        Target::Tag(tag) => (Some(tag.as_str()), None),
        Target::Digest(digest) => (None, Some(digest)),
    };
    let put = Put { bytes: &bytes, declared: declared.as_ref(), tag, digest, by_registry: true };
    let image = match ecr::put_image(twin, scope, repository, put) {
        Err(refusal) if refusal.kind == Kind::InvalidParameter => {
            return Ok(errors::error(400, "MANIFEST_INVALID", &refusal.message));
        }
        outcome => outcome?,
    };
    let mut reply = Reply::new(201);
    if ways.manifest_location {
        let location = format!("{}/v2/{repository}/manifests/{}", super::base(twin, request), image.digest);
        reply = reply.header("location", location);
    }
    if ways.manifest_digest {
        reply = reply.header("docker-content-digest", image.digest.as_str());
    }
    match image.subject.filter(|_| ways.referrers) {
        Some(subject) => Ok(reply.header("oci-subject", subject.as_str())),
        None => Ok(reply),
    }
}

/// The body, up to one byte more than a manifest may have: that one is enough to refuse it.
async fn body(request: &mut Request) -> Result<BytesMut, Refusal> {
    let mut bytes = BytesMut::new();
    loop {
        match request.chunk().await {
            Ok(None) => return Ok(bytes),
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Err(_) => return Err(Refusal::parameter("imageManifest", "Invalid JSON syntax")),
        }
        if bytes.len() as u64 > ECR_MANIFEST_BYTES {
            return Ok(bytes);
        }
    }
}

/// `DELETE /v2/NAME/manifests/REFERENCE`: a digest takes its tags along, a tag goes alone.
pub(super) fn delete(twin: &Shared, scope: &Scope, repository: &str, target: &str) -> Result<Reply, Refusal> {
    let Some(target) = target_of(target) else { return Ok(Reply::new(400)) };
    let outcome = twin.store.change(scope, repository, |stored| ecr::delete_image(stored, &target))?;
    outcome.unwrap_or_else(|| Err(Refusal::no_repository(&scope.account, repository)))?;
    Ok(Reply::new(202))
}

fn target_of(text: &str) -> Option<Target> {
    if text.contains(':') {
        return text.parse().ok().map(Target::Digest);
    }
    ecr::is_tag(text).then(|| Target::Tag(text.to_owned()))
}
