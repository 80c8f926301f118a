//! UpdateFunctionCode.

use lambark_oci::Architecture;
use serde::Deserialize;

use super::call::Call;
use super::check::Constraints;
use super::create::CodeInput;
use super::error::ApiError;
use super::machine::{Change, Code, Configuration, Function, Outcome, VersionRef};
use super::render::{self, Detail};
use super::{image, input};
use crate::http::Reply;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(flatten)]
    code: CodeInput,
    architectures: Option<Vec<String>>,
    #[serde(default)]
    publish: bool,
    publish_to: Option<String>,
    #[serde(default)]
    dry_run: bool,
    revision_id: Option<String>,
}

pub(super) async fn update(call: &Call<'_>) -> Result<Reply, ApiError> {
    let name = call.unqualified()?;
    let input: Input = input::read(&call.body)?;
    let mut constraints = Constraints::default();
    let architecture = input::architecture(input.architectures.as_deref(), &mut constraints);
    constraints.finish()?;
    if input.publish_to.is_some() {
        return Err(ApiError::not_in_the_twin("PublishTo"));
    }
    let (current, arn) =
        call.look(&name, |function| Ok(((*function.latest.configuration).clone(), function.arn.to_string())))?;
    let architecture = architecture.unwrap_or(current.architecture);
    let (code, outcome) = new_code(call, &input, &current, architecture, &arn).await?;
    let apply = |configuration: &Configuration| {
        let code = keep_overrides(code, configuration);
        Configuration { code, architecture, ..configuration.clone() }
    };
    if input.dry_run {
        return call.look(&name, |function| {
            function.settle(call.now);
            let mut preview = function.clone();
            let configuration = apply(&preview.latest.configuration);
            preview.latest.configuration = std::sync::Arc::new(configuration);
            Ok(told(&preview, VersionRef::Latest))
        });
    }
    call.change(&name, |function| {
        function.may_change(Change::Code)?;
        function.expect_revision(input.revision_id.as_deref())?;
        let plan = call.plan(&name, outcome);
        let configuration = apply(&function.latest.configuration);
        function.update(configuration, &plan);
        let version = match input.publish {
            true => VersionRef::Number(function.make_version(None, &plan)),
            false => VersionRef::Latest,
        };
        Ok(told(function, version))
    })
}

/// The answer: `$LATEST`, or the version just made under its qualified ARN.
fn told(function: &Function, version: VersionRef) -> Reply {
    let unit = function.unit(version).unwrap_or(&function.latest);
    let arn = match version {
        VersionRef::Latest => function.arn.to_string(),
        VersionRef::Number(_) => function.qualified(&version.to_string()),
    };
    Reply::json(200, &render::configuration(function, version, unit, &arn, Detail::Full).into())
}

async fn new_code(
    call: &Call<'_>,
    input: &Input,
    current: &Configuration,
    architecture: Architecture,
    arn: &str,
) -> Result<(Code, Outcome), ApiError> {
    match (current.image(), &input.code.image_uri) {
        (None, Some(_)) => {
            Err(ApiError::invalid("Please don't provide ImageUri when updating a function with packageType Zip."))
        }
        (None, None) => Ok((input.code.zip()?, Outcome::Good)),
        (Some(_), None) => {
            Err(ApiError::invalid("Please provide ImageUri when updating a function with packageType Image."))
        }
        (Some(_), Some(uri)) => {
            let found = image::find(call, uri, None, arn)?;
            // Whether a dry run asks the gates is not known; the twin does only if it is told to.
            let asks = !input.dry_run || call.twin.control.behaviour().dry_run_checks_media_types;
            let outcome = if asks { image::ask(call, &found, architecture).await? } else { Outcome::Good };
            Ok((Code::Image(Box::new(found.code)), outcome))
        }
    }
}

/// New code under the overrides that the function has: they are settings, not code.
fn keep_overrides(mut code: Code, current: &Configuration) -> Code {
    if let (Code::Image(new), Some(old)) = (&mut code, current.image()) {
        new.config.clone_from(&old.config);
    }
    code
}
