//! Which parts there are, what they are made of, and where one lies once it is set up.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::skip::skip;

/// Directory below which every part lives: `$LAMBARK_PARTS_DIR`, or `target/parts` of the workspace.
///
/// It does not follow `CARGO_TARGET_DIR`: parts are fetched once for a checkout, however it is built.
pub fn parts_dir() -> PathBuf {
    match std::env::var_os("LAMBARK_PARTS_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/parts"),
    }
}

/// A real part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Docker's own registry, 2.8.
    DockerRegistry,
    /// go-containerregistry's registry: a second opinion.
    Crane,
    /// skopeo: copies and inspects images.
    Skopeo,
    /// umoci: unpacks OCI layouts.
    Umoci,
    /// buildah: builds images without a daemon.
    Buildah,
    /// Podman with conmon and runc: runs containers without a daemon.
    Podman,
    /// dockerd, containerd, buildx and the Docker command.
    Docker,
    /// pigz and zstd: what the benches are compared with.
    Compressors,
    /// bsdtar: the other writer of tars.
    Bsdtar,
    /// The AWS command, version 1, from PyPI.
    Aws1,
    /// The AWS command, version 2, from Debian, with the Python that it was built for.
    Aws2,
    /// AWS's Runtime Interface Emulator, from the wheel of its SAM command.
    Rie,
    /// A root file system with Python 3.11, and AWS's runtime interface client for it in `site`.
    PythonFunction,
    /// A root file system with Node 22 and AWS's runtime interface client for it, below `/var/task`.
    NodeFunction,
    /// A function with AWS's runtime for Rust: static as `var/task/bootstrap`, and beside it `var/task/dynamic`.
    RustFunction,
    /// The same, static with musl's C library.
    RustMuslFunction,
    /// A shell and small programs in one static file.
    Busybox,
    /// age and age-keygen: what an export is decrypted with.
    Age,
    /// moto's server, from PyPI: what the twin's speed is compared with.
    Moto,
    /// zizmor, from PyPI: reads GitHub workflows as an attacker would.
    Zizmor,
    /// AWS's own linter of CloudFormation templates, from PyPI.
    CfnLint,
    /// pre-commit, from PyPI.
    PreCommit,
    /// Zig's C compiler, from PyPI: what other systems' programs are built with.
    Zig,
    /// qemu and Debian's kernel: a machine of its own.
    Machine,
}

impl Part {
    /// Every part, in the order in which they are set up.
    pub const ALL: [Part; 24] = [
        Part::DockerRegistry,
        Part::Crane,
        Part::Skopeo,
        Part::Umoci,
        Part::Buildah,
        Part::Compressors,
        Part::Bsdtar,
        Part::Docker,
        Part::Podman,
        Part::Aws1,
        Part::Aws2,
        Part::Rie,
        Part::PythonFunction,
        Part::NodeFunction,
        Part::RustFunction,
        Part::RustMuslFunction,
        Part::Busybox,
        Part::Age,
        Part::Moto,
        Part::Zizmor,
        Part::CfnLint,
        Part::PreCommit,
        Part::Zig,
        Part::Machine,
    ];

    /// The part's name: its directory, and what `cargo xtask parts NAME` takes.
    pub fn name(self) -> &'static str {
        match self {
            Part::DockerRegistry => "docker-registry",
            Part::Crane => "crane",
            Part::Skopeo => "skopeo",
            Part::Umoci => "umoci",
            Part::Buildah => "buildah",
            Part::Docker => "docker",
            Part::Podman => "podman",
            Part::Compressors => "compressors",
            Part::Bsdtar => "bsdtar",
            Part::Aws1 => "aws-v1",
            Part::Aws2 => "aws-v2",
            Part::Rie => "rie",
            Part::PythonFunction => "python-function",
            Part::NodeFunction => "node-function",
            Part::RustFunction => "rust-function",
            Part::RustMuslFunction => "rust-musl-function",
            Part::Busybox => "busybox",
            Part::Age => "age",
            Part::Moto => "moto",
            Part::Zizmor => "zizmor",
            Part::CfnLint => "cfn-lint",
            Part::PreCommit => "pre-commit",
            Part::Zig => "zig",
            Part::Machine => "machine",
        }
    }

    /// The part of that name.
    pub fn named(name: &str) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.name() == name)
    }

    /// Whether tests use it. What only benches are compared with is not fetched for them.
    pub fn is_for_tests(self) -> bool {
        self != Part::Moto
    }

    /// Where the part lies, or would lie.
    pub fn dir(self) -> PathBuf {
        parts_dir().join(self.name())
    }

    /// File beside the part that says why it could not be set up, written by the set-up.
    pub(crate) fn missing_file(self) -> PathBuf {
        parts_dir().join(format!("{}.missing", self.name()))
    }

    /// The part's directory, complete and runnable, or why there is none.
    ///
    /// # Errors
    ///
    /// One line for a person: the part was never set up, could not be, or needs root.
    pub fn find(self) -> Result<PathBuf, String> {
        if std::env::var_os("LAMBARK_NO_PARTS").is_some() {
            return Err(format!("{self} left out by --no-parts"));
        }
        if self.recipe().root_only && !rustix::process::geteuid().is_root() {
            return Err(format!("{self} needs root"));
        }
        if self.is_complete() {
            return Ok(self.dir());
        }
        match std::fs::read_to_string(self.missing_file()) {
            Ok(why) => Err(format!("{self} could not be set up: {}", why.trim())),
            Err(_) => Err(format!("{self} is not set up (cargo xtask parts {self})")),
        }
    }

    /// As [`Part::find`], where absence skips the running test.
    pub fn or_skip(self) -> Option<PathBuf> {
        self.find().map_err(|why| skip(&why)).ok()
    }

    /// True if all programs of today's recipe are there.
    pub fn is_complete(self) -> bool {
        let (dir, recipe) = (self.dir(), self.recipe());
        let stamped = std::fs::read_to_string(dir.join(".recipe"));
        stamped.is_ok_and(|stamp| stamp == recipe.stamp()) && recipe.programs.iter().all(|file| dir.join(file).exists())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Value of `LD_LIBRARY_PATH` for programs of a part: set it per command, never for a whole process tree of ours.
pub(crate) fn library_path(part_dir: &Path) -> std::ffi::OsString {
    let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
    let mut path = part_dir.join("usr/lib").join(&triplet).into_os_string();
    path.push(":");
    path.push(part_dir.join("lib").join(&triplet));
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Suite;

    #[test]
    fn names_are_unique_and_round_trip() {
        for part in Part::ALL {
            assert_eq!(Part::named(part.name()), Some(part));
        }
        assert_eq!(Part::named("token"), None);
    }

    #[test]
    fn another_package_is_another_stamp() {
        let mut recipe = Part::Umoci.recipe();
        let before = recipe.stamp();
        recipe.packages = &[(Suite::Trixie, &["umoci"])];
        assert_ne!(before, recipe.stamp());
        let [gnu, musl] = [Part::RustFunction, Part::RustMuslFunction].map(|part| part.recipe().stamp());
        assert_ne!(gnu, musl);
    }
}
