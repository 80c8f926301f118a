//! `$LATEST`, or a version: one thing that can be run.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::state::{CREATING, Settling};
use super::{Configuration, LastUpdate, Outcome, Plan, Revision, State, Why};
use crate::clock::Millis;

/// `$LATEST` or a version.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Unit {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) revision: Revision,
    pub(crate) modified: Millis,
    pub(crate) state: State,
    pub(crate) update: Option<LastUpdate>,
    pub(super) settling: Option<Box<Settling>>,
}

impl Unit {
    /// A new one, `Pending` until the plan's end. Only `$LATEST` gets another `RevisionId` then.
    pub(super) fn pending(configuration: Arc<Configuration>, plan: &Plan, is_latest: bool) -> Unit {
        let revision = Revision::fresh();
        let settling = Settling::new(plan, is_latest.then(Revision::fresh));
        Unit {
            configuration,
            revision,
            modified: plan.now,
            state: State::Pending(CREATING.clone()),
            update: None,
            settling: Some(Box::new(settling)),
        }
    }

    /// Ends what is over by now.
    pub(crate) fn settle(&mut self, now: Millis) {
        let over = |settling: &mut Box<Settling>| settling.polls == 0 && settling.until <= now;
        let Some(settling) = self.settling.take_if(over) else { return };
        match (&self.state, settling.outcome) {
            (_, Outcome::Good) => (self.state, self.update) = (State::Active, Some(LastUpdate::Successful)),
            (State::Pending(_), Outcome::Bad(why)) => {
                self.update = Some(LastUpdate::Failed(why.clone()));
                self.state = State::Failed(why);
            }
            (_, Outcome::Bad(why)) => {
                self.update = Some(LastUpdate::Failed(why));
                if let Some(previous) = settling.previous {
                    self.configuration = previous;
                }
            }
        }
        if let Some(revision) = settling.revision {
            self.revision = revision;
        }
    }

    /// A look from outside, which counts as a poll. `has_image`: whether its image can still be pulled.
    pub(crate) fn look(&mut self, now: Millis, has_image: bool) {
        match &mut self.settling {
            Some(settling) if settling.polls > 0 => settling.polls -= 1,
            _ => self.settle(now),
        }
        if !has_image && self.settling.is_none() && self.state == State::Active {
            self.state = State::Inactive(Why::IMAGE_DELETED);
        }
    }

    /// What an invocation runs: while an update is in progress, what was there before it.
    pub(crate) fn serving(&self) -> &Arc<Configuration> {
        self.settling.as_ref().and_then(|settling| settling.previous.as_ref()).unwrap_or(&self.configuration)
    }

    /// Puts it to sleep, as Lambda does after weeks without a call.
    pub(crate) fn idle(&mut self, now: Millis) {
        self.settle(now);
        if self.state == State::Active && self.settling.is_none() {
            self.state = State::Inactive(Why::IDLE);
        }
    }

    /// Wakes it up: `Pending` until the plan's end.
    pub(super) fn restore(&mut self, plan: &Plan, is_latest: bool) {
        self.state = State::Pending(Why::RESTORING);
        self.settling = Some(Box::new(Settling::new(plan, is_latest.then(Revision::fresh))));
    }
}
