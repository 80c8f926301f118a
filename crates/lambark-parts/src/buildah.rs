//! buildah with a store of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::part::{Part, library_path};

/// A buildah whose store lives as long as this value.
#[derive(Debug)]
pub struct Buildah {
    part: PathBuf,
    dir: TempDir,
}

impl Buildah {
    /// An empty store, or a skip if the part is missing.
    ///
    /// # Panics
    ///
    /// If no temporary directory can be made.
    pub fn new() -> Option<Buildah> {
        let part = Part::Buildah.or_skip()?;
        let dir = tempfile::Builder::new().prefix("lambark-buildah-").tempdir();
        let dir = dir.unwrap_or_else(|error| panic!("no directory for buildah: {error}"));
        Some(Buildah { part, dir })
    }

    /// Runs a shell script in `work`, in which `buildah` is this buildah and `$POLICY` its policy file.
    ///
    /// One script and not one command a time: an ordinary user's steps have to share one user namespace.
    ///
    /// ```text
    /// c=$(buildah from scratch); buildah copy -q $c ctx /
    /// buildah commit -q --signature-policy $POLICY --format oci $c oci:$PWD/layout:v1
    /// ```
    ///
    /// # Panics
    ///
    /// If the shell cannot be started.
    pub fn script(&self, work: &Path, script: &str) -> Output {
        let part = self.part.display();
        let store = self.dir.path().display();
        // The path must not be on the shell's own search path: only this function is meant.
        let text = format!(
            "set -eu\nPOLICY={part}/etc/containers/policy.json\n\
             buildah() {{ LD_LIBRARY_PATH=\"$LIBRARIES\" {part}/usr/bin/buildah --root {store}/root --runroot {store}/run \
             --storage-driver vfs --registries-conf {part}/etc/containers/registries.conf \"$@\"; }}\n{script}\n"
        );
        let mut command = if rustix::process::geteuid().is_root() {
            Command::new("sh")
        } else {
            let mut command = Command::new("unshare");
            command.args(["-Urm", "sh"]);
            command
        };
        command.args(["-c", &text]).current_dir(work);
        command.env("LIBRARIES", library_path(&self.part));
        command.env("REGISTRY_AUTH_FILE", self.part.join("auth.json"));
        command.env("DOCKER_CONFIG", &self.part);
        let empty = File::open("/dev/null").unwrap_or_else(|error| panic!("/dev/null: {error}"));
        let output = command.stdin(empty).output();
        output.unwrap_or_else(|error| panic!("no shell for buildah: {error}"))
    }
}

impl Drop for Buildah {
    fn drop(&mut self) {
        // buildah makes read-only directories, in which an ordinary user could remove nothing.
        let _ = Command::new("chmod").args(["-R", "u+rwX"]).arg(self.dir.path()).status();
    }
}
