//! The AWS command of both versions runs, and says of itself what it is.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

use lambark_parts::{aws_v1, aws_v2};

fn version(mut command: Command) -> String {
    let output = command.arg("--version").output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn version_1_runs() {
    let Some(command) = aws_v1() else { return };
    let version = version(command);
    assert!(version.starts_with("aws-cli/1."), "{version}");
}

#[test]
fn version_2_runs() {
    let Some(command) = aws_v2() else { return };
    let version = version(command);
    assert!(version.starts_with("aws-cli/2."), "{version}");
}
