//! When a throttled call is made again.

use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_types::retry::ErrorKind;

/// Longest wait that a server may ask for. Longer ones end the call, with the wait told.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// Honours `Retry-After` of a 429, which the SDK does not read.
#[derive(Debug)]
pub(super) struct RetryAfter;

impl ClassifyRetry for RetryAfter {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(response) = context.response().filter(|response| response.status().as_u16() == 429) else {
            return RetryAction::NoActionIndicated;
        };
        match response.headers().get("retry-after").and_then(seconds) {
            Some(wait) if wait > MAX_WAIT => RetryAction::RetryForbidden,
            Some(wait) => RetryAction::retryable_error_with_explicit_delay(ErrorKind::ThrottlingError, wait),
            None => RetryAction::retryable_error(ErrorKind::ThrottlingError),
        }
    }

    fn name(&self) -> &'static str {
        "Retry-After of a 429"
    }
}

/// `Retry-After` in seconds, the form that AWS uses; its other form, a date, is not read.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}
