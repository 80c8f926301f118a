//! What came of an init and of an invocation.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::fault::Failure;

/// An event for the function.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Invocation {
    /// The event.
    #[serde(with = "crate::base64_bytes")]
    pub payload: Bytes,
    /// The request id; one is made up if there is none.
    pub request_id: Option<String>,
    /// The client context, as JSON.
    pub client_context: Option<String>,
}

/// The first init.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Init {
    /// How long it took.
    pub duration: Duration,
    /// Why it failed, if it did. Lambda tries once more at the first invocation, under the function's timeout.
    pub failure: Option<Failure>,
    /// What was logged, the last [`LOG_TAIL_BYTES`] bytes of it.
    #[serde(with = "crate::base64_bytes")]
    pub log: Vec<u8>,
}

/// How much of a log is kept, in bytes: what Invoke's `LogResult` holds (documented: the last 4 KB).
pub const LOG_TAIL_BYTES: usize = 4096;

/// One invocation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The request id.
    pub request_id: String,
    /// The response, or the error's document.
    #[serde(with = "crate::base64_bytes")]
    pub payload: Bytes,
    /// Why it failed, if it did: Invoke says `Unhandled` then.
    pub failure: Option<Failure>,
    /// What ended the environment after the function had answered; the answer stands.
    pub aftermath: Option<Failure>,
    /// The log's last [`LOG_TAIL_BYTES`] bytes, with START, END and REPORT.
    #[serde(with = "crate::base64_bytes")]
    pub log: Vec<u8>,
    /// How long the init before it took, if this is the environment's first invocation and its init went well.
    pub init_duration: Option<Duration>,
    /// How long it took, with an init that was repeated.
    pub duration: Duration,
    /// What Lambda would charge for, in milliseconds: init and invocation of an image function, rounded up.
    pub billed_ms: u64,
    /// The most memory that the function's processes used so far, in MB; absent where this machine cannot tell.
    pub max_memory_used_mb: Option<u64>,
}

impl Outcome {
    /// The `FunctionError` of Invoke's answer.
    #[must_use]
    pub fn function_error(&self) -> Option<&'static str> {
        self.failure.as_ref().map(|_| "Unhandled")
    }
}
