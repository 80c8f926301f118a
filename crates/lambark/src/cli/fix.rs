//! `lambark fix`

use clap::{Args, ValueEnum};
use lambark_images::repair::{As, Options};
use lambark_layers::gzip::Level;
use lambark_oci::{Architecture, Family};

use super::context::{Context, Depth, Format, asked};
use super::output;
use crate::exit;
use crate::failure::Failure;
use crate::operations::fix;
use crate::render;

/// Mend an image where it lies, without a rebuild
///
/// Plans the repairs, then carries them out: blobs first, the tag last and in one step. What was replaced is kept, and
/// the command that brings it back is printed. An image that needs no repair keeps every byte.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark fix 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1
  lambark fix 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 --plan
  lambark fix oci-archive:image.tar --to 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1
  lambark fix 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 --undo")]
pub(super) struct Arguments {
    /// The image: HOST/REPOSITORY:TAG, oci:DIR, oci-archive:FILE, docker-archive:FILE, or a path
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Where the result goes; if nothing is said it takes the image's place
    #[arg(long, value_name = "IMAGE")]
    to: Option<String>,
    /// Which manifest to write: `keep` leaves one that Lambda accepts as it is
    #[arg(long = "as", value_name = "KIND", default_value = "keep")]
    kind: Kind,
    /// The function's architecture: x86_64 or arm64; needed where the index holds several images
    #[arg(long, value_name = "ARCH")]
    arch: Option<Architecture>,
    /// Print what would be done, and change nothing
    #[arg(long)]
    plan: bool,
    /// Bring back what the last repair replaced
    #[arg(long, conflicts_with_all = ["plan", "to", "reuse_from", "drop_attestations", "replace_multi_platform", "unsafe_fixes"])]
    undo: bool,
    /// An image whose gzip layers may be used again, for instance the function's current one
    #[arg(long, value_name = "IMAGE")]
    reuse_from: Option<String>,
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
    /// How deep to look first; `bytes` for a remote image and `files` for a local one if nothing is said
    #[arg(long, value_name = "DEPTH")]
    depth: Option<Depth>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
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

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    if arguments.undo {
        return undo(&arguments, context);
    }
    let settings = fix::Settings {
        image: arguments.image,
        to: arguments.to,
        asked: asked(arguments.arch, &config),
        depth: arguments.depth.map(Into::into),
        options: Options {
            family: arguments.kind.into(),
            drop_attestations: arguments.drop_attestations,
            replace_multi_platform: arguments.replace_multi_platform,
            unsafe_fixes: arguments.unsafe_fixes,
            gzip_level: arguments.gzip_level,
            ..Options::default()
        },
        plan_only: arguments.plan,
        reuse_from: arguments.reuse_from,
        cache: context.cache_dir(),
        state: context.state_dir()?,
    };
    let outcome = fix::run(&settings, &context.access, &context.progress)?;
    output::print(|out| match arguments.format {
        Format::Text => render::fix::outcome(out, &outcome, context.page()),
        Format::Json => render::json::fix(out, &outcome),
    })?;
    Ok(outcome.exit_code())
}

fn undo(arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    let undone = fix::undo(&arguments.image, &context.state_dir()?, &context.access)?;
    output::print(|out| match arguments.format {
        Format::Text => render::fix::undone(out, &undone),
        Format::Json => render::json::undone(out, &undone),
    })?;
    Ok(exit::FINE)
}
