//! Whatever fails after the first change leads back, and that is verified; where going back fails too, the commands that
//! do it by hand are told.

use std::time::Duration;

use insta::assert_snapshot;
use lambark_twin::control::{Failure, Fault, InvokeAnswer, NextUpdate};
use serde_json::json;

use crate::bench::{Bench, REPOSITORY, write};

fn on(operation: &str) -> Fault {
    Fault { operation: Some(operation.to_owned()), ..Fault::default() }
}

/// Lets so many pass, then refuses the next.
fn refuse_after(bench: &Bench, operation: &str, pass: u32) {
    if pass > 0 {
        bench.control().fault(Fault { times: pass, ..on(operation) }).unwrap();
    }
    let denied = Fault {
        times: 100,
        status: Some(403),
        headers: [("x-amzn-errortype".to_owned(), "AccessDeniedException".to_owned())].into(),
        body: Some("{\"Message\":\"not authorized\"}".to_owned()),
        ..on(operation)
    };
    bench.control().fault(denied).unwrap();
}

#[test]
fn an_update_that_fails_is_told_in_lambda_s_words_and_taken_back() {
    let bench = Bench::new();
    let (old, _) = (bench.image(1), bench.image(2));
    for (name, flags) in [("app", &["--alias", "live"][..]), ("bare", &[])] {
        if name == "app" {
            bench.live_function(name, &old);
        } else {
            bench.function(name, &old);
        }
        let reason = "MissingParentDirectory: Parent directory does not exist for file: var/task/app.py";
        let fail = Failure { code: "InvalidImage".to_owned(), reason: Some(reason.to_owned()) };
        bench.control().next_update(name, NextUpdate { polls: 1, fail: Some(fail) });
        let run = bench.deploy(name, 2, flags).ends(5);
        assert_snapshot!(format!("update_failed_{name}"), bench.show(&run));
        assert_eq!(bench.latest(name), old);
    }
    assert_eq!(bench.serves("app"), old);
}

#[test]
fn a_version_that_does_not_come_up_gets_no_traffic() {
    // Everything settles at once, so that it is known which look is at the version.
    let bench = Bench::settling(Duration::ZERO);
    let (old, new) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    bench.control().reset();
    // `$LATEST`, version 1, `$LATEST` after the update, `$LATEST` before the publishing; then the version.
    bench.control().fault(Fault { times: 4, ..on("GetFunction") }).unwrap();
    let version = json!({ "Configuration": {
        "FunctionName": "app", "FunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:app:2", "Version": "2",
        "PackageType": "Image", "CodeSha256": new.hex(), "State": "Failed", "StateReasonCode": "InvalidImage",
        "StateReason": "ImageLayerFailure: UnsupportedImageLayerDetected - Layer Digest sha256:00",
    }, "Code": {} });
    bench.control().fault(Fault { status: Some(200), body: Some(version.to_string()), ..on("GetFunction") }).unwrap();
    let run = bench.deploy("app", 2, &["--alias", "live"]).ends(5);
    assert_snapshot!("version_failed", bench.show(&run));
    assert_eq!((bench.latest("app"), bench.serves("app")), (old.clone(), old));
}

/// A new version whose event fails, of a function whose traffic it has already: `$LATEST` goes back.
#[test]
fn a_failed_test_without_an_alias_brings_the_old_image_back() {
    let bench = Bench::new();
    let (old, _) = (bench.image(1), bench.image(2));
    bench.function("app", &old);
    failing_event(&bench, "");
    let run = bench.run(&["deploy", "app", "--tag", "v2", "--no-progress"]).ends(5);
    assert_snapshot!("test_failed_without_alias", bench.show(&run));
    assert_eq!(bench.latest("app"), old);
    bench.status("app", &[]).ends(0);
}

fn failing_event(bench: &Bench, alias: &str) {
    let service = format!(
        "[service.app]\nrepository = \"{REPOSITORY}\"\nfunction = \"app\"\n{alias}\n[[service.app.tests]]\n\
         event = \"event.json\"\n"
    );
    write(&bench.user, "lambark.toml", &service);
    write(&bench.user, "event.json", "{}");
    let failed = InvokeAnswer { function_error: Some("Unhandled".to_owned()), ..InvokeAnswer::default() };
    bench.control().answer("app", failed);
}

/// The alias has moved already when the request after it fails, and the way back is refused.
#[test]
fn where_going_back_fails_the_commands_are_told() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    let service = format!(
        "[service.app]\nrepository = \"{REPOSITORY}\"\nfunction = \"app\"\nalias = \"live\"\n[[service.app.tests]]\n\
         url = \"http://127.0.0.1:1/\"\nexpect.status = 200\n"
    );
    write(&bench.user, "lambark.toml", &service);
    refuse_after(&bench, "UpdateAlias", 1);
    refuse_after(&bench, "UpdateFunctionCode", 1);
    let run = bench.run(&["deploy", "app", "--tag", "v2", "--no-progress"]).ends(6);
    assert_snapshot!("not_rolled_back", bench.show(&run));
    assert_eq!((bench.latest("app"), bench.serves("app")), (new.clone(), new));
    let json = bench.run(&["status", "app", "--format", "json"]).ends(0).json();
    assert_eq!(json["unfinished"], serde_json::Value::Null);
    // Once it is allowed again, `rollback` does what the commands would have done.
    bench.control().reset();
    write(&bench.user, "lambark.toml", "");
    bench.rollback("app", &["--alias", "live"]).ends(0);
    assert_eq!((bench.latest("app"), bench.serves("app")), (old.clone(), old));
}

/// The network is gone for good right after the update: nothing can be looked at, and nothing brought back.
#[test]
fn without_a_network_the_commands_are_told() {
    let bench = Bench::new().with("AWS_MAX_ATTEMPTS", "1");
    let (old, _) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    bench.control().reset();
    // `$LATEST` and version 1 are read before; the looks after the update find nobody.
    bench.control().fault(Fault { times: 2, ..on("GetFunction") }).unwrap();
    bench.control().fault(Fault { times: 1000, drop: true, ..on("GetFunction") }).unwrap();
    let run = bench.deploy("app", 2, &["--alias", "live"]).ends(6);
    assert_snapshot!("no_network", bench.show(&run));
    bench.control().reset();
    // The same again finishes it; nobody has to clean up first.
    bench.deploy("app", 2, &["--alias", "live"]).ends(0);
    assert_eq!(bench.latest("app"), bench.serves("app"));
}

/// On the way back an answer is lost: what is there tells that it was taken.
#[test]
fn a_lost_answer_on_the_way_back_is_looked_up() {
    for attempts in ["1", "3"] {
        let bench = Bench::new().with("AWS_MAX_ATTEMPTS", attempts);
        let (old, _) = (bench.image(1), bench.image(2));
        bench.live_function("app", &old);
        let service = format!(
            "[service.app]\nrepository = \"{REPOSITORY}\"\nfunction = \"app\"\nalias = \"live\"\n\
             [[service.app.tests]]\nurl = \"http://127.0.0.1:1/\"\nexpect.status = 200\n"
        );
        write(&bench.user, "lambark.toml", &service);
        for operation in ["UpdateAlias", "UpdateFunctionCode"] {
            bench.control().fault(on(operation)).unwrap();
            bench.control().fault(Fault { cut_at: Some(0), ..on(operation) }).unwrap();
        }
        bench.run(&["deploy", "app", "--tag", "v2", "--no-progress"]).ends(5).tells("app is as it was before");
        assert_eq!((bench.latest("app"), bench.serves("app")), (old.clone(), old));
    }
}

/// The tag of a child comes before everything else: where it cannot be written, the function is not touched.
#[test]
fn a_tag_that_cannot_be_written_stops_it_before_the_function_is_touched() {
    let bench = Bench::new();
    let old = bench.image(1);
    bench.live_function("app", &old);
    let image = crate::bench::good(2);
    bench.call("child", &lambark_oci::Digest::of(&image.manifest_bytes()));
    bench.push(&image.attested("x"), REPOSITORY, "v2");
    bench.control().reset();
    let fault = Fault { times: 100, status: Some(403), body: Some("{}".to_owned()), ..on("registry:PutManifest") };
    bench.control().fault(fault).unwrap();
    let run = bench.deploy("app", 2, &["--alias", "live"]).ends(5);
    assert_snapshot!("tag_failed", bench.show(&run));
    assert_eq!(bench.control().counts().requests.get("UpdateFunctionCode"), None);
    assert_eq!((bench.latest("app"), bench.serves("app")), (old.clone(), old));
}

/// An alias that was made here is deleted again, or the command that does it is told.
#[test]
fn an_alias_that_was_made_is_gone_again() {
    for refused in [false, true] {
        let bench = Bench::new();
        let (old, _) = (bench.image(1), bench.image(2));
        bench.function("app", &old);
        let service = format!(
            "[service.app]\nrepository = \"{REPOSITORY}\"\nfunction = \"app\"\nalias = \"live\"\n\
             [[service.app.tests]]\nurl = \"http://127.0.0.1:1/\"\nexpect.status = 200\n"
        );
        write(&bench.user, "lambark.toml", &service);
        if refused {
            refuse_after(&bench, "DeleteAlias", 0);
        }
        let run = bench.run(&["deploy", "app", "--tag", "v2", "--no-progress"]).ends(if refused { 6 } else { 5 });
        let run = run.tells(if refused {
            "aws lambda delete-alias --function-name app --name live"
        } else {
            "the alias live is gone again"
        });
        let alias = bench.lambda.alias("app", "live");
        assert_eq!(alias.is_ok(), refused, "{}", run.all());
        assert_eq!(bench.latest("app"), old);
    }
}

/// An event that fails on a version that nothing was changed for: it had the traffic before, and that is said.
#[test]
fn what_had_the_traffic_before_is_not_taken_away_in_silence() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    bench.deploy("app", 2, &["--alias", "live"]).ends(0);
    failing_event(&bench, "alias = \"live\"");
    let run = bench.run(&["deploy", "app", "--tag", "v2", "--no-progress"]).ends(5);
    assert_snapshot!("failed_in_place", bench.show(&run));
    assert_eq!(bench.serves("app"), new);
}

/// A deployment that broke off after the image was in place is taken up again, and fails: what ran before it comes back.
#[test]
fn a_deployment_that_is_finished_and_fails_goes_back_to_before_it_began() {
    for alias in [true, false] {
        let bench = Bench::new();
        let (old, first, second) = (bench.image(1), bench.image(2), bench.image(3));
        let flags: &[&str] = if alias { &["--alias", "live"] } else { &[] };
        if alias {
            bench.live_function("app", &old);
        } else {
            bench.function("app", &old);
        }
        bench.deploy("app", 2, flags).ends(0);
        // The next one broke off right after its update.
        bench.update("app", &second);
        bench.status("app", flags).ends(1).tells("which no version has");
        failing_event(&bench, if alias { "alias = \"live\"" } else { "" });
        bench.run(&["deploy", "app", "--tag", "v3", "--no-progress"]).ends(5).tells("this deployment finishes it");
        assert_eq!(bench.latest("app"), first);
        if alias {
            assert_eq!(bench.serves("app"), first);
        }
    }
}

#[test]
fn a_creation_that_fails_leaves_no_function() {
    let bench = Bench::new();
    bench.image(1);
    let fail = Failure { code: "InvalidImage".to_owned(), reason: None };
    bench.control().next_update("new", NextUpdate { polls: 0, fail: Some(fail) });
    let run = bench.deploy("new", 1, &["--create", "--role", crate::bench::ROLE]).ends(5);
    assert_snapshot!("creation_failed", bench.show(&run));
    assert!(bench.lambda.function("new", None).unwrap_err().is_not_found());
}

/// An update that never ends is not waited for longer than was said.
#[test]
fn patience_has_an_end() {
    let bench = Bench::settling(Duration::from_secs(3600));
    bench.image(1);
    let new = lambark_aws::lambda::NewFunction::new("app", &crate::bench::tagged(1), crate::bench::ROLE);
    bench.lambda.create(&new).unwrap();
    let run = bench.deploy("app", 1, &["--settle-limit", "200ms"]).ends(4);
    assert_snapshot!("unsettled", bench.show(&run));
}
