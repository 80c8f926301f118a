//! When to try again, and how long to wait before.

use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Longest `Retry-After` that is waited for. A registry that asks for more is busy for longer than anybody watches a
/// command, so the request fails at once and says so.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);

/// ECR allows ten manifest writes a second for a whole account: after a 429 on one, waiting less than this only adds
/// to the pile.
pub const MANIFEST_PUT_WAIT: Duration = Duration::from_secs(1);

/// How often and how fast failed requests are made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all, the first included; 0 counts as 1.
    pub attempts: u32,
    /// The longest wait before the second try; it doubles from try to try.
    pub base: Duration,
    /// The longest wait before any try, unless the registry itself asks for more.
    pub max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> RetryPolicy {
        RetryPolicy { attempts: 5, base: Duration::from_millis(300), max: Duration::from_secs(15) }
    }
}

impl RetryPolicy {
    /// How long to wait after `failures` failed tries in a row: anything between nothing and the doubled base ("full
    /// jitter"), so that many clients that failed together do not come back together. `None`: give up.
    pub(crate) fn delay(&self, failures: u32) -> Option<Duration> {
        if failures >= self.attempts.max(1) {
            return None;
        }
        let ceiling = self.base.saturating_mul(1_u32 << (failures.saturating_sub(1)).min(16)).min(self.max);
        Some(ceiling.mul_f64(random_fraction()))
    }
}

/// A number in `[0, 1)`. The standard library seeds each `RandomState` afresh; more randomness than that a wait does
/// not need.
fn random_fraction() -> f64 {
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u8(0);
    let bits = u32::try_from(hasher.finish() >> 32).unwrap_or(u32::MAX);
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

/// Answers that another try may turn into better ones.
pub(crate) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// What `Retry-After` asks for: seconds, or a date. Absent or unreadable: `None`.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        headers
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 22 Nov 2026 03:00:00 GMT").unwrap();
        for (value, expected) in [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("0", Some(0)),
            ("Sun, 22 Nov 2026 03:00:09 GMT", Some(9)),
            ("Sun, 22 Nov 2026 02:00:00 GMT", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(&headers(value), now), expected.map(Duration::from_secs), "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn waits_grow_stay_below_their_ceiling_and_end() {
        let policy = RetryPolicy { attempts: 4, base: Duration::from_millis(100), max: Duration::from_millis(300) };
        for (failures, ceiling) in [(1, 100), (2, 200), (3, 300)] {
            for _ in 0..50 {
                assert!(policy.delay(failures).unwrap() <= Duration::from_millis(ceiling));
            }
        }
        assert_eq!(policy.delay(4), None);
        assert_eq!(policy.delay(u32::MAX), None);
        let never = RetryPolicy { attempts: 0, ..policy };
        assert_eq!(never.delay(1), None);
    }

    #[test]
    fn waits_differ() {
        let policy = RetryPolicy { attempts: 2, base: Duration::from_secs(10), max: Duration::from_secs(10) };
        let first = policy.delay(1);
        assert!((0..50).any(|_| policy.delay(1) != first));
    }
}
