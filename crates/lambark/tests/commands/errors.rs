//! Every error that a user can see, once: its words, its hint, its exit code.

use lambark_oci::Family;
use lambark_testkit::images::Image;
use lambark_testkit::scripted::{Rule, ScriptedRegistry};

use crate::support::{User, image, seed};

/// Shows runs one below the other.
fn catalogue(user: &User, runs: &[&[&str]]) -> String {
    let shown: Vec<String> = runs.iter().map(|run| format!("$ lambark {}\n{}", run.join(" "), user.run(run))).collect();
    shown.join("\n")
}

#[test]
fn of_the_command_line() {
    let user = User::new().with("DOCKER_HOST", "unix:///nowhere/docker.sock");
    insta::assert_snapshot!(catalogue(
        &user,
        &[
            &["chekc"],
            &["check"],
            &["check", "app:v1"],
            &["check", "engine:app:v1"],
            &["check", "prov-true-oci.tar", "--arch", "riscv64"],
            &["explain", "image-indx"],
            &["explain", "kubernetes"],
            &["fix", "prov-true-oci.tar", "--to", "fixed"],
            &["fix", "prov-true-oci.tar", "--gzip-level", "12"],
            &["fix", "prov-true-oci.tar", "--undo", "--plan"],
            &["resolve", "multi-oci.tar"],
            &["resolve", "arm-oci.tar", "--arch", "x86_64"],
        ],
    ));
}

#[test]
fn of_this_machine() {
    let user = User::elsewhere();
    std::fs::write(user.directory().join("text.txt"), "no tar").unwrap();
    std::fs::create_dir(user.directory().join("empty")).unwrap();
    let archive = lambark_testkit::fixture("prov-true-oci.tar");
    std::fs::copy(&archive, user.directory().join("image.tar")).unwrap();
    let whole = std::fs::read(&archive).unwrap();
    std::fs::write(user.directory().join("half.tar"), &whole[..whole.len() / 3]).unwrap();
    insta::assert_snapshot!(catalogue(
        &user,
        &[
            &["check", "./nowhere.tar"],
            &["check", "oci:nowhere"],
            &["check", "text.txt"],
            &["check", "empty"],
            &["check", "half.tar"],
            &["check", "oci-archive:image.tar:v9"],
            &["check", "image.tar", "--output", "nowhere/report"],
            &["fix", "image.tar", "--undo"],
            &["fix", "image.tar", "--to", "oci:image.tar/layout"],
        ],
    ));
}

#[test]
fn of_the_configuration() {
    let user = User::elsewhere();
    for (name, text) in [
        ("unknown.toml", "[policy]\nmanifests = \"docker\"\n"),
        ("wrong.toml", "[policy]\nmanifest = \"dokker\"\n"),
        ("broken.toml", "[policy\n"),
    ] {
        std::fs::write(user.directory().join(name), text).unwrap();
    }
    insta::assert_snapshot!(catalogue(
        &user,
        &[
            &["check", "x", "--config", "unknown.toml"],
            &["check", "x", "--config", "wrong.toml"],
            &["check", "x", "--config", "broken.toml"],
            &["check", "x", "--config", "nowhere.toml"],
        ],
    ));
}

#[test]
fn of_registries() {
    let user = User::new().with("no_proxy", "*");
    let registry = ScriptedRegistry::start();
    seed(&registry, &Image::good(Family::Oci).store("v1"));
    let manifests = "/v2/app/manifests/*";
    let told = |rule: Rule| {
        registry.clear_rules();
        registry.rule(rule);
        user.run(&["check", &image(&registry, "v1")])
    };
    let mut shown = vec![
        told(Rule::on("GET", manifests).error(404, "MANIFEST_UNKNOWN", "no such image")),
        told(Rule::on("GET", manifests).error(403, "DENIED", "not yours")),
        told(Rule::on("GET", manifests).html(200, "Welcome to the proxy")),
        told(Rule::on("GET", manifests).body("{\"schemaVersion\":2")),
        told(Rule::on("GET", manifests).redirect_in_a_circle()),
    ];
    registry.clear_rules();
    shown.push(user.run(&["check", &image(&registry, "v1"), "--offline"]));
    let name = image(&registry, "v1");
    drop(registry);
    shown.push(user.run(&["check", &name, "--ca-certificate", "nowhere.pem"]));
    shown.push(user.run(&["check", &name]));
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn a_login_that_is_missing() {
    let registry = ScriptedRegistry::ecr();
    seed(&registry, &Image::good(Family::Oci).store("v1"));
    insta::assert_snapshot!(User::new().run(&["check", &image(&registry, "v1")]));
}

#[test]
fn ctrl_c_has_an_exit_code_of_its_own() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &Image::good(Family::Oci).store("v1"));
    registry.rule(Rule::on("GET", "/v2/app/manifests/*").hang());
    let mut child = User::new().command(&["check", &image(&registry, "v1")]).spawn().unwrap();
    while registry.lines().is_empty() {
        assert_eq!(child.try_wait().unwrap(), None, "it waits for the registry");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_reader_that_stops_is_no_error() {
    use std::process::Stdio;
    let user = User::new();
    let mut child = user.command(&["rules"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}
