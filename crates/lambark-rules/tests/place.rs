//! Every rule on where an image lies: what it finds, what it lets pass, what it cannot judge.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/mod.rs"]
mod support;

use lambark_oci::Digest;
use lambark_rules::facts::{Evidence, ImageFacts, Location, Stored, StoredImage};
use lambark_rules::{Needs, Severity, rule};
use serde_json::{Value, json};
use support::laws::Expect::{Find, NotAsked, NotLooked, Pass, Says};
use support::laws::{Case, walk};
use support::{image, not_looked};

use Severity::{Error, Warning};

const ON_ECR: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1";

/// A good image at that name, of whose place nothing was looked at.
fn at(reference: &str, change: impl FnOnce(&mut Location)) -> ImageFacts {
    let mut location = Location {
        reference: reference.parse().unwrap(),
        region: None,
        account: None,
        stored: not_looked(),
        policy: not_looked(),
    };
    change(&mut location);
    ImageFacts { location: Some(location), ..image().facts() }
}

fn stored(name: &[u8], tags: &[&str], status: Option<&str>) -> StoredImage {
    StoredImage {
        digest: Digest::of(name),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        status: status.map(str::to_owned),
    }
}

fn kept(top: StoredImage, image: StoredImage) -> ImageFacts {
    at(ON_ECR, |location| location.stored = Evidence::Known(Stored { top, image }))
}

/// The cases that every one of these rules has.
fn judged(name: &str, mut cases: Vec<Case>) {
    cases.push(("only the image is in question", image().facts(), NotAsked));
    walk(name, &cases);
}

#[test]
fn not_private_ecr() {
    judged(
        "not-private-ecr",
        vec![
            ("private ECR", at(ON_ECR, |_| ()), Pass),
            ("its FIPS endpoint", at(&ON_ECR.replace(".ecr.", ".ecr-fips."), |_| ()), Pass),
            ("the public gallery", at("public.ecr.aws/lambda/python:3.13", |_| ()), Says(Error, "public.ecr.aws")),
            ("another registry", at("ghcr.io/a/b:v1", |_| ()), Says(Error, "lambark push ghcr.io/a/b:v1")),
            ("a name that only looks like it", at("1234.dkr.ecr.us-east-1.amazonaws.com/a:v1", |_| ()), Find(&[Error])),
            ("this machine", at("127.0.0.1:5000/a:v1", |_| ()), NotAsked),
            ("this machine by name", at("localhost/a:v1", |_| ()), NotAsked),
            ("this machine, IPv6", at("[::1]:5000/a:v1", |_| ()), NotAsked),
        ],
    );
}

#[test]
fn fips_endpoint() {
    judged(
        "fips-endpoint",
        vec![
            ("the ordinary one", at(ON_ECR, |_| ()), Pass),
            (
                "FIPS",
                at(&ON_ECR.replace(".ecr.", ".ecr-fips."), |_| ()),
                Says(Error, "as 123456789012.dkr.ecr.us-east-1"),
            ),
            ("dual stack", at("123456789012.dkr-ecr.us-east-1.on.aws/app:v1", |_| ()), Pass),
            ("dual stack, FIPS", at("123456789012.dkr-ecr-fips.us-east-1.on.aws/app:v1", |_| ()), Find(&[Error])),
            ("another registry", at("ghcr.io/a/b:v1", |_| ()), NotAsked),
        ],
    );
}

#[test]
fn wrong_region() {
    let for_region = |region: &str| at(ON_ECR, |location| location.region = Some(region.to_owned()));
    judged(
        "wrong-region",
        vec![
            ("the same", for_region("us-east-1"), Pass),
            ("another", for_region("eu-central-1"), Says(Error, "in us-east-1, and the function in eu-central-1")),
            (
                "tells where to",
                for_region("eu-central-1"),
                Says(Error, "123456789012.dkr.ecr.eu-central-1.amazonaws.com"),
            ),
            ("nobody named one", at(ON_ECR, |_| ()), NotAsked),
            ("another registry", at("ghcr.io/a/b:v1", |it| it.region = Some("us-east-1".to_owned())), NotAsked),
        ],
    );
}

#[test]
fn archived_image() {
    let whole = |status| kept(stored(b"a", &["v1"], status), stored(b"a", &["v1"], status));
    let inside = |status| kept(stored(b"a", &["v1"], Some("ACTIVE")), stored(b"b", &["v1"], status));
    judged(
        "archived-image",
        vec![
            ("active", whole(Some("ACTIVE")), Pass),
            ("ECR does not say", whole(None), Pass),
            ("archived", whole(Some("ARCHIVED")), Says(Error, "lies in ECR's archive")),
            ("tells how to bring it back", whole(Some("ARCHIVED")), Says(Error, "--target-storage-class STANDARD")),
            ("on its way back", whole(Some("ACTIVATING")), Says(Error, "cannot be pulled yet")),
            ("a word that nobody knows", whole(Some("FROZEN")), Says(Error, "FROZEN")),
            ("the image inside", inside(Some("ARCHIVED")), Find(&[Error])),
            ("nobody looked", at(ON_ECR, |_| ()), NotLooked),
            ("another registry", at("ghcr.io/a/b:v1", |_| ()), NotAsked),
        ],
    );
}

#[test]
fn untagged_child() {
    let tagged = stored(b"index", &["v1"], None);
    judged(
        "untagged-child",
        vec![
            ("tagged", kept(stored(b"a", &["v1"], None), stored(b"a", &["v1"], None)), Pass),
            ("a child with a tag", kept(tagged.clone(), stored(b"b", &["v1-amd64"], None)), Pass),
            ("a child without", kept(tagged, stored(b"b", &[], None)), Says(Warning, "app:v1-lambda")),
            (
                "by digest",
                kept(stored(b"a", &[], None), stored(b"a", &[], None)),
                Says(Warning, "the image has no tag"),
            ),
            ("nobody looked", at(ON_ECR, |_| ()), NotLooked),
            ("another registry", at("ghcr.io/a/b:v1", |_| ()), NotAsked),
        ],
    );
}

/// A statement that allows reading.
fn allow(principal: &Value) -> Value {
    let actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    json!({"Effect": "Allow", "Principal": principal, "Action": actions})
}

fn lambda() -> Value {
    allow(&json!({"Service": "lambda.amazonaws.com"}))
}

fn with_policy(statements: &Value, account: Option<&str>) -> ImageFacts {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    at(ON_ECR, |location| {
        location.policy = Evidence::Known(Some(text));
        location.account = account.map(str::to_owned);
    })
}

#[test]
fn repository_policy_of_the_same_account() {
    let here = |statements: Value| with_policy(&statements, None);
    let with = |field: &str, value: Value| {
        let mut statement = lambda();
        statement[field] = value;
        here(json!([statement]))
    };
    let mut deny = lambda();
    deny["Effect"] = "Deny".into();
    judged(
        "repository-policy",
        vec![
            ("allowed", here(json!([lambda()])), Pass),
            ("a statement without its list", here(lambda()), Pass),
            ("by wildcards", with("Action", json!("ecr:*")), Pass),
            ("in another case", with("Action", json!(["ECR:batchgetimage", "ecr:Get*"])), Pass),
            ("for everybody", here(json!([allow(&json!("*"))])), Pass),
            ("its own account's condition", with("Condition", arn("123456789012")), Pass),
            ("no policy", at(ON_ECR, |it| it.policy = Evidence::Known(None)), Says(Warning, "not confirmed by AWS")),
            ("one action only", with("Action", json!("ecr:BatchGetImage")), Find(&[Warning])),
            ("somebody else", here(json!([allow(&json!({"AWS": "210987654321"}))])), Find(&[Warning])),
            ("denied", here(json!([lambda(), deny])), Find(&[Warning])),
            ("no statements", here(json!([])), Find(&[Warning])),
            ("no JSON", at(ON_ECR, |it| it.policy = Evidence::Known(Some("<xml>".to_owned()))), NotLooked),
            ("nobody looked", at(ON_ECR, |_| ()), NotLooked),
            ("another registry", at("ghcr.io/a/b:v1", |_| ()), NotAsked),
        ],
    );
}

fn arn(account: &str) -> Value {
    json!({"ArnLike": {"aws:sourceARN": format!("arn:aws:lambda:us-east-1:{account}:function:*")}})
}

#[test]
fn repository_policy_of_another_account() {
    const OTHER: &str = "210987654321";
    let root = |account: &str| allow(&json!({"AWS": format!("arn:aws:iam::{account}:root")}));
    let lambda_for = |account: &str| {
        let mut statement = lambda();
        statement["Condition"] = arn(account);
        statement
    };
    let there = |statements: Value| with_policy(&statements, Some(OTHER));
    judged(
        "repository-policy",
        vec![
            ("both", there(json!([root(OTHER), lambda_for(OTHER)])), Pass),
            ("without a condition", there(json!([root(OTHER), lambda()])), Pass),
            ("the account by its number", there(json!([allow(&json!({"AWS": [OTHER]})), lambda()])), Pass),
            (
                "the service is missing",
                there(json!([root(OTHER)])),
                Says(Error, "Lambda for functions of 210987654321"),
            ),
            ("the account is missing", there(json!([lambda_for(OTHER)])), Says(Error, "the account 210987654321")),
            ("a third account", there(json!([root("111122223333"), lambda_for("111122223333")])), Find(&[Error])),
            ("nothing", there(json!([])), Says(Error, "nor Lambda for functions")),
            ("the same account after all", with_policy(&json!([lambda()]), Some("123456789012")), Pass),
        ],
    );
}

#[test]
fn what_is_asked_of_ecr_costs_no_request_at_the_shallowest_depth() {
    for name in ["archived-image", "repository-policy", "untagged-child"] {
        assert_eq!(rule(name).unwrap().needs, Needs::Bytes, "{name}");
    }
}
