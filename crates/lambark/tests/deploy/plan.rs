//! `--plan`: it changes nothing, and what it says is what is done.

use std::collections::BTreeMap;

use crate::bench::{Bench, REPOSITORY, ROLE, good};
use crate::run::Run;

/// The mutating calls of Lambda that a plan names, counted.
fn planned(run: &Run) -> BTreeMap<String, u64> {
    let document = run.json();
    assert_eq!(document["end"]["is"], "planned", "{}", run.all());
    let mut counted = BTreeMap::new();
    for call in document["end"]["calls"].as_array().unwrap() {
        let operation = match call["service"].as_str().unwrap() {
            "registry" => "registry:PutManifest",
            _ => call["operation"].as_str().unwrap(),
        };
        *counted.entry(operation.to_owned()).or_default() += 1;
    }
    counted
}

/// Plans, finds the twin untouched, does it, and finds that exactly the planned calls were made.
fn holds(bench: &Bench, verb: &str, arguments: &[&str]) {
    let arguments = [&[verb], arguments].concat();
    bench.control().reset();
    let plan = bench.run(&[&arguments[..], &["--plan", "--format", "json"]].concat()).ends(0);
    assert_eq!(bench.changes(), [], "{arguments:?}");
    bench.run(&[&arguments[..], &["--plan"]].concat()).ends(0);
    assert_eq!(bench.changes(), [], "{arguments:?}");
    bench.run(&arguments).ends(0);
    let made: BTreeMap<String, u64> = bench.changes().into_iter().collect();
    assert_eq!(planned(&plan), made, "{arguments:?}\n{}", plan.all());
}

#[test]
fn a_plan_changes_nothing_and_comes_true() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.push(&good(3).attested("x"), REPOSITORY, "v3");
    let image = |number: u32| format!("{REPOSITORY}:v{number}");
    let (two, three) = (image(2), image(3));
    let deploy = |name: &str, image: &str, more: &[&str]| {
        holds(&bench, "deploy", &[&["--function", name, "--image", image], more].concat());
    };

    bench.live_function("alias", &old);
    deploy("alias", &two, &["--alias", "live"]);
    deploy("alias", &two, &["--alias", "live"]);
    holds(&bench, "rollback", &["--function", "alias", "--alias", "live"]);
    holds(&bench, "rollback", &["--function", "alias", "--alias", "live", "--to", "2"]);
    holds(&bench, "rollback", &["--function", "alias", "--alias", "live", "--to", "2"]);

    bench.live_function("canary", &old);
    deploy("canary", &two, &["--alias", "live", "--canary", "10,50", "--wait", "1ms"]);

    bench.function("none", &old);
    deploy("none", &two, &[]);
    holds(&bench, "rollback", &["--function", "none"]);

    bench.function("new-alias", &old);
    deploy("new-alias", &two, &["--alias", "live"]);

    bench.function("latest", &old);
    bench.alias("latest", "live", "$LATEST");
    deploy("latest", &two, &["--alias", "live"]);
    holds(&bench, "rollback", &["--function", "latest", "--alias", "live"]);

    deploy("made", &two, &["--alias", "live", "--create", "--role", ROLE]);

    // The first deployment of a child gives it its tag; the second finds it there.
    bench.live_function("child", &old);
    deploy("child", &three, &["--alias", "live"]);
    deploy("child", &three, &["--alias", "live"]);

    // What broke off: the image is there and not published; a share of the traffic that nobody raises.
    bench.live_function("unpublished", &old);
    bench.update("unpublished", &new);
    deploy("unpublished", &two, &["--alias", "live"]);
    bench.live_function("undone", &old);
    bench.update("undone", &new);
    holds(&bench, "rollback", &["--function", "undone", "--alias", "live"]);
    for (name, image) in [("partial-same", &two), ("partial-other", &three)] {
        bench.live_function(name, &old);
        bench.share(name, &new, 0.1);
        deploy(name, image, &["--alias", "live"]);
    }
}

#[test]
fn a_plan_for_people_names_every_call_and_why() {
    let bench = Bench::new();
    let old = bench.image(1);
    let image = good(2);
    bench.call("child", &lambark_oci::Digest::of(&image.manifest_bytes()));
    bench.push(&image.attested("x"), REPOSITORY, "v2");
    bench.live_function("app", &old);
    let run = bench.deploy("app", 2, &["--alias", "live", "--canary", "10", "--plan"]).ends(0);
    insta::assert_snapshot!("plan", bench.show(&run));
}

#[test]
fn a_plan_tells_what_would_be_mended_and_mends_nothing() {
    let bench = Bench::new();
    let old = bench.image(1);
    bench.live_function("app", &old);
    bench.push(&crate::story::mixed().store("x"), REPOSITORY, "v3");
    let plan = ["--alias", "live", "--fix", "--plan"];
    bench.control().reset();
    let run = bench.deploy("app", 3, &plan).ends(0);
    assert_eq!(bench.changes(), []);
    insta::assert_snapshot!("plan-with-fix", bench.show(&run));
    // What `fix` plans is what is told.
    let fix = bench.run(&["fix", &crate::bench::tagged(3), "--depth", "files", "--plan", "--format", "json"]);
    for step in fix.ends(0).json()["steps"].as_array().unwrap() {
        assert!(run.all().contains(&format!("to mend: {}", step.as_str().unwrap())), "{step}: {}", run.all());
    }
    let told = bench.deploy("app", 3, &[&plan[..], &["--format", "json"]].concat()).ends(0).json();
    let chosen = told["steps"].as_array().unwrap().iter().find(|step| step["toMend"].is_array()).unwrap();
    assert!(chosen["toMend"].as_array().unwrap().len() > 1, "{told:#}");
    assert_eq!(chosen["mended"], serde_json::json!([]), "{told:#}");
    // What no repair mends is refused by the plan as it would be by the deployment.
    let mut windows = good(4);
    windows.config["os"] = "windows".into();
    bench.push(&windows.store("x"), REPOSITORY, "v4");
    bench.deploy("app", 4, &plan).ends(1);
}
