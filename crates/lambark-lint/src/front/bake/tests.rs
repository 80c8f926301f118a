#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::front::shown;

#[test]
fn names_of_bake_files() {
    for name in ["docker-bake.hcl", "a/docker-bake.json", "docker-bake.override.hcl", "bake.hcl", "prod.bake.hcl"] {
        assert!(recognises(name), "{name}");
    }
    for name in ["main.hcl", "docker-bake.yml", "bakery.hcl", ".terraform.lock.hcl", "package.json"] {
        assert!(!recognises(name), "{name}");
    }
}

#[test]
fn targets_inherit_and_variables_have_defaults() {
    let text = r#"
variable "TAG" { default = "latest" }
variable "PLATFORMS" {
  default = ["linux/amd64", "linux/arm64"]
}
group "default" { targets = ["api", "worker"] }

target "_common" {
  attest = ["type=provenance,mode=max"]
  platforms = PLATFORMS
  args = {
    A = 1
    BUILDX_NO_DEFAULT_ATTESTATIONS = "1"
  }
}

target "api" {
  inherits = ["_common"]
  context = "api"
  dockerfile = "Dockerfile.lambda"
  tags = ["123456789012.dkr.ecr.us-east-1.amazonaws.com/api:${TAG}"]
  args = { A = "${TAG}" }
}

target "worker" {
  inherits = ["_common"]
  platforms = ["linux/arm64"] # the function's
  attest = [
    { type = "provenance", disabled = "true" },
    "type=sbom,disable=true",
  ]
  output = ["type=image,oci-mediatypes=false"]
  target = "final"
}

target "remote" {
  context = "https://example.com/x.git"
}
"#;
    insta::assert_snapshot!(shown::all(&FRONT_END, "docker-bake.hcl", text), @r#"
    docker buildx bake at target "api"
      context: ~api
      dockerfile: ~api/Dockerfile.lambda <Dockerfile.lambda>
      --tag ?123456789012.dkr.ecr.us-east-1.amazonaws.com/api:${TAG} in `"123456789012.dkr.ecr.us-east-1.amazonaws.com/api:${TAG}"` (kept)
      --build-arg ~A=latest <A = "${TAG}"> in `A = "${TAG}"` (kept)
      --attest type=provenance,mode=max in `"type=provenance,mode=max"` (kept)
      --platform linux/amd64 in `"linux/amd64"` (kept)
      --platform linux/arm64 in `"linux/arm64"` (kept)
      --build-arg ~BUILDX_NO_DEFAULT_ATTESTATIONS=1 <BUILDX_NO_DEFAULT_ATTESTATIONS = "1"> in `BUILDX_NO_DEFAULT_ATTESTATIONS = "1"` (kept)
      insert behind `args = { A = "${TAG}" }`: "\n  " ""
    docker buildx bake at target "worker"
      context: ~ <target "worker">
      dockerfile: ~Dockerfile <target "worker">
      --platform linux/arm64 in `"linux/arm64"` (kept)
      --attest ~type=provenance,disabled=true <{ type = "provenance", disabled = "true" }> in `{ type = "provenance", disabled = "true" }` (kept)
      --attest type=sbom,disable=true in `"type=sbom,disable=true"` (kept)
      --output type=image,oci-mediatypes=false in `"type=image,oci-mediatypes=false"` (kept)
      --target final in `target = "final"`
      --build-arg ~A=1 <A = 1> in `A = 1` (kept)
      --build-arg ~BUILDX_NO_DEFAULT_ATTESTATIONS=1 <BUILDX_NO_DEFAULT_ATTESTATIONS = "1"> in `BUILDX_NO_DEFAULT_ATTESTATIONS = "1"` (kept)
      insert behind `target = "final"`: "\n  " ""
    docker buildx bake at target "remote"
      insert behind `context = "https://example.com/x.git"`: "\n  " ""
    "#);
}

#[test]
fn the_same_in_json() {
    let text = r#"{
  "group": {"default": {"targets": ["api"]}},
  "target": {
    "base": {"attest": ["type=provenance,mode=max"], "args": {"A": "1"}},
    "api": {
      "inherits": ["base"],
      "context": "api",
      "tags": ["${REGISTRY}/api:v1"],
      "platforms": ["linux/amd64"],
      "attest": [{"type": "sbom"}],
      "args": {"B": "${C}"}
    },
    "cut": {"tags": ["x",
"#;
    insta::assert_snapshot!(shown::all(&FRONT_END, "docker-bake.json", text), @r#"
    docker buildx bake at "api"
      context: ~api
      dockerfile: ~api/Dockerfile <api>
      --tag ?${REGISTRY}/api:v1 in `"${REGISTRY}/api:v1"` (kept)
      --platform linux/amd64 in `"linux/amd64"` (kept)
      --attest ~type=sbom <{"type": "sbom"}> in `{"type": "sbom"}` (kept)
      --build-arg ?B=${C} <"B": "${C}"> in `"B": "${C}"`
      --build-arg ~A=1 <"A": "1"> in `"A": "1"`
      insert behind `"args": {"B": "${C}"}`: ",\n      " ""
    docker buildx bake at "cut"
      context: ~ <"cut">
      dockerfile: ~Dockerfile <"cut">
      --tag x in `"x"` (kept)
    note at 14:1: the file ends inside an array
    "#);
}

#[test]
fn inheritance_without_end_ends() {
    let text = "target \"default\" { inherits = [\"b\"] }\ntarget \"b\" { inherits = [\"default\", \"b\"] }\n";
    insta::assert_snapshot!(shown::all(&FRONT_END, "bake.hcl", text), @r#"
    docker buildx bake at target "default"
      context: ~ <target "default">
      dockerfile: ~Dockerfile <target "default">
    "#);
}

#[test]
fn a_list_may_be_a_text_with_commas() {
    let text = r#"
variable "PLATFORMS" { default = "linux/amd64,linux/arm64" }
target "default" {
  platforms = split(",", PLATFORMS)
  tags      = TAGS != "" ? [TAGS] : []
}
"#;
    insta::assert_snapshot!(shown::all(&FRONT_END, "docker-bake.hcl", text), @r#"
    docker buildx bake at target "default"
      context: ~ <target "default">
      dockerfile: ~Dockerfile <target "default">
      --platform ~linux/amd64 <PLATFORMS> in `platforms = split(",", PLATFORMS)` (kept)
      --platform ~linux/arm64 <PLATFORMS> in `platforms = split(",", PLATFORMS)` (kept)
      --tag ?${TAGS != "" ? [TAGS] : []} <TAGS != "" ? [TAGS] : []> in `tags      = TAGS != "" ? [TAGS] : []`
      insert behind `tags      = TAGS != "" ? [TAGS] : []`: "\n  " ""
    "#);
}
