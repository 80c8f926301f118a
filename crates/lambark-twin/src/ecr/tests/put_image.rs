//! What `PutImage` takes and what it refuses.

use lambark_oci::media_type::{DOCKER_LIST, OCI_INDEX, OCI_MANIFEST};
use lambark_oci::{Digest, Family};
use serde_json::{Value, json};

use crate::testing::{Bench, index};

fn body(manifest: &[u8], more: Value) -> Value {
    let mut body = json!({ "repositoryName": "team/app", "imageManifest": String::from_utf8_lossy(manifest) });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn digest_is_sha256_of_the_manifests_bytes() {
    let bench = Bench::with_repository();
    let mut manifest = bench.image("team/app", Family::Docker, "a");
    let one = bench.ecr("PutImage", &body(&manifest, json!({ "imageTag": "v1" })));
    assert_eq!(one["image"]["imageId"], json!({ "imageDigest": Digest::of(&manifest), "imageTag": "v1" }));
    manifest.push(b'\n');
    let two = bench.ecr("PutImage", &body(&manifest, json!({ "imageTag": "v2" })));
    assert_eq!(two["image"]["imageId"]["imageDigest"], json!(Digest::of(&manifest)));
    assert_eq!(two["image"]["imageManifest"], json!(String::from_utf8(manifest).unwrap()));
}

#[test]
fn given_image_digest_is_wrong() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Docker, "a");
    let (code, _) = bench.refused("PutImage", &body(&manifest, json!({ "imageDigest": Digest::of(b"other") })));
    assert_eq!(code, "ImageDigestDoesNotMatchException");
    bench.ecr("PutImage", &body(&manifest, json!({ "imageDigest": Digest::of(&manifest) })));
}

#[test]
fn no_media_type_anywhere() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Oci, "a");
    let mut value: Value = serde_json::from_slice(&manifest).unwrap();
    value.as_object_mut().unwrap().remove("mediaType");
    let bare = value.to_string();
    let (code, message) = bench.refused("PutImage", &body(bare.as_bytes(), json!({ "imageTag": "v1" })));
    assert_eq!(code, "InvalidParameterException");
    assert!(message.contains("'imageManifestMediaType'"), "{message}");
    let typed = json!({ "imageTag": "v1", "imageManifestMediaType": OCI_MANIFEST });
    let put = bench.ecr("PutImage", &body(bare.as_bytes(), typed));
    assert_eq!(put["image"]["imageManifestMediaType"], OCI_MANIFEST);
}

#[test]
fn layers_or_config_absent() {
    let bench = Bench::with_repository();
    bench.ecr("CreateRepository", &json!({ "repositoryName": "other" }));
    let manifest = bench.image("other", Family::Docker, "a");
    let (code, message) = bench.refused("PutImage", &body(&manifest, json!({ "imageTag": "v1" })));
    assert_eq!(code, "LayersNotFoundException");
    assert!(message.contains(Digest::of(b"layer of a").as_str()), "{message}");
}

#[test]
fn children_of_an_index_absent() {
    let bench = Bench::with_repository();
    let child = bench.image("team/app", Family::Docker, "a");
    let list = index(DOCKER_LIST, &[&child]);
    let (code, _) = bench.refused("PutImage", &body(&list, json!({ "imageTag": "v1" })));
    assert_eq!(code, "ReferencedImagesNotFoundException");
    bench.put("team/app", Digest::of(&child).as_str(), &child);
    bench.ecr("PutImage", &body(&list, json!({ "imageTag": "v1" })));
}

#[test]
fn immutable_tag_new_bytes() {
    let bench = Bench::with_repository();
    bench.ecr("PutImageTagMutability", &json!({ "repositoryName": "team/app", "imageTagMutability": "IMMUTABLE" }));
    let manifest = bench.image("team/app", Family::Docker, "a");
    bench.put("team/app", "v1", &manifest);
    let other = bench.image("team/app", Family::Docker, "b");
    let (code, message) = bench.refused("PutImage", &body(&other, json!({ "imageTag": "v1" })));
    assert_eq!(code, "ImageTagAlreadyExistsException");
    assert_eq!(
        message,
        "The image tag 'v1' already exists in the 'team/app' repository and cannot be overwritten because the \
         repository is immutable."
    );
    let (code, _) = bench.refused("PutImage", &body(&manifest, json!({ "imageTag": "v1" })));
    assert_eq!(code, "ImageAlreadyExistsException", "same tag, same bytes");
}

#[test]
fn same_tag_same_bytes() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Docker, "a");
    bench.ecr("PutImage", &body(&manifest, json!({ "imageTag": "v1" })));
    let (code, message) = bench.refused("PutImage", &body(&manifest, json!({ "imageTag": "v1" })));
    assert_eq!(code, "ImageAlreadyExistsException");
    assert!(message.contains("and tag 'v1' already exists"), "{message}");
    let (code, _) = bench.refused("PutImage", &body(&manifest, json!({})));
    assert_eq!(code, "ImageAlreadyExistsException", "by digest alone");
    bench.ecr("PutImage", &body(&manifest, json!({ "imageTag": "v2" })));
}

#[test]
fn exclusions_turn_the_mutability_round() {
    let bench = Bench::with_repository();
    let (one, two) = (bench.image("team/app", Family::Docker, "a"), bench.image("team/app", Family::Docker, "b"));
    for (mutability, moves, stays) in
        [("IMMUTABLE_WITH_EXCLUSION", "dev-1", "v1"), ("MUTABLE_WITH_EXCLUSION", "v1", "dev-1")]
    {
        bench.ecr("PutImageTagMutability", &json!({ "repositoryName": "team/app", "imageTagMutability": "MUTABLE" }));
        bench.put("team/app", "v1", &one);
        bench.put("team/app", "dev-1", &one);
        bench.ecr(
            "PutImageTagMutability",
            &json!({
                "repositoryName": "team/app",
                "imageTagMutability": mutability,
                "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "dev-*" }],
            }),
        );
        bench.ecr("PutImage", &body(&two, json!({ "imageTag": moves })));
        let (code, _) = bench.refused("PutImage", &body(&two, json!({ "imageTag": stays })));
        assert_eq!(code, "ImageTagAlreadyExistsException", "{mutability}");
    }
}

#[test]
fn too_many_images_too_fast_and_too_large() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Docker, "a");
    bench.ways(|ways| ways.images_per_repository = 0);
    assert_eq!(bench.refused("PutImage", &body(&manifest, json!({}))).0, "LimitExceededException");
    bench.ways(|ways| (ways.throttles, ways.put_image_rate) = (true, 0.001));
    assert_eq!(bench.refused("PutImage", &body(&manifest, json!({}))).0, "LimitExceededException");
    let refused = bench.refused("PutImage", &body(&manifest, json!({})));
    assert_eq!(refused, ("ThrottlingException".to_owned(), "Rate exceeded".to_owned()));
    let large = body(&vec![b' '; 4_194_305], json!({}));
    assert_eq!(bench.refused("PutImage", &large).0, "InvalidParameterException");
}

#[test]
fn broken_manifests_are_named() {
    let bench = Bench::with_repository();
    for manifest in ["nonsense", "{}", "[]", "{\"schemaVersion\":2}"] {
        let more = json!({ "imageTag": "v1", "imageManifestMediaType": OCI_INDEX });
        let (code, message) = bench.refused("PutImage", &body(manifest.as_bytes(), more));
        assert_eq!(code, "InvalidParameterException", "{manifest}: {message}");
    }
    let (code, _) = bench.refused("PutImage", &body(b"{}", json!({ "imageTag": "-bad" })));
    assert_eq!(code, "InvalidParameterException");
}
