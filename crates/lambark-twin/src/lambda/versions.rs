//! PublishVersion.

use serde::Deserialize;

use super::call::Call;
use super::check::Constraints;
use super::error::ApiError;
use super::input;
use super::machine::{Change, Outcome, Refusal, VersionRef};
use super::render::{self, Detail};
use crate::http::Reply;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    code_sha256: Option<String>,
    description: Option<String>,
    revision_id: Option<String>,
    publish_to: Option<String>,
}

pub(super) fn publish(call: &Call<'_>) -> Result<Reply, ApiError> {
    let name = call.unqualified()?;
    let input: Input = input::read(&call.body)?;
    let mut constraints = Constraints::default();
    constraints.length(input.description.as_deref(), "description", 256);
    constraints.finish()?;
    if input.publish_to.is_some() {
        return Err(ApiError::not_in_the_twin("PublishTo"));
    }
    call.change(&name, |function| {
        function.may_change(Change::Publish)?;
        function.expect_revision(input.revision_id.as_deref())?;
        let code_sha256 = input.code_sha256.as_deref().filter(|given| !given.is_empty());
        let plan = call.plain_plan(Outcome::Good);
        let number = function.publish(code_sha256, input.description.as_deref(), &plan)?;
        let (version, arn) = (VersionRef::Number(number), function.qualified(&number.to_string()));
        let unit = function.unit(version).ok_or_else(|| Refusal::FunctionNotFound(arn.clone()))?;
        Ok(Reply::json(201, &render::configuration(function, version, unit, &arn, Detail::Full).into()))
    })
}
