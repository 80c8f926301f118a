//! A Docker daemon of our own: the real BuildKit, with either of the two kinds of image store.

use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::part::{Part, library_path};
use crate::process::Process;
use crate::skip::skip;

/// Ready in 0.3 to 1.5 s on an idle machine.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// The daemon ends its containerd and unmounts first; killed too early it leaves mounts behind.
const GRACE: Duration = Duration::from_secs(20);

/// Where a daemon keeps its images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// containerd's, which Docker Desktop and new engines use: it keeps manifests.
    Containerd,
    /// The classic one, a graph driver's: it keeps none.
    Overlay2,
}

/// A running dockerd. Root only. Ended, and its files removed, when dropped.
#[derive(Debug)]
pub struct Dockerd {
    process: Option<Process>,
    dir: TempDir,
    part: PathBuf,
}

impl Dockerd {
    /// Starts a daemon that may speak plain HTTP to the given registries (`127.0.0.1:PORT`).
    ///
    /// Skips the running test if the part is missing, if we are not root, or if this machine does not let a daemon run
    /// (a container without privileges): the reason then holds the daemon's last words.
    pub fn start(insecure_registries: &[&str]) -> Option<Dockerd> {
        Dockerd::start_with(Store::Containerd, insecure_registries)
    }

    /// The same with a store of that kind.
    pub fn start_with(store: Store, insecure_registries: &[&str]) -> Option<Dockerd> {
        let part = Part::Docker.or_skip()?;
        match start(&part, store, insecure_registries) {
            Ok(daemon) => Some(daemon),
            Err(error) => {
                skip(&format!("dockerd does not run here: {error}"));
                None
            }
        }
    }

    /// The `docker` command, with buildx, talking to this daemon: `docker buildx build …` as `["buildx", "build", …]`.
    pub fn docker(&self) -> Command {
        let mut command = Command::new(self.programs().join("docker"));
        command.envs(self.environment());
        // What the machine's own Docker is set to must not decide what a test builds.
        for name in ["DOCKER_CONTEXT", "DOCKER_BUILDKIT", "BUILDX_BUILDER", "BUILDX_NO_DEFAULT_ATTESTATIONS"] {
            command.env_remove(name);
        }
        command
    }

    /// The directory of the `docker` command.
    pub fn programs(&self) -> PathBuf {
        self.part.join("usr/bin")
    }

    /// The variables that lead `docker` to this daemon and to buildx.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [
            ("DOCKER_HOST", format!("unix://{}", self.socket().display())),
            ("DOCKER_CONFIG", self.dir.path().join("cli").display().to_string()),
        ]
    }

    /// The daemon's socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("docker.sock")
    }
}

fn start(part: &Path, store: Store, insecure: &[&str]) -> Result<Dockerd, Box<dyn std::error::Error>> {
    // The path of a Unix socket holds 107 bytes: a short directory, not one below target/.
    let dir = tempfile::Builder::new().prefix("lambark-dockerd-").tempdir()?;
    let path = dir.path();
    prepare(part, path, store, insecure)?;
    let mut command = Command::new(path.join("bin/dockerd"));
    command.arg("--config-file").arg(path.join("daemon.json"));
    command.arg("--data-root").arg(path.join("data"));
    command.arg("--exec-root").arg(path.join("exec"));
    command.arg("--pidfile").arg(path.join("docker.pid"));
    command.arg("-H").arg(format!("unix://{}", path.join("docker.sock").display()));
    command.args(["--iptables=false", "--ip6tables=false", "--bridge=none"]);
    command.env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", path.join("bin").display()));
    command.env("LD_LIBRARY_PATH", library_path(part));
    let process = Process::spawn("dockerd", &mut command, &path.join("log"), GRACE)?;
    let mut daemon = Dockerd { process: Some(process), dir, part: part.to_owned() };
    let socket = daemon.socket();
    if let Some(process) = &mut daemon.process {
        process.wait_for(READY_LIMIT, |_| answers(&socket).then_some(()))?;
    }
    Ok(daemon)
}

/// Lays out the programs, the command's configuration and the daemon's.
fn prepare(part: &Path, dir: &Path, store: Store, insecure: &[&str]) -> std::io::Result<()> {
    let bin = dir.join("bin");
    let plugins = dir.join("cli/cli-plugins");
    std::fs::create_dir_all(&bin)?;
    std::fs::create_dir_all(&plugins)?;
    let part = part.canonicalize()?;
    for program in ["usr/sbin/dockerd", "usr/sbin/runc", "usr/bin/containerd", "usr/bin/containerd-shim-runc-v2"] {
        let name = Path::new(program).file_name().unwrap_or_default();
        symlink(part.join(program), bin.join(name))?;
    }
    symlink(part.join("usr/libexec/docker/cli-plugins/docker-buildx"), plugins.join("docker-buildx"))?;
    std::fs::write(dir.join("cli/config.json"), "{}")?;
    // Without `userland-proxy` false the daemon wants the path of a proxy, and stops.
    let mut settings = json!({
        "features": {"containerd-snapshotter": store == Store::Containerd},
        "userland-proxy": false,
        "insecure-registries": insecure,
    });
    if store == Store::Overlay2 {
        settings["storage-driver"] = "overlay2".into();
    }
    std::fs::write(dir.join("daemon.json"), settings.to_string())
}

/// True if the daemon answers `GET /_ping`.
fn answers(socket: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(socket) else {
        return false;
    };
    let limit = Some(Duration::from_secs(5));
    let mut answer = [0; 15];
    stream.set_read_timeout(limit).is_ok()
        && stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.ends_with(b" 200 OK")
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        drop(self.process.take());
        // A build that was cut short may leave mounts; with them the directory could not be removed.
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let below = self.dir.path().to_string_lossy().into_owned();
        let points = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        let ours: Vec<&str> = points.filter(|point| point.starts_with(&below)).collect();
        for point in ours.iter().rev() {
            let _ = Command::new("umount").args(["-l", point]).status();
        }
    }
}
