//! AWS's refusals for people: kind, exit code, hint.

use lambark_aws::Error;
use lambark_oci::{Reference, Target};

use crate::exit;

/// Whose fault it is, in one word for machines.
pub(super) fn kind(error: &Error) -> &'static str {
    match error {
        Error::Settings { .. } | Error::NoRegion | Error::NotBuilt => "usage",
        Error::Unreachable { .. } | Error::TimedOut { .. } => "network",
        Error::Protocol { .. } => "malformed",
        _ if error.is_credentials() || error.missing_action().is_some() => "authentication",
        _ if error.is_not_found() => "not-found",
        _ if error.is_throttled() => "network",
        _ if error.is_conflict() || error.is_precondition_failed() => "refused",
        _ => "aws",
    }
}

/// The process's exit code.
pub(super) fn exit_code(error: &Error) -> u8 {
    match kind(error) {
        "usage" => exit::USAGE,
        "refused" => exit::REFUSED,
        _ => exit::COULD_NOT_LOOK,
    }
}

/// What the reader can do now.
pub(super) fn hint(error: &Error) -> Option<String> {
    match error {
        Error::NoRegion => Some("give --region, or set AWS_REGION, or `region` under [aws] in lambark.toml".to_owned()),
        Error::NotBuilt => Some("install lambark as it is released, or build it with its feature `aws`".to_owned()),
        Error::Unreachable { .. } => {
            Some("look at the Region, --endpoint-url (AWS_ENDPOINT_URL) and the proxy (HTTPS_PROXY)".to_owned())
        }
        _ if error.is_credentials() => Some(sign_in()),
        _ if error.is_image_access() => Some(
            "look whether the image exists first, then at the repository's policy: `lambark policy repository` prints \
             what it needs"
                .to_owned(),
        ),
        _ if error.is_conflict() => {
            Some("wait until the function's state and last update have settled, then try again".to_owned())
        }
        _ if error.is_precondition_failed() => {
            Some("somebody changed it meanwhile: look at what it is now, then try again".to_owned())
        }
        _ if error.is_throttled() => Some(
            "others in the account use up Lambda's quota of 15 requests a second, or ECR's: try again in a moment"
                .to_owned(),
        ),
        _ => error.missing_action().map(|action| {
            format!("the caller lacks the IAM action {action}; `lambark policy VERB` prints all that a verb needs")
        }),
    }
}

/// The command that makes an archived image one that can be pulled.
pub(super) fn back_from_the_archive(image: &Reference) -> String {
    let id = match image.target() {
        Target::Tag(tag) => format!("imageTag={tag}"),
        Target::Digest(digest) => format!("imageDigest={digest}"),
    };
    let repository = image.repository();
    format!(
        "bring it back: `aws ecr update-image-storage-class --repository-name {repository} --image-id {id} \
         --target-storage-class STANDARD`, and wait until it is ACTIVE"
    )
}

/// How to become somebody to AWS.
pub(super) fn sign_in() -> String {
    "sign in to AWS (`aws sso login`, --profile NAME, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY); \
     `aws sts get-caller-identity` tells who you are"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use lambark_aws::{Operation, Refusal};

    use super::*;

    fn refused(status: u16, code: &str, message: &str) -> Error {
        Error::Refused(Box::new(Refusal {
            operation: Operation::UpdateFunctionCode,
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: None,
            status,
            retry_after: None,
        }))
    }

    #[test]
    fn every_refusal_has_a_kind_and_what_can_be_done_is_told() {
        let denied = "Lambda does not have permission to access the ECR image. Check the ECR permissions.";
        for (error, expected, code, hint) in [
            (Error::NoRegion, "usage", exit::USAGE, "--region"),
            (Error::NotBuilt, "usage", exit::USAGE, "feature"),
            (
                refused(403, "AccessDeniedException", ""),
                "authentication",
                exit::COULD_NOT_LOOK,
                "lambda:UpdateFunctionCode",
            ),
            (refused(403, "AccessDeniedException", denied), "aws", exit::COULD_NOT_LOOK, "policy"),
            (refused(403, "ExpiredTokenException", ""), "authentication", exit::COULD_NOT_LOOK, "aws sso login"),
            (refused(404, "ResourceNotFoundException", ""), "not-found", exit::COULD_NOT_LOOK, ""),
            (refused(409, "ResourceConflictException", ""), "refused", exit::REFUSED, "settled"),
            (refused(412, "PreconditionFailedException", ""), "refused", exit::REFUSED, "meanwhile"),
            (refused(429, "TooManyRequestsException", ""), "network", exit::COULD_NOT_LOOK, "15 requests"),
        ] {
            assert_eq!((kind(&error), exit_code(&error)), (expected, code), "{error}");
            let told = super::hint(&error).unwrap_or_default();
            assert!(told.contains(hint) && told.is_empty() == hint.is_empty(), "{error}: {told}");
        }
    }
}
