//! The registry HTTP API v2 with ECR's ways: `/v2/` and the storage that its redirects point at.
//!
//! The token tells account and Region, as the host's name does at AWS. Which way is ECR's and which is only assumed is
//! told in `docs/twin.md`; what can be switched is in [`Oddities`](crate::oddities::Oddities).

mod auth;
mod blobs;
mod errors;
mod lists;
mod manifests;
mod range;
mod route;
mod storage;
mod uploads;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use hyper::Method;

use crate::http::{Reply, Request};
use crate::shared::Shared;
use route::Route;

pub(crate) use storage::{PREFIX as STORAGE, answer as from_storage, presigned};

/// Answers a request below `/v2/`.
pub(crate) async fn answer(twin: &Arc<Shared>, mut request: Request) -> Reply {
    let scope = match auth::scope(twin, &request) {
        Ok(scope) => scope,
        Err(error) => return auth::refusal(twin, &request, error),
    };
    let Some(route) = Route::of(request.path()) else { return errors::unsupported() };
    let method = request.method().clone();
    let looks = matches!(method, Method::GET | Method::HEAD);
    let answered = match route {
        Route::Version if looks => Ok(Reply::json(200, &serde_json::json!({}))),
        Route::Catalog if looks => lists::catalog(twin, &scope, &request),
        Route::Tags { repository } if looks => lists::tags(twin, &scope, &repository, &request),
        Route::Referrers { repository, subject } if looks => {
            lists::referrers(twin, &scope, &repository, &subject, &request)
        }
        Route::Manifest { repository, target } if looks => manifests::get(twin, &scope, &repository, &target, &request),
        Route::Manifest { repository, target } if method == Method::PUT => {
            manifests::put(twin, &scope, &repository, &target, &mut request).await
        }
        Route::Manifest { repository, target } if method == Method::DELETE => {
            manifests::delete(twin, &scope, &repository, &target)
        }
        Route::Blob { repository, digest } if looks => blobs::get(twin, &scope, &repository, &digest, &request),
        Route::Uploads { repository } if method == Method::POST => uploads::begin(twin, &scope, &repository, &request),
        Route::Upload { repository, id } => uploads::go_on(twin, &scope, &repository, &id, &mut request).await,
        _ => Ok(errors::unsupported()),
    };
    answered.unwrap_or_else(|refusal| errors::reply(&refusal)).header("docker-distribution-api-version", "registry/2.0")
}

/// `http://HOST` by the name that the client called us by.
fn base(twin: &Shared, request: &Request) -> String {
    request.header("host").map_or_else(|| twin.url(), |host| format!("http://{host}"))
}
