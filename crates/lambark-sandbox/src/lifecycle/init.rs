//! Init: extensions first, then the runtime, until all have asked for their first event.

use super::extensions::Extension;
use super::machine::{Machine, Phase, Runtime, wrong_state};
use super::words::{Action, Answer, Who};
use crate::fault::Failure;
use crate::limits::MAX_EXTENSIONS;

impl Machine {
    pub(super) fn boot(&mut self, names: Vec<String>) {
        self.phase = Phase::Registering;
        let too_many = names.len() > MAX_EXTENSIONS;
        self.extensions = names.into_iter().map(Extension::external).collect();
        if too_many {
            let cause = format!("Extension limit ({MAX_EXTENSIONS}) reached");
            return self.fail(Failure::fault("Extension.LaunchError", cause));
        }
        for index in 0..self.extensions.len() {
            self.actions.push(Action::Launch(Who::Extension(index)));
        }
        self.advance();
    }

    pub(super) fn start_runtime(&mut self) {
        self.phase = Phase::Starting;
        self.runtime = Runtime::Busy;
        self.actions.push(Action::Launch(Who::Runtime));
    }

    pub(super) fn not_launched(&mut self, who: Who, failure: Failure) {
        match who {
            Who::Runtime => self.runtime = Runtime::Gone,
            Who::Extension(index) => self.extension_gone(index),
        }
        self.fail(failure);
    }

    /// `POST /runtime/init/error`. The runtime ends by itself after it; what it reported then is the failure.
    pub(super) fn init_error(&mut self, failure: Failure) -> Answer {
        if !matches!(self.phase, Phase::Starting) || self.runtime != Runtime::Busy {
            return wrong_state("Ready", "InitError");
        }
        self.runtime = Runtime::InitFailed;
        self.reported = Some(failure);
        Answer::accepted()
    }
}
