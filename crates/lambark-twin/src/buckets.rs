//! Rates: token buckets, one for each account, Region and call.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Millis;
use crate::scope::Scope;

/// Every bucket that was ever asked.
#[derive(Debug, Default)]
pub(crate) struct Buckets(Mutex<BTreeMap<(Scope, &'static str), Bucket>>);

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled: Millis,
}

impl Buckets {
    /// Takes a token of `call`'s bucket, which holds what `rate` gives in a second, but at least one. `false`: there is
    /// none.
    pub(crate) fn take(&self, scope: &Scope, call: &'static str, rate: f64, now: Millis) -> bool {
        let room = rate.max(1.0);
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry((scope.clone(), call)).or_insert(Bucket { tokens: room, filled: now });
        // A clock that was set back fills nothing.
        let passed = now.seconds() - bucket.filled.seconds();
        bucket.tokens = (bucket.tokens + passed.max(0.0) * rate).min(room);
        bucket.filled = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            true
        } else {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_second_and_no_more() {
        let buckets = Buckets::default();
        let scope = |region: &str| Scope { account: "123456789012".to_owned(), region: region.to_owned() };
        let taken = |region, at| (0..20).filter(|_| buckets.take(&scope(region), "PutImage", 10.0, Millis(at))).count();
        assert_eq!(taken("us-east-1", 0), 10);
        assert_eq!(taken("eu-central-1", 0), 10, "a Region of its own");
        assert_eq!(taken("us-east-1", 300), 3);
        assert_eq!(taken("us-east-1", 100_000), 10);
    }
}
