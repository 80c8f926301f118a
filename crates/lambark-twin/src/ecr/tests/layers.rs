//! Layers uploaded in parts and downloaded by a URL.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambark_oci::{Digest, Family};
use serde_json::{Value, json};

use crate::testing::{Bench, send};

fn begin(bench: &Bench) -> Value {
    bench.ecr("InitiateLayerUpload", &json!({ "repositoryName": "team/app" }))["uploadId"].clone()
}

fn part(id: &Value, first: u64, bytes: &[u8]) -> Value {
    json!({
        "repositoryName": "team/app", "uploadId": id, "partFirstByte": first,
        "partLastByte": first + bytes.len() as u64 - 1, "layerPartBlob": STANDARD.encode(bytes),
    })
}

fn completion(id: &Value, digest: &Digest) -> Value {
    json!({ "repositoryName": "team/app", "uploadId": id, "layerDigests": [digest] })
}

#[test]
fn a_layer_goes_up_in_parts() {
    let bench = Bench::with_repository();
    let id = begin(&bench);
    let big = vec![7; 5 * 1024 * 1024];
    assert_eq!(bench.ecr("UploadLayerPart", &part(&id, 0, &big))["lastByteReceived"], json!(big.len() - 1));
    bench.ecr("UploadLayerPart", &part(&id, big.len() as u64, b"end"));
    let digest = Digest::of(&[&big[..], b"end"].concat());
    assert_eq!(bench.ecr("CompleteLayerUpload", &completion(&id, &digest))["layerDigest"], json!(digest));
    let body = json!({ "repositoryName": "team/app", "layerDigests": [digest, Digest::of(b"none"), "bad", ""] });
    let checked = bench.ecr("BatchCheckLayerAvailability", &body);
    let states: Vec<&str> =
        checked["layers"].as_array().unwrap().iter().map(|one| one["layerAvailability"].as_str().unwrap()).collect();
    assert_eq!(states, ["AVAILABLE", "UNAVAILABLE"]);
    let failures: Vec<&str> =
        checked["failures"].as_array().unwrap().iter().map(|one| one["failureCode"].as_str().unwrap()).collect();
    assert_eq!(failures, ["InvalidLayerDigest", "MissingLayerDigest"]);
}

#[test]
fn parts_follow_on_each_other() {
    let bench = Bench::with_repository();
    let id = begin(&bench);
    bench.ecr("UploadLayerPart", &part(&id, 0, b"abc"));
    let answer = bench.ecr_as("test", "us-east-1", "UploadLayerPart", &part(&id, 0, b"abc"));
    let body = answer.json();
    assert_eq!((answer.status, &body["__type"]), (400, &json!("InvalidLayerPartException")));
    assert_eq!((&body["lastValidByteReceived"], &body["uploadId"]), (&json!(2), &id));
    let mut lying = part(&id, 3, b"def");
    lying["partLastByte"] = json!(17);
    assert_eq!(bench.refused("UploadLayerPart", &lying).0, "InvalidLayerPartException");
}

#[test]
fn what_completes_no_layer() {
    let bench = Bench::with_repository();
    let id = begin(&bench);
    assert_eq!(bench.refused("CompleteLayerUpload", &completion(&id, &Digest::of(b""))).0, "EmptyUploadException");
    bench.ecr("UploadLayerPart", &part(&id, 0, b"abc"));
    let wrong = completion(&id, &Digest::of(b"other"));
    assert_eq!(bench.refused("CompleteLayerUpload", &wrong).0, "InvalidLayerException");
    bench.ecr("UploadLayerPart", &part(&id, 3, b"def"));
    let small = bench.refused("CompleteLayerUpload", &completion(&id, &Digest::of(b"abcdef")));
    let words = "All layer parts except the last part should be at least 5MB";
    assert_eq!(small, ("LayerPartTooSmallException".to_owned(), words.to_owned()));
    let unknown = completion(&json!("00000000-0000-4000-8000-000000000000"), &Digest::of(b"x"));
    assert_eq!(bench.refused("CompleteLayerUpload", &unknown).0, "UploadNotFoundException");
    let there = bench.blob("team/app", b"there");
    let again = bench.refused("CompleteLayerUpload", &completion(&begin(&bench), &there));
    assert_eq!(again.0, "LayerAlreadyExistsException");
}

#[test]
fn get_download_url_for_layer_carries_a_secret_and_expires() {
    let bench = Bench::with_repository();
    let manifest = bench.image("team/app", Family::Docker, "a");
    let layer = Digest::of(b"layer of a");
    let body = json!({ "repositoryName": "team/app", "layerDigest": layer });
    assert_eq!(bench.refused("GetDownloadUrlForLayer", &body).0, "LayersNotFoundException", "no image has it yet");
    bench.put("team/app", "v1", &manifest);
    let answer = bench.ecr("GetDownloadUrlForLayer", &body);
    let url = answer["downloadUrl"].as_str().unwrap();
    assert!(url.contains("X-Amz-Signature="), "{url}");
    assert_eq!(send(&bench.twin, "GET", url, &[], b"").unwrap().body, b"layer of a");
    bench.twin.shared().clock.advance(std::time::Duration::from_secs(3600));
    assert_eq!(send(&bench.twin, "GET", url, &[], b"").unwrap().status, 403);
}
