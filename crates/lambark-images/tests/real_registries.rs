//! Real registries, real clients: what a repair leaves behind is taken by programs that nobody here wrote.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use common::{Fixing, archive, check, layout, look, name, rules};
use lambark_images::{Access, Gather};
use lambark_oci::{Compression, Family, ImageName};
use lambark_registry::auth::Fixed;
use lambark_rules::facts::Asked;
use lambark_rules::{Needs, Verdict};
use lambark_testkit::fixture;
use lambark_testkit::images::{File, Image, good_files};
use lambark_testkit::parts::{CraneRegistry, DockerRegistry, Flavour, skopeo, umoci};

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Lays an archive into a registry with skopeo, index and all.
fn push(archive: &Path, host: &str, image: &str) -> Option<ImageName> {
    let mut copy = skopeo()?;
    copy.args(["copy", "--all", "--quiet", "--dest-tls-verify=false"]);
    run(copy.arg(format!("oci-archive:{}", archive.display())).arg(format!("docker://{host}/{image}")));
    Some(name(&format!("{host}/{image}")))
}

fn bytes() -> Gather {
    Gather { depth: Needs::Bytes, asked: Asked::default() }
}

/// Every file below a directory: what kind, how long, which bytes.
fn tree(root: &Path) -> BTreeMap<String, String> {
    fn walk(root: &Path, directory: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.symlink_metadata().unwrap();
            let shown = path.strip_prefix(root).unwrap().display().to_string();
            if meta.is_dir() {
                found.insert(shown, "directory".to_owned());
                walk(root, &path, found);
            } else if meta.is_symlink() {
                found.insert(shown, format!("link to {}", std::fs::read_link(&path).unwrap().display()));
            } else {
                let digest = lambark_oci::Digest::of(&std::fs::read(&path).unwrap());
                found.insert(shown, format!("{} bytes {digest}", meta.len()));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

/// Copies an image to an OCI layout with skopeo and unpacks it with umoci.
fn unpacked(image: &str, work: &Path) -> Option<BTreeMap<String, String>> {
    std::fs::create_dir_all(work).unwrap();
    let oci = work.join("oci");
    let mut copy = skopeo()?;
    copy.args(["copy", "--quiet", "--src-tls-verify=false", "--format", "oci"]);
    run(copy.arg(image).arg(format!("oci:{}:v1", oci.display())));
    let bundle = work.join("bundle");
    run(umoci()?.args(["unpack", "--rootless", "--image"]).arg(format!("{}:v1", oci.display())).arg(&bundle));
    Some(tree(&bundle.join("rootfs")))
}

#[test]
fn an_attested_index_is_repaired_with_the_promised_requests() {
    let Some(registry) = DockerRegistry::start(Flavour::Plain) else { return };
    let Some(image) = push(&fixture("prov-true-oci.tar"), &registry.host(), "team/app:v1") else { return };
    let before = registry.requests().len();
    let fixing = Fixing { gather: bytes(), ..Fixing::new() };
    let outcome = fixing.fix(&image, None).unwrap();
    let requests = &registry.requests()[before..];
    let shown: Vec<String> = requests.iter().map(ToString::to_string).collect();
    let manifests = requests.iter().filter(|request| request.path.contains("/manifests/")).count();
    // Three for the image, two for the attestation, two for the tag that stands in for the referrers API.
    assert!(manifests <= 7, "{shown:#?}");
    let layers = outcome.facts.layers.len();
    let blobs = requests.iter().filter(|request| request.path.contains("/blobs/")).count();
    assert_eq!(blobs, 1 + layers, "the config and one range a layer: {shown:#?}");
    assert_eq!(requests.len(), manifests + blobs, "nothing else: {shown:#?}");
    assert_eq!(check(&image).gates[0].1, lambark_rules::GateVerdict::Accepted);
    let raw = run(skopeo().unwrap().args(["inspect", "--raw", "--tls-verify=false"]).arg(format!("docker://{image}")));
    assert_eq!(raw.as_bytes(), &outcome.applied.unwrap().image.bytes()[..]);
}

#[test]
fn without_attestations_three_manifest_requests_are_enough() {
    let Some(registry) = DockerRegistry::start(Flavour::Plain) else { return };
    let Some(image) = push(&fixture("prov-true-oci.tar"), &registry.host(), "app:v1") else { return };
    let before = registry.requests().len();
    let mut fixing = Fixing { gather: Gather { depth: Needs::Manifest, asked: Asked::default() }, ..Fixing::new() };
    fixing.options.drop_attestations = true;
    fixing.fix(&image, None).unwrap();
    let requests = &registry.requests()[before..];
    let manifests = requests.iter().filter(|request| request.path.contains("/manifests/")).count();
    assert_eq!(manifests, 3, "{requests:?}");
    assert_eq!(requests.len(), 4, "and the config: {requests:?}");
}

#[test]
fn every_flavour_of_docker_registry_is_spoken_to() {
    for flavour in Flavour::ALL {
        let Some(registry) = DockerRegistry::start(flavour) else { return };
        let ca = registry.ca_file();
        let host = if flavour == Flavour::Tls { registry.localhost() } else { registry.host() };
        let credentials = registry.credentials().map(|(user, password)| Fixed::basic(host.clone(), user, password));
        let access = Access::new(false, move || {
            lambark_registry::tls::install_provider();
            let mut options = lambark_registry::Options::from_variables(&|_| None)?;
            if let Some(credentials) = &credentials {
                options.credentials = Arc::new(credentials.clone());
            }
            if let Some(ca) = &ca {
                options.ca_certificates = vec![lambark_registry::CaBundle::read("the test", ca)?];
            }
            Ok(options)
        });
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("image.tar");
        Image::new(Family::Oci, Compression::Zstd, &good_files()).attested("v1").write_archive(&path);
        let remote = name(&format!("{host}/app:v1"));
        let outcome = Fixing::new().fix_with(&archive(&path), Some(&remote), &access).unwrap();
        assert_eq!(outcome.applied.unwrap().encoded.len(), 1, "{flavour:?}");
        let source = lambark_images::open(&remote, &access).unwrap();
        let facts = lambark_images::gather(
            &*source,
            &common::files(),
            lambark_images::Recall::Nothing,
            &lambark_images::Silent,
        )
        .unwrap();
        let judgement = lambark_rules::judge(&facts);
        assert_eq!(judgement.verdict, Verdict::Accepted, "{flavour:?}: {:?}", rules(&judgement));
    }
}

#[test]
fn another_registry_takes_the_same_repairs() {
    let Some(registry) = CraneRegistry::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let from = directory.path().join("a");
    Image::new(Family::Docker, Compression::None, &good_files()[2..]).attested("v1").write_layout(&from);
    let remote = name(&format!("{}/app:v1", registry.host()));
    Fixing::new().fix(&layout(&from), Some(&remote)).unwrap();
    let judgement = check(&remote);
    assert_eq!(judgement.verdict, Verdict::Accepted, "{:?}", rules(&judgement));
}

#[test]
fn layers_are_encoded_in_the_registry_itself_and_the_way_back_works() {
    let Some(registry) = DockerRegistry::start(Flavour::Plain) else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image.tar");
    let store = Image::new(Family::Oci, Compression::Zstd, &good_files()).attested("v1");
    store.write_archive(&path);
    let Some(image) = push(&path, &registry.host(), "app:v1") else { return };
    let fixing = Fixing::new();
    fixing.fix(&image, None).unwrap();
    let judgement = check(&image);
    assert_eq!(judgement.verdict, Verdict::Accepted, "{:?}", rules(&judgement));
    let back = fixing.undo(&image).unwrap();
    assert_eq!(back.digest(), look(&image, &bytes()).unwrap().top.known().unwrap().digest());
    assert!(rules(&check(&image)).contains(&"image-index"));
}

#[test]
fn a_blob_of_another_repository_is_mounted() {
    let Some(registry) = DockerRegistry::start(Flavour::Plain) else { return };
    let Some(image) = push(&fixture("prov-true-oci.tar"), &registry.host(), "a:v1") else { return };
    let before = registry.requests().len();
    Fixing::new().fix(&image, Some(&name(&format!("{}/b:v1", registry.host())))).unwrap();
    let requests = &registry.requests()[before..];
    assert!(requests.iter().any(|request| request.path.contains("mount=") && request.status == 201), "{requests:?}");
    assert!(
        !requests.iter().any(|request| request.method == "PATCH" || request.path.contains("_state=")),
        "{requests:?}"
    );
}

#[test]
fn skopeo_and_umoci_find_every_file_of_the_source() {
    if skopeo().is_none() || umoci().is_none() {
        return;
    }
    let mut files = good_files();
    files.extend([
        File::symlink("var/task/link", "data.txt"),
        File::new("opt/deep/down/file", "without its directories"),
        File::new("var/task/empty", ""),
    ]);
    let directory = tempfile::tempdir().unwrap();
    let good = directory.path().join("good");
    let plain = Image::new(Family::Oci, Compression::None, &files);
    plain.store("v1").write_layout(&good);
    let expected = unpacked(&format!("oci:{}:v1", good.display()), &directory.path().join("w0"));
    for (number, compression) in [Compression::Gzip, Compression::Zstd, Compression::None].into_iter().enumerate() {
        for family in [Family::Oci, Family::Docker] {
            let work = directory.path().join(format!("{number}{family}"));
            Image::new(family, compression, &files).attested("v1").write_layout(&work.join("bad"));
            let fixed = name(&format!("oci:{}:v1", work.join("fixed").display()));
            Fixing::new().fix(&layout(&work.join("bad")), Some(&fixed)).unwrap();
            assert_eq!(unpacked(&fixed.to_string(), &work), expected, "{family} {compression}");
        }
    }
}

#[test]
fn every_archive_of_a_real_buildkit_is_mended_and_taken_by_skopeo() {
    let names = [
        "default-oci.tar",
        "prov-true-oci.tar",
        "prov-max-sbomfalse-oci.tar",
        "prov-false-oci.tar",
        "zstd-oci.tar",
        "uncompressed-oci.tar",
        "estargz-oci.tar",
        "arm-oci.tar",
        "multi-oci.tar",
        "multi-prov-oci.tar",
        "dockertar.tar",
        "load-save.tar",
        "build-save-provfalse.tar",
    ];
    for file in names {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("fixed");
        // A Docker manifest that needs no repair stays one; skopeo 1.9 finds those in Docker's own archives only.
        let to = if ["dockertar.tar", "build-save-provfalse.tar"].contains(&file) {
            name(&format!("docker-archive:{}:app:v1", path.display()))
        } else {
            name(&format!("oci:{}:v1", path.display()))
        };
        let mut fixing = Fixing::new();
        fixing.gather.asked.architecture = file.starts_with("multi").then_some(lambark_oci::Architecture::Arm64);
        fixing.fix(&archive(&fixture(file)), Some(&to)).unwrap();
        let judgement = lambark_rules::judge(&look(&to, &fixing.gather).unwrap());
        let refused: Vec<_> = judgement
            .gates
            .iter()
            .take(2)
            .filter(|(_, verdict)| *verdict != lambark_rules::GateVerdict::Accepted)
            .collect();
        assert!(refused.is_empty(), "{file}: {refused:?} {:?}", rules(&judgement));
        let Some(mut inspect) = skopeo() else { return };
        run(inspect.args(["inspect", "--raw"]).arg(to.to_string()));
        if unpacked(&to.to_string(), directory.path()).is_none() {
            return;
        }
    }
}
