//! Versions.

use std::sync::Arc;

use super::{Function, Plan, Refusal, Revision, Unit};

impl Function {
    /// Publishes `$LATEST`, or gives the version that it was published as already. The caller has asked
    /// [`Function::may_change`] and [`Function::expect_revision`].
    pub(crate) fn publish(
        &mut self,
        code_sha256: Option<&str>,
        description: Option<&str>,
        plan: &Plan,
    ) -> Result<u32, Refusal> {
        let current = self.latest.configuration.code_sha256();
        if let Some(given) = code_sha256.filter(|given| *given != current) {
            return Err(Refusal::CodeSha256 { given: given.to_owned(), current: current.to_owned() });
        }
        if let Some(number) = self.published_as {
            return Ok(number);
        }
        let number = self.make_version(description, plan);
        self.latest.revision = Revision::fresh();
        Ok(number)
    }

    /// Makes a version of `$LATEST` as it stands, `Pending` until the plan's end.
    pub(crate) fn make_version(&mut self, description: Option<&str>, plan: &Plan) -> u32 {
        let mut configuration = Arc::clone(&self.latest.configuration);
        if let Some(description) = description {
            Arc::make_mut(&mut configuration).description = description.into();
        }
        self.last_number += 1;
        self.versions.insert(self.last_number, Unit::pending(configuration, plan, false));
        self.published_as = Some(self.last_number);
        self.last_number
    }
}
