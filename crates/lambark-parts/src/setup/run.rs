//! Runs a package program with a limit.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::SetupError;

/// Runs `command` to its end, with `limit` as the longest it may take.
pub(super) fn run(name: &str, command: &mut Command, limit: Duration) -> Result<(), SetupError> {
    let failed = |reason: String| SetupError::Program { program: name.to_owned(), reason };
    // The messages are read afterwards: from a file, so that a full pipe cannot stop the program.
    let words = tempfile::tempfile().map_err(|error| failed(error.to_string()))?;
    let out = words.try_clone().map_err(|error| failed(error.to_string()))?;
    let err = words.try_clone().map_err(|error| failed(error.to_string()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .process_group(0)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let start = Instant::now();
    loop {
        match child.try_wait().map_err(|error| failed(error.to_string()))? {
            Some(status) if status.success() => return Ok(()),
            Some(_) => return Err(failed(last_error(words))),
            None if start.elapsed() > limit => {
                if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                    let _ = kill_process_group(group, Signal::KILL);
                }
                let _ = child.wait();
                return Err(failed(format!("no end after {} s", limit.as_secs())));
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// The first line that apt marks as an error, else the last one printed.
fn last_error(mut words: std::fs::File) -> String {
    use std::io::{Read, Seek};
    let mut text = String::new();
    let read = words.rewind().and_then(|()| words.read_to_string(&mut text));
    if read.is_err() || text.trim().is_empty() {
        return "failed without a word".to_owned();
    }
    let marked = text.lines().find(|line| line.starts_with("E:"));
    marked.or(text.lines().last()).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn sh(script: &str, limit: Duration) -> Result<(), SetupError> {
        run("sh", Command::new("sh").args(["-c", script]), limit)
    }

    #[test]
    fn a_failure_is_told_in_its_own_words() {
        let long = Duration::from_secs(30);
        assert!(sh("true", long).is_ok());
        let error = sh("echo W: old; echo 'E: Unable to locate package x' >&2; echo more; exit 100", long).unwrap_err();
        assert_eq!(error.to_string(), "sh: E: Unable to locate package x");
        assert_eq!(sh("exit 1", long).unwrap_err().to_string(), "sh: failed without a word");
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let error = sh("sleep 600", Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "sh: no end after 0 s");
    }
}
