//! An event for the version that was just published.

use std::time::Instant;

use lambark_aws::Lambda;
use lambark_aws::lambda::Invocation;
use serde::Deserialize;

use super::{Answer, Expect, Probed};

/// What a function tells of its failure.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorDocument {
    #[serde(rename = "errorType")]
    kind: Option<String>,
    #[serde(rename = "errorMessage")]
    message: Option<String>,
}

/// Invokes `version` once. It passes only if that very version ran, did not fail, and gave back what was expected.
pub fn run(lambda: &dyn Lambda, function: &str, version: &str, name: &str, event: &[u8], expect: &Expect) -> Probed {
    let begun = Instant::now();
    let invocation = Invocation {
        function: function.to_owned(),
        qualifier: Some(version.to_owned()),
        payload: event.to_vec(),
        ..Invocation::default()
    };
    let faults = match lambda.invoke(&invocation) {
        Err(error) => vec![error.to_string()],
        Ok(answer) if answer.function_error.is_some() => {
            let told: ErrorDocument = serde_json::from_slice(&answer.payload).unwrap_or_default();
            let kind = told.kind.or(answer.function_error).unwrap_or_default();
            vec![told.message.map_or_else(|| kind.clone(), |message| format!("{kind}: {message}"))]
        }
        Ok(answer) if answer.executed_version.as_deref() != Some(version) => {
            let ran = answer.executed_version.as_deref().unwrap_or("none that is named");
            vec![format!("version {version} was invoked, and {ran} answered")]
        }
        Ok(answer) if answer.status != 200 => vec![format!("Lambda answered with status {}", answer.status)],
        Ok(answer) => expect.faults(&Answer::of_payload(&answer.payload), &[]),
    };
    Probed { name: name.to_owned(), faults, millis: millis(begun) }
}

/// Milliseconds since.
pub(super) fn millis(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}
