//! Repositories and what is set on them.

use lambark_oci::Family;
use serde_json::json;

use crate::testing::{ACCOUNT, Bench};

#[test]
fn a_repository_is_made_described_and_deleted() {
    let bench = Bench::new();
    let body = json!({
        "repositoryName": "team/app",
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": { "scanOnPush": true },
        "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": "alias/app" },
        "tags": [{ "Key": "team", "Value": "blue" }],
    });
    let made = bench.ecr("CreateRepository", &body)["repository"].clone();
    for (field, value) in [
        ("repositoryArn", json!(format!("arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/app"))),
        ("repositoryUri", json!(format!("{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/team/app"))),
        ("registryId", json!(ACCOUNT)),
        ("imageTagMutability", json!("IMMUTABLE")),
        ("imageScanningConfiguration", json!({ "scanOnPush": true })),
        ("encryptionConfiguration", json!({ "encryptionType": "KMS", "kmsKey": "alias/app" })),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    let (code, message) = bench.refused("CreateRepository", &json!({ "repositoryName": "team/app" }));
    assert_eq!(code, "RepositoryAlreadyExistsException");
    let words = format!("The repository with name 'team/app' already exists in the registry with id '{ACCOUNT}'");
    assert_eq!(message, words);
    assert_eq!(bench.ecr("DescribeRepositories", &json!({}))["repositories"], json!([made]));
    bench.ecr("DeleteRepository", &json!({ "repositoryName": "team/app" }));
    let (code, message) = bench.refused("DescribeRepositories", &json!({ "repositoryNames": ["team/app"] }));
    assert_eq!(code, "RepositoryNotFoundException");
    let words = format!("The repository with name 'team/app' does not exist in the registry with id '{ACCOUNT}'");
    assert_eq!(message, words);
}

#[test]
fn a_repository_with_images_is_deleted_by_force_alone() {
    let bench = Bench::with_repository();
    bench.put("team/app", "v1", &bench.image("team/app", Family::Docker, "a"));
    let (code, message) = bench.refused("DeleteRepository", &json!({ "repositoryName": "team/app" }));
    assert_eq!(code, "RepositoryNotEmptyException");
    assert!(message.ends_with("cannot be deleted because it still contains images"), "{message}");
    bench.ecr("DeleteRepository", &json!({ "repositoryName": "team/app", "force": true }));
    assert_eq!(bench.ecr("DescribeRepositories", &json!({}))["repositories"], json!([]));
}

#[test]
fn names_and_types_are_checked() {
    let bench = Bench::with_repository();
    let (code, message) = bench.refused("CreateRepository", &json!({ "repositoryName": "Team/App" }));
    assert_eq!(code, "InvalidParameterException");
    assert!(message.starts_with("Invalid parameter at 'repositoryName' failed to satisfy constraint: "), "{message}");
    assert_eq!(bench.refused("CreateRepository", &json!({})).0, "InvalidParameterException");
    assert_eq!(bench.refused("CreateRepository", &json!({ "repositoryName": 7 })).0, "SerializationException");
    assert_eq!(bench.refused("CreateRepository", &json!([])).0, "SerializationException");
    for (operation, body) in [
        ("PutImageTagMutability", json!({ "repositoryName": "team/app", "imageTagMutability": "SOMETIMES" })),
        (
            "PutImageTagMutability",
            json!({ "repositoryName": "team/app", "imageTagMutability": "MUTABLE_WITH_EXCLUSION" }),
        ),
        ("DescribeImages", json!({ "repositoryName": "team/app", "registryId": "12" })),
        ("PutAccountSetting", json!({ "name": "BLOB_MOUNTING", "value": "MAYBE" })),
        ("GetAccountSetting", json!({ "name": "NONE" })),
    ] {
        assert_eq!(bench.refused(operation, &body).0, "InvalidParameterException", "{operation} {body}");
    }
}

#[test]
fn every_call_on_a_missing_repository_says_so() {
    let bench = Bench::new();
    let digest = lambark_oci::Digest::of(b"x");
    let body = json!({
        "repositoryName": "none/app", "imageIds": [{ "imageTag": "v1" }], "layerDigests": [digest],
        "layerDigest": digest, "policyText": "{\"Statement\":[]}", "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {}, "imageManifest": "{\"schemaVersion\":2,\"manifests\":[]}",
        "imageManifestMediaType": lambark_oci::media_type::OCI_INDEX, "imageId": { "imageTag": "v1" },
        "targetStorageClass": "ARCHIVE", "subjectId": { "imageDigest": digest }, "uploadId": "x", "partFirstByte": 0,
        "partLastByte": 0, "layerPartBlob": "eA==",
    });
    for operation in [
        "BatchCheckLayerAvailability",
        "BatchDeleteImage",
        "BatchGetImage",
        "CompleteLayerUpload",
        "DeleteRepository",
        "DeleteRepositoryPolicy",
        "DescribeImages",
        "GetDownloadUrlForLayer",
        "GetRepositoryPolicy",
        "InitiateLayerUpload",
        "ListImageReferrers",
        "ListImages",
        "PutImage",
        "PutImageScanningConfiguration",
        "PutImageTagMutability",
        "SetRepositoryPolicy",
        "UpdateImageStorageClass",
        "UploadLayerPart",
    ] {
        let (code, message) = bench.refused(operation, &body);
        assert_eq!(code, "RepositoryNotFoundException", "{operation}: {message}");
    }
}

#[test]
fn policies_are_kept_as_they_are() {
    let bench = Bench::with_repository();
    let place = json!({ "repositoryName": "team/app" });
    assert_eq!(bench.refused("GetRepositoryPolicy", &place).0, "RepositoryPolicyNotFoundException");
    assert_eq!(bench.refused("DeleteRepositoryPolicy", &place).0, "RepositoryPolicyNotFoundException");
    let text = "{ \"Version\":\"2012-10-17\",\"Statement\": [ {\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"ecr:*\"} ]}";
    bench.ecr("SetRepositoryPolicy", &json!({ "repositoryName": "team/app", "policyText": text }));
    assert_eq!(bench.ecr("GetRepositoryPolicy", &place)["policyText"], text);
    assert_eq!(bench.ecr("DeleteRepositoryPolicy", &place)["policyText"], text);
    for wrong in ["", "{}", "nonsense", "{\"Statement\":[{\"Effect\":\"Perhaps\"}]}"] {
        let (code, message) =
            bench.refused("SetRepositoryPolicy", &json!({ "repositoryName": "team/app", "policyText": wrong }));
        let words =
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'";
        assert_eq!((code.as_str(), message.as_str()), ("InvalidParameterException", words), "{wrong}");
    }
}

#[test]
fn labels_are_set_listed_and_removed() {
    let bench = Bench::with_repository();
    let arn = format!("arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/app");
    let labels = json!([{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }]);
    bench.ecr("TagResource", &json!({ "resourceArn": arn, "tags": labels }));
    assert_eq!(bench.ecr("ListTagsForResource", &json!({ "resourceArn": arn }))["tags"], labels);
    bench.ecr("UntagResource", &json!({ "resourceArn": arn, "tagKeys": ["a"] }));
    let left = bench.ecr("ListTagsForResource", &json!({ "resourceArn": arn }));
    assert_eq!(left["tags"], json!([{ "Key": "b", "Value": "2" }]));
    assert_eq!(bench.refused("ListTagsForResource", &json!({ "resourceArn": "arn:x" })).0, "InvalidParameterException");
    let many: Vec<_> = (0..50).map(|number| json!({ "Key": number.to_string(), "Value": "" })).collect();
    assert_eq!(bench.refused("TagResource", &json!({ "resourceArn": arn, "tags": many })).0, "TooManyTagsException");
}
