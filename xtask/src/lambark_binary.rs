//! Builds the lambark command for the verbs that run it.

use std::path::PathBuf;
use std::process::Stdio;

use crate::{Error, workspace};

/// Builds the command and gives its path. Cargo is asked, because the target directory may be anywhere.
pub(crate) fn build(release: bool) -> Result<PathBuf, Error> {
    let mut command = workspace::cargo();
    command.args(["build", "--quiet", "--package", "lambark", "--bin", "lambark"]);
    command.args(release.then_some("--release"));
    command.arg("--message-format=json-render-diagnostics");
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(Error::io("cargo"))?;
    if !output.status.success() {
        return Err(Error::Failed("lambark does not build".to_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let path = text.lines().rev().find_map(executable);
    path.map(Into::into).ok_or_else(|| Error::Failed("cargo names no lambark binary".to_owned()))
}

/// The `executable` of one of cargo's messages.
fn executable(line: &str) -> Option<String> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    message.get("executable")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_names_the_binary() {
        let line = r#"{"reason":"compiler-artifact","executable":"/t/debug/lambark"}"#;
        assert_eq!(executable(line).as_deref(), Some("/t/debug/lambark"));
        assert_eq!(executable(r#"{"reason":"compiler-artifact","executable":null}"#), None);
        assert_eq!(executable("warning: text"), None);
    }
}
