//! Which face a request is for.

use std::sync::Arc;

use crate::ecr;
use crate::http::{Reply, Request};
use crate::registry;
use crate::shared::Shared;

/// The header by which AWS's JSON protocols name the operation.
const TARGET: &str = "x-amz-target";

/// Answers one request.
pub(crate) async fn answer(twin: &Arc<Shared>, request: Request) -> Reply {
    match request.path() {
        path if path == "/v2" || path.starts_with("/v2/") => registry::answer(twin, request).await,
        path if path.starts_with(registry::STORAGE) => registry::from_storage(twin, &request),
        path if path.starts_with("/_lambark/") => unknown(&request),
        _ if request.header(TARGET).is_some_and(|target| target.starts_with(ecr::TARGET)) => {
            ecr::answer(twin, request).await
        }
        _ => unknown(&request),
    }
}

fn unknown(request: &Request) -> Reply {
    let message = format!("the twin does not know {} {}", request.method(), request.path());
    Reply::json(404, &serde_json::json!({ "message": message })).header("x-amzn-errortype", "UnknownOperationException")
}
