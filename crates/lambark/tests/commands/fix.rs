//! `lambark fix`.

use lambark_oci::{Compression, Digest, Family};
use lambark_testkit::images::{Image, good_files};
use lambark_testkit::scripted::ScriptedRegistry;

use crate::support::{User, image, seed};

#[test]
fn an_archive_is_mended_into_a_layout_and_then_clean() {
    let user = User::at_root();
    let layout = format!("oci:{}:v1", user.path("fixed"));
    insta::assert_snapshot!(user.run(&["fix", "examples/attested.tar", "--to", &layout]));
    let run = user.run(&["check", &layout]);
    assert!(run.starts_with("exit code: 0") && run.contains("verdict accepted"), "{run}");
}

#[test]
fn a_tag_is_mended_where_it_lies_and_brought_back() {
    let registry = ScriptedRegistry::start();
    let store = Image::good(Family::Oci).attested("v1");
    seed(&registry, &store);
    let before = registry.tagged("app", "v1").unwrap();
    let (user, name) = (User::new(), image(&registry, "v1"));
    insta::assert_snapshot!(user.run(&["fix", &name]));
    let after = registry.tagged("app", "v1").unwrap();
    assert_eq!(after, Digest::of(&Image::good(Family::Oci).manifest_bytes()));
    insta::assert_snapshot!(user.run(&["fix", &name, "--undo"]));
    assert_eq!(registry.tagged("app", "v1").unwrap(), before);
}

#[test]
fn a_plan_changes_nothing() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &Image::new(Family::Oci, Compression::Zstd, &good_files()).attested("v1"));
    insta::assert_snapshot!(User::new().run(&["fix", &image(&registry, "v1"), "--plan"]));
    assert_eq!(registry.mutations(), 0);
}

#[test]
fn a_good_image_keeps_every_byte() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &Image::good(Family::Docker).store("v1"));
    insta::assert_snapshot!(User::new().run(&["fix", &image(&registry, "v1")]));
    assert_eq!(registry.mutations(), 0);
}

#[test]
fn a_shared_tag_is_left_alone_without_consent() {
    let registry = ScriptedRegistry::start();
    let mut store = Image::good(Family::Oci).store("one");
    let child = store.tags.remove(0).1;
    let index = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            { "mediaType": child.media_type, "digest": child.digest, "size": child.size,
              "platform": { "architecture": "amd64", "os": "linux" } },
            { "mediaType": child.media_type, "digest": child.digest, "size": child.size,
              "platform": { "architecture": "arm64", "os": "linux" } },
        ],
    });
    let object = store.manifest("application/vnd.oci.image.index.v1+json", index.to_string().into());
    store.tags.push(("v1".to_owned(), object));
    seed(&registry, &store);
    insta::assert_snapshot!(User::new().run(&["fix", &image(&registry, "v1"), "--arch", "x86_64"]));
    assert_eq!(registry.mutations(), 0);
}

#[test]
fn an_immutable_tag_is_told_what_to_do_instead() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &Image::good(Family::Oci).attested("v1"));
    registry.behave(|behaviour| behaviour.immutable_tags = true);
    insta::assert_snapshot!(User::new().run(&["fix", &image(&registry, "v1")]));
}

#[test]
fn a_machine_reads_what_was_done() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &Image::new(Family::Oci, Compression::Zstd, &good_files()).store("v1"));
    let run = User::new().run(&["fix", &image(&registry, "v1"), "--format", "json", "--no-progress"]);
    let json = run.split_once("---- stdout\n").unwrap().1.split_once("---- stderr").unwrap().0;
    let report: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(report["schema"], "lambark.fix/v1");
    assert_eq!(report["applied"], true);
    assert_eq!(report["layers"].as_array().unwrap().len(), 1);
    assert_eq!(report["after"], registry.tagged("app", "v1").unwrap().as_str());
    assert_eq!(report["left"], serde_json::json!([]));
    assert_eq!(report["traffic"]["requests"], registry.lines().len());
}

#[test]
fn what_no_repair_can_mend_is_an_exit_code() {
    let registry = ScriptedRegistry::start();
    let mut windows = Image::good(Family::Oci);
    windows.config["os"] = "windows".into();
    seed(&registry, &windows.attested("v1"));
    insta::assert_snapshot!(User::new().run(&["fix", &image(&registry, "v1"), "--quiet"]));
}
