//! One call of the API, with what every operation needs of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::HeaderMap;
use url::form_urlencoded;

use super::arn::{self, Named};
use super::error::ApiError;
use super::machine::{Function, Outcome, Plan, Why};
use crate::clock::Millis;
use crate::http::Request;
use crate::scope::Scope;
use crate::shared::Shared;

/// One call.
pub(super) struct Call<'a> {
    pub(super) twin: &'a Arc<Shared>,
    pub(super) scope: Scope,
    pub(super) now: Millis,
    /// What the path names: the function, or a resource's ARN.
    pub(super) subject: String,
    /// What the path names below it: an alias, a statement.
    pub(super) detail: String,
    pub(super) body: Bytes,
    pub(super) request_id: &'a str,
    query: String,
    headers: HeaderMap,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        twin: &'a Arc<Shared>,
        request: &Request,
        subject: String,
        detail: String,
        body: Bytes,
        request_id: &'a str,
    ) -> Call<'a> {
        Call {
            twin,
            scope: Scope::of(request.headers(), &twin.settings),
            now: twin.clock.millis(),
            subject,
            detail,
            body,
            request_id,
            query: request.query().to_owned(),
            headers: request.headers().clone(),
        }
    }

    /// The first value of a query parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        self.parameters(name).next()
    }

    /// Every value of a query parameter.
    pub(super) fn parameters(&self, name: &str) -> impl Iterator<Item = String> {
        let pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.filter(move |(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The function that the path names, with its qualifier.
    pub(super) fn named(&self) -> Result<Named, ApiError> {
        arn::named(&self.subject, self.parameter("Qualifier").as_deref(), &self.scope)
    }

    /// The function that the path names, where only `$LATEST` can be meant.
    pub(super) fn unqualified(&self) -> Result<String, ApiError> {
        let named = arn::named(&self.subject, None, &self.scope)?;
        match named.qualifier.as_deref() {
            None | Some("$LATEST") => Ok(named.name),
            // The text is ours.
            Some(qualifier) => Err(ApiError::invalid(format!("This operation takes no qualifier: {qualifier}"))),
        }
    }

    /// Looks at a function, with what is over by now ended.
    pub(super) fn look<T>(
        &self,
        name: &str,
        look: impl FnOnce(&mut Function) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.twin.functions.look(&self.scope, name, look)
    }

    /// Changes a function, with what is over by now ended first.
    pub(super) fn change<T>(
        &self,
        name: &str,
        change: impl FnOnce(&mut Function) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.twin.functions.change(self.twin.store.shelf(), &self.scope, name, |function| {
            function.settle(self.now);
            change(function)
        })
    }

    /// How a creation or update goes, by the script if there is one.
    pub(super) fn plan(&self, name: &str, outcome: Outcome) -> Plan {
        let scripted = self.twin.control.script.take_update(name).unwrap_or_default();
        let failure = scripted.fail.map(|fail| {
            let text = fail.text().into();
            Outcome::Bad(Why { code: fail.code.into(), text })
        });
        // Whoever counts polls does not want to wait as well.
        let settle = if scripted.polls > 0 { Duration::ZERO } else { self.twin.settings.settle };
        Plan { polls: scripted.polls, until: self.now.plus(settle), ..self.plain_plan(failure.unwrap_or(outcome)) }
    }

    /// How a version becomes active, or a sleeping function.
    pub(super) fn plain_plan(&self, outcome: Outcome) -> Plan {
        let until = self.now.plus(self.twin.settings.settle);
        Plan { now: self.now, until, polls: 0, outcome }
    }
}
