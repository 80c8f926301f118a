//! Aliases over HTTP: the wire, and what the wire itself refuses.

use super::*;

fn published() -> Bench {
    let bench = Bench::new();
    bench.active("f");
    for number in 1..=2 {
        update_code(&bench, "f", &json!({ "ImageUri": format!("{REGISTRY}/app:v1") }));
        bench.settle();
        assert_eq!(publish(&bench, "f", &NONE).json()["Version"], number.to_string());
        bench.settle();
    }
    bench
}

fn alias(bench: &Bench, method: &str, name: &str, body: &Value) -> Answer {
    let name = if method == "POST" { String::new() } else { format!("/{name}") };
    bench.call(method, &format!("{FUNCTIONS}/f/aliases{name}"), body)
}

#[test]
fn an_alias_lives() {
    let bench = published();
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f:live";
    let made = alias(&bench, "POST", "", &json!({ "Name": "live", "FunctionVersion": "1", "Description": "d" }));
    assert_eq!(made.status, 201);
    assert_eq!((&made.json()["AliasArn"], &made.json()["RoutingConfig"]), (&json!(arn), &NONE));
    let weights = json!({ "AdditionalVersionWeights": { "2": 0.05 } });
    let updated =
        alias(&bench, "PUT", "live", &json!({ "RoutingConfig": weights, "RevisionId": made.json()["RevisionId"] }));
    assert_eq!((updated.status, &updated.json()["RoutingConfig"]), (200, &weights));
    assert_ne!(updated.json()["RevisionId"], made.json()["RevisionId"]);
    let stale =
        alias(&bench, "PUT", "live", &json!({ "FunctionVersion": "2", "RevisionId": made.json()["RevisionId"] }));
    assert_eq!(stale.error().1, "PreconditionFailedException");
    assert_eq!(alias(&bench, "GET", "live", &NONE).json(), updated.json());
    let cleared = json!({ "FunctionVersion": "2", "RoutingConfig": { "AdditionalVersionWeights": {} } });
    let cleared = alias(&bench, "PUT", "live", &cleared).json();
    assert_eq!((&cleared["FunctionVersion"], &cleared["RoutingConfig"]), (&json!("2"), &NONE));
    let in_use = bench.call("DELETE", &format!("{FUNCTIONS}/f:2"), &NONE);
    assert_eq!(in_use.error().0, 409);
    let through = bench.get("f:live");
    assert_eq!((&through["Version"], &through["FunctionArn"]), (&json!("2"), &json!(arn)));
    for _ in 0..2 {
        assert_eq!(alias(&bench, "DELETE", "live", &NONE).status, 204, "one that is not there is no error");
    }
    let missing = |answer: Answer| (answer.error().0, answer.error().2);
    assert_eq!(missing(alias(&bench, "GET", "live", &NONE)), (404, format!("Cannot find alias arn: {arn}")));
    let update = alias(&bench, "PUT", "live", &json!({ "FunctionVersion": "1" }));
    assert_eq!(missing(update), (404, format!("Alias not found: {arn}")));
}

#[test]
fn rules_are_told_in_lambdas_words() {
    let bench = published();
    let weighted = |version: &str, weights: Value| json!({ "Name": "a", "FunctionVersion": version, "RoutingConfig": { "AdditionalVersionWeights": weights } });
    let weight = "failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or \
                  equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]";
    let at = "1 validation error detected: Value '{2=2.0}' at 'routingConfig.additionalVersionWeights'";
    for (body, status, text) in [
        (weighted("1", json!({ "2": 2.0 })), 400, format!("{at} {weight}")),
        (
            weighted("1", json!({ "2": 0.1, "1": 0.1 })),
            400,
            "Number of items in AdditionalVersionWeights cannot be greater than 1".to_owned(),
        ),
        (
            weighted("1", json!({ "1": 0.1 })),
            400,
            "Invalid function version 1. Function version 1 is already included in routing configuration.".to_owned(),
        ),
        (
            weighted("$LATEST", json!({ "1": 0.1 })),
            400,
            "$LATEST is not supported for an alias pointing to more than 1 version".to_owned(),
        ),
        (
            weighted("10", json!({})),
            404,
            "Function not found: arn:aws:lambda:us-east-1:123456789012:function:f:10".to_owned(),
        ),
    ] {
        let (was, _, told) = alias(&bench, "POST", "", &body).error();
        assert_eq!((was, told), (status, text));
    }
    let (_, code, text) = alias(&bench, "POST", "", &weighted("1", json!({ "$LATEST": 0.1 }))).error();
    assert!(code == "ValidationException" && text.contains("regular expression pattern: [0-9]+"), "{text}");
}

#[test]
fn a_weighted_alias_splits_calls_by_the_seed() {
    let bench = published();
    let weights = json!({ "AdditionalVersionWeights": { "2": 0.5 } });
    alias(&bench, "POST", "", &json!({ "Name": "live", "FunctionVersion": "1", "RoutingConfig": weights }));
    bench.twin.control().answer("f", crate::control::InvokeAnswer::default());
    let run = |bench: &Bench| -> Vec<String> {
        let call = |_| bench.call("POST", &format!("{FUNCTIONS}/f/invocations?Qualifier=live"), &NONE);
        (0..40).map(call).map(|answer| answer.header("x-amz-executed-version").unwrap().to_owned()).collect()
    };
    let versions = run(&bench);
    let second = versions.iter().filter(|version| *version == "2").count();
    assert!(
        (8..=32).contains(&second) && versions.iter().all(|version| version == "1" || version == "2"),
        "{versions:?}"
    );
}
