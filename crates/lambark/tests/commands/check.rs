//! `lambark check` and `lambark resolve`.

use lambark_oci::Family;
use lambark_testkit::images::Image;
use lambark_testkit::scripted::{Rule, ScriptedRegistry};

use crate::support::{User, image, seed};

#[test]
fn an_attested_archive_is_rejected() {
    insta::assert_snapshot!(User::at_root().run(&["check", "examples/attested.tar"]));
}

#[test]
fn a_good_archive_takes_three_lines() {
    let run = User::new().run(&["check", "default-oci.tar", "--depth", "manifest", "--arch", "x86_64"]);
    insta::assert_snapshot!(run);
}

#[test]
fn two_platforms_are_a_choice() {
    insta::assert_snapshot!(User::new().run(&["check", "multi-prov-oci.tar"]));
}

#[test]
fn layers_of_zstd_are_told_with_the_step_that_made_them() {
    insta::assert_snapshot!(User::new().run(&["check", "zstd-oci.tar", "--quiet", "--depth", "bytes"]));
}

#[test]
fn one_that_is_nowhere_does_not_hide_the_others() {
    let run = User::new().run(&["check", "./nowhere.tar", "prov-true-oci.tar", "--quiet", "--depth", "bytes"]);
    insta::assert_snapshot!(run);
}

#[test]
fn a_registry_s_image_is_cured_without_a_write() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &Image::good(Family::Oci).attested("v1"));
    insta::assert_snapshot!(User::new().run(&["check", &image(&registry, "v1")]));
    assert_eq!(registry.mutations(), 0);
}

#[test]
fn at_depth_manifest_three_requests_are_enough() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &Image::good(Family::Oci).attested("v1"));
    User::new().run(&["check", &image(&registry, "v1"), "--depth", "manifest"]);
    assert_eq!(registry.lines().len(), 3, "{:#?}", registry.lines());
}

#[test]
fn resolve_prints_the_reference_alone() {
    let registry = ScriptedRegistry::start();
    let good = Image::good(Family::Oci);
    seed(&registry, &good.attested("v1"));
    let digest = lambark_oci::Digest::of(&good.manifest_bytes());
    let run = User::new().run(&["resolve", &image(&registry, "v1")]);
    assert_eq!(run, format!("exit code: 0\n---- stdout\n[HOST]/app@{digest}\n---- stderr\n"));
    assert_eq!(registry.mutations(), 0);
    insta::assert_snapshot!(User::new().run(&["resolve", "multi-oci.tar", "--arch", "arm64", "--format", "json"]));
}

#[test]
fn what_would_be_refused_is_not_resolved() {
    let registry = ScriptedRegistry::start();
    let mut windows = Image::good(Family::Docker);
    windows.config["os"] = "windows".into();
    seed(&registry, &windows.store("v1"));
    insta::assert_snapshot!(User::new().run(&["resolve", &image(&registry, "v1")]));
}

#[test]
fn the_threshold_comes_from_flag_variable_or_file() {
    let user = User::elsewhere();
    let archive = lambark_testkit::fixture("uncompressed-oci.tar").display().to_string();
    let code = |user: &User, flags: &[&str]| {
        let arguments: Vec<&str> =
            ["check", archive.as_str(), "--depth", "bytes"].iter().chain(flags).copied().collect();
        user.command(&arguments).output().unwrap().status.code().unwrap()
    };
    assert_eq!(code(&user, &[]), 0);
    assert_eq!(code(&user, &["--fail-on", "warning"]), 1);
    std::fs::write(user.directory().join("lambark.toml"), "[policy]\nfail-on = \"warning\"\n").unwrap();
    assert_eq!(code(&user, &[]), 1);
    assert_eq!(code(&user, &["--fail-on", "never"]), 0);
    let user = user.with("LAMBARK_FAIL_ON", "error");
    assert_eq!(code(&user, &[]), 0);
}

#[test]
fn strict_means_that_everything_was_looked_at() {
    let user = User::new();
    let code = |flags: &[&str]| user.command(flags).output().unwrap().status.code().unwrap();
    assert_eq!(code(&["check", "default-oci.tar", "--depth", "bytes"]), 0);
    assert_eq!(code(&["check", "default-oci.tar", "--depth", "bytes", "--strict"]), 3);
    let user = User::new().with("LAMBARK_STRICT", "0");
    let status = user.command(&["check", "default-oci.tar", "--depth", "bytes"]).status().unwrap();
    assert_eq!(status.code(), Some(0));
    let user = User::new().with("LAMBARK_ARCH", "").with("LAMBARK_STRICT", "");
    let status = user.command(&["check", "default-oci.tar", "--depth", "bytes"]).status().unwrap();
    assert_eq!(status.code(), Some(0), "an empty variable is none");
}

#[test]
fn a_house_that_wants_docker_says_so() {
    let user = User::elsewhere();
    std::fs::write(user.directory().join("lambark.toml"), "[policy]\nmanifest = \"docker\"\n").unwrap();
    let archive = lambark_testkit::fixture("default-oci.tar").display().to_string();
    let run = user.run(&["check", &archive, "--format", "json"]);
    assert!(run.starts_with("exit code: 1") && run.contains("\"rule\": \"manifest-policy\""), "{run}");
}

#[test]
fn a_registry_that_stumbles_is_asked_again() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &Image::good(Family::Oci).store("v1"));
    registry.rule(Rule::on("GET", "/v2/app/manifests/*").times(1).error(503, "UNAVAILABLE", "come back"));
    let run = User::new().run(&["check", &image(&registry, "v1"), "--depth", "manifest"]);
    assert!(run.starts_with("exit code: 0"), "{run}");
}
