use lambark_aws::{Error, Operation};

use crate::serve;
use crate::server::Answer;

#[test]
fn both_keys_of_the_text_are_read() {
    let upper =
        r#"{"Type":"User","Message":"Function not found: arn:aws:lambda:eu-central-1:123456789012:function:app"}"#;
    let lower = r#"{"Type":"User","message":"The operation cannot be performed at this time. An update is in progress for resource: x"}"#;
    let (_server, aws) = serve(vec![
        Answer::new(404, upper)
            .header("x-amzn-ErrorType", "ResourceNotFoundException")
            .header("x-amzn-RequestId", "id-1"),
        Answer::new(409, lower)
            .header("x-amzn-ErrorType", "ResourceConflictException:http://x")
            .header("x-amzn-RequestId", "id-2"),
    ]);
    let lambda = aws.lambda(None).unwrap();
    let error = lambda.function("app", None).unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(
        error.to_string(),
        "Lambda GetFunction: ResourceNotFoundException: Function not found: \
         arn:aws:lambda:eu-central-1:123456789012:function:app (HTTP 404, request id id-1)"
    );
    let error = lambda.publish("app", &Default::default()).unwrap_err();
    assert!(error.is_conflict() && error.to_string().contains("An update is in progress"), "{error}");
    assert_eq!(error.refusal().unwrap().request_id.as_deref(), Some("id-2"));
}

#[test]
fn a_code_that_the_model_lacks_is_kept() {
    let body = r#"{"message":"1 validation error detected"}"#;
    let (_server, aws) = serve(vec![Answer::new(400, body).header("x-amzn-ErrorType", "ValidationException")]);
    let error = aws.lambda(None).unwrap().function("app", None).unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
    assert_eq!(error.refusal().unwrap().message, "1 validation error detected");
}

#[test]
fn words_cannot_write_to_the_terminal() {
    let body = r#"{"message":"a\u001b[31mb\nc"}"#;
    let (_server, aws) =
        serve(vec![Answer::new(400, body).header("x-amzn-ErrorType", "InvalidParameterValueException")]);
    let error = aws.lambda(None).unwrap().function("app", None).unwrap_err();
    assert_eq!(error.refusal().unwrap().message, "a [31mb c");
}

#[test]
fn a_throttled_call_waits_as_long_as_it_is_asked_to() {
    let throttled = || {
        Answer::new(429, r#"{"message":"Rate exceeded","Reason":"CallerRateLimitExceeded"}"#)
            .header("x-amzn-ErrorType", "TooManyRequestsException")
    };
    let found = r#"{"Configuration":{"FunctionName":"app"},"Code":{}}"#;
    let (server, aws) = serve(vec![throttled().header("Retry-After", "1"), Answer::new(200, found)]);
    aws.lambda(None).unwrap().function("app", None).unwrap();
    assert_eq!(server.seen().len(), 2);
    assert_eq!(aws.calls()[&Operation::GetFunction], 1);

    let (server, aws) = serve(vec![throttled().header("Retry-After", "3600")]);
    let error = aws.lambda(None).unwrap().function("app", None).unwrap_err();
    assert!(error.is_throttled());
    assert_eq!(error.refusal().unwrap().retry_after.unwrap().as_secs(), 3600);
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn an_answer_that_is_not_awss_is_told_as_such() {
    let (_server, aws) = serve(vec![Answer::new(403, "<html>proxy says no</html>")]);
    let error = aws.lambda(None).unwrap().function("app", None).unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!((refusal.status, refusal.code.as_str()), (403, ""), "{error}");

    let (_server, aws) = serve(vec![Answer::new(200, "no json")]);
    let error = aws.lambda(None).unwrap().function("app", None).unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
}

#[test]
fn nobody_there_is_told_with_the_reason() {
    let (server, _) = serve(Vec::new());
    // The server's thread has ended: nobody listens there any more.
    let aws = crate::aws(&server);
    let sts = aws.sts(None).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(50));
    let error = sts.caller().unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().to_lowercase().contains("refused"), "{error}");
}
