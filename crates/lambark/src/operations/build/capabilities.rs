//! What the builders of this machine can do, in their own words.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// A program that builds images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `docker buildx build`.
    Buildx,
    /// `docker build`.
    Docker,
    /// `buildah bud`.
    Buildah,
    /// `podman build`.
    Podman,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Program::Buildx => "docker buildx",
            Program::Docker => "docker",
            Program::Buildah => "buildah",
            Program::Podman => "podman",
        })
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Capabilities {
    /// The `docker` command.
    pub docker: Option<Docker>,
    /// The `buildah` command.
    pub buildah: Option<Tool>,
    /// The `podman` command.
    pub podman: Option<Tool>,
    /// What was looked for and cannot be used, each with the reason.
    pub looked: Vec<String>,
}

/// The `docker` command and what lies behind it.
#[derive(Clone, Debug, Default)]
pub struct Docker {
    /// The daemon, or why it does not answer.
    pub daemon: Option<Daemon>,
    /// The buildx plugin.
    pub buildx: Option<Buildx>,
    /// The flags of `docker build`.
    pub flags: Flags,
}

/// A Docker daemon.
#[derive(Clone, Debug)]
pub struct Daemon {
    /// Its version.
    pub version: String,
    /// Where it keeps images.
    pub store: Store,
}

/// Where a daemon keeps images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// containerd's store, which keeps manifests.
    Containerd,
    /// A graph driver's of this name, which keeps none.
    Graph(String),
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Store::Containerd => f.write_str("containerd"),
            Store::Graph(driver) => f.write_str(driver),
        }
    }
}

/// The buildx plugin and the builder that it would use.
#[derive(Clone, Debug, Default)]
pub struct Buildx {
    /// Its version.
    pub version: String,
    /// The builder's driver, or why buildx names none.
    pub driver: Option<String>,
    /// The version of the BuildKit behind it, if that tells one; the one inside a daemon may not.
    pub buildkit: Option<String>,
    /// The flags of `docker buildx build`.
    pub flags: Flags,
}

/// buildah or podman.
#[derive(Clone, Debug, Default)]
pub struct Tool {
    /// Its version.
    pub version: String,
    /// The flags of its build command.
    pub flags: Flags,
}

/// Long flags, without their dashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub BTreeSet<String>);

impl Flags {
    /// Reads what `--help` prints: a flag begins its line, maybe after a short one.
    #[must_use]
    pub fn of_help(help: &str) -> Flags {
        let flag = |line: &str| {
            let line = line.trim_start();
            let line = match line.strip_prefix('-').filter(|rest| !rest.starts_with('-')) {
                Some(short) => short.split_once(", ")?.1,
                None => line,
            };
            let name: String =
                line.strip_prefix("--")?.chars().take_while(|c| *c == '-' || c.is_alphanumeric()).collect();
            (!name.is_empty()).then_some(name)
        };
        Flags(help.lines().filter_map(flag).collect())
    }

    /// Whether the flag exists.
    #[must_use]
    pub fn has(&self, flag: &str) -> bool {
        self.0.contains(flag)
    }
}

/// Reads `docker info --format '{{json .}}'`; the flags come from elsewhere.
///
/// # Errors
/// Why the daemon cannot be used, in the words of the command.
pub fn of_info(info: &str) -> (Option<String>, Result<Daemon, String>) {
    let info: Value = serde_json::from_str(info).unwrap_or_default();
    let plugins = info["ClientInfo"]["Plugins"].as_array();
    let buildx = plugins.into_iter().flatten().find(|plugin| plugin["Name"] == "buildx");
    let buildx = buildx.map(|plugin| short_version(plugin["Version"].as_str().unwrap_or_default()));
    let version = info["ServerVersion"].as_str().unwrap_or_default();
    if version.is_empty() {
        let words = info["ServerErrors"][0].as_str().unwrap_or("its daemon does not answer");
        return (buildx, Err(words.to_owned()));
    }
    let status = info["DriverStatus"].as_array();
    let snapshotter = status.into_iter().flatten().any(|pair| {
        pair[0] == "driver-type" && pair[1].as_str().is_some_and(|kind| kind.contains("containerd.snapshotter"))
    });
    let driver = info["Driver"].as_str().unwrap_or("unknown").to_owned();
    let store = if snapshotter { Store::Containerd } else { Store::Graph(driver) };
    (buildx, Ok(Daemon { version: short_version(version), store }))
}

/// The driver in what `docker buildx inspect` prints.
#[must_use]
pub fn driver_of(inspect: &str) -> Option<String> {
    inspect.lines().find_map(|line| Some(line.strip_prefix("Driver:")?.trim().to_owned()))
}

/// The version of BuildKit in what `docker buildx inspect` prints, with a colon after `Buildkit` or `BuildKit version`.
#[must_use]
pub fn buildkit_of(inspect: &str) -> Option<String> {
    let value = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let name = name.to_ascii_lowercase();
        (name == "buildkit" || name == "buildkit version").then(|| short_version(value.trim()))
    };
    inspect.lines().find_map(value)
}

/// Whether a version is at least `least`, by its first two numbers.
#[must_use]
pub fn is_at_least(version: &str, least: (u32, u32)) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()) >= least
}

/// The version in `buildah version 1.28.2 (image-spec …)` or `podman version 4.3.1`.
#[must_use]
pub fn version_in(text: &str) -> String {
    let word = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    short_version(word.unwrap_or_default())
}

/// A version without what a distribution adds to it.
fn short_version(version: &str) -> String {
    let version = version.trim_start_matches('v');
    version.split(['+', '~', ',']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn help_texts_of_each_kind_name_their_flags() {
        let help = "Options:\n      --add-host strings              Add a custom\n                          (format: --no-flag)\n  -f, --file string  Name\n  -D, --disable-compression  don't\n      --pull string[=\"true\"]  pull\n-q, --quiet\n  -x\n text --late";
        let flags = Flags::of_help(help);
        for flag in ["add-host", "file", "disable-compression", "pull", "quiet"] {
            assert!(flags.has(flag), "{flag}");
        }
        assert_eq!(flags.0.len(), 5, "{flags:?}");
    }

    #[test]
    fn a_store_is_told_by_its_driver_type() {
        let info = r#"{"ServerVersion":"26.1.5+dfsg1","Driver":"overlayfs","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]],
            "ClientInfo":{"Plugins":[{"Name":"compose"},{"Name":"buildx","Version":"v0.13.1+ds1"}]}}"#;
        let (buildx, daemon) = of_info(info);
        let daemon = daemon.unwrap();
        assert_eq!(
            (buildx.as_deref(), daemon.version.as_str(), daemon.store),
            (Some("0.13.1"), "26.1.5", Store::Containerd)
        );
        let classic =
            r#"{"ServerVersion":"20.10.24","Driver":"overlay2","DriverStatus":[["Backing Filesystem","extfs"]]}"#;
        assert_eq!(of_info(classic).1.unwrap().store, Store::Graph("overlay2".into()));
        let down = r#"{"ServerVersion":"","ServerErrors":["Cannot connect to the Docker daemon"],"ClientInfo":{"Plugins":[]}}"#;
        assert_eq!(of_info(down).1.unwrap_err(), "Cannot connect to the Docker daemon");
        assert!(of_info("no json").1.is_err());
    }

    #[test]
    fn versions_and_drivers_are_read_out_of_texts() {
        assert_eq!(version_in("buildah version 1.28.2 (image-spec 1.1.0-rc2, runtime-spec 1.0.2-dev)"), "1.28.2");
        assert_eq!(version_in("podman version 4.3.1\n"), "4.3.1");
        assert_eq!(driver_of("Name:   default\nDriver: docker\n\nNodes:\nName: x\n").as_deref(), Some("docker"));
        assert_eq!(driver_of("ERROR: no builder"), None);
        let inspected = "Nodes:\nName:   x\nBuildKit version: v0.12.5\nPlatforms: linux/amd64\n";
        assert_eq!(buildkit_of(inspected).as_deref(), Some("0.12.5"));
        assert_eq!(buildkit_of("Buildkit:  v0.11.0-rc1\n").as_deref(), Some("0.11.0-rc1"));
        assert_eq!(buildkit_of("Name: x\n"), None);
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(is_at_least("0.13.1", (0, 10)) && is_at_least("24", (24, 0)) && is_at_least("1.0", (0, 11)));
        assert!(!is_at_least("0.9.1", (0, 10)) && !is_at_least("unknown", (0, 1)) && !is_at_least("", (0, 1)));
    }
}
