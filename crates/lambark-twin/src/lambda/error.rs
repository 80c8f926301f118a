//! Errors of Lambda's API, in its shape.

use serde_json::json;

use super::machine::Refusal;
use crate::http::Reply;

/// One error answer.
#[derive(Debug)]
pub(crate) struct ApiError {
    code: Code,
    message: String,
    /// `Reason` of a throttling.
    reason: Option<&'static str>,
}

/// Lambda's error codes, as far as the twin says them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Code {
    AccessDenied,
    ArtifactFailed,
    ArtifactPending,
    InvalidParameterValue,
    InvalidRequestContent,
    /// Not AWS's: an operation or an option that the twin does not do.
    NotInTheTwin,
    PreconditionFailed,
    RequestTooLarge,
    ResourceConflict,
    ResourceNotFound,
    Serialization,
    Service,
    TooManyRequests,
    Validation,
}

/// The key under which the text travels. It is not the same for every error.
const UPPER: &str = "Message";
const LOWER: &str = "message";

impl Code {
    /// Name, status, and the key of the text.
    fn shape(self) -> (&'static str, u16, &'static str) {
        match self {
            // The model declares no code for a 403; this one is a guess.
            Code::AccessDenied => ("AccessDeniedException", 403, UPPER),
            Code::ArtifactFailed => ("CodeArtifactUserFailedException", 409, LOWER),
            Code::ArtifactPending => ("CodeArtifactUserPendingException", 409, LOWER),
            Code::InvalidParameterValue => ("InvalidParameterValueException", 400, LOWER),
            Code::InvalidRequestContent => ("InvalidRequestContentException", 400, LOWER),
            // 501: no SDK repeats a request for it.
            Code::NotInTheTwin => ("NotInTheTwinException", 501, LOWER),
            Code::PreconditionFailed => ("PreconditionFailedException", 412, LOWER),
            Code::RequestTooLarge => ("RequestTooLargeException", 413, LOWER),
            Code::ResourceConflict => ("ResourceConflictException", 409, LOWER),
            Code::ResourceNotFound => ("ResourceNotFoundException", 404, UPPER),
            Code::Serialization => ("SerializationException", 400, LOWER),
            Code::Service => ("ServiceException", 500, UPPER),
            Code::TooManyRequests => ("TooManyRequestsException", 429, LOWER),
            Code::Validation => ("ValidationException", 400, LOWER),
        }
    }
}

impl ApiError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> ApiError {
        ApiError { code, message: message.into(), reason: None }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
        ApiError::new(Code::InvalidParameterValue, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> ApiError {
        ApiError::new(Code::ResourceNotFound, message)
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.code == Code::ResourceNotFound
    }

    /// What the twin leaves out, said as such.
    pub(crate) fn not_in_the_twin(what: &str) -> ApiError {
        ApiError::new(Code::NotInTheTwin, format!("lambark's twin of Lambda does not do this: {what}"))
    }

    /// Too many calls. `reason` is one of Lambda's throttling reasons.
    pub(crate) fn throttled(reason: &'static str, message: &str) -> ApiError {
        ApiError { reason: Some(reason), ..ApiError::new(Code::TooManyRequests, message) }
    }

    /// The answer on the wire.
    pub(crate) fn reply(&self) -> Reply {
        let (name, status, key) = self.code.shape();
        let mut body = json!({ key: self.message });
        // Constraint failures come without it, everything else of the caller's with it.
        match self.code {
            Code::Validation | Code::Serialization => {}
            Code::Service => body["Type"] = json!("Service"),
            _ => body["Type"] = json!("User"),
        }
        let mut reply = Reply::new(status).header("x-amzn-errortype", name);
        if let Some(reason) = self.reason {
            body["Reason"] = json!(reason);
            body["retryAfterSeconds"] = json!("1");
            reply = reply.header("retry-after", "1");
        }
        reply.body("application/json", body.to_string())
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        let code = match &refusal {
            Refusal::FunctionNotFound(_) | Refusal::AliasNotFound(_) | Refusal::CannotFindAlias(_) => {
                Code::ResourceNotFound
            }
            Refusal::State(_)
            | Refusal::UpdateInProgress(_)
            | Refusal::AliasExists(_)
            | Refusal::VersionInUse { .. } => Code::ResourceConflict,
            Refusal::Revision | Refusal::PolicyRevision => Code::PreconditionFailed,
            Refusal::DeletedImage
            | Refusal::CodeSha256 { .. }
            | Refusal::DeleteLatest
            | Refusal::TooManyWeights
            | Refusal::SameVersion(_)
            | Refusal::WeightedLatest
            | Refusal::DifferentRoles
            | Refusal::DifferentDeadLetters => Code::InvalidParameterValue,
            Refusal::ImageFailed => Code::ArtifactFailed,
            Refusal::Initializing => Code::ArtifactPending,
        };
        ApiError::new(code, refusal.to_string())
    }
}

impl From<crate::Error> for ApiError {
    fn from(error: crate::Error) -> ApiError {
        ApiError::new(Code::Service, format!("the twin cannot keep this: {error}"))
    }
}
