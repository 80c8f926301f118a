//! Manifests, lists, deletions.

use std::time::Duration;

use lambark_oci::media_type::{OCI_INDEX, OCI_MANIFEST};
use lambark_oci::{Digest, Family};
use serde_json::{Value, json};

use crate::testing::{Bench, index};

#[test]
fn manifest_put_has_no_location() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Docker, "a");
    let named = |bench: &Bench| {
        let put = bench.try_put("team/app", "v1", &manifest);
        (put.status, put.header("location").is_some(), put.header("docker-content-digest").map(str::to_owned))
    };
    assert_eq!(named(&bench), (201, false, Some(Digest::of(&manifest).to_string())));
    bench.ways(|ways| (ways.manifest_location, ways.manifest_digest) = (true, false));
    assert_eq!(named(&bench), (201, true, None));
}

#[test]
fn manifest_bytes_are_returned_identical() {
    let bench = Bench::with_repository();
    let mut manifest = bench.image("team/app", Family::Oci, "a");
    manifest.extend_from_slice(b"\n  \n");
    let digest = bench.put("team/app", "v1", &manifest);
    for target in ["v1", digest.as_str()] {
        let got = bench.v2("GET", &format!("team/app/manifests/{target}"), &[], b"");
        assert_eq!((got.status, got.header("content-type")), (200, Some(OCI_MANIFEST)));
        assert_eq!(got.header("docker-content-digest"), Some(digest.as_str()));
        assert_eq!(got.body, manifest);
        assert_eq!(bench.v2("HEAD", &format!("team/app/manifests/{target}"), &[], b"").status, 200);
    }
}

#[test]
fn over_ten_manifests_a_second_are_too_many() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Docker, "a");
    // One in a thousand seconds, so that no machine is slow enough to be let through.
    bench.ways(|ways| (ways.throttles, ways.put_image_rate) = (true, 0.001));
    assert_eq!(bench.try_put("team/app", "v1", &manifest).status, 201);
    let refused = bench.try_put("team/app", "v2", &manifest);
    assert_eq!(
        (refused.refusal(), refused.message()),
        ((429, "TOOMANYREQUESTS".to_owned()), "Rate exceeded".to_owned())
    );
    assert!(refused.header("retry-after").is_some());
    bench.twin.shared().clock.advance(Duration::from_secs(1000));
    assert_eq!(bench.try_put("team/app", "v2", &manifest).status, 201);
}

#[test]
fn the_quota_of_images_is_a_403() {
    let bench = Bench::with_repository();
    bench.ways(|ways| ways.images_per_repository = 1);
    let manifest = bench.image("team/app", Family::Docker, "a");
    bench.put("team/app", "v1", &manifest);
    let more = bench.image("team/app", Family::Docker, "b");
    assert_eq!(bench.try_put("team/app", "v2", &more).refusal(), (403, "DENIED".to_owned()));
    assert_eq!(bench.try_put("team/app", "v2", &manifest).status, 201, "another tag is no other image");
}

#[test]
fn an_immutable_tag_is_refused_even_for_identical_bytes() {
    let bench = Bench::with_repository();
    bench.ecr("PutImageTagMutability", &json!({ "repositoryName": "team/app", "imageTagMutability": "IMMUTABLE" }));
    let manifest = bench.image("team/app", Family::Docker, "a");
    bench.put("team/app", "v1", &manifest);
    for bytes in [manifest.clone(), bench.image("team/app", Family::Docker, "b")] {
        let refused = bench.try_put("team/app", "v1", &bytes);
        assert_eq!(refused.refusal(), (400, "TAG_INVALID".to_owned()));
        let words = "The image tag 'v1' already exists in the 'team/app' repository and cannot be overwritten because \
                     the repository is immutable.";
        assert_eq!(refused.message(), words);
    }
    bench.put("team/app", Digest::of(&manifest).as_str(), &manifest);
    bench.put("team/app", "v2", &manifest);
}

#[test]
fn an_index_without_schema_version_is_refused() {
    let bench = Bench::with_repository();
    let body = json!({ "mediaType": OCI_INDEX, "manifests": [] }).to_string();
    assert_eq!(bench.try_put("team/app", "v1", body.as_bytes()).refusal(), (400, "MANIFEST_INVALID".to_owned()));
    let body = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [] }).to_string();
    bench.put("team/app", "v1", body.as_bytes());
}

#[test]
fn a_head_on_a_bad_tag_is_a_bare_400() {
    let bench = Bench::with_repository();
    for tag in ["-bad", "sha256:short", &"t".repeat(301)] {
        let answer = bench.v2("HEAD", &format!("team/app/manifests/{tag}"), &[], b"");
        assert_eq!((answer.status, answer.header("content-length")), (400, Some("0")), "{tag}");
    }
}

#[test]
fn another_digest_than_the_bytes_is_refused() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Docker, "a");
    let refused = bench.try_put("team/app", Digest::of(b"other").as_str(), &manifest);
    assert_eq!(refused.refusal(), (400, "MANIFEST_INVALID".to_owned()));
    assert!(refused.message().ends_with("does not match the image digest that Amazon ECR has calculated."));
}

#[test]
fn a_manifest_needs_its_blobs_and_an_index_its_children() {
    let bench = Bench::with_repository();
    bench.ecr("CreateRepository", &json!({ "repositoryName": "other" }));
    let manifest = bench.image("other", Family::Docker, "a");
    let refused = bench.try_put("team/app", "v1", &manifest);
    assert_eq!(refused.refusal(), (404, "MANIFEST_BLOB_UNKNOWN".to_owned()));
    assert!(refused.message().starts_with("Layers with digests '[sha256:"), "{}", refused.message());
    let index = index(OCI_INDEX, &[&manifest]);
    let refused = bench.try_put("team/app", "v1", &index);
    assert!(refused.message().starts_with("Images with digests '[sha256:"), "{}", refused.message());
    bench.put("other", Digest::of(&manifest).as_str(), &manifest);
    bench.put("other", "v1", &index);
}

#[test]
fn a_manifest_has_4_mib_at_most() {
    let bench = Bench::with_repository();
    let mut manifest = bench.image("team/app", Family::Docker, "a");
    manifest.resize(4 * 1024 * 1024, b' ');
    bench.put("team/app", "v1", &manifest);
    manifest.push(b' ');
    assert_eq!(bench.try_put("team/app", "v1", &manifest).refusal(), (400, "MANIFEST_INVALID".to_owned()));
}

#[test]
fn what_is_no_manifest_is_refused() {
    let bench = Bench::with_repository();
    for body in ["", "[]", "{}", "{\"schemaVersion\":2}", "{\"schemaVersion\":2,\"mediaType\":\"text/x\"}", "nonsense"]
    {
        let answer = bench.v2("PUT", "team/app/manifests/v1", &[("Content-Type", OCI_MANIFEST)], body.as_bytes());
        assert_eq!(answer.refusal(), (400, "MANIFEST_INVALID".to_owned()), "{body}");
    }
}

#[test]
fn an_unknown_manifest_and_an_unknown_repository_are_told_apart() {
    let bench = Bench::with_repository();
    assert_eq!(bench.v2("GET", "team/app/manifests/v1", &[], b"").refusal(), (404, "MANIFEST_UNKNOWN".to_owned()));
    assert_eq!(bench.v2("GET", "absent/app/manifests/v1", &[], b"").refusal(), (404, "NAME_UNKNOWN".to_owned()));
}

#[test]
fn moving_a_mutable_tag_leaves_the_old_manifest_untagged() {
    let bench = Bench::with_repository();
    let (old, new) = (bench.image("team/app", Family::Docker, "a"), bench.image("team/app", Family::Docker, "b"));
    let old_digest = bench.put("team/app", "v1", &old);
    bench.put("team/app", "v1", &new);
    assert_eq!(bench.v2("GET", "team/app/manifests/v1", &[], b"").body, new);
    assert_eq!(bench.v2("GET", &format!("team/app/manifests/{old_digest}"), &[], b"").body, old);
}

#[test]
fn an_archived_image_is_404_until_it_is_pushed_again() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Docker, "a");
    let digest = bench.put("team/app", "v1", &manifest);
    let archive = json!({
        "repositoryName": "team/app", "imageId": { "imageTag": "v1" }, "targetStorageClass": "ARCHIVE",
    });
    bench.ecr("UpdateImageStorageClass", &archive);
    for target in ["v1", digest.as_str()] {
        assert_eq!(bench.v2("GET", &format!("team/app/manifests/{target}"), &[], b"").status, 404);
    }
    let layer = Digest::of(b"layer of a");
    assert_eq!(bench.v2("GET", &format!("team/app/blobs/{layer}"), &[], b"").status, 404);
    bench.put("team/app", "v1", &manifest);
    assert_eq!(bench.v2("GET", "team/app/manifests/v1", &[], b"").status, 200);
}

#[test]
fn lists_have_pages_of_a_hundred_and_a_thousand_at_most() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Docker, "a");
    for number in 0..103 {
        bench.put("team/app", &format!("v{number:03}"), &manifest);
    }
    let first = bench.v2("GET", "team/app/tags/list", &[], b"");
    assert_eq!(first.json()["tags"].as_array().unwrap().len(), 100);
    let next = first.header("link").unwrap();
    let next = next.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
    let second = bench.v2("GET", next, &[], b"");
    assert_eq!(second.json(), json!({ "name": "team/app", "tags": ["v100", "v101", "v102"] }));
    assert_eq!(second.header("link"), None);
    let small = bench.v2("GET", "team/app/tags/list?n=2", &[], b"");
    assert!(small.header("link").unwrap().contains("&n=2>"));
    let refused = bench.v2("GET", "team/app/tags/list?n=10000", &[], b"");
    let words = "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or \
                 equal to 1000'";
    assert_eq!((refused.refusal().1.as_str(), refused.message().as_str()), ("UNSUPPORTED", words));
    assert_eq!(bench.v2("GET", "_catalog", &[], b"").json(), json!({ "repositories": ["team/app"] }));
}

#[test]
fn deletions_take_a_tag_or_an_image_but_no_blob() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Docker, "a");
    let digest = bench.put("team/app", "v1", &manifest);
    bench.put("team/app", "v2", &manifest);
    assert_eq!(bench.v2("DELETE", "team/app/manifests/v1", &[], b"").status, 202);
    assert_eq!(bench.v2("GET", "team/app/manifests/v1", &[], b"").status, 404);
    assert_eq!(bench.v2("GET", "team/app/manifests/v2", &[], b"").status, 200);
    assert_eq!(bench.v2("DELETE", &format!("team/app/manifests/{digest}"), &[], b"").status, 202);
    assert_eq!(bench.v2("GET", "team/app/manifests/v2", &[], b"").status, 404);
    let layer = Digest::of(b"layer of a");
    let refused = bench.v2("DELETE", &format!("team/app/blobs/{layer}"), &[], b"");
    assert_eq!(refused.refusal(), (405, "UNSUPPORTED".to_owned()));
}

/// An artifact manifest that refers to `subject`.
fn referrer(bench: &Bench, subject: &[u8], kind: &str) -> Vec<u8> {
    let empty = bench.blob("team/app", b"{}");
    let descriptor = json!({ "mediaType": "application/vnd.oci.empty.v1+json", "digest": empty, "size": 2 });
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": kind,
        "config": descriptor,
        "layers": [descriptor],
        "subject": { "mediaType": OCI_MANIFEST, "digest": Digest::of(subject), "size": subject.len() },
        "annotations": { "org.example.kind": kind },
    });
    serde_json::to_vec(&manifest).unwrap()
}

#[test]
fn referrers_are_listed_and_filtered() {
    let bench = Bench::with_repository();
    let image = bench.image("team/app", Family::Oci, "a");
    let subject = bench.put("team/app", "v1", &image);
    for kind in ["application/sbom", "application/signature"] {
        let manifest = referrer(&bench, &image, kind);
        let put = bench.try_put("team/app", Digest::of(&manifest).as_str(), &manifest);
        assert_eq!(put.header("oci-subject"), Some(subject.as_str()));
    }
    let all = bench.v2("GET", &format!("team/app/referrers/{subject}"), &[], b"");
    assert_eq!((all.status, all.header("content-type")), (200, Some(OCI_INDEX)));
    assert_eq!(all.json()["manifests"].as_array().unwrap().len(), 2);
    let one = bench.v2("GET", &format!("team/app/referrers/{subject}?artifactType=application/sbom"), &[], b"");
    assert_eq!(one.header("oci-filters-applied"), Some("artifactType"));
    let found: Value = one.json()["manifests"].clone();
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["annotations"]["org.example.kind"], "application/sbom");
    let none = Digest::of(b"none");
    assert_eq!(bench.v2("GET", &format!("team/app/referrers/{none}"), &[], b"").json()["manifests"], json!([]));
    bench.ways(|ways| ways.referrers = false);
    assert_eq!(bench.v2("GET", &format!("team/app/referrers/{subject}"), &[], b"").status, 404);
}
