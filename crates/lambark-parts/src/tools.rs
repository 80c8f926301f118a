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

/// crane as a client, with a login file of its own, or a skip. For our registries add `--insecure`.
pub fn crane() -> Option<Command> {
    let dir = Part::Crane.or_skip()?;
    let mut command = Command::new(dir.join("usr/bin/crane"));
    command.env("DOCKER_CONFIG", &dir);
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

/// age, and beside it age-keygen, or a skip.
pub fn age() -> Option<[Command; 2]> {
    let dir = Part::Age.or_skip()?;
    Some(["age", "age-keygen"].map(|name| program(&dir, name)))
}

/// bsdtar, or a skip.
pub fn bsdtar() -> Option<Command> {
    Some(program(&Part::Bsdtar.or_skip()?, "bsdtar"))
}

/// The AWS command, version 1, or a skip.
pub fn aws_v1() -> Option<Command> {
    let dir = Part::Aws1.or_skip()?;
    let mut command = Command::new("python3");
    command.args(["-m", "awscli"]).env("PYTHONPATH", dir.join("site"));
    Some(without_account(command, &dir))
}

/// The AWS command, version 2, or a skip.
pub fn aws_v2() -> Option<Command> {
    let dir = Part::Aws2.or_skip()?;
    let mut command = Command::new(dir.join("usr/bin/python3.11"));
    command.arg(dir.join("usr/bin/aws"));
    command.env("LD_LIBRARY_PATH", library_path(&dir));
    // Its own library in place of the machine's Python, wherever that lies.
    command.env("PYTHONHOME", dir.join("usr")).env("PYTHONPATH", dir.join("usr/lib/python3/dist-packages"));
    Some(without_account(command, &dir))
}

/// zizmor, offline, or a skip. Add the workflow.
pub fn zizmor() -> Option<Command> {
    let mut command = Command::new(Part::Zizmor.or_skip()?.join("site/bin/zizmor"));
    command.args(["--offline", "--no-progress", "--color", "never"]);
    Some(command)
}

/// cfn-lint, or a skip. Add the template.
pub fn cfn_lint() -> Option<Command> {
    let dir = Part::CfnLint.or_skip()?;
    let mut command = Command::new("python3");
    command.arg(dir.join("site/bin/cfn-lint")).env("PYTHONPATH", dir.join("site"));
    command.env("PYTHONNOUSERSITE", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    Some(command)
}

/// pre-commit, with a store of its own, or a skip. Add the command.
pub fn pre_commit() -> Option<Command> {
    let dir = Part::PreCommit.or_skip()?;
    let mut command = Command::new("python3");
    command.args(["-m", "pre_commit"]).env("PYTHONPATH", dir.join("site")).env("PRE_COMMIT_HOME", dir.join("store"));
    command.env("PYTHONNOUSERSITE", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    Some(command)
}

/// The AWS command with credentials that open nothing, and with nothing of whoever runs the test. Add
/// `--endpoint-url`.
fn without_account(mut command: Command, dir: &Path) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command.env("AWS_DEFAULT_REGION", "eu-central-1").env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_PAGER", "");
    command
        .env("AWS_CONFIG_FILE", dir.join("no-config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", dir.join("no-credentials"));
    // A proxy must not stand between the command and a loopback address.
    command.env("NO_PROXY", "127.0.0.1,localhost").env("PYTHONNOUSERSITE", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn program(dir: &Path, name: &str) -> Command {
    let mut command = Command::new(dir.join("usr/bin").join(name));
    command.env("LD_LIBRARY_PATH", library_path(dir));
    command
}
