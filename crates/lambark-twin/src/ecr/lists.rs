//! Images described and listed, page by page.

use serde_json::{Value, json};

use super::call::{Call, absent};
use super::check;
use super::images::ImageId;
use super::page::Page;
use super::refusal::Refusal;
use super::shared::{self, no_image};
use crate::store::{Image, Repository};

/// What `filter` leaves in.
struct Filter<'a> {
    tagged: Option<bool>,
    status: Option<&'a str>,
}

impl<'a> Filter<'a> {
    fn of(call: &'a Call<'_>) -> Result<Filter<'a>, Refusal> {
        let part = |name: &str| call.value("filter").and_then(|filter| filter.get(name)).and_then(Value::as_str);
        let tagged = part("tagStatus").unwrap_or("ANY");
        check::one_of("filter.tagStatus", tagged, &["TAGGED", "UNTAGGED", "ANY"])?;
        let status = part("imageStatus").unwrap_or("ANY");
        check::one_of("filter.imageStatus", status, &["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"])?;
        let tagged = if tagged == "ANY" { None } else { Some(tagged == "TAGGED") };
        Ok(Filter { tagged, status: Some(status).filter(|status| *status != "ANY") })
    }

    fn keeps(&self, image: &Image, tagged: bool) -> bool {
        self.tagged.is_none_or(|wanted| wanted == tagged) && self.status.is_none_or(|wanted| wanted == status(image))
    }
}

/// `ACTIVE` or `ARCHIVED`. What takes AWS up to twenty minutes, an image coming back from the archive, is done at once
/// here, so that nothing is ever `ACTIVATING`.
pub(super) fn status(image: &Image) -> &'static str {
    if image.archived { "ARCHIVED" } else { "ACTIVE" }
}

fn described(stored: &Repository, image: &Image, tags: &[&str]) -> Value {
    let mut described = json!({
        "registryId": stored.scope.account,
        "repositoryName": stored.name,
        "imageDigest": image.digest,
        "imageSizeInBytes": image.size,
        "imagePushedAt": image.pushed_at.seconds(),
        "imageManifestMediaType": image.media_type,
        "imageStatus": status(image),
    });
    let times = [
        ("lastRecordedPullTime", image.pulled_at),
        ("lastArchivedAt", image.archived_at),
        ("lastActivatedAt", image.activated_at),
    ];
    for (name, value) in times {
        if let Some(value) = value {
            described[name] = json!(value.seconds());
        }
    }
    if !tags.is_empty() {
        described["imageTags"] = json!(tags);
    }
    if let Some(kind) = &image.artifact_type {
        described["artifactMediaType"] = json!(kind);
    }
    if let Some(subject) = &image.subject {
        described["subjectManifestDigest"] = json!(subject);
    }
    described
}

/// `DescribeImages`
pub(super) fn describe(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("DescribeImages")?;
    let filter = Filter::of(call)?;
    let ids = call.list("imageIds", 1, 100)?;
    let list = format!("images {name}");
    let page = Page::of(call.twin, &list, call.number("maxResults")?, call.text("nextToken")?)?;
    let found = call.twin.store.read(&scope, name, |stored| -> Result<Vec<(String, Value)>, Refusal> {
        let tags = stored.tags_by_image();
        let tags = |image: &Image| tags.get(&image.digest).map_or(&[][..], Vec::as_slice);
        let one = |image: &Image| (image.digest.to_string(), described(stored, image, tags(image)));
        let Some(ids) = ids else {
            let kept = stored.images.values().filter(|image| filter.keeps(image, !tags(image).is_empty()));
            return Ok(kept.map(one).collect());
        };
        let mut all = Vec::new();
        for id in ids {
            let id = ImageId::of(id);
            let image = id.find(stored).map_err(|_| no_image(&scope, name, id.digest, id.tag))?;
            all.push(one(image));
        }
        Ok(all)
    });
    let found = found.unwrap_or_else(|| Err(Refusal::no_repository(&scope.account, name)))?;
    // What is asked for by id comes in that order, and all at once: a hundred fit in any page.
    let (shown, next) = if ids.is_some() { (found, None) } else { page.cut(call.twin, found, |(key, _)| key.clone()) };
    Ok(paged("imageDetails", shown.into_iter().map(|(_, one)| one), next))
}

/// `ListImages`: one line for each tag, and one for each image without any.
pub(super) fn list(call: &Call<'_>) -> Result<Value, Refusal> {
    let (scope, name) = call.place("ListImages")?;
    let filter = Filter::of(call)?;
    let list = format!("image ids {name}");
    let page = Page::of(call.twin, &list, call.number("maxResults")?, call.text("nextToken")?)?;
    let lines = call.twin.store.read(&scope, name, |stored| {
        let (mut lines, tagged) = (Vec::new(), stored.tags_by_image());
        for image in stored.images.values() {
            let tags = tagged.get(&image.digest).map_or(&[][..], Vec::as_slice);
            if !filter.keeps(image, !tags.is_empty()) {
                continue;
            }
            if tags.is_empty() {
                lines.push((image.digest.to_string(), json!({ "imageDigest": image.digest })));
            }
            for tag in tags {
                let line = json!({ "imageDigest": image.digest, "imageTag": tag });
                lines.push((format!("{} {tag}", image.digest), line));
            }
        }
        lines
    });
    let lines = lines.ok_or_else(|| Refusal::no_repository(&scope.account, name))?;
    let (lines, next) = page.cut(call.twin, lines, |(key, _)| key.clone());
    Ok(paged("imageIds", lines.into_iter().map(|(_, one)| one), next))
}

/// `ListImageReferrers`
pub(super) fn list_referrers(call: &Call<'_>) -> Result<Value, Refusal> {
    // Needs the permission of the call that would read what it lists.
    let (scope, name) = call.place("BatchGetImage")?;
    let subject = call.value("subjectId").and_then(|id| id.get("imageDigest")).and_then(Value::as_str);
    let subject = check::digest("subjectId.imageDigest", subject.ok_or_else(|| absent("subjectId.imageDigest"))?)?;
    let kinds = call.value("filter").and_then(|filter| filter.get("artifactTypes")).and_then(Value::as_array);
    let wanted =
        |kind: Option<&str>| kinds.is_none_or(|kinds| kinds.is_empty() || kinds.iter().any(|one| one.as_str() == kind));
    let list = format!("referrers {name} {subject}");
    let page = Page::up_to(call.twin, &list, call.number("maxResults")?, call.text("nextToken")?, 50)?;
    let found = shared::referrers(call.twin, &scope, name, &subject)?;
    let found = found.into_iter().filter(|one| wanted(one.image.artifact_type.as_deref())).collect();
    let (found, next) = page.cut(call.twin, found, |one| one.image.digest.to_string());
    let found = found.into_iter().map(|one| {
        let mut line = json!({
            "digest": one.image.digest,
            "mediaType": one.image.media_type,
            "size": one.bytes.len(),
            "artifactStatus": status(&one.image),
        });
        if let Some(kind) = &one.image.artifact_type {
            line["artifactType"] = json!(kind);
        }
        if let Some(annotations) = one.annotations() {
            line["annotations"] = annotations;
        }
        line
    });
    Ok(paged("referrers", found, next))
}

fn paged(name: &str, members: impl Iterator<Item = Value>, next: Option<String>) -> Value {
    let mut answer = json!({ name: members.collect::<Vec<_>>() });
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    answer
}
