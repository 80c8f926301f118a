//! Smoke tests: events before the traffic, requests after, and secrets that are never told.

use insta::assert_snapshot;
use lambark_twin::control::InvokeAnswer;
use serde_json::{Value, json};

use crate::bench::{Bench, REPOSITORY, write};
use crate::server::{Seen, Server};

/// A user with a service `app`, whose tests are these.
fn service(bench: &Bench, tests: &str) {
    let toml = format!("[service.app]\nrepository = \"{REPOSITORY}\"\nfunction = \"app\"\nalias = \"live\"\n{tests}");
    write(&bench.user, "lambark.toml", &toml);
}

const EVENT: &str = "
[[service.app.tests]]
event = \"event.json\"
expect.status = 200
expect.json = { status = \"ok\" }
";

fn answers(bench: &Bench, payload: Value, function_error: Option<&str>) {
    let function_error = function_error.map(str::to_owned);
    bench.control().answer("app", InvokeAnswer { payload, function_error, ..InvokeAnswer::default() });
}

#[test]
fn a_service_is_deployed_tested_and_rolled_back_by_its_name() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    let server = Server::start(|_| ("200 OK".into(), "Content-Type: text/plain\r\n".into(), "fine".into()));
    let url = format!("\n[[service.app.tests]]\nurl = \"http://{}/health\"\nexpect.status = 200\n", server.address);
    service(&bench, &format!("{EVENT}{url}"));
    write(&bench.user, "event.json", "{\"path\":\"/health\"}");
    answers(&bench, json!({ "statusCode": 200, "body": "{\"status\":\"ok\"}" }), None);
    let run = bench.run(&["deploy", "app", "--tag", "v2", "--no-progress"]).ends(0);
    let shown = bench.show(&run).replace(&server.address.to_string(), "<SERVER>");
    assert_snapshot!("smoke_tests", shown);
    assert_eq!(bench.serves("app"), new);
    let back = bench.run(&["rollback", "app", "--no-progress"]).ends(0);
    assert_snapshot!("rollback_of_a_service", bench.show(&back).replace(&server.address.to_string(), "<SERVER>"));
    assert_eq!((bench.serves("app"), server.seen().len()), (old, 2));
}

/// Each of them failed on the new version alone: no traffic ever reached it.
#[test]
fn an_event_that_fails_keeps_the_traffic_where_it_is() {
    let bench = Bench::new();
    let (old, _) = (bench.image(1), bench.image(2));
    service(&bench, EVENT);
    write(&bench.user, "event.json", "{}");
    bench.live_function("app", &old);
    let fails = |words: &str| {
        let run = bench.run(&["deploy", "app", "--tag", "v2", "--no-progress"]).ends(5).tells(words);
        assert_eq!((bench.latest("app"), bench.serves("app")), (old.clone(), old.clone()), "{words}");
        assert_eq!(bench.control().counts().requests.get("UpdateAlias"), None, "{words}");
        bench.status("app", &["--alias", "live"]).ends(0);
        run
    };
    let error = json!({ "errorType": "Runtime.ImportModuleError", "errorMessage": "Unable to import module 'app'" });
    answers(&bench, error, Some("Unhandled"));
    let run = fails("Runtime.ImportModuleError: Unable to import module 'app'");
    assert_snapshot!("event_failed", bench.show(&run));
    answers(&bench, json!({ "statusCode": 500, "body": "{\"status\":\"ok\"}" }), None);
    fails("status 200 was expected, it is 500");
    answers(&bench, json!({ "statusCode": 200, "body": "{\"status\":\"down\"}" }), None);
    fails("the field status was expected to be `\"ok\"`, it is `\"down\"`");
    answers(&bench, json!({ "statusCode": 200, "body": "<html>" }), None);
    fails("the body is no JSON");
    // Nothing is scripted, and the twin runs nothing here: not looked is not passed.
    bench.control().reset();
    fails("NotInTheTwinException");
    let fault = lambark_twin::control::Fault {
        operation: Some("Invoke".to_owned()),
        headers: [("x-amz-executed-version".to_owned(), "1".to_owned())].into(),
        ..lambark_twin::control::Fault::default()
    };
    bench.control().fault(fault).unwrap();
    answers(&bench, json!({ "statusCode": 200, "body": "{\"status\":\"ok\"}" }), None);
    fails("and 1 answered");
}

const SECRET: &str = "hunter2-\"very\"-secret";

/// Repeats whatever it was sent, as a careless server does.
fn echo(request: &Seen) -> (String, String, String) {
    let seen = format!("{}{}{}", request.line, request.headers, request.body);
    let more = format!("Content-Type: application/json\r\nX-Echo: {SECRET}\r\n");
    ("200 OK".to_owned(), more, json!({ "status": "down", "echo": seen }).to_string())
}

#[test]
fn a_request_that_fails_leads_back_and_tells_no_secret() {
    let bench = Bench::new().with("TOKEN", SECRET);
    let (old, _) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    let server = Server::start(echo);
    let test = format!(
        "
[[service.app.tests]]
url = \"http://{}/login?key=${{env:TOKEN}}\"
method = \"POST\"
body = \"body.json\"
headers = {{ Authorization = \"Bearer ${{env:TOKEN}}\", Origin = \"https://app.example.com\" }}
expect.status = 200
expect.headers = {{ access-control-allow-origin = \"https://app.example.com\", x-echo = \"nothing\" }}
expect.json = {{ status = \"ok\", echo = \"nothing\" }}
",
        server.address
    );
    service(&bench, &test);
    write(&bench.user, "body.json", "{\"token\": \"${env:TOKEN}\"}");
    for format in ["text", "json"] {
        let run = bench.run(&["deploy", "app", "--tag", "v2", "--no-progress", "--format", format]).ends(5);
        assert!(!run.all().contains("hunter2"), "{}", run.all());
        if format == "text" {
            let shown = bench.show(&run).replace(&server.address.to_string(), "<SERVER>");
            assert_snapshot!("request_failed", shown);
        }
        assert_eq!((bench.latest("app"), bench.serves("app")), (old.clone(), old.clone()));
    }
    let seen = &server.seen()[0];
    assert!(seen.headers.contains(&format!("Bearer {SECRET}")) && seen.body.contains(SECRET), "{seen:?}");
    assert!(seen.line.starts_with("POST /login?key=hunter2"), "{seen:?}");
    // Nobody listens, and the address holds a secret: the failure tells the address as it was written.
    service(&bench, "[[service.app.tests]]\nurl = \"http://127.0.0.1:1/${env:TOKEN}\"\nexpect.status = 200\n");
    let run = bench.run(&["deploy", "app", "--tag", "v2", "--no-progress"]).ends(5).tells("/${env:TOKEN}: failed");
    assert!(!run.all().contains("hunter2"), "{}", run.all());
    // A variable that is not set is told before anything is changed.
    service(&bench, "[[service.app.tests]]\nurl = \"http://127.0.0.1:1/${env:OTHER}\"\n");
    bench.control().reset();
    bench.run(&["deploy", "app", "--tag", "v2", "--no-progress"]).ends(2).tells("the environment variable OTHER");
    assert_eq!(bench.changes(), []);
}

/// A canary's share is tested before it rises, and taken away when a test fails.
#[test]
fn a_canary_that_fails_loses_its_share() {
    let bench = Bench::new();
    let (old, _) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    let server = Server::start(|_| ("502 Bad Gateway".into(), String::new(), String::new()));
    service(&bench, &format!("[[service.app.tests]]\nurl = \"http://{}/\"\nexpect.status = 200\n", server.address));
    let canary = ["--canary", "10,50", "--wait", "1ms"];
    let run = bench.run(&[&["deploy", "app", "--tag", "v2", "--no-progress"][..], &canary].concat()).ends(5);
    assert_snapshot!("canary_failed", bench.show(&run).replace(&server.address.to_string(), "<SERVER>"));
    assert_eq!((bench.latest("app"), bench.serves("app")), (old.clone(), old));
    bench.status("app", &["--alias", "live"]).ends(0);
}
