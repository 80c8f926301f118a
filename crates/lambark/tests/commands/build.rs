//! `lambark build`: with real builders, every cell of the table of what they write; with scripted ones, what goes wrong.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use lambark_testkit::images::bootstrap;
use lambark_testkit::parts::{Buildah, DockerRegistry, Dockerd, Flavour, Podman, Store, skopeo};
use serde_json::Value;

use crate::support::User;

const DOCKERFILE: &str =
    "FROM scratch\nCOPY bootstrap /var/task/bootstrap\nWORKDIR /var/task\nENTRYPOINT [\"/var/task/bootstrap\"]\n";

/// The search path of a user who has `programs` besides what every machine has.
pub(crate) fn path(programs: &Path) -> String {
    format!("{}:/usr/bin:/bin", programs.display())
}

/// A user in a directory with a function that every gate accepts.
pub(crate) fn user() -> User {
    let user = User::elsewhere();
    let program = user.directory().join("bootstrap");
    std::fs::write(&program, bootstrap(62)).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(user.directory().join("Dockerfile"), DOCKERFILE).unwrap();
    user
}

pub(crate) fn user_of(daemon: &Dockerd) -> User {
    let user = user().with("PATH", &path(&daemon.programs()));
    daemon.environment().into_iter().fold(user, |user, (name, value)| user.with(name, &value))
}

/// Builds and tells what came of it.
fn built(user: &User, target: &str, lambark: &[&str], builder: &[&str]) -> Value {
    let mut arguments = vec!["build", "--file", "Dockerfile", ".", "--output", target, "--format", "json"];
    arguments.extend(lambark);
    arguments.push("--");
    arguments.extend(builder);
    let output = user.command(&arguments).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {words}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["schema"], &report["written"]), (&"lambark.build/v1".into(), &true.into()), "{report}");
    report
}

/// What was written is what Lambda takes, and what other tools read.
fn accepted(user: &User, image: &str) {
    let run = user.run(&["check", image, "--depth", "files"]);
    assert!(run.starts_with("exit code: 0") && run.contains("verdict accepted"), "{image}: {run}");
    let transport = if image.starts_with("oci") { image.to_owned() } else { format!("docker://{image}") };
    let (Some(mut inspect), Some(mut copy)) = (skopeo(), skopeo()) else { return };
    let directory = tempfile::tempdir().unwrap();
    let target = format!("dir:{}", directory.path().display());
    let plain: &[&str] = if image.starts_with("oci") { &[] } else { &["--tls-verify=false"] };
    succeeds(inspect.arg("inspect").args(plain).arg(&transport).current_dir(user.directory()));
    let plain: &[&str] = if plain.is_empty() { &[] } else { &["--src-tls-verify=false"] };
    succeeds(copy.args(["copy", "--quiet"]).args(plain).args([&transport, &target]).current_dir(user.directory()));
}

pub(crate) fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a daemon holds, apart from what lambark made.
fn held(daemon: &Dockerd) -> String {
    succeeds(daemon.docker().args(["images", "--all", "--no-trunc"]))
}

/// Row, what the builder is told, how many attestations become referrers.
const CONTAINERD: &[(&str, &[&str], usize)] = &[
    ("default", &[], 0),
    ("no-sbom", &["--sbom=false"], 0),
    ("no-provenance", &["--provenance=false"], 0),
    ("neither", &["--provenance=false", "--sbom=false"], 0),
    ("provenance", &["--provenance=true"], 1),
    ("provenance-max", &["--provenance=mode=max"], 1),
    ("zstd", &["--output", "type=image,compression=zstd,force-compression=true", "--provenance=true"], 1),
    ("zstd-oci", &["-o", "type=oci,oci-mediatypes=true,compression=zstd,force-compression=true"], 0),
    ("plain", &["-o", "type=oci,compression=uncompressed,force-compression=true", "--provenance=false"], 0),
    ("estargz", &["-o", "type=oci,compression=estargz,force-compression=true", "--provenance=false"], 0),
    ("docker-types", &["-o", "type=image,oci-mediatypes=false", "--provenance=false"], 0),
    ("one-of-two", &["--platform", "linux/amd64,linux/arm64"], 0),
];

#[test]
fn each_way_to_build_with_the_containerd_store_gives_what_lambda_takes() {
    let Some(registry) = DockerRegistry::start(Flavour::Plain) else { return };
    let Some(daemon) = Dockerd::start_with(Store::Containerd, &[]) else { return };
    let user = user_of(&daemon);
    let before = held(&daemon);
    for (row, arguments, attestations) in CONTAINERD {
        let target = format!("{}/app:{row}", registry.host());
        let arch: &[&str] = if arguments.contains(&"--platform") { &["--arch", "x86_64"] } else { &[] };
        let report = built(&user, &target, arch, arguments);
        // An attestation stays with an image whose digest it names; one that was encoded anew is linked to that image.
        let rewritten = report["layers"].as_array().is_some_and(|layers| !layers.is_empty());
        let referrers = report["referrers"].as_array().unwrap().len();
        assert!(if rewritten { referrers <= 1 } else { referrers == *attestations }, "{row}: {report}");
        accepted(&user, &target);
    }
    assert_eq!(held(&daemon), before, "nothing is left in the store");

    let several = user.run(&["build", "--file", "Dockerfile", "--", "--platform=linux/amd64,linux/arm64"]);
    assert!(several.starts_with("exit code: 2") && several.contains("pick it with --arch"), "{several}");

    // Through the store, by each of docker's two builders.
    let target = format!("{}/app:docker", registry.host());
    let report = built(&user, &target, &["--builder", "docker"], &["--provenance=true"]);
    assert_eq!(report["referrers"].as_array().unwrap().len(), 1, "{report}");
    accepted(&user, &target);
    assert_eq!(held(&daemon), before, "the name is gone again");
    let user = user.with("DOCKER_BUILDKIT", "0");
    let target = format!("{}/app:old", registry.host());
    let report = built(&user, &target, &[], &[]);
    assert_eq!(report["builder"]["described"], "docker 26.1.5 (containerd store, old builder)");
    assert_eq!(report["findingsBefore"][0]["rule"], "mixed-media-types", "{report}");
    accepted(&user, &target);
}

#[test]
fn each_way_to_build_with_the_overlay2_store_does_too() {
    let Some(registry) = DockerRegistry::start(Flavour::Plain) else { return };
    let Some(daemon) = Dockerd::start_with(Store::Overlay2, &[]) else { return };
    let user = user_of(&daemon);
    let rows: &[(&str, &[&str], &[&str])] = &[
        ("default", &[], &[]),
        ("no-provenance", &[], &["--provenance=false"]),
        ("zstd", &[], &["-o", "type=image,compression=zstd,force-compression=true", "--provenance=false"]),
        ("docker", &["--builder", "docker"], &["--sbom=false"]),
    ];
    let before = held(&daemon);
    for (row, lambark, builder) in rows {
        let target = format!("{}/app:{row}", registry.host());
        let report = built(&user, &target, lambark, builder);
        assert_eq!(report["notes"].as_array().unwrap().len(), usize::from(*row == "zstd"), "{report}");
        accepted(&user, &target);
    }
    assert_eq!(held(&daemon), before, "nothing is left in the store");
    let refused = user.run(&["build", "--file", "Dockerfile", "--", "--provenance=mode=max"]);
    assert!(
        refused.starts_with("exit code: 2") && refused.contains("overlay2 store cannot hold attestations"),
        "{refused}"
    );

    let archive = format!("docker-archive:{}", user.path("image.tar"));
    let loads = |daemon: &Dockerd| {
        succeeds(daemon.docker().args(["load", "--input", &user.path("image.tar")]));
        succeeds(daemon.docker().args(["image", "inspect", "app:v1"]));
    };
    built(&user, &archive, &["--tag", "app:v1"], &[]);
    loads(&daemon);
    if let Some(other) = Dockerd::start_with(Store::Containerd, &[]) {
        loads(&other);
    }
    let user = user.with("DOCKER_BUILDKIT", "0");
    built(&user, &format!("{}/app:old", registry.host()), &[], &[]);
    accepted(&user, &format!("{}/app:old", registry.host()));
}

#[test]
fn buildah_s_images_do_too() {
    let Some(buildah) = Buildah::new() else { return };
    let Some(programs) = buildah.programs() else { return };
    let user = user().with("PATH", &path(&programs));
    let rows: &[(&str, &[&str])] =
        &[("default", &[]), ("oci", &["--format", "oci"]), ("docker", &["--format=docker"]), ("layers", &["--layers"])];
    let images = || succeeds(Command::new(programs.join("buildah")).args(["images", "--all", "--quiet"]));
    let before = images();
    for (row, arguments) in rows {
        let target = format!("oci-archive:{}", user.path(row));
        let report = built(&user, &target, &["--builder", "buildah"], arguments);
        assert_eq!(report["builder"]["described"], "buildah 1.28.2", "{report}");
        accepted(&user, &target);
        if *row != "layers" {
            assert_eq!(images(), before, "{row}");
        }
    }
    assert!(images().lines().count() > before.lines().count(), "the cache that was asked for stays");
}

#[test]
fn podman_s_images_do_too() {
    let Some(podman) = Podman::new() else { return };
    let user = user().with("PATH", &path(&podman.programs()));
    let rows: &[(&str, &[&str])] =
        &[("default", &[]), ("oci", &["--format", "oci"]), ("docker", &["--format=docker"]), ("layers", &["--layers"])];
    for (row, arguments) in rows {
        let target = format!("oci-archive:{}", user.path(row));
        let report = built(&user, &target, &["--builder", "podman"], arguments);
        assert_eq!(report["builder"]["described"], "podman 4.3.1", "{report}");
        accepted(&user, &target);
    }
}

#[test]
fn an_archive_is_replaced_whole_and_nothing_else_is() {
    let Some(daemon) = Dockerd::start_with(Store::Containerd, &[]) else { return };
    let user = user_of(&daemon);
    let target = format!("oci-archive:{}", user.path("image.tar"));
    built(&user, &target, &[], &[]);
    let size = || std::fs::metadata(user.path("image.tar")).unwrap().len();
    let first = size();
    std::fs::write(user.directory().join("bootstrap"), [bootstrap(62), vec![1]].concat()).unwrap();
    built(&user, &target, &[], &[]);
    assert!(size() < first + 1024, "the old image's layers are gone: {} after {first}", size());
    std::fs::write(user.path("letter"), "Dear reader").unwrap();
    let other = format!("oci-archive:{}", user.path("letter"));
    let run = user.run(&["build", "--file", "Dockerfile", "--output", &other, "--quiet"]);
    assert!(run.starts_with("exit code: 3") && run.contains("letter is no image"), "{run}");
    assert_eq!(std::fs::read_to_string(user.path("letter")).unwrap(), "Dear reader");
}

/// The blobs of the one layout that is kept, with the time at which each was written.
fn kept(user: &User) -> BTreeMap<PathBuf, SystemTime> {
    let builds = user.path("cache/builds");
    let directories: Vec<PathBuf> = std::fs::read_dir(builds).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [layout] = directories.iter().filter(|path| path.is_dir()).collect::<Vec<_>>()[..] else {
        panic!("one layout: {directories:?}")
    };
    let blobs = std::fs::read_dir(layout.join("blobs/sha256")).unwrap().map(|blob| blob.unwrap());
    blobs.map(|blob| (blob.path(), blob.metadata().unwrap().modified().unwrap())).collect()
}

/// A user with a cache of their own, whose image has a layer of 4 MB that no compression makes smaller.
fn user_with_a_large_layer(daemon: &Dockerd) -> User {
    let user = user_of(daemon);
    let cache = user.path("cache");
    let user = user.with("LAMBARK_CACHE_DIR", &cache);
    let large: Vec<u8> = (0..1_000_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    std::fs::write(user.directory().join("large"), large).unwrap();
    let dockerfile = DOCKERFILE.replacen("COPY", "COPY large /opt/large\nCOPY", 1);
    std::fs::write(user.directory().join("Dockerfile"), dockerfile).unwrap();
    user
}

#[test]
fn what_the_builder_sent_is_kept_and_not_sent_again() {
    let Some(daemon) = Dockerd::start_with(Store::Containerd, &[]) else { return };
    let user = user_with_a_large_layer(&daemon);
    let target = format!("oci:{}", user.path("image"));
    built(&user, &target, &["--tag", "v1"], &[]);
    let first = kept(&user);
    std::fs::write(user.directory().join("bootstrap"), [bootstrap(62), vec![1]].concat()).unwrap();
    built(&user, &target, &["--tag", "v1"], &[]);
    let second = kept(&user);
    let size = |blob: &&PathBuf| std::fs::metadata(blob).unwrap().len();
    let largest = second.keys().max_by_key(size).unwrap();
    assert_eq!(first.get(largest), second.get(largest), "it was not written again");
    assert_eq!(first.len(), second.len(), "what the first image alone needed is gone");
    accepted(&user, &format!("{target}:v1"));

    // Kept, but not what its name says: told, and the next build does without.
    std::fs::set_permissions(largest, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(largest, vec![7; usize::try_from(size(&largest)).unwrap()]).unwrap();
    let run = user.run(&["build", "--file", "Dockerfile", ".", "--output", &target, "--tag", "v2", "--quiet"]);
    assert!(!run.starts_with("exit code: 0"), "{run}");
    built(&user, &target, &["--tag", "v2"], &[]);
    accepted(&user, &format!("{target}:v2"));

    let listed: Value =
        serde_json::from_slice(&user.command(&["cache", "list", "--format", "json"]).output().unwrap().stdout).unwrap();
    assert!(listed["builds"][0]["bytes"].as_u64().unwrap() > 1_000_000, "{listed}");
    let pruned = user.run(&["cache", "prune"]);
    assert!(pruned.starts_with("exit code: 0"), "{pruned}");
    assert_eq!(std::fs::read_dir(user.path("cache/builds")).unwrap().count(), 0);
}

#[test]
fn a_layer_that_did_not_change_is_known_and_its_damage_arrives_nowhere() {
    let Some(registry) = DockerRegistry::start(Flavour::Plain) else { return };
    let Some(daemon) = Dockerd::start_with(Store::Containerd, &[]) else { return };
    let user = user_with_a_large_layer(&daemon);
    let (app, other) = (format!("{}/app:v1", registry.host()), format!("{}/other:v1", registry.host()));
    let first = built(&user, &app, &[], &["--provenance=false"]);
    assert_eq!(first["rememberedLayers"], 0, "{first}");
    std::fs::write(user.directory().join("bootstrap"), [bootstrap(62), vec![1]].concat()).unwrap();
    let second = built(&user, &app, &[], &["--provenance=false"]);
    assert_eq!(second["rememberedLayers"], 2, "all but the one that was changed: {second}");
    assert_eq!(built(&user, &app, &["--read-anew"], &["--provenance=false"])["rememberedLayers"], 0);
    accepted(&user, &app);

    // Damaged where no first bytes show it, and bound for a repository that has not got it.
    let blobs = kept(&user);
    let largest = blobs.keys().max_by_key(|blob| std::fs::metadata(blob).unwrap().len()).unwrap();
    let mut bytes = std::fs::read(largest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::set_permissions(largest, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(largest, bytes).unwrap();
    let build = ["build", "--file", "Dockerfile", ".", "--output", &other, "--quiet", "--", "--provenance=false"];
    let run = user.run(&build);
    assert!(run.starts_with("exit code: 3") && run.contains("are not those of sha256:"), "{run}");
    assert!(user.run(&["check", &other]).starts_with("exit code: 3"), "nothing arrived");
    built(&user, &other, &[], &["--provenance=false"]);
    accepted(&user, &other);
}

#[test]
fn a_service_is_built_from_anywhere_in_its_repository() {
    let Some(daemon) = Dockerd::start_with(Store::Containerd, &[]) else { return };
    let user = user_of(&daemon);
    let toml = "[service.backend]\ndockerfile = \"Dockerfile\"\ncontext = \".\"\narchitecture = \"x86_64\"\n";
    std::fs::write(user.directory().join("lambark.toml"), toml).unwrap();
    std::fs::create_dir(user.directory().join("deep")).unwrap();
    let plan = user.run(&["build", "backend", "--plan"]);
    let command = "build --file=Dockerfile --platform=linux/amd64 --output=type=oci,tar=false,dest=";
    assert!(plan.contains(command), "{plan}");
    let mut deep = user.command(&["build", "backend", "--quiet"]);
    let output = deep.current_dir(user.directory().join("deep")).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && shown.contains("verdict accepted"), "{shown}");
    assert_eq!(output.stderr, b"", "--quiet leaves the builder's words out");
    let unknown = user.run(&["build", "backen"]);
    assert!(unknown.starts_with("exit code: 2") && unknown.contains("did you mean `backend`"), "{unknown}");
}

/// Programs that say what they are told to say.
pub(crate) fn scripted(programs: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, script) in programs {
        let file: PathBuf = directory.path().join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    directory
}

/// A docker with buildx that answers what lambark asks; `build` is what it does then.
pub(crate) fn docker(build: &str) -> String {
    format!(
        r#"case "$*" in
--version) echo "Docker version 26.1.5, build x";;
info*) echo '{{"ServerVersion":"26.1.5","Driver":"overlayfs","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]],"ClientInfo":{{"Plugins":[{{"Name":"buildx","Version":"v0.13.1"}}]}}}}';;
"buildx inspect"*) printf 'Name: default\nDriver: docker\n';;
*--help) printf '  -f, --file string\n      --load\n  -o, --output\n      --platform\n  -t, --tag\n';;
*) {build};;
esac"#
    )
}

#[test]
fn podman_is_driven_by_its_own_words() {
    let attested = lambark_testkit::fixture("prov-true-oci.tar");
    let script = format!(
        r#"echo "podman $*" >> calls
case "$1" in
--version) echo "podman version 4.3.1";;
build) case "$2" in --help) printf '      --platform strings\n';; *) echo "STEP 1/4" >&2; for word; do case "$word" in --iidfile=*) echo sha256:abc > "${{word#*=}}";; esac; done;; esac;;
save) /bin/cat {};;
esac"#,
        attested.display()
    );
    let programs = scripted(&[("podman", &script)]);
    let user = user().with("PATH", &programs.path().display().to_string());
    let report = built(
        &user,
        &format!("oci-archive:{}", user.path("out.tar")),
        &["--tag", "v1", "--fail-on", "never"],
        &["--label", "a=b"],
    );
    assert_eq!(report["builder"]["described"], "podman 4.3.1");
    assert_eq!(report["referrers"].as_array().unwrap().len(), 1, "{report}");
    let calls = std::fs::read_to_string(user.directory().join("calls")).unwrap();
    let calls: Vec<&str> = calls.lines().skip(2).collect();
    let [build, save] = calls.as_slice() else { panic!("{calls:?}") };
    assert!(
        build.starts_with("podman build --file=Dockerfile --iidfile=") && build.ends_with("--label a=b ."),
        "{build}"
    );
    assert_eq!(*save, "podman save --quiet --format=oci-archive sha256:abc");
}

#[test]
fn a_failing_builder_is_explained() {
    let script = docker(
        "echo '#1 building' >&2; echo 'ERROR: cannot export attestations with \"oci-mediatypes=false\"' >&2; exit 1",
    );
    let programs = scripted(&[("docker", &script)]);
    let user = user().with("PATH", &path(programs.path()));
    insta::assert_snapshot!(user.run(&["build", "--file", "Dockerfile", "--no-progress"]));
}

#[test]
fn a_plan_runs_nothing() {
    let programs = scripted(&[("docker", &docker("echo no > ran; exit 1"))]);
    let user = user().with("PATH", &path(programs.path()));
    let plan = ["build", "--file", "Dockerfile", ".", "--arch", "arm64", "--plan"];
    insta::assert_snapshot!(user.run(&[&plan[..], &["--", "--secret", "id=a b,src=c"]].concat()));
    insta::assert_snapshot!(user.run(&[&plan[..], &["--format", "json"]].concat()));
    assert!(!user.directory().join("ran").exists());
}

#[test]
fn what_contradicts_is_told_before_anything_is_built() {
    let programs = scripted(&[("docker", &docker("echo no > ran; exit 1"))]);
    let user = user().with("PATH", &path(programs.path()));
    for (arguments, told) in [
        (&["--output", "app:v1"][..], "names no registry"),
        (&["--output", "engine:app"], "an image is written to"),
        (&["--tag", "v1"], "--tag needs an --output"),
        (&["--", "--push"], "say where to with --output"),
        (&["--", "--oci-mediatypes=false"], "no builder has that flag"),
    ] {
        let run = user.run(&[&["build", "--file", "Dockerfile"][..], arguments].concat());
        assert!(run.starts_with("exit code: 2") && run.contains(told), "{arguments:?}: {run}");
    }
    assert!(!user.directory().join("ran").exists());
}

#[test]
fn no_builder_is_told_with_everything_that_was_looked_for() {
    let down = docker("exit 9").replace(
        "\"ServerVersion\":\"26.1.5\"",
        "\"ServerVersion\":\"\",\"ServerErrors\":[\"Cannot connect to the Docker daemon\"]",
    );
    let programs = scripted(&[("docker", &down), ("buildah", "echo 'no storage' >&2; exit 1")]);
    let user = user().with("PATH", &programs.path().display().to_string());
    insta::assert_snapshot!(user.run(&["build", "--file", "Dockerfile"]));
    let alias = scripted(&[("docker", "echo 'podman version 5.0.0'")]);
    let user = User::new().with("PATH", &alias.path().display().to_string());
    let run = user.run(&["build", "--file", "Dockerfile"]);
    assert!(run.contains("docker: it is podman under another name"), "{run}");
}

#[test]
fn what_no_repair_mends_is_not_written() {
    let Some(daemon) = Dockerd::start_with(Store::Containerd, &[]) else { return };
    let user = user_of(&daemon);
    // The image is for one architecture, its program for another.
    let target = format!("oci-archive:{}", user.path("image.tar"));
    let run = user.run(&["build", "--file", "Dockerfile", "--arch", "arm64", "--output", &target, "--quiet"]);
    assert!(run.starts_with("exit code: 1"), "{run}");
    assert!(run.contains("what was built of Dockerfile is not written, because no repair mends it"), "{run}");
    assert!(!Path::new(&user.path("image.tar")).exists());
}
