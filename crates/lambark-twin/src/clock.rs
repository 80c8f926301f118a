//! The twin's time: this machine's, plus what a test moved it by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// A clock that can be moved forward, so that tokens, presigned URLs and settling updates can be tried without waiting.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead_millis: AtomicU64,
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_millis(self.ahead_millis.load(Ordering::Relaxed))
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        // A clock that would run over stands still: nobody gets to the year 500,000,000 by tests.
        let _ = self.ahead_millis.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |ahead| {
            Some(ahead.saturating_add(millis).min(MAX_AHEAD))
        });
    }
}

/// A thousand years in milliseconds: what `SystemTime` can be added to on every platform.
const MAX_AHEAD: u64 = 1000 * 365 * 24 * 3600 * 1000;
