//! UpdateFunctionConfiguration.

use serde::Deserialize;

use super::call::Call;
use super::check::Constraints;
use super::error::ApiError;
use super::input::{self, Settings};
use super::machine::{Change, Code, Outcome, VersionRef};
use super::render::{self, Detail};
use crate::http::Reply;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    revision_id: Option<String>,
    #[serde(flatten)]
    settings: Settings,
}

pub(super) fn update(call: &Call<'_>) -> Result<Reply, ApiError> {
    let name = call.unqualified()?;
    let input: Input = input::read(&call.body)?;
    let mut constraints = Constraints::default();
    input.settings.check(&mut constraints);
    constraints.finish()?;
    input.settings.check_together()?;
    call.change(&name, |function| {
        if matches!(function.latest.configuration.code, Code::Image(_)) {
            input.settings.check_image_update()?;
        }
        function.may_change(Change::Configuration)?;
        function.expect_revision(input.revision_id.as_deref())?;
        let mut configuration = (*function.latest.configuration).clone();
        input.settings.apply(&mut configuration);
        function.update(configuration, &call.plan(&name, Outcome::Good));
        let body = render::configuration(function, VersionRef::Latest, &function.latest, &function.arn, Detail::Full);
        Ok(Reply::json(200, &body.into()))
    })
}
