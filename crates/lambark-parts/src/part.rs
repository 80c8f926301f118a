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

/// A suite of Debian's archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suite {
    /// Debian 12: what most parts come from, because its programs ask for the oldest C library.
    Bookworm,
    /// Debian 13: its container engine brings BuildKit and the containerd store.
    Trixie,
    /// Unstable: only for what the others lack.
    Sid,
}

impl Suite {
    /// The suite's name in the archive.
    pub fn name(self) -> &'static str {
        match self {
            Suite::Bookworm => "bookworm",
            Suite::Trixie => "trixie",
            Suite::Sid => "sid",
        }
    }
}

/// Packages of one suite that a part is unpacked from.
pub type Debian = (Suite, &'static [&'static str]);

/// How a part is made.
#[derive(Debug)]
pub struct Recipe {
    /// Counted up when the same packages have to be unpacked in another way.
    pub version: u32,
    /// What is unpacked, in this order.
    pub packages: &'static [Debian],
    /// What pip is told to install below `site`, options included; this machine's Python runs it.
    pub python: &'static [&'static str],
    /// Files, relative to the part, without which it is not complete.
    pub programs: &'static [&'static str],
    /// True for what only root can run.
    pub root_only: bool,
}

impl Recipe {
    /// The text kept beside an unpacked part: another recipe gives another stamp, and the part is fetched anew.
    pub fn stamp(&self) -> String {
        // Parts without Python packages keep the stamp that they had before there were any.
        let python = if self.python.is_empty() { String::new() } else { format!(" {:?}", self.python) };
        format!("recipe {} {:?}{python}\n", self.version, self.packages)
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
}

/// Python and what it stands on, the C library too: the root of an image.
const PYTHON: &[&str] = &[
    "libc6",
    "libexpat1",
    "libffi8",
    "libgcc-s1",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "libstdc++6",
    "libuuid1",
    "media-types",
    "python3.11-minimal",
    "zlib1g",
];

/// pip chooses for the Python of the image, whatever this machine's is.
const PYTHON_CLIENT: &[&str] = &[
    "--python-version",
    "3.11",
    "--implementation",
    "cp",
    "--platform",
    "manylinux2014_x86_64",
    "awslambdaric==4.2.2",
];

/// Shared by skopeo and buildah: their configuration, and the libraries that a small machine lacks.
const CONTAINER_TOOLS: [&str; 6] = [
    "golang-github-containers-common",
    "golang-github-containers-image",
    "libgpgme11",
    "libassuan0",
    "libgpg-error0",
    "libdevmapper1.02.1",
];

const SKOPEO: &[&str] = &[
    "skopeo",
    CONTAINER_TOOLS[0],
    CONTAINER_TOOLS[1],
    CONTAINER_TOOLS[2],
    CONTAINER_TOOLS[3],
    CONTAINER_TOOLS[4],
    CONTAINER_TOOLS[5],
];

const BUILDAH: &[&str] = &[
    "buildah",
    "libseccomp2",
    CONTAINER_TOOLS[0],
    CONTAINER_TOOLS[1],
    CONTAINER_TOOLS[2],
    CONTAINER_TOOLS[3],
    CONTAINER_TOOLS[4],
    CONTAINER_TOOLS[5],
];

const BSDTAR: &[&str] =
    &["libarchive-tools", "libarchive13", "libxml2", "libicu72", "libnettle8", "libzstd1", "liblz4-1"];

/// Debian's build of the AWS command with everything below it but the C library.
const AWS2: &[&str] = &[
    "awscli",
    "python3-awscrt",
    "python3-cffi-backend",
    "python3-colorama",
    "python3-cryptography",
    "python3-dateutil",
    "python3-distro",
    "python3-docutils",
    "docutils-common",
    "python3-jmespath",
    "python3-prompt-toolkit",
    "python3-pyasn1",
    "python3-roman",
    "python3-ruamel.yaml",
    "python3-ruamel.yaml.clib",
    "python3-six",
    "python3-urllib3",
    "python3-wcwidth",
    "python3.11",
    "python3.11-minimal",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "libbz2-1.0",
    "libdb5.3",
    "libexpat1",
    "libffi8",
    "liblzma5",
    "libncursesw6",
    "libreadline8",
    "libsqlite3-0",
    "libssl3",
    "libtinfo6",
    "libuuid1",
    "zlib1g",
    "media-types",
    "ca-certificates",
];

impl Part {
    /// Every part, in the order in which they are set up.
    pub const ALL: [Part; 18] = [
        Part::DockerRegistry,
        Part::Crane,
        Part::Skopeo,
        Part::Umoci,
        Part::Buildah,
        Part::Compressors,
        Part::Bsdtar,
        Part::Docker,
        Part::Aws1,
        Part::Aws2,
        Part::Rie,
        Part::PythonFunction,
        Part::Busybox,
        Part::Age,
        Part::Moto,
        Part::Zizmor,
        Part::CfnLint,
        Part::PreCommit,
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
            Part::Compressors => "compressors",
            Part::Bsdtar => "bsdtar",
            Part::Aws1 => "aws-v1",
            Part::Aws2 => "aws-v2",
            Part::Rie => "rie",
            Part::PythonFunction => "python-function",
            Part::Busybox => "busybox",
            Part::Age => "age",
            Part::Moto => "moto",
            Part::Zizmor => "zizmor",
            Part::CfnLint => "cfn-lint",
            Part::PreCommit => "pre-commit",
        }
    }

    /// The part of that name.
    pub fn named(name: &str) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.name() == name)
    }

    /// How the part is made.
    pub fn recipe(self) -> Recipe {
        let (packages, programs): (&[Debian], &[&str]) = match self {
            Part::DockerRegistry => (&[(Suite::Bookworm, &["docker-registry"])], &["usr/bin/docker-registry"]),
            Part::Crane => (&[(Suite::Sid, &["crane"])], &["usr/bin/crane"]),
            Part::Skopeo => (&[(Suite::Bookworm, SKOPEO)], &["usr/bin/skopeo", "etc/containers/registries.conf"]),
            Part::Umoci => (&[(Suite::Bookworm, &["umoci"])], &["usr/bin/umoci"]),
            Part::Buildah => (&[(Suite::Bookworm, BUILDAH)], &["usr/bin/buildah", "etc/containers/policy.json"]),
            Part::Compressors => {
                (&[(Suite::Bookworm, &["pigz", "zstd", "libzstd1", "liblz4-1"])], &["usr/bin/pigz", "usr/bin/zstd"])
            }
            Part::Bsdtar => (&[(Suite::Bookworm, BSDTAR)], &["usr/bin/bsdtar"]),
            Part::Aws1 => (&[], &["site/awscli/__main__.py"]),
            Part::Age => (&[(Suite::Bookworm, &["age"])], &["usr/bin/age", "usr/bin/age-keygen"]),
            Part::Moto => (&[], &["site/moto/server.py"]),
            Part::Zizmor => (&[], &["site/bin/zizmor"]),
            Part::CfnLint => (&[], &["site/bin/cfn-lint"]),
            Part::PreCommit => (&[], &["site/pre_commit/__main__.py"]),
            Part::Aws2 => (&[(Suite::Bookworm, AWS2)], &["usr/bin/aws", "usr/bin/python3.11"]),
            Part::Rie => (&[], &["site/samcli/local/rapid/aws-lambda-rie-x86_64"]),
            Part::PythonFunction => {
                (&[(Suite::Bookworm, PYTHON)], &["usr/bin/python3.11", "site/awslambdaric/__main__.py"])
            }
            Part::Busybox => (&[(Suite::Bookworm, &["busybox-static"])], &["bin/busybox"]),
            // Trixie's own runc asks for a newer C library than the rest of its engine does: take bookworm's.
            Part::Docker => (
                &[
                    (Suite::Trixie, &["docker.io", "docker-buildx", "docker-cli", "containerd"]),
                    (Suite::Bookworm, &["runc", "libseccomp2"]),
                ],
                &[
                    "usr/sbin/dockerd",
                    "usr/sbin/runc",
                    "usr/bin/containerd",
                    "usr/bin/docker",
                    "usr/libexec/docker/cli-plugins/docker-buildx",
                ],
            ),
        };
        let python: &[&str] = match self {
            Part::Aws1 => &["awscli==1.46.3"],
            Part::Rie => &["--no-deps", "aws-sam-cli==1.170.0"],
            Part::PythonFunction => PYTHON_CLIENT,
            Part::Moto => &["moto[server]==5.2.5"],
            Part::Zizmor => &["zizmor==1.32.0"],
            Part::CfnLint => &["cfn-lint==1.58.0"],
            Part::PreCommit => &["pre_commit==4.7.0"],
            _ => &[],
        };
        // 2: byte-compiled, without which each start of the AWS command compiles all that it imports.
        let version = if matches!(self, Part::Aws1 | Part::Aws2) { 2 } else { 1 };
        Recipe { version, packages, python, programs, root_only: self == Part::Docker }
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
    }
}
