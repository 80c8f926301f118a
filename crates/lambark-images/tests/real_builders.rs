//! What real builders leave behind, repaired.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;
use std::process::Command;

use common::{Fixing, check, name, rules};
use lambark_oci::ImageName;
use lambark_rules::Verdict;
use lambark_testkit::images::bootstrap;
use lambark_testkit::parts::{Buildah, DockerRegistry, Dockerd, Flavour, skopeo};

/// A build context of a function that every gate accepts.
fn context(directory: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let program = directory.join("bootstrap");
    std::fs::write(&program, bootstrap(62)).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let dockerfile = "FROM scratch\nCOPY --chmod=755 bootstrap /var/task/bootstrap\nWORKDIR /var/task\n\
                      ENTRYPOINT [\"/var/task/bootstrap\"]\n";
    std::fs::write(directory.join("Dockerfile"), dockerfile).unwrap();
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Repairs in place, then asks lambark and skopeo.
fn mend(image: &ImageName, what: &str) {
    Fixing::new().fix(image, None).unwrap_or_else(|error| panic!("{what}: {error}"));
    let judgement = check(image);
    assert_eq!(judgement.verdict, Verdict::Accepted, "{what}: {:?}", rules(&judgement));
    let Some(mut copy) = skopeo() else { return };
    let directory = tempfile::tempdir().unwrap();
    copy.args(["copy", "--quiet", "--src-tls-verify=false"]).arg(format!("docker://{image}"));
    run(copy.arg(format!("dir:{}", directory.path().display())));
}

#[test]
fn every_push_of_a_real_buildx_is_mended() {
    let Some(registry) = DockerRegistry::start(Flavour::Plain) else { return };
    let host = registry.host();
    let Some(daemon) = Dockerd::start(&[&host]) else { return };
    let directory = tempfile::tempdir().unwrap();
    context(directory.path());
    let push = |image: &str, arguments: &[&str]| {
        let mut build = daemon.docker();
        build.args(["buildx", "build", "--quiet"]).args(arguments).arg(".").current_dir(directory.path());
        let output = build.output().unwrap();
        assert!(output.status.success(), "{image}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let pushed = |tag: &str| format!("{host}/app:{tag}");

    push("plain", &["--push", "-t", &pushed("plain")]);
    let image = name(&pushed("plain"));
    assert_eq!(rules(&check(&image)), ["image-index"], "a plain push is what Lambda refuses");
    mend(&image, "plain");

    push("sbom=false", &["--push", "--sbom=false", "-t", &pushed("sbom")]);
    assert_eq!(rules(&check(&name(&pushed("sbom")))), ["image-index"], "that flag alone does nothing");
    mend(&name(&pushed("sbom")), "--sbom=false");

    push("provenance=false", &["--push", "--provenance=false", "-t", &pushed("good")]);
    assert_eq!(check(&name(&pushed("good"))).verdict, Verdict::Accepted, "that one helps");
    let untouched = Fixing::new().fix(&name(&pushed("good")), None).unwrap();
    assert!(untouched.applied.is_none(), "and there is nothing to repair");

    let output = format!("type=image,name={},push=true,compression=zstd,force-compression=true", pushed("zstd"));
    push("zstd", &["--provenance=false", "--output", &output]);
    assert!(rules(&check(&name(&pushed("zstd")))).contains(&"zstd-layer"));
    mend(&name(&pushed("zstd")), "zstd");

    let mut legacy = daemon.docker();
    legacy.env("DOCKER_BUILDKIT", "0").args(["build", "-q", "-t", &pushed("legacy"), "."]);
    // The legacy builder knows no --chmod.
    let plain =
        "FROM scratch\nCOPY bootstrap /var/task/bootstrap\nWORKDIR /var/task\nENTRYPOINT [\"/var/task/bootstrap\"]\n";
    std::fs::write(directory.path().join("Dockerfile"), plain).unwrap();
    run(legacy.current_dir(directory.path()));
    run(daemon.docker().args(["push", "-q", &pushed("legacy")]));
    assert!(rules(&check(&name(&pushed("legacy")))).contains(&"mixed-media-types"));
    mend(&name(&pushed("legacy")), "legacy");
}

#[test]
fn what_buildah_writes_is_mended() {
    let Some(buildah) = Buildah::new() else { return };
    let directory = tempfile::tempdir().unwrap();
    context(directory.path());
    let script = "c=$(buildah from scratch)\nbuildah copy -q --chmod 755 $c bootstrap /var/task/bootstrap\n\
                  buildah config --workingdir /var/task --entrypoint '[\"/var/task/bootstrap\"]' $c\n\
                  buildah commit -q --signature-policy $POLICY --format oci $c oci:$PWD/layout:v1\n\
                  buildah commit -q --signature-policy $POLICY --format docker $c docker-archive:$PWD/image.tar:app:v1\n";
    let output = buildah.script(directory.path(), script);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let layout = name(&format!("oci:{}:v1", directory.path().join("layout").display()));
    assert!(rules(&check(&layout)).contains(&"uncompressed-oci-layer"), "buildah writes plain layers into layouts");
    Fixing::new().fix(&layout, None).unwrap();
    assert_eq!(check(&layout).verdict, Verdict::Accepted, "{:?}", rules(&check(&layout)));

    let classic = name(&format!("docker-archive:{}", directory.path().join("image.tar").display()));
    let fixed = name(&format!("oci:{}:v1", directory.path().join("fixed").display()));
    Fixing::new().fix(&classic, Some(&fixed)).unwrap();
    assert_eq!(check(&fixed).verdict, Verdict::Accepted, "{:?}", rules(&check(&fixed)));
    if let Some(mut inspect) = skopeo() {
        run(inspect.arg("inspect").arg(fixed.to_string()));
    }
}
