//! buildah with a store of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::part::{Part, library_path};
use crate::skip::skip;

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

    /// A directory with a `buildah` command that works on this store, for a program that looks for one in its `PATH`.
    /// Skips the running test without root: an ordinary user's commands would have to share one user namespace.
    ///
    /// # Panics
    ///
    /// If the command cannot be written.
    pub fn programs(&self) -> Option<PathBuf> {
        use std::os::unix::fs::PermissionsExt;
        if !rustix::process::geteuid().is_root() {
            skip("buildah by its own command needs root");
            return None;
        }
        let (part, store) = (self.part.display(), self.dir.path());
        let text = format!(
            "#!/bin/sh\nHOME={home} LD_LIBRARY_PATH={libraries}\nexport HOME LD_LIBRARY_PATH\n\
             exec {part}/usr/bin/buildah --root {root}/root --runroot {root}/run --storage-driver vfs \
             --registries-conf {part}/etc/containers/registries.conf \"$@\"\n",
            home = store.join("home").display(),
            libraries = library_path(&self.part).display(),
            root = store.display(),
        );
        // Where buildah looks for a policy that nobody gave it.
        let (programs, policy) = (store.join("bin"), store.join("home/.config/containers"));
        let written = std::fs::create_dir_all(&programs)
            .and_then(|()| std::fs::create_dir_all(&policy))
            .and_then(|()| std::fs::copy(self.part.join("etc/containers/policy.json"), policy.join("policy.json")))
            .and_then(|_| std::fs::write(programs.join("buildah"), text))
            .and_then(|()| std::fs::set_permissions(programs.join("buildah"), std::fs::Permissions::from_mode(0o755)));
        written.unwrap_or_else(|error| panic!("no command for buildah: {error}"));
        Some(programs)
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
