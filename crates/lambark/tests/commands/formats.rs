//! Every format through the whole command.

use crate::support::User;

#[test]
fn json() {
    let output = User::at_root().command(&["check", "examples/attested.tar", "--format", "json"]).output().unwrap();
    let mut report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let image = report["images"][0].as_object_mut().unwrap();
    // These two grow with every rule.
    assert!(image.remove("passed").unwrap().as_array().unwrap().iter().any(|rule| rule == "wrong-os"));
    assert!(image.remove("skipped").unwrap().is_array());
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

#[test]
fn github_annotations() {
    insta::assert_snapshot!(User::new().run(&[
        "check",
        "zstd-oci.tar",
        "default-oci.tar",
        "--format",
        "github",
        "--depth",
        "bytes"
    ]));
}

#[test]
fn a_report_in_a_file_and_a_summary_behind_another() {
    let user = User::at_root();
    let (report, summary) = (user.path("report.sarif"), user.path("summary.md"));
    std::fs::write(&summary, "already here\n").unwrap();
    let arguments = ["check", "examples/attested.tar", "--format", "sarif", "-o", &report, "--summary", &summary];
    assert_eq!(user.run(&arguments), "exit code: 1\n---- stdout\n---- stderr\n");
    let sarif: serde_json::Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "image-index");
    let summary = std::fs::read_to_string(&summary).unwrap();
    assert!(summary.starts_with("already here\n### "), "{summary}");
}

#[test]
fn junit_counts_every_rule() {
    let run = User::at_root().run(&["check", "examples/attested.tar", "--format", "junit"]);
    assert_eq!(run.matches("<testcase ").count(), lambark_rules::CATALOGUE.len());
    assert!(run.contains("failures=\"1\""), "{run}");
}

#[test]
fn colour_is_asked_for_or_not_there() {
    let coloured = |user: &User, flags: &[&str]| {
        let arguments: Vec<&str> = ["check", "default-oci.tar"].iter().chain(flags).copied().collect();
        user.run(&arguments).contains('\u{1b}')
    };
    assert!(!coloured(&User::new(), &[]), "a pipe has no colour");
    assert!(coloured(&User::new(), &["--color", "always"]));
    assert!(coloured(&User::new().with("CLICOLOR_FORCE", "1"), &[]));
    assert!(!coloured(&User::new().with("CLICOLOR_FORCE", "1"), &["--color", "never"]));
}
