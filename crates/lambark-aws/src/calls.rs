//! A count of what was asked of AWS.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::operation::Operation;

/// How often each operation was called; what the SDK repeats by itself counts once.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<BTreeMap<Operation, u64>>);

impl Calls {
    #[cfg(feature = "sdk")]
    pub(crate) fn count(&self, operation: Operation) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(operation).or_default() += 1;
    }

    pub(crate) fn snapshot(&self) -> BTreeMap<Operation, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
