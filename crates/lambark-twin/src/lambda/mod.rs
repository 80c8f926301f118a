//! Lambda's REST API, for functions made of images.

mod aliases;
mod arn;
mod call;
mod check;
mod code;
mod concurrency;
mod create;
mod date;
mod delete;
mod error;
mod functions;
mod image;
mod input;
mod invoke;
mod lists;
mod machine;
mod policy;
mod read;
mod render;
mod route;
mod settings;
mod tags;
#[cfg(test)]
mod tests;
mod versions;

use std::sync::Arc;

use call::Call;
use error::{ApiError, Code};
pub(crate) use functions::Functions;
pub(crate) use route::{Operation, Route, is_lambda};

use crate::http::{BodyError, Reply, Request};
use crate::ids;
use crate::shared::Shared;

/// The refusal of too many calls of the control plane.
pub(crate) fn too_many_requests() -> Reply {
    ApiError::throttled("CallerRateLimitExceeded", "Rate exceeded").reply()
}

/// Answers a request.
pub(crate) async fn answer(twin: &Arc<Shared>, request: Request) -> Reply {
    let id = ids::uuid();
    let reply = serve(twin, request, &id).await.unwrap_or_else(|error| error.reply());
    reply.header("x-amzn-requestid", id)
}

async fn serve(twin: &Arc<Shared>, mut request: Request, id: &str) -> Result<Reply, ApiError> {
    let Some(route) = Route::of(request.method(), request.path()) else {
        return Err(ApiError::not_in_the_twin(&format!("{} {}", request.method(), request.path())));
    };
    let body = request.bytes().await.map_err(|error| match error {
        BodyError::Broken => ApiError::new(Code::InvalidRequestContent, "the request's body broke off"),
        BodyError::TooLarge => ApiError::new(Code::RequestTooLarge, "Request must be smaller than the twin takes"),
    })?;
    let call = Call::new(twin, &request, route.subject, route.detail, body, id);
    match route.operation {
        Operation::CreateFunction => create::create(&call).await,
        Operation::UpdateFunctionCode => code::update(&call).await,
        Operation::Invoke => invoke::invoke(&call).await,
        Operation::GetFunction => read::function(&call),
        Operation::GetFunctionConfiguration => read::configuration(&call),
        Operation::UpdateFunctionConfiguration => settings::update(&call),
        Operation::DeleteFunction => delete::delete(&call),
        Operation::ListFunctions => lists::functions(&call),
        Operation::ListVersionsByFunction => lists::versions(&call),
        Operation::ListAliases => lists::aliases(&call),
        Operation::PublishVersion => versions::publish(&call),
        Operation::CreateAlias => aliases::create(&call),
        Operation::UpdateAlias => aliases::update(&call),
        Operation::GetAlias => aliases::get(&call),
        Operation::DeleteAlias => aliases::delete(&call),
        Operation::GetPolicy => policy::get(&call),
        Operation::AddPermission => policy::add(&call),
        Operation::RemovePermission => policy::remove(&call),
        Operation::ListTags => tags::list(&call),
        Operation::TagResource => tags::add(&call),
        Operation::UntagResource => tags::remove(&call),
        Operation::PutFunctionConcurrency => concurrency::put(&call),
        Operation::GetFunctionConcurrency => concurrency::get(&call),
        Operation::DeleteFunctionConcurrency => concurrency::delete(&call),
    }
}
