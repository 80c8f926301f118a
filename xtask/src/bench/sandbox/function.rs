//! The function of the examples, for everybody who is to start it: as a layer, as a root file system, as runc's bundle.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use lambark_parts::Part;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::data::{Layer, succeed};
use crate::{Error, workspace};

/// Where the function lies in its image: the `ENTRYPOINT` of the benches' images.
pub(super) const PROGRAM: &str = "usr/lib/function";

/// An ordinary user, and group, of every machine.
const NOBODY: &str = "65534";

/// A directory that an ordinary user reaches, wherever the checkout lies.
pub(super) struct Place {
    directory: TempDir,
    /// Whether it is root who runs the bench.
    root: bool,
}

impl Place {
    pub(super) fn new() -> Result<Place, Error> {
        let directory = tempfile::Builder::new().prefix("lambark-bench-").tempdir();
        let directory = directory.map_err(Error::io("a temporary directory"))?;
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(directory.path(), open).map_err(Error::io("a temporary directory"))?;
        let owner = fs::metadata(directory.path()).map_err(Error::io("a temporary directory"))?.uid();
        Ok(Place { directory, root: owner == 0 })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Gives everything in it to the ordinary user.
    pub(super) fn hand_over(&self) -> Result<(), Error> {
        if !self.root {
            return Ok(());
        }
        succeed(Command::new("chown").arg("-R").arg(format!("{NOBODY}:{NOBODY}")).arg(self.path()))
    }

    /// The command as the ordinary user runs it.
    pub(super) fn ordinary(&self, command: Command) -> Command {
        if !self.root {
            return command;
        }
        let mut wrapped = Command::new("setpriv");
        wrapped.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]);
        wrapped.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(name, value),
                None => wrapped.env_remove(name),
            };
        }
        wrapped
    }
}

/// Lays the function out below `place`, in `rootfs` and as a layer.
pub(super) fn make(place: &Path) -> Result<Layer, Error> {
    let (example, root) = (place.join("example"), place.join("rootfs"));
    let program = root.join(PROGRAM);
    for directory in [&example, program.parent().unwrap_or(&root)] {
        fs::create_dir_all(directory).map_err(Error::io("the function"))?;
    }
    let archive = workspace::root().join("examples/attested.tar");
    succeed(Command::new("tar").arg("-C").arg(&example).arg("-xf").arg(archive))?;
    for blob in fs::read_dir(example.join("blobs/sha256")).map_err(Error::io("the example"))?.flatten() {
        // One of them is the layer; tar refuses the others.
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(&example).arg("-xzf").arg(blob.path()).arg("var/task/bootstrap");
        tar.output().map_err(Error::io("tar"))?;
    }
    fs::copy(example.join("var/task/bootstrap"), &program).map_err(Error::io("the example's function"))?;
    let file = |ending: &str| place.join(format!("function.tar{ending}"));
    let layer = Layer { tar: file(""), zstd: file(".zst"), gzip: file(".gz") };
    let mut tar = Command::new("tar");
    tar.args(["--create", "--numeric-owner", "--owner=0", "--group=0", "--mtime=@0", "--file"]).arg(&layer.tar);
    succeed(tar.arg("-C").arg(&root).arg("usr"))?;
    succeed(Command::new("gzip").arg("--keep").arg(&layer.tar))?;
    Ok(layer)
}

/// runc of Docker's part.
pub(super) struct Runc {
    program: PathBuf,
    libraries: OsString,
    /// Where it keeps what it knows of its containers.
    state: PathBuf,
}

impl Runc {
    /// Copied to `place`, or why there is none.
    pub(super) fn copied(place: &Path) -> Result<Runc, String> {
        // Not `find`: of this part only the daemon needs root.
        if !Part::Docker.is_complete() {
            return Err(Part::Docker.find().err().unwrap_or_else(|| "no runc".to_owned()));
        }
        let directory = place.join("runc");
        let triplet = format!("usr/lib/{}-linux-gnu/libseccomp.so.2", std::env::consts::ARCH);
        let copy = |from: &str, to: &str| fs::copy(Part::Docker.dir().join(from), directory.join(to));
        let copied = fs::create_dir_all(&directory)
            .and_then(|()| copy("usr/sbin/runc", "runc"))
            .and_then(|_| copy(&triplet, "libseccomp.so.2"));
        copied.map_err(|error| format!("runc: {error}"))?;
        let program = directory.join("runc");
        Ok(Runc { program, libraries: directory.clone().into(), state: place.join("containers") })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("LD_LIBRARY_PATH", &self.libraries).arg("--root").arg(&self.state);
        command
    }

    /// Runs the bundle in `directory` as a container of that name.
    pub(super) fn run(&self, directory: &Path, name: &str) -> Command {
        let mut command = self.command();
        command.args(["run", "--bundle"]).arg(directory).arg(name);
        command
    }

    /// Makes the bundle's `config.json` in `directory`: rootless, in this machine's network, with the function as its
    /// process.
    pub(super) fn configure(
        &self,
        directory: &Path,
        api: &str,
        who: impl Fn(Command) -> Command,
    ) -> Result<PathBuf, Error> {
        let mut spec = self.command();
        spec.args(["spec", "--rootless", "--bundle"]).arg(directory);
        succeed(&mut who(spec))?;
        let path = directory.join("config.json");
        let text = fs::read_to_string(&path).map_err(Error::io("runc's config"))?;
        let mut config: Value =
            serde_json::from_str(&text).map_err(|error| Error::Failed(format!("runc's config: {error}")))?;
        config["process"]["terminal"] = json!(false);
        config["process"]["args"] = json!([format!("/{PROGRAM}")]);
        config["process"]["cwd"] = json!("/usr");
        config["process"]["env"] = json!([format!("AWS_LAMBDA_RUNTIME_API={api}")]);
        fs::write(&path, config.to_string()).map_err(Error::io("runc's config"))?;
        Ok(path)
    }
}
