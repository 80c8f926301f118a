//! What tools put around a message: peeled off layer by layer, keeping what they tell.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde::Serialize;

/// One tool's way to wrap a message.
struct Wrapper {
    /// Who wraps so, for people.
    via: &'static str,
    regex: Regex,
}

/// Patterns, the commonest first. Named groups are what is kept; `inner` is what is left. Without `inner`, what was
/// found is cut out.
const WRAPPERS: [(&str, &str); 21] = [
    (
        "boto or the AWS CLI",
        r"An error occurred \((?<code>\w+)\) when calling the (?<operation>\w+) operation(?: \(reached max retries: \d+\))?: (?<inner>.*)",
    ),
    (
        "CloudFormation",
        r#"Resource handler returned message: ["'](?<inner>.*?)["'] ?\(RequestToken: [^,)]+, HandlerErrorCode: (?<code>\w+)\)"#,
    ),
    (
        "CloudFormation",
        r"Lambda function '?(?<function>[^\s']+)'? reached terminal FAILED state due to (?<reason>[\w.]+) ?\((?<inner>.*)\) and failed to stabilize",
    ),
    (
        "CloudFormation",
        r"Lambda function '(?<function>[^\s']+)' for version '\S+' failed to stabilize since it is in Failed state due to (?<reason>[\w.]+) ?\((?<inner>.*)\)",
    ),
    (
        "the Java SDK",
        r"\(Service: (?:AWS)?Lambda(?:Internal)?[,;] Status Code: (?<status>\d+)(?:[,;] Error Code: (?<code>\w+))?[,;] Request ID: (?<request>[^;,)]+)(?:[,;] Proxy: \w+)?\)(?: \(SDK Attempt Count: \d+\))?",
    ),
    (
        "the Go SDK",
        r"operation error \w+: (?<operation>\w+), https response error StatusCode: (?<status>\d+), RequestID: (?<request>[^,]+), (?:api error )?(?<code>\w+): (?<inner>.*)",
    ),
    ("the Go SDK", r"operation error Lambda: (?<operation>\w+), (?:api error )?(?<inner>.*)"),
    (
        "the Go SDK",
        r#"(?<code>\w+Exception): (?<inner>.*?) ?\{ ?RespMetadata: \{ ?StatusCode: (?<status>\d+), RequestID: "(?<request>[^"]+)" ?\}.*\}"#,
    ),
    (
        "Terraform",
        r"waiting for Lambda Function \((?<function>[^)]*)\) [\w ]+: unexpected state '\w*', wanted target '\w+'\. last error: (?<inner>.*)",
    ),
    ("Terraform", r"Error: (?:error )?creating Lambda Function \((?<function>[^)]*)\): (?<inner>.*)"),
    (
        "Terraform",
        r"(?:Error: )?(?:error )?(?:updating|modifying) Lambda Function (?:\((?<function>[^)]*)\) )?code[^:]*: (?<inner>.*)",
    ),
    ("the CDK", r"The stack named (?<stack>\S+) failed to deploy: (?<code>\w+): (?<inner>.*)"),
    ("the CDK", r"(?<stack>\S+) failed: (?:_?\w*Error|Error): (?<inner>The stack named .*)"),
    ("the CloudControl API", r"operation error CloudControl: \w+, .*api error (?<code>\w+): (?<inner>.*)"),
    ("the Serverless Framework", r"(?:CREATE|UPDATE)_FAILED: (?<resource>\w+) \(AWS::Lambda::\w+\) (?<inner>.*)"),
    ("SAM", r"(?:CREATE|UPDATE)_FAILED AWS::Lambda::\w+ (?<resource>\w+) (?<inner>.*)"),
    ("an invocation", r#""errorMessage": ?"(?:RequestId: (?<request>\S+) Error: )?(?<inner>.*?)"[,}]"#),
    ("an invocation", r"RequestId: (?<request>[0-9a-f-]{36}) Error: (?<inner>.*)"),
    ("Step Functions", r#""cause": ?"(?<inner>.*?)"[,}]"#),
    ("a deployment tool", r"Current State Reason: (?<inner>.*)"),
    ("boto or an SDK", r"^(?<code>[A-Z]\w+Exception): (?<inner>.*)"),
];

static COMPILED: LazyLock<Vec<Wrapper>> = LazyLock::new(|| {
    let compile = |(via, pattern): &(&'static str, &str)| Some(Wrapper { via, regex: Regex::new(pattern).ok()? });
    WRAPPERS.iter().filter_map(compile).collect()
});

/// Layers that are peeled at most: three were the most that was ever seen.
const MAX_LAYERS: usize = 8;

/// A message, and what its wrappers told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Peeled {
    /// What is left.
    pub message: String,
    /// Who wrapped it, outermost first.
    pub via: Vec<&'static str>,
    /// The API's operation, for instance `UpdateFunctionCode`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The exception's or handler's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The function's state reason code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The request's id, for AWS support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The function that a wrapper names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

/// Peels a cleaned text.
#[must_use]
pub fn peel(text: &str) -> Peeled {
    let mut peeled = Peeled { message: text.to_owned(), ..Peeled::default() };
    for _ in 0..MAX_LAYERS {
        let found = COMPILED.iter().find_map(|wrapper| Some((wrapper, wrapper.regex.captures(&peeled.message)?)));
        let Some((wrapper, captures)) = found else { break };
        let message = match (captures.name("inner"), captures.get(0)) {
            (Some(inner), _) => inner.as_str().to_owned(),
            (None, Some(all)) => [&peeled.message[..all.start()], &peeled.message[all.end()..]].concat(),
            (None, None) => break,
        };
        let kept = Kept::of(&captures);
        kept.into(&mut peeled);
        if !peeled.via.contains(&wrapper.via) {
            peeled.via.push(wrapper.via);
        }
        message.trim().clone_into(&mut peeled.message);
    }
    peeled
}

/// The named groups of one wrapper.
struct Kept([(&'static str, Option<String>); 6]);

impl Kept {
    fn of(captures: &Captures<'_>) -> Kept {
        let get = |name| (name, captures.name(name).map(|found| found.as_str().to_owned()));
        Kept(["operation", "code", "reason", "status", "request", "function"].map(get))
    }

    fn into(self, peeled: &mut Peeled) {
        let [operation, code, reason, status, request, function] = self.0.map(|(_, value)| value);
        // What an inner layer says is nearer to the cause, but an outer one may be the only one that says it.
        for (field, value) in [
            (&mut peeled.operation, operation),
            (&mut peeled.code, code),
            (&mut peeled.reason, reason),
            (&mut peeled.status, status),
            (&mut peeled.request, request),
            (&mut peeled.function, function),
        ] {
            *field = value.or_else(|| field.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrapper_compiles() {
        assert_eq!(COMPILED.len(), WRAPPERS.len());
    }

    #[test]
    fn one_message_is_found_in_all_of_them() {
        for (text, via) in [
            (
                "An error occurred (InvalidParameterValueException) when calling the UpdateFunctionCode operation: It.",
                &["boto or the AWS CLI"][..],
            ),
            (
                "x: Resource handler returned message: \"It. (Service: Lambda, Status Code: 400, Request ID: a-1) (SDK \
                 Attempt Count: 1)\" (RequestToken: b-2, HandlerErrorCode: InvalidRequest)",
                &["CloudFormation", "the Java SDK"],
            ),
            (
                "Error: error creating Lambda Function (f): InvalidParameterValueException: It. { RespMetadata: { \
                 StatusCode: 400, RequestID: \"a1\" }, Message_: \"It.\", Type: \"User\" }",
                &["the Go SDK"],
            ),
            (
                "Error: updating Lambda Function (f) code: operation error Lambda: UpdateFunctionCode, https response \
                 error StatusCode: 400, RequestID: a-1, InvalidParameterValueException: It.",
                &["the Go SDK"],
            ),
            ("Error: updating Lambda Function code: operation error Lambda: UpdateFunctionCode, It.", &["the Go SDK"]),
            (
                "Error: waiting for Lambda Function (f) create: unexpected state 'Failed', wanted target 'Active'. last \
                 error: It.",
                &["Terraform"],
            ),
            (
                "Lambda function 'f' for version '$LATEST.PUBLISHED' failed to stabilize since it is in Failed state \
                 due to InvalidImage(It.)",
                &["CloudFormation"],
            ),
            (
                "The stack named S failed to deploy: UPDATE_ROLLBACK_COMPLETE: Resource handler returned message: \
                 \"It.\" (RequestToken: b-2, HandlerErrorCode: InvalidRequest)",
                &["CloudFormation"],
            ),
            ("{\"errorMessage\": \"RequestId: a-1 Error: It.\", \"errorType\": \"X\"}", &["an invocation"]),
            ("Current State Reason: It.", &["a deployment tool"]),
        ] {
            let peeled = peel(text);
            assert_eq!(peeled.message, "It.", "{text}");
            for name in via {
                assert!(peeled.via.contains(name), "{text}: {:?}", peeled.via);
            }
        }
    }

    #[test]
    fn what_wrappers_tell_is_kept() {
        let peeled = peel(
            "\"cause\": \"ERROR: It. (Service: AWSLambda; Status Code: 409; Error Code: \
             CodeArtifactUserFailedException; Request ID: f8; Proxy: null)\"}",
        );
        assert_eq!(peeled.status.as_deref(), Some("409"));
        assert_eq!(peeled.code.as_deref(), Some("CodeArtifactUserFailedException"));
        let peeled =
            peel("Lambda function F-1 reached terminal FAILED state due to InvalidImage(It.) and failed to stabilize");
        assert_eq!((peeled.function.as_deref(), peeled.reason.as_deref()), (Some("F-1"), Some("InvalidImage")));
    }
}
