//! `lambark rehearse`.

use lambark_oci::{Compression, Family};
use lambark_testkit::images::{File, Image, Layer, good_files, write_classic_archive};
use serde_json::Value;

use crate::support::User;

const FAST: [&str; 2] = ["--settle", "0s"];

fn rehearse(user: &User, images: &[&str], flags: &[&str]) -> String {
    user.run(&[&["rehearse"], images, &FAST, flags].concat())
}

/// What happened, step by step, by its document.
fn steps(user: &User, images: &[&str], flags: &[&str]) -> (i32, Vec<Value>) {
    let arguments = [&["rehearse"], images, &FAST, &["--format", "json", "--quiet"], flags].concat();
    let output = user.command(&arguments).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["schema"], "lambark.rehearse/v1");
    (output.status.code().unwrap(), document["steps"].as_array().unwrap().clone())
}

fn names(steps: &[Value]) -> Vec<&str> {
    steps.iter().map(|step| step["step"].as_str().unwrap()).collect()
}

fn layout(user: &User, name: &str, image: &Image) -> String {
    let path = user.path(name);
    image.store("v1").write_layout(std::path::Path::new(&path));
    format!("oci:{path}")
}

#[test]
fn the_refusal_the_mend_and_the_function() {
    insta::assert_snapshot!(rehearse(&User::at_root(), &["examples/attested.tar"], &["--no-invoke"]));
}

#[test]
fn the_function_is_really_run() {
    let (code, steps) = steps(&User::at_root(), &["examples/attested.tar"], &[]);
    assert_eq!(code, 0);
    let run = steps.iter().find(|step| step["step"] == "invoked" || step["step"] == "notInvoked").unwrap();
    if run["step"] == "notInvoked" {
        // A kernel that allows no sandbox to this user: said, and no failure of the deployment.
        assert!(!run["reason"].as_str().unwrap().is_empty(), "{run}");
        return;
    }
    assert_eq!((&run["payload"], &run["functionError"]), (&r#""aboard AWS Lambda!""#.into(), &Value::Null));
}

#[test]
fn a_second_image_updates_the_function_and_versions_stay() {
    let user = User::new();
    let first = layout(&user, "first", &Image::good(Family::Docker));
    let other = Image::new(Family::Oci, Compression::Gzip, &[good_files(), vec![File::new("other", "2")]].concat());
    let second = layout(&user, "second", &other);
    let (code, steps) = steps(&user, &[&first, &second], &["--no-invoke"]);
    assert_eq!(code, 0);
    let story = ["ready", "pushed", "settled", "published", "pushed", "settled", "published", "versions"];
    assert_eq!(names(&steps), story);
    assert_eq!(steps[2]["call"], "CreateFunction");
    assert_eq!(steps[5]["call"], "UpdateFunctionCode");
    let versions = steps[7]["versions"].as_array().unwrap();
    let of = |number: usize| versions[number]["digest"].as_str().unwrap();
    assert_eq!(versions.len(), 3);
    assert_ne!(of(1), of(2), "version 1 keeps the first image");
    assert_eq!(of(0), of(2), "$LATEST is version 2");
}

#[test]
fn what_only_unpacking_finds_fails_after_the_call_and_is_mended() {
    let user = User::new();
    // Nothing says that opt/ exists.
    let files = [good_files(), vec![File::new("opt/extensions/one", "#!/bin/sh\n").mode(0o755)]].concat();
    let image = layout(&user, "image", &Image::new(Family::Docker, Compression::Gzip, &files));
    let (code, steps) = steps(&user, &[&image], &["--no-invoke"]);
    assert_eq!(names(&steps), ["ready", "pushed", "settled", "mended", "settled", "published", "versions"]);
    assert_eq!(steps[2]["failure"]["code"], "InvalidImage");
    let reason = steps[2]["failure"]["reason"].as_str().unwrap();
    assert!(reason.contains("MissingParentDirectory"), "{reason}");
    assert_eq!((code, &steps[4]["failure"]), (0, &Value::Null));
}

#[test]
fn what_no_repair_mends_is_told_and_exit_1() {
    let user = User::new();
    // What people take for the image when they copy the wrong digest: a statement about one.
    let statement = Layer::new(Family::Oci, Compression::Gzip, &good_files()).labelled("application/vnd.in-toto+json");
    let image = Image::of_layers(Family::Oci, vec![statement]);
    let run = rehearse(&user, &[&layout(&user, "image", &image)], &["--no-invoke"]);
    assert!(run.starts_with("exit code: 1"), "{run}");
    assert!(run.contains("refused"), "{run}");
}

#[test]
fn a_classic_archive_gets_a_manifest_first() {
    let user = User::new();
    let archive = user.path("image.tar");
    write_classic_archive(std::path::Path::new(&archive), "app:v1", &[good_files()]);
    let (code, steps) = steps(&user, &[&archive], &["--no-invoke"]);
    assert_eq!((code, &steps[1]["asItIs"]), (0, &false.into()), "{steps:?}");
}
