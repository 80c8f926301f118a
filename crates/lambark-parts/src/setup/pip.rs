//! Python programs from PyPI.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::SetupError;
use super::run::run;

/// Longest time for one part's packages (the AWS command: 30 MB).
const INSTALL_LIMIT: Duration = Duration::from_secs(300);

/// Installs packages, with pip's options between them, below `site` alone: neither the system's nor the user's packages are touched or counted on.
pub(super) fn install(arguments: &[&str], site: &Path) -> Result<(), SetupError> {
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]);
    // Wheels only: the set-up runs nobody's build scripts.
    command.args(["--no-input", "--only-binary", ":all:", "--ignore-installed", "--target"]).arg(site);
    run("pip install", command.args(arguments), INSTALL_LIMIT)
}
