//! moto's server: the mock of AWS that the benches are compared with. Never a judge of images.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::part::Part;
use crate::process::Process;

/// It imports a hundred services first.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// A running moto server on a free loopback port.
#[derive(Debug)]
pub struct Moto {
    process: Process,
    _dir: TempDir,
    port: u16,
}

impl Moto {
    /// Starts a server, or skips the running test if the part is missing.
    ///
    /// # Panics
    ///
    /// If the part is there and the server does not come up.
    pub fn start() -> Option<Moto> {
        let part = Part::Moto.or_skip()?;
        match start(&part) {
            Ok(server) => Some(server),
            Err(error) => panic!("moto: {error}"),
        }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

fn start(part: &Path) -> Result<Moto, Box<dyn std::error::Error>> {
    let dir = tempfile::Builder::new().prefix("lambark-moto-").tempdir()?;
    let mut command = Command::new("python3");
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]).env("PYTHONPATH", part.join("site"));
    command.env("PYTHONUNBUFFERED", "1");
    let log = dir.path().join("log");
    let mut process = Process::spawn("moto", &mut command, &log, Duration::from_secs(2))?;
    let port = process.wait_for(READY_LIMIT, |log| {
        let (_, rest) = log.split_once("Running on http://127.0.0.1:")?;
        rest.lines().next().filter(|_| rest.contains('\n'))?.trim().parse().ok()
    })?;
    Ok(Moto { process, _dir: dir, port })
}
