//! Running a function once.

/// How to run it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvocationKind {
    /// Wait for the answer.
    #[default]
    RequestResponse,
    /// Let it run by itself.
    Event,
    /// Only look whether it could be run.
    DryRun,
}

/// One run of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The function, by name or ARN.
    pub function: String,
    /// A version or an alias; `$LATEST` if nothing is said.
    pub qualifier: Option<String>,
    /// How to run it.
    pub kind: InvocationKind,
    /// The event, as JSON.
    pub payload: Vec<u8>,
    /// Whether the end of its log comes with the answer.
    pub log_tail: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoked {
    /// The HTTP status: 200 also when the function failed, 202 for an event, 204 for a dry run.
    pub status: u16,
    /// The version that ran, also behind an alias.
    pub executed_version: Option<String>,
    /// Set when the function failed: `Unhandled` or `Handled`.
    pub function_error: Option<String>,
    /// The last 4 KB of its log, if they were asked for.
    pub log_tail: Option<String>,
    /// What the function gave back, or the JSON that tells its error.
    pub payload: Vec<u8>,
    /// AWS's id of the request.
    pub request_id: Option<String>,
}

impl Invoked {
    /// Whether `version` ran and did not fail: the status alone says neither.
    #[must_use]
    pub fn succeeded(&self, version: &str) -> bool {
        self.status == 200 && self.function_error.is_none() && self.executed_version.as_deref() == Some(version)
    }
}
