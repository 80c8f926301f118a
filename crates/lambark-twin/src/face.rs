//! Which face a request is for.

use std::sync::Arc;

use crate::http::{Reply, Request};
use crate::shared::Shared;

/// The header by which AWS's JSON protocols name the operation.
const TARGET: &str = "x-amz-target";

/// Answers one request.
pub(crate) async fn answer(_twin: &Arc<Shared>, request: Request) -> Reply {
    match request.path() {
        path if path == "/v2" || path.starts_with("/v2/") => unknown(&request),
        path if path.starts_with("/_lambark/") => unknown(&request),
        _ if request.header(TARGET).is_some() => unknown(&request),
        _ => unknown(&request),
    }
}

fn unknown(request: &Request) -> Reply {
    let message = format!("the twin does not know {} {}", request.method(), request.path());
    Reply::json(404, &serde_json::json!({ "message": message })).header("x-amzn-errortype", "UnknownOperationException")
}
