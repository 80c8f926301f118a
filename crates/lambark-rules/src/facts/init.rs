//! What a function's init on this machine showed.

/// A function that was started in a sandbox as far as its first wait for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitFacts {
    /// Why it did not get that far.
    pub failure: Option<InitFailure>,
}

/// A failed init, in Lambda's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitFailure {
    /// `Runtime.ImportModuleError` …
    pub error_type: String,
    /// The message.
    pub message: String,
    /// Whether it may have failed for want of a network, which the sandbox does not have.
    pub wants_network: bool,
}
