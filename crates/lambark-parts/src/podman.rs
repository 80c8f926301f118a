//! Podman with a store of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::part::{Part, library_path};
use crate::skip::skip;

/// A Podman whose store lives as long as this value. Root only.
#[derive(Debug)]
pub struct Podman {
    dir: TempDir,
}

impl Podman {
    /// An empty store. Skips the running test if the part is missing, or this machine does not let it run a container.
    ///
    /// # Panics
    ///
    /// If its files cannot be written.
    pub fn new() -> Option<Podman> {
        let part = Part::Podman.or_skip()?;
        // Sockets lie in it, whose paths hold 107 bytes.
        let dir = tempfile::Builder::new().prefix("lambark-podman-").tempdir();
        let dir = dir.unwrap_or_else(|error| panic!("no directory for podman: {error}"));
        prepare(&part, dir.path()).unwrap_or_else(|error| panic!("no command for podman: {error}"));
        let podman = Podman { dir };
        match podman.podman().arg("info").output() {
            Ok(output) if output.status.success() => Some(podman),
            Ok(output) => {
                skip(&format!("podman does not run here: {}", String::from_utf8_lossy(&output.stderr).trim()));
                None
            }
            Err(error) => {
                skip(&format!("podman does not run here: {error}"));
                None
            }
        }
    }

    /// A directory with a `podman` command that works on this store, for a program that looks for one in its `PATH`.
    pub fn programs(&self) -> PathBuf {
        self.dir.path().join("bin")
    }

    /// The command.
    pub fn podman(&self) -> Command {
        Command::new(self.programs().join("podman"))
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // Whatever a test left running has mounts in the directory.
        let _ = self.podman().args(["rm", "--all", "--force", "--time", "0"]).output();
    }
}

fn prepare(part: &Path, dir: &Path) -> std::io::Result<()> {
    let (bin, home, policy) = (dir.join("bin"), dir.join("home"), dir.join("home/.config/containers"));
    std::fs::create_dir_all(&bin)?;
    std::fs::create_dir_all(&policy)?;
    // Where Podman looks for a policy that nobody gave it.
    std::fs::copy(part.join("etc/containers/policy.json"), policy.join("policy.json"))?;
    let (here, libraries) = (dir.display(), library_path(part));
    let environment = [
        ("HOME", home.display().to_string()),
        ("LD_LIBRARY_PATH", libraries.display().to_string()),
        ("CONTAINERS_CONF", format!("{here}/containers.conf")),
        ("CONTAINERS_STORAGE_CONF", format!("{here}/storage.conf")),
        ("CONTAINERS_REGISTRIES_CONF", format!("{}/etc/containers/registries.conf", part.display())),
    ];
    // What clears up after a container is started by conmon, with no other variables than these.
    let to_conmon: Vec<String> = environment.iter().map(|(name, value)| format!("\"{name}={value}\"")).collect();
    let settings = format!(
        "[engine]\nconmon_path=[\"{part}/usr/bin/conmon\"]\nruntime=\"runc\"\ncgroup_manager=\"cgroupfs\"\n\
         events_logger=\"file\"\ntmp_dir=\"{here}/tmp\"\n\
         conmon_env_vars=[\"PATH=/usr/sbin:/usr/bin:/sbin:/bin\",{to_conmon}]\n\
         [engine.runtimes]\nrunc=[\"{part}/usr/sbin/runc\"]\n",
        part = part.display(),
        to_conmon = to_conmon.join(","),
    );
    std::fs::write(dir.join("containers.conf"), settings)?;
    // Needs no more of the file system below than copies.
    let store = format!("[storage]\ndriver=\"vfs\"\ngraphroot=\"{here}/graph\"\nrunroot=\"{here}/run\"\n");
    std::fs::write(dir.join("storage.conf"), store)?;
    let exports: String = environment.iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect();
    let command = bin.join("podman");
    std::fs::write(&command, format!("#!/bin/sh\n{exports}exec '{}/usr/bin/podman' \"$@\"\n", part.display()))?;
    std::fs::set_permissions(&command, std::fs::Permissions::from_mode(0o755))
}
