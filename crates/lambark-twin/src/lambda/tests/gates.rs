//! The gates: refused at the call, failed later, or accepted with a note.

use lambark_oci::{Compression, Family};
use lambark_testkit::images::{File, Image, Layer, good_files};

use super::*;
use crate::control::Behaviour;
use crate::{Settings, Wording};

fn uri() -> String {
    format!("{REGISTRY}/app:v1")
}

#[test]
fn an_index_is_refused_at_the_call_in_lambdas_words() {
    for family in [Family::Oci, Family::Docker] {
        let bench = Bench::new();
        bench.push("app", &Image::good(family).attested("v1"));
        let text =
            format!("The image manifest, config or layer media type for the source image {} is not supported.", uri());
        let refused = bench.create("f", &uri());
        assert_eq!(refused.error(), (400, "InvalidParameterValueException".into(), text));
        assert_eq!(refused.json()["Type"], "User");
        assert_eq!(bench.call("GET", &format!("{FUNCTIONS}/f"), &NONE).status, 404, "nothing was made");
        assert!(bench.twin.control().notes()[0].contains("image-index"));
    }
}

#[test]
fn the_image_inside_an_index_is_taken_by_its_digest() {
    let bench = Bench::new();
    let image = Image::good(Family::Oci);
    bench.push("app", &image.attested("v1"));
    let child = lambark_oci::Digest::of(&image.manifest_bytes());
    assert_eq!(bench.create("f", &format!("{REGISTRY}/app@{child}")).status, 201);
}

#[test]
fn the_other_wordings_are_there_on_demand() {
    let bench = Bench::new();
    bench.push("app", &Image::good(Family::Oci).attested("v1"));
    let behave = |wording| bench.twin.control().behave(Behaviour { wording, ..Behaviour::default() });
    behave(Wording::Older);
    let text = format!("The image manifest or layer media type for the source image {} is not supported.", uri());
    assert_eq!(bench.create("f", &uri()).error().2, text);
    behave(Wording::Late);
    assert_eq!(bench.create("f", &uri()).status, 201);
    bench.settle();
    let function = bench.get("f");
    assert_eq!((&function["State"], &function["StateReasonCode"]), (&json!("Failed"), &json!("InvalidImage")));
    let text = "The image manifest, config or layer media type for the source image %s is not supported.";
    assert_eq!(function["StateReason"], text);
}

/// Images that are taken at the call and cannot be unpacked, with the reason.
fn unpackable() -> Vec<(Image, String)> {
    let plain = Layer::new(Family::Docker, Compression::None, &good_files());
    let digest = plain.descriptor().digest;
    let mislabelled = Layer::new(Family::Docker, Compression::None, &good_files())
        .labelled("application/vnd.docker.image.rootfs.diff.tar.gzip");
    let mislabelled_digest = mislabelled.descriptor().digest;
    let mut orphan = good_files();
    orphan.push(File::new("opt/extensions/adapter", "x").mode(0o755));
    vec![
        (
            Image::of_layers(Family::Docker, vec![plain]),
            format!("ImageLayerFailure: UnsupportedImageLayerDetected - Layer Digest {digest}"),
        ),
        (
            Image::of_layers(Family::Docker, vec![mislabelled]),
            format!("ImageLayerFailure: UnsupportedImageLayerDetected - Layer Digest {mislabelled_digest}"),
        ),
        (
            Image::new(Family::Docker, Compression::Gzip, &orphan),
            "MissingParentDirectory: Parent directory does not exist for file: opt/extensions/adapter".to_owned(),
        ),
    ]
}

#[test]
fn what_cannot_be_unpacked_is_accepted_and_then_fails() {
    for (image, reason) in unpackable() {
        let bench = Bench::new();
        bench.push("app", &image.store("v1"));
        let created = bench.create("f", &uri());
        assert_eq!((created.status, &created.json()["State"]), (201, &json!("Pending")));
        bench.settle();
        let function = bench.get("f");
        assert_eq!((&function["State"], &function["StateReasonCode"]), (&json!("Failed"), &json!("InvalidImage")));
        assert_eq!(function["StateReason"], reason);
    }
}

#[test]
fn an_update_that_cannot_be_unpacked_leaves_the_old_image() {
    for (image, reason) in unpackable() {
        let bench = Bench::new();
        bench.active("f");
        let before = bench.get("f");
        bench.push("app", &image.store("bad"));
        let updated = update_code(&bench, "f", &json!({ "ImageUri": format!("{REGISTRY}/app:bad") }));
        assert_eq!((updated.status, &updated.json()["LastUpdateStatus"]), (200, &json!("InProgress")));
        bench.settle();
        let after = bench.get("f");
        assert_eq!((&after["State"], &after["LastUpdateStatus"]), (&json!("Active"), &json!("Failed")));
        assert_eq!(
            (&after["LastUpdateStatusReasonCode"], &after["LastUpdateStatusReason"]),
            (&json!("InvalidImage"), &json!(reason))
        );
        assert_eq!(after["CodeSha256"], before["CodeSha256"]);
    }
}

#[test]
fn what_nobody_has_established_is_accepted_with_a_note_or_refused_by_a_pessimist() {
    let zstd = Image::new(Family::Oci, Compression::Zstd, &good_files()).store("v1");
    let bench = Bench::new();
    bench.push("app", &zstd);
    assert_eq!(bench.create("f", &uri()).status, 201);
    bench.settle();
    assert_eq!(bench.get("f")["State"], "Active");
    let notes = bench.twin.control().notes();
    assert!(notes.iter().any(|note| note.contains("zstd-layer") && note.contains("not confirmed by AWS")), "{notes:?}");

    let bench = Bench::with(Settings { pessimistic: true, ..Settings::ephemeral() });
    bench.push("app", &zstd);
    let (status, _, text) = bench.create("f", &uri()).error();
    assert_eq!(status, 400);
    assert!(text.starts_with("The image manifest, config or layer media type"), "{text}");
}

#[test]
fn a_blob_that_is_missing_is_looked_for_again() {
    let bench = Bench::new();
    let whole = Image::good(Family::Docker).store("v1");
    let mut without = whole.clone();
    let layer = without.blobs.remove(0);
    bench.push("app", &without);
    assert_eq!(bench.create("f", &uri()).status, 201);
    bench.settle();
    assert_eq!(bench.get("f")["State"], "Failed");
    let mut only = lambark_testkit::images::Store::default();
    only.blob(layer);
    bench.push("app", &only);
    assert_eq!(bench.create("g", &uri()).status, 201);
    bench.settle();
    assert_eq!(bench.get("g")["State"], "Active");
}

#[test]
fn a_dry_run_asks_no_gate_unless_told_and_changes_nothing() {
    let bench = Bench::new();
    bench.active("f");
    bench.push("app", &Image::good(Family::Oci).attested("index"));
    let before = bench.get("f");
    let dry = json!({ "ImageUri": format!("{REGISTRY}/app:index"), "DryRun": true });
    assert_eq!(update_code(&bench, "f", &dry).status, 200);
    let missing = json!({ "ImageUri": format!("{REGISTRY}/app:none"), "DryRun": true });
    assert_eq!(update_code(&bench, "f", &missing).status, 400);
    bench.twin.control().behave(Behaviour { dry_run_checks_media_types: true, ..Behaviour::default() });
    assert_eq!(update_code(&bench, "f", &dry).status, 400);
    assert_eq!(bench.get("f"), before);
}
