use std::collections::BTreeMap;

use lambark_aws::lambda::{
    AliasUpdate, CodeUpdate, ConfigurationUpdate, ImageConfig, Invocation, InvocationKind, LastUpdateStatus, NewAlias,
    NewFunction, PackageType, Processor, Publish, ReasonCode, State,
};
use lambark_aws::{Error, Operation, page};
use lambark_oci::{Architecture, Secret};

use crate::serve;
use crate::server::Answer;

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn a_function_tells_its_image_and_state() {
    let body = format!(
        r#"{{"Configuration":{{"FunctionName":"app","FunctionArn":"arn:aws:lambda:eu-central-1:123456789012:function:app",
        "Version":"$LATEST","PackageType":"Image","CodeSha256":"{HEX}","CodeSize":0,"RevisionId":"r1",
        "Architectures":["arm64"],"State":"Active","LastUpdateStatus":"InProgress",
        "LastUpdateStatusReasonCode":"Creating","LastUpdateStatusReason":"The function is being created.",
        "Environment":{{"Variables":{{"TOKEN":"hunter2"}}}},
        "ImageConfigResponse":{{"ImageConfig":{{"Command":["app.handler"]}}}},
        "Timeout":3,"MemorySize":128,"EphemeralStorage":{{"Size":512}}}},
        "Code":{{"ImageUri":"123456789012.dkr.ecr.eu-central-1.amazonaws.com/app:v1","RepositoryType":"ECR",
        "ResolvedImageUri":"123456789012.dkr.ecr.eu-central-1.amazonaws.com/app@sha256:{HEX}"}},
        "Tags":{{"team":"a"}},"Concurrency":{{"ReservedConcurrentExecutions":5}}}}"#
    );
    let (server, aws) = serve(vec![Answer::new(200, &body)]);
    let function = aws.lambda(None).unwrap().function("app", Some("live")).unwrap();
    let configuration = &function.configuration;
    assert_eq!(configuration.state, Some(State::Active));
    assert_eq!(configuration.last_update_status, Some(LastUpdateStatus::InProgress));
    // A code that AWS's own model lacks for this field.
    assert_eq!(configuration.last_update_status_reason_code, Some(ReasonCode::Creating));
    assert_eq!(configuration.architectures, [Processor::Arm64]);
    assert_eq!(configuration.package_type, Some(PackageType::Image));
    assert_eq!(configuration.image_digest(), function.code.digest());
    assert_eq!(function.code.digest().unwrap().to_string(), format!("sha256:{HEX}"));
    assert_eq!(configuration.image_config.as_ref().unwrap().command, Some(vec!["app.handler".to_owned()]));
    assert_eq!(
        (configuration.memory, configuration.timeout, configuration.ephemeral_storage),
        (Some(128), Some(3), Some(512))
    );
    assert_eq!((function.tags["team"].as_str(), function.reserved_concurrency), ("a", Some(5)));
    assert!(!format!("{function:?}").contains("hunter2"));
    assert_eq!(server.seen()[0].line, "GET /2015-03-31/functions/app?Qualifier=live");
}

#[test]
fn states_that_nobody_knows_stay_as_they_are() {
    let body = r#"{"Configuration":{"FunctionName":"app","State":"Hibernating","LastUpdateStatusReasonCode":"New",
        "Architectures":["riscv64"]},"Code":{}}"#;
    let (_server, aws) = serve(vec![Answer::new(200, body)]);
    let configuration = aws.lambda(None).unwrap().function("app", None).unwrap().configuration;
    assert_eq!(configuration.state, Some(State::Other("Hibernating".into())));
    assert_eq!(configuration.last_update_status, None);
    assert_eq!(configuration.last_update_status_reason_code, Some(ReasonCode::Other("New".into())));
    assert_eq!(configuration.architectures[0].architecture(), None);
}

#[test]
fn updates_send_what_was_asked_and_nothing_else() {
    let done = || Answer::new(200, r#"{"FunctionName":"app","RevisionId":"r2"}"#);
    let (server, aws) = serve(vec![done(), done(), done(), done()]);
    let lambda = aws.lambda(None).unwrap();
    let update = CodeUpdate {
        image_uri: "h/app@sha256:x".to_owned(),
        architecture: Some(Architecture::Arm64),
        dry_run: true,
        revision_id: Some("r1".to_owned()),
    };
    assert_eq!(lambda.update_code("app", &update).unwrap().revision_id.as_deref(), Some("r2"));
    lambda.update_code("app", &CodeUpdate { image_uri: "h/app:v1".to_owned(), ..CodeUpdate::default() }).unwrap();
    let cleared = ConfigurationUpdate { image_config: Some(ImageConfig::default()), ..ConfigurationUpdate::default() };
    lambda.update_configuration("app", &cleared).unwrap();
    lambda.publish("app", &Publish { code_sha256: Some(HEX.to_owned()), ..Publish::default() }).unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].line, "PUT /2015-03-31/functions/app/code");
    let expected: serde_json::Value = serde_json::json!({
        "ImageUri": "h/app@sha256:x", "Architectures": ["arm64"], "DryRun": true, "RevisionId": "r1"
    });
    assert_eq!(seen[0].json(), expected);
    assert_eq!(seen[1].json(), serde_json::json!({"ImageUri": "h/app:v1"}));
    assert_eq!(seen[2].json(), serde_json::json!({"ImageConfig": {}}));
    assert_eq!(seen[3].line, "POST /2015-03-31/functions/app/versions");
    assert_eq!(seen[3].json(), serde_json::json!({"CodeSha256": HEX}));
    assert!(aws.calls().keys().all(|operation| operation.changes()));
}

#[test]
fn a_function_is_made_from_an_image() {
    let (server, aws) = serve(vec![Answer::new(201, r#"{"FunctionName":"app","State":"Pending"}"#)]);
    let mut new = NewFunction::new("app", "h/app:v1", "arn:aws:iam::123456789012:role/app");
    new.environment = BTreeMap::from([("A".to_owned(), Secret::new("b"))]);
    let made = aws.lambda(None).unwrap().create(&new).unwrap();
    assert_eq!((made.state, made.last_update_status), (Some(State::Pending), None));
    let expected: serde_json::Value = serde_json::json!({
        "FunctionName": "app", "PackageType": "Image", "Code": {"ImageUri": "h/app:v1"},
        "Role": "arn:aws:iam::123456789012:role/app", "Environment": {"Variables": {"A": "b"}}
    });
    assert_eq!(server.seen()[0].json(), expected);
}

#[test]
fn aliases_move_and_lose_their_weights_in_one_step() {
    let alias = r#"{"Name":"live","AliasArn":"a","FunctionVersion":"2","RevisionId":"r2",
        "RoutingConfig":{"AdditionalVersionWeights":{"3":0.1}}}"#;
    let (server, aws) = serve(vec![Answer::new(201, alias), Answer::new(200, alias), Answer::new(204, "")]);
    let lambda = aws.lambda(None).unwrap();
    let new = NewAlias { name: "live".to_owned(), version: "2".to_owned(), ..NewAlias::default() };
    let made = lambda.create_alias("app", &new).unwrap();
    assert_eq!((made.version.as_str(), made.weights["3"]), ("2", 0.1));
    let update = AliasUpdate {
        version: Some("3".to_owned()),
        weights: Some(BTreeMap::new()),
        revision_id: Some("r2".to_owned()),
        ..AliasUpdate::default()
    };
    lambda.update_alias("app", "live", &update).unwrap();
    lambda.delete_alias("app", "live").unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].json(), serde_json::json!({"Name": "live", "FunctionVersion": "2"}));
    assert_eq!(
        seen[1].json(),
        serde_json::json!({"FunctionVersion": "3", "RevisionId": "r2", "RoutingConfig": {"AdditionalVersionWeights": {}}})
    );
    assert_eq!(seen[2].line, "DELETE /2015-03-31/functions/app/aliases/live");
}

#[test]
fn lists_are_read_page_by_page() {
    let (server, aws) = serve(vec![
        Answer::new(200, r#"{"Functions":[{"FunctionName":"a"}],"NextMarker":"m 1"}"#),
        Answer::new(200, r#"{"Functions":[{"FunctionName":"b"}],"NextMarker":""}"#),
        Answer::new(200, r#"{"Versions":[{"Version":"$LATEST"},{"Version":"1"}]}"#),
        Answer::new(200, r#"{"Aliases":[{"Name":"live"}]}"#),
    ]);
    let lambda = aws.lambda(None).unwrap();
    let functions = page::all(Operation::ListFunctions, |marker| lambda.functions(marker)).unwrap();
    assert_eq!(functions.iter().map(|function| function.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let versions = lambda.versions("app", None).unwrap();
    assert_eq!(versions.items.iter().map(|it| it.version.as_str()).collect::<Vec<_>>(), ["$LATEST", "1"]);
    assert_eq!(lambda.aliases("app", Some("1"), None).unwrap().items[0].name, "live");
    let seen = server.seen();
    assert_eq!(seen[1].line, "GET /2015-03-31/functions?Marker=m%201");
    assert_eq!(seen[3].line, "GET /2015-03-31/functions/app/aliases?FunctionVersion=1");
}

#[test]
fn an_invocation_tells_the_version_the_error_and_the_log() {
    let failed = Answer::new(200, r#"{"errorType":"Runtime.ExitError"}"#)
        .header("X-Amz-Executed-Version", "3")
        .header("X-Amz-Function-Error", "Unhandled")
        // base64 of `START RequestId: x Version: 3`
        .header("X-Amz-Log-Result", "U1RBUlQgUmVxdWVzdElkOiB4IFZlcnNpb246IDM=")
        .header("x-amzn-RequestId", "id-1");
    let fine = Answer::new(200, "{}").header("X-Amz-Executed-Version", "3");
    let (server, aws) = serve(vec![failed, fine, Answer::new(202, "")]);
    let lambda = aws.lambda(None).unwrap();
    let mut invocation = Invocation {
        function: "app".to_owned(),
        qualifier: Some("live".to_owned()),
        payload: b"{\"a\":1}".to_vec(),
        log_tail: true,
        ..Invocation::default()
    };
    let invoked = lambda.invoke(&invocation).unwrap();
    assert_eq!((invoked.status, invoked.executed_version.as_deref()), (200, Some("3")));
    assert_eq!(invoked.function_error.as_deref(), Some("Unhandled"));
    assert_eq!(invoked.log_tail.as_deref(), Some("START RequestId: x Version: 3"));
    assert_eq!(invoked.payload, br#"{"errorType":"Runtime.ExitError"}"#);
    assert_eq!(invoked.request_id.as_deref(), Some("id-1"));
    assert!(!invoked.succeeded("3"));
    let fine = lambda.invoke(&invocation).unwrap();
    assert!(fine.succeeded("3") && !fine.succeeded("4"));
    invocation.kind = InvocationKind::Event;
    assert_eq!(lambda.invoke(&invocation).unwrap().status, 202);
    let seen = server.seen();
    assert_eq!(seen[0].line, "POST /2015-03-31/functions/app/invocations?Qualifier=live");
    assert_eq!(
        (seen[0].header("x-amz-invocation-type"), seen[0].header("x-amz-log-type")),
        ("RequestResponse", "Tail")
    );
    assert_eq!((seen[0].body.as_str(), seen[2].header("x-amz-invocation-type")), ("{\"a\":1}", "Event"));
}

#[test]
fn an_invocation_is_sent_once() {
    let (server, aws) =
        serve(vec![Answer::new(500, r#"{"Message":"x"}"#).header("x-amzn-ErrorType", "ServiceException")]);
    let error = aws.lambda(None).unwrap().invoke(&Invocation { function: "app".to_owned(), ..Invocation::default() });
    assert!(matches!(error, Err(Error::Refused(_))), "{error:?}");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn tags_come_and_go_by_arn() {
    let arn = "arn:aws:lambda:eu-central-1:123456789012:function:app";
    let (server, aws) =
        serve(vec![Answer::new(200, r#"{"Tags":{"a":"1"}}"#), Answer::new(204, ""), Answer::new(204, "")]);
    let lambda = aws.lambda(None).unwrap();
    let tags = lambda.tags(arn).unwrap();
    lambda.tag(arn, &tags).unwrap();
    lambda.untag(arn, &["a".to_owned()]).unwrap();
    let seen = server.seen();
    assert_eq!(seen[1].json(), serde_json::json!({"Tags": {"a": "1"}}));
    assert!(
        seen[2].line.starts_with("DELETE /2017-03-31/tags/") && seen[2].line.ends_with("?tagKeys=a"),
        "{:?}",
        seen[2]
    );
}
