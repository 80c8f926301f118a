//! The shape of answers and errors.

use super::*;

#[test]
fn a_creation_is_answered_as_lambda_does() {
    let bench = Bench::new();
    let answer = bench.function("f");
    let body = answer.json();
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("x-amzn-requestid").unwrap().len(), 36);
    assert_eq!(body["FunctionArn"], "arn:aws:lambda:us-east-1:123456789012:function:f");
    for (key, value) in [
        ("State", json!("Pending")),
        ("StateReason", json!("The function is being created.")),
        ("StateReasonCode", json!("Creating")),
        ("LastUpdateStatus", NONE),
        ("Version", json!("$LATEST")),
        ("PackageType", json!("Image")),
        ("CodeSize", json!(0)),
        ("Architectures", json!(["x86_64"])),
        ("Timeout", json!(3)),
        ("MemorySize", json!(128)),
        ("EphemeralStorage", json!({ "Size": 512 })),
        ("TracingConfig", json!({ "Mode": "PassThrough" })),
    ] {
        assert_eq!(body[key], value, "{key}");
    }
    let modified = body["LastModified"].as_str().unwrap();
    assert!(modified.len() == 28 && modified.ends_with("+0000") && modified.as_bytes()[10] == b'T', "{modified}");
}

#[test]
fn a_function_tells_its_image_and_the_digest_it_resolved_to() {
    let bench = Bench::new();
    bench.active("f");
    let whole = bench.call("GET", &format!("{FUNCTIONS}/f"), &NONE).json();
    let hex = whole["Configuration"]["CodeSha256"].as_str().unwrap();
    assert!(hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()), "{hex}");
    assert_eq!(
        whole["Code"],
        json!({
            "RepositoryType": "ECR",
            "ImageUri": format!("{REGISTRY}/app:v1"),
            "ResolvedImageUri": format!("{REGISTRY}/app@sha256:{hex}"),
        })
    );
    assert_eq!(whole["Configuration"]["LastUpdateStatus"], "Successful");
}

#[test]
fn the_key_of_an_errors_text_is_as_inconstant_as_lambdas() {
    let bench = Bench::new();
    bench.active("f");
    let missing = bench.call("GET", &format!("{FUNCTIONS}/none"), &NONE);
    assert_eq!(missing.status, 404);
    assert_eq!(missing.header("x-amzn-errortype"), Some("ResourceNotFoundException"));
    let text = "Function not found: arn:aws:lambda:us-east-1:123456789012:function:none";
    assert_eq!(missing.json(), json!({ "Message": text, "Type": "User" }));
    let conflict = bench.function("f");
    assert_eq!(conflict.json(), json!({ "message": "Function already exist: f", "Type": "User" }));
    assert_eq!(conflict.error().0, 409);
    let invalid =
        bench.call("POST", &format!("{FUNCTIONS}/f/aliases"), &json!({ "Name": "1", "FunctionVersion": "1" }));
    assert_eq!(invalid.header("x-amzn-errortype"), Some("ValidationException"));
    assert_eq!(
        invalid.json(),
        json!({
            "message": "1 validation error detected: Value '1' at 'name' failed to satisfy constraint: Member must \
                        satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
        })
    );
}

#[test]
fn what_the_twin_does_not_do_is_said_as_such() {
    let bench = Bench::new();
    for path in ["/2015-03-31/event-source-mappings/", "/2021-10-31/functions/f/url"] {
        let (status, code, text) = bench.call("GET", path, &NONE).error();
        assert_eq!((status, code.as_str()), (501, "NotInTheTwinException"));
        assert!(text.contains("lambark's twin of Lambda does not do this") && text.contains(path), "{text}");
    }
}

#[test]
fn throttling_tells_when_to_come_back() {
    let bench = Bench::new();
    bench.active("f");
    bench.twin.control().throttle(Some("GetFunction"), 1).unwrap();
    let answer = bench.call("GET", &format!("{FUNCTIONS}/f"), &NONE);
    assert_eq!(answer.error(), (429, "TooManyRequestsException".into(), "Rate exceeded".into()));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.json()["Reason"], "CallerRateLimitExceeded");
    assert_eq!(bench.get("f")["State"], "Active");
}

#[test]
fn functions_are_apart_by_account_and_region() {
    let mut bench = Bench::new();
    bench.active("f");
    bench.key = "210987654321";
    let (status, _, text) = bench.call("GET", &format!("{FUNCTIONS}/f"), &NONE).error();
    assert_eq!((status, text.as_str()), (404, "Function not found: arn:aws:lambda:us-east-1:210987654321:function:f"));
}

#[test]
fn functions_survive_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let settings = || crate::Settings { data: Some(place.path().to_owned()), ..crate::Settings::ephemeral() };
    let bench = Bench::with(settings());
    bench.function("f");
    assert_eq!(publish(&bench, "f", &NONE).status, 201);
    let gone = bench.function("gone");
    assert_eq!((gone.status, bench.call("DELETE", &format!("{FUNCTIONS}/gone"), &NONE).status), (201, 204));
    let before = bench.get("f:1");
    drop(bench);
    let bench = Bench::with(settings());
    assert_eq!(bench.get("f:1"), before);
    assert_eq!(bench.call("GET", &format!("{FUNCTIONS}/gone"), &NONE).status, 404);
}

#[test]
fn identity_is_told_by_post_and_get() {
    let mut bench = Bench::new();
    bench.key = "210987654321";
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let by_post = bench.send("POST", "/", &form, b"Action=GetCallerIdentity&Version=2011-06-15").unwrap();
    let by_get = bench.send("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", &[], b"").unwrap();
    for answer in [by_post, by_get] {
        let text = String::from_utf8(answer.body).unwrap();
        assert!(answer.status == 200 && text.contains("<Account>210987654321</Account>"), "{text}");
    }
    let other = bench.send("POST", "/", &form, b"Action=AssumeRole").unwrap();
    assert!(other.status == 400 && String::from_utf8(other.body).unwrap().contains("<Code>InvalidAction</Code>"));
}
