//! The twin's time: this machine's, plus what a test moved it by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Millis(pub(crate) u64);

impl Millis {
    /// As AWS's JSON protocols write times: seconds since 1970 as a number.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact in an f64 for 280,000 years")]
    pub(crate) fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// So much later.
    pub(crate) fn plus(self, by: Duration) -> Millis {
        Millis(self.0.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// A clock that can be moved forward, so that tokens, presigned URLs and settling updates can be tried without waiting.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead_millis: AtomicU64,
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_millis(self.ahead_millis.load(Ordering::Relaxed))
    }

    /// The same as a number.
    pub(crate) fn millis(&self) -> Millis {
        let since = self.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
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
