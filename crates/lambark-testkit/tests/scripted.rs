//! The scripted registry is a registry: a client that somebody else wrote is content with it.
#![allow(clippy::unwrap_used, reason = "tests")]

use lambark_testkit::fixture;
use lambark_testkit::parts::skopeo;
use lambark_testkit::scripted::{Auth, Behaviour, ScriptedRegistry};

/// Copies an attested index in, from there to a second repository, and out again.
fn round_trip(registry: &ScriptedRegistry, credentials: &str) {
    let Some(mut push) = skopeo() else { return };
    let archive = format!("oci-archive:{}", fixture("prov-true-oci.tar").display());
    let (first, second) =
        (format!("docker://{}/app:v1", registry.host()), format!("docker://{}/copy:v1", registry.host()));
    let run = |command: &mut std::process::Command| {
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}\n{:#?}", registry.lines());
        output.stdout
    };
    run(push.args(["copy", "--all", "-q", "--dest-tls-verify=false", "--dest-creds", credentials, &archive, &first]));
    let mut copy = skopeo().unwrap();
    copy.args(["copy", "--all", "-q", "--src-tls-verify=false", "--dest-tls-verify=false"]);
    run(copy.args(["--src-creds", credentials, "--dest-creds", credentials, &first, &second]));
    assert_eq!(registry.tagged("app", "v1"), registry.tagged("copy", "v1"));
    assert_eq!(registry.manifests("app"), registry.manifests("copy"));
    let mut inspect = skopeo().unwrap();
    let raw = run(inspect.args(["inspect", "--raw", "--tls-verify=false", "--creds", credentials, &second]));
    let digest = registry.tagged("app", "v1").unwrap();
    assert_eq!(registry.manifest("copy", &digest).unwrap().1, raw);
    let folder = std::env::temp_dir().join(format!(
        "lambark-scripted-{}-{}",
        std::process::id(),
        registry.host().replace(':', "-")
    ));
    let mut pull = skopeo().unwrap();
    let target = format!("oci:{}:v1", folder.display());
    run(pull.args(["copy", "--all", "-q", "--src-tls-verify=false", "--src-creds", credentials, &second, &target]));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn skopeo_is_content() {
    round_trip(&ScriptedRegistry::start(), "any:body");
}

#[test]
fn skopeo_is_content_with_ecrs_ways() {
    let registry = ScriptedRegistry::ecr();
    registry.create_repository("app");
    registry.create_repository("copy");
    round_trip(&registry, "AWS:tok");
}

#[test]
fn skopeo_is_content_with_tokens() {
    let auth = Auth::Bearer { username: "user".into(), password: "pass".into(), uses: None, anonymous_pull: true };
    round_trip(&ScriptedRegistry::with(Behaviour { auth, ..Behaviour::default() }), "user:pass");
}
