//! `engine:NAME`: images of the local engine as `push`, `resolve`, `check` and `run` take them, with a real daemon.

use std::path::Path;
use std::process::Command;

use lambark_testkit::parts::{Dockerd, Store};
use lambark_testkit::scripted::ScriptedRegistry;
use serde_json::Value;

use crate::build::{succeeds, user_of};
use crate::support::{User, image, json};

const DOCKERFILE: &str = "FROM scratch\nADD layer.tar.gz /\nWORKDIR /var/task\nENTRYPOINT [\"/var/task/bootstrap\"]\nCMD [\"function.handler\"]\n";

/// The layer of the example in this repository: a function that answers.
fn layer() -> Vec<u8> {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/attested.tar");
    let member = |name: &str| {
        let output = Command::new("tar").arg("-xOf").args([archive.as_os_str(), name.as_ref()]).output().unwrap();
        assert!(output.status.success(), "{name}");
        output.stdout
    };
    let blob = |digest: &Value| member(&format!("blobs/{}", digest.as_str().unwrap().replace(':', "/")));
    let document = |bytes: Vec<u8>| -> Value { serde_json::from_slice(&bytes).unwrap() };
    let layout = document(member("index.json"));
    let index = document(blob(&layout["manifests"][0]["digest"]));
    let manifest = document(blob(&index["manifests"][0]["digest"]));
    blob(&manifest["layers"][0]["digest"])
}

/// A daemon with an image `app:v1` of a function that every gate accepts and that answers, and its user.
fn built(store: Store) -> Option<(Dockerd, User)> {
    let daemon = Dockerd::start_with(store, &[])?;
    let user = user_of(&daemon).with("DOCKER_HOST", &format!("unix://{}", daemon.socket().display()));
    std::fs::write(user.directory().join("layer.tar.gz"), layer()).unwrap();
    std::fs::write(user.directory().join("Dockerfile"), DOCKERFILE).unwrap();
    // Only the containerd store holds what BuildKit attests.
    let attests: &[&str] = if store == Store::Containerd { &["--provenance=true"] } else { &[] };
    let mut build = daemon.docker();
    build.args(["build", "--quiet", "--tag", "app:v1", "."]).args(attests).current_dir(user.directory());
    succeeds(&mut build);
    Some((daemon, user))
}

#[test]
fn an_image_of_the_containerd_store_is_pushed_resolved_and_run() {
    let Some((_daemon, user)) = built(Store::Containerd) else { return };
    let registry = ScriptedRegistry::start();
    let resolved = json(&user, &["resolve", "engine:app:v1", "--arch", "x86_64", "--format", "json"]);
    let digest = resolved["digest"].as_str().unwrap().to_owned();
    insta::assert_snapshot!(user.run(&["resolve", "engine:app:v1"]).replace(&digest, "[DIGEST]"));
    let target = image(&registry, "v1");
    let pushed = json(&user, &["push", "engine:app:v1", &target, "--format", "json", "--no-progress"]);
    assert_eq!((&pushed["after"], &pushed["left"]), (&digest.as_str().into(), &serde_json::json!([])), "{pushed:#}");
    assert_eq!(registry.tagged("app", "v1").unwrap().as_str(), digest);
    accepted(&user, &target);
    runs(&user);
}

#[test]
fn an_image_of_the_overlay2_store_is_pushed_and_run() {
    let Some((_daemon, user)) = built(Store::Overlay2) else { return };
    let registry = ScriptedRegistry::start();
    // Such a store keeps no manifest: there is no digest before a push makes one.
    let resolved = user.run(&["resolve", "engine:app:v1"]);
    assert!(!resolved.starts_with("exit code: 0") && resolved.contains("lambark push engine:app:v1"), "{resolved}");
    let target = image(&registry, "v1");
    let pushed = json(&user, &["push", "engine:app:v1", &target, "--format", "json", "--no-progress"]);
    assert_eq!(pushed["after"], registry.tagged("app", "v1").unwrap().as_str(), "{pushed:#}");
    accepted(&user, &target);
    runs(&user);
}

#[test]
fn an_image_that_the_engine_does_not_have_is_told() {
    let Some((_daemon, user)) = built(Store::Containerd) else { return };
    for verb in ["resolve", "run", "check"] {
        let run = user.run(&[verb, "engine:other:v1"]);
        assert!(run.starts_with("exit code: 3") && run.contains("other:v1"), "{verb}: {run}");
    }
}

fn accepted(user: &User, image: &str) {
    let run = user.run(&["check", image, "--depth", "files"]);
    assert!(run.starts_with("exit code: 0") && run.contains("verdict accepted"), "{image}: {run}");
}

/// The function starts and answers, in a sandbox of lambark's own.
fn runs(user: &User) {
    let output = user.command(&["run", "engine:app:v1", "--quiet"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(output.stdout, b"\"aboard AWS Lambda!\"\n", "{told}");
}
