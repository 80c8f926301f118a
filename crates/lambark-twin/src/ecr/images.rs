//! Images: read, put, deleted, archived.

use lambark_oci::{Digest, MediaType, Target};
use serde_json::{Value, json};

use super::call::{Call, absent};
use super::check;
use super::convert::{Choice, choose};
use super::lists::status;
use super::put::{Put, put_image};
use super::refusal::{Kind, Refusal};
use super::shared::{config_of, delete_image, no_image, pulled};
use crate::scope::Scope;
use crate::store::{Image, Repository, StoredManifest};

/// An `imageId` as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct ImageId<'a> {
    pub(super) digest: Option<&'a str>,
    pub(super) tag: Option<&'a str>,
}

/// Why an id names nothing: AWS's code and words.
type Failure = (&'static str, String);

impl<'a> ImageId<'a> {
    pub(super) fn of(value: &'a Value) -> ImageId<'a> {
        let part = |name: &str| value.get(name).and_then(Value::as_str);
        ImageId { digest: part("imageDigest"), tag: part("imageTag") }
    }

    /// What it asks for, digest before tag.
    fn target(self) -> Result<Target, Failure> {
        match (self.digest, self.tag) {
            (Some(text), _) => text.parse().map(Target::Digest).map_err(|_| {
                let grammar = "[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+";
                let reason = format!("Invalid request parameters: image digest should satisfy the regex '{grammar}'");
                ("InvalidImageDigest", reason)
            }),
            (None, Some(tag)) if check::is_tag(tag) => Ok(Target::Tag(tag.to_owned())),
            (None, Some(tag)) => Err(("InvalidImageTag", format!("Invalid request parameters: image tag '{tag}'"))),
            (None, None) => {
                let reason = "Invalid request parameters: both tag and digest cannot be null";
                Err(("MissingDigestAndTag", reason.to_owned()))
            }
        }
    }

    /// The image that it names. Where digest and tag are given, both must name the same one.
    pub(super) fn find(self, stored: &Repository) -> Result<&Image, Failure> {
        let missing = || ("ImageNotFound", "Requested image not found".to_owned());
        let image = stored.image(&self.target()?).ok_or_else(missing)?;
        if let (Some(_), Some(tag)) = (self.digest, self.tag)
            && stored.tags.get(tag) != Some(&image.digest)
        {
            let reason = format!("The image tag '{tag}' does not name the image with digest '{}'", image.digest);
            return Err(("ImageTagDoesNotMatchDigest", reason));
        }
        Ok(image)
    }

    fn json(self) -> Value {
        let mut id = json!({});
        for (name, value) in [("imageDigest", self.digest), ("imageTag", self.tag)] {
            if let Some(value) = value {
                id[name] = json!(value);
            }
        }
        id
    }

    fn failed(self, (code, reason): Failure) -> Value {
        json!({ "imageId": self.json(), "failureCode": code, "failureReason": reason })
    }
}

/// `BatchGetImage`
pub(super) fn batch_get(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("BatchGetImage")?;
    let ids = call.needed_list("imageIds", 1, 100)?;
    let accepted = call.texts("acceptedMediaTypes", 1, 100)?.unwrap_or_default();
    let accepted: Vec<MediaType> = accepted.into_iter().map(MediaType::new).collect();
    super::check_repository(call.twin, &scope, name)?;
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in ids {
        let id = ImageId::of(id);
        match get_one(call, &scope, name, id, &accepted)? {
            Ok(found) => {
                let mut named = json!({ "imageDigest": found.digest });
                if let Some(tag) = id.tag {
                    named["imageTag"] = json!(tag);
                }
                images.push(shown(&scope, name, &named, &found.media_type, &found.bytes));
            }
            Err(failure) => failures.push(id.failed(failure)),
        }
    }
    Ok(json!({ "images": images, "failures": failures }))
}

fn get_one(
    call: &Call<'_>,
    scope: &Scope,
    name: &str,
    id: ImageId<'_>,
    accepted: &[MediaType],
) -> Result<Result<StoredManifest, Failure>, Refusal> {
    let missing = || ("ImageNotFound", "Requested image not found".to_owned());
    let found = call.twin.store.read(scope, name, |stored| id.find(stored).map(|image| image.digest.clone()));
    let digest = match found.unwrap_or_else(|| Err(missing())) {
        Ok(digest) => digest,
        Err(failure) => return Ok(Err(failure)),
    };
    let Some(stored) = call.twin.store.image(scope, name, &Target::Digest(digest))? else { return Ok(Err(missing())) };
    if stored.archived {
        return Ok(Err(("ImageInaccessible", "Requested image is archived".to_owned())));
    }
    pulled(call.twin, scope, name, &stored.digest)?;
    // By digest nothing is ever converted.
    let (None, Some(tag)) = (id.digest, id.tag) else { return Ok(Ok(stored)) };
    let config = |digest: &Digest| config_of(call.twin, scope, name, digest);
    Ok(match choose(&stored, tag, accepted, &call.twin.oddities(), config) {
        Choice::AsIs => Ok(stored),
        Choice::Converted(converted) => Ok(converted),
        Choice::Child(digest) => call
            .twin
            .store
            .image(scope, name, &Target::Digest(digest))?
            .filter(|child| !child.archived)
            .ok_or_else(missing),
        Choice::None => Err(missing()),
    })
}

/// An image with its manifest, as AWS shows it.
fn shown(scope: &Scope, name: &str, id: &Value, media_type: &MediaType, bytes: &[u8]) -> Value {
    json!({
        "registryId": scope.account,
        "repositoryName": name,
        "imageId": id,
        // Valid JSON is valid UTF-8, and nothing else was taken in.
        "imageManifest": String::from_utf8_lossy(bytes),
        "imageManifestMediaType": media_type,
    })
}

/// `PutImage`
pub(super) fn put(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("PutImage")?;
    let manifest = call.needed_text("imageManifest")?;
    check::length("imageManifest", manifest.len(), 1, 4_194_304)?;
    let declared = call.text("imageManifestMediaType")?.map(MediaType::new);
    let tag = call.text("imageTag")?;
    if tag.is_some_and(|tag| !check::is_tag(tag)) {
        return Err(Refusal::parameter(
            "imageTag",
            "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,299}'",
        ));
    }
    let digest = call.text("imageDigest")?.map(|text| check::digest("imageDigest", text)).transpose()?;
    let put = Put {
        bytes: manifest.as_bytes(),
        declared: declared.as_ref(),
        tag,
        digest: digest.as_ref(),
        by_registry: false,
    };
    let image = put_image(call.twin, &scope, name, put)?;
    let mut id = json!({ "imageDigest": image.digest });
    if let Some(tag) = tag {
        id["imageTag"] = json!(tag);
    }
    Ok(json!({ "image": shown(&scope, name, &id, &image.media_type, manifest.as_bytes()) }))
}

/// `BatchDeleteImage`. Indexes go first, so that an index and its children can go in one call.
pub(super) fn batch_delete(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("BatchDeleteImage")?;
    let ids = call.needed_list("imageIds", 1, 100)?;
    super::repositories::change(call, &scope, name, |stored| {
        let mut ids: Vec<ImageId<'_>> = ids.iter().map(ImageId::of).collect();
        ids.sort_by_key(|id| id.find(stored).map_or(true, |image| image.children.is_empty()));
        let (mut gone, mut failures) = (Vec::new(), Vec::new());
        for id in ids {
            let deleted = id.find(stored).map(|_| ()).and_then(|()| id.target()).and_then(|target| {
                delete_image(stored, &target).map_err(|refusal| match refusal.kind {
                    Kind::ImageReferencedByManifestList => ("ImageReferencedByManifestList", refusal.message),
                    _ => ("ImageNotFound", "Requested image not found".to_owned()),
                })
            });
            match deleted {
                Ok(deleted) => gone.extend(
                    deleted
                        .into_iter()
                        .map(|(digest, tag)| ImageId { digest: Some(digest.as_str()), tag: tag.as_deref() }.json()),
                ),
                Err(failure) => failures.push(id.failed(failure)),
            }
        }
        json!({ "imageIds": gone, "failures": failures })
    })
}

/// `UpdateImageStorageClass`
pub(super) fn update_storage_class(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("UpdateImageStorageClass")?;
    let id = ImageId::of(call.value("imageId").ok_or_else(|| absent("imageId"))?);
    let class = call.needed_text("targetStorageClass")?;
    check::one_of("targetStorageClass", class, &["STANDARD", "ARCHIVE"])?;
    let now = call.twin.clock.millis();
    let outcome = call.twin.store.change(&scope, name, |stored| {
        let missing = || no_image(&scope, name, id.digest, id.tag);
        let digest = id.find(stored).map_err(|_| missing())?.digest.clone();
        let image = stored.images.get_mut(&digest).ok_or_else(missing)?;
        image.archived = class == "ARCHIVE";
        if image.archived {
            image.archived_at = Some(now);
        } else {
            image.activated_at = Some(now);
        }
        Ok::<Value, Refusal>(json!({
            "registryId": scope.account,
            "repositoryName": name,
            "imageId": id.json(),
            "imageStatus": status(image),
        }))
    })?;
    outcome.unwrap_or_else(|| Err(Refusal::no_repository(&scope.account, name)))
}
