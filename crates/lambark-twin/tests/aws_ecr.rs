//! The real AWS command, versions 1 and 2, drives every operation of ECR: botocore's own parsing, paginators and all.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

use common::*;
use lambark_oci::media_type::{DOCKER_MANIFEST, OCI_MANIFEST};
use lambark_oci::{Digest, Family};
use lambark_testkit::images::Image;
use serde_json::{Value, json};

/// A file as the command takes it.
fn file(directory: &Path, name: &str, content: &[u8]) -> String {
    std::fs::write(directory.join(name), content).unwrap();
    directory.join(name).display().to_string()
}

/// Uploads a layer by the three calls of the API.
fn upload(aws: &Aws, work: &Path, repository: &str, layer: &[u8]) -> Digest {
    let begun = aws.call(&["ecr", "initiate-layer-upload", "--repository-name", repository]);
    let id = begun["uploadId"].as_str().unwrap();
    assert!(begun["partSize"].as_u64().unwrap() >= 5 * 1024 * 1024);
    let blob = format!("fileb://{}", file(work, "part", layer));
    let last = (layer.len() - 1).to_string();
    let mut part = vec!["ecr", "upload-layer-part", "--repository-name", repository, "--upload-id", id];
    part.extend(["--part-first-byte", "0", "--part-last-byte", &last, "--layer-part-blob", &blob]);
    assert_eq!(aws.call(&part)["lastByteReceived"], json!(layer.len() - 1));
    let digest = Digest::of(layer);
    let mut complete = vec!["ecr", "complete-layer-upload", "--repository-name", repository, "--upload-id", id];
    complete.extend(["--layer-digests", digest.as_str()]);
    assert_eq!(aws.call(&complete)["layerDigest"], json!(digest));
    digest
}

/// Uploads an image by the API alone and gives its manifest.
fn push(aws: &Aws, work: &Path, repository: &str, image: &Image, tag: &str) -> Vec<u8> {
    upload(aws, work, repository, &image.config_bytes());
    for layer in &image.layers {
        upload(aws, work, repository, &layer.stored);
    }
    let manifest = image.manifest_bytes().to_vec();
    let from = format!("file://{}", file(work, "manifest.json", &manifest));
    let call = ["ecr", "put-image", "--repository-name", repository, "--image-manifest", &from, "--image-tag", tag];
    let put = aws.call(&call);
    assert_eq!(put["image"]["imageId"]["imageDigest"], json!(Digest::of(&manifest)));
    manifest
}

#[test]
fn repositories() {
    let twin = twin();
    for (number, aws) in Aws::all(&twin).iter().enumerate() {
        let name = format!("team/app-{number}");
        let made = aws.call(&["ecr", "create-repository", "--repository-name", &name, "--tags", "Key=a,Value=1"]);
        let arn = made["repository"]["repositoryArn"].as_str().unwrap();
        assert_eq!(arn, format!("arn:aws:ecr:{REGION}:123456789012:repository/{name}"));
        assert!(made["repository"]["createdAt"].is_string() || made["repository"]["createdAt"].is_number());
        let again = aws.refused(&["ecr", "create-repository", "--repository-name", &name]);
        assert!(again.contains("(RepositoryAlreadyExistsException)"), "{again}");
        let named = aws.call(&["ecr", "describe-repositories", "--repository-names", &name]);
        assert_eq!(named["repositories"][0], made["repository"]);
        let at = ["--repository-name", name.as_str()];
        let with = |operation: &'static str, more: &[&'static str]| -> Value {
            let mut all = vec!["ecr", operation];
            all.extend(at);
            all.extend(more);
            aws.call(&all)
        };
        let set = with("put-image-tag-mutability", &["--image-tag-mutability", "IMMUTABLE"]);
        assert_eq!(set["imageTagMutability"], "IMMUTABLE");
        let set = with("put-image-scanning-configuration", &["--image-scanning-configuration", "scanOnPush=true"]);
        assert_eq!(set["imageScanningConfiguration"]["scanOnPush"], true);
        let policy = "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"ecr:BatchGetImage\"}]}";
        assert_eq!(with("set-repository-policy", &["--policy-text", policy])["policyText"], policy);
        assert_eq!(with("get-repository-policy", &[])["policyText"], policy);
        with("delete-repository-policy", &[]);
        let none = aws.refused(&["ecr", "get-repository-policy", "--repository-name", &name]);
        assert!(none.contains("(RepositoryPolicyNotFoundException)"), "{none}");
        aws.call(&["ecr", "tag-resource", "--resource-arn", arn, "--tags", "Key=b,Value=2"]);
        aws.call(&["ecr", "untag-resource", "--resource-arn", arn, "--tag-keys", "a"]);
        let labels = aws.call(&["ecr", "list-tags-for-resource", "--resource-arn", arn]);
        assert_eq!(labels["tags"], json!([{ "Key": "b", "Value": "2" }]));
        with("delete-repository", &[]);
        let gone = aws.refused(&["ecr", "describe-repositories", "--repository-names", &name]);
        assert!(gone.contains("(RepositoryNotFoundException)") && gone.contains("with id '123456789012'"), "{gone}");
    }
}

#[test]
fn images() {
    let twin = twin();
    for (number, aws) in Aws::all(&twin).iter().enumerate() {
        let work = tempfile::tempdir().unwrap();
        let name = format!("team/app-{number}");
        aws.call(&["ecr", "create-repository", "--repository-name", &name]);
        let manifest = push(aws, work.path(), &name, &Image::good(Family::Oci), "v1");
        let digest = Digest::of(&manifest);
        let with = |operation: &str, more: &[&str]| -> Value {
            let mut all = vec!["ecr", operation, "--repository-name", &name];
            all.extend(more);
            aws.call(&all)
        };
        let got = with("batch-get-image", &["--image-ids", "imageTag=v1", "imageTag=v2"]);
        assert_eq!(got["images"][0]["imageManifest"].as_str().unwrap().as_bytes(), manifest, "byte for byte");
        assert_eq!(got["failures"][0]["failureCode"], "ImageNotFound");
        let got = with(
            "batch-get-image",
            &["--image-ids", "imageTag=v1", "--accepted-media-types", DOCKER_MANIFEST, "--query", "images[0]"],
        );
        assert_eq!(got["imageManifestMediaType"], DOCKER_MANIFEST, "by tag it converts");
        let described = with("describe-images", &["--image-ids", "imageTag=v1"]);
        let described = &described["imageDetails"][0];
        assert_eq!(described["imageDigest"], json!(digest));
        assert_eq!(
            (&described["imageManifestMediaType"], &described["imageTags"]),
            (&json!(OCI_MANIFEST), &json!(["v1"]))
        );
        assert_eq!(with("list-images", &[])["imageIds"], json!([{ "imageDigest": digest, "imageTag": "v1" }]));
        // Newer than Debian's version 2 of the command, which has no word for it.
        let archive = ["--image-id", "imageTag=v1", "--target-storage-class"];
        if number == 0 {
            with("update-image-storage-class", &[&archive[..], &["ARCHIVE"]].concat());
            let got = with("batch-get-image", &["--image-ids", "imageTag=v1"]);
            assert_eq!(got["failures"][0]["failureCode"], "ImageInaccessible");
            let filter = ["--filter", "imageStatus=ARCHIVED", "--query", "imageDetails[0].imageStatus"];
            assert_eq!(with("describe-images", &filter), "ARCHIVED");
            with("update-image-storage-class", &[&archive[..], &["STANDARD"]].concat());
            let subject = format!("imageDigest={digest}");
            assert_eq!(with("list-image-referrers", &["--subject-id", &subject])["referrers"], json!([]));
        }
        let gone = with("batch-delete-image", &["--image-ids", "imageTag=v1"]);
        assert_eq!(gone["imageIds"], json!([{ "imageDigest": digest, "imageTag": "v1" }]));
        let none = aws.refused(&["ecr", "describe-images", "--repository-name", &name, "--image-ids", "imageTag=v1"]);
        assert!(none.contains("(ImageNotFoundException)"), "{none}");
    }
}

#[test]
fn layers() {
    let twin = twin();
    for (number, aws) in Aws::all(&twin).iter().enumerate() {
        let work = tempfile::tempdir().unwrap();
        let name = format!("team/app-{number}");
        aws.call(&["ecr", "create-repository", "--repository-name", &name]);
        let image = Image::good(Family::Docker);
        push(aws, work.path(), &name, &image, "v1");
        let (layer, absent) = (Digest::of(&image.layers[0].stored), Digest::of(b"absent"));
        let mut check = vec!["ecr", "batch-check-layer-availability", "--repository-name", &name];
        check.extend(["--layer-digests", layer.as_str(), absent.as_str()]);
        let states = aws.call(&check);
        assert_eq!(states["layers"][0]["layerAvailability"], "AVAILABLE");
        assert_eq!(states["layers"][0]["layerSize"], json!(image.layers[0].stored.len()));
        assert_eq!(states["layers"][1]["layerAvailability"], "UNAVAILABLE");
        let mut url = vec!["ecr", "get-download-url-for-layer", "--repository-name", &name];
        url.extend(["--layer-digest", layer.as_str()]);
        let url = aws.call(&url);
        assert!(url["downloadUrl"].as_str().unwrap().contains("X-Amz-Signature="));
        url_is_readable(url["downloadUrl"].as_str().unwrap(), &image.layers[0].stored);
        let mut refused = vec!["ecr", "get-download-url-for-layer", "--repository-name", &name];
        refused.extend(["--layer-digest", absent.as_str()]);
        let refused = aws.refused(&refused);
        assert!(refused.contains("(LayersNotFoundException)"), "{refused}");
    }
}

/// Fetches a presigned URL as anybody would who has it.
fn url_is_readable(url: &str, expected: &[u8]) {
    use std::io::{Read, Write};
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(expected));
}

#[test]
fn paging() {
    let twin = twin();
    for aws in Aws::all(&twin) {
        for number in 0..5 {
            // The second version finds those of the first.
            aws.command(&["ecr", "create-repository", "--repository-name", &format!("app-{number}")]).output().unwrap();
        }
        let names = ["--query", "repositories[].repositoryName"];
        let all = json!(["app-0", "app-1", "app-2", "app-3", "app-4"]);
        let by_two = aws.call(&[&["ecr", "describe-repositories", "--page-size", "2"], &names[..]].concat());
        assert_eq!(by_two, all, "botocore's paginator goes to the end");
        let first = aws.call(&["ecr", "describe-repositories", "--max-items", "3"]);
        let token = first["NextToken"].as_str().unwrap();
        let rest = aws.call(&[&["ecr", "describe-repositories", "--starting-token", token], &names[..]].concat());
        assert_eq!(rest, json!(["app-3", "app-4"]));
    }
}

#[test]
fn accounts() {
    let twin = twin();
    for aws in Aws::all(&twin) {
        let data = aws.call(&["ecr", "get-authorization-token"])["authorizationData"][0].clone();
        assert_eq!(data["proxyEndpoint"], json!(twin.url()));
        let password = succeed(&mut aws.command(&["ecr", "get-login-password"]));
        assert!(password.trim().len() > 100);
        let registry = aws.call(&["ecr", "describe-registry"]);
        assert_eq!(registry["registryId"], "123456789012");
        let other = ["ecr", "batch-get-image", "--registry-id", "210987654321", "--repository-name", "team/app"];
        let refused = aws.refused(&[&other[..], &["--image-ids", "imageTag=v1"]].concat());
        assert!(refused.contains("(RepositoryNotFoundException)"), "{refused}");
    }
    // Debian's version 2 of the command is older than the setting's value, not than the call.
    if let Some(aws) = Aws::all(&twin).first() {
        aws.call(&["ecr", "put-account-setting", "--name", "BLOB_MOUNTING", "--value", "ENABLED"]);
        let setting = aws.call(&["ecr", "get-account-setting", "--name", "BLOB_MOUNTING"]);
        assert_eq!(setting["value"], "ENABLED");
    }
}
