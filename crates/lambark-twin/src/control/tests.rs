//! The controls over HTTP and in the process, as their user meets them.
#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use crate::test_client::Bench;

const NONE: Value = Value::Null;
const FUNCTION: &str = "/2015-03-31/functions/f";

fn fault(bench: &Bench, fault: &Value) {
    let answer = bench.call("POST", "/_lambark/faults", fault);
    assert_eq!(answer.status, 200, "{}", answer.json());
}

#[test]
fn a_scripted_answer_takes_the_place_of_the_real_one() {
    let bench = Bench::new();
    bench.active("f");
    fault(
        &bench,
        &json!({
            "operation": "GetFunction", "times": 2, "status": 503, "body": "{\"message\":\"later\"}",
            "headers": { "x-amzn-errortype": "ServiceException" },
        }),
    );
    for _ in 0..2 {
        let answer = bench.call("GET", FUNCTION, &NONE);
        assert_eq!(answer.error(), (503, "ServiceException".into(), "later".into()));
    }
    assert_eq!(bench.call("GET", FUNCTION, &NONE).status, 200);
    assert_eq!(bench.call("GET", "/_lambark/faults", &NONE).json(), json!({ "faults": [] }));
}

#[test]
fn a_connection_is_cut_with_no_answer_or_amid_one() {
    let bench = Bench::new();
    bench.active("f");
    fault(&bench, &json!({ "path": "*/functions/f", "drop": true }));
    assert!(bench.send("GET", FUNCTION, &[], b"").is_none());
    let whole = bench.send("GET", FUNCTION, &[], b"").unwrap();
    assert!(whole.is_whole);
    for at in [0, 1, 100] {
        fault(&bench, &json!({ "method": "GET", "cutAt": at }));
        let cut = bench.send("GET", FUNCTION, &[], b"").unwrap();
        assert!(!cut.is_whole && cut.body == whole.body[..cut.body.len()] && cut.body.len() <= at, "{at}: {cut:?}");
    }
}

#[test]
fn one_bit_of_an_answer_is_flipped() {
    let bench = Bench::new();
    bench.active("f");
    let whole = bench.send("GET", FUNCTION, &[], b"").unwrap();
    fault(&bench, &json!({ "corruptAt": 7 }));
    let corrupt = bench.send("GET", FUNCTION, &[], b"").unwrap();
    let differing: Vec<usize> = (0..whole.body.len()).filter(|at| whole.body[*at] != corrupt.body[*at]).collect();
    assert_eq!((corrupt.is_whole, differing), (true, vec![7]));
}

#[test]
fn each_face_says_too_many_in_its_way() {
    let bench = Bench::new();
    let control = bench.twin.control();
    let target = ("x-amz-target", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories");
    for (method, path, headers, status, part) in [
        ("GET", FUNCTION, &[][..], 429, "CallerRateLimitExceeded"),
        ("POST", "/", &[target][..], 400, "ThrottlingException"),
        ("PUT", "/v2/app/manifests/v1", &[][..], 429, "TOOMANYREQUESTS"),
        ("POST", "/", &[][..], 400, "<Code>Throttling</Code>"),
    ] {
        control.throttle(None, 1).unwrap();
        let answer = bench.send(method, path, headers, b"").unwrap();
        assert_eq!(answer.status, status);
        assert!(String::from_utf8_lossy(&answer.body).contains(part), "{part}");
    }
}

#[test]
fn published_rates_hold_once_switched_on() {
    let bench = Bench::new();
    bench.active("f");
    bench.call("PUT", "/_lambark/rates", &json!({ "on": true, "burst": 4 }));
    let passed = (0..30).filter(|_| bench.call("GET", "/2015-03-31/functions", &NONE).status == 200).count();
    assert!((5..30).contains(&passed), "{passed} of 30 calls passed at 15 a second");
    bench.twin.control().advance(std::time::Duration::from_secs(1));
    assert_eq!(bench.call("GET", "/2015-03-31/functions", &NONE).status, 200);
    bench.call("PUT", "/_lambark/rates", &json!({ "on": false }));
    assert!((0..30).all(|_| bench.call("GET", "/2015-03-31/functions", &NONE).status == 200));
}

#[test]
fn requests_and_changes_are_counted_by_operation() {
    let bench = Bench::new();
    bench.active("f");
    bench.call("POST", "/_lambark/reset", &NONE);
    bench.get("f");
    bench.get("f");
    bench.call("GET", "/2015-03-31/functions", &NONE);
    assert_eq!(bench.twin.control().counts().changes.len(), 0, "who only looks changes nothing");
    bench.call("DELETE", FUNCTION, &NONE);
    let counts = bench.call("GET", "/_lambark/requests", &NONE).json();
    assert_eq!(
        counts,
        json!({
            "requests": { "DeleteFunction": 1, "GetFunction": 2, "ListFunctions": 1 },
            "changes": { "DeleteFunction": 1 },
        })
    );
}

#[test]
fn functions_are_scripted_over_http() {
    let bench = Bench::new();
    bench.active("f");
    let script = |what: &str, body: &Value| bench.call("POST", &format!("/_lambark/functions/f/{what}"), body).status;
    assert_eq!(script("invocations", &json!({ "payload": [1, 2], "times": 1 })), 200);
    let invoke = || bench.call("POST", &format!("{FUNCTION}/invocations"), &NONE);
    assert_eq!(invoke().json(), json!([1, 2]));
    assert_eq!(script("updates", &json!({ "fail": { "code": "ImageDeleted" } })), 200);
    bench.call("PUT", &format!("{FUNCTION}/configuration"), &json!({ "Timeout": 4 }));
    bench.call("POST", "/_lambark/clock", &json!({ "advanceSeconds": 3 }));
    assert_eq!(bench.get("f")["LastUpdateStatusReasonCode"], "ImageDeleted");
    assert_eq!(script("idle", &NONE), 200);
    assert_eq!(bench.get("f")["StateReasonCode"], "Idle");
    assert_eq!(script("sing", &NONE), 404);
}

#[test]
fn behaviour_oddities_and_notes_are_there() {
    let bench = Bench::new();
    let older = bench.call("PUT", "/_lambark/behaviour", &json!({ "wording": "older" }));
    assert_eq!(older.json(), json!({ "wording": "older", "dryRunChecksMediaTypes": false }));
    let odd = bench.call("PUT", "/_lambark/oddities", &json!({ "patchStatus": 202 })).json();
    assert_eq!((&odd["patchStatus"], &odd["staleRange"]), (&json!(202), &json!(true)));
    bench.twin.shared().control.notes.add("a note".to_owned());
    assert_eq!(bench.call("GET", "/_lambark/notes", &NONE).json(), json!({ "notes": ["a note"] }));
    bench.call("POST", "/_lambark/reset", &NONE);
    assert_eq!(bench.call("GET", "/_lambark/oddities", &NONE).json()["patchStatus"], 201);
    assert_eq!(bench.call("GET", "/_lambark/behaviour", &NONE).json()["wording"], "current");
    assert_eq!(bench.call("GET", "/_lambark/notes", &NONE).json(), json!({ "notes": [] }));
}

#[test]
fn nonsense_is_refused_with_a_reason() {
    let bench = Bench::new();
    for (method, path, body, part) in [
        ("POST", "/_lambark/faults", json!({ "oprtion": "x" }), "unknown field `oprtion`"),
        ("POST", "/_lambark/faults", json!({ "times": 0 }), "times is 0"),
        ("PUT", "/_lambark/oddities", json!({ "x": 1 }), "unknown field"),
        ("GET", "/_lambark/nothing", NONE, "docs/twin.md"),
        ("POST", "/_lambark/functions/none/idle", NONE, "no function none"),
    ] {
        let answer = bench.call(method, path, &body);
        let reason = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(answer.status >= 400 && reason.contains(part), "{reason}");
    }
}
