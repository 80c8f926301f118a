//! What a request asks for, before anybody answers it.

use hyper::Method;

use crate::face::{Face, TARGET};
use crate::http::Request;
use crate::lambda::Route;

/// Which operation of which face.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Asked {
    pub(super) face: Face,
    /// AWS's name, or `registry:` and a name of ours; `unknown` where there is none.
    pub(super) name: String,
}

/// Reads a request's operation.
pub(super) fn of_request(request: &Request) -> Asked {
    let face = Face::of(request);
    let name = match face {
        Face::Control => "control".to_owned(),
        Face::Registry => of_registry(request.method(), request.path()).to_owned(),
        Face::Lambda => {
            let route = Route::of(request.method(), request.path());
            route.map_or("unknown", |route| route.operation.name()).to_owned()
        }
        Face::Ecr => {
            let target = request.header(TARGET).unwrap_or_default();
            target.rsplit('.').next().unwrap_or_default().to_owned()
        }
        Face::Sts => "GetCallerIdentity".to_owned(),
        Face::Unknown => "unknown".to_owned(),
    };
    Asked { face, name }
}

fn of_registry(method: &Method, path: &str) -> &'static str {
    let kind = if path.contains("/manifests/") {
        "manifest"
    } else if path.contains("/blobs/uploads/") {
        "upload"
    } else if path.contains("/blobs/") {
        "blob"
    } else if path.ends_with("/tags/list") {
        "tags"
    } else if path.contains("/referrers/") {
        "referrers"
    } else {
        "other"
    };
    match (method.as_str(), kind) {
        ("GET", "manifest") => "registry:GetManifest",
        ("HEAD", "manifest") => "registry:HeadManifest",
        ("PUT", "manifest") => "registry:PutManifest",
        ("DELETE", "manifest") => "registry:DeleteManifest",
        ("GET", "blob") => "registry:GetBlob",
        ("HEAD", "blob") => "registry:HeadBlob",
        ("DELETE", "blob") => "registry:DeleteBlob",
        ("POST", "upload") => "registry:StartUpload",
        ("PATCH", "upload") => "registry:PatchUpload",
        ("PUT", "upload") => "registry:FinishUpload",
        ("DELETE", "upload") => "registry:CancelUpload",
        ("GET", "upload") => "registry:GetUpload",
        ("GET", "tags") => "registry:ListTags",
        ("GET", "referrers") => "registry:ListReferrers",
        ("GET" | "HEAD", _) => "registry:GetOther",
        _ => "registry:Other",
    }
}

/// Whether an operation is of the kind that changes something. What is not known to only look is taken for one.
pub(super) fn changes(name: &str) -> bool {
    let name = name.strip_prefix("registry:").unwrap_or(name);
    !["Get", "Head", "List", "Describe", "BatchGet", "BatchCheck"].iter().any(|reader| name.starts_with(reader))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_looks_is_no_change() {
        for name in ["GetFunction", "ListFunctions", "BatchCheckLayerAvailability", "registry:HeadBlob"] {
            assert!(!changes(name), "{name}");
        }
        for name in ["UpdateAlias", "PutImage", "BatchDeleteImage", "registry:StartUpload", "Invoke", "unknown"] {
            assert!(changes(name), "{name}");
        }
    }

    #[test]
    fn the_registrys_requests_have_names() {
        for (method, path, name) in [
            (Method::PUT, "/v2/a/b/manifests/t", "registry:PutManifest"),
            (Method::POST, "/v2/a/blobs/uploads/", "registry:StartUpload"),
            (Method::HEAD, "/v2/a/blobs/sha256:00", "registry:HeadBlob"),
            (Method::GET, "/v2/", "registry:GetOther"),
        ] {
            assert_eq!(of_registry(&method, path), name);
        }
    }
}
