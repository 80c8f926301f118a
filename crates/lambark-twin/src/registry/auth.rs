//! Who may: `Basic AWS:TOKEN`, and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::{Reply, Request};
use crate::scope::Scope;
use crate::shared::Shared;
use crate::signer::TokenError;

/// The account and Region that the token opens.
pub(super) fn scope(twin: &Shared, request: &Request) -> Result<Scope, TokenError> {
    let password = request.header("authorization").and_then(password).ok_or(TokenError::Unknown)?;
    twin.signer.open_token(&password, twin.clock.millis()).map(|token| token.scope)
}

/// The answer to who has none.
pub(super) fn refusal(twin: &Shared, request: &Request, error: TokenError) -> Reply {
    match error {
        TokenError::Unknown => challenge(twin, request),
        TokenError::Expired => {
            let message = "Your authorization token has expired. Reauthenticate and try again.";
            super::errors::error(403, "DENIED", message)
        }
    }
}

fn password(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    decoded.strip_prefix("AWS:").map(str::to_owned)
}

fn challenge(twin: &Shared, request: &Request) -> Reply {
    let realm = super::base(twin, request);
    Reply::new(401)
        .body("text/plain; charset=utf-8", "Not Authorized\n")
        .header("www-authenticate", format!("Basic realm=\"{realm}/\",service=\"ecr.amazonaws.com\""))
        .header("docker-distribution-api-version", "registry/2.0")
}
