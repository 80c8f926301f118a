//! Why an init or an invocation failed: Lambda's error types and messages, word for word.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Exit;
use crate::lifecycle::Who;

/// Largest response that Lambda takes from a function, in bytes: 6 MiB and 100 bytes more, as AWS's own emulator has
/// it (`interop.MaxPayloadSize`) and as Lambda's message says (6,291,556).
pub const MAX_RESPONSE_BYTES: u64 = 6 * 1024 * 1024 + 100;

/// Largest event that Lambda takes, in bytes (quotas page: 6 MB for synchronous invocations).
pub const MAX_EVENT_BYTES: usize = 6 * 1024 * 1024;

/// The type of a response that is larger than Lambda takes.
pub(crate) const RESPONSE_TOO_LARGE: &str = "Function.ResponseSizeTooLarge";

/// A failed init or invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// Lambda's own finding.
    Fault {
        /// `Runtime.ExitError`, `Sandbox.Timedout` …
        error_type: Cow<'static, str>,
        /// What comes after `Error: `.
        cause: String,
    },
    /// What the runtime posted, byte for byte.
    Reported {
        /// The `Lambda-Runtime-Function-Error-Type` header.
        error_type: String,
        /// The document.
        #[serde(with = "crate::base64_bytes")]
        payload: Bytes,
    },
}

impl Failure {
    /// A fault of this type.
    #[must_use]
    pub fn fault(error_type: &'static str, cause: impl Into<String>) -> Failure {
        Failure::Fault { error_type: error_type.into(), cause: cause.into() }
    }

    /// The function took longer than it may.
    #[must_use]
    pub fn timed_out(limit: std::time::Duration) -> Failure {
        Failure::fault("Sandbox.Timedout", format!("Task timed out after {:.2} seconds", limit.as_secs_f64()))
    }

    /// The response is larger than Lambda takes.
    #[must_use]
    pub fn response_too_large() -> Failure {
        let cause =
            format!("Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).");
        Failure::fault(RESPONSE_TOO_LARGE, cause)
    }

    /// The type, for REPORT lines and machines. Of what a runtime reports, the document's own word counts: for an
    /// exception of the handler the header only says `Unhandled`.
    #[must_use]
    pub fn error_type(&self) -> Cow<'_, str> {
        match self {
            Failure::Fault { error_type, .. } => Cow::Borrowed(error_type),
            Failure::Reported { error_type, payload } => match member(payload, "errorType") {
                Some(word) => Cow::Owned(word),
                None if error_type.is_empty() => Cow::Borrowed("Runtime.Unknown"),
                None => Cow::Borrowed(error_type),
            },
        }
    }

    /// The message, for people.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Failure::Fault { cause, .. } => cause.clone(),
            Failure::Reported { payload, .. } => {
                member(payload, "errorMessage").unwrap_or_else(|| String::from_utf8_lossy(payload).into_owned())
            }
        }
    }

    /// What the caller of Invoke gets.
    #[must_use]
    pub fn payload(&self, request_id: &str) -> Bytes {
        match self {
            Failure::Reported { payload, .. } => payload.clone(),
            // The only fault whose message Lambda writes without the request.
            Failure::Fault { error_type, cause } if error_type == RESPONSE_TOO_LARGE => {
                json!({ "errorType": error_type, "errorMessage": cause }).to_string().into()
            }
            Failure::Fault { error_type, cause } => {
                let message = format!("RequestId: {request_id} Error: {cause}");
                json!({ "errorType": error_type, "errorMessage": message }).to_string().into()
            }
        }
    }

    /// Whether it is the function's timeout.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.error_type() == "Sandbox.Timedout"
    }
}

/// A text of a runtime's error document.
fn member(payload: &[u8], name: &str) -> Option<String> {
    let document: Value = serde_json::from_slice(payload).ok()?;
    Some(document.get(name)?.as_str()?.to_owned())
}

/// The fault of a process that ended when it should not have.
#[must_use]
pub fn of_exit(who: Who, exit: Exit) -> Failure {
    match (who, exit) {
        (Who::Runtime, Exit::Code(0)) => {
            Failure::fault("Runtime.ExitError", "Runtime exited without providing a reason")
        }
        (Who::Runtime, exit) => Failure::fault("Runtime.ExitError", format!("Runtime exited with error: {exit}")),
        (Who::Extension(_), Exit::Code(0)) => Failure::fault("Extension.Crash", "exit code 0"),
        (Who::Extension(_), exit) => Failure::fault("Extension.Crash", exit.to_string()),
    }
}
