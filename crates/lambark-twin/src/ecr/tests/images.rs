//! Images read, described, deleted, archived.

use lambark_oci::media_type::{DOCKER_CONFIG, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};
use lambark_oci::{Digest, Family};
use serde_json::{Value, json};

use crate::testing::{ACCOUNT, Bench, index};

fn get(bench: &Bench, ids: Value, accepted: &[&str]) -> Value {
    let mut body = json!({ "repositoryName": "team/app", "imageIds": ids });
    if !accepted.is_empty() {
        body["acceptedMediaTypes"] = json!(accepted);
    }
    bench.ecr("BatchGetImage", &body)
}

fn describe(bench: &Bench, more: Value) -> Vec<Value> {
    let mut body = json!({ "repositoryName": "team/app" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    bench.ecr("DescribeImages", &body)["imageDetails"].as_array().unwrap().clone()
}

fn archive(bench: &Bench, tag: &str, class: &str) -> Value {
    let body = json!({
        "repositoryName": "team/app", "imageId": { "imageTag": tag }, "targetStorageClass": class,
    });
    bench.ecr("UpdateImageStorageClass", &body)
}

#[test]
fn manifest_bytes_are_returned_identical() {
    let bench = Bench::with_repository();
    let mut manifest = bench.image("team/app", Family::Oci, "a");
    manifest.extend_from_slice(b"\n\t");
    bench.put("team/app", "v1", &manifest);
    let got = get(&bench, json!([{ "imageTag": "v1" }]), &[]);
    assert_eq!(got["images"][0]["imageManifest"], json!(String::from_utf8(manifest).unwrap()));
}

#[test]
fn accepted_media_types_by_digest_never_convert_and_by_tag_they_do() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Oci, "a");
    let digest = bench.put("team/app", "v1", &manifest);
    let by_digest = get(&bench, json!([{ "imageDigest": digest }]), &[DOCKER_MANIFEST]);
    assert_eq!(by_digest["images"][0]["imageManifestMediaType"], OCI_MANIFEST);
    let by_tag = get(&bench, json!([{ "imageTag": "v1" }]), &[DOCKER_MANIFEST]);
    assert_eq!(by_tag["images"][0]["imageManifestMediaType"], DOCKER_MANIFEST);
    bench.put("team/app", "all", &index(OCI_INDEX, &[&manifest]));
    let child = get(&bench, json!([{ "imageTag": "all" }]), &[OCI_MANIFEST]);
    assert_eq!(child["images"][0]["imageId"]["imageDigest"], json!(digest), "the linux/amd64 child");
}

#[test]
fn batch_get_image_by_true_digest_and_every_failure() {
    let bench = Bench::with_repository();
    let (one, two) = (bench.image("team/app", Family::Docker, "a"), bench.image("team/app", Family::Docker, "b"));
    let digest = bench.put("team/app", "v1", &one);
    bench.put("team/app", "v2", &two);
    bench.put("team/app", "old", &bench.image("team/app", Family::Docker, "c"));
    archive(&bench, "old", "ARCHIVE");
    let got = get(
        &bench,
        json!([
            { "imageDigest": digest },
            { "imageDigest": digest, "imageTag": "v1" },
            { "imageDigest": digest, "imageTag": "v2" },
            { "imageDigest": Digest::of(b"none") },
            { "imageDigest": "sha256:short" },
            { "imageTag": "none" },
            { "imageTag": "-bad" },
            {},
            { "imageTag": "old" },
        ]),
        &[],
    );
    let found: Vec<&Value> = got["images"].as_array().unwrap().iter().map(|one| &one["imageId"]).collect();
    assert_eq!(found, [&json!({ "imageDigest": digest }), &json!({ "imageDigest": digest, "imageTag": "v1" })]);
    let failures: Vec<&str> =
        got["failures"].as_array().unwrap().iter().map(|one| one["failureCode"].as_str().unwrap()).collect();
    assert_eq!(
        failures,
        [
            "ImageTagDoesNotMatchDigest",
            "ImageNotFound",
            "InvalidImageDigest",
            "ImageNotFound",
            "InvalidImageTag",
            "MissingDigestAndTag",
            "ImageInaccessible",
        ]
    );
    assert_eq!(got["failures"][3]["imageId"], json!({ "imageTag": "none" }), "what was not said is not there");
}

#[test]
fn a_hundred_and_one_ids() {
    let bench = Bench::with_repository();
    let ids = |count: usize| vec![json!({ "imageTag": "v1" }); count];
    assert_eq!(get(&bench, json!(ids(100)), &[])["failures"].as_array().unwrap().len(), 100);
    for operation in ["BatchGetImage", "BatchDeleteImage", "DescribeImages"] {
        let (code, message) = bench.refused(operation, &json!({ "repositoryName": "team/app", "imageIds": ids(101) }));
        assert_eq!(code, "InvalidParameterException", "{operation}");
        assert!(message.contains("Member must have length less than or equal to 100"), "{message}");
    }
}

#[test]
fn image_size_is_layers_and_config_and_of_an_index_its_largest_child() {
    let bench = Bench::with_repository();
    let (small, large) =
        (bench.image("team/app", Family::Oci, "a"), bench.image("team/app", Family::Oci, "a larger one"));
    for child in [&small, &large] {
        bench.put("team/app", Digest::of(child).as_str(), child);
    }
    bench.put("team/app", "all", &index(OCI_INDEX, &[&small, &large]));
    let size = |id: Value| describe(&bench, json!({ "imageIds": [id] }))[0]["imageSizeInBytes"].as_u64().unwrap();
    let config = 78;
    assert_eq!(size(json!({ "imageDigest": Digest::of(&small) })), config + "layer of a".len() as u64);
    assert_eq!(size(json!({ "imageTag": "all" })), config + "layer of a larger one".len() as u64);
}

#[test]
fn describe_images_tells_types_tags_status_and_times() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Docker, "a");
    let digest = bench.put("team/app", "v1", &manifest);
    bench.put("team/app", "v2", &manifest);
    let described = &describe(&bench, json!({}))[0];
    for (field, value) in [
        ("registryId", json!(ACCOUNT)),
        ("repositoryName", json!("team/app")),
        ("imageDigest", json!(digest)),
        ("imageTags", json!(["v1", "v2"])),
        ("imageManifestMediaType", json!(DOCKER_MANIFEST)),
        ("artifactMediaType", json!(DOCKER_CONFIG)),
        ("imageStatus", json!("ACTIVE")),
    ] {
        assert_eq!(described[field], value, "{field}");
    }
    assert!(described["imagePushedAt"].is_f64(), "epoch seconds as a number");
    assert_eq!(described.get("lastRecordedPullTime"), None);
    get(&bench, json!([{ "imageTag": "v1" }]), &[]);
    assert!(describe(&bench, json!({}))[0]["lastRecordedPullTime"].is_f64());
    let body = json!({ "repositoryName": "team/app", "imageIds": [{ "imageTag": "none" }] });
    let (code, message) = bench.refused("DescribeImages", &body);
    assert_eq!(code, "ImageNotFoundException");
    assert_eq!(
        message,
        format!(
            "The image with imageId {{imageDigest:'null', imageTag:'none'}} does not exist within the repository with \
             name 'team/app' in the registry with id '{ACCOUNT}'"
        )
    );
}

#[test]
fn filters_by_tag_and_status() {
    let bench = Bench::with_repository();
    let (tagged, bare) = (bench.image("team/app", Family::Docker, "a"), bench.image("team/app", Family::Docker, "b"));
    let tagged = bench.put("team/app", "v1", &tagged);
    let bare = bench.put("team/app", Digest::of(&bare).as_str(), &bare);
    archive(&bench, "v1", "ARCHIVE");
    for (filter, expected) in [
        (json!({ "tagStatus": "TAGGED" }), vec![&tagged]),
        (json!({ "tagStatus": "UNTAGGED" }), vec![&bare]),
        (json!({ "imageStatus": "ARCHIVED" }), vec![&tagged]),
        (json!({ "imageStatus": "ACTIVE" }), vec![&bare]),
        (json!({ "tagStatus": "TAGGED", "imageStatus": "ACTIVE" }), vec![]),
    ] {
        let described = describe(&bench, json!({ "filter": filter }));
        let found: Vec<&Value> = described.iter().map(|one| &one["imageDigest"]).collect();
        assert_eq!(
            found,
            expected.iter().map(|one| json!(one)).collect::<Vec<_>>().iter().collect::<Vec<_>>(),
            "{filter}"
        );
        let listed = bench.ecr("ListImages", &json!({ "repositoryName": "team/app", "filter": filter }));
        assert_eq!(listed["imageIds"].as_array().unwrap().len(), expected.len(), "{filter}");
    }
    let wrong = json!({ "repositoryName": "team/app", "filter": { "tagStatus": "MAYBE" } });
    assert_eq!(bench.refused("ListImages", &wrong).0, "InvalidParameterException");
}

#[test]
fn archived_image_is_listed_but_not_given() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Docker, "a");
    bench.put("team/app", "v1", &manifest);
    assert_eq!(archive(&bench, "v1", "ARCHIVE")["imageStatus"], "ARCHIVED");
    let described = &describe(&bench, json!({}))[0];
    assert_eq!(described["imageStatus"], "ARCHIVED");
    assert!(described["lastArchivedAt"].is_f64());
    let got = get(&bench, json!([{ "imageTag": "v1" }]), &[]);
    assert_eq!(got["failures"][0]["failureCode"], "ImageInaccessible");
    let layer = json!({ "repositoryName": "team/app", "layerDigest": Digest::of(b"layer of a") });
    assert_eq!(bench.refused("GetDownloadUrlForLayer", &layer).0, "LayerInaccessibleException");
    let body = json!({ "repositoryName": "team/app", "layerDigests": [Digest::of(b"layer of a")] });
    assert_eq!(bench.ecr("BatchCheckLayerAvailability", &body)["layers"][0]["layerAvailability"], "ARCHIVED");
    assert_eq!(archive(&bench, "v1", "STANDARD")["imageStatus"], "ACTIVE");
    assert_eq!(get(&bench, json!([{ "imageTag": "v1" }]), &[])["failures"], json!([]));
    let missing =
        json!({ "repositoryName": "team/app", "imageId": { "imageTag": "x" }, "targetStorageClass": "ARCHIVE" });
    assert_eq!(bench.refused("UpdateImageStorageClass", &missing).0, "ImageNotFoundException");
}

#[test]
fn moving_a_mutable_tag_leaves_the_old_manifest_untagged() {
    let bench = Bench::with_repository();
    let old = bench.put("team/app", "v1", &bench.image("team/app", Family::Docker, "a"));
    bench.put("team/app", "v1", &bench.image("team/app", Family::Docker, "b"));
    let untagged = describe(&bench, json!({ "filter": { "tagStatus": "UNTAGGED" } }));
    assert_eq!((untagged.len(), &untagged[0]["imageDigest"]), (1, &json!(old)));
}

fn delete(bench: &Bench, ids: Value) -> Value {
    bench.ecr("BatchDeleteImage", &json!({ "repositoryName": "team/app", "imageIds": ids }))
}

#[test]
fn deleting_a_child_of_a_kept_index() {
    let bench = Bench::with_repository();
    let child = bench.image("team/app", Family::Oci, "a");
    let child_digest = bench.put("team/app", Digest::of(&child).as_str(), &child);
    let parent = bench.put("team/app", "all", &index(OCI_INDEX, &[&child]));
    let refused = delete(&bench, json!([{ "imageDigest": child_digest }]));
    assert_eq!(refused["failures"][0]["failureCode"], "ImageReferencedByManifestList");
    assert_eq!(
        refused["failures"][0]["failureReason"],
        json!(format!("Requested image referenced by manifest list: [{parent}]"))
    );
    let both = delete(&bench, json!([{ "imageDigest": child_digest }, { "imageDigest": parent }]));
    assert_eq!((both["failures"].clone(), describe(&bench, json!({})).len()), (json!([]), 0));
}

#[test]
fn a_tag_goes_alone_until_it_is_the_last() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Docker, "a");
    let digest = bench.put("team/app", "v1", &manifest);
    bench.put("team/app", "v2", &manifest);
    let gone = delete(&bench, json!([{ "imageTag": "v1" }, { "imageTag": "none" }]));
    assert_eq!(gone["imageIds"], json!([{ "imageDigest": digest, "imageTag": "v1" }]));
    assert_eq!(gone["failures"][0]["failureCode"], "ImageNotFound");
    assert_eq!(describe(&bench, json!({}))[0]["imageTags"], json!(["v2"]));
    delete(&bench, json!([{ "imageTag": "v2" }]));
    assert!(describe(&bench, json!({})).is_empty());
}

#[test]
fn list_image_referrers_works() {
    let bench = Bench::with_repository();
    let image = bench.image("team/app", Family::Oci, "a");
    let subject = bench.put("team/app", "v1", &image);
    let empty = bench.blob("team/app", b"{}");
    let part = json!({ "mediaType": "application/vnd.oci.empty.v1+json", "digest": empty, "size": 2 });
    let artifact = json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": "application/sbom", "config": part,
        "layers": [part], "subject": { "mediaType": OCI_MANIFEST, "digest": subject, "size": image.len() },
    });
    let artifact = artifact.to_string();
    let digest = bench.put("team/app", Digest::of(artifact.as_bytes()).as_str(), artifact.as_bytes());
    let body = |kinds: Value| {
        json!({
            "repositoryName": "team/app", "subjectId": { "imageDigest": subject }, "filter": { "artifactTypes": kinds },
        })
    };
    let found = bench.ecr("ListImageReferrers", &body(json!(["application/sbom"])));
    assert_eq!(found["referrers"][0]["digest"], json!(digest));
    assert_eq!(found["referrers"][0]["size"], json!(artifact.len()));
    assert_eq!(bench.ecr("ListImageReferrers", &body(json!(["other"])))["referrers"], json!([]));
    let described = describe(&bench, json!({ "imageIds": [{ "imageDigest": digest }] }));
    assert_eq!(described[0]["subjectManifestDigest"], json!(subject));
}
