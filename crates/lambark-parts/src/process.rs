//! A child process with its own group, a log file, and an end.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How often a wait looks again.
const POLL: Duration = Duration::from_millis(5);

/// A running program. Dropping it ends its whole process group: first asked, then killed.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    grace: Duration,
}

impl Process {
    /// Starts `command` in a process group of its own, with both output streams in the file `log`.
    ///
    /// `grace` is how long the program may take to end when it is asked to.
    ///
    /// # Errors
    ///
    /// The log cannot be created, or the program cannot be started.
    pub fn spawn(name: &str, command: &mut Command, log: &Path, grace: Duration) -> std::io::Result<Process> {
        let out = File::create(log)?;
        let child = command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).process_group(0).spawn()?;
        Ok(Process { name: name.to_owned(), child, log: log.to_owned(), grace })
    }

    /// Process id, which is its group's id as well.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the program has printed so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until `ready` finds what it looks for in the log.
    ///
    /// # Errors
    ///
    /// One line with the end of the log, if the program ends before that or `limit` passes.
    pub fn wait_for<T>(&mut self, limit: Duration, mut ready: impl FnMut(&str) -> Option<T>) -> Result<T, String> {
        let start = Instant::now();
        loop {
            let ended = self.child.try_wait().map_err(|error| error.to_string())?;
            let log = self.log();
            if let Some(found) = ready(&log) {
                return Ok(found);
            }
            if let Some(status) = ended {
                return Err(format!("{} ended with {status}: {}", self.name, last_lines(&log)));
            }
            if start.elapsed() > limit {
                return Err(format!("{} not ready after {limit:?}: {}", self.name, last_lines(&log)));
            }
            std::thread::sleep(POLL);
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // The group may be gone already; there is nothing else to do about an error here.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        let start = Instant::now();
        while start.elapsed() < self.grace {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(POLL);
        }
        // Children that stayed behind go too, whether or not the program itself has ended.
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// The last lines of a log, on one line.
fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().rev().take(3).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn shell(script: &str, dir: &Path) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::spawn("sh", &mut command, &dir.join("log"), Duration::from_secs(2)).unwrap()
    }

    #[test]
    fn dropping_ends_the_whole_group() {
        let dir = tempfile::tempdir().unwrap();
        let mut process = shell("sleep 600 & echo child $!; wait", dir.path());
        let child = process
            .wait_for(Duration::from_secs(10), |log| {
                log.lines().find_map(|line| line.strip_prefix("child ")?.parse::<i32>().ok())
            })
            .unwrap();
        drop(process);
        // The kernel takes a moment. Gone, or a zombie that its new parent has not collected yet.
        let stat = || std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        let ended = |stat: &str| stat.is_empty() || stat.contains(") Z ");
        let tries = (0..2000).take_while(|_| !ended(&stat())).inspect(|_| std::thread::sleep(POLL));
        assert!(tries.count() < 2000, "still running: {}", stat());
    }

    #[test]
    fn an_early_end_is_told_with_its_last_words() {
        let dir = tempfile::tempdir().unwrap();
        let mut process = shell("echo no such storage driver; exit 3", dir.path());
        let error = process.wait_for(Duration::from_secs(10), |_| None::<()>).unwrap_err();
        assert!(error.contains("exit status: 3") && error.contains("no such storage driver"), "{error}");
    }
}
