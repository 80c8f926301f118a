//! What can go wrong, and whose fault it is.

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No namespaces here at all: the operating system's.
    #[error("sandboxes need Linux: run the image with docker, podman or finch instead")]
    NotLinux,
    /// A setting of this machine forbids what a sandbox is made of: the administrator's.
    #[error("this machine does not let {user} make a sandbox: {setting} forbids it")]
    Forbidden {
        /// Who wanted it.
        user: String,
        /// The setting, by its name in the system.
        setting: String,
        /// What to do about it.
        advice: String,
    },
    /// The image could not be read.
    #[error(transparent)]
    Image(#[from] lambark_images::Error),
}

/// Why a program did not start in the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpawnError {
    /// The program, the interpreter in its first line or its loader is not there.
    #[error("no such file or directory")]
    NotFound,
    /// It is not executable, or a directory before it cannot be entered.
    #[error("permission denied")]
    PermissionDenied,
    /// The kernel cannot run it: another processor's, or no program at all.
    #[error("exec format error")]
    ExecFormat,
    /// The working directory is not there, is no directory or cannot be entered.
    #[error("the working directory cannot be entered: {0}")]
    WorkingDirectory(String),
    /// Anything else, in the operating system's words.
    #[error("{0}")]
    Other(String),
    /// The sandbox has ended.
    #[error("the sandbox has ended")]
    Ended,
}
