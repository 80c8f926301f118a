//! Laws that hold for every image, not only for those that somebody thought of.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Fixing, layout, look, rules};
use lambark_images::repair::As;
use lambark_oci::{Compression, Family};
use lambark_rules::facts::{Evidence, ManifestPolicy};
use lambark_rules::{Verdict, judge};
use lambark_testkit::images::{File, Image, Layer, bootstrap};
use proptest::prelude::*;

/// Disk and codecs cost some milliseconds a case; this many find what more would find.
const CASES: u32 = 64;

fn family() -> impl Strategy<Value = Family> {
    prop_oneof![Just(Family::Oci), Just(Family::Docker)]
}

fn compression() -> impl Strategy<Value = Compression> {
    prop_oneof![Just(Compression::Gzip), Just(Compression::Zstd), Just(Compression::None)]
}

fn policy() -> impl Strategy<Value = ManifestPolicy> {
    prop_oneof![
        Just(ManifestPolicy::Any),
        Just(ManifestPolicy::Only(Family::Oci)),
        Just(ManifestPolicy::Only(Family::Docker))
    ]
}

/// Files below `app/`, with or without entries for the directories above them, in any order.
fn files() -> impl Strategy<Value = Vec<File>> {
    let file = ("[a-c]{1,2}", "[d-f]{1,2}", proptest::collection::vec(any::<u8>(), 0..600)).prop_map(
        |(directory, name, content)| (format!("app/{directory}"), format!("app/{directory}/{name}"), content),
    );
    (proptest::collection::vec((file, any::<bool>()), 0..6), any::<bool>()).prop_map(|(wanted, root)| {
        let mut files: Vec<File> = Vec::new();
        if root {
            files.push(File::directory("app/"));
        }
        for ((directory, name, content), with_directory) in wanted {
            if with_directory {
                files.push(File::directory(&format!("{directory}/")));
            }
            files.push(File::new(&name, content));
        }
        files
    })
}

fn base() -> Vec<File> {
    vec![
        File::directory("var/"),
        File::directory("var/task/"),
        File::new("var/task/bootstrap", bootstrap(62)).mode(0o755),
    ]
}

/// An image of a base layer and up to three others, each compressed and labelled in its own way.
fn image() -> impl Strategy<Value = Image> {
    let layer = (family(), compression(), files());
    (family(), compression(), proptest::collection::vec(layer, 0..3)).prop_map(|(family, compression, above)| {
        let mut layers = vec![Layer::new(family, compression, &base())];
        layers.extend(above.iter().map(|(family, compression, files)| Layer::new(*family, *compression, files)));
        Image::of_layers(family, layers)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn fix_then_check_is_clean_and_a_second_fix_does_nothing(
        image in image(), attested in any::<bool>(), policy in policy()
    ) {
        let directory = tempfile::tempdir().unwrap();
        let store = if attested { image.attested("v1") } else { image.store("v1") };
        store.write_layout(directory.path());
        let at = layout(directory.path());
        let mut fixing = Fixing::new();
        fixing.gather.asked.policy = policy;
        fixing.fix(&at, None).unwrap();
        let judgement = judge(&look(&at, &fixing.gather).unwrap());
        prop_assert_eq!(judgement.verdict, Verdict::Accepted, "{:?}", rules(&judgement));
        let index = std::fs::read(directory.path().join("index.json")).unwrap();
        let again = fixing.fix(&at, None).unwrap();
        prop_assert!(again.plan.changes_nothing() && again.applied.is_none());
        prop_assert_eq!(std::fs::read(directory.path().join("index.json")).unwrap(), index);
    }

    #[test]
    fn a_repair_keeps_every_file(image in image()) {
        let directory = tempfile::tempdir().unwrap();
        image.store("v1").write_layout(directory.path());
        let at = layout(directory.path());
        let fixing = Fixing::new();
        let listing = || -> Vec<(String, u32, u64)> {
            let facts = look(&at, &fixing.gather).unwrap();
            let files = facts.files.known().unwrap();
            files.walk("").filter(|(_, node)| node.is_file()).map(|(path, node)| (path.to_owned(), node.mode, node.size)).collect()
        };
        let before = listing();
        fixing.fix(&at, None).unwrap();
        prop_assert_eq!(listing(), before);
    }

    #[test]
    fn there_and_back_again_keeps_the_layers(image in image()) {
        let directory = tempfile::tempdir().unwrap();
        image.store("v1").write_layout(directory.path());
        let at = layout(directory.path());
        let mut fixing = Fixing::new();
        let mut layers = Vec::new();
        for family in [Family::Oci, Family::Docker, Family::Oci] {
            fixing.options.family = As::Only(family);
            fixing.fix(&at, None).unwrap();
            let facts = look(&at, &fixing.gather).unwrap();
            let Evidence::Known(image) = &facts.image else { panic!("no image") };
            let manifest = image.manifest().unwrap();
            layers.push(manifest.layers.iter().map(|layer| layer.digest.clone()).collect::<Vec<_>>());
        }
        prop_assert_eq!(&layers[0], &layers[1]);
        prop_assert_eq!(&layers[1], &layers[2]);
    }
}
