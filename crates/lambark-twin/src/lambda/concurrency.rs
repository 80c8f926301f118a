//! Reserved concurrency.

use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use super::check::Constraints;
use super::error::ApiError;
use super::input;
use crate::http::Reply;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    reserved_concurrent_executions: Option<i64>,
}

pub(super) fn put(call: &Call<'_>) -> Result<Reply, ApiError> {
    let name = call.unqualified()?;
    let input: Input = input::read(&call.body)?;
    let mut constraints = Constraints::default();
    let at = "reservedConcurrentExecutions";
    if input.reserved_concurrent_executions.is_none() {
        constraints.broken("null", at, "Member must not be null");
    }
    constraints.range(input.reserved_concurrent_executions, at, 0, i64::from(u32::MAX));
    constraints.finish()?;
    let reserved = input.reserved_concurrent_executions.and_then(|count| u32::try_from(count).ok());
    call.change(&name, |function| {
        function.concurrency = reserved;
        Ok(Reply::json(200, &json!({ "ReservedConcurrentExecutions": reserved })))
    })
}

pub(super) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.look(&call.unqualified()?, |function| {
        let body =
            function.concurrency.map_or_else(|| json!({}), |count| json!({ "ReservedConcurrentExecutions": count }));
        Ok(Reply::json(200, &body))
    })
}

pub(super) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.change(&call.unqualified()?, |function| {
        function.concurrency = None;
        Ok(Reply::new(204))
    })
}
