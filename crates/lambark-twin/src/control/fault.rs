//! Scripted faults: what the next matching requests meet.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ecr::matches;
use crate::limits::{MAX_DELAY_SECONDS, MAX_FAULTS};

/// A fault for the next requests that match. What is not said matches everything, or leaves the answer as it is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Fault {
    /// AWS's name of an operation (`GetFunction`), or one of the registry's (`registry:PutManifest`); `*` stands for
    /// anything.
    pub operation: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// The path without the query; `*` stands for anything.
    pub path: Option<String>,
    /// How many requests meet it.
    pub times: u32,
    /// Milliseconds to wait before the answer.
    pub delay_millis: u64,
    /// Answer with this status in place of doing what was asked.
    pub status: Option<u16>,
    /// Headers of the answer, in place of those that it has.
    pub headers: BTreeMap<String, String>,
    /// The body that goes with `status`.
    pub body: Option<String>,
    /// Refuse as too many requests, in the way of the face that is asked.
    pub throttle: bool,
    /// Cut the connection without any answer; nothing is done.
    pub drop: bool,
    /// Do what was asked, and cut the connection after so many bytes of the answer's body.
    pub cut_at: Option<u64>,
    /// Do what was asked, and flip one bit of this byte of the answer's body.
    pub corrupt_at: Option<u64>,
}

impl Default for Fault {
    fn default() -> Fault {
        Fault {
            operation: None,
            method: None,
            path: None,
            times: 1,
            delay_millis: 0,
            status: None,
            headers: BTreeMap::new(),
            body: None,
            throttle: false,
            drop: false,
            cut_at: None,
            corrupt_at: None,
        }
    }
}

/// Why a fault is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FaultError {
    /// The list is full.
    #[error("{MAX_FAULTS} faults are waiting already")]
    TooMany,
    /// It would never happen.
    #[error("times is 0")]
    Never,
    /// The status is none.
    #[error("status {0} is not between 100 and 599")]
    Status(u16),
    /// The wait is too long.
    #[error("a delay may last {MAX_DELAY_SECONDS} seconds at most")]
    Delay,
}

impl Fault {
    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_millis)
    }

    fn check(&self) -> Result<(), FaultError> {
        match self.status {
            _ if self.times == 0 => Err(FaultError::Never),
            Some(status) if !(100..600).contains(&status) => Err(FaultError::Status(status)),
            _ if self.delay() > Duration::from_secs(MAX_DELAY_SECONDS) => Err(FaultError::Delay),
            _ => Ok(()),
        }
    }

    fn matches(&self, operation: &str, method: &str, path: &str) -> bool {
        self.operation.as_ref().is_none_or(|pattern| matches(pattern, operation, false))
            && self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|pattern| matches(pattern, path, false))
    }
}

/// Faults that wait.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(super) fn add(&self, fault: Fault) -> Result<(), FaultError> {
        fault.check()?;
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MAX_FAULTS {
            return Err(FaultError::TooMany);
        }
        waiting.push(fault);
        Ok(())
    }

    /// The first that matches, once less.
    pub(super) fn meet(&self, operation: &str, method: &str, path: &str) -> Option<Fault> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = waiting.iter().position(|fault| fault.matches(operation, method, path))?;
        waiting[at].times -= 1;
        let met = waiting[at].clone();
        if met.times == 0 {
            waiting.remove(at);
        }
        Some(met)
    }

    pub(super) fn all(&self) -> Vec<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_fault_is_met_by_as_many_matching_requests_as_it_says() {
        let faults = Faults::default();
        let fault = Fault {
            operation: Some("Get*".into()),
            method: Some("get".into()),
            path: Some("/2015-03-31/functions/*".into()),
            times: 2,
            ..Fault::default()
        };
        faults.add(fault).unwrap();
        let path = "/2015-03-31/functions/f";
        for (operation, method, path) in
            [("Invoke", "GET", path), ("GetFunction", "PUT", path), ("GetFunction", "GET", "/v2/")]
        {
            assert_eq!(faults.meet(operation, method, path), None);
        }
        let met = (0..4).filter(|_| faults.meet("GetFunction", "GET", path).is_some()).count();
        assert_eq!((met, faults.all().len()), (2, 0));
    }

    #[test]
    fn faults_that_make_no_sense_are_not_taken() {
        let faults = Faults::default();
        assert_eq!(faults.add(Fault { times: 0, ..Fault::default() }), Err(FaultError::Never));
        assert_eq!(faults.add(Fault { status: Some(42), ..Fault::default() }), Err(FaultError::Status(42)));
        assert_eq!(faults.add(Fault { delay_millis: u64::MAX, ..Fault::default() }), Err(FaultError::Delay));
        for _ in 0..MAX_FAULTS {
            faults.add(Fault::default()).unwrap();
        }
        assert_eq!(faults.add(Fault::default()), Err(FaultError::TooMany));
    }
}
