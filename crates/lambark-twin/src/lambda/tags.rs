//! Labels on functions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use super::check::Constraints;
use super::error::ApiError;
use super::machine::Change;
use super::{arn, input};
use crate::http::Reply;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// The function that the resource's ARN names.
fn function(call: &Call<'_>) -> Result<String, ApiError> {
    let text = &call.subject;
    if !text.starts_with("arn:") || !text.contains(":function:") {
        let mut constraints = Constraints::default();
        constraints.pattern(text, "resource", "arn:(aws[a-zA-Z-]*):lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12})");
        constraints.finish()?;
    }
    let named = arn::named(text, None, &call.scope)?;
    match named.qualifier {
        None => Ok(named.name),
        Some(_) => Err(ApiError::invalid(
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        )),
    }
}

pub(super) fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.look(&function(call)?, |function| Ok(Reply::json(200, &json!({ "Tags": function.tags }))))
}

pub(super) fn add(call: &Call<'_>) -> Result<Reply, ApiError> {
    let name = function(call)?;
    let input: Input = input::read(&call.body)?;
    if input.tags.is_empty() {
        return Err(ApiError::invalid("An error occurred and the request cannot be processed."));
    }
    call.change(&name, |function| {
        function.may_change(Change::Tags)?;
        function.tags.extend(input.tags);
        Ok(Reply::new(204))
    })
}

pub(super) fn remove(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.change(&function(call)?, |function| {
        for key in call.parameters("tagKeys") {
            function.tags.remove(&key);
        }
        Ok(Reply::new(204))
    })
}
