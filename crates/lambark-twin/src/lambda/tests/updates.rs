//! Updates and versions over HTTP.

use lambark_oci::Family;
use lambark_testkit::images::Image;

use super::*;
use crate::control::{Failure, NextUpdate};

fn second(bench: &Bench) -> Value {
    bench.push("app", &Image::good(Family::Oci).store("v2"));
    json!({ "ImageUri": format!("{REGISTRY}/app:v2") })
}

#[test]
fn an_update_is_in_progress_conflicts_meanwhile_and_ends() {
    let bench = Bench::new();
    bench.active("f");
    let before = bench.get("f");
    let updated = update_code(&bench, "f", &second(&bench)).json();
    for (key, value) in [
        ("State", json!("Active")),
        ("LastUpdateStatus", json!("InProgress")),
        ("LastUpdateStatusReason", json!("The function is being created.")),
        ("LastUpdateStatusReasonCode", json!("Creating")),
    ] {
        assert_eq!(updated[key], value, "{key}");
    }
    assert_ne!(updated["CodeSha256"], before["CodeSha256"]);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let text = format!("The operation cannot be performed at this time. An update is in progress for resource: {arn}");
    for refused in [
        update_code(&bench, "f", &second(&bench)),
        bench.call("PUT", &format!("{FUNCTIONS}/f/configuration"), &json!({ "Timeout": 9 })),
        publish(&bench, "f", &NONE),
        bench.call("POST", &format!("/2017-03-31/tags/{arn}"), &json!({ "Tags": { "a": "b" } })),
    ] {
        assert_eq!(refused.error(), (409, "ResourceConflictException".into(), text.clone()));
    }
    bench.settle();
    let after = bench.get("f");
    assert_eq!((&after["LastUpdateStatus"], &after["LastUpdateStatusReason"]), (&json!("Successful"), &NONE));
    assert_ne!(after["RevisionId"], updated["RevisionId"], "never chain the one of an update's answer");
    let stale = json!({ "ImageUri": second(&bench)["ImageUri"], "RevisionId": updated["RevisionId"] });
    assert_eq!(update_code(&bench, "f", &stale).error().0, 412);
    let fresh = json!({ "ImageUri": second(&bench)["ImageUri"], "RevisionId": after["RevisionId"] });
    assert_eq!(update_code(&bench, "f", &fresh).status, 200);
}

#[test]
fn while_pending_calls_conflict() {
    let bench = Bench::new();
    bench.function("f");
    let text =
        "The operation cannot be performed at this time. The function is currently in the following state: Pending";
    for refused in [
        update_code(&bench, "f", &second(&bench)),
        bench.call("PUT", &format!("{FUNCTIONS}/f/configuration"), &json!({ "Timeout": 9 })),
        publish(&bench, "f", &NONE),
        bench.call("POST", &format!("{FUNCTIONS}/f/invocations"), &NONE),
    ] {
        assert_eq!(refused.error(), (409, "ResourceConflictException".into(), text.into()));
    }
}

#[test]
fn an_update_that_publishes_is_answered_in_the_shape_of_the_version() {
    let bench = Bench::new();
    bench.active("f");
    let mut body = second(&bench);
    body["Publish"] = json!(true);
    let told = update_code(&bench, "f", &body).json();
    assert_eq!(told["FunctionArn"], "arn:aws:lambda:us-east-1:123456789012:function:f:1");
    assert_eq!(
        (&told["Version"], &told["State"], &told["StateReasonCode"]),
        (&json!("1"), &json!("Pending"), &json!("Creating"))
    );
    assert_eq!(told["LastUpdateStatus"], NONE);
    let latest = bench.get("f");
    assert_eq!((&latest["State"], &latest["LastUpdateStatus"]), (&json!("Active"), &json!("InProgress")));
    bench.settle();
    assert_eq!(
        (&bench.get("f")["LastUpdateStatus"], &bench.get("f:1")["State"]),
        (&json!("Successful"), &json!("Active"))
    );
    assert_eq!(bench.get("f:1")["RevisionId"], told["RevisionId"]);
}

#[test]
fn a_creation_that_publishes_tells_version_1_under_the_bare_arn() {
    let bench = Bench::new();
    bench.push("app", &Image::good(Family::Docker).store("v1"));
    let body = json!({
        "FunctionName": "f", "PackageType": "Image", "Code": { "ImageUri": format!("{REGISTRY}/app:v1") },
        "Role": ROLE, "Publish": true, "Tags": { "team": "a" },
    });
    let told = bench.call("POST", FUNCTIONS, &body).json();
    assert_eq!((&told["Version"], told["FunctionArn"].as_str().unwrap().ends_with(":function:f")), (&json!("1"), true));
    let whole = bench.call("GET", &format!("{FUNCTIONS}/f"), &NONE).json();
    assert_eq!(whole["Tags"], json!({ "team": "a" }));
    assert_eq!(bench.call("GET", &format!("{FUNCTIONS}/f?Qualifier=1"), &NONE).json()["Tags"], NONE);
}

#[test]
fn versions_keep_their_image_and_their_revision() {
    let bench = Bench::new();
    bench.active("f");
    let first = publish(&bench, "f", &json!({ "Description": "one" }));
    assert_eq!((first.status, &first.json()["State"]), (201, &json!("Pending")));
    bench.settle();
    let same = publish(&bench, "f", &NONE);
    assert_eq!((same.status, &same.json()["Version"]), (201, &json!("1")));
    assert_eq!(same.json()["RevisionId"], first.json()["RevisionId"]);
    let before = bench.get("f:1");
    assert_eq!((&before["State"], &before["Description"]), (&json!("Active"), &json!("one")));
    update_code(&bench, "f", &second(&bench));
    bench.settle();
    let wrong = publish(&bench, "f", &json!({ "CodeSha256": before["CodeSha256"] }));
    let text = format!(
        "CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the CodeSHA256 in $LATEST.",
        before["CodeSha256"].as_str().unwrap(),
        bench.get("f")["CodeSha256"].as_str().unwrap()
    );
    assert_eq!(wrong.error(), (400, "InvalidParameterValueException".into(), text));
    assert_eq!(publish(&bench, "f", &json!({ "RevisionId": "stale" })).error().1, "PreconditionFailedException");
    assert_eq!(publish(&bench, "f", &NONE).json()["Version"], "2");
    bench.settle();
    assert_eq!(bench.get("f:1"), before);
    let code = |path: &str| bench.call("GET", &format!("{FUNCTIONS}/{path}"), &NONE).json()["Code"].clone();
    assert_ne!(code("f?Qualifier=1"), code("f?Qualifier=2"));
}

#[test]
fn settings_change_apart_from_the_code() {
    let bench = Bench::new();
    bench.active("f");
    let body = json!({
        "Timeout": 30, "MemorySize": 512, "Environment": { "Variables": { "A": "b" } }, "Description": "d",
        "ImageConfig": { "Command": ["app.handler"], "EntryPoint": ["/run"], "WorkingDirectory": "/app" },
        "DeadLetterConfig": { "TargetArn": "arn:aws:sqs:us-east-1:123456789012:q" },
    });
    let told = bench.call("PUT", &format!("{FUNCTIONS}/f/configuration"), &body).json();
    assert_eq!((&told["LastUpdateStatus"], &told["Timeout"]), (&json!("InProgress"), &json!(30)));
    assert_eq!(told["ImageConfigResponse"], json!({ "ImageConfig": body["ImageConfig"] }));
    assert_eq!((&told["Environment"], &told["DeadLetterConfig"]), (&body["Environment"], &body["DeadLetterConfig"]));
    bench.settle();
    update_code(&bench, "f", &json!({ "ImageUri": second(&bench)["ImageUri"], "Architectures": ["arm64"] }));
    bench.settle();
    let after = bench.get("f");
    assert_eq!((&after["Architectures"], &after["MemorySize"]), (&json!(["arm64"]), &json!(512)));
    assert_eq!(after["ImageConfigResponse"], json!({ "ImageConfig": body["ImageConfig"] }), "code has no say in it");
    let cleared = bench.call("PUT", &format!("{FUNCTIONS}/f/configuration"), &json!({ "ImageConfig": {} })).json();
    assert_eq!(cleared["ImageConfigResponse"], NONE);
}

#[test]
fn scripts_decide_how_the_next_update_goes() {
    let bench = Bench::with(crate::Settings::ephemeral());
    bench.active("f");
    let script = |next| bench.twin.control().next_update("f", next);
    script(NextUpdate { polls: 2, fail: None });
    update_code(&bench, "f", &second(&bench));
    let seen: Vec<Value> = (0..3).map(|_| bench.get("f")["LastUpdateStatus"].clone()).collect();
    assert_eq!(seen, ["InProgress", "InProgress", "Successful"]);
    for (code, text) in [
        ("InvalidImage", "SizeLimitExceeded: Uncompressed container image size exceeds 10 GiB limit"),
        ("ImageDeleted", "The function is trying to use a deleted image."),
        ("ImageAccessDenied", "The function does not have permission to access the specified image."),
    ] {
        script(NextUpdate { polls: 0, fail: Some(Failure { code: code.to_owned(), reason: None }) });
        update_code(&bench, "f", &second(&bench));
        let after = bench.get("f");
        assert_eq!(
            (&after["LastUpdateStatusReasonCode"], &after["LastUpdateStatusReason"]),
            (&json!(code), &json!(text))
        );
    }
}

#[test]
fn a_deletion_takes_a_function_or_one_version() {
    let bench = Bench::new();
    bench.active("f");
    publish(&bench, "f", &NONE);
    let latest = bench.call("DELETE", &format!("{FUNCTIONS}/f?Qualifier=$LATEST"), &NONE);
    let text = "$LATEST version cannot be deleted without deleting the function.";
    assert_eq!(latest.error(), (400, "InvalidParameterValueException".into(), text.into()));
    assert_eq!(bench.call("DELETE", &format!("{FUNCTIONS}/f:1"), &NONE).status, 204);
    assert_eq!(bench.call("GET", &format!("{FUNCTIONS}/f:1"), &NONE).status, 404);
    assert_eq!(bench.call("DELETE", &format!("{FUNCTIONS}/f"), &NONE).status, 204);
    assert_eq!(bench.call("DELETE", &format!("{FUNCTIONS}/f"), &NONE).status, 404);
}
