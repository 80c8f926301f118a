//! Update calls: which are let through, and what they begin.

use std::sync::Arc;

use super::state::Settling;
use super::{Configuration, Function, LastUpdate, Plan, Refusal, Revision, State};

/// What kind of change is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    Code,
    Configuration,
    Publish,
    Tags,
}

impl Function {
    /// Whether the state lets a change through.
    pub(crate) fn may_change(&self, change: Change) -> Result<(), Refusal> {
        if self.latest.update == Some(LastUpdate::InProgress) {
            return Err(Refusal::UpdateInProgress(self.arn.to_string()));
        }
        match &self.latest.state {
            State::Active => Ok(()),
            _ if change == Change::Tags => Ok(()),
            // New code is the way out.
            State::Inactive(_) if change == Change::Code => Ok(()),
            State::Inactive(why) if why.code == "ImageDeleted" => Err(Refusal::DeletedImage),
            State::Inactive(_) => Ok(()),
            state @ (State::Pending(_) | State::Failed(_)) => Err(Refusal::State(state.name())),
        }
    }

    /// Whether the `RevisionId` that a client sent, if it sent one, is the current one.
    pub(crate) fn expect_revision(&self, given: Option<&str>) -> Result<(), Refusal> {
        match given {
            Some(given) if !self.latest.revision.is(given) => Err(Refusal::Revision),
            _ => Ok(()),
        }
    }

    /// Begins an update. The caller has asked [`Function::may_change`] and [`Function::expect_revision`].
    pub(crate) fn update(&mut self, configuration: Configuration, plan: &Plan) {
        let latest = &mut self.latest;
        let mut settling = Settling::new(plan, Some(Revision::fresh()));
        settling.previous = Some(std::mem::replace(&mut latest.configuration, Arc::new(configuration)));
        latest.settling = Some(Box::new(settling));
        latest.update = Some(LastUpdate::InProgress);
        latest.revision = Revision::fresh();
        latest.modified = plan.now;
        // Identical code counts as a change too (getmoto/moto#8379, checked against AWS there).
        self.published_as = None;
    }
}
