//! Verbs that look at a live function, against the twin: `doctor FUNCTION` and `init --from-function`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use lambark_aws::ecr::RepositoryName;
use lambark_aws::lambda::{CodeUpdate, LastUpdateStatus, NewAlias, NewFunction, State};
use lambark_aws::{Aws, Lambda};
use lambark_twin::Twin;
use lambark_twin::control::{Failure, NextUpdate};
use serde_json::json;

use crate::on_the_twin::{REPOSITORY, ROLE, active, pushed, twin, wait};
use crate::support::User;

/// A twin with the function `app`, which runs what was pushed as `v1`.
fn with_function() -> (Twin, Aws, User, String) {
    let (twin, aws, user) = twin();
    let image = pushed(&user, "v1");
    let lambda = aws.lambda(None).unwrap();
    lambda.create(&NewFunction::new("app", &image, ROLE)).unwrap();
    wait(&*lambda, None, active);
    let user = user.with("AWS_REGION", "eu-central-1");
    (twin, aws, user, image)
}

/// What `doctor app` prints; the digests of real archives stay, since they never change.
fn doctor(user: &User) -> String {
    user.run(&["doctor", "app", "--quiet"])
}

/// Deletes an image as somebody who tidies up does.
fn delete(twin: &Twin, image: &str) {
    let digest = image.split_once('@').unwrap().1;
    let body = json!({ "repositoryName": "app", "imageIds": [{ "imageDigest": digest }] }).to_string();
    let mut stream = TcpStream::connect(twin.address()).unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: twin\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: AmazonEC2ContainerRegistry_V20150921.BatchDeleteImage\r\ncontent-length: {}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=AKIATESTTESTTESTTEST/20260101/eu-central-1/ecr/aws4_request, \
         SignedHeaders=host, Signature=0\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(digest) && answer.contains("\"failures\":[]"), "{answer}");
}

/// The next creation or update fails with Lambda's own words for that code.
fn failure(code: &str) -> NextUpdate {
    NextUpdate { polls: 0, fail: Some(Failure { code: code.to_owned(), reason: None }) }
}

fn update(lambda: &dyn Lambda, image: String) {
    let update = CodeUpdate { image_uri: image, ..CodeUpdate::default() };
    lambda.update_code("app", &update).unwrap();
    wait(lambda, None, |now| now.last_update_status != Some(LastUpdateStatus::InProgress));
}

#[test]
fn a_function_that_is_fine() {
    let (_twin, aws, user, _) = with_function();
    let suspected = doctor(&user);
    assert!(suspected.starts_with("exit code: 1") && suspected.contains("lets Lambda read images"), "{suspected}");
    let policy = user.command(&["policy", "repository"]).output().unwrap();
    let app = RepositoryName { account: None, name: "app".to_owned() };
    aws.ecr(None).unwrap().set_policy(&app, std::str::from_utf8(&policy.stdout).unwrap()).unwrap();
    insta::assert_snapshot!(doctor(&user));
    let missing = user.run(&["doctor", "nobody", "--quiet"]);
    assert!(missing.starts_with("exit code: 3"), "{missing}");
    let offline = user.run(&["doctor", "app", "--offline"]);
    assert!(offline.starts_with("exit code: 3") && offline.contains("--offline was given"), "{offline}");
}

#[test]
fn a_function_whose_creation_failed() {
    let (twin, aws, user) = twin();
    let user = user.with("AWS_REGION", "eu-central-1");
    let image = pushed(&user, "v1");
    let failure = failure("InvalidImage");
    twin.control().next_update("app", failure);
    let lambda = aws.lambda(None).unwrap();
    lambda.create(&NewFunction::new("app", &image, ROLE)).unwrap();
    let failed = |now: &lambark_aws::lambda::Configuration| now.state == Some(State::Failed);
    wait(&*lambda, None, failed);
    insta::assert_snapshot!(doctor(&user));
}

#[test]
fn a_function_whose_last_update_failed() {
    let (twin, aws, user, _) = with_function();
    let failure = failure("ImageAccessDenied");
    twin.control().next_update("app", failure);
    update(&*aws.lambda(None).unwrap(), pushed(&user, "v2"));
    insta::assert_snapshot!(doctor(&user));
}

#[test]
fn a_function_whose_image_was_deleted() {
    let (twin, aws, user, image) = with_function();
    delete(&twin, &image);
    let lambda = aws.lambda(None).unwrap();
    wait(&*lambda, None, |now| now.state == Some(State::Inactive));
    insta::assert_snapshot!(doctor(&user));
}

#[test]
fn a_live_function_is_a_service() {
    let (_twin, aws, root, _) = with_function();
    let lambda = aws.lambda(None).unwrap();
    let alias = NewAlias { name: "live".to_owned(), version: "$LATEST".to_owned(), ..NewAlias::default() };
    lambda.create_alias("app", &alias).unwrap();
    let here = crate::init::at("plain");
    let here = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"]
        .iter()
        .fold(here, |user, name| user.with(name, root.variable(name).unwrap()));
    let run = here.run(&["init", "--from-function", "app", "--write"]);
    insta::assert_snapshot!(run);
    assert!(run.contains(REPOSITORY.rsplit_once('/').unwrap().1));
    let missing = here.run(&["init", "--from-function", "nobody"]);
    assert!(missing.starts_with("exit code: 3"), "{missing}");
}
