//! The states of a function and of its updates.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Configuration, Revision};
use crate::clock::Millis;

/// A reason: AWS's code for it, and its text.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Why {
    pub(crate) code: Cow<'static, str>,
    pub(crate) text: Cow<'static, str>,
}

impl Why {
    const fn fixed(code: &'static str, text: &'static str) -> Why {
        Why { code: Cow::Borrowed(code), text: Cow::Borrowed(text) }
    }

    /// An inactive function that was called. The text is ours.
    pub(super) const RESTORING: Why = Why::fixed("Restoring", "The function is being restored.");
    /// Not called for weeks. The text is ours.
    pub(super) const IDLE: Why = Why::fixed("Idle", "The function is idle.");
    pub(crate) const IMAGE_DELETED: Why = Why::fixed("ImageDeleted", "The function is trying to use a deleted image.");

    /// A failure of the image's own.
    pub(crate) fn invalid_image(text: impl Into<Cow<'static, str>>) -> Why {
        Why { code: "InvalidImage".into(), text: text.into() }
    }
}

/// Creations and updates under way carry the same words.
pub(super) static CREATING: Why = Why::fixed("Creating", "The function is being created.");

/// `State`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum State {
    Pending(Why),
    Active,
    Inactive(Why),
    Failed(Why),
}

impl State {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            State::Pending(_) => "Pending",
            State::Active => "Active",
            State::Inactive(_) => "Inactive",
            State::Failed(_) => "Failed",
        }
    }

    pub(crate) fn why(&self) -> Option<&Why> {
        match self {
            State::Active => None,
            State::Pending(why) | State::Inactive(why) | State::Failed(why) => Some(why),
        }
    }
}

/// `LastUpdateStatus`; there is none while a new function is `Pending`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum LastUpdate {
    Successful,
    InProgress,
    Failed(Why),
}

impl LastUpdate {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            LastUpdate::Successful => "Successful",
            LastUpdate::InProgress => "InProgress",
            LastUpdate::Failed(_) => "Failed",
        }
    }

    pub(crate) fn why(&self) -> Option<&Why> {
        match self {
            LastUpdate::Successful => None,
            // AWS sends this reason with every update, although its model does not list it.
            LastUpdate::InProgress => Some(&CREATING),
            LastUpdate::Failed(why) => Some(why),
        }
    }
}

/// How a creation or an update ends.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Outcome {
    Good,
    Bad(Why),
}

/// What a creation or an update is to become, decided when it begins.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) now: Millis,
    /// When it is over.
    pub(crate) until: Millis,
    /// How many looks at it find it under way, whatever the time.
    pub(crate) polls: u32,
    pub(crate) outcome: Outcome,
}

/// A creation or an update under way.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Settling {
    pub(super) until: Millis,
    pub(super) polls: u32,
    pub(super) outcome: Outcome,
    /// The `RevisionId` from then on; a version keeps its own.
    pub(super) revision: Option<Revision>,
    /// What serves meanwhile, and again if the update fails.
    pub(super) previous: Option<Arc<Configuration>>,
}

impl Settling {
    pub(super) fn new(plan: &Plan, revision: Option<Revision>) -> Settling {
        Settling { until: plan.until, polls: plan.polls, outcome: plan.outcome.clone(), revision, previous: None }
    }
}
