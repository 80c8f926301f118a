//! What runs in a sandbox, and how it ends.

use std::fmt;

/// A program to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its path, or a name without a slash that is looked for in the directories of `PATH` in [`Command::env`].
    pub program: String,
    /// Its arguments, without its own name.
    pub args: Vec<String>,
    /// Its whole environment: nothing is inherited. The last of two equal names counts.
    pub env: Vec<(String, String)>,
    /// Its working directory, an absolute path inside.
    pub working_directory: String,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this status.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Killed because all processes together had more memory than [`crate::Settings::memory_bytes`].
    OutOfMemory,
}

impl Exit {
    /// Whether it ended by itself with status 0.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Exit::Code(0)
    }
}

impl fmt::Display for Exit {
    /// As Go's `os/exec` says it, whose words Lambda's messages have.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exit status {code}"),
            Exit::OutOfMemory => f.write_str("signal: killed"),
            Exit::Signal(signal) => match signal_text(*signal) {
                Some(text) => write!(f, "signal: {text}"),
                None => write!(f, "signal: signal {signal}"),
            },
        }
    }
}

/// Go's names of the signals that end processes.
fn signal_text(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_in_gos_words() {
        assert_eq!(Exit::Code(142).to_string(), "exit status 142");
        assert_eq!(Exit::Signal(9).to_string(), "signal: killed");
        assert_eq!(Exit::Signal(64).to_string(), "signal: signal 64");
        assert_eq!(Exit::OutOfMemory.to_string(), "signal: killed");
        assert!(Exit::Code(0).is_success() && !Exit::Code(1).is_success());
    }
}
