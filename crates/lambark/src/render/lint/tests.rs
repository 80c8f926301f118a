#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use super::{github, junit, sarif, text};
use crate::operations::check::FailOn;
use crate::operations::lint::{Outcome, Settings, run};
use crate::render::{Page, json};

const FILES: [(&str, &str); 4] = [
    ("Dockerfile", "FROM public.ecr.aws/lambda/python:3.13\nCOPY app.py ${LAMBDA_TASK_ROOT}/\nCMD [\"app.handler\"]\n"),
    (
        "deploy.sh",
        "#!/bin/bash\ndocker build -t app .\ndocker tag app \"$REPO:latest\"\ndocker push \"$REPO:latest\"\n\
         aws lambda update-function-code --function-name app --image-uri \"$REPO:latest\"\n",
    ),
    ("other/build.sh", "docker build -t other . && docker push other\n"),
    ("half.sh", "docker build -t \u{1b}[2Jx . && docker push \u{1b}[2Jx\nif true; then\n"),
];

fn outcome() -> (tempfile::TempDir, Outcome) {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in FILES {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let settings = Settings {
        paths: Vec::new(),
        directory: root.path().to_owned(),
        known: lambark_lint::Settings::default(),
        ignored_rules: Vec::new(),
        fix: None,
    };
    let outcome = run(&settings).unwrap();
    (root, outcome)
}

fn plain(write: impl Fn(&mut Vec<u8>, &Outcome) -> std::io::Result<()>) -> String {
    let (_root, outcome) = outcome();
    let mut out = Vec::new();
    write(&mut out, &outcome).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
}

#[test]
fn text_shows_the_line_and_the_edit() {
    insta::assert_snapshot!(plain(|out, outcome| text::lint(
        out,
        outcome,
        Page { width: Some(100), ..Page::default() }
    )));
}

#[test]
fn nothing_hidden_reaches_the_terminal() {
    let text = plain(|out, outcome| text::lint(out, outcome, Page { verbose: true, ..Page::default() }));
    assert!(!text.replace('\n', "").contains(crate::render::escape::is_hidden), "{text:?}");
}

#[test]
fn json_is_the_documented_shape() {
    let text = plain(|out, outcome| json::lint(out, outcome));
    insta::assert_snapshot!(text);
    let schema = serde_json::to_value(json::lint_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&serde_json::from_str(&text).unwrap()).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
}

#[test]
fn annotations_name_file_and_line() {
    insta::assert_snapshot!(plain(|out, outcome| github::lint(out, outcome)));
}

#[test]
fn sarif_has_regions_and_fixes() {
    let text = plain(|out, outcome| sarif::lint(out, outcome));
    let log: serde_json::Value = serde_json::from_str(&text).unwrap();
    let run = &log["runs"][0];
    let result = &run["results"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(result["ruleId"], rules[index]["id"]);
    let region = &run["results"].as_array().unwrap().iter().find(|it| it["ruleId"] == "default-attestations").unwrap();
    assert_eq!(region["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
    assert_eq!(
        region["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"],
        " --provenance=false"
    );
}

#[test]
fn junit_fails_where_the_command_does() {
    let failing = plain(|out, outcome| junit::lint(out, outcome, FailOn::default()));
    let errors = outcome().1.report.findings.iter().filter(|it| it.severity == lambark_rules::Severity::Error).count();
    assert_eq!(failing.matches("<failure").count(), errors);
    assert_eq!(plain(|out, outcome| junit::lint(out, outcome, FailOn::Never)).matches("<failure").count(), 0);
}
