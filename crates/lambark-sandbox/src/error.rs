//! What can go wrong, and whose fault it is.

use std::io;
use std::path::PathBuf;

use lambark_oci::Digest;

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No namespaces here at all: the operating system's.
    #[error("lambark makes sandboxes of its own on Linux alone; elsewhere docker, podman or finch makes them")]
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
    /// There is no lambark that could run in a container.
    #[error("there is no lambark for Linux to run in containers, neither {}", looked.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" nor "))]
    NoCompanion {
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// The lambark that was to run in a container cannot: the user's, who named or installed it.
    #[error("{} cannot be the lambark that runs in containers: {reason}", path.display())]
    Companion {
        /// Where it lies.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The container engine that was to make it did not.
    #[error("`{engine} {what}` failed: {reason}")]
    Engine {
        /// The engine's command.
        engine: String,
        /// Which of its commands.
        what: String,
        /// What it complained.
        reason: String,
    },
    /// A step of setting up failed.
    #[error("the sandbox could not be set up: {step}: {reason}")]
    SetUp {
        /// The step.
        step: String,
        /// Why, in the operating system's words.
        reason: String,
    },
    /// The kernel does not stack these layers; they can be laid flat.
    #[error("the layers cannot be stacked: {reason}")]
    CannotStack {
        /// Why, in the operating system's words.
        reason: String,
    },
    /// This machine failed: disk, descriptors, permissions.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The operating system's word.
        source: io::Error,
    },
    /// A layer cannot become files: the image's maker's.
    #[error("layer {layer} cannot be unpacked: {reason}")]
    Layer {
        /// Digest of the layer's plain tar.
        layer: Digest,
        /// What is wrong with it.
        reason: String,
    },
    /// The image lacks what is needed to unpack it: its maker's.
    #[error("{place} cannot be unpacked: {reason}")]
    NotRunnable {
        /// Where it lies.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The image could not be read.
    #[error(transparent)]
    Image(#[from] lambark_images::Error),
}

impl Error {
    pub(crate) fn io(what: &str, source: io::Error) -> Error {
        Error::Io { what: what.to_owned(), source }
    }
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
