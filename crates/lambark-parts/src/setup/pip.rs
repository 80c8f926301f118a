//! Python programs: from PyPI, and byte-compiled.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::SetupError;
use super::run::run;
use crate::part::library_path;

/// Longest time for one part's packages (the AWS command: 30 MB).
const INSTALL_LIMIT: Duration = Duration::from_secs(300);

/// Installs packages, with pip's options between them, below `site` alone: neither the system's nor the user's packages are touched or counted on.
pub(super) fn install(arguments: &[&str], site: &Path) -> Result<(), SetupError> {
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    // Wheels only: the set-up runs nobody's build scripts.
    command.args(["--no-input", "--only-binary", ":all:", "--ignore-installed", "--target"]).arg(site);
    run("pip install", command.args(arguments), INSTALL_LIMIT)
}

/// Compiles the library of a part that brought its own Python, as the packages' own scripts would.
pub(super) fn compile(part: &Path) -> Result<(), SetupError> {
    let mut command = Command::new(part.join("usr/bin/python3.11"));
    command.args(["-m", "compileall", "-q"]).arg(part.join("usr/lib/python3")).arg(part.join("usr/lib/python3.11"));
    command.env("LD_LIBRARY_PATH", library_path(part)).env("PYTHONHOME", part.join("usr"));
    // Samples of syntax errors lie among the files, so that failing is normal; what is not compiled is only slower.
    match run("compileall", &mut command, INSTALL_LIMIT) {
        Ok(()) | Err(SetupError::Program { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
