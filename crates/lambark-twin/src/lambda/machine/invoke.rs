//! What an invocation does to a function's state.

use std::sync::Arc;

use super::{Configuration, Function, Plan, Refusal, State, VersionRef, Why};

impl Function {
    /// Lets an invocation through and gives what it runs. `has_image`: whether the image that serves can still be
    /// pulled. An inactive function is woken up by it, and refuses it all the same.
    pub(crate) fn begin_invocation(
        &mut self,
        version: VersionRef,
        has_image: bool,
        plan: &Plan,
    ) -> Result<Arc<Configuration>, Refusal> {
        let missing = Refusal::FunctionNotFound(format!("{}:{version}", self.arn));
        let unit = self.unit_mut(version).ok_or(missing)?;
        match &unit.state {
            State::Active if has_image => Ok(Arc::clone(unit.serving())),
            State::Active => {
                unit.state = State::Inactive(Why::IMAGE_DELETED);
                Err(Refusal::ImageFailed)
            }
            State::Pending(why) if *why == Why::RESTORING => Err(Refusal::Initializing),
            State::Pending(_) => Err(Refusal::State("Pending")),
            State::Failed(_) => Err(Refusal::ImageFailed),
            State::Inactive(_) if has_image && unit.settling.is_none() => {
                unit.restore(plan, version == VersionRef::Latest);
                Err(Refusal::Initializing)
            }
            State::Inactive(_) => Err(Refusal::ImageFailed),
        }
    }
}
