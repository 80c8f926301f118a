//! Signing in to ECR by AWS, without any helper program.

use lambark_oci::Family;
use lambark_testkit::images::Image;
use lambark_testkit::scripted::ScriptedRegistry;
use serde_json::json;

use crate::ecr_api::{EcrApi, denied, token};
use crate::support::{User, image, seed};

const ON_ECR: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app:v1";

/// A user with an access key; AWS never gave it out.
fn user() -> User {
    User::new()
        .with("AWS_ACCESS_KEY_ID", "AKIATESTTESTTESTTEST")
        .with("AWS_SECRET_ACCESS_KEY", "not-a-real-secret-key")
        .with("AWS_EC2_METADATA_DISABLED", "true")
}

fn registry() -> ScriptedRegistry {
    let registry = ScriptedRegistry::ecr();
    seed(&registry, &Image::good(Family::Oci).store("v1"));
    registry
}

#[test]
fn an_ecr_host_is_spoken_to_at_the_endpoint_s_registry() {
    let registry = registry();
    let api = EcrApi::signing_in_to(&registry.host());
    let run = user().with("AWS_ENDPOINT_URL", api.url()).run(&["resolve", ON_ECR]);
    assert!(run.starts_with("exit code: 0"), "{run}");
    // The name stays ECR's, and so does the Region.
    assert!(run.contains("123456789012.dkr.ecr.eu-central-1.amazonaws.com/app@sha256:"), "{run}");
    assert_eq!(api.asked(), ["GetAuthorizationToken eu-central-1"]);
}

#[test]
fn the_endpoint_s_own_address_uses_the_same_password() {
    let registry = registry();
    let api = EcrApi::signing_in_to(&registry.host());
    let flags = ["--endpoint-url", api.url(), "--region", "us-west-2"];
    let run = user().run(&[&["resolve", &image(&registry, "v1")][..], &flags].concat());
    assert!(run.starts_with("exit code: 0"), "{run}");
    assert_eq!(api.asked(), ["GetAuthorizationToken us-west-2"]);
}

#[test]
fn lambark_toml_says_where_aws_is() {
    let registry = registry();
    let api = EcrApi::signing_in_to(&registry.host());
    let user = user();
    let file = user.path("lambark.toml");
    std::fs::write(&file, format!("[aws]\nregion = \"eu-west-3\"\nendpoint-url = \"{}\"\n", api.url())).unwrap();
    let run = user.run(&["resolve", &image(&registry, "v1"), "--config", &file]);
    assert!(run.starts_with("exit code: 0"), "{run}");
    assert_eq!(api.asked(), ["GetAuthorizationToken eu-west-3"]);
}

#[test]
fn nobody_is_asked_about_other_registries() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &Image::good(Family::Oci).store("v1"));
    let api = EcrApi::signing_in_to("127.0.0.1:1");
    let user = user().with("AWS_ENDPOINT_URL", api.url());
    for arguments in
        [&["resolve", &image(&registry, "v1")][..], &["check", "prov-true-oci.tar"], &["rules"], &["--version"]]
    {
        user.run(arguments);
    }
    assert_eq!(api.asked(), Vec::<String>::new());
}

#[test]
fn a_login_of_docker_serves_where_aws_gives_nothing() {
    let registry = registry();
    let host = ON_ECR.split('/').next().unwrap().to_owned();
    // The endpoint tells its registry's address to those who may ask; here only the first call is allowed.
    let api = EcrApi::start(|operation, _| denied(operation));
    let user = user().with("AWS_ENDPOINT_URL", api.url()).with("AWS_REGION", "us-east-1");
    std::fs::create_dir(user.path(".docker")).unwrap();
    let auths = json!({"auths": {registry.host(): {"auth": "QVdTOnRvaw=="}, host: {"auth": "QVdTOnRvaw=="}}});
    std::fs::write(user.path(".docker/config.json"), auths.to_string()).unwrap();
    let run = user.run(&["resolve", &image(&registry, "v1")]);
    assert!(run.starts_with("exit code: 0"), "{run}");
}

#[test]
fn a_missing_permission_is_named() {
    let api = EcrApi::start(|operation, _| denied(operation));
    insta::assert_snapshot!(user().with("AWS_ENDPOINT_URL", api.url()).run(&["check", ON_ECR]));
    assert_eq!(api.asked().len(), 1, "{:?}", api.asked());
}

#[test]
fn missing_credentials_are_told_with_what_to_do() {
    let user = User::new().with("AWS_EC2_METADATA_DISABLED", "true");
    insta::assert_snapshot!(user.run(&["check", ON_ECR]));
}

#[test]
fn an_immutable_tag_is_known_without_a_write() {
    let registry = ScriptedRegistry::ecr();
    let zstd = Image::new(Family::Oci, lambark_oci::Compression::Zstd, &lambark_testkit::images::good_files());
    seed(&registry, &zstd.store("v1"));
    let host = registry.host();
    let api = EcrApi::start(move |operation, body| match operation {
        "GetAuthorizationToken" => token(&host),
        "DescribeRepositories" => {
            assert_eq!(body["registryId"], "123456789012");
            (200, json!({"repositories": [{"repositoryName": "app", "imageTagMutability": "IMMUTABLE"}]}))
        }
        other => denied(other),
    });
    let user = user().with("AWS_ENDPOINT_URL", api.url());
    let run = user.run(&["fix", ON_ECR, "--depth", "bytes"]);
    assert!(run.starts_with("exit code: 4") && run.contains("immutable"), "{run}");
    assert_eq!(registry.mutations(), 0, "{:?}", registry.lines());
}

#[test]
fn what_ecr_keeps_about_an_image_is_judged_too() {
    let registry = registry();
    let host = registry.host();
    let api = EcrApi::start(move |operation, body| match operation {
        "GetAuthorizationToken" => token(&host),
        "DescribeImages" => {
            let digest = &body["imageIds"][0]["imageDigest"];
            (200, json!({"imageDetails": [{"imageDigest": digest, "imageTags": ["v1"], "imageStatus": "ARCHIVED"}]}))
        }
        "GetRepositoryPolicy" => (400, json!({"__type": "RepositoryPolicyNotFoundException", "message": "none"})),
        other => denied(other),
    });
    let user = user().with("AWS_ENDPOINT_URL", api.url());
    insta::assert_snapshot!(user.run(&[
        "check",
        ON_ECR,
        "--region",
        "us-east-1",
        "--function-account",
        "210987654321"
    ]));
    let asked = api.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
    // A shallow look asks nothing but the password.
    user.run(&["check", ON_ECR, "--depth", "manifest"]);
    assert_eq!(api.asked().len(), 4);
}

#[test]
fn what_the_caller_may_not_ask_is_told_as_not_looked_at() {
    let registry = registry();
    let api = EcrApi::signing_in_to(&registry.host());
    let run = user().with("AWS_ENDPOINT_URL", api.url()).run(&["check", ON_ECR, "--verbose"]);
    assert!(run.starts_with("exit code: 0"), "{run}");
    for action in ["ecr:DescribeImages", "ecr:GetRepositoryPolicy"] {
        assert!(run.contains(&format!("the caller lacks the IAM action {action}")), "{run}");
    }
}

#[test]
fn an_archived_image_is_told_from_a_missing_one() {
    let registry = ScriptedRegistry::ecr();
    registry.create_repository("app");
    let host = registry.host();
    let api = EcrApi::start(move |operation, body| match operation {
        "GetAuthorizationToken" => token(&host),
        "DescribeImages" if body["imageIds"][0]["imageTag"] == "v1" => {
            let digest = lambark_oci::Digest::of(b"").to_string();
            (200, json!({"imageDetails": [{"imageDigest": digest, "imageStatus": "ARCHIVED"}]}))
        }
        other => denied(other),
    });
    let user = user().with("AWS_ENDPOINT_URL", api.url());
    insta::assert_snapshot!(user.run(&["check", ON_ECR]));
    let missing = user.run(&["resolve", &ON_ECR.replace(":v1", ":v2")]);
    assert!(missing.contains("not found") && missing.starts_with("exit code: 3"), "{missing}");
}
