//! GetFunction and GetFunctionConfiguration.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::image;
use super::machine::{Function, Picked, Refusal};
use super::render::{self, Detail};
use crate::http::Reply;

/// Beyond every weight: of a weighted alias the main version is told.
const MAIN: f64 = 1.0;

pub(super) fn function(call: &Call<'_>) -> Result<Reply, ApiError> {
    look(call, |function, picked, configuration, is_qualified| {
        let unit = function.unit(picked.version);
        let mut all = json!({ "Configuration": configuration });
        if let Some(unit) = unit {
            all["Code"] = render::code(unit);
        }
        if !function.tags.is_empty() && !is_qualified {
            all["Tags"] = json!(function.tags);
        }
        if let Some(reserved) = function.concurrency {
            all["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
        }
        Reply::json(200, &all)
    })
}

pub(super) fn configuration(call: &Call<'_>) -> Result<Reply, ApiError> {
    look(call, |_, _, configuration, _| Reply::json(200, &configuration.into()))
}

fn look(
    call: &Call<'_>,
    told: impl FnOnce(&Function, &Picked, Map<String, Value>, bool) -> Reply,
) -> Result<Reply, ApiError> {
    let named = call.named()?;
    call.look(&named.name, |function| {
        let picked = function.pick(named.qualifier.as_deref(), MAIN)?;
        let Some(unit) = function.unit_mut(picked.version) else {
            return Err(Refusal::FunctionNotFound(picked.arn).into());
        };
        let has_image = image::is_there(call.twin, &unit.configuration);
        unit.look(call.now, has_image);
        let Some(unit) = function.unit(picked.version) else {
            return Err(Refusal::FunctionNotFound(picked.arn).into());
        };
        let configuration = render::configuration(function, picked.version, unit, &picked.arn, Detail::Full);
        Ok(told(function, &picked, configuration, named.qualifier.is_some()))
    })
}
