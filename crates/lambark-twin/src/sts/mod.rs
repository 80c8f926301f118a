//! STS: who am I?

use std::sync::Arc;

use url::form_urlencoded;

use crate::http::{Reply, Request};
use crate::ids;
use crate::scope::{Scope, Signed};
use crate::shared::Shared;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Answers a request of the query protocol, by `GET` or `POST`.
pub(crate) async fn answer(twin: &Arc<Shared>, mut request: Request) -> Reply {
    let Ok(body) = request.bytes().await else {
        return error(400, "MalformedQueryString", "the body broke off or is too large");
    };
    let parameters = form_urlencoded::parse(request.query().as_bytes()).chain(form_urlencoded::parse(&body));
    let action = parameters.into_iter().find(|(key, _)| key == "Action").map(|(_, value)| value);
    match action.as_deref() {
        Some("GetCallerIdentity") => identity(twin, &request),
        Some(other) => error(400, "InvalidAction", &format!("lambark's twin of STS does not do {other}")),
        None => error(400, "MissingAction", "the request names no Action"),
    }
}

/// The refusal of too many requests.
pub(crate) fn throttled() -> Reply {
    error(400, "Throttling", "Rate exceeded")
}

fn identity(twin: &Shared, request: &Request) -> Reply {
    let Scope { account, .. } = Scope::of(request.headers(), &twin.settings);
    let user = Signed::of(request.headers()).map_or_else(|| "anonymous".to_owned(), |signed| signed.access_key);
    let user = escaped(&user);
    let id = ids::uuid();
    xml(
        200,
        &format!(
            "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult>\
             <Arn>arn:aws:iam::{account}:user/{user}</Arn><UserId>{user}</UserId><Account>{account}</Account>\
             </GetCallerIdentityResult><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata>\
             </GetCallerIdentityResponse>"
        ),
    )
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    let message = escaped(message);
    let text = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error></ErrorResponse>"
    );
    xml(status, &text)
}

fn xml(status: u16, text: &str) -> Reply {
    Reply::new(status).body("text/xml", text.to_owned())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
