//! go-containerregistry's registry: laxer than Docker's, and different where it matters (mounts, missing blobs).

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::part::Part;
use crate::process::Process;

/// The registry is up in a few milliseconds; the rest is for a busy machine.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// A running `crane registry serve` on a free loopback port: plain HTTP, no authentication, everything in memory.
#[derive(Debug)]
pub struct CraneRegistry {
    // Ended before its directory goes.
    _process: Process,
    _dir: TempDir,
    port: u16,
}

impl CraneRegistry {
    /// Starts a registry, or skips the running test if the part is missing.
    ///
    /// # Panics
    ///
    /// If the part is there and the registry does not come up.
    pub fn start() -> Option<CraneRegistry> {
        let part = Part::Crane.or_skip()?;
        match start(&part) {
            Ok(registry) => Some(registry),
            Err(error) => panic!("crane registry: {error}"),
        }
    }

    /// `127.0.0.1:PORT`: the host part of an image name.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.host())
    }
}

fn start(part: &Path) -> Result<CraneRegistry, Box<dyn std::error::Error>> {
    let dir = tempfile::Builder::new().prefix("lambark-crane-").tempdir()?;
    let mut command = Command::new(part.join("usr/bin/crane"));
    command.args(["registry", "serve", "--address", "127.0.0.1:0"]);
    let log = dir.path().join("log");
    let mut process = Process::spawn("crane", &mut command, &log, Duration::from_secs(2))?;
    let port = process.wait_for(READY_LIMIT, |log| {
        let (_, rest) = log.split_once("serving on port ")?;
        rest.lines().next().filter(|_| rest.contains('\n'))?.trim().parse().ok()
    })?;
    Ok(CraneRegistry { _process: process, _dir: dir, port })
}
