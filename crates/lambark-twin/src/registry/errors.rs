//! ECR's refusals in the registry's own envelope.

use serde_json::json;

use crate::ecr::{Kind, Refusal};
use crate::http::Reply;

/// An error as the distribution specification shapes it.
pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({ "errors": [{ "code": code, "message": message }] }))
}

/// What this API does not do.
pub(super) fn unsupported() -> Reply {
    error(405, "UNSUPPORTED", "The operation is unsupported.")
}

/// A refusal, with the status and code that ECR is known or believed to give it here.
pub(super) fn reply(refusal: &Refusal) -> Reply {
    let (status, code) = match refusal.kind {
        Kind::RepositoryNotFound => (404, "NAME_UNKNOWN"),
        Kind::ImageNotFound => (404, "MANIFEST_UNKNOWN"),
        Kind::LayersNotFound | Kind::ReferencedImagesNotFound => (404, "MANIFEST_BLOB_UNKNOWN"),
        Kind::ImageDigestDoesNotMatch => (400, "MANIFEST_INVALID"),
        Kind::ImageTagAlreadyExists => (400, "TAG_INVALID"),
        Kind::InvalidLayer => (400, "DIGEST_INVALID"),
        Kind::InvalidLayerPart => (416, "BLOB_UPLOAD_INVALID"),
        Kind::EmptyUpload | Kind::LayerPartTooSmall => (400, "BLOB_UPLOAD_INVALID"),
        Kind::UploadNotFound => (404, "BLOB_UPLOAD_UNKNOWN"),
        // Kubernetes' driver authors took it for a fault of their credentials, and so will others.
        Kind::LimitExceeded | Kind::AccessDenied => (403, "DENIED"),
        Kind::Throttling => (429, "TOOMANYREQUESTS"),
        Kind::Server => (500, "UNKNOWN"),
        _ => (405, "UNSUPPORTED"),
    };
    let reply = error(status, code, &refusal.message);
    if refusal.kind == Kind::Throttling { reply.header("retry-after", "1") } else { reply }
}
