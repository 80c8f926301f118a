//! The storage behind the registry: presigned URLs, and no patience for a second way to sign in.

use lambark_oci::Digest;

use super::control::{Control, Recorded};
use super::reply::Reply;

pub(super) fn answer(control: &Control, request: &Recorded) -> Reply {
    let refuse = |status: u16, code: &str, message: &str| {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        Reply::new(status).body("application/xml", body)
    };
    if request.header("authorization").is_some() {
        let message = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query \
                       string parameter or the Authorization header should be specified";
        return refuse(400, "InvalidArgument", message);
    }
    let mut inner = control.lock();
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
    let signature = pairs.iter().find(|(name, _)| name == "X-Amz-Signature").map(|(_, value)| value.as_str());
    match signature.and_then(|signature| inner.links.get_mut(signature)) {
        None | Some(Some(0)) => return refuse(403, "AccessDenied", "Request has expired"),
        Some(Some(left)) => *left -= 1,
        Some(None) => {}
    }
    let found = request.path.trim_start_matches('/').rsplit_once('/').and_then(|(repository, digest)| {
        inner.store.get(repository)?.blobs.get(&digest.parse::<Digest>().ok()?).cloned()
    });
    match found {
        Some(bytes) => {
            let range = request.header("range").filter(|_| inner.behaviour.ranges);
            Reply::of_bytes(&bytes, range)
        }
        None => refuse(404, "NoSuchKey", "The specified key does not exist."),
    }
}
