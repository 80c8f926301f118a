//! Accounts and Regions, tokens, settings, and what there is not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambark_oci::Family;
use serde_json::{Value, json};

use crate::Settings;
use crate::testing::{ACCOUNT, Bench, send};

const OTHER: &str = "210987654321";

#[test]
fn the_token_expires_in_twelve_hours_and_the_endpoint_is_the_twin() {
    let bench = Bench::new();
    let data = bench.ecr("GetAuthorizationToken", &json!({}))["authorizationData"][0].clone();
    assert_eq!(data["proxyEndpoint"], json!(bench.twin.url()));
    let left = data["expiresAt"].as_f64().unwrap() - bench.twin.shared().clock.millis().seconds();
    assert!((43_140.0..=43_200.0).contains(&left), "{left}");
    let token = STANDARD.decode(data["authorizationToken"].as_str().unwrap()).unwrap();
    assert!(token.starts_with(b"AWS:"));
}

#[test]
fn every_answer_has_a_request_id() {
    let bench = Bench::new();
    for operation in ["GetAuthorizationToken", "PutImage", "NoSuchThing"] {
        let answer = bench.ecr_as("test", "us-east-1", operation, &json!({}));
        assert_eq!(answer.header("x-amzn-requestid").unwrap().len(), 36, "{operation}");
        assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.1"));
    }
}

#[test]
fn an_unknown_operation_is_named() {
    let bench = Bench::new();
    assert_eq!(bench.refused("NoSuchThing", &json!({})).0, "UnknownOperationException");
}

#[test]
fn each_region_has_repositories_of_its_own() {
    let bench = Bench::with_repository();
    let there = bench.ecr_as("test", "eu-central-1", "DescribeRepositories", &json!({})).json();
    assert_eq!(there["repositories"], json!([]));
    let made = bench.ecr_as("test", "cn-north-1", "CreateRepository", &json!({ "repositoryName": "team/app" })).json();
    assert_eq!(made["repository"]["repositoryUri"], format!("{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/team/app"));
}

#[test]
fn registry_id_scopes_the_call_and_other_accounts_need_a_policy() {
    let bench = Bench::with_repository();
    bench.put("team/app", "v1", &bench.image("team/app", Family::Docker, "a"));
    let body = json!({ "registryId": ACCOUNT, "repositoryName": "team/app", "imageIds": [{ "imageTag": "v1" }] });
    let ask = |operation: &str| bench.ecr_as(OTHER, "us-east-1", operation, &body);
    let denied = ask("BatchGetImage");
    assert_eq!((denied.status, &denied.json()["__type"]), (400, &json!("AccessDeniedException")));
    let message = denied.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:"), "{message}");
    let policy = json!({ "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{OTHER}:root") }, "Action": "ecr:BatchGetImage",
    }] });
    bench.ecr("SetRepositoryPolicy", &json!({ "repositoryName": "team/app", "policyText": policy.to_string() }));
    assert_eq!(ask("BatchGetImage").json()["images"].as_array().unwrap().len(), 1);
    assert_eq!(ask("DescribeImages").json()["__type"], "AccessDeniedException");
    let own = bench.ecr_as(OTHER, "us-east-1", "ListImages", &json!({ "repositoryName": "team/app" }));
    assert_eq!(own.json()["__type"], "RepositoryNotFoundException", "no registryId: the caller's own registry");
}

#[test]
fn account_settings_are_per_region() {
    let bench = Bench::new();
    let name = json!({ "name": "BLOB_MOUNTING" });
    assert_eq!(bench.ecr("GetAccountSetting", &name)["value"], "DISABLED");
    bench.ecr("PutAccountSetting", &json!({ "name": "BLOB_MOUNTING", "value": "ENABLED" }));
    assert_eq!(bench.ecr("GetAccountSetting", &name)["value"], "ENABLED");
    let elsewhere = bench.ecr_as("test", "eu-central-1", "GetAccountSetting", &name).json();
    assert_eq!(elsewhere["value"], "DISABLED");
    assert_eq!(bench.ecr("DescribeRegistry", &json!({}))["registryId"], ACCOUNT);
}

#[test]
fn everything_is_there_after_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let settings = || Settings { data: Some(place.path().to_owned()), ..Settings::ephemeral() };
    let bench = Bench::of(settings());
    bench.ecr("CreateRepository", &json!({ "repositoryName": "team/app", "imageTagMutability": "IMMUTABLE" }));
    bench.ecr("PutAccountSetting", &json!({ "name": "BLOB_MOUNTING", "value": "ENABLED" }));
    let manifest = bench.image("team/app", Family::Oci, "a");
    bench.put("team/app", "v1", &manifest);
    let described = |bench: &Bench| -> (Value, Value) {
        let images = bench.ecr("DescribeImages", &json!({ "repositoryName": "team/app" }));
        (bench.ecr("DescribeRepositories", &json!({})), images)
    };
    let (before, token) = (described(&bench), bench.basic.clone());
    drop(bench);
    let bench = Bench::of(settings());
    assert_eq!(described(&bench), before);
    assert_eq!(bench.ecr("GetAccountSetting", &json!({ "name": "BLOB_MOUNTING" }))["value"], "ENABLED");
    let path = "/v2/team/app/manifests/v1";
    let again = send(&bench.twin, "GET", path, &[("Authorization", &token)], b"").unwrap();
    assert_eq!(again.body, manifest, "and the old token opens it");
    let layer = lambark_oci::Digest::of(b"layer of a");
    let link = bench.v2("GET", &format!("team/app/blobs/{layer}"), &[], b"");
    assert_eq!(send(&bench.twin, "GET", link.header("location").unwrap(), &[], b"").unwrap().body, b"layer of a");
}
