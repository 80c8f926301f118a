//! Image URIs: what they may name, and the exact texts when they do not.

use lambark_oci::Family;
use lambark_testkit::images::Image;

use super::*;
use crate::scope::Scope;

const INVALID: &str = "InvalidParameterValueException";

fn refused(bench: &Bench, uri: &str) -> (u16, String, String) {
    bench.create("f", uri).error()
}

#[test]
fn each_wrong_uri_has_its_text() {
    let bench = Bench::new();
    bench.push("team/app", &Image::good(Family::Docker).store("v1"));
    let digest = format!("sha256:{}", "0".repeat(64));
    for uri in [
        format!("{REGISTRY}/team/app:v2"),
        format!("{REGISTRY}/team/app@{digest}"),
        format!("{REGISTRY}/other:v1"),
        "210987654321.dkr.ecr.us-east-1.amazonaws.com/team/app:v1".to_owned(),
    ] {
        let text = format!("Source image {uri} does not exist. Provide a valid source image.");
        assert_eq!(refused(&bench, &uri), (400, INVALID.into(), text));
    }
    for uri in [
        format!("{REGISTRY}/team/app"),
        "team/app:v1".to_owned(),
        "public.ecr.aws/lambda/python:3.12".to_owned(),
        "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/team/app:v1".to_owned(),
        format!("{REGISTRY}/Team/app:v1"),
        "nonsense".to_owned(),
    ] {
        let text = format!("Source image {uri} is not valid. Provide a valid source image.");
        assert_eq!(refused(&bench, &uri), (400, INVALID.into(), text));
    }
    let elsewhere = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app:v1";
    let text = "Image repository must be in the same region.";
    assert_eq!(refused(&bench, elsewhere), (400, INVALID.into(), text.into()));
}

#[test]
fn tags_digests_and_the_twins_own_address_lead_to_the_image() {
    let bench = Bench::new();
    let store = Image::good(Family::Oci).store("v1");
    bench.push("team/app", &store);
    let digest = &store.top().digest;
    let own = bench.twin.address();
    for (name, uri) in [
        ("a", format!("{REGISTRY}/team/app:v1")),
        ("b", format!("{REGISTRY}/team/app@{digest}")),
        ("c", format!("{REGISTRY}/team/app:v1@{digest}")),
        ("d", format!("{own}/team/app:v1")),
        ("e", format!("localhost:{}/team/app@{digest}", own.port())),
    ] {
        let answer = bench.create(name, &uri);
        assert_eq!(answer.status, 201, "{uri}: {}", answer.json());
        assert_eq!(answer.json()["CodeSha256"], digest.hex());
        let code = bench.call("GET", &format!("{FUNCTIONS}/{name}"), &NONE).json()["Code"].clone();
        let resolved = code["ResolvedImageUri"].as_str().unwrap();
        assert!(resolved.ends_with(&format!("/team/app@{digest}")), "{resolved}");
        assert_eq!(code["ImageUri"], uri);
    }
}

#[test]
fn another_accounts_image_needs_its_policy() {
    let bench = Bench::new();
    let theirs = Scope { account: "210987654321".to_owned(), region: "us-east-1".to_owned() };
    bench.push_to(&theirs, "app", &Image::good(Family::Docker).store("v1"));
    let uri = "210987654321.dkr.ecr.us-east-1.amazonaws.com/app:v1";
    let (status, _, text) = refused(&bench, uri);
    let expected = "Lambda does not have permission to access the ECR image. Check the ECR permissions.";
    assert_eq!((status, text.as_str()), (403, expected));
    let actions = json!(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]);
    let policy = json!({ "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" }, "Action": actions },
        {
            "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": actions,
            "Condition": { "StringLike": { "aws:sourceARN": "arn:aws:lambda:us-east-1:123456789012:function:*" } },
        },
    ] });
    bench.edit(&theirs, "app", |repository| repository.policy = Some(policy.to_string()));
    assert_eq!(bench.create("f", uri).status, 201);
}

#[test]
fn an_archived_image_does_not_exist_for_lambda() {
    let bench = Bench::new();
    bench.push("app", &Image::good(Family::Docker).store("v1"));
    bench.edit(&here(), "app", |repository| {
        repository.images.values_mut().for_each(|image| image.archived = true);
    });
    let (status, _, text) = refused(&bench, &format!("{REGISTRY}/app:v1"));
    assert!(status == 400 && text.ends_with("does not exist. Provide a valid source image."), "{text}");
    assert!(bench.twin.control().notes().iter().any(|note| note.contains("not established")));
}

#[test]
fn a_tag_that_moves_later_changes_nothing() {
    let bench = Bench::new();
    bench.active("f");
    let before = bench.get("f");
    bench.push("app", &Image::good(Family::Oci).store("v1"));
    assert_eq!(bench.get("f"), before);
}

#[test]
fn an_image_that_is_deleted_or_archived_is_lost() {
    let bench = Bench::new();
    bench.active("deleted");
    bench.active("archived");
    bench.edit(&here(), "app", |repository| {
        repository.images.values_mut().for_each(|image| image.archived = true);
    });
    let lost = bench.get("archived");
    assert_eq!((lost["State"].as_str(), lost["StateReasonCode"].as_str()), (Some("Inactive"), Some("ImageDeleted")));
    bench.edit(&here(), "app", |repository| repository.images.clear());
    let called = bench.call("POST", &format!("{FUNCTIONS}/deleted/invocations"), &NONE);
    let text = "Lambda cannot initialize the provided container image. Verify the image.";
    assert_eq!(called.error(), (409, "CodeArtifactUserFailedException".into(), text.into()));
    let lost = bench.get("deleted");
    assert_eq!(lost["StateReason"], "The function is trying to use a deleted image.");
    let refused = bench.call("PUT", &format!("{FUNCTIONS}/deleted/configuration"), &json!({ "Timeout": 5 }));
    assert_eq!(refused.error().2, "The function is trying to use a deleted image.");
}
