//! AWS's published rates. Off unless switched on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Millis;
use crate::face::Face;
use crate::scope::Scope;

use super::operation::Asked;

/// Which calls share a rate.
type Shared = &'static str;

/// The rate of an operation in calls per second, and what it is shared with. PutImage is the registry's affair, which
/// counts manifests put through both of its faces.
fn rate(asked: &Asked) -> Option<(Shared, f64)> {
    let own = |name: Shared, rate: f64| Some((name, rate));
    match (asked.face, asked.name.as_str()) {
        // Invocations are limited by concurrency, not by rate.
        (Face::Lambda, "Invoke") => None,
        (Face::Lambda, "GetFunction") => own("GetFunction", 100.0),
        (Face::Lambda, "GetPolicy") => own("GetPolicy", 15.0),
        (Face::Lambda, _) => own("Lambda", 15.0),
        (Face::Ecr, "BatchGetImage") => own("BatchGetImage", 2000.0),
        (Face::Ecr, "BatchCheckLayerAvailability") => own("BatchCheckLayerAvailability", 1000.0),
        (Face::Ecr, "GetDownloadUrlForLayer") => own("GetDownloadUrlForLayer", 3000.0),
        (Face::Ecr, "GetAuthorizationToken") => own("GetAuthorizationToken", 500.0),
        (Face::Ecr, "InitiateLayerUpload") => own("InitiateLayerUpload", 100.0),
        (Face::Ecr, "CompleteLayerUpload") => own("CompleteLayerUpload", 100.0),
        (Face::Ecr, "UploadLayerPart") => own("UploadLayerPart", 500.0),
        _ => None,
    }
}

/// The rates' state.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    is_on: bool,
    burst: u32,
    /// When the next call of each kind is due, in milliseconds.
    due: HashMap<(Scope, Shared), f64>,
}

impl Rates {
    pub(super) fn switch(&self, on: bool, burst: u32) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Inner { is_on: on, burst, due: HashMap::new() };
    }

    pub(super) fn is_on(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_on
    }

    /// Whether a call passes now. One that does not costs nothing.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact in an f64 for 280,000 years")]
    pub(super) fn pass(&self, asked: &Asked, scope: &Scope, now: Millis) -> bool {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((shared, rate)) = rate(asked).filter(|_| inner.is_on) else { return true };
        let (now, apart) = (now.0 as f64, 1000.0 / rate);
        let early = f64::from(inner.burst) * apart;
        let due = inner.due.entry((scope.clone(), shared)).or_insert(now);
        if *due - early > now {
            return false;
        }
        *due = due.max(now) + apart;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str) -> Asked {
        Asked { face: Face::Lambda, name: name.to_owned() }
    }

    fn scope(region: &str) -> Scope {
        Scope { account: "123456789012".to_owned(), region: region.to_owned() }
    }

    /// How many of the calls that come each millisecond pass within `millis`.
    fn passed(rates: &Rates, name: &str, millis: u64) -> usize {
        (0..millis).filter(|at| rates.pass(&asked(name), &scope("us-east-1"), Millis(1_000_000 + at))).count()
    }

    #[test]
    fn calls_pass_at_the_published_rate_and_shared_ones_share_it() {
        let rates = Rates::default();
        assert_eq!(passed(&rates, "GetFunction", 1000), 1000, "off");
        rates.switch(true, 0);
        assert_eq!(passed(&rates, "GetFunction", 1000), 100);
        assert_eq!(passed(&rates, "Invoke", 1000), 1000);
        assert_eq!(passed(&rates, "UpdateAlias", 1000), 15);
        assert!(!rates.pass(&asked("ListFunctions"), &scope("us-east-1"), Millis(1_000_999)));
        assert!(rates.pass(&asked("ListFunctions"), &scope("eu-west-1"), Millis(1_000_999)), "another Region");
    }

    #[test]
    fn a_burst_passes_beyond_the_rate_once() {
        let rates = Rates::default();
        rates.switch(true, 10);
        assert_eq!(passed(&rates, "GetFunction", 1000), 110);
    }
}
