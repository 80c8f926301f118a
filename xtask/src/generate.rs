//! `cargo xtask generate`: files that are derived from the code and checked in, so that readers need no build.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Error, lambark_binary, workspace};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; tell what is out of date, and fail if anything is
    #[arg(long)]
    check: bool,
}

/// A generated file: where it lies, and what `lambark` prints for it.
struct Generated {
    path: &'static str,
    lambark: &'static [&'static str],
}

/// Every generated file. A new one is a line here.
const FILES: [Generated; 5] = [
    Generated { path: "docs/cli.md", lambark: &["internal", "cli-reference"] },
    Generated { path: "docs/rules.md", lambark: &["internal", "rules-page"] },
    Generated { path: "docs/schema/check-v1.json", lambark: &["internal", "schema", "check"] },
    Generated { path: "docs/schema/config-v1.json", lambark: &["internal", "schema", "config"] },
    Generated { path: "docs/schema/lint-v1.json", lambark: &["internal", "schema", "lint"] },
];

/// What came of one file.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Current,
    Written,
    OutOfDate,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let root = workspace::root();
    let lambark = lambark_binary::build(false)?;
    let mut stale = Vec::new();
    for file in &FILES {
        let content = output(Command::new(&lambark).args(file.lambark))?;
        match settle(&root.join(file.path), &content, arguments.check)? {
            State::Current => {}
            State::Written => eprintln!("wrote {}", file.path),
            State::OutOfDate => stale.push(file.path),
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(Error::Failed(format!("out of date: {} (run cargo xtask generate)", stale.join(", "))))
}

/// Compares a file with what it should hold; writes it, unless this is only a check.
fn settle(path: &Path, content: &[u8], check: bool) -> Result<State, Error> {
    let shown = || path.display().to_string();
    match std::fs::read(path) {
        Ok(now) if now == content => return Ok(State::Current),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::io(shown())(error)),
    }
    if check {
        return Ok(State::OutOfDate);
    }
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(Error::io(shown()))?;
    }
    std::fs::write(path, content).map_err(Error::io(shown()))?;
    Ok(State::Written)
}

/// What a command prints, if it succeeds.
fn output(command: &mut Command) -> Result<Vec<u8>, Error> {
    // Wrapped help depends on the terminal's width; a generated file must not.
    command.env("COLUMNS", "100").env("NO_COLOR", "1");
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let shown = format!("{command:?}");
    let output = output.map_err(Error::io(shown.clone()))?;
    if output.status.success() && !output.stdout.is_empty() {
        return Ok(output.stdout);
    }
    let status = output.status;
    Err(Error::Failed(format!("{shown}: {status}, {} bytes printed", output.stdout.len())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_stale_file_is_told_by_a_check_and_written_without() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("docs/cli.md");
        assert_eq!(settle(&path, b"new", true).unwrap(), State::OutOfDate);
        assert!(!path.exists());
        assert_eq!(settle(&path, b"new", false).unwrap(), State::Written);
        assert_eq!(settle(&path, b"new", true).unwrap(), State::Current);
        assert_eq!(settle(&path, b"newer", true).unwrap(), State::OutOfDate);
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn a_command_that_fails_or_is_silent_generates_nothing() {
        assert_eq!(output(Command::new("sh").args(["-c", "printf $COLUMNS"])).unwrap(), b"100");
        for script in ["echo half; exit 3", "true"] {
            assert!(output(Command::new("sh").args(["-c", script])).is_err(), "{script}");
        }
    }
}
