//! Where a function's processes live: what the lifecycle needs of a sandbox, and nothing more of it.

use std::fs::File;
use std::net::TcpListener;

use crate::{Command, Exit, SpawnError};

/// Something that runs programs which reach one listening socket of ours.
pub trait House {
    /// The listening socket of the Runtime API, non-blocking.
    ///
    /// # Errors
    /// When it cannot be had.
    fn listener(&self) -> std::io::Result<TcpListener>;

    /// The address at which programs inside reach it.
    ///
    /// # Errors
    /// When the system does not tell.
    fn api_address(&self) -> std::io::Result<String>;

    /// The names of the files in `/opt/extensions`, sorted.
    fn extensions(&self) -> Vec<String>;

    /// Starts a program.
    ///
    /// # Errors
    /// Why it did not start.
    fn spawn(&self, command: &Command) -> Result<Started, SpawnError>;

    /// The most memory that all programs together had so far, in bytes; `None` where this machine cannot tell.
    fn peak_memory(&self) -> Option<u64>;

    /// Why the house itself broke down, if it did: what happened to programs since then is not their fault.
    fn failure(&self) -> Option<String> {
        None
    }

    /// Ends all programs at once, whatever they left behind included. The house stays.
    fn kill_processes(&self);
}

/// A program that runs.
pub struct Started {
    /// What it prints, reading end of a pipe.
    pub stdout: File,
    /// What it complains, reading end of a pipe.
    pub stderr: File,
    /// Blocks until it has ended.
    pub wait: Box<dyn FnOnce() -> Exit + Send>,
    /// Asks it to end (SIGTERM).
    pub terminate: Box<dyn Fn()>,
}
