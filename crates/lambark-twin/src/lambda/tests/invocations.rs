//! Invoke.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::Settings;
use crate::control::InvokeAnswer;
use crate::invoker::{Invocation, Invoke, InvokeError, Outcome};

const PATH: &str = "/2015-03-31/functions/f/invocations";

fn invoke(bench: &Bench, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    bench.send("POST", PATH, headers, body).unwrap()
}

#[test]
fn without_a_script_and_without_anything_that_runs_it_is_an_error() {
    let bench = Bench::new();
    bench.active("f");
    for headers in [&[][..], &[("x-amz-invocation-type", "Event")][..]] {
        let (status, code, text) = invoke(&bench, headers, b"{}").error();
        assert_eq!((status, code.as_str()), (501, "NotInTheTwinException"));
        assert!(text.contains("nothing that runs functions"), "{text}");
    }
    assert_eq!(invoke(&bench, &[("x-amz-invocation-type", "DryRun")], b"").status, 204);
}

#[test]
fn a_scripted_answer_has_lambdas_headers() {
    let bench = Bench::new();
    bench.active("f");
    let answer = InvokeAnswer { payload: json!({ "ok": true }), log: "hello".into(), ..InvokeAnswer::default() };
    bench.twin.control().answer("f", answer);
    let told = invoke(&bench, &[("x-amz-log-type", "Tail")], b"{}");
    assert_eq!((told.status, told.json()), (200, json!({ "ok": true })));
    assert_eq!((told.header("x-amz-executed-version"), told.header("x-amz-function-error")), (Some("$LATEST"), None));
    let log = String::from_utf8(STANDARD.decode(told.header("x-amz-log-result").unwrap()).unwrap()).unwrap();
    let id = told.header("x-amzn-requestid").unwrap();
    assert!(
        log.starts_with(&format!("START RequestId: {id} Version: $LATEST\nhello\nEND RequestId: {id}\nREPORT ")),
        "{log}"
    );
    let event = invoke(&bench, &[("x-amz-invocation-type", "Event")], b"{}");
    assert_eq!((event.status, event.body.len(), event.header("x-amz-executed-version")), (202, 0, None));
    assert_eq!(invoke(&bench, &[], b"{}").header("x-amz-log-result"), None);
}

#[test]
fn a_function_that_fails_is_still_200() {
    let bench = Bench::new();
    bench.active("f");
    let payload = json!({ "errorType": "Runtime.ExitError", "errorMessage": "RequestId: x Error: Runtime exited" });
    let answer = InvokeAnswer {
        payload: payload.clone(),
        function_error: Some("Unhandled".into()),
        times: Some(1),
        log: String::new(),
    };
    bench.twin.control().answer("f", answer);
    let told = invoke(&bench, &[], b"{}");
    assert_eq!((told.status, told.header("x-amz-function-error"), told.json()), (200, Some("Unhandled"), payload));
    assert_eq!(invoke(&bench, &[], b"{}").status, 501, "the script has ended");
}

#[test]
fn unknown_functions_qualifiers_and_payloads_are_refused() {
    let bench = Bench::new();
    bench.active("f");
    let arn = "arn:aws:lambda:us-east-1:123456789012:function";
    let missing = |path: &str| bench.call("POST", &format!("{FUNCTIONS}/{path}"), &NONE).error();
    assert_eq!(missing("g/invocations").2, format!("Function not found: {arn}:g:$LATEST"));
    assert_eq!(
        missing("f/invocations?Qualifier=live"),
        (404, "ResourceNotFoundException".into(), format!("Function not found: {arn}:f:live"))
    );
    let (status, code, _) = invoke(&bench, &[], b"not json").error();
    assert_eq!((status, code.as_str()), (400, "InvalidRequestContentException"));
    let (status, code, _) = invoke(&bench, &[], &vec![b' '; 6 * 1024 * 1024 + 1]).error();
    assert_eq!((status, code.as_str()), (413, "RequestTooLargeException"));
    assert_eq!(invoke(&bench, &[("x-amz-invocation-type", "Later")], b"").error().1, "ValidationException");
}

/// Answers with what it was given.
#[derive(Debug, Default)]
struct Echo(Mutex<Vec<String>>);

impl Invoke for Echo {
    fn invoke(&self, call: &Invocation) -> Result<Outcome, InvokeError> {
        let top = call.image.top().map_err(|error| InvokeError(error.to_string()))?;
        assert!(matches!(top, lambark_images::Top::Document(document) if *document.digest() == call.digest));
        self.0.lock().unwrap().push(call.version.clone());
        let payload = json!({
            "event": serde_json::from_slice::<Value>(&call.payload).unwrap(), "arn": call.function_arn,
            "memory": call.memory_mib, "seconds": call.timeout.as_secs(), "environment": call.environment,
        });
        Ok(Outcome { payload: payload.to_string().into(), function_error: None, log: "x".repeat(5000) })
    }
}

#[test]
fn what_runs_functions_is_given_image_settings_and_event() {
    let echo = Arc::new(Echo::default());
    let invoker: Arc<dyn Invoke> = Arc::clone(&echo) as _;
    let bench = Bench::with(Settings { invoker: Some(invoker), ..Settings::ephemeral() });
    bench.active("f");
    bench.call(
        "PUT",
        &format!("{FUNCTIONS}/f/configuration"),
        &json!({ "Environment": { "Variables": { "A": "b" } } }),
    );
    publish(&bench, "f", &NONE);
    let told = invoke(&bench, &[("x-amz-log-type", "Tail")], br#"{"n":1}"#);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let expected = json!({ "event": { "n": 1 }, "arn": arn, "memory": 128, "seconds": 3, "environment": { "A": "b" } });
    assert_eq!((told.status, told.json()), (200, expected));
    assert_eq!(STANDARD.decode(told.header("x-amz-log-result").unwrap()).unwrap().len(), 4096);
    let of_version = bench.call("POST", "/2015-03-31/functions/f:1/invocations", &NONE);
    assert_eq!((of_version.header("x-amz-executed-version"), &of_version.json()["event"]), (Some("1"), &json!({})));
    assert_eq!(*echo.0.lock().unwrap(), ["$LATEST", "1"]);
}

#[test]
fn an_idle_function_is_woken_up() {
    let bench = Bench::new();
    bench.active("f");
    bench.twin.control().answer("f", InvokeAnswer::default());
    assert!(bench.twin.control().idle("f") && !bench.twin.control().idle("g"));
    assert_eq!(bench.get("f")["StateReasonCode"], "Idle");
    let (status, code, text) = invoke(&bench, &[], b"{}").error();
    assert_eq!((status, code.as_str()), (409, "CodeArtifactUserPendingException"));
    assert_eq!(text, "Lambda is initializing your function. It will be ready to invoke shortly.");
    bench.settle();
    assert_eq!(invoke(&bench, &[], b"{}").status, 200);
}
