//! Aliases.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::arn::is_word;
use super::call::Call;
use super::check::Constraints;
use super::error::ApiError;
use super::machine::{AliasChange, VersionRef};
use super::{input, render};
use crate::http::Reply;

const NAME_PATTERN: &str = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)";
const VERSION_PATTERN: &str = r"(\$LATEST(\.PUBLISHED)?|[0-9]+)";
const WEIGHT: &str = "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, \
                      Member must have value greater than or equal to 0.0, Member must not be null]";
const WEIGHT_KEY: &str = "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, \
                          Member must have length greater than or equal to 1, \
                          Member must satisfy regular expression pattern: [0-9]+, Member must not be null]";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    name: Option<String>,
    function_version: Option<String>,
    description: Option<String>,
    routing_config: Option<Routing>,
    revision_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Routing {
    additional_version_weights: Option<BTreeMap<String, f64>>,
}

impl Input {
    fn check(&self, constraints: &mut Constraints) {
        if let Some(version) = self.function_version.as_deref()
            && VersionRef::parse(version).is_none()
        {
            constraints.pattern(version, "functionVersion", VERSION_PATTERN);
        }
        constraints.length(self.description.as_deref(), "description", 256);
        let Some(weights) = self.weights() else { return };
        // As a Java map prints itself.
        let shown: Vec<String> = weights.iter().map(|(key, weight)| format!("{key}={weight:?}")).collect();
        let shown = format!("{{{}}}", shown.join(", "));
        let at = "routingConfig.additionalVersionWeights";
        if weights.keys().any(|key| key.is_empty() || !key.bytes().all(|b| b.is_ascii_digit())) {
            constraints.broken(&shown, at, WEIGHT_KEY);
        }
        if weights.values().any(|weight| !(0.0..=1.0).contains(weight)) {
            constraints.broken(&shown, at, WEIGHT);
        }
    }

    fn weights(&self) -> Option<&BTreeMap<String, f64>> {
        self.routing_config.as_ref()?.additional_version_weights.as_ref()
    }

    fn into_change(self) -> AliasChange {
        let weights = self.routing_config.map(|routing| routing.additional_version_weights.unwrap_or_default());
        AliasChange { version: self.function_version, weights, description: self.description }
    }
}

fn check_name(name: &str, constraints: &mut Constraints) {
    if !is_word(name, b"") || name.bytes().all(|b| b.is_ascii_digit()) {
        constraints.pattern(name, "name", NAME_PATTERN);
    }
    constraints.length(Some(name), "name", 128);
}

pub(super) fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    let function_name = call.unqualified()?;
    let input: Input = input::read(&call.body)?;
    let mut constraints = Constraints::default();
    let name = input.name.clone().unwrap_or_default();
    check_name(&name, &mut constraints);
    if input.function_version.is_none() {
        constraints.broken("null", "functionVersion", "Member must not be null");
    }
    input.check(&mut constraints);
    constraints.finish()?;
    call.change(&function_name, |function| {
        let arn = function.qualified(&name);
        let alias = function.create_alias(&name, input.into_change())?;
        Ok(Reply::json(201, &render::alias(&arn, &name, alias)))
    })
}

pub(super) fn update(call: &Call<'_>) -> Result<Reply, ApiError> {
    let function_name = call.unqualified()?;
    let input: Input = input::read(&call.body)?;
    let mut constraints = Constraints::default();
    check_name(&call.detail, &mut constraints);
    input.check(&mut constraints);
    constraints.finish()?;
    call.change(&function_name, |function| {
        let arn = function.qualified(&call.detail);
        let revision = input.revision_id.clone();
        let alias = function.update_alias(&call.detail, input.into_change(), revision.as_deref())?;
        Ok(Reply::json(200, &render::alias(&arn, &call.detail, alias)))
    })
}

pub(super) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.look(&call.unqualified()?, |function| {
        let arn = function.qualified(&call.detail);
        Ok(Reply::json(200, &render::alias(&arn, &call.detail, function.alias(&call.detail)?)))
    })
}

/// An alias that is not there is no error.
pub(super) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.change(&call.unqualified()?, |function| {
        function.aliases.remove(call.detail.as_str());
        function.policies.remove(&call.detail);
        Ok(Reply::new(204))
    })
}
