//! What an earlier look is worth: less traffic, and the same verdicts.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use common::{Fixing, files, layout, name, rules};
use lambark_images::{Access, Error, Memory, Silent, gather, open};
use lambark_oci::{Compression, Digest, Family, ImageName};
use lambark_rules::facts::{ImageFacts, Sample};
use lambark_rules::{Judgement, judge};
use lambark_testkit::images::{File, Image, Layer, Store, bootstrap, good_files, tar_of, write_classic_archive};
use lambark_testkit::scripted::{Control, ScriptedRegistry};

const REPOSITORY: &str = "team/app";

/// A machine with a registry, and a cache in which nothing is known yet.
struct World {
    registry: ScriptedRegistry,
    cache: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        World { registry: ScriptedRegistry::start(), cache: tempfile::tempdir().unwrap() }
    }

    fn with(store: &Store) -> World {
        let world = World::new();
        world.seed(store);
        world
    }

    fn seed(&self, store: &Store) {
        self.registry.create_repository(REPOSITORY);
        for blob in &store.blobs {
            self.registry.put_blob(REPOSITORY, blob.clone());
        }
        for (media_type, bytes) in &store.manifests {
            self.registry.put_manifest(REPOSITORY, None, media_type, bytes.clone());
        }
        for (tag, object) in &store.tags {
            self.registry.move_tag(REPOSITORY, tag, &object.digest);
        }
        self.registry.forget_requests();
    }

    fn image(&self) -> ImageName {
        name(&format!("{}/{REPOSITORY}:v1", self.registry.host()))
    }

    fn memory(&self) -> Memory {
        Memory::new(self.cache.path())
    }

    fn access(&self) -> Access {
        common::access().with_memory(Some(self.memory()))
    }

    fn look_with(&self, image: &ImageName, access: &Access) -> ImageFacts {
        self.try_look_with(image, access).unwrap()
    }

    fn try_look_with(&self, image: &ImageName, access: &Access) -> Result<ImageFacts, Error> {
        self.registry.forget_requests();
        gather(&*open(image, access)?, &files(), access.recall_at(image), &Silent)
    }

    fn look(&self) -> ImageFacts {
        self.look_with(&self.image(), &self.access())
    }

    /// Blobs that were asked for since the last look began: whole ones, and beginnings.
    fn blobs(&self) -> (Vec<String>, usize) {
        let requests = self.registry.requests();
        let blobs = requests.iter().filter(|seen| seen.method == "GET" && seen.path.contains("/blobs/"));
        let (beginnings, whole): (Vec<_>, Vec<_>) = blobs.partition(|seen| seen.header("range").is_some());
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        (whole.iter().map(|seen| name(&seen.path)).collect(), beginnings.len())
    }
}

fn layer_of(file: &str, content: &[u8]) -> Layer {
    Layer::new(Family::Oci, Compression::Gzip, &[File::directory("opt/"), File::new(file, content)])
}

fn two_layers() -> Image {
    let good = Layer::new(Family::Oci, Compression::Gzip, &good_files());
    Image::of_layers(Family::Oci, vec![good, layer_of("opt/one", b"one")])
}

fn digest(layer: &Layer) -> String {
    layer.descriptor().digest.to_string()
}

fn config(image: &Image) -> String {
    Digest::of(&image.config_bytes()).to_string()
}

#[test]
fn a_second_look_downloads_no_layer() {
    let image = two_layers();
    let world = World::with(&image.store("v1"));
    assert_eq!(world.look().remembered(), 0);
    assert_eq!(world.blobs().0.len(), 3);
    assert_eq!(world.look().remembered(), 2);
    assert_eq!(world.blobs(), (vec![config(&image)], 2));
    // Anew means anew, and is remembered in its turn.
    let anew = common::access().with_memory(Some(world.memory().anew()));
    assert_eq!(world.look_with(&world.image(), &anew).remembered(), 0);
    assert_eq!(world.blobs().0.len(), 3);
    // Without a cache nothing is known.
    assert_eq!(world.look_with(&world.image(), &common::access()).remembered(), 0);
}

#[test]
fn a_changed_layer_alone_is_read() {
    let mut image = two_layers();
    let world = World::with(&image.store("v1"));
    world.look();
    image.layers[1] = layer_of("opt/two", b"two");
    world.seed(&image.store("v1"));
    let facts = world.look();
    assert_eq!(facts.layers.iter().map(|layer| layer.remembered).collect::<Vec<_>>(), [true, false]);
    let (mut whole, beginnings) = world.blobs();
    whole.sort();
    let mut expected = [config(&image), digest(&image.layers[1])];
    expected.sort();
    assert_eq!((whole.as_slice(), beginnings), (&expected[..], 1));
    assert!(facts.files.known().unwrap().lookup("opt/two").is_some());
}

#[test]
fn a_blob_that_vanished_is_missing_all_the_same() {
    let image = two_layers();
    let world = World::with(&image.store("v1"));
    world.look();
    world.registry.remove_blob(REPOSITORY, &image.layers[1].descriptor().digest);
    let facts = world.look();
    assert_eq!(facts.layers[1].sample.known().unwrap(), &Sample::Missing);
    assert!(rules(&judge(&facts)).contains(&"missing-blob"));
}

#[test]
fn bytes_that_look_other_from_outside_are_read() {
    let image = two_layers();
    let stored = image.layers[1].stored.to_vec();
    let longer = [&stored[..], b"x"].concat();
    let mut other = stored.clone();
    other[5] ^= 1;
    for bytes in [longer, other] {
        let world = World::with(&image.store("v1"));
        world.look();
        world.registry.put_blob_as(REPOSITORY, &image.layers[1].descriptor().digest, bytes);
        for access in [world.access(), common::access()] {
            let error = format!("{:?}", world.try_look_with(&world.image(), &access).unwrap_err());
            assert!(error.contains("DigestMismatch"), "{error}");
        }
        // What is wrong is not remembered, and what was remembered is still right.
        assert_eq!(world.memory().room().layers, 2);
    }
}

/// Good images, and ones with something to find in each way in which a layer is looked at.
fn table() -> Vec<(&'static str, Store)> {
    let family = Family::Oci;
    let gzip = |files: &[File]| Image::new(family, Compression::Gzip, files);
    let with = |file: File| [&good_files()[..], &[file]].concat();
    let of = |layers: Vec<Layer>| Image::of_layers(family, layers).store("v1");
    let good = || Layer::new(family, Compression::Gzip, &good_files());
    let mut wrong_diff_id = Image::good(family);
    wrong_diff_id.config["rootfs"] = serde_json::json!({ "type": "layers", "diff_ids": [Digest::of(b"other")] });
    let mut cut = good();
    cut.stored = cut.stored.slice(..cut.stored.len() / 2);
    let mut noise = good();
    noise.stored = Bytes::from_static(b"no tar at all");
    let mut vanished = two_layers().store("v1");
    let gone = vanished.blobs.iter().position(|blob| *blob == two_layers().layers[1].stored).unwrap();
    vanished.blobs.remove(gone);
    let mut tail = tar_of(&good_files());
    tail.extend_from_slice(&[7; 1024]);
    vec![
        ("good", Image::good(family).store("v1")),
        ("docker", Image::good(Family::Docker).store("v1")),
        ("attested", Image::good(family).attested("v1")),
        ("two layers", two_layers().store("v1")),
        ("one layer twice", of(vec![good(), good()])),
        ("zstd", Image::new(family, Compression::Zstd, &good_files()).store("v1")),
        ("plain", Image::new(family, Compression::None, &good_files()).store("v1")),
        ("mislabelled", of(vec![good().labelled(lambark_oci::media_type::OCI_LAYER_ZSTD)])),
        ("no parents", gzip(&[File::new("var/task/bootstrap", bootstrap(62)).mode(0o755)]).store("v1")),
        ("late parents", gzip(&[&good_files()[2..], &good_files()[..2]].concat()).store("v1")),
        ("another machine's", gzip(&with(File::new("var/task/native.so", bootstrap(183)))).store("v1")),
        ("unreadable", gzip(&with(File::new("var/task/secret.py", "x").mode(0o600))).store("v1")),
        ("a loop of links", gzip(&with(File::symlink("var/task/a", "a"))).store("v1")),
        ("a script from Windows", gzip(&with(File::new("var/task/x", "#!/bin/sh\r\n").mode(0o755))).store("v1")),
        ("no entry point", gzip(&good_files()[..2]).store("v1")),
        ("another's diff_id", wrong_diff_id.store("v1")),
        ("a whiteout", of(vec![good(), layer_of("var/task/.wh.bootstrap", b"")])),
        ("cut off", of(vec![good(), cut])),
        ("noise", of(vec![noise])),
        ("a blob that is not there", vanished),
        ("a tail behind the end", of(vec![Layer::of_tar(family, Compression::Gzip, &tail)])),
    ]
}

#[test]
fn verdicts_are_the_same_with_and_without() {
    let told = |judgement: &Judgement| format!("{judgement:#?}");
    let (mut seen, mut remembered) = (Vec::new(), 0);
    for (what, store) in table() {
        let world = World::with(&store);
        let without = judge(&world.look_with(&world.image(), &common::access()));
        let first = judge(&world.look());
        let facts = world.look();
        let second = judge(&facts);
        assert_eq!(told(&without), told(&first), "{what}");
        assert_eq!(told(&without), told(&second), "{what}");
        remembered += facts.remembered();
        seen.extend(rules(&second));
    }
    seen.sort_unstable();
    seen.dedup();
    assert!(remembered >= 20 && seen.len() >= 12, "{remembered} layers, {seen:?}");
}

/// Changes one byte behind those that tell what it is.
fn damage(directory: &Path, layer: &Layer) {
    let path: PathBuf = directory.join("blobs/sha256").join(layer.descriptor().digest.hex());
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).unwrap();
}

/// A layer whose damage no first bytes show.
fn long() -> Layer {
    let noise: Vec<u8> =
        (0..20_000_u32).flat_map(|number| Digest::of(&number.to_le_bytes()).hex().as_bytes()[..4].to_vec()).collect();
    layer_of("opt/noise", &noise)
}

fn long_image() -> Image {
    Image::of_layers(Family::Oci, vec![Layer::new(Family::Oci, Compression::Gzip, &good_files()), long()])
}

#[test]
fn a_layout_is_read_each_time_and_its_damage_found() {
    let world = World::new();
    let place = tempfile::tempdir().unwrap();
    long_image().store("v1").write_layout(place.path());
    let local = layout(place.path());
    for _ in 0..2 {
        let facts = world.look_with(&local, &world.access());
        assert!(facts.remembered() == 0 && judge(&facts).findings.is_empty(), "{:?}", judge(&facts).findings);
    }
    // What was read here counts for a registry.
    world.seed(&long_image().store("v1"));
    assert_eq!(world.look().remembered(), 2);
    assert_eq!(world.blobs().0.len(), 1);

    damage(place.path(), &long());
    let facts = world.look_with(&local, &world.access());
    assert_eq!(rules(&judge(&facts)), ["truncated-layer"]);
    let fixed = Fixing::new().fix_with(&local, None, &world.access());
    assert!(matches!(&fixed, Err(Error::Damaged { .. })) || fixed.is_ok_and(|fixed| fixed.applied.is_none()));
}

#[test]
fn what_was_damaged_since_does_not_arrive() {
    for manner in ["new", "there"] {
        let world = World::new();
        let place = tempfile::tempdir().unwrap();
        long_image().store("v1").write_layout(place.path());
        world.look_with(&layout(place.path()), &world.access());
        damage(place.path(), &long());
        if manner == "there" {
            world.seed(&long_image().store("v0"));
        }
        world.registry.forget_requests();
        let pushed = Fixing::new().fix_with(&layout(place.path()), Some(&world.image()), &world.access());
        if manner == "there" {
            // The registry has the right bytes, and takes none.
            assert_eq!(pushed.unwrap().facts.remembered(), 2);
            assert!(judge(&world.look_with(&world.image(), &common::access())).findings.is_empty());
        } else {
            let error = pushed.unwrap_err().to_string();
            assert!(error.contains("not those of sha256:"), "{error}");
            assert_eq!(world.registry.tagged(REPOSITORY, "v1"), None);
            assert_eq!(world.registry.blob(REPOSITORY, &long().descriptor().digest), None);
        }
    }
}

/// Registries are meant to hold a blob against its digest; this one takes what comes.
#[test]
fn a_registry_that_checks_nothing_gets_nothing_wrong() {
    let world = World::new();
    world.registry.behave(|behaviour| behaviour.checks_digests = false);
    let place = tempfile::tempdir().unwrap();
    long_image().store("v1").write_layout(place.path());
    world.look_with(&layout(place.path()), &world.access());
    damage(place.path(), &long());
    let pushed = Fixing::new().fix_with(&layout(place.path()), Some(&world.image()), &world.access());
    assert!(pushed.is_err());
    assert_eq!(world.registry.blob(REPOSITORY, &long().descriptor().digest), None);
}

#[test]
fn what_is_written_to_a_disk_is_read_first() {
    let world = World::with(&long_image().store("v1"));
    world.look();
    let place = tempfile::tempdir().unwrap();
    let target = layout(&place.path().join("layout"));
    let fixed = Fixing::new().fix_with(&world.image(), Some(&target), &world.access()).unwrap();
    assert_eq!(fixed.facts.remembered(), 0);
    let back = Fixing::new().fix_with(&world.image(), None, &world.access()).unwrap();
    assert_eq!(back.facts.remembered(), 2);
}

/// There layers go by names that anybody may have chosen.
#[test]
fn a_classic_archive_is_read_each_time() {
    let world = World::new();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("classic.tar");
    write_classic_archive(&path, "app:v1", &[good_files()]);
    let local = name(&format!("docker-archive:{}", path.display()));
    for _ in 0..2 {
        assert_eq!(world.look_with(&local, &world.access()).remembered(), 0);
    }
    let pushed = Fixing::new().fix_with(&local, Some(&world.image()), &world.access()).unwrap();
    assert_eq!(pushed.facts.remembered(), 0);
    assert_eq!(world.memory().room().layers, 0);
}

/// A repair reads what it rewrites, however well it was known.
#[test]
fn a_repair_of_known_layers_gives_the_same_image() {
    let image = Image::new(Family::Oci, Compression::Zstd, &good_files()[2..]);
    let results = [false, true].map(|known| {
        let world = World::with(&image.store("v1"));
        if known {
            world.look();
        }
        let fixed = Fixing::new().fix_with(&world.image(), None, &world.access()).unwrap();
        assert_eq!(fixed.facts.remembered(), usize::from(known));
        let registry: &Control = &world.registry;
        (fixed.applied.unwrap().image.digest().clone(), registry.tagged(REPOSITORY, "v1"))
    });
    assert_eq!(results[0], results[1]);
}
