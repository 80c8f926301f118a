//! Repairs from every local kind of source to every local kind of sink.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Fixing, archive, check, layout, look, name, rules};
use lambark_images::Error;
use lambark_images::repair::{As, ImagePlan};
use lambark_oci::media_type::{OCI_LAYER_GZIP, OCI_MANIFEST};
use lambark_oci::{Compression, Family, RawDocument};
use lambark_rules::Verdict;
use lambark_rules::facts::{ConfigFacts, Evidence, ManifestPolicy};
use lambark_testkit::images::{File, Image, Layer, Store, good_files, tar_of, write_classic_archive};

fn image_of(outcome: &lambark_images::repair::Outcome) -> &RawDocument {
    &outcome.applied.as_ref().unwrap().image
}

#[test]
fn a_good_image_changes_no_byte() {
    for family in [Family::Docker, Family::Oci] {
        let directory = tempfile::tempdir().unwrap();
        let image = Image::good(family);
        image.store("v1").write_layout(directory.path());
        let before = std::fs::read(directory.path().join("index.json")).unwrap();
        let outcome = Fixing::new().fix(&layout(directory.path()), None).unwrap();
        assert!(outcome.plan.changes_nothing() && outcome.applied.is_none());
        assert_eq!(std::fs::read(directory.path().join("index.json")).unwrap(), before);
        assert_eq!(check(&layout(directory.path())).verdict, Verdict::Accepted);
    }
}

#[test]
fn a_copy_of_a_good_image_has_its_digest() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("a"), directory.path().join("b.tar"));
    let store = Image::good(Family::Oci).store("v1");
    store.write_layout(&from);
    let outcome = Fixing::new().fix(&layout(&from), Some(&archive(&to))).unwrap();
    assert_eq!(image_of(&outcome).digest(), &store.top().digest);
    assert_eq!(check(&archive(&to)).verdict, Verdict::Accepted);
}

#[test]
fn an_attested_index_becomes_its_image_in_place_and_back() {
    let directory = tempfile::tempdir().unwrap();
    let image = Image::good(Family::Oci);
    let store = image.attested("v1");
    store.write_layout(directory.path());
    let at = layout(directory.path());
    assert_eq!(rules(&check(&at)), ["image-index"]);
    let fixing = Fixing::new();
    let outcome = fixing.fix(&at, None).unwrap();
    assert_eq!(image_of(&outcome).bytes(), &image.manifest_bytes(), "the child's own bytes");
    assert_eq!(check(&at).verdict, Verdict::Accepted);
    assert_eq!(outcome.applied.as_ref().unwrap().referrers.len(), 1);
    let tagged = name(&format!("oci:{}:v1", directory.path().display()));
    assert_eq!(check(&tagged).verdict, Verdict::Accepted, "the tag stays");
    let back = fixing.undo(&at).unwrap();
    assert_eq!(back.digest(), &store.top().digest);
    assert_eq!(rules(&check(&at)), ["image-index"]);
}

#[test]
fn an_archive_is_repaired_where_it_lies() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image.tar");
    Image::good(Family::Oci).attested("v1").write_archive(&path);
    let fixing = Fixing::new();
    fixing.fix(&archive(&path), None).unwrap();
    assert_eq!(check(&archive(&path)).verdict, Verdict::Accepted);
    // The same file under another spelling of its name.
    let other = directory.path().join("../").join(directory.path().file_name().unwrap()).join("image.tar");
    fixing.undo(&lambark_oci::ImageName::Path(other.display().to_string())).unwrap();
    assert_eq!(rules(&check(&archive(&path))), ["image-index"]);
}

#[test]
fn layers_become_gzip_with_the_same_diff_ids() {
    for (family, compression) in [
        (Family::Oci, Compression::Zstd),
        (Family::Docker, Compression::Zstd),
        (Family::Oci, Compression::None),
        (Family::Docker, Compression::None),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("a"), directory.path().join("b"));
        let image = Image::new(family, compression, &good_files());
        image.store("v1").write_layout(&from);
        assert_ne!(check(&layout(&from)).verdict, Verdict::Accepted, "{family} {compression}");
        let outcome = Fixing::new().fix(&layout(&from), Some(&layout(&to))).unwrap();
        let manifest = image_of(&outcome).manifest().unwrap();
        assert_eq!(manifest.layers[0].media_type.as_str(), OCI_LAYER_GZIP);
        assert_eq!(manifest.content_family(), Some(Family::Oci), "a layout is OCI's own");
        let facts = look(&layout(&to), &common::files()).unwrap();
        let Evidence::Known(ConfigFacts::Read { config, .. }) = &facts.config else { panic!("no config") };
        assert_eq!(config.rootfs.diff_ids, [image.layers[0].diff_id.clone()]);
        assert_eq!(check(&layout(&to)).verdict, Verdict::Accepted, "{family} {compression}");
    }
}

#[test]
fn a_layer_that_lies_about_its_compression_is_told_apart_by_its_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("a"), directory.path().join("b"));
    let layer = Layer::new(Family::Oci, Compression::Zstd, &good_files()).labelled(OCI_LAYER_GZIP);
    Image::of_layers(Family::Oci, vec![layer]).store("v1").write_layout(&from);
    assert!(rules(&check(&layout(&from))).contains(&"mislabelled-layer"));
    Fixing::new().fix(&layout(&from), Some(&layout(&to))).unwrap();
    assert_eq!(check(&layout(&to)).verdict, Verdict::Accepted);
}

#[test]
fn gzip_under_another_label_only_gets_the_right_one() {
    let directory = tempfile::tempdir().unwrap();
    let layer =
        Layer::new(Family::Oci, Compression::Gzip, &good_files()).labelled(lambark_oci::media_type::OCI_LAYER_ZSTD);
    let digest = layer.descriptor().digest;
    Image::of_layers(Family::Oci, vec![layer]).store("v1").write_layout(directory.path());
    let outcome = Fixing::new().fix(&layout(directory.path()), None).unwrap();
    let layers = &image_of(&outcome).manifest().unwrap().layers;
    assert_eq!((layers[0].digest.clone(), layers[0].media_type.as_str()), (digest, OCI_LAYER_GZIP));
    assert_eq!(check(&layout(directory.path())).verdict, Verdict::Accepted);
}

#[test]
fn missing_and_late_directories_are_mended_and_every_file_stays() {
    let mut late = good_files();
    late.rotate_left(2);
    let missing: Vec<File> = good_files().into_iter().skip(2).collect();
    for (files, rule) in [(missing, "missing-parent-directory"), (late, "late-parent-directory")] {
        let directory = tempfile::tempdir().unwrap();
        Image::new(Family::Oci, Compression::Gzip, &files).store("v1").write_layout(directory.path());
        let at = layout(directory.path());
        assert!(rules(&check(&at)).contains(&rule), "{rule}: {:?}", rules(&check(&at)));
        let outcome = Fixing::new().fix(&at, None).unwrap();
        assert!(!outcome.plan.keeps_digest());
        assert_eq!(check(&at).verdict, Verdict::Accepted, "{rule}");
        let facts = look(&at, &common::files()).unwrap();
        let files = facts.files.known().unwrap();
        assert_eq!(files.lookup("var/task/data.txt").unwrap().size, 5_000);
    }
}

#[test]
fn the_family_that_is_wanted_is_the_family_that_comes_out() {
    for (from, wanted) in [(Family::Docker, Family::Oci), (Family::Oci, Family::Docker)] {
        let directory = tempfile::tempdir().unwrap();
        let image = Image::good(from);
        image.attested("v1").write_layout(directory.path());
        let mut fixing = Fixing::new();
        fixing.options.family = As::Only(wanted);
        let outcome = fixing.fix(&layout(directory.path()), None).unwrap();
        let new = image_of(&outcome);
        assert_eq!((new.media_type(), new.manifest().unwrap().content_family()), (&wanted.manifest(), Some(wanted)));
        assert_eq!(new.manifest().unwrap().layers[0].digest, image.layers[0].descriptor().digest);
    }
}

#[test]
fn fix_then_check_is_clean_with_every_policy() {
    let policies = [ManifestPolicy::Any, ManifestPolicy::Only(Family::Docker), ManifestPolicy::Only(Family::Oci)];
    for policy in policies {
        for family in [Family::Docker, Family::Oci] {
            let directory = tempfile::tempdir().unwrap();
            Image::new(family, Compression::Zstd, &good_files()[2..]).attested("v1").write_layout(directory.path());
            let mut fixing = Fixing::new();
            fixing.gather.asked.policy = policy;
            fixing.fix(&layout(directory.path()), None).unwrap();
            let facts = look(&layout(directory.path()), &fixing.gather).unwrap();
            let judgement = lambark_rules::judge(&facts);
            assert_eq!(judgement.verdict, Verdict::Accepted, "{policy:?} {family}: {:?}", rules(&judgement));
        }
    }
}

#[test]
fn mixed_types_become_pure() {
    let directory = tempfile::tempdir().unwrap();
    let layers = vec![Layer::new(Family::Docker, Compression::Gzip, &good_files())];
    Image::of_layers(Family::Oci, layers).store("v1").write_layout(directory.path());
    assert!(rules(&check(&layout(directory.path()))).contains(&"mixed-media-types"));
    let outcome = Fixing::new().fix(&layout(directory.path()), None).unwrap();
    assert!(!outcome.plan.rewrites_layers(), "only the manifest is written");
    assert_eq!(check(&layout(directory.path())).verdict, Verdict::Accepted);
}

#[test]
fn a_classic_archive_becomes_an_image_with_a_manifest() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("classic.tar"), directory.path().join("b"));
    write_classic_archive(&from, "app:v1", &[good_files()]);
    let classic = name(&format!("docker-archive:{}", from.display()));
    let judgement = check(&classic);
    assert!(judgement.findings.is_empty(), "{:?}", rules(&judgement));
    assert_eq!(judgement.verdict, Verdict::Incomplete, "its media types are not known");
    Fixing::new().fix(&classic, Some(&layout(&to))).unwrap();
    assert_eq!(check(&layout(&to)).verdict, Verdict::Accepted);
    let docker = name(&format!("docker-archive:{}:app:v1", directory.path().join("c.tar").display()));
    Fixing::new().fix(&classic, Some(&docker)).unwrap();
    assert_eq!(check(&docker).verdict, Verdict::Accepted);
}

#[test]
fn several_platforms_are_not_put_aside_without_consent() {
    let directory = tempfile::tempdir().unwrap();
    let mut arm = Image::good(Family::Oci);
    arm.config["architecture"] = "arm64".into();
    arm.layers = vec![Layer::new(
        Family::Oci,
        Compression::Gzip,
        &[
            File::directory("var/"),
            File::directory("var/task/"),
            File::new("var/task/bootstrap", lambark_testkit::images::bootstrap(183)).mode(0o755),
        ],
    )];
    let mut store = Store::default();
    let children = [Image::good(Family::Oci).add_to(&mut store), arm.add_to(&mut store)];
    let index = store.index(lambark_oci::media_type::OCI_INDEX, &children);
    store.tag("v1", index);
    store.write_layout(directory.path());
    let at = layout(directory.path());
    let mut fixing = Fixing::new();
    assert!(matches!(fixing.fix(&at, None), Err(Error::Select(_))), "which one is not guessed");
    fixing.gather.asked.architecture = Some(lambark_oci::Architecture::Arm64);
    assert!(matches!(fixing.fix(&at, None), Err(Error::Refused { .. })));
    assert_eq!(rules(&check(&at)), ["multi-platform-index"]);
    let to = layout(&directory.path().join("arm"));
    let outcome = fixing.fix(&at, Some(&to)).unwrap();
    assert_eq!(image_of(&outcome).digest(), &children[1].digest);
    fixing.options.replace_multi_platform = true;
    fixing.fix(&at, None).unwrap();
    assert_eq!(check(&at).verdict, Verdict::Accepted);
}

#[test]
fn a_damaged_image_is_not_written_anywhere() {
    let whole = tar_of(&good_files());
    let cut = Layer::of_tar(Family::Oci, Compression::Gzip, &whole);
    let mut cut = Layer { stored: cut.stored.slice(..cut.stored.len() - 20), ..cut };
    for case in ["truncated", "other diff_id"] {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("a"), directory.path().join("b"));
        if case == "other diff_id" {
            cut = Layer::of_tar(Family::Oci, Compression::Gzip, &whole);
            cut.diff_id = lambark_oci::Digest::of(b"other");
        }
        Image::of_layers(Family::Oci, vec![cut.clone()]).store("v1").write_layout(&from);
        let error = Fixing::new().fix(&layout(&from), Some(&layout(&to))).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{case}: {error}");
        assert!(!to.exists());
    }
}

#[test]
fn the_second_time_the_cache_knows_the_layers() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("a"), directory.path().join("b"));
    Image::new(Family::Oci, Compression::Zstd, &good_files()).store("v1").write_layout(&from);
    let mut fixing = Fixing::new();
    fixing.cache = true;
    let first = fixing.fix(&layout(&from), Some(&layout(&to))).unwrap().applied.unwrap();
    let second = fixing.fix(&layout(&from), Some(&layout(&to))).unwrap().applied.unwrap();
    assert_eq!((first.encoded.len(), first.reused), (1, 0));
    assert_eq!((second.encoded.len(), second.reused), (0, 1));
    assert_eq!(first.image, second.image);
}

#[test]
fn a_plan_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("a"), directory.path().join("b"));
    Image::new(Family::Oci, Compression::Zstd, &good_files()).attested("v1").write_layout(&from);
    let before = std::fs::read(from.join("index.json")).unwrap();
    let mut fixing = Fixing::new();
    fixing.plan_only = true;
    let outcome = fixing.fix(&layout(&from), Some(&layout(&to))).unwrap();
    assert!(matches!(outcome.plan.image, ImagePlan::Rewrite { .. }) && outcome.plan.steps().len() >= 3);
    fixing.fix(&layout(&from), None).unwrap();
    assert!(!to.exists());
    assert_eq!(std::fs::read(from.join("index.json")).unwrap(), before);
}

#[test]
fn other_images_of_a_layout_stay() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Image::good(Family::Oci).attested("bad");
    let good = Image::good(Family::Docker).add_to(&mut store);
    store.tag("good", good.clone());
    store.write_layout(directory.path());
    let bad = name(&format!("oci:{}:bad", directory.path().display()));
    let outcome = Fixing::new().fix(&bad, None).unwrap();
    assert_eq!(image_of(&outcome).media_type().as_str(), OCI_MANIFEST);
    let kept = look(&name(&format!("oci:{}:good", directory.path().display())), &common::files()).unwrap();
    assert_eq!(kept.top.known().unwrap().digest(), &good.digest);
}

#[test]
fn a_wrong_size_is_put_right() {
    let directory = tempfile::tempdir().unwrap();
    let image = Image::good(Family::Oci);
    let mut layer = image.layers[0].descriptor();
    layer.size += 1;
    let wrong = Image { extra: serde_json::json!({ "layers": [layer] }), ..image };
    wrong.store("v1").write_layout(directory.path());
    let at = layout(directory.path());
    assert_eq!(rules(&check(&at)), ["layer-size-mismatch"]);
    let outcome = Fixing::new().fix(&at, None).unwrap();
    assert!(!outcome.plan.rewrites_layers());
    assert_eq!(check(&at).verdict, Verdict::Accepted);
}

#[test]
fn without_a_tag_the_image_stands_alone_and_the_plan_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("a"), directory.path().join("b"));
    Image::good(Family::Oci).attested("v1").write_layout(&from);
    let outcome = Fixing::new().fix(&layout(&from), Some(&layout(&to))).unwrap();
    assert!(outcome.plan.steps().iter().any(|step| step.contains("leave the attestations out")));
    let index = std::fs::read_to_string(to.join("index.json")).unwrap();
    assert_eq!(index.matches("digest").count(), 1, "{index}");
    let tagged = name(&format!("oci:{}:v1", directory.path().join("c").display()));
    let outcome = Fixing::new().fix(&layout(&from), Some(&tagged)).unwrap();
    assert_eq!(outcome.applied.unwrap().referrers.len(), 1);
    assert_eq!(check(&tagged).verdict, Verdict::Accepted);
}

#[test]
fn layers_of_an_earlier_repair_are_used_again() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("a"), directory.path().join("b"));
    Image::new(Family::Oci, Compression::Zstd, &good_files()).store("v1").write_layout(&from);
    let earlier = name(&format!("oci:{}:earlier", to.display()));
    let first = Fixing::new().fix(&layout(&from), Some(&earlier)).unwrap().applied.unwrap();
    let again = name(&format!("oci:{}:again", to.display()));
    let mut fixing = Fixing::new();
    fixing.reuse_from = Some(earlier);
    let second = fixing.fix(&layout(&from), Some(&again)).unwrap().applied.unwrap();
    assert_eq!((second.encoded.len(), second.reused), (0, 1));
    assert_eq!(second.image, first.image);
}

#[test]
fn what_changes_the_function_is_mended_only_with_consent() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = good_files();
    files.push(File::new("lambda-entrypoint.sh", "#!/var/task/bootstrap\n").mode(0o755));
    files.push(File::new("var/task/secret.txt", "read by its owner alone").mode(0o600));
    let mut image = Image::new(Family::Oci, Compression::Gzip, &files);
    image.config["config"] = serde_json::json!({
        "Entrypoint": ["/lambda-entrypoint.sh"], "Cmd": ["app.handler", "extra"], "WorkingDir": "var/task",
    });
    image.store("v1").write_layout(directory.path());
    let at = layout(directory.path());
    let before = rules(&check(&at));
    for rule in ["cmd-count", "unreadable-file", "workdir-missing"] {
        assert!(before.contains(&rule), "{rule}: {before:?}");
    }
    let mut fixing = Fixing::new();
    assert!(fixing.fix(&at, None).unwrap().plan.changes_nothing());
    fixing.options.unsafe_fixes = true;
    fixing.fix(&at, None).unwrap();
    let after = rules(&check(&at));
    for rule in ["cmd-count", "unreadable-file", "workdir-missing"] {
        assert!(!after.contains(&rule), "{rule}: {after:?}");
    }
    let facts = look(&at, &common::files()).unwrap();
    let config = &facts.image_config().unwrap().config;
    assert_eq!((config.cmd.as_slice(), config.working_dir.as_str()), (&["app.handler".to_owned()][..], "/var/task"));
    assert_eq!(facts.files.known().unwrap().lookup("var/task/secret.txt").unwrap().mode & 0o777, 0o604);
}
