//! Every shape of builder, and the commands that follow.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use super::super::capabilities::{Buildx, Daemon, Flags, Store};
use super::*;

fn flags(names: &[&str]) -> Flags {
    Flags(names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>())
}

fn docker(store: Option<Store>, driver: Option<&str>) -> Capabilities {
    let buildx = driver.map(|driver| Buildx {
        version: "0.13.1".to_owned(),
        driver: Some(driver.to_owned()),
        buildkit: None,
        flags: flags(&["file", "load", "output", "platform", "tag"]),
    });
    let own =
        if buildx.is_some() { flags(&["file", "load", "platform"]) } else { flags(&["file", "iidfile", "platform"]) };
    let daemon = store.map(|store| Daemon { version: "26.1.5".to_owned(), store });
    let looked = vec!["docker: its daemon does not answer".to_owned()];
    Capabilities { docker: Some(Docker { daemon, buildx, flags: own }), looked, ..Capabilities::default() }
}

fn containerd() -> Capabilities {
    docker(Some(Store::Containerd), Some("docker"))
}

fn overlay2() -> Capabilities {
    docker(Some(Store::Graph("overlay2".to_owned())), Some("docker"))
}

fn tools() -> Capabilities {
    let tool = |version: &str| Some(Tool { version: version.to_owned(), flags: flags(&["file", "platform"]) });
    Capabilities { buildah: tool("1.28.2"), podman: tool("4.3.1"), ..Capabilities::default() }
}

fn wanted(arguments: &str) -> Wanted {
    Wanted {
        dockerfile: None,
        context: ".".to_owned(),
        architecture: None,
        arguments: arguments.split_whitespace().map(str::to_owned).collect(),
        builder: None,
        legacy: false,
        layers: None,
    }
}

fn by(builder: Program, arguments: &str) -> Wanted {
    Wanted { builder: Some(builder), ..wanted(arguments) }
}

fn planned(found: &Capabilities, wanted: &Wanted) -> Result<Plan, Refusal> {
    let (directory, layout) = ("T".to_owned(), Some("T/layout".to_owned()));
    plan(found, wanted, &Scratch { directory, layout, name: "lambark.localhost/build:T".to_owned() })
}

fn commands(found: &Capabilities, wanted: &Wanted) -> Vec<String> {
    let plan = planned(found, wanted).unwrap();
    [Some(plan.build), plan.save, plan.clean].into_iter().flatten().map(|step| step.command_line()).collect()
}

fn refused(found: &Capabilities, wanted: &Wanted) -> String {
    match planned(found, wanted).unwrap_err() {
        Refusal::Contradiction(reason) => reason,
        Refusal::NoBuilder(looked) => format!("no builder: {}", looked.join("; ")),
    }
}

const INTO_A_LAYOUT: &str = "docker buildx build --output=type=oci,tar=false,dest=T/layout .";
const STREAMED: &str = "docker buildx build --output=type=oci,dest=- .";

fn with_buildkit(mut found: Capabilities, buildkit: Option<&str>, buildx: &str) -> Capabilities {
    if let Some(known) = found.docker.as_mut().and_then(|docker| docker.buildx.as_mut()) {
        known.buildkit = buildkit.map(str::to_owned);
        known.version = buildx.to_owned();
    }
    found
}

#[test]
fn a_builder_writes_a_layout_where_it_can() {
    assert_eq!(commands(&containerd(), &wanted("")), [INTO_A_LAYOUT]);
    let plan = planned(&containerd(), &wanted("")).unwrap();
    assert_eq!(plan.archive, Archive::Layout("T/layout".to_owned()));
    // Such a builder needs neither the daemon nor its store.
    let container = |buildkit| with_buildkit(docker(None, Some("docker-container")), buildkit, "0.13.1");
    assert_eq!(commands(&container(Some("0.11.0")), &wanted("")), [INTO_A_LAYOUT]);
    let remote = docker(Some(Store::Graph("overlay2".into())), Some("remote"));
    assert_eq!(commands(&with_buildkit(remote, Some("0.33.1"), "0.36.1"), &wanted("")), [INTO_A_LAYOUT]);
}

#[test]
fn an_older_builder_streams_an_archive() {
    let container = |buildkit| with_buildkit(docker(None, Some("docker-container")), buildkit, "0.13.1");
    for buildkit in [None, Some("0.10.6"), Some("unknown")] {
        assert_eq!(commands(&container(buildkit), &wanted("")), [STREAMED], "{buildkit:?}");
    }
    assert_eq!(commands(&with_buildkit(containerd(), None, "0.9.1"), &wanted("")), [STREAMED]);
    let mut engine = containerd();
    if let Some(daemon) = engine.docker.as_mut().and_then(|docker| docker.daemon.as_mut()) {
        daemon.version = "23.0.6".to_owned();
    }
    assert_eq!(commands(&engine, &wanted("")), [STREAMED]);
    assert_eq!(planned(&engine, &wanted("")).unwrap().archive, Archive::Build);
    // No directory that could be named.
    let scratch = Scratch { directory: "T".to_owned(), layout: None, name: "n:T".to_owned() };
    assert_eq!(super::plan(&containerd(), &wanted(""), &scratch).unwrap().build.command_line(), STREAMED);
}

#[test]
fn what_the_user_says_reaches_the_builder() {
    let all = Wanted {
        dockerfile: Some("infra/Docker file".to_owned()),
        context: "app".to_owned(),
        architecture: Some(Architecture::Arm64),
        ..wanted("--provenance=mode=max --secret id=a,src=b -o type=image,compression=zstd,force-compression=true")
    };
    assert_eq!(
        commands(&containerd(), &all),
        ["docker buildx build '--file=infra/Docker file' --platform=linux/arm64 \
          --output=type=oci,tar=false,dest=T/layout,compression=zstd,force-compression=true --provenance=mode=max \
          --secret id=a,src=b app"]
    );
}

#[test]
fn a_store_without_manifests_is_gone_through() {
    assert_eq!(
        commands(&overlay2(), &wanted("--provenance=false")),
        [
            "docker buildx build --load --tag=lambark.localhost/build:T --provenance=false .",
            "docker save lambark.localhost/build:T",
            "docker rmi --no-prune lambark.localhost/build:T",
        ]
    );
    assert!(planned(&overlay2(), &wanted("")).unwrap().classic);
    let zstd = planned(&overlay2(), &wanted("-o type=image,compression=zstd")).unwrap();
    assert_eq!(
        zstd.notes,
        ["compression=zstd has no effect: the overlay2 store decides how layers are kept, and lambark writes gzip"]
    );
    assert!(refused(&overlay2(), &wanted("--provenance=true")).contains("overlay2 store cannot hold attestations"));
}

#[test]
fn docker_without_buildx_builds_as_it_always_did() {
    let old = ["docker build --iidfile=T/id .", "docker save \"$(cat T/id)\""];
    assert_eq!(commands(&docker(Some(Store::Containerd), None), &wanted("")), old);
    assert_eq!(commands(&docker(Some(Store::Graph("vfs".into())), None), &wanted("")), old);
    assert_eq!(commands(&containerd(), &Wanted { legacy: true, ..wanted("") }), old, "DOCKER_BUILDKIT=0");
    assert!(refused(&docker(Some(Store::Containerd), None), &wanted("--sbom=true")).contains("knows no attestations"));
    // `docker build` with buildx behind it is another matter.
    assert_eq!(
        commands(&containerd(), &by(Program::Docker, ""))[1..],
        ["docker save lambark.localhost/build:T", "docker rmi --no-prune lambark.localhost/build:T",]
    );
}

#[test]
fn buildah_and_podman_come_when_docker_does_not() {
    assert_eq!(
        commands(&tools(), &wanted("--format docker")),
        [
            "buildah bud --tag=lambark.localhost/build:T --format docker .",
            "buildah push --quiet lambark.localhost/build:T oci-archive:T/image.tar",
            "buildah rmi lambark.localhost/build:T",
        ]
    );
    let kept =
        ["buildah bud --iidfile=T/id --layers .", "buildah push --quiet \"$(cat T/id)\" oci-archive:T/image.tar"];
    assert_eq!(commands(&tools(), &wanted("--layers")), kept, "a cache is not removed");
    assert_eq!(commands(&tools(), &Wanted { layers: Some(true), ..wanted("") }).len(), 2, "BUILDAH_LAYERS");
    assert_eq!(
        commands(&tools(), &by(Program::Podman, "")),
        ["podman build --iidfile=T/id .", "podman save --quiet --format=oci-archive \"$(cat T/id)\""]
    );
    assert_eq!(commands(&tools(), &by(Program::Podman, "--layers=false"))[2], "podman rmi lambark.localhost/build:T");
    assert!(refused(&tools(), &wanted("--provenance=true")).contains("writes no attestations"));
}

#[test]
fn only_flags_that_exist_are_used() {
    let mut old = containerd();
    if let Some(buildx) = old.docker.as_mut().and_then(|docker| docker.buildx.as_mut()) {
        buildx.flags = flags(&["output"]);
    }
    assert_eq!(commands(&old, &wanted("")).len(), 1);
    let arm = Wanted { architecture: Some(Architecture::Arm64), ..wanted("") };
    assert!(refused(&old, &arm).contains("has no --platform"));
    let mut bare = overlay2();
    if let Some(buildx) = bare.docker.as_mut().and_then(|docker| docker.buildx.as_mut()) {
        buildx.flags = flags(&["tag"]);
    }
    assert_eq!(commands(&bare, &wanted(""))[0], "docker buildx build --tag=lambark.localhost/build:T .");
}

#[test]
fn one_platform_is_asked_for_if_anybody_said_one() {
    let several = "--platform linux/amd64,linux/arm64";
    assert!(refused(&containerd(), &wanted(several)).contains("--arch x86_64 or --arch arm64"));
    let picked =
        planned(&containerd(), &Wanted { architecture: Some(Architecture::X86_64), ..wanted(several) }).unwrap();
    let command = picked.build.command_line();
    assert!(command.starts_with("docker buildx build --platform=linux/amd64 --output=type=oci,"), "{command}");
    assert_eq!(planned(&containerd(), &wanted("")).unwrap().architecture, None);
}

#[test]
fn no_builder_is_told_with_what_was_looked_for() {
    let down = docker(None, None);
    assert_eq!(refused(&down, &wanted("")), "no builder: docker: its daemon does not answer");
    assert!(refused(&docker(None, Some("docker")), &wanted("")).starts_with("no builder"));
    assert!(refused(&tools(), &by(Program::Buildx, "")).starts_with("no builder"));
    assert!(refused(&Capabilities::default(), &by(Program::Podman, "")).starts_with("no builder"));
}
