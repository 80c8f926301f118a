//! The seam to whatever runs functions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lambark_images::Source;
use lambark_oci::{Architecture, Digest};

/// Runs functions. The twin itself cannot: without one it answers an invocation with an error that says so.
pub trait Invoke: fmt::Debug + Send + Sync {
    /// Runs a function once, to its end or its timeout. Blocks.
    ///
    /// # Errors
    /// When it could not even be tried. A function that fails is an [`Outcome`].
    fn invoke(&self, call: &Invocation) -> Result<Outcome, InvokeError>;
}

/// One call of one function.
#[derive(Clone)]
pub struct Invocation {
    /// Where the image is read from.
    pub image: Arc<dyn Source>,
    /// Its digest: what is prepared for it once can be used again.
    pub digest: Digest,
    /// The function's architecture.
    pub architecture: Architecture,
    /// The ARN as called, with its qualifier if there was one.
    pub function_arn: String,
    /// The function's name.
    pub function_name: String,
    /// `$LATEST` or a number.
    pub version: String,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Size of `/tmp` in MiB.
    pub storage_mib: u32,
    /// How long it may take.
    pub timeout: Duration,
    /// The function's environment variables.
    pub environment: BTreeMap<String, String>,
    /// Overrides of the image's `ENTRYPOINT`.
    pub entry_point: Option<Vec<String>>,
    /// Overrides of the image's `CMD`.
    pub command: Option<Vec<String>>,
    /// Overrides of the image's working directory.
    pub working_directory: Option<String>,
    /// The event.
    pub payload: Bytes,
    /// The `X-Amz-Client-Context` header, in base 64 as it came.
    pub client_context: Option<String>,
    /// The request's id.
    pub request_id: String,
    /// The account that the function is of.
    pub account: String,
    /// The Region that the function is in.
    pub region: String,
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation").field("function_arn", &self.function_arn).finish_non_exhaustive()
    }
}

/// What came of a call.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outcome {
    /// The function's answer, or the error as JSON.
    pub payload: Bytes,
    /// `Unhandled` or `Handled` where the function failed.
    pub function_error: Option<String>,
    /// The log of this call from `START` to `REPORT`.
    pub log: String,
}

/// Why a function could not even be tried.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvokeError(pub String);
