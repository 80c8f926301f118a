//! `lambark run` and `lambark cache`, on a function that a real BuildKit put into an image.

use std::process::Output;

use lambark_oci::{Compression, Family};
use lambark_testkit::images::{File, Image};
use serde_json::Value;

use crate::support::User;

/// Runs `lambark run`; `None` where this machine has no sandbox, which is told and counted.
fn run(user: &User, arguments: &[&str]) -> Option<Output> {
    let output = user.command(&[&["run", "--quiet"], arguments].concat()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    if stderr.contains("make a sandbox") {
        lambark_testkit::parts::skip(&format!("no sandbox here: {}", stderr.trim()));
        return None;
    }
    Some(output)
}

/// An image of one shell-less program that is not there.
fn image_without_its_program(user: &User) -> String {
    let files = [File::directory("var/"), File::directory("var/task/")];
    let image = Image::new(Family::Oci, Compression::Gzip, &files);
    image.store("t").write_layout(std::path::Path::new(&user.path("broken")));
    format!("oci:{}:t", user.path("broken"))
}

#[test]
fn the_response_goes_to_standard_output_and_the_log_to_the_other() {
    let user = User::at_root();
    let Some(output) = run(&user, &["examples/attested.tar"]) else { return };
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "\"aboard AWS Lambda!\"\n");
    let log = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].starts_with("START RequestId: ") && lines[0].ends_with(" Version: $LATEST"), "{log}");
    assert!(lines[1].starts_with("END RequestId: "), "{log}");
    assert!(
        lines[2].starts_with("REPORT RequestId: ") && lines[2].contains("\tMemory Size: 128 MB\tMax Memory"),
        "{log}"
    );
}

#[test]
fn several_invocations_share_one_environment() {
    let user = User::at_root();
    let Some(output) = run(&user, &["examples/attested.tar", "--count", "3", "--format", "json"]) else { return };
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "lambark.run/v1");
    let invocations = report["invocations"].as_array().unwrap();
    assert_eq!(invocations.len(), 3);
    for invocation in invocations {
        assert_eq!(invocation["payload"], "aboard AWS Lambda!");
        assert_eq!(invocation["functionError"], Value::Null);
    }
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(log.matches("Init Duration").count(), 1, "{log}");
    // A number that a script fills in gives the same form when it is one.
    let Some(output) = run(&user, &["examples/attested.tar", "--count", "1", "--format", "json"]) else { return };
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["invocations"].as_array().unwrap().len(), 1);
    assert_eq!(report.get("payload"), None);
}

#[test]
fn a_failure_is_explained_and_ends_with_one() {
    let user = User::new();
    let image = image_without_its_program(&user);
    let Some(output) = run(&user, &[&image]) else { return };
    assert_eq!(output.status.code(), Some(1));
    let payload: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(payload["errorType"], "Runtime.InvalidEntrypoint");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("\tPhase: init\tStatus: error\tError Type: Runtime.InvalidEntrypoint"), "{told}");
    let from = told.find("\nerror: ").unwrap();
    insta::assert_snapshot!(&told[from..]);
    let Some(output) = run(&user, &[&image, "--format", "json"]) else { return };
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["functionError"], "Unhandled");
    assert_eq!(report["initError"]["type"], "Runtime.InvalidEntrypoint");
    assert_eq!(report["error"]["message"], "fork/exec /var/task/bootstrap: no such file or directory");
    assert!(report["explanation"]["help"][0].as_str().unwrap().contains("ENTRYPOINT"));
}

#[test]
fn unpacked_layers_are_listed_and_pruned() {
    let user = User::at_root();
    if run(&user, &["examples/attested.tar"]).is_none() {
        return;
    }
    let cache = |arguments: &[&str]| {
        let output = user.command(&[&["cache"], arguments].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let listed = cache(&["list", "--format", "json"]);
    assert_eq!(listed["schema"], "lambark.cache-list/v1");
    let entries = listed["entries"].as_array().unwrap();
    assert!(entries.iter().any(|entry| entry["bytes"].as_u64() > Some(5_000)), "{listed}");
    let pruned = cache(&["prune", "--format", "json"]);
    assert_eq!(
        (pruned["removedEntries"].as_u64(), pruned["leftBytes"].as_u64()),
        (Some(entries.len() as u64), Some(0))
    );
    assert_eq!(cache(&["list", "--format", "json"])["entries"].as_array().unwrap().len(), 0);
}

#[test]
fn what_cannot_be_an_event_is_refused_before_anything_starts() {
    let user = User::at_root();
    std::fs::write(user.path("event"), "not JSON").unwrap();
    insta::assert_snapshot!(user.run(&["run", "examples/attested.tar", "--event", &user.path("event")]));
    insta::assert_snapshot!(user.run(&["run", "examples/attested.tar", "--timeout", "901"]));
}

#[test]
fn a_check_may_run_the_function() {
    let user = User::at_root();
    let run = |image: &str| user.run(&["check", "--depth", "run", "--quiet", "--verbose", image]);
    let good = run("examples/attested.tar");
    if good.contains("could not be run") {
        lambark_testkit::parts::skip("no sandbox here");
        return;
    }
    assert!(!good.contains("init-fails"), "{good}");
    let broken = run(&image_without_its_program(&user));
    assert!(broken.contains("error[init-fails]: its init fails: Runtime.InvalidEntrypoint: fork/exec"), "{broken}");
    assert!(broken.starts_with("exit code: 1"), "{broken}");
    // Nobody is told of a run that nobody asked for.
    let files = user.run(&["check", "--depth", "files", "--quiet", "--verbose", "examples/attested.tar"]);
    assert!(files.contains("init-fails") && files.contains("the function was not run"), "{files}");
}
