//! The storage behind the registry: presigned URLs, and no patience for a second way to sign in.

use std::time::Duration;

use hyper::Method;
use lambark_oci::Digest;

use super::range::Asked;
use crate::clock::Millis;
use crate::http::{Reply, Request};
use crate::scope::Scope;
use crate::shared::Shared;
use crate::store::Blob;

/// Where presigned URLs lie.
pub(crate) const PREFIX: &str = "/_storage/";

/// Where the storage seems to lie for a client that calls the twin `http://HOST`: at another host, as AWS's does. Clients
/// drop their credentials on the way to another host and keep them on the way to another path.
///
/// `None` where the twin has no other name: a client that reaches it over the network, which has to ask for that.
pub(super) fn other_host(twin: &Shared, base: &str) -> Option<String> {
    let url = url::Url::parse(base).ok()?;
    match url.host()? {
        url::Host::Domain("localhost") => Some(twin.url()),
        url::Host::Ipv4(address) if address.is_loopback() => Some(format!("http://localhost:{}", twin.address.port())),
        url::Host::Ipv6(address) if address.is_loopback() => Some(format!("http://localhost:{}", twin.address.port())),
        _ => None,
    }
}

/// A URL that gives a blob to whoever has it, until it expires.
pub(crate) fn presigned(twin: &Shared, base: &str, scope: &Scope, repository: &str, digest: &Digest) -> String {
    let lifetime = Duration::from_secs(twin.oddities().presigned_seconds);
    let path = format!("{PREFIX}{}/{}/{repository}/{digest}", scope.account, scope.region);
    let expires = twin.clock.millis().plus(lifetime).0;
    let signature = twin.signer.sign("storage", &format!("{path}\n{expires}"));
    let base = other_host(twin, base).unwrap_or_else(|| base.to_owned());
    format!(
        "{base}{path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires={}&X-Amz-Date={expires}&X-Amz-Signature={signature}",
        lifetime.as_secs()
    )
}

/// Answers a request for content by a presigned URL.
pub(crate) fn answer(twin: &Shared, request: &Request) -> Reply {
    if request.header("authorization").is_some() {
        let message = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query \
                       string parameter or the Authorization header should be specified";
        return refuse(400, "InvalidArgument", message);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return refuse(405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
    }
    let (expires, signature) = (request.parameter("X-Amz-Date"), request.parameter("X-Amz-Signature"));
    let (Some(expires), Some(signature)) = (expires, signature) else {
        return refuse(403, "AccessDenied", "Access Denied");
    };
    if !twin.signer.is_signed("storage", &format!("{}\n{expires}", request.path()), &signature) {
        let message = "The request signature we calculated does not match the signature you provided.";
        return refuse(403, "SignatureDoesNotMatch", message);
    }
    if expires.parse().map_or(true, |expires| Millis(expires) <= twin.clock.millis()) {
        return refuse(403, "AccessDenied", "Request has expired");
    }
    match find(twin, request.path()) {
        Ok(Some(blob)) => content(&blob, request),
        Ok(None) => refuse(404, "NoSuchKey", "The specified key does not exist."),
        Err(error) => refuse(500, "InternalError", &error.to_string()),
    }
}

fn find(twin: &Shared, path: &str) -> std::io::Result<Option<Blob>> {
    let parts = || {
        let (account, rest) = path.strip_prefix(PREFIX)?.split_once('/')?;
        let (region, rest) = rest.split_once('/')?;
        let (repository, digest) = rest.rsplit_once('/')?;
        let scope = Scope { account: account.to_owned(), region: region.to_owned() };
        Some((scope, repository, digest.parse::<Digest>().ok()?))
    };
    let Some((scope, repository, digest)) = parts() else { return Ok(None) };
    twin.store.blob(&scope, repository, &digest)
}

/// A blob, whole or the part that is asked for.
pub(super) fn content(blob: &Blob, request: &Request) -> Reply {
    const TYPE: &str = "application/octet-stream";
    let total = blob.size();
    match Asked::of(request.header("range"), total) {
        Asked::Whole => Reply::new(200).stream(TYPE, total, blob.stream(0..total)).header("accept-ranges", "bytes"),
        Asked::Part(part) => {
            let named = format!("bytes {}-{}/{total}", part.start, part.end - 1);
            Reply::new(206).stream(TYPE, part.end - part.start, blob.stream(part)).header("content-range", named)
        }
        Asked::Outside => Reply::new(416).header("content-range", format!("bytes */{total}")),
    }
}

fn refuse(status: u16, code: &str, message: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Reply::new(status).body("application/xml", body)
}
