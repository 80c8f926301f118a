//! CreateFunction.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambark_oci::Architecture;
use serde::Deserialize;

use super::arn::{self, Named};
use super::call::Call;
use super::check::Constraints;
use super::error::ApiError;
use super::image;
use super::input::{self, Settings};
use super::machine::{Code, Configuration, Function, Outcome, VersionRef};
use super::render::{self, Detail};
use crate::http::Reply;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(default)]
    function_name: String,
    #[serde(default)]
    code: CodeInput,
    package_type: Option<String>,
    architectures: Option<Vec<String>>,
    #[serde(default)]
    publish: bool,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(flatten)]
    settings: Settings,
}

/// Where code comes from.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CodeInput {
    pub(super) image_uri: Option<String>,
    pub(super) zip_file: Option<String>,
}

impl CodeInput {
    /// A package of code. Only its traces are kept.
    pub(super) fn zip(&self) -> Result<Code, ApiError> {
        let Some(content) = &self.zip_file else {
            return Err(ApiError::not_in_the_twin("packages from S3"));
        };
        let content = STANDARD.decode(content).map_err(|_| ApiError::invalid("Could not unzip uploaded file."))?;
        let hash = ring::digest::digest(&ring::digest::SHA256, &content);
        Ok(Code::Zip { sha256: STANDARD.encode(hash).into(), size: content.len() as u64 })
    }
}

/// A new function before anything is said of it.
fn blank(code: Code, architecture: Architecture) -> Configuration {
    Configuration {
        code,
        architecture,
        role: "".into(),
        description: "".into(),
        timeout: 3,
        memory: 128,
        storage: 512,
        environment: None,
        others: serde_json::Map::new(),
    }
}

pub(super) async fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    let input: Input = input::read(&call.body)?;
    let Named { name, .. } = arn::named(&input.function_name, None, &call.scope)?;
    let mut constraints = Constraints::default();
    if name.len() > 64 {
        constraints.broken(&name, "functionName", "Member must have length less than or equal to 64");
    }
    constraints.one_of(input.package_type.as_deref(), "packageType", &["Zip", "Image"]);
    let architecture = input::architecture(input.architectures.as_deref(), &mut constraints);
    if input.settings.role.is_none() {
        constraints.broken("null", "role", "Member must not be null");
    }
    input.settings.check(&mut constraints);
    constraints.finish()?;
    input.settings.check_together()?;
    let arn = arn::arn(&call.scope, &name);
    let architecture = architecture.unwrap_or(Architecture::X86_64);
    let (code, outcome) = match input.package_type.as_deref() {
        Some("Image") => of_image(call, &input, &arn, architecture).await?,
        _ => (of_package(&input)?, Outcome::Good),
    };
    let mut configuration = blank(code, architecture);
    input.settings.apply(&mut configuration);
    let mut function = Function::create(&arn, configuration, &call.plan(&name, outcome), input.publish);
    function.tags = input.tags;
    let body = if input.publish {
        // AWS gives the version, but the bare ARN.
        let first = VersionRef::Number(1);
        let unit = function.unit(first).unwrap_or(&function.latest);
        render::configuration(&function, first, unit, &arn, Detail::Full)
    } else {
        render::configuration(&function, VersionRef::Latest, &function.latest, &arn, Detail::Full)
    };
    call.twin.functions.add(call.twin.store.shelf(), &call.scope, function)?;
    Ok(Reply::json(201, &body.into()))
}

async fn of_image(
    call: &Call<'_>,
    input: &Input,
    arn: &str,
    architecture: Architecture,
) -> Result<(Code, Outcome), ApiError> {
    input.settings.check_image()?;
    let Some(uri) = &input.code.image_uri else {
        // By analogy with the text for an update.
        return Err(ApiError::invalid("Please provide ImageUri when creating a function with packageType Image."));
    };
    let found = image::find(call, uri, None, arn)?;
    let outcome = image::ask(call, &found, architecture).await?;
    Ok((Code::Image(Box::new(found.code)), outcome))
}

fn of_package(input: &Input) -> Result<Code, ApiError> {
    if input.code.image_uri.is_some() {
        return Err(ApiError::invalid("Please don't provide ImageUri when creating a function with packageType Zip."));
    }
    if input.settings.runtime.is_none() || input.settings.handler.is_none() {
        return Err(ApiError::invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ));
    }
    input.code.zip()
}
