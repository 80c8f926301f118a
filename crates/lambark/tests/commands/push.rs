//! `lambark push`.

use lambark_oci::{Compression, Digest, Family};
use lambark_testkit::images::{Image, good_files};
use lambark_testkit::scripted::{Rule, ScriptedRegistry};

use crate::support::{User, image, seed};

#[test]
fn an_attested_archive_arrives_as_an_image_that_lambda_takes() {
    let registry = ScriptedRegistry::start();
    let user = User::at_root();
    insta::assert_snapshot!(user.run(&["push", "examples/attested.tar", &image(&registry, "v1")]));
    let run = user.run(&["check", &image(&registry, "v1"), "--depth", "files"]);
    assert!(run.starts_with("exit code: 0") && run.contains("verdict accepted"), "{run}");
}

#[test]
fn what_is_there_is_not_sent_again() {
    let registry = ScriptedRegistry::start();
    let user = User::at_root();
    let push = ["push", "examples/attested.tar", &image(&registry, "v1")];
    user.run(&push);
    registry.forget_requests();
    insta::assert_snapshot!(user.run(&push));
    assert_eq!(registry.mutations(), 0);
    // Under another tag only the manifest is new.
    let run = user.run(&["push", "examples/attested.tar", &image(&registry, "v2")]);
    assert!(run.contains("0 B of blobs written"), "{run}");
    let sent: Vec<String> = registry.lines().into_iter().filter(|line| line.starts_with("POST ")).collect();
    assert_eq!(sent, Vec::<String>::new());
}

#[test]
fn a_push_that_broke_off_goes_on_where_it_was() {
    let registry = ScriptedRegistry::start();
    let user = User::at_root();
    let push = ["push", "examples/attested.tar", &image(&registry, "v1"), "--quiet"];
    registry.rule(Rule::on("PUT", "/v2/app/manifests/*").error(403, "DENIED", "not yours"));
    assert!(user.run(&push).starts_with("exit code: 3"));
    assert_eq!(registry.tagged("app", "v1"), None);
    registry.clear_rules();
    registry.forget_requests();
    assert!(user.run(&push).starts_with("exit code: 0"));
    let uploads = registry.lines().into_iter().filter(|line| line.starts_with("POST ")).count();
    assert_eq!(uploads, 0, "{:?}", registry.lines());
}

#[test]
fn what_no_repair_can_mend_is_not_sent() {
    let registry = ScriptedRegistry::start();
    let mut windows = Image::good(Family::Oci);
    windows.config["os"] = "windows".into();
    let user = User::new();
    let layout = user.path("layout");
    windows.store("v1").write_layout(std::path::Path::new(&layout));
    let push = ["push", &format!("oci:{layout}"), &image(&registry, "v1")];
    insta::assert_snapshot!(user.run(&push));
    assert_eq!(registry.mutations(), 0);
    let anyway = user.run(&[&push[..], &["--fail-on", "never"]].concat());
    assert!(anyway.starts_with("exit code: 0"), "{anyway}");
    assert_eq!(registry.tagged("app", "v1"), Some(Digest::of(&windows.manifest_bytes())));
}

#[test]
fn a_plan_sends_nothing() {
    let registry = ScriptedRegistry::start();
    let push = ["push", "examples/attested.tar", &image(&registry, "v1"), "--plan"];
    insta::assert_snapshot!(User::at_root().run(&push));
    assert_eq!(registry.mutations(), 0);
}

#[test]
fn from_registry_to_registry_each_blob_travels_once() {
    let (from, to) = (ScriptedRegistry::start(), ScriptedRegistry::start());
    let zstd = Image::new(Family::Oci, Compression::Zstd, &good_files());
    seed(&from, &zstd.store("v1"));
    let run = User::new().run(&["push", &image(&from, "v1"), &image(&to, "v1")]);
    assert!(run.starts_with("exit code: 0"), "{run}");
    let layer = format!("GET /v2/app/blobs/{}", zstd.layers[0].descriptor().digest);
    let whole = from.requests().into_iter().filter(|seen| format!("{} {}", seen.method, seen.path) == layer);
    // The sniff asks for the beginning alone, where there is one.
    let whole: Vec<_> = whole.filter(|seen| seen.header("range").is_none()).collect();
    assert_eq!(whole.len(), 1, "{whole:?}");
}

#[test]
fn a_layout_is_no_place_to_push_to() {
    insta::assert_snapshot!(User::at_root().run(&["push", "examples/attested.tar", "oci:somewhere"]));
}

#[test]
fn a_machine_reads_what_was_sent() {
    let registry = ScriptedRegistry::start();
    let push = ["push", "examples/attested.tar", &image(&registry, "v1"), "--format", "json", "--no-progress"];
    let output = User::at_root().command(&push).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "lambark.push/v1");
    assert_eq!((&report["applied"], &report["alreadyThere"]), (&true.into(), &false.into()));
    assert_eq!(report["after"], registry.tagged("app", "v1").unwrap().as_str());
    let sent = report["blobBytesWritten"].as_u64().unwrap();
    assert!(sent > 0 && report["traffic"]["blobBytesSent"].as_u64().unwrap() >= sent, "{report}");
}
