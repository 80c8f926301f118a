//! `lambark build SERVICE --tag`: into the service's repository, and into the ledger.

use lambark_testkit::scripted::ScriptedRegistry;

use crate::build::{docker, path, scripted, user};
use crate::support::json;

#[test]
fn a_tag_leads_into_the_services_repository_and_is_recorded() {
    let registry = ScriptedRegistry::start();
    let archive = lambark_testkit::fixture("prov-true-oci.tar");
    // An engine too old to write a layout: it streams an archive.
    let old = docker(&format!("/bin/cat '{}'", archive.display())).replace("26.1.5", "23.0.6");
    let programs = scripted(&[("docker", &old)]);
    let user = user().with("PATH", &path(programs.path()));
    let repository = format!("{}/app", registry.host());
    let toml = format!("[service.backend]\ndockerfile = \"Dockerfile\"\nrepository = \"{repository}\"\n");
    std::fs::write(user.directory().join("lambark.toml"), toml).unwrap();
    let build = ["build", "backend", "--tag", "v7", "--fail-on", "never", "--format", "json"];

    let plan = user.run(&["build", "backend", "--tag", "v7", "--plan"]);
    assert!(plan.starts_with("exit code: 0"), "{plan}");
    let refused = user.run(&[&build[..], &["--ledger", "none", "--ledger-artifact", "/dev/full"]].concat());
    assert!(refused.starts_with("exit code: 3") && refused.contains("`--ledger none"), "{refused}");
    assert_eq!(registry.mutations(), 0);

    let report = json(&user, &build);
    assert_eq!((&report["written"], &report["target"]), (&true.into(), &format!("{repository}:v7").into()), "{report}");
    let stands = registry.tagged("app", "v7").unwrap();
    assert_eq!(report["after"], stands.as_str());
    let listed = json(&user, &["record", "list", "--format", "json"]);
    let [intent, end] = listed["entries"].as_array().unwrap().as_slice() else { panic!("{listed:#}") };
    for (entry, outcome) in [(intent, "intended"), (end, "succeeded")] {
        assert_eq!((&entry["verb"], &entry["outcome"]), (&"build".into(), &outcome.into()), "{entry:#}");
        assert_eq!((&entry["service"], &entry["tag"]), (&"backend".into(), &"v7".into()), "{entry:#}");
    }
    assert_eq!(end["digestAfter"], stands.as_str());

    // A service without a repository has nowhere to go, and a tag of its own is no output.
    std::fs::write(user.directory().join("lambark.toml"), "[service.backend]\ndockerfile = \"Dockerfile\"\n").unwrap();
    let nowhere = user.run(&build);
    assert!(nowhere.starts_with("exit code: 2") && nowhere.contains("repository"), "{nowhere}");
}
