//! The correct registry.

use bytes::Bytes;
use lambark_oci::{Digest, Document, MediaType, RawDocument, media_type};
use serde_json::Value;

use super::behaviour::Conversion;
use super::control::{Control, Inner, Recorded};
use super::reply::Reply;
use super::store::Manifest;
use super::{auth, referrers, uploads};

pub(super) fn answer(control: &Control, request: &Recorded, body: Bytes) -> Reply {
    if request.path == "/token" {
        return auth::token(control, request, &body);
    }
    let Some(path) = request.path.strip_prefix("/v2/") else { return Reply::new(404) };
    let (repository, kind, rest) = split(path);
    if let Some(refused) = auth::refusal(control, request, repository) {
        return refused;
    }
    match (request.method.as_str(), kind) {
        ("GET" | "HEAD", "") => Reply::new(200).body("application/json", "{}"),
        ("GET" | "HEAD", "manifests") => get_manifest(control, request, repository, rest),
        ("PUT", "manifests") => put_manifest(control, request, repository, rest, body),
        ("POST", "uploads") => uploads::start(control, request, repository),
        (_, "uploads") => uploads::continued(control, request, repository, rest, &body),
        ("GET" | "HEAD", "blobs") => get_blob(control, request, repository, rest),
        ("GET", "referrers") => get_referrers(control, request, repository, rest),
        _ => Reply::error(405, "UNSUPPORTED", "The operation is unsupported."),
    }
}

/// Repository names have slashes, so the kind is looked for from the end.
fn split(path: &str) -> (&str, &str, &str) {
    for (needle, kind) in [
        ("/blobs/uploads/", "uploads"),
        ("/manifests/", "manifests"),
        ("/blobs/", "blobs"),
        ("/referrers/", "referrers"),
    ] {
        if let Some((repository, rest)) = path.rsplit_once(needle) {
            return (repository, kind, rest);
        }
    }
    (path, if path.is_empty() { "" } else { "unknown" }, "")
}

fn get_manifest(control: &Control, request: &Recorded, repository: &str, target: &str) -> Reply {
    let inner = control.lock();
    let by_tag = !target.contains(':');
    // ECR says no more than that to a HEAD on a tag that is none.
    if by_tag && !target.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')) {
        return Reply::new(400);
    }
    let found = inner.store.get(repository).and_then(|stored| {
        let digest = if by_tag { stored.tags.get(target)?.clone() } else { target.parse::<Digest>().ok()? };
        Some((stored.manifests.get(&digest)?.clone(), digest))
    });
    let Some((manifest, digest)) = found else {
        return Reply::error(404, "MANIFEST_UNKNOWN", "manifest unknown");
    };
    let accepts = |wanted: &str| {
        let all = request.headers.iter().filter(|(name, _)| name == "accept");
        all.flat_map(|(_, value)| value.split(',')).any(|one| one.trim() == wanted)
    };
    let convert = by_tag
        && match inner.behaviour.conversion {
            Conversion::Never => false,
            Conversion::NarrowAccept => !accepts(&manifest.media_type),
            Conversion::Always => true,
        };
    let manifest = if convert { converted(&manifest) } else { manifest };
    let reply = Reply::new(200).body(&manifest.media_type, manifest.bytes);
    if inner.behaviour.names_digests { reply.header("docker-content-digest", digest.as_str()) } else { reply }
}

/// The other family's words in the same places, as ECR converts.
fn converted(manifest: &Manifest) -> Manifest {
    const PAIRS: [(&str, &str); 4] = [
        (media_type::OCI_MANIFEST, media_type::DOCKER_MANIFEST),
        (media_type::OCI_INDEX, media_type::DOCKER_LIST),
        (media_type::OCI_CONFIG, media_type::DOCKER_CONFIG),
        (media_type::OCI_LAYER_GZIP, media_type::DOCKER_LAYER_GZIP),
    ];
    let to_docker = manifest.media_type.starts_with("application/vnd.oci.");
    let swap = |text: &str| {
        PAIRS.iter().fold(text.to_owned(), |text, (oci, docker)| {
            let (from, to) = if to_docker { (oci, docker) } else { (docker, oci) };
            text.replace(&format!("\"{from}\""), &format!("\"{to}\""))
        })
    };
    let media_type = swap(&format!("\"{}\"", manifest.media_type)).trim_matches('"').to_owned();
    let text = String::from_utf8_lossy(&manifest.bytes);
    Manifest { media_type, bytes: Bytes::from(swap(&text)) }
}

fn put_manifest(control: &Control, request: &Recorded, repository: &str, target: &str, body: Bytes) -> Reply {
    let mut inner = control.lock();
    if inner.store.get(repository).is_none() && !inner.behaviour.create_on_push {
        return Reply::error(404, "NAME_UNKNOWN", "The repository does not exist in the registry");
    }
    let digest = Digest::of(&body);
    let declared = MediaType::new(request.header("content-type").unwrap_or_default());
    let document = match RawDocument::parse(body.clone(), Some(&declared)) {
        Ok(document) => document,
        Err(error) => return Reply::error(400, "MANIFEST_INVALID", &error.to_string()),
    };
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    if value.get("schemaVersion") != Some(&Value::from(2)) {
        return Reply::error(400, "MANIFEST_INVALID", "manifest invalid: schemaVersion must be 2");
    }
    if let Some(missing) = missing_reference(&inner, repository, &document) {
        return Reply::error(400, "MANIFEST_BLOB_UNKNOWN", &format!("blob unknown to registry: {missing}"));
    }
    if target.contains(':') {
        if target != digest.as_str() {
            return Reply::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
        }
    } else if inner.behaviour.immutable_tags && inner.store.repository(repository).tags.contains_key(target) {
        let message = format!(
            "The image tag '{target}' already exists in the '{repository}' repository and cannot be overwritten \
             because the repository is immutable."
        );
        return Reply::error(400, "TAG_INVALID", &message);
    }
    let media_type = document.media_type().as_str().to_owned();
    let stored = inner.store.repository(repository);
    stored.manifests.insert(digest.clone(), Manifest { media_type, bytes: body });
    if !target.contains(':') {
        stored.tags.insert(target.to_owned(), digest.clone());
    }
    let mut reply = Reply::new(201);
    if inner.behaviour.names_what_was_put {
        reply = reply
            .header("location", format!("/v2/{repository}/manifests/{digest}"))
            .header("docker-content-digest", digest.as_str());
    }
    match referrers::subject_of(&value).filter(|_| inner.behaviour.referrers) {
        Some(subject) => reply.header("oci-subject", subject.as_str()),
        None => reply,
    }
}

/// The first blob or manifest that a document names and the repository lacks.
fn missing_reference(inner: &Inner, repository: &str, document: &RawDocument) -> Option<Digest> {
    if !inner.behaviour.checks_references {
        return None;
    }
    let stored = inner.store.get(repository);
    let (named, blobs): (Vec<_>, bool) = match document.document() {
        Document::Manifest(manifest) => {
            let layers = manifest.layers.iter().filter(|layer| layer.urls.is_empty());
            (std::iter::once(&manifest.config).chain(layers).map(|named| named.digest.clone()).collect(), true)
        }
        Document::Index(index) => (index.manifests.iter().map(|child| child.digest.clone()).collect(), false),
        Document::Schema1 | Document::OldArtifact => return None,
    };
    named.into_iter().find(|digest| {
        !stored.is_some_and(|stored| {
            if blobs { stored.blobs.contains_key(digest) } else { stored.manifests.contains_key(digest) }
        })
    })
}

fn get_blob(control: &Control, request: &Recorded, repository: &str, digest: &str) -> Reply {
    let mut inner = control.lock();
    let found =
        digest.parse::<Digest>().ok().and_then(|digest| inner.store.get(repository)?.blobs.get(&digest).cloned());
    let Some(bytes) = found else {
        return Reply::error(404, "BLOB_UNKNOWN", "blob unknown to registry");
    };
    if inner.behaviour.storage && request.method == "GET" {
        let signature = inner.fresh("signature");
        let uses = inner.behaviour.link_uses;
        inner.links.insert(signature.clone(), uses);
        let query = format!("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature={signature}");
        let location = format!("http://{}/{repository}/{digest}?{query}", control.storage_host());
        return Reply::new(307).header("location", location);
    }
    let range = request.header("range").filter(|_| inner.behaviour.ranges);
    Reply::of_bytes(&bytes, range).header("docker-content-digest", digest)
}

fn get_referrers(control: &Control, request: &Recorded, repository: &str, subject: &str) -> Reply {
    let inner = control.lock();
    if !inner.behaviour.referrers {
        return Reply::new(404).body("text/plain", "404 page not found\n");
    }
    let Ok(subject) = subject.parse::<Digest>() else {
        return Reply::error(400, "DIGEST_INVALID", "invalid digest");
    };
    let wanted = url::form_urlencoded::parse(request.query.as_bytes()).find(|(name, _)| name == "artifactType");
    match inner.store.get(repository) {
        Some(stored) => referrers::list(stored, &subject, wanted.as_ref().map(|(_, value)| value.as_ref())),
        None => Reply::error(404, "NAME_UNKNOWN", "repository name not known to registry"),
    }
}
