//! ECR's JSON API, and what both of ECR's faces have in common.
//!
//! Operations are found by `X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.NAME`. Where AWS's words on a refusal are
//! not known, the twin's own are used; its code is AWS's in any case.

pub(crate) mod account;
mod call;
mod check;
mod convert;
mod images;
mod layers;
mod lists;
mod page;
mod policy;
mod put;
mod refusal;
mod repositories;
mod schema1;
mod shared;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::http::{Reply, Request};
use crate::ids;
use crate::scope::Scope;
use crate::shared::Shared;
use call::Call;

pub(crate) use check::is_tag;
pub(crate) use convert::{Choice, choose};
pub(crate) use page::Page;
pub(crate) use policy::{Principal, allows, matches};
pub(crate) use put::{Put, put_image};
pub(crate) use refusal::{Kind, Refusal};
pub(crate) use shared::{
    check_repository, config_of, create_on_push, delete_image, mount, no_image, pulled, referrers,
};

/// How `X-Amz-Target` begins for ECR.
pub(crate) const TARGET: &str = "AmazonEC2ContainerRegistry_V20150921.";

/// Answers one call.
pub(crate) async fn answer(twin: &Arc<Shared>, mut request: Request) -> Reply {
    let target = request.header("x-amz-target").and_then(|target| target.strip_prefix(TARGET));
    let operation = target.unwrap_or_default().to_owned();
    let caller = Scope::of(request.headers(), &twin.settings);
    let base = request.header("host").map_or_else(|| twin.url(), |host| format!("http://{host}"));
    let outcome = match request.bytes().await {
        Err(_) => Err(Refusal::new(Kind::Serialization, "the request's body is too large or broke off")),
        Ok(body) => match Call::read(twin, caller, base, &body) {
            Err(refusal) => Err(refusal),
            Ok(call) => run(&operation, &call).await,
        },
    };
    let (status, body) = match outcome {
        Ok(body) => (200, body),
        Err(refusal) => (if refusal.kind == Kind::Server { 500 } else { 400 }, envelope(refusal)),
    };
    Reply::new(status).body("application/x-amz-json-1.1", body.to_string()).header("x-amzn-requestid", ids::uuid())
}

fn envelope(refusal: Refusal) -> Value {
    let mut body = refusal.detail;
    body.insert("__type".into(), Value::from(refusal.kind.name()));
    body.insert("message".into(), Value::from(refusal.message));
    Value::Object(body)
}

async fn run(operation: &str, call: &Call<'_>) -> Result<Value, Refusal> {
    match operation {
        "GetAuthorizationToken" => account::authorization_token(call),
        "GetAccountSetting" => account::get(call),
        "PutAccountSetting" => account::put(call),
        "DescribeRegistry" => Ok(json!({
            "registryId": call.caller.account, "replicationConfiguration": { "rules": [] },
        })),
        "CreateRepository" => repositories::create(call),
        "DescribeRepositories" => repositories::describe(call),
        "DeleteRepository" => repositories::delete(call),
        "PutImageTagMutability" => repositories::put_mutability(call),
        "PutImageScanningConfiguration" => repositories::put_scanning(call),
        "GetRepositoryPolicy" => policy::get(call),
        "SetRepositoryPolicy" => policy::set(call),
        "DeleteRepositoryPolicy" => policy::delete(call),
        "ListTagsForResource" => repositories::labels(call),
        "TagResource" => repositories::label(call),
        "UntagResource" => repositories::unlabel(call),
        "DescribeImages" => lists::describe(call),
        "ListImages" => lists::list(call),
        "ListImageReferrers" => lists::list_referrers(call),
        "BatchGetImage" => images::batch_get(call),
        "PutImage" => images::put(call),
        "BatchDeleteImage" => images::batch_delete(call),
        "UpdateImageStorageClass" => images::update_storage_class(call),
        "BatchCheckLayerAvailability" => layers::check(call),
        "GetDownloadUrlForLayer" => layers::download_url(call),
        "InitiateLayerUpload" => layers::initiate(call),
        "UploadLayerPart" => layers::upload_part(call).await,
        "CompleteLayerUpload" => layers::complete(call).await,
        _ => Err(Refusal::new(Kind::UnknownOperation, format!("the twin does not know ECR's operation {operation}"))),
    }
}
