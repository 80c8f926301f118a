//! A function in a real sandbox.

use std::io;
use std::net::TcpListener;

use rustix::io::Errno;

use super::handle::{Function, FunctionError};
use super::house::{House, Started};
use super::logs::LogSink;
use super::settings::FunctionSettings;
use crate::limits::MAX_EXTENSIONS;
use crate::{Command, RootFs, Sandbox, Settings, SpawnError};

const EXTENSIONS: &str = "/opt/extensions";

impl House for Sandbox {
    fn listener(&self) -> io::Result<TcpListener> {
        Sandbox::listener(self)
    }

    fn api_address(&self) -> io::Result<String> {
        Ok(Sandbox::api_address(self)?.to_string())
    }

    fn extensions(&self) -> Vec<String> {
        // Most images have no such directory.
        let names = self.list(EXTENSIONS).unwrap_or_default();
        let is_directory = |name: &String| {
            let listed = self.list(&format!("{EXTENSIONS}/{name}"));
            listed.map_or_else(|error| error.raw_os_error() != Some(Errno::NOTDIR.raw_os_error()), |_| true)
        };
        // One more than Lambda starts is enough to know that there are too many.
        names.into_iter().filter(|name| !is_directory(name)).take(MAX_EXTENSIONS + 1).collect()
    }

    fn spawn(&self, command: &Command) -> Result<Started, SpawnError> {
        let process = Sandbox::spawn(self, command)?;
        let (waiter, terminator) = (process.waiter.clone(), process.waiter);
        Ok(Started {
            stdout: process.stdout,
            stderr: process.stderr,
            wait: Box::new(move || waiter.wait()),
            terminate: Box::new(move || terminator.terminate()),
        })
    }

    fn peak_memory(&self) -> Option<u64> {
        Sandbox::peak_memory(self)
    }

    fn failure(&self) -> Option<String> {
        Sandbox::failure(self)
    }

    fn kill_processes(&self) {
        // A sandbox that has ended has no processes.
        let _ = Sandbox::kill_processes(self);
    }
}

impl Function {
    /// Makes a sandbox around a root file system and starts the function in it.
    ///
    /// # Errors
    /// When this machine does not allow it.
    pub fn start(
        root: RootFs,
        sandbox: Settings,
        settings: FunctionSettings,
        log: LogSink,
    ) -> Result<Function, FunctionError> {
        Function::start_in(move || Ok(Sandbox::start(&root, &sandbox)?), settings, log)
    }
}
