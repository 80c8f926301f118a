//! Which face a request is for.

use std::sync::Arc;

use serde_json::json;

use crate::http::{Reply, Request};
use crate::shared::Shared;
use crate::{control, ecr, lambda, registry, sts};

/// The header by which AWS's JSON protocols name the operation.
pub(crate) const TARGET: &str = "x-amz-target";

/// One of the twin's faces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Face {
    /// `/v2/`
    Registry,
    /// `/_lambark/`
    Control,
    /// ECR's JSON API.
    Ecr,
    /// Lambda's REST API.
    Lambda,
    /// STS's query API.
    Sts,
    Unknown,
}

impl Face {
    pub(crate) fn of(request: &Request) -> Face {
        match request.path() {
            path if path == "/v2" || path.starts_with("/v2/") || path.starts_with(registry::STORAGE) => Face::Registry,
            path if path == "/_lambark" || path.starts_with("/_lambark/") => Face::Control,
            path if lambda::is_lambda(path) => Face::Lambda,
            path => match request.header(TARGET) {
                Some(target) if target.starts_with(ecr::TARGET) => Face::Ecr,
                None if path == "/" => Face::Sts,
                _ => Face::Unknown,
            },
        }
    }

    /// The refusal of too many requests, as this face says it.
    pub(crate) fn too_many(self) -> Reply {
        let reply = match self {
            Face::Lambda => return lambda::too_many_requests(),
            Face::Sts => return sts::throttled(),
            Face::Ecr => Reply::new(400).body(
                "application/x-amz-json-1.1",
                json!({ "__type": "ThrottlingException", "message": "Rate exceeded" }).to_string(),
            ),
            _ => Reply::json(429, &json!({ "errors": [{ "code": "TOOMANYREQUESTS", "message": "Rate exceeded" }] })),
        };
        reply.header("retry-after", "1")
    }
}

/// Answers one request.
pub(crate) async fn answer(twin: &Arc<Shared>, request: Request) -> Reply {
    match Face::of(&request) {
        Face::Control => control::face::answer(twin, request).await,
        Face::Lambda => lambda::answer(twin, request).await,
        Face::Sts => sts::answer(twin, request).await,
        Face::Registry if request.path().starts_with(registry::STORAGE) => registry::from_storage(twin, &request),
        Face::Registry => registry::answer(twin, request).await,
        Face::Ecr => ecr::answer(twin, request).await,
        Face::Unknown => unknown(&request),
    }
}

fn unknown(request: &Request) -> Reply {
    let operation = request.header(TARGET).unwrap_or_default();
    let message = format!("the twin does not know {} {} {operation}", request.method(), request.path());
    let message = message.trim_end();
    Reply::json(404, &json!({ "__type": "UnknownOperationException", "message": message }))
        .header("x-amzn-errortype", "UnknownOperationException")
}
