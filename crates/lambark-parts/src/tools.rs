//! Programs that run once and end.

use std::path::Path;
use std::process::Command;

use crate::part::{Part, library_path};

/// skopeo with a policy that trusts everything, its own registries file and no credentials but those it is given.
///
/// `None`, and the running test skipped, if the part is missing. For our registries add `--src-tls-verify=false` or
/// `--dest-tls-verify=false` and `--dest-creds`.
pub fn skopeo() -> Option<Command> {
    let dir = Part::Skopeo.or_skip()?;
    let mut command = Command::new(dir.join("usr/bin/skopeo"));
    command.arg("--insecure-policy");
    command.arg("--registries-conf").arg(dir.join("etc/containers/registries.conf"));
    // Without these two it reads the policy and the logins of whoever runs the test.
    command.env("REGISTRY_AUTH_FILE", dir.join("auth.json"));
    command.env("DOCKER_CONFIG", &dir);
    command.env("LD_LIBRARY_PATH", library_path(&dir));
    Some(command)
}

/// umoci, or a skip.
pub fn umoci() -> Option<Command> {
    let dir = Part::Umoci.or_skip()?;
    Some(Command::new(dir.join("usr/bin/umoci")))
}

/// pigz, or a skip.
pub fn pigz() -> Option<Command> {
    Some(program(&Part::Compressors.or_skip()?, "pigz"))
}

/// The zstd command, or a skip.
pub fn zstd() -> Option<Command> {
    Some(program(&Part::Compressors.or_skip()?, "zstd"))
}

/// bsdtar, or a skip.
pub fn bsdtar() -> Option<Command> {
    Some(program(&Part::Bsdtar.or_skip()?, "bsdtar"))
}

fn program(dir: &Path, name: &str) -> Command {
    let mut command = Command::new(dir.join("usr/bin").join(name));
    command.env("LD_LIBRARY_PATH", library_path(dir));
    command
}
