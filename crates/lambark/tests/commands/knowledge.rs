//! Messages, logs and entries: `explain`, `knowledge` and `doctor` as a user runs them.

use std::io::Write;
use std::process::Stdio;

use lambark_oci::Family;
use lambark_testkit::images::Image;
use lambark_testkit::scripted::ScriptedRegistry;

use crate::support::{User, image, seed};

const LOG: &str = "\
2026-02-17T05:33:00.1Z #9 exporting to image
2026-02-17T05:33:02.1Z #9 exporting attestation manifest sha256:bbbb done
2026-02-17T05:33:03.1Z #9 pushing manifest for 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 done
2026-02-17T05:33:50.1Z + aws lambda update-function-code --function-name app-prod --image-uri \
123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1
2026-02-17T05:33:58.1Z An error occurred (InvalidParameterValueException) when calling the UpdateFunctionCode operation: \
The image manifest, config or layer media type for the source image \
123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 is not supported.
2026-02-17T05:33:59.1Z ##[error]Process completed with exit code 254.
";

const RECORD: &str = "---
title: Login answers 502
tags: [lambda]
---

## Symptom

```
The login image v17 has 3 stale parts
```

## Root Cause

The tag held an index.

## Solution

Deploy the image inside by its digest.
";

/// Runs with `log` on standard input.
fn piped(user: &User, arguments: &[&str], log: &str) -> (i32, String) {
    let mut child = user.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(log.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_log_is_explained() {
    let (code, shown) = piped(&User::new(), &["explain", "-"], LOG);
    assert_eq!(code, 0);
    insta::assert_snapshot!(shown);
    let (code, json) = piped(&User::new(), &["explain", "--format", "json"], LOG);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(code, 0);
    assert_eq!(json["schema"], "lambark.explain/v1");
    assert_eq!(json["matches"][0]["entry"], "manifest-media-type");
    assert_eq!(json["matches"][0]["line"], 5);
    assert_eq!(json["matches"][0]["function"], "app-prod");
    assert_eq!(json["matches"][0]["causes"][0]["evidence"][0]["signal"], "attestation-exported");
}

#[test]
fn contradicting_entries_stand_side_by_side() {
    insta::assert_snapshot!(User::new().run(&["explain", "The function is trying to use a deleted image."]));
}

#[test]
fn nothing_known_is_said() {
    insta::assert_snapshot!(User::new().run(&["explain", "segmentation", "fault"]));
}

#[test]
fn every_entry_has_a_page_and_a_hot_pattern() {
    let knowledge = lambark_knowledge::Knowledge::built_in().unwrap();
    let user = User::new();
    let table = user.run(&["knowledge", "list"]);
    for entry in knowledge.entries().iter().step_by(7) {
        assert!(table.contains(&format!("\n{}  ", entry.id)), "{} is not in the table", entry.id);
        let page = user.run(&["explain", &entry.id]);
        assert!(page.starts_with("exit code: 0\n") && page.contains(&entry.title), "{page}");
        assert!(!page.contains("**"), "a mark that the renderer did not understand: {page}");
        let block = user.run(&["knowledge", "show", &entry.id, "--as", "hot-pattern"]);
        assert!(block.contains("**Root Cause**:") && block.contains("**Hit Count**: 0"), "{block}");
        let article = user.run(&["knowledge", "show", &entry.id, "--as", "article"]);
        assert!(article.contains(&format!("---\nid: {}\n", entry.id)), "{article}");
    }
}

/// Every `lambark …` in an entry is a command line that exists.
#[test]
fn commands_of_entries_parse() {
    let knowledge = lambark_knowledge::Knowledge::built_in().unwrap();
    let command = lambark::cli::command();
    let verbs: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let mut seen = 0;
    for entry in knowledge.entries() {
        let text = lambark_knowledge::write(entry);
        let fenced = entry.settle.iter().map(String::as_str);
        let inline = text.split('`').skip(1).step_by(2);
        for line in fenced.chain(inline).filter_map(|line| line.trim().strip_prefix("lambark ")) {
            let verb = line.split(' ').next().unwrap_or_default();
            assert!(verbs.contains(&verb), "{}: lambark {line}", entry.id);
            seen += 1;
        }
    }
    assert!(seen > 70, "only {seen} commands");
}

#[test]
fn hits_are_counted() {
    let user = User::new();
    for _ in 0..2 {
        user.run(&["explain", "Task timed out after 3.00 seconds"]);
    }
    let json = user.run(&["knowledge", "show", "timed-out", "--format", "json"]);
    assert!(json.contains("\"hits\": 2"), "{json}");
    assert!(user.run(&["explain", "timed-out"]).contains("helped"), "the page tells it too");
}

#[test]
fn a_record_is_imported_found_and_linted() {
    let user = User::elsewhere();
    std::fs::write(user.directory().join("incident.md"), RECORD).unwrap();
    let plan = user.run(&["knowledge", "import", "incident.md", "--plan"]);
    assert!(plan.contains("would write"), "{plan}");
    assert!(!user.directory().join(".lambark").exists(), "a plan writes nothing");
    let shown = user.run(&["knowledge", "import", "incident.md"]);
    assert!(shown.contains("exit code: 0") && shown.contains(".lambark/knowledge/login-answers-502.md"), "{shown}");
    assert!(user.run(&["knowledge", "import", "incident.md"]).contains("unchanged"));
    let found = user.run(&["explain", "12:01 the login image v99 has 4 stale parts today"]);
    assert!(found.contains("exit code: 0") && found.contains("The tag held an index."), "{found}");
    let linted = user.run(&["knowledge", "lint", ".lambark/knowledge"]);
    assert!(linted.contains("exit code: 1") && linted.contains("`misses`"), "{linted}");
    // Another record of the same name does not take its place.
    std::fs::write(user.directory().join("incident.md"), RECORD.replace("held an index", "was empty")).unwrap();
    let refused = user.run(&["knowledge", "import", "incident.md"]);
    assert!(refused.contains("exit code: 4") && refused.contains("is there already"), "{refused}");
}

#[test]
fn a_broken_entry_hides_no_other() {
    let user = User::elsewhere();
    let directory = user.directory().join(".lambark/knowledge");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("broken.md"), "---\nid: x\n").unwrap();
    let shown = user.run(&["explain", "Task timed out after 3.00 seconds"]);
    assert!(shown.contains("exit code: 0") && shown.contains("not read: ") && shown.contains("broken.md"), "{shown}");
}

#[test]
fn lambark_s_own_entries_are_without_fault() {
    let shown = User::elsewhere().run(&["knowledge", "lint"]);
    assert!(shown.starts_with("exit code: 0\n"), "{shown}");
}

/// A pasted message names an image: it is looked at, and the cure is the command that deploys the image inside.
#[test]
fn the_doctor_finds_the_cure_in_a_registry() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &Image::good(Family::Oci).attested("v1"));
    let name = image(&registry, "v1");
    let message =
        format!("The image manifest, config or layer media type for the source image {name} is not supported.");
    let user = User::new();
    insta::assert_snapshot!(user.run(&["doctor", &message]));
    let offline = user.run(&["doctor", &message, "--offline"]);
    insta::assert_snapshot!(offline);
    let json = user.run(&["doctor", &name, "--format", "json"]);
    assert!(json.contains("\"image-index\"") && json.contains("update-function-code"), "{json}");
}

#[test]
fn the_doctor_looks_at_an_archive_and_says_what_it_could_not_see() {
    let user = User::new();
    insta::assert_snapshot!(user.run(&["doctor", "prov-true-oci.tar"]));
    assert!(user.run(&["doctor", "hello", "world"]).starts_with("exit code: 3\n"));
    let function = user.run(&["doctor", "my-function", "--offline"]);
    assert!(function.starts_with("exit code: 3\n") && function.contains("--offline was given"), "{function}");
}
