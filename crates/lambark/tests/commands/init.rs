//! `lambark init`: what it finds, what it writes, and that it never overwrites.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lambark_parts as parts;

use crate::support::User;

const EVERYTHING: [&str; 8] =
    ["init", "--ci", "github", "--pre-commit", "--alarms", "cloudformation", "--docs", "--agents"];
const THE_REST: [&str; 5] = ["init", "--ci", "codebuild", "--alarms", "terraform"];

/// A user at the root of a sample repository.
pub(crate) fn at(sample: &str) -> User {
    let user = User::elsewhere();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands/init").join(sample);
    copy(&from, user.directory());
    // Git keeps no such directory in the samples.
    fs::create_dir(user.directory().join(".git")).unwrap();
    user
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file of a repository.
pub(crate) fn files(directory: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut left = vec![directory.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap().display().to_string();
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

fn write(arguments: &[&str]) -> Vec<String> {
    arguments.iter().chain(&["--write"]).map(|argument| (*argument).to_owned()).collect()
}

#[test]
fn a_script_for_three_services_is_explained_and_nothing_is_written() {
    let user = at("script");
    let before = files(user.directory());
    insta::assert_snapshot!(user.run(&["init"]));
    assert_eq!(user.run(&["init"]), user.run(&["init", "--plan"]));
    assert_eq!(files(user.directory()), before);
}

#[test]
fn the_findings_of_each_sample() {
    for sample in ["monorepo", "sam", "terraform"] {
        insta::assert_snapshot!(format!("found_{sample}"), at(sample).run(&["init"]));
    }
}

#[test]
fn everything_that_is_written() {
    let user = at("script");
    let before = files(user.directory());
    let run = user.run(&write(&EVERYTHING));
    assert!(run.starts_with("exit code: 0"), "{run}");
    let run = user.run(&write(&THE_REST));
    assert!(run.starts_with("exit code: 0"), "{run}");
    let mut shown = String::new();
    for (path, text) in files(user.directory()) {
        if before.get(&path) != Some(&text) {
            shown.push_str(&format!("==== {path}\n{text}"));
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_second_run_changes_nothing() {
    for sample in ["script", "monorepo", "sam", "terraform"] {
        let user = at(sample);
        for arguments in [&EVERYTHING[..], &THE_REST[..]] {
            let run = user.run(&write(arguments));
            assert!(run.starts_with("exit code: 0") && run.contains(" written\n"), "{sample}: {run}");
        }
        let before = files(user.directory());
        for arguments in [&EVERYTHING[..], &THE_REST[..], &["init"]] {
            let run = user.run(&write(arguments));
            assert!(run.starts_with("exit code: 0") && run.contains("\nnothing to do\n"), "{sample}: {run}");
        }
        assert_eq!(files(user.directory()), before, "{sample}");
    }
}

#[test]
fn what_others_wrote_stays_and_the_rest_is_refused() {
    let user = at("monorepo");
    fs::write(user.directory().join("AGENTS.md"), "# Agents\n\nBe brief.\n").unwrap();
    fs::write(user.directory().join("CLAUDE.md"), "See AGENTS.md").unwrap();
    let workflow = user.directory().join(".github/workflows/lambark.yml");
    fs::write(&workflow, "name: mine\non: push\njobs: {}\n").unwrap();
    let before = files(user.directory());
    let refused = user.run(&["init", "--ci", "github", "--agents", "--write"]);
    assert!(refused.starts_with("exit code: 4"), "{refused}");
    assert_eq!(files(user.directory()), before, "one file that is refused stops all");
    let end = refused.find("\nnew  ").unwrap();
    insta::assert_snapshot!(&refused[end + 1..]);
    let consent = user.run(&[
        "init",
        "--ci",
        "github",
        "--agents",
        "--pre-commit",
        "--write",
        "--overwrite",
        ".github/workflows/lambark.yml",
    ]);
    assert!(consent.starts_with("exit code: 0"), "{consent}");
    let after = files(user.directory());
    assert!(after[".github/workflows/lambark.yml"].starts_with("# Written by `lambark init`"));
    insta::assert_snapshot!(
        ["AGENTS.md", "CLAUDE.md", ".pre-commit-config.yaml"].map(|path| after[path].as_str()).join("====\n")
    );
    for path in ["AGENTS.md", "CLAUDE.md"] {
        assert!(after[path].starts_with(&*before[path]), "{path}");
    }
}

#[test]
fn a_lambark_toml_that_is_there_counts() {
    let user = at("monorepo");
    let text = "# mine\n[service.only]\ndockerfile = \"services/api/Dockerfile\"\nfunction = \"f\"\n";
    fs::write(user.directory().join("lambark.toml"), text).unwrap();
    let run = user.run(&write(&EVERYTHING));
    assert!(run.starts_with("exit code: 0"), "{run}");
    assert!(
        run.contains("kept      lambark.toml")
            && run.contains("has no service for what the repository shows as `billing`"),
        "{run}"
    );
    let after = files(user.directory());
    assert_eq!(after["lambark.toml"], text);
    assert!(after[".github/workflows/lambark.yml"].contains("- service: only\n"));
    let again = user.run(&["init", "--overwrite", "lambark.toml", "--write"]);
    assert!(again.contains("changed   lambark.toml"), "{again}");
    assert!(files(user.directory())["lambark.toml"].contains("[service.billing]"));
}

#[test]
fn a_script_is_replaced_only_by_name() {
    let user = at("script");
    let script = user.directory().join("scripts/build-and-push.sh");
    let wrong = user.run(&["init", "--replace-script", "scripts/notify.sh", "--write"]);
    assert!(wrong.starts_with("exit code: 2") && wrong.contains("is no script here that builds"), "{wrong}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let replace = [&EVERYTHING[..], &["--replace-script", "scripts/build-and-push.sh"]].concat();
    let run = user.run(&write(&replace));
    assert!(run.starts_with("exit code: 0"), "{run}");
    insta::assert_snapshot!(fs::read_to_string(&script).unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o755);
    }
    let lint = user.run(&["lint"]);
    assert!(lint.contains("nothing found"), "{lint}");
    let again = user.run(&write(&EVERYTHING));
    assert!(again.contains("\nnothing to do\n"), "what only the script told is not missed: {again}");
}

#[cfg(unix)]
#[test]
fn no_link_leads_a_file_out_of_the_repository() {
    let user = at("sam");
    let outside = user.path("outside");
    fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, user.directory().join("docs")).unwrap();
    let run = user.run(&["init", "--docs", "--write"]);
    assert!(run.starts_with("exit code: 2") && run.contains("lies outside of the repository"), "{run}");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    std::os::unix::fs::symlink(user.path("outside/x"), user.directory().join("AGENTS.md")).unwrap();
    let run = user.run(&["init", "--agents", "--write"]);
    assert!(run.starts_with("exit code: 2") && run.contains("AGENTS.md is no ordinary file"), "{run}");
}

#[test]
fn machines_read_the_same() {
    let user = at("script");
    let output = user.command(&["init", "--format", "json", "--pre-commit"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["schema"], &report["written"]), (&"lambark.init/v1".into(), &false.into()));
    assert_eq!(report["services"][0]["function"]["value"], "acme-backend");
    assert_eq!(report["files"][1]["status"], "new");
    assert!(
        report["files"][1]["diff"].as_str().unwrap().starts_with("--- /dev/null\n+++ b/.pre-commit-config.yaml\n@@")
    );
    assert_eq!(report["scripts"][0]["lines"][0]["became"], "lambark");
}

/// lambark's own lint has nothing to say about what init writes.
#[test]
fn lint_has_nothing_to_say_about_what_was_written() {
    for sample in ["script", "monorepo", "sam", "terraform"] {
        let user = at(sample);
        let before = files(user.directory());
        user.run(&write(&EVERYTHING));
        user.run(&write(&THE_REST));
        let output = user.command(&["lint", "--format", "json"]).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        for finding in report["findings"].as_array().unwrap() {
            let file = finding["where"]["file"].as_str();
            assert!(before.contains_key(file.unwrap()), "{sample}: {finding}");
        }
    }
}

/// The checkers of the field, on what is written for each sample.
#[test]
fn real_checkers_pass_what_was_written() {
    for sample in ["script", "monorepo", "sam", "terraform"] {
        let user = at(sample);
        user.run(&write(&EVERYTHING));
        // One after the other, so that one that is missing is one that is skipped.
        let checks = [
            (parts::zizmor(), vec!["--persona", "auditor", ".github/workflows/lambark.yml"]),
            (parts::cfn_lint(), vec!["alarms/lambark.cfn.yaml"]),
            (parts::pre_commit(), vec!["validate-config", ".pre-commit-config.yaml"]),
        ];
        for (command, arguments) in checks {
            let Some(mut command) = command else { continue };
            let output = command.args(&arguments).current_dir(user.directory()).output().unwrap();
            let told = [output.stdout, output.stderr].concat();
            assert!(output.status.success(), "{sample}: {arguments:?}: {}", String::from_utf8_lossy(&told));
        }
    }
}
