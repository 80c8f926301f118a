//! What can go wrong between here and AWS, in AWS's own words.

use std::time::Duration;

use crate::operation::Operation;

/// A refusal by AWS, verbatim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The call that was refused.
    pub operation: Operation,
    /// AWS's code, such as `ResourceConflictException`; empty if the answer had none.
    pub code: String,
    /// AWS's message; empty if the answer had none.
    pub message: String,
    /// AWS's id of the request, for its support.
    pub request_id: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// The wait that AWS asked for, when it throttled.
    pub retry_after: Option<Duration>,
}

/// Why a call to AWS failed. Each variant's documentation says whose fault it is.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Depends on the code; see the questions below.
    #[error("{}", told(.0))]
    Refused(Box<Refusal>),
    /// The user's credentials: none found, expired, or the place they come from failed.
    #[error("{operation}: no usable AWS credentials: {reason}")]
    Credentials {
        /// The call that needed them.
        operation: Operation,
        /// What the chain of sources said.
        reason: Box<str>,
    },
    /// The user's settings: no Region anywhere.
    #[error("no AWS Region is set")]
    NoRegion,
    /// The user's settings.
    #[error("{what} is unusable: {reason}")]
    Settings {
        /// Which setting.
        what: Box<str>,
        /// What is wrong with it.
        reason: Box<str>,
    },
    /// The network, a proxy, a name that does not exist, or TLS.
    #[error("{operation}: {reason}")]
    Unreachable {
        /// The call.
        operation: Operation,
        /// What happened.
        reason: Box<str>,
    },
    /// AWS, which did not answer in time.
    #[error("{operation}: no answer within the time limit")]
    TimedOut {
        /// The call.
        operation: Operation,
    },
    /// AWS or something that answered in its place.
    #[error("{operation}: the answer makes no sense: {reason}")]
    Protocol {
        /// The call.
        operation: Operation,
        /// What is wrong with it.
        reason: Box<str>,
    },
    /// Whoever built lambark without its feature `aws`.
    #[error("this build of lambark cannot speak to AWS")]
    NotBuilt,
}

/// `Lambda UpdateFunctionCode: ResourceConflictException: … (HTTP 409, request id …)`.
fn told(refusal: &Refusal) -> String {
    let Refusal { operation, code, message, request_id, status, .. } = refusal;
    let words = match (code.as_str(), message.as_str()) {
        ("", "") => "refused without a word".to_owned(),
        ("", message) => message.to_owned(),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code}: {message}"),
    };
    let id = request_id.as_deref().map_or_else(String::new, |id| format!(", request id {id}"));
    format!("{operation}: {words} (HTTP {status}{id})")
}

/// AWS's codes for a thing that is not there.
const NOT_FOUND: [&str; 4] = [
    "ResourceNotFoundException",
    "RepositoryNotFoundException",
    "ImageNotFoundException",
    "RepositoryPolicyNotFoundException",
];
/// AWS's codes for too many requests.
const THROTTLED: [&str; 5] =
    ["TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded", "ThrottledException"];
/// AWS's codes for credentials that it knows and no longer takes, or does not know.
const STALE: [&str; 6] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
];

impl Error {
    /// AWS's refusal, if it was one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// AWS's code, if it refused.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.refusal().map(|refusal| refusal.code.as_str())
    }

    /// Whether the thing asked for does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.code().is_some_and(|code| NOT_FOUND.contains(&code))
    }

    /// Whether something else is being done to the function, or stands in the way.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.code() == Some("ResourceConflictException")
    }

    /// Whether the function or alias was changed since its `RevisionId` was read.
    #[must_use]
    pub fn is_precondition_failed(&self) -> bool {
        self.code() == Some("PreconditionFailedException")
    }

    /// Whether AWS asks for fewer requests, and patience ended.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.status == 429 || THROTTLED.contains(&refusal.code.as_str()))
    }

    /// Whether credentials were not found, or AWS no longer takes them.
    #[must_use]
    pub fn is_credentials(&self) -> bool {
        matches!(self, Error::Credentials { .. }) || self.code().is_some_and(|code| STALE.contains(&code))
    }

    /// The IAM action that the caller lacks, if that is why AWS refused: the one that AWS names, or else the one that
    /// the call needs.
    #[must_use]
    pub fn missing_action(&self) -> Option<&str> {
        let refusal = self.refusal()?;
        let denied = refusal.code.starts_with("AccessDenied") || refusal.code == "UnauthorizedOperation";
        // Lambda declares no code for a missing permission; its own 403 about an image is another matter.
        let bare = refusal.status == 403 && refusal.code.is_empty();
        if !(denied || bare) || self.is_credentials() || refusal.message.contains(IMAGE_ACCESS) {
            return None;
        }
        Some(named_action(&refusal.message).unwrap_or_else(|| refusal.operation.action()))
    }

    /// Whether Lambda itself may not read the image: the repository's policy, or the image is not there.
    #[must_use]
    pub fn is_image_access(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.message.contains(IMAGE_ACCESS))
    }
}

/// Lambda's words when it may not read the image.
const IMAGE_ACCESS: &str = "does not have permission to access the ECR image";

/// The action in `… is not authorized to perform: ecr:GetAuthorizationToken on resource: …`.
fn named_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    let action = rest.split(|c: char| c.is_whitespace() || c == ',').next()?;
    let (service, name) = action.split_once(':')?;
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (word(service) && word(name)).then_some(action)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn refused(operation: Operation, status: u16, code: &str, message: &str) -> Error {
        Error::Refused(Box::new(Refusal {
            operation,
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: Some("id-1".to_owned()),
            status,
            retry_after: None,
        }))
    }

    #[test]
    fn a_refusal_keeps_code_message_and_request_id() {
        let error =
            refused(Operation::UpdateFunctionCode, 409, "ResourceConflictException", "An update is in progress");
        assert_eq!(
            error.to_string(),
            "Lambda UpdateFunctionCode: ResourceConflictException: An update is in progress (HTTP 409, request id id-1)"
        );
        assert!(error.is_conflict() && !error.is_not_found() && error.missing_action().is_none());
    }

    #[test]
    fn the_missing_action_is_the_one_that_aws_names_or_else_the_calls_own() {
        let named = "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: iam:PassRole on resource: \
                     arn:aws:iam::123456789012:role/app because no identity-based policy allows it";
        let table: [(Operation, u16, &str, &str, Option<&str>); 7] = [
            (Operation::CreateFunction, 403, "AccessDeniedException", named, Some("iam:PassRole")),
            (Operation::Invoke, 403, "AccessDeniedException", "", Some("lambda:InvokeFunction")),
            (Operation::GetFunction, 403, "", "Forbidden", Some("lambda:GetFunction")),
            (Operation::GetFunction, 403, "ExpiredTokenException", "The security token is expired", None),
            (
                Operation::UpdateFunctionCode,
                403,
                "AccessDeniedException",
                "Lambda does not have permission to access the ECR image. Check the ECR permissions.",
                None,
            ),
            (Operation::GetFunction, 404, "ResourceNotFoundException", "Function not found", None),
            (
                Operation::DescribeImages,
                400,
                "AccessDeniedException",
                "not authorized to perform: \u{1b}[31m:x",
                Some("ecr:DescribeImages"),
            ),
        ];
        for (operation, status, code, message, action) in table {
            assert_eq!(refused(operation, status, code, message).missing_action(), action, "{code} {message}");
        }
    }

    #[test]
    fn throttling_and_stale_credentials_are_told_apart() {
        assert!(refused(Operation::GetFunction, 429, "TooManyRequestsException", "Rate exceeded").is_throttled());
        assert!(refused(Operation::BatchGetImage, 400, "ThrottlingException", "Rate exceeded").is_throttled());
        let stale = refused(Operation::GetCallerIdentity, 403, "InvalidClientTokenId", "");
        assert!(stale.is_credentials() && !stale.is_throttled());
    }
}
