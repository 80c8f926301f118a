//! The real AWS command, versions 1 and 2, drives every operation of Lambda: botocore's own parsing, waiters and
//! paginators.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::*;
use lambark_oci::{Digest, Family};
use lambark_testkit::images::{self, Image};
use lambark_twin::control::InvokeAnswer;
use lambark_twin::{Settings, Twin};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const REGISTRY: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const ARN: &str = "arn:aws:lambda:eu-central-1:123456789012:function";

/// A twin whose updates take a moment, so that waiters have something to wait for.
fn slow_twin() -> Twin {
    Twin::start(Settings { settle: Duration::from_secs(1), ..Settings::ephemeral() }).unwrap()
}

/// One request by hand; status and body.
fn http(twin: &Twin, head: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Vec<u8>, String) {
    let mut stream = TcpStream::connect(twin.address()).unwrap();
    let mut request =
        format!("{head} HTTP/1.1\r\nHost: twin\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{request}\r\n").as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let location = head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_default().to_owned();
    (head[9..12].parse().unwrap(), answer[end + 4..].to_vec(), location)
}

/// Pushes an image by the registry's API.
fn push(twin: &Twin, repository: &str, objects: &images::Store) {
    let signed = format!("AWS4-HMAC-SHA256 Credential=test/20261122/{REGION}/ecr/aws4_request, Signature=0");
    let target = ("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken");
    let (_, token, _) = http(twin, "POST /", &[("Authorization", &signed), target], b"{}");
    let token: Value = serde_json::from_slice(&token).unwrap();
    let basic = format!("Basic {}", token["authorizationData"][0]["authorizationToken"].as_str().unwrap());
    let basic = ("Authorization", basic.as_str());
    for blob in &objects.blobs {
        let (status, _, location) = http(twin, &format!("POST /v2/{repository}/blobs/uploads/"), &[basic], b"");
        assert_eq!(status, 202);
        let path = location.strip_prefix(&twin.url()).unwrap_or(&location);
        let separator = if path.contains('?') { '&' } else { '?' };
        let head = format!("PUT {path}{separator}digest={}", Digest::of(blob));
        assert_eq!(http(twin, &head, &[basic], blob).0, 201);
    }
    let tag = |bytes: &[u8]| {
        let digest = Digest::of(bytes);
        let tagged = objects.tags.iter().find(|(_, object)| object.digest == digest);
        tagged.map_or_else(|| digest.to_string(), |(tag, _)| tag.clone())
    };
    for (media_type, bytes) in &objects.manifests {
        let head = format!("PUT /v2/{repository}/manifests/{}", tag(bytes));
        let (status, answer, _) = http(twin, &head, &[basic, ("Content-Type", media_type)], bytes);
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&answer));
    }
}

/// A twin with two images in `team/app`.
fn ready(twin: Twin) -> Twin {
    create_repository(&twin, "team/app");
    push(&twin, "team/app", &Image::good(Family::Docker).store("v1"));
    push(&twin, "team/app", &Image::good(Family::Oci).store("v2"));
    push(&twin, "team/app", &Image::good(Family::Oci).attested("index"));
    twin
}

fn create(name: &str, tag: &str) -> Vec<String> {
    let code = format!("ImageUri={REGISTRY}/team/app:{tag}");
    ["lambda", "create-function", "--function-name", name, "--package-type", "Image", "--role", ROLE, "--code", &code]
        .map(String::from)
        .to_vec()
}

fn run(aws: &Aws, line: &str) -> Value {
    aws.call(&line.split(' ').collect::<Vec<_>>())
}

fn refused(aws: &Aws, line: &str) -> String {
    aws.refused(&line.split(' ').collect::<Vec<_>>())
}

fn made(aws: &Aws, name: &str, tag: &str) -> Value {
    let arguments = create(name, tag);
    aws.call(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_function_is_made_updated_and_published_with_the_waiters() {
    let twin = ready(slow_twin());
    for (number, aws) in Aws::all(&twin).iter().enumerate() {
        let name = format!("f{number}");
        let created = made(aws, &name, "v1");
        assert_eq!((&created["State"], &created["FunctionArn"]), (&json!("Pending"), &json!(format!("{ARN}:{name}"))));
        run(aws, &format!("lambda wait function-exists --function-name {name}"));
        run(aws, &format!("lambda wait function-active-v2 --function-name {name}"));
        let whole = run(aws, &format!("lambda get-function --function-name {name}"));
        assert_eq!(whole["Configuration"]["State"], "Active");
        assert!(
            whole["Code"]["ResolvedImageUri"].as_str().unwrap().starts_with(&format!("{REGISTRY}/team/app@sha256:"))
        );
        let first = whole["Configuration"]["CodeSha256"].as_str().unwrap().to_owned();

        let uri = format!("{REGISTRY}/team/app:v2");
        let dry = run(aws, &format!("lambda update-function-code --function-name {name} --image-uri {uri} --dry-run"));
        assert_ne!(dry["CodeSha256"], json!(first));
        let revision = whole["Configuration"]["RevisionId"].as_str().unwrap();
        let update =
            format!("lambda update-function-code --function-name {name} --image-uri {uri} --revision-id {revision}");
        assert_eq!(run(aws, &update)["LastUpdateStatus"], "InProgress");
        run(aws, &format!("lambda wait function-updated-v2 --function-name {name}"));
        assert!(refused(aws, &update).contains("(PreconditionFailedException) when calling the UpdateFunctionCode"));
        let told = run(
            aws,
            &format!(
                "lambda update-function-configuration --function-name {name} --timeout 9 --environment Variables={{A=b}}"
            ),
        );
        assert_eq!((&told["Timeout"], &told["Environment"]["Variables"]["A"]), (&json!(9), &json!("b")));
        run(aws, &format!("lambda wait function-updated --function-name {name}"));

        let wrong = refused(aws, &format!("lambda publish-version --function-name {name} --code-sha256 {first}"));
        assert!(
            wrong.contains(&format!("CodeSHA256 ({first}) is different from current CodeSHA256 in $LATEST")),
            "{wrong}"
        );
        let version = run(aws, &format!("lambda publish-version --function-name {name} --description one"));
        assert_eq!((&version["Version"], &version["State"]), (&json!("1"), &json!("Pending")));
        run(aws, &format!("lambda wait published-version-active --function-name {name} --qualifier 1"));
        let configuration = run(aws, &format!("lambda get-function-configuration --function-name {name}:1"));
        assert_eq!((&configuration["State"], &configuration["RevisionId"]), (&json!("Active"), &version["RevisionId"]));
        let gone = refused(aws, &format!("lambda delete-function --function-name {name} --qualifier $LATEST"));
        assert!(gone.contains("$LATEST version cannot be deleted without deleting the function."), "{gone}");
        run(aws, &format!("lambda delete-function --function-name {name}"));
        let missing = refused(aws, &format!("lambda get-function --function-name {name}"));
        assert!(
            missing.contains(&format!(
                "(ResourceNotFoundException) when calling the GetFunction operation: Function not found: {ARN}:{name}"
            )),
            "{missing}"
        );
    }
}

#[test]
fn an_image_that_aws_refuses_is_refused_in_its_words() {
    let twin = ready(twin());
    for (number, aws) in Aws::all(&twin).iter().enumerate() {
        let arguments = create(&format!("f{number}"), "index");
        let told = aws.refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let expected = format!(
            "An error occurred (InvalidParameterValueException) when calling the CreateFunction operation: The image \
             manifest, config or layer media type for the source image {REGISTRY}/team/app:index is not supported."
        );
        assert!(told.contains(&expected), "{told}");
        let arguments = create(&format!("f{number}"), "none");
        let told = aws.refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(told.contains("does not exist. Provide a valid source image."), "{told}");
    }
}

#[test]
fn aliases_live_with_their_weights() {
    let twin = ready(twin());
    for (number, aws) in Aws::all(&twin).iter().enumerate() {
        let name = format!("f{number}");
        made(aws, &name, "v1");
        run(aws, &format!("lambda publish-version --function-name {name}"));
        run(aws, &format!("lambda update-function-code --function-name {name} --image-uri {REGISTRY}/team/app:v2"));
        run(aws, &format!("lambda publish-version --function-name {name}"));
        let alias = format!("--function-name {name} --name live");
        let made = run(aws, &format!("lambda create-alias {alias} --function-version 1"));
        assert_eq!(made["AliasArn"], format!("{ARN}:{name}:live"));
        let routing = "--routing-config AdditionalVersionWeights={2=0.1}";
        let revision = made["RevisionId"].as_str().unwrap();
        let updated = run(aws, &format!("lambda update-alias {alias} {routing} --revision-id {revision}"));
        assert_eq!(updated["RoutingConfig"]["AdditionalVersionWeights"]["2"], json!(0.1));
        let stale = refused(aws, &format!("lambda update-alias {alias} --function-version 2 --revision-id {revision}"));
        assert!(stale.contains("PreconditionFailedException"), "{stale}");
        let wrong =
            refused(aws, &format!("lambda update-alias {alias} --routing-config AdditionalVersionWeights={{2=2}}"));
        assert!(wrong.contains("(ValidationException)") && wrong.contains("Value '{2=2.0}'"), "{wrong}");
        assert_eq!(run(aws, &format!("lambda get-alias {alias}")), updated);
        let listed = run(aws, &format!("lambda list-aliases --function-name {name} --function-version 1"));
        assert_eq!(listed["Aliases"][0]["Name"], "live");
        run(aws, &format!("lambda delete-alias {alias}"));
        let missing = refused(aws, &format!("lambda get-alias {alias}"));
        assert!(missing.contains(&format!("Cannot find alias arn: {ARN}:{name}:live")), "{missing}");
    }
}

#[test]
fn lists_are_paged_by_the_paginators() {
    let twin = ready(twin());
    let all = Aws::all(&twin);
    let Some(first) = all.first() else { return };
    for name in ["a", "b", "c"] {
        made(first, name, "v1");
    }
    run(first, "lambda publish-version --function-name a");
    let names = |value: &Value, key: &str, field: &str| -> Vec<String> {
        value[key].as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
    };
    for aws in &all {
        let functions = run(aws, "lambda list-functions --page-size 1");
        assert_eq!(names(&functions, "Functions", "FunctionName"), ["a", "b", "c"]);
        assert_eq!(functions["Functions"][0]["State"], Value::Null);
        let some = run(aws, "lambda list-functions --max-items 2");
        assert_eq!(names(&some, "Functions", "FunctionName"), ["a", "b"]);
        let next = some["NextToken"].as_str().unwrap();
        let rest = run(aws, &format!("lambda list-functions --starting-token {next}"));
        assert_eq!(names(&rest, "Functions", "FunctionName"), ["c"]);
        let everything = run(aws, "lambda list-functions --function-version ALL --page-size 2");
        assert_eq!(names(&everything, "Functions", "Version"), ["$LATEST", "1", "$LATEST", "$LATEST"]);
        let versions = run(aws, "lambda list-versions-by-function --function-name a --page-size 1");
        assert_eq!(names(&versions, "Versions", "Version"), ["$LATEST", "1"]);
    }
}

#[test]
fn tags_policies_and_concurrency_are_kept() {
    let twin = ready(twin());
    for (number, aws) in Aws::all(&twin).iter().enumerate() {
        let name = format!("f{number}");
        made(aws, &name, "v1");
        let resource = format!("--resource {ARN}:{name}");
        run(aws, &format!("lambda get-function --function-name {name}"));
        run(aws, &format!("lambda tag-resource {resource} --tags a=1,b=2"));
        run(aws, &format!("lambda untag-resource {resource} --tag-keys a"));
        assert_eq!(run(aws, &format!("lambda list-tags {resource}")), json!({ "Tags": { "b": "2" } }));
        let function = format!("--function-name {name}");
        assert!(
            refused(aws, &format!("lambda get-policy {function}"))
                .contains("The resource you requested does not exist.")
        );
        let permission = "--statement-id s --action lambda:InvokeFunction --principal s3.amazonaws.com";
        run(aws, &format!("lambda add-permission {function} {permission}"));
        let policy = run(aws, &format!("lambda get-policy {function}"));
        assert!(policy["Policy"].as_str().unwrap().contains("s3.amazonaws.com"));
        run(aws, &format!("lambda remove-permission {function} --statement-id s"));
        let put = run(aws, &format!("lambda put-function-concurrency {function} --reserved-concurrent-executions 5"));
        assert_eq!(put, json!({ "ReservedConcurrentExecutions": 5 }));
        assert_eq!(run(aws, &format!("lambda get-function-concurrency {function}")), put);
        run(aws, &format!("lambda delete-function-concurrency {function}"));
        let not_done = refused(aws, &format!("lambda get-function-url-config {function}"));
        assert!(not_done.contains("(NotInTheTwinException)") && not_done.contains("does not do this"), "{not_done}");
    }
}

fn invoke(aws: &Aws, work: &Path, more: &str) -> (Value, String) {
    let out = work.join("out");
    let line = format!("lambda invoke --function-name f --payload fileb://{} {more}", work.join("event").display());
    let mut arguments: Vec<&str> = line.trim().split(' ').collect();
    let path = out.display().to_string();
    arguments.push(&path);
    let told = aws.call(&arguments);
    (told, std::fs::read_to_string(out).unwrap())
}

#[test]
fn invocations_answer_by_script_and_identity_is_told() {
    let twin = ready(twin());
    let work = tempfile::tempdir().unwrap();
    std::fs::write(work.path().join("event"), b"{}").unwrap();
    let all = Aws::all(&twin);
    let Some(first) = all.first() else { return };
    made(first, "f", "v1");
    for aws in &all {
        let event = format!("fileb://{}", work.path().join("event").display());
        let unscripted = refused(aws, &format!("lambda invoke --function-name f --payload {event} /dev/null"));
        assert!(unscripted.contains("nothing that runs functions here"), "{unscripted}");
        let log = "hello".to_owned();
        let answer = InvokeAnswer { payload: json!({ "ok": 1 }), log, times: Some(2), ..InvokeAnswer::default() };
        twin.control().answer("f", answer);
        let (told, payload) = invoke(aws, work.path(), "--log-type Tail");
        assert_eq!(
            (&told["StatusCode"], &told["ExecutedVersion"], payload.as_str()),
            (&json!(200), &json!("$LATEST"), "{\"ok\":1}")
        );
        let log = STANDARD.decode(told["LogResult"].as_str().unwrap()).unwrap();
        assert!(String::from_utf8(log).unwrap().contains("\nhello\nEND RequestId: "));
        let (told, _) = invoke(aws, work.path(), "--invocation-type Event");
        assert_eq!(told["StatusCode"], 202);
        let (told, _) = invoke(aws, work.path(), "--invocation-type DryRun");
        assert_eq!(told["StatusCode"], 204);
        let payload = json!({ "errorType": "Runtime.ExitError", "errorMessage": "x" });
        let function_error = Some("Unhandled".to_owned());
        twin.control().answer("f", InvokeAnswer { payload, function_error, times: Some(1), ..InvokeAnswer::default() });
        let (told, payload) = invoke(aws, work.path(), "");
        assert!(told["FunctionError"] == "Unhandled" && payload.contains("Runtime.ExitError"), "{told} {payload}");
        assert_eq!(run(aws, "sts get-caller-identity")["Account"], "123456789012");
    }
}

#[test]
fn throttling_is_waited_out_by_the_commands_own_retries() {
    let twin = ready(twin());
    let all = Aws::all(&twin);
    let Some(first) = all.first() else { return };
    made(first, "f", "v1");
    for aws in &all {
        twin.control().reset();
        twin.control().throttle(Some("GetFunction"), 1).unwrap();
        run(aws, "lambda get-function --function-name f");
        assert_eq!(twin.control().counts().requests["GetFunction"], 2);
    }
}
