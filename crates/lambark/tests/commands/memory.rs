//! What an earlier look saves, what it must not hide, and how it is told.

use lambark_oci::{Compression, Digest, Family};
use lambark_testkit::images::{File, Image, Layer, bootstrap, good_files};
use lambark_testkit::scripted::ScriptedRegistry;

use crate::support::{User, image, json, seed};

/// A good image of two layers, of which no first bytes show the damage of the second.
fn good() -> Image {
    let noise: Vec<u8> = (0..5_000_u32)
        .flat_map(|number| *Digest::of(&number.to_le_bytes()).hex().as_bytes().first_chunk::<8>().unwrap())
        .collect();
    let noise = [File::directory("opt/"), File::new("opt/noise", noise)];
    let layer = |files: &[File]| Layer::new(Family::Oci, Compression::Gzip, files);
    Image::of_layers(Family::Oci, vec![layer(&good_files()), layer(&noise)])
}

/// Whole blobs, and beginnings, that were asked for.
fn downloads(registry: &ScriptedRegistry) -> (usize, usize) {
    let requests = registry.requests();
    let blobs = requests.iter().filter(|seen| seen.method == "GET" && seen.path.contains("/blobs/"));
    let (beginnings, whole): (Vec<_>, Vec<_>) = blobs.partition(|seen| seen.header("range").is_some());
    registry.forget_requests();
    (whole.len(), beginnings.len())
}

#[test]
fn a_second_check_says_what_it_did_not_read() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &good().store("v1"));
    let user = User::new();
    let check = ["check", &image(&registry, "v1"), "--depth", "files"];
    let first = user.run(&check);
    assert!(first.starts_with("exit code: 0") && !first.contains("earlier look"), "{first}");
    assert_eq!(downloads(&registry), (3, 0), "the config and both layers");
    insta::assert_snapshot!(user.run(&check));
    assert_eq!(downloads(&registry), (1, 2), "the config, and the beginnings of the layers");
    let report = json(&user, &[&check[..], &["--format", "json"]].concat());
    let layers = report["images"][0]["layers"].as_array().unwrap();
    assert!(layers.iter().all(|layer| layer["remembered"] == true), "{report:#}");
    registry.forget_requests();

    let anew = user.run(&[&check[..], &["--read-anew"]].concat());
    assert_eq!(anew, first);
    assert_eq!(downloads(&registry), (3, 0));
    // A cache elsewhere knows nothing.
    let elsewhere = user.run(&[&check[..], &["--cache-dir", &user.path("elsewhere")]].concat());
    assert_eq!(elsewhere, first);
}

#[test]
fn a_layer_that_vanished_is_found_missing() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &good().store("v1"));
    let user = User::new();
    let check = ["check", &image(&registry, "v1"), "--depth", "files"];
    user.run(&check);
    registry.remove_blob("app", &good().layers[1].descriptor().digest);
    let run = user.run(&check);
    assert!(run.starts_with("exit code: 1") && run.contains("error[missing-blob]"), "{run}");
}

#[test]
fn findings_in_files_are_found_again() {
    let registry = ScriptedRegistry::start();
    let broken = [File::new("var/task/bootstrap", bootstrap(183)).mode(0o600)];
    seed(&registry, &Image::new(Family::Oci, Compression::Gzip, &broken).store("v1"));
    let user = User::new();
    let check = ["check", &image(&registry, "v1"), "--depth", "files", "--format", "json"];
    let mut reports = [json(&user, &check), json(&user, &check)];
    assert!(reports[0]["images"][0]["findings"].as_array().unwrap().len() >= 2, "{:#}", reports[0]);
    assert_eq!(reports[1]["images"][0]["layers"][0]["remembered"], true);
    reports[1]["images"][0]["layers"][0]["remembered"] = false.into();
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn a_second_push_reads_nothing_and_sends_nothing_damaged() {
    let registry = ScriptedRegistry::start();
    let user = User::new();
    let layout = user.path("layout");
    good().store("v1").write_layout(std::path::Path::new(&layout));
    let local = format!("oci:{layout}");
    let push = |tag: &str| -> [String; 4] {
        ["push".to_owned(), local.clone(), image(&registry, tag), "--no-progress".to_owned()]
    };
    let first = user.run(&push("v1"));
    assert!(first.starts_with("exit code: 0") && !first.contains("earlier look"), "{first}");
    insta::assert_snapshot!(user.run(&push("v2")));

    let digest = good().layers[1].descriptor().digest;
    let path = format!("{layout}/blobs/sha256/{}", digest.hex());
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last - 20] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    // The look where it lies finds that; the registry, which has the blob, needs nothing of it.
    let run = user.run(&["check", &local]);
    assert!(run.starts_with("exit code: 1") && run.contains("corrupt") | run.contains("truncated"), "{run}");
    let run = user.run(&push("v3"));
    assert!(run.starts_with("exit code: 0") && run.contains("2 of 2 known from an earlier look"), "{run}");
    // Another one that has not is not given it.
    let other = ScriptedRegistry::start();
    let run = user.run(&["push", &local, &image(&other, "v1"), "--no-progress"]);
    assert!(run.starts_with("exit code: 3") && run.contains("are not those of sha256:"), "{run}");
    assert_eq!((other.tagged("app", "v1"), other.blob("app", &digest)), (None, None));
    let run = user.run(&["push", &local, &image(&other, "v1"), "--no-progress", "--read-anew"]);
    assert!(!run.starts_with("exit code: 0") && !run.contains("are not those of"), "{run}");
    assert_eq!(other.tagged("app", "v1"), None);
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_known_is_listed_and_forgotten() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &good().store("v1"));
    let user = User::new();
    let list = ["cache", "list", "--format", "json"];
    assert_eq!(json(&user, &list)["known"], serde_json::json!({ "layers": 0, "bytes": 0, "lastUsed": null }));
    let check = ["check", &image(&registry, "v1"), "--depth", "files"];
    user.run(&check);
    let known = json(&user, &list)["known"].clone();
    assert!(known["layers"] == 2 && known["bytes"].as_u64().unwrap() > 500, "{known}");
    let shown = user.run(&["cache", "list"]);
    assert!(shown.contains("the files of 2 layers") && shown.contains("used just now"), "{shown}");
    let pruned = json(&user, &["cache", "prune", "--format", "json"]);
    assert_eq!((&pruned["removedEntries"], &pruned["removedBytes"]), (&2.into(), &known["bytes"]), "{pruned}");
    assert_eq!(pruned["leftBytes"], 0);
    assert!(!user.run(&check).contains("earlier look"));
    // There is room for more than that.
    let pruned = json(&user, &["cache", "prune", "--keep", "1MB", "--format", "json"]);
    assert_eq!((&pruned["removedEntries"], &pruned["leftBytes"]), (&0.into(), &known["bytes"]), "{pruned}");
}
