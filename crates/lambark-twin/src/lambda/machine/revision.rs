//! RevisionIds.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::Uuid;

/// A `RevisionId`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Revision(Uuid);

impl Revision {
    /// One that was never there before.
    pub(crate) fn fresh() -> Revision {
        Revision(Uuid::random())
    }

    /// Whether a client's `RevisionId` is this one.
    pub(crate) fn is(self, text: &str) -> bool {
        self.to_string() == text
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
