//! What the rest of a log shows about who built, pushed and deployed: it shifts the order of causes.

use serde::Serialize;

/// Something that a log can show.
#[derive(Debug, Serialize)]
pub struct Signal {
    /// The name that entries use.
    pub name: &'static str,
    /// What it says, in one line.
    pub says: &'static str,
    /// How it is recognised.
    #[serde(skip)]
    pub(crate) patterns: &'static [&'static str],
}

/// Every signal.
pub static SIGNALS: &[Signal] = &[
    Signal {
        name: "attestation-exported",
        says: "BuildKit exported an attestation, so it wrote an index",
        patterns: &["exporting attestation manifest"],
    },
    Signal {
        name: "index-exported",
        says: "BuildKit exported a manifest list, so the tag got an index",
        patterns: &["exporting manifest list"],
    },
    Signal {
        name: "buildkit",
        says: "BuildKit was at work",
        patterns: &[
            r"\[\+\] Building",
            r"load build definition from",
            "docker buildx build",
            "buildkitd",
            "exporting to image",
        ],
    },
    Signal {
        name: "no-such-flag",
        says: "a flag was given that buildx does not know, so that build never happened",
        patterns: &["unknown flag: --oci-mediatypes"],
    },
    Signal {
        name: "attestations-off",
        says: "attestations were switched off",
        patterns: &[
            "--provenance[= ]false",
            "provenance: false",
            "BUILDX_NO_DEFAULT_ATTESTATIONS[=:] ?[\"']?(?:1|true)",
            "type=provenance,disabled=true",
        ],
    },
    Signal {
        name: "attestations-on",
        says: "attestations were asked for",
        patterns: &[
            "--provenance[= ](?:true|mode=)",
            "provenance: (?:true|mode=)",
            "--sbom[= ]true",
            "--attest[= ]type=(?:sbom|provenance)(?:,(?:mode|generator)=\\S+)?(?:\\s|$)",
        ],
    },
    Signal {
        name: "in-build-arguments",
        says: "the switch was given as a build argument, where buildx does not look",
        patterns: &["--build-arg[= ]\\S*(?:BUILDX_NO_DEFAULT_ATTESTATIONS|provenance|sbom)"],
    },
    Signal {
        name: "several-platforms",
        says: "the build was for several platforms",
        patterns: &[r"platforms?[=: ]+\S*linux/\w+(?:/v\d)?,\s?linux/", r"\[linux/arm64[^\]]*\d+/\d+\] FROM"],
    },
    Signal {
        name: "legacy-builder",
        says: "the legacy builder was at work, which writes no attestations",
        patterns: &[
            "The legacy builder is deprecated",
            "Sending build context to Docker daemon",
            "DOCKER_BUILDKIT[=:] ?[\"']?0",
        ],
    },
    Signal {
        name: "containerd-store",
        says: "Docker's containerd image store is on, so that a plain push may be an index",
        patterns: &[r"io\.containerd\.snapshotter", r"exporting config sha256"],
    },
    Signal {
        name: "classic-store",
        says: "Docker's classic image store was used, which pushes single Docker manifests",
        patterns: &[r"writing image sha256:", "not supported for the docker driver"],
    },
    Signal {
        name: "docker-29",
        says: "Docker 29 or newer: a fresh installation uses the containerd image store",
        patterns: &[r"Docker version (?:29|[3-9]\d)\.", r"docker(?:-ce|-engine)?[ :/=]+(?:v|5:)?29\.\d"],
    },
    Signal {
        name: "zstd",
        says: "zstd was asked for, or a layer has it",
        patterns: &[r"compression[=:] ?zstd", r"tar\+zstd", r"\.tar\.zstd", r"dhi\.io/"],
    },
    Signal {
        name: "soci",
        says: "a SOCI conversion ran, whose version 2 replaces the tag by an index",
        patterns: &[r"\bsoci (?:create|convert|push)", "soci-index", "soci-snapshotter", "SOCI index"],
    },
    Signal {
        name: "arm64",
        says: "arm64 was built or asked for",
        patterns: &["linux/arm64", r"\baarch64\b", r"architectures?[\x22']?[:=]? ?\[?[\x22']?arm64"],
    },
    Signal {
        name: "platform-warning",
        says: "Docker warned that the platform is not the host's",
        patterns: &[r"requested image's platform \(\S+\) does not match"],
    },
    Signal {
        name: "bazel",
        says: "Bazel built the image",
        patterns: &["rules_oci", "oci_push", "rules_img", "rules_aws", "bazel (?:run|build)"],
    },
    Signal { name: "nix", says: "Nix built the image", patterns: &["nix2container", "dockerTools", "/nix/store/"] },
    Signal {
        name: "podman",
        says: "podman or buildah built the image",
        patterns: &["podman (?:build|push)", r"\bbuildah (?:bud|build|push)"],
    },
    Signal { name: "kaniko", says: "kaniko built the image", patterns: &["kaniko"] },
    Signal {
        name: "cdk",
        says: "the CDK deployed, which reuses an image while the sources' hash stays",
        patterns: &["cdk deploy", "cdk-assets", "cdk-hnb659fds", "cdkassets"],
    },
    Signal {
        name: "already-pushed",
        says: "the registry had the image already",
        patterns: &["Layer already exists", "already exists in the registry", "Image already exists"],
    },
    Signal {
        name: "terraform",
        says: "Terraform deployed",
        patterns: &["terraform (?:apply|plan)", "aws_lambda_function", "registry.terraform.io"],
    },
    Signal {
        name: "web-adapter",
        says: "the Lambda Web Adapter is in the image",
        patterns: &["lambda-adapter", "lambda-web-adapter"],
    },
    Signal {
        name: "memory-full",
        says: "a report shows all memory used",
        patterns: &[
            r"Memory Size: (\d+) MB Max Memory Used: (?:\d+) MB.*Runtime\.OutOfMemory",
            "OutOfMemoryError",
            "JavaScript heap out of memory",
            "Cannot allocate memory",
        ],
    },
    Signal {
        name: "foreign-library",
        says: "a native library does not fit the image",
        patterns: &[
            r"version `?'?GLIBC(?:XX)?_[\d.]+'? not found",
            r"lib[\w+-]+\.so[\d.]*: cannot open shared object file",
            "invalid ELF header",
        ],
    },
    Signal {
        name: "just-created",
        says: "the repository was created in the same run",
        patterns: &[
            "ecr create-repository",
            r"aws_ecr_repository[.\w-]+: Creation complete",
            "CREATE_COMPLETE AWS::ECR::Repository",
        ],
    },
    Signal {
        name: "manifest-unknown",
        says: "a registry said that the manifest is unknown",
        patterns: &["manifest unknown", "MANIFEST_UNKNOWN"],
    },
    Signal {
        name: "immutable",
        says: "the repository's tags are immutable",
        patterns: &["because the repository is immutable", "ImageTagAlreadyExistsException"],
    },
    Signal {
        name: "lifecycle",
        says: "a lifecycle rule was at work",
        patterns: &["PolicyExecutionEvent", "lifecycle-policy", "lifecycle policy"],
    },
    Signal {
        name: "cross-account",
        says: "two AWS accounts are named",
        patterns: &["cross-account", "another account"],
    },
];

/// The signal of that name.
#[must_use]
pub fn signal(name: &str) -> Option<&'static Signal> {
    SIGNALS.iter().find(|signal| signal.name == name)
}
