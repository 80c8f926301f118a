//! apt with a state of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use super::run::run;
use super::{Mirror, SetupError};
use crate::recipe::Suite;

/// Lists older than this are fetched again before a download: packages leave the archive when they are replaced.
const LISTS_KEEP: Duration = Duration::from_secs(6 * 3600);

/// Longest time for the lists of one suite (about 10 MB).
const UPDATE_LIMIT: Duration = Duration::from_secs(240);

/// Longest time for the packages of one part (at most 80 MB).
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(420);

/// Longest time to unpack one package.
const UNPACK_LIMIT: Duration = Duration::from_secs(120);

/// Whether a package is the one of that name, or of those of a name with a number for its `*`.
fn fits(wanted: &str, name: &str) -> bool {
    let Some((prefix, suffix)) = wanted.split_once('*') else { return wanted == name };
    let number = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Package lists, downloads and configuration below the parts directory.
#[derive(Debug)]
pub struct Apt {
    dir: PathBuf,
    mirror: Mirror,
}

impl Apt {
    /// A private apt below `parts` (an absolute path), with packages from `mirror`.
    ///
    /// # Errors
    ///
    /// The directory cannot be written.
    pub fn new(parts: &Path, mirror: Mirror) -> Result<Apt, SetupError> {
        let apt = Apt { dir: parts.join("apt"), mirror };
        Ok(apt)
    }

    /// Downloads packages of a suite, unless they are there, and unpacks them into `target`.
    ///
    /// # Errors
    ///
    /// apt's or dpkg's own words.
    pub fn unpack(&mut self, suite: Suite, packages: &[&str], target: &Path) -> Result<(), SetupError> {
        let absent: Vec<&str> =
            packages.iter().copied().filter(|package| self.downloaded(suite, package).is_none()).collect();
        if !absent.is_empty() {
            self.update_if_old(suite)?;
            if self.download(suite, &self.exact(suite, &absent)?).is_err() {
                // A list from before the archive's last change names files that are gone: once more with a fresh one.
                self.update(suite)?;
                self.download(suite, &self.exact(suite, &absent)?)?;
            }
        }
        for package in packages {
            let file = self.downloaded(suite, package).ok_or_else(|| SetupError::Incomplete((*package).to_owned()))?;
            run("dpkg", Command::new("dpkg").arg("-x").arg(file).arg(target), UNPACK_LIMIT)?;
        }
        Ok(())
    }

    fn suite_dir(&self, suite: Suite) -> PathBuf {
        self.dir.join(suite.name())
    }

    /// The downloaded file of a package: `name_version_architecture.deb`.
    fn downloaded(&self, suite: Suite, package: &str) -> Option<PathBuf> {
        let files = std::fs::read_dir(self.suite_dir(suite).join("deb")).ok()?;
        let mut paths = files.flatten().map(|entry| entry.path());
        paths.find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".deb") && name.split('_').next().is_some_and(|name| fits(package, name))
        })
    }

    /// The names of the packages that these stand for.
    fn exact(&self, suite: Suite, packages: &[&str]) -> Result<Vec<String>, SetupError> {
        packages.iter().map(|package| self.newest(suite, package)).collect()
    }

    fn newest(&self, suite: Suite, package: &str) -> Result<String, SetupError> {
        let Some((prefix, _)) = package.split_once('*') else { return Ok(package.to_owned()) };
        let failed = |reason: String| SetupError::Program { program: "apt-cache".to_owned(), reason };
        let mut command = Command::new("apt-cache");
        command.arg("-c").arg(self.suite_dir(suite).join("apt.conf")).args(["pkgnames", prefix]);
        let output = command.output().map_err(|error| failed(error.to_string()))?;
        let names = String::from_utf8_lossy(&output.stdout);
        let fitting = names.lines().filter(|name| fits(package, name));
        // Of numbers without zeros in front, the longer one is larger.
        let newest = fitting.max_by_key(|name| (name.len(), name.to_string()));
        newest.map(str::to_owned).ok_or_else(|| failed(format!("there is no {package}")))
    }

    fn download(&self, suite: Suite, packages: &[String]) -> Result<(), SetupError> {
        // apt writes under the final name from the start; a directory apart keeps what was cut short from being taken
        // for a package.
        let deb = self.suite_dir(suite).join("deb");
        let partial = self.suite_dir(suite).join("downloading");
        let io = |source| SetupError::Io { path: partial.clone(), source };
        super::remove_tree(&partial)?;
        std::fs::create_dir_all(&partial).map_err(io)?;
        std::fs::create_dir_all(&deb).map_err(io)?;
        let mut command = self.command(suite);
        command.arg("download").current_dir(&partial);
        command.args(packages.iter().map(|package| format!("{package}/{}", suite.name())));
        run("apt-get download", &mut command, DOWNLOAD_LIMIT)?;
        for entry in std::fs::read_dir(&partial).map_err(io)?.flatten() {
            std::fs::rename(entry.path(), deb.join(entry.file_name())).map_err(io)?;
        }
        Ok(())
    }

    fn update_if_old(&self, suite: Suite) -> Result<(), SetupError> {
        let stamp = self.suite_dir(suite).join("updated");
        let made = std::fs::metadata(&stamp).and_then(|meta| meta.modified());
        let age = made.ok().and_then(|made| SystemTime::now().duration_since(made).ok());
        match age {
            Some(age) if age < LISTS_KEEP => Ok(()),
            _ => self.update(suite),
        }
    }

    fn update(&self, suite: Suite) -> Result<(), SetupError> {
        self.configure(suite)?;
        run("apt-get update", self.command(suite).arg("update"), UPDATE_LIMIT)?;
        let stamp = self.suite_dir(suite).join("updated");
        std::fs::write(&stamp, "").map_err(|source| SetupError::Io { path: stamp, source })
    }

    /// Writes the configuration: every path absolute and ours, one suite a state, so that one that cannot be reached
    /// does not spoil the others.
    fn configure(&self, suite: Suite) -> Result<(), SetupError> {
        let dir = self.suite_dir(suite);
        let io = |source| SetupError::Io { path: dir.clone(), source };
        for sub in ["state/lists/partial", "cache/archives/partial"] {
            std::fs::create_dir_all(dir.join(sub)).map_err(io)?;
        }
        let Mirror { address, keyring } = &self.mirror;
        let source = format!("deb [signed-by={}] {address} {} main\n", keyring.display(), suite.name());
        let at = dir.display();
        let settings = format!(
            "Dir::State \"{at}/state\";\nDir::State::status \"{at}/status\";\nDir::Cache \"{at}/cache\";\n\
             Dir::Etc::sourcelist \"{at}/sources.list\";\nDir::Etc::sourceparts \"/dev/null\";\n\
             Dir::Etc::preferences \"/dev/null\";\nDir::Etc::preferencesparts \"/dev/null\";\n\
             Acquire::Languages \"none\";\nAcquire::Retries \"2\";\nAcquire::http::Timeout \"20\";\n\
             Acquire::https::Timeout \"20\";\nAPT::Update::Error-Mode \"any\";\nAPT::Sandbox::User \"root\";\n"
        );
        std::fs::write(dir.join("status"), "").map_err(io)?;
        std::fs::write(dir.join("sources.list"), source).map_err(io)?;
        std::fs::write(dir.join("apt.conf"), settings).map_err(io)
    }

    fn command(&self, suite: Suite) -> Command {
        let mut command = Command::new("apt-get");
        command.arg("-c").arg(self.suite_dir(suite).join("apt.conf")).arg("-qq");
        command.env("LC_ALL", "C");
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_a_number() {
        let kernel = "linux-image-6.1.0-*-cloud-amd64";
        assert!(fits(kernel, "linux-image-6.1.0-50-cloud-amd64"));
        for other in
            ["linux-image-6.1.0-50-cloud-amd64-dbg", "linux-image-6.1.0-50-amd64", "linux-image-6.1.0--cloud-amd64"]
        {
            assert!(!fits(kernel, other), "{other}");
        }
        assert!(fits("zstd", "zstd") && !fits("zstd", "libzstd1"));
    }
}
