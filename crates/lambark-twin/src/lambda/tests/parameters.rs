//! Parameters, packages, tags, policies, concurrency.

use super::*;

#[test]
fn a_zip_package_and_an_image_do_not_mix() {
    let bench = Bench::new();
    bench.active("image");
    let zip = json!({ "ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==" });
    let body = json!({
        "FunctionName": "zip", "Role": ROLE, "Code": zip, "Runtime": "python3.13", "Handler": "app.handler",
    });
    let made = bench.call("POST", FUNCTIONS, &body);
    assert_eq!(
        (made.status, &made.json()["PackageType"], &made.json()["Runtime"]),
        (201, &json!("Zip"), &json!("python3.13"))
    );
    bench.settle();
    let uri = json!({ "ImageUri": format!("{REGISTRY}/app:v1") });
    for (name, body, text) in [
        ("image", &zip, "Please provide ImageUri when updating a function with packageType Image."),
        ("zip", &uri, "Please don't provide ImageUri when updating a function with packageType Zip."),
    ] {
        assert_eq!(
            update_code(&bench, name, body).error(),
            (400, "InvalidParameterValueException".into(), text.into())
        );
    }
    let layers = json!({ "Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:l:1"] });
    let refused = bench.call("PUT", &format!("{FUNCTIONS}/image/configuration"), &layers);
    assert_eq!(refused.error().2, "Lambda layers are not supported for functions created with container images.");
    let handler = json!({ "FunctionName": "x", "Role": ROLE, "PackageType": "Image", "Code": uri, "Handler": "a.b" });
    let text = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.";
    assert_eq!(bench.call("POST", FUNCTIONS, &handler).error().2, text);
}

#[test]
fn broken_constraints_are_told_together() {
    let bench = Bench::new();
    let body = json!({ "FunctionName": "f", "PackageType": "Image", "Role": "nobody", "Timeout": 1000, "Code": {} });
    let (status, code, text) = bench.call("POST", FUNCTIONS, &body).error();
    assert_eq!((status, code.as_str()), (400, "ValidationException"));
    assert!(text.starts_with("2 validation errors detected: Value 'nobody' at 'role'"), "{text}");
    let (_, code, text) = bench.call("GET", &format!("{FUNCTIONS}/a%20b"), &NONE).error();
    assert!(code == "ValidationException" && text.contains("Value 'a b' at 'functionName'"), "{text}");
    let (status, code, _) = bench.send("POST", FUNCTIONS, &[], b"{").unwrap().error();
    assert_eq!((status, code.as_str()), (400, "SerializationException"));
    let big = json!({
        "FunctionName": "f", "PackageType": "Image", "Role": ROLE, "Code": { "ImageUri": "x" },
        "Environment": { "Variables": { "A": "b".repeat(5000) } },
    });
    let (_, _, text) = bench.call("POST", FUNCTIONS, &big).error();
    assert!(text.contains("exceeded the 4KB limit"), "{text}");
    let managed = json!({ "FunctionName": "f", "PackageType": "Image", "Role": ROLE, "CapacityProviderConfig": {} });
    assert_eq!(bench.call("POST", FUNCTIONS, &managed).error().0, 501);
}

#[test]
fn functions_carry_tags() {
    let bench = Bench::new();
    bench.active("f");
    let path = "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af";
    assert_eq!(bench.call("POST", path, &json!({ "Tags": { "a": "1", "b": "2" } })).status, 204);
    assert_eq!(bench.call("DELETE", &format!("{path}?tagKeys=a&tagKeys=none"), &NONE).status, 204);
    assert_eq!(bench.call("GET", path, &NONE).json(), json!({ "Tags": { "b": "2" } }));
    assert_eq!(bench.call("GET", "/2017-03-31/tags/f", &NONE).error().1, "ValidationException");
}

#[test]
fn a_policy_is_there_once_somebody_may_call() {
    let bench = Bench::new();
    bench.active("f");
    let path = format!("{FUNCTIONS}/f/policy");
    let none = bench.call("GET", &path, &NONE).error();
    assert_eq!((none.0, none.2.as_str()), (404, "The resource you requested does not exist."));
    let body = json!({ "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com" });
    assert_eq!(bench.call("POST", &path, &body).status, 201);
    assert_eq!(bench.call("POST", &path, &body).error().1, "ResourceConflictException");
    let policy = bench.call("GET", &path, &NONE).json();
    let document: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(document["Statement"][0]["Principal"], json!({ "Service": "events.amazonaws.com" }));
    assert_eq!(bench.call("DELETE", &format!("{path}/s?RevisionId=stale"), &NONE).error().0, 412);
    let revision = policy["RevisionId"].as_str().unwrap();
    assert_eq!(bench.call("DELETE", &format!("{path}/s?RevisionId={revision}"), &NONE).status, 204);
    assert_eq!(bench.call("GET", &path, &NONE).status, 404);
}

#[test]
fn reserved_concurrency_is_kept_and_none_stops_calls() {
    let bench = Bench::new();
    bench.active("f");
    let put = "/2017-10-31/functions/f/concurrency";
    let get = "/2019-09-30/functions/f/concurrency";
    assert_eq!(bench.call("PUT", put, &json!({ "ReservedConcurrentExecutions": 0 })).status, 200);
    assert_eq!(bench.call("GET", get, &NONE).json(), json!({ "ReservedConcurrentExecutions": 0 }));
    let called = bench.call("POST", &format!("{FUNCTIONS}/f/invocations"), &NONE);
    assert_eq!(
        (called.status, &called.json()["Reason"]),
        (429, &json!("ReservedFunctionConcurrentInvocationLimitExceeded"))
    );
    assert_eq!(bench.call("DELETE", put, &NONE).status, 204);
    assert_eq!(bench.call("GET", get, &NONE).json(), json!({}));
}
