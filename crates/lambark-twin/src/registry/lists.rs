//! Lists: tags, repositories, referrers.

use lambark_oci::Digest;
use lambark_oci::media_type::OCI_INDEX;
use serde_json::{Value, json};

use super::errors;
use crate::ecr::{self, Page, Refusal};
use crate::http::{Reply, Request};
use crate::scope::Scope;
use crate::shared::Shared;

/// `GET /v2/NAME/tags/list`
pub(super) fn tags(twin: &Shared, scope: &Scope, repository: &str, request: &Request) -> Result<Reply, Refusal> {
    let all = twin.store.read(scope, repository, |stored| stored.tags.keys().cloned().collect::<Vec<_>>());
    let all = all.ok_or_else(|| Refusal::no_repository(&scope.account, repository))?;
    page(twin, request, &format!("tags {repository}"), all, |tags| json!({ "name": repository, "tags": tags }))
}

/// `GET /v2/_catalog`
pub(super) fn catalog(twin: &Shared, scope: &Scope, request: &Request) -> Result<Reply, Refusal> {
    let all = twin.store.list(scope, |stored| stored.name.clone());
    page(twin, request, "catalog", all, |names| json!({ "repositories": names }))
}

/// One page: 100 names unless told otherwise, never more than 1,000, and where the next one is.
fn page(
    twin: &Shared,
    request: &Request,
    list: &str,
    all: Vec<String>,
    body: impl FnOnce(Vec<String>) -> Value,
) -> Result<Reply, Refusal> {
    let count = match request.parameter("n") {
        Some(text) => Some(text.parse::<u64>().map_err(|_| Refusal::parameter("maxResults", "must be a number"))?),
        None => None,
    };
    let page = Page::of(twin, list, count, request.parameter("last").as_deref())?;
    let (names, next) = page.cut(twin, all, String::clone);
    let reply = Reply::new(200).body("text/plain; charset=utf-8", body(names).to_string());
    let Some(next) = next else { return Ok(reply) };
    let count = count.map_or_else(String::new, |count| format!("&n={count}"));
    let url = format!("{}{}?last={next}{count}", super::base(twin, request), request.path());
    Ok(reply.header("link", format!("<{url}>; rel=\"next\"")))
}

/// `GET /v2/NAME/referrers/DIGEST`
pub(super) fn referrers(
    twin: &Shared,
    scope: &Scope,
    repository: &str,
    subject: &str,
    request: &Request,
) -> Result<Reply, Refusal> {
    if !twin.oddities().referrers {
        return Ok(Reply::new(404).body("text/plain; charset=utf-8", "404 page not found\n"));
    }
    let Ok(subject) = subject.parse::<Digest>() else {
        return Ok(errors::error(400, "DIGEST_INVALID", "provided digest is not a digest"));
    };
    let wanted = request.parameter("artifactType");
    let mut manifests = Vec::new();
    for found in ecr::referrers(twin, scope, repository, &subject)? {
        if wanted.as_ref().is_some_and(|wanted| found.image.artifact_type.as_ref() != Some(wanted)) {
            continue;
        }
        let mut entry = json!({
            "mediaType": found.image.media_type,
            "digest": found.image.digest,
            "size": found.bytes.len(),
            "artifactType": found.image.artifact_type,
        });
        if let Some(annotations) = found.annotations() {
            entry["annotations"] = annotations;
        }
        manifests.push(entry);
    }
    let body = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests });
    let reply = Reply::new(200).body(OCI_INDEX, body.to_string());
    Ok(if wanted.is_some() { reply.header("oci-filters-applied", "artifactType") } else { reply })
}
