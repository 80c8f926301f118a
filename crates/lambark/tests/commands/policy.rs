//! `lambark policy`, and whether its table is what the verbs really do.

use std::collections::BTreeSet;

use lambark_oci::{Compression, Family};
use lambark_testkit::images::{Image, good_files};
use lambark_testkit::scripted::ScriptedRegistry;
use serde_json::{Value, json};

use crate::ecr_api::{EcrApi, denied, token};
use crate::support::{User, seed};

const ON_ECR: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app";

#[test]
fn it_is_json_that_iam_takes() {
    let run = |arguments: &[&str]| User::new().run(arguments);
    insta::assert_snapshot!(run(&["policy", "push", "--repository", ON_ECR]));
    insta::assert_snapshot!(run(&[
        "policy",
        "repository",
        "--function-account",
        "210987654321",
        "--region",
        "eu-west-1"
    ]));
    insta::assert_snapshot!(run(&["policy", "resolve", "--format", "json"]));
    insta::assert_snapshot!(run(&["policy", "check", "--function-account", "210987654321"]));
}

/// The actions of a verb's policy.
fn allowed(verb: &str) -> BTreeSet<String> {
    let output = User::new().command(&["policy", verb, "--format", "json"]).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let needs = document["needs"].as_array().unwrap();
    needs.iter().map(|need| need["action"].as_str().unwrap().to_owned()).collect()
}

/// The action that a request to the registry needs, by AWS's guide for pushing and pulling.
fn action(line: &str) -> &'static str {
    let blob = line.contains("/blobs/sha256:");
    match line.split(' ').next().unwrap() {
        "POST" => "ecr:InitiateLayerUpload",
        "PATCH" => "ecr:UploadLayerPart",
        "PUT" if line.contains("/blobs/uploads/") => "ecr:CompleteLayerUpload",
        "PUT" => "ecr:PutImage",
        "HEAD" if blob => "ecr:BatchCheckLayerAvailability",
        _ if blob => "ecr:GetDownloadUrlForLayer",
        _ => "ecr:BatchGetImage",
    }
}

/// The actions that a verb really used, over several runs.
fn used(runs: &[&[&str]], images: &[Image]) -> BTreeSet<String> {
    let registry = ScriptedRegistry::ecr();
    for (index, image) in images.iter().enumerate() {
        seed(&registry, &image.store(&format!("v{}", index + 1)));
    }
    let host = registry.host();
    let api = EcrApi::start(move |operation, body| match operation {
        "GetAuthorizationToken" => token(&host),
        "DescribeRepositories" => (200, json!({"repositories": [{"imageTagMutability": "MUTABLE"}]})),
        "GetRepositoryPolicy" => (200, json!({"policyText": "{}"})),
        "DescribeImages" => {
            let ids = body["imageIds"].as_array().unwrap();
            (
                200,
                json!({"imageDetails": ids.iter().map(|id| json!({"imageDigest": id["imageDigest"]})).collect::<Vec<_>>()}),
            )
        }
        "CreateRepository" => (400, json!({"__type": "RepositoryAlreadyExistsException", "message": "it is there"})),
        other => denied(other),
    });
    let user = User::new()
        .with("AWS_ACCESS_KEY_ID", "AKIATESTTESTTESTTEST")
        .with("AWS_SECRET_ACCESS_KEY", "not-a-real-secret-key")
        .with("AWS_ENDPOINT_URL", api.url());
    for run in runs {
        let shown = user.run(run);
        let ends = |code: u8| shown.starts_with(&format!("exit code: {code}\n"));
        assert!(ends(0) || ends(1) || (ends(3) && shown.contains("not found")), "{run:?}: {shown}");
    }
    let lines = registry.lines().into_iter().filter(|line| line.contains("/v2/app/"));
    let of_registry = lines.map(|line| action(&line).to_owned());
    // AWS's guide for pushing names both, however many requests an upload takes.
    let of_registry: BTreeSet<String> = of_registry.collect();
    let part = of_registry.contains("ecr:CompleteLayerUpload").then(|| "ecr:UploadLayerPart".to_owned());
    let of_api = api.asked().into_iter().map(|asked| format!("ecr:{}", asked.split(' ').next().unwrap()));
    of_registry.into_iter().chain(part).chain(of_api).collect()
}

#[test]
fn each_verb_needs_exactly_what_its_policy_allows() {
    let zstd = || Image::new(Family::Oci, Compression::Zstd, &good_files());
    let name = |tag: &str| format!("{ON_ECR}:{tag}");
    let images = [Image::good(Family::Oci), zstd()];
    let (v1, v2, v3, nowhere) = (name("v1"), name("v2"), name("v3"), name("nowhere"));
    assert_eq!(used(&[&["check", &v1, "--depth", "files"], &["check", &v2]], &images), allowed("check"));
    assert_eq!(used(&[&["resolve", &v1], &["resolve", &nowhere]], &images), allowed("resolve"));
    let fixes: [&[&str]; 3] = [&["fix", &v2], &["fix", "prov-true-oci.tar", "--to", &v3], &["fix", &nowhere]];
    assert_eq!(used(&fixes, &images), allowed("fix"));
    let pushes: [&[&str]; 3] =
        [&["push", &v2, &v3, "--create-repository"], &["push", &v2, &v2], &["push", &nowhere, &v3]];
    assert_eq!(used(&pushes, &images), allowed("push"));
}
