//! What the verbs that mend images let the user decide.

use clap::{Args, ValueEnum};
use lambark_images::repair::{As, Options};
use lambark_layers::gzip::Level;
use lambark_oci::{Architecture, Family};

/// Flags of `fix` and `push`.
#[derive(Debug, Args)]
pub(super) struct RepairFlags {
    /// Which manifest to write: `keep` leaves one that Lambda accepts as it is
    #[arg(long = "as", value_name = "KIND", default_value = "keep")]
    kind: Kind,
    /// The function's architecture: x86_64 or arm64; needed where the index holds several images
    #[arg(long, value_name = "ARCH")]
    pub(super) arch: Option<Architecture>,
    /// Print what would be done, and change nothing
    #[arg(long)]
    pub(super) plan: bool,
    /// An image whose gzip layers may be used again, for instance the function's current one
    #[arg(long, value_name = "IMAGE")]
    pub(super) reuse_from: Option<String>,
    /// Leave attestations behind instead of making them referrers
    #[arg(long)]
    drop_attestations: bool,
    /// Consent to put one platform under a tag that holds several
    #[arg(long)]
    replace_multi_platform: bool,
    /// Also make repairs that change files or the command
    #[arg(long)]
    unsafe_fixes: bool,
    /// How hard to compress layers that are re-encoded, 0 to 9
    #[arg(long, value_name = "LEVEL", default_value_t)]
    gzip_level: Level,
}

/// `--as`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// What Lambda accepts stays as it is; what must be rewritten becomes Docker's
    Keep,
    /// Docker v2 schema 2
    Docker,
    /// OCI
    Oci,
}

impl From<Kind> for As {
    fn from(kind: Kind) -> As {
        match kind {
            Kind::Keep => As::Keep,
            Kind::Docker => As::Only(Family::Docker),
            Kind::Oci => As::Only(Family::Oci),
        }
    }
}

impl RepairFlags {
    /// What the user allows and wants.
    pub(super) fn options(&self) -> Options {
        Options {
            family: self.kind.into(),
            drop_attestations: self.drop_attestations,
            replace_multi_platform: self.replace_multi_platform,
            unsafe_fixes: self.unsafe_fixes,
            gzip_level: self.gzip_level,
            ..Options::default()
        }
    }
}
