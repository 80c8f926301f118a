//! Conversion: by tag, never by digest.

use lambark_oci::media_type::{
    ACCEPT, DOCKER_CONFIG, DOCKER_LAYER_GZIP, DOCKER_LIST, DOCKER_MANIFEST, DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED,
    OCI_INDEX, OCI_MANIFEST,
};
use lambark_oci::{Digest, Family};
use serde_json::json;

use crate::testing::{Answer, Bench, index};

fn get(bench: &Bench, target: &str, accept: &str) -> Answer {
    bench.v2("GET", &format!("team/app/manifests/{target}"), &[("Accept", accept)], b"")
}

fn kind(answer: &Answer) -> Option<&str> {
    (answer.status == 200).then(|| answer.header("content-type").unwrap())
}

fn schema1(bench: &Bench) -> Vec<u8> {
    let layer = bench.blob("team/app", b"old layer");
    let body = json!({ "schemaVersion": 1, "name": "app", "tag": "v0", "fsLayers": [{ "blobSum": layer }] });
    serde_json::to_vec(&body).unwrap()
}

#[test]
fn the_client_asks_for_schema_1() {
    let bench = Bench::with_repository();
    bench.put("team/app", "one", &schema1(&bench));
    bench.put("team/app", "docker", &bench.image("team/app", Family::Docker, "a"));
    bench.put("team/app", "oci", &bench.image("team/app", Family::Oci, "a"));
    assert_eq!(kind(&get(&bench, "one", DOCKER_SCHEMA1)), Some(DOCKER_SCHEMA1), "as is");
    let converted = get(&bench, "docker", DOCKER_SCHEMA1_SIGNED);
    assert_eq!(kind(&converted), Some(DOCKER_SCHEMA1), "converted to schema 1");
    assert_eq!(converted.json()["fsLayers"], json!([{ "blobSum": Digest::of(b"layer of a") }]));
    assert_eq!(kind(&get(&bench, "oci", DOCKER_SCHEMA1)), None, "none");
}

#[test]
fn the_client_asks_for_docker_schema_2() {
    let bench = Bench::with_repository();
    bench.put("team/app", "one", &schema1(&bench));
    let docker = bench.image("team/app", Family::Docker, "a");
    bench.put("team/app", "docker", &docker);
    bench.put("team/app", "oci", &bench.image("team/app", Family::Oci, "a"));
    assert_eq!(kind(&get(&bench, "one", DOCKER_MANIFEST)), Some(DOCKER_SCHEMA1), "falls back to schema 1");
    assert_eq!(get(&bench, "docker", DOCKER_MANIFEST).body, docker, "as is");
    let converted = get(&bench, "oci", DOCKER_MANIFEST);
    assert_eq!(kind(&converted), Some(DOCKER_MANIFEST), "converted to Docker schema 2");
    let body = converted.json();
    assert_eq!((&body["mediaType"], &body["config"]["mediaType"]), (&json!(DOCKER_MANIFEST), &json!(DOCKER_CONFIG)));
    assert_eq!(body["layers"][0]["mediaType"], DOCKER_LAYER_GZIP);
    assert_eq!(converted.header("docker-content-digest"), Some(Digest::of(&converted.body).as_str()));
}

#[test]
fn the_client_asks_for_oci() {
    let bench = Bench::with_repository();
    bench.put("team/app", "one", &schema1(&bench));
    bench.put("team/app", "docker", &bench.image("team/app", Family::Docker, "a"));
    let oci = bench.image("team/app", Family::Oci, "a");
    bench.put("team/app", "oci", &oci);
    assert_eq!(kind(&get(&bench, "one", OCI_MANIFEST)), None, "none");
    let same: serde_json::Value = serde_json::from_slice(&oci).unwrap();
    assert_eq!(get(&bench, "docker", OCI_MANIFEST).json(), same, "converted to OCI");
    assert_eq!(get(&bench, "oci", OCI_MANIFEST).body, oci, "as is");
}

#[test]
fn by_digest_ecr_never_converts() {
    let bench = Bench::with_repository();
    let oci = bench.image("team/app", Family::Oci, "a");
    let digest = bench.put("team/app", "v1", &oci);
    for accept in [DOCKER_MANIFEST, DOCKER_SCHEMA1, OCI_INDEX] {
        assert_eq!(get(&bench, digest.as_str(), accept).body, oci, "{accept}");
    }
}

#[test]
fn all_four_types_or_none_give_what_is_stored() {
    let bench = Bench::with_repository();
    let oci = bench.image("team/app", Family::Oci, "a");
    bench.put("team/app", "v1", &oci);
    for accept in [&ACCEPT.join(", "), "*/*", "application/json"] {
        assert_eq!(get(&bench, "v1", accept).body, oci, "{accept}");
    }
    bench.ways(|ways| ways.converts = false);
    assert_eq!(get(&bench, "v1", DOCKER_MANIFEST).body, oci);
}

#[test]
fn who_takes_no_index_is_given_the_linux_amd64_child() {
    let bench = Bench::with_repository();
    let child = bench.image("team/app", Family::Oci, "a");
    bench.put("team/app", Digest::of(&child).as_str(), &child);
    bench.put("team/app", "v1", &index(OCI_INDEX, &[&child]));
    assert_eq!(get(&bench, "v1", &format!("{OCI_MANIFEST}, {DOCKER_MANIFEST}")).body, child);
    assert_eq!(kind(&get(&bench, "v1", DOCKER_LIST)), Some(DOCKER_LIST));
    bench.ways(|ways| ways.index_gives_child = false);
    assert_eq!(kind(&get(&bench, "v1", OCI_MANIFEST)), None);
}
