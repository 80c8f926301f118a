//! What both of ECR's faces do alike.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use lambark_oci::limits::MAX_CONFIG_BYTES;
use lambark_oci::{Digest, Target};
use serde_json::Value;

use super::check;
use super::refusal::{Kind, Refusal};
use crate::scope::Scope;
use crate::shared::Shared;
use crate::store::{Image, Repository};

/// How exactly a pull is remembered (documented for `lastRecordedPullTime`).
const PULL_GRAIN: Duration = Duration::from_secs(24 * 3600);

/// `aws`, or another partition's name, and its domain.
fn partition(region: &str) -> (&'static str, &'static str) {
    if region.starts_with("cn-") {
        ("aws-cn", "amazonaws.com.cn")
    } else if region.starts_with("us-gov-") {
        ("aws-us-gov", "amazonaws.com")
    } else {
        ("aws", "amazonaws.com")
    }
}

pub(crate) fn repository_arn(scope: &Scope, repository: &str) -> String {
    let (partition, _) = partition(&scope.region);
    format!("arn:{partition}:ecr:{}:{}:repository/{repository}", scope.region, scope.account)
}

/// The name by which Lambda is given an image of this repository.
pub(crate) fn repository_uri(scope: &Scope, repository: &str) -> String {
    let (_, domain) = partition(&scope.region);
    format!("{}.dkr.ecr.{}.{domain}/{repository}", scope.account, scope.region)
}

/// Whether the repository is there.
pub(crate) fn check_repository(twin: &Shared, scope: &Scope, repository: &str) -> Result<(), Refusal> {
    twin.store.read(scope, repository, |_| ()).ok_or_else(|| Refusal::no_repository(&scope.account, repository))
}

/// Makes the repository if it is not there.
pub(crate) fn create_on_push(twin: &Shared, scope: &Scope, repository: &str) -> Result<(), Refusal> {
    check::repository_name(repository)?;
    twin.store.create(Repository::new(scope.clone(), repository.to_owned(), twin.clock.millis()))?;
    Ok(())
}

/// Makes a blob of one repository a blob of another, if ECR would: `false` is the normal answer of an account that did
/// not ask for more.
pub(crate) fn mount(twin: &Shared, scope: &Scope, from: &str, to: &str, digest: &Digest) -> Result<bool, Refusal> {
    let found = twin.store.read(scope, from, |stored| {
        let size = stored.layers.get(digest).copied();
        size.map(|size| (size, stored.is_referenced(digest), stored.encryption.clone()))
    });
    let Some((size, referenced, encryption)) = found.flatten() else { return Ok(false) };
    if from == to {
        return Ok(true);
    }
    let allowed = twin.account_settings.mounts_blobs(scope) && referenced;
    if !allowed && !twin.oddities().mounts_everywhere {
        return Ok(false);
    }
    let mounted = twin.store.change(scope, to, |stored| {
        if stored.encryption != encryption {
            return Err(());
        }
        stored.layers.insert(digest.clone(), size);
        Ok(())
    })?;
    Ok(mounted == Some(Ok(())))
}

pub(crate) fn no_image(scope: &Scope, repository: &str, digest: Option<&str>, tag: Option<&str>) -> Refusal {
    let message = format!(
        "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name \
         '{repository}' in the registry with id '{}'",
        digest.unwrap_or("null"),
        tag.unwrap_or("null"),
        scope.account
    );
    Refusal::new(Kind::ImageNotFound, message)
}

/// Remembers that an image was pulled.
pub(crate) fn pulled(twin: &Shared, scope: &Scope, repository: &str, digest: &Digest) -> Result<(), Refusal> {
    let now = twin.clock.millis();
    let recent = |image: &Image| image.pulled_at.is_some_and(|at| now < at.plus(PULL_GRAIN));
    let known = twin.store.read(scope, repository, |stored| stored.images.get(digest).is_none_or(recent));
    if known == Some(false) {
        twin.store.change(scope, repository, |stored| {
            if let Some(image) = stored.images.get_mut(digest) {
                image.pulled_at = Some(now);
            }
            Ok::<(), Infallible>(())
        })?;
    }
    Ok(())
}

/// Deletes what a target names: an image by its digest, with all its tags; by tag that tag, and the image with its
/// last one.
pub(crate) fn delete_image(stored: &mut Repository, target: &Target) -> Result<Vec<(Digest, Option<String>)>, Refusal> {
    let Some(image) = stored.image(target) else {
        let (digest, tag) = match target {
            Target::Digest(digest) => (Some(digest.as_str()), None),
            Target::Tag(tag) => (None, Some(tag.as_str())),
        };
        return Err(no_image(&stored.scope, &stored.name, digest, tag));
    };
    let digest = image.digest.clone();
    let tags: Vec<String> = stored.tags_of(&digest).map(str::to_owned).collect();
    if let Target::Tag(tag) = target
        && tags.len() > 1
    {
        stored.tags.remove(tag);
        return Ok(vec![(digest, Some(tag.clone()))]);
    }
    let parents = stored.images.values().filter(|image| image.children.contains(&digest));
    let parents: Vec<&str> = parents.map(|image| image.digest.as_str()).collect();
    if !parents.is_empty() {
        let message = format!("Requested image referenced by manifest list: [{}]", parents.join(", "));
        return Err(Refusal::new(Kind::ImageReferencedByManifestList, message));
    }
    stored.images.remove(&digest);
    stored.tags.retain(|_, tagged| *tagged != digest);
    if tags.is_empty() {
        return Ok(vec![(digest, None)]);
    }
    Ok(tags.into_iter().map(|tag| (digest.clone(), Some(tag))).collect())
}

/// A config's bytes, if it is there and no larger than any config is.
pub(crate) fn config_of(twin: &Shared, scope: &Scope, repository: &str, digest: &Digest) -> Option<Bytes> {
    let blob = twin.store.blob(scope, repository, digest).ok()??;
    (blob.size() <= MAX_CONFIG_BYTES).then_some(())?;
    blob.beginning(usize::try_from(blob.size()).ok()?).ok()
}

/// An object that refers to another one.
#[derive(Debug)]
pub(crate) struct Referrer {
    pub(crate) image: Image,
    pub(crate) bytes: Bytes,
}

impl Referrer {
    /// The annotations of its manifest.
    pub(crate) fn annotations(&self) -> Option<Value> {
        let value: Value = serde_json::from_slice(&self.bytes).ok()?;
        value.get("annotations").filter(|found| found.is_object()).cloned()
    }
}

/// What refers to `subject`, in the order of their digests. What is archived cannot be pulled, and is left out.
pub(crate) fn referrers(
    twin: &Shared,
    scope: &Scope,
    repository: &str,
    subject: &Digest,
) -> Result<Vec<Referrer>, Refusal> {
    let found = twin.store.read(scope, repository, |stored| stored.referrers(subject).cloned().collect::<Vec<_>>());
    let found = found.ok_or_else(|| Refusal::no_repository(&scope.account, repository))?;
    let mut all = Vec::new();
    for image in found.into_iter().filter(|image| !image.archived) {
        let stored = twin.store.image(scope, repository, &Target::Digest(image.digest.clone()))?;
        all.extend(stored.map(|stored| Referrer { bytes: stored.bytes, image }));
    }
    Ok(all)
}
