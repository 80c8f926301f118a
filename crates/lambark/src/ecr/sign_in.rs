//! Registry passwords from AWS: asked for when an ECR registry is first spoken to, kept in memory, never on a disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use lambark_aws::ecr::Authorization;
use lambark_aws::{Aws, Error};
use lambark_oci::EcrHost;

/// A password that dies within this time is not used any more: a large upload must still be accepted at its end.
const SPARE_LIFE: Duration = Duration::from_secs(30 * 60);
/// How long a failure is remembered. A search for credentials that finds none may take seconds, and every repository
/// of one command would repeat it.
const FAILURE_LIFE: Duration = Duration::from_secs(60);

/// Gives out registry passwords, one a Region: the account is always the caller's own.
pub struct SignIn {
    aws: Arc<Aws>,
    regions: Mutex<HashMap<Option<String>, Arc<Mutex<Slot>>>>,
}

/// What is known of one Region.
#[derive(Default)]
enum Slot {
    #[default]
    Unasked,
    Given(Authorization),
    Failed(Error, Instant),
}

impl SignIn {
    /// Passwords by way of `aws`. Nothing is asked yet.
    #[must_use]
    pub fn new(aws: Arc<Aws>) -> SignIn {
        SignIn { aws, regions: Mutex::default() }
    }

    /// The way to AWS.
    #[must_use]
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// A password for a Region's registries, or for the one that the settings name. Blocks.
    ///
    /// # Errors
    /// Whatever AWS or the search for credentials ends in.
    pub fn authorization(&self, region: Option<&str>) -> Result<Authorization, Error> {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(regions.entry(region.map(str::to_owned)).or_default());
        drop(regions);
        // Held across the call: two images of one Region must not sign in twice.
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Slot::Given(authorization) if lives_on(authorization, SystemTime::now()) => {
                return Ok(authorization.clone());
            }
            Slot::Failed(error, at) if at.elapsed() < FAILURE_LIFE => return Err(error.clone()),
            _ => {}
        }
        let answer = self.aws.ecr(region).and_then(|ecr| ecr.authorization());
        *slot = match &answer {
            Ok(authorization) => Slot::Given(authorization.clone()),
            Err(error) => Slot::Failed(error.clone(), Instant::now()),
        };
        answer
    }

    /// Where the registry `host` of ECR is really spoken to: at the emulator whose endpoint is set, if one is.
    pub(super) fn address(&self, host: &EcrHost) -> Option<String> {
        self.aws.ecr_endpoint().ok().flatten()?;
        let address = self.authorization(Some(&host.region)).ok()?.proxy_endpoint;
        // An endpoint of AWS itself (FIPS, a private link) still names ECR's own registry.
        EcrHost::parse(authority(&address)).is_none().then_some(address)
    }

    /// A password for `host`, if it is the registry of the emulator whose endpoint is set.
    pub(super) fn for_emulator(&self, host: &str) -> Option<Authorization> {
        let endpoint = self.aws.ecr_endpoint().ok().flatten()?;
        let near = name(host) == name(authority(&endpoint)) || is_loopback(name(host)) || host.contains(".dkr.ecr.");
        let authorization = near.then(|| self.authorization(None).ok()).flatten()?;
        (authority(&authorization.proxy_endpoint) == host).then_some(authorization)
    }
}

fn lives_on(authorization: &Authorization, now: SystemTime) -> bool {
    authorization.expires_at.is_none_or(|end| end > now + SPARE_LIFE)
}

/// Host and port of a URL.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// A host without its port.
fn name(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

pub(super) fn is_loopback(name: &str) -> bool {
    let address = name.parse::<std::net::IpAddr>();
    name == "localhost" || name.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambark_oci::Secret;

    #[test]
    fn a_password_is_dropped_before_it_dies() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let dies_in = |minutes: u64| Authorization {
            username: "AWS".to_owned(),
            password: Secret::new("p"),
            proxy_endpoint: String::new(),
            expires_at: Some(now + Duration::from_secs(60 * minutes)),
        };
        assert!(lives_on(&dies_in(31), now));
        assert!(!lives_on(&dies_in(30), now));
        assert!(lives_on(&Authorization { expires_at: None, ..dies_in(0) }, now));
    }

    #[test]
    fn urls_are_taken_apart() {
        assert_eq!(authority("http://127.0.0.1:4510/x"), "127.0.0.1:4510");
        assert_eq!(authority("https://u:p@h"), "h");
        assert_eq!(authority("127.0.0.1:4510"), "127.0.0.1:4510");
        assert_eq!((name("[::1]:4510"), name("localhost:1")), ("::1", "localhost"));
        assert!(is_loopback("::1") && is_loopback("127.1.2.3") && !is_loopback("example.com"));
    }
}
