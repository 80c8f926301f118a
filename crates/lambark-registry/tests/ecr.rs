//! ECR's data plane under its own host name, reached through a proxy that is the scripted registry.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;

use bytes::Bytes;
use common::*;
use lambark_oci::{Digest, MediaType, Reference, media_type::OCI_MANIFEST};
use lambark_registry::auth::Fixed;
use lambark_registry::{Client, Error, Options, ProxySettings, Secret};
use lambark_testkit::scripted::{Control, Rule, ScriptedRegistry};

const HOST: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

fn at(repository: &str) -> Reference {
    format!("{HOST}/{repository}").parse().unwrap()
}

fn through(registry: &Control, password: &str) -> Client {
    let proxy = ProxySettings { http: Some(Secret::new(format!("http://{}", registry.host()))), ..Default::default() };
    let credentials = Arc::new(Fixed::basic(HOST, "AWS", password));
    // Without TLS, since the proxy is to see the requests.
    Client::new(Options { proxy, credentials, plain_http: [HOST.to_owned()].into(), ..quick() }).unwrap()
}

#[test]
fn basic_goes_with_the_first_request_and_nothing_is_asked_before() {
    let registry = ScriptedRegistry::ecr();
    let (digest, _) = seed_image(&registry, "app", "v1");
    let client = through(&registry, "tok");
    let document = run(client.manifest(&at("app"), &tag("v1"), None)).unwrap();
    assert_eq!(document.digest(), &digest);
    let requests = registry.requests();
    assert_eq!(registry.lines(), ["GET /v2/app/manifests/v1"]);
    assert_eq!(requests[0].header("authorization"), Some("Basic QVdTOnRvaw=="));
    assert_eq!(requests[0].header("host"), Some(HOST));
}

#[test]
fn an_attested_image_is_put_right_in_three_requests() {
    let registry = ScriptedRegistry::ecr();
    let (digest, bytes) = seed_image(&registry, "app", "child");
    let client = through(&registry, "tok");
    run(async {
        client.manifest(&at("app"), &tag("child"), None).await.unwrap();
        client.manifest(&at("app"), &by(&digest), None).await.unwrap();
        client.put_manifest(&at("app"), &tag("v1"), &MediaType::new(OCI_MANIFEST), bytes).await.unwrap();
    });
    let traffic = client.traffic();
    assert_eq!((traffic.requests, traffic.manifest_requests(), traffic.blob_bytes_received), (3, 3, 0));
    assert_eq!(registry.tagged("app", "v1"), Some(digest));
}

#[test]
fn connections_are_used_again() {
    let registry = ScriptedRegistry::ecr();
    let (digest, _) = seed_image(&registry, "app", "v1");
    let client = through(&registry, "tok");
    run(async {
        for _ in 0..30 {
            client.manifest(&at("app"), &by(&digest), None).await.unwrap();
        }
    });
    // A connection may be on its way back to the pool just when the next request wants one.
    assert!(registry.connections() < 15, "{}", registry.connections());
}

#[test]
fn a_bare_403_on_a_manifest_write_may_be_the_quota() {
    let registry = ScriptedRegistry::ecr();
    let (_, bytes) = seed_image(&registry, "app", "v1");
    registry.rule(Rule::on("PUT", "*").answer(403));
    let (client, app, target, media_type) =
        (through(&registry, "tok"), at("app"), tag("v2"), MediaType::new(OCI_MANIFEST));
    let error = run(client.put_manifest(&app, &target, &media_type, bytes)).unwrap_err();
    assert!(matches!(&error, Error::Forbidden { hint: true, .. }), "{error}");
    assert!(
        error.to_string().contains("as many images as its quota allows: then it is no credential fault"),
        "{error}"
    );
}

#[test]
fn an_expired_password_is_one_request_and_a_clear_word() {
    let registry = ScriptedRegistry::ecr();
    seed_image(&registry, "app", "v1");
    let error = run(through(&registry, "expired").manifest(&at("app"), &tag("v1"), None)).unwrap_err();
    assert!(error.is_auth() && error.to_string().contains("Your authorization token is invalid"), "{error}");
    assert_eq!(registry.requests().len(), 1);
}

#[test]
fn an_archived_image_is_plainly_not_found() {
    let registry = ScriptedRegistry::ecr();
    registry.rule(Rule::on("GET", "*").error(404, "MANIFEST_UNKNOWN", "Requested image not found"));
    let error = run(through(&registry, "tok").manifest(&at("app"), &tag("v1"), None)).unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("Requested image not found"), "{error}");
}

#[test]
fn a_missing_repository_is_guessed_from_the_cut() {
    let registry = ScriptedRegistry::ecr();
    let error = run(through(&registry, "tok").upload_bytes(&at("missing"), Bytes::new())).unwrap_err();
    assert!(matches!(&error, Error::UploadCut { .. }), "{error}");
    let here = through(&registry, "tok");
    registry.create_repository("app");
    assert_eq!(run(here.upload_bytes(&at("app"), Bytes::new())).unwrap(), Digest::of(b""));
}
