//! `lambark fix`

use clap::Args;

use super::context::{Context, Depth, Format, asked};
use super::ledger::{LedgerFlags, warn};
use super::output;
use super::repair::RepairFlags;
use crate::exit;
use crate::failure::Failure;
use crate::operations::fix;
use crate::operations::ledger::Record;
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
    #[command(flatten)]
    repair: RepairFlags,
    /// Bring back what the last repair replaced
    #[arg(long, conflicts_with_all = ["plan", "to", "reuse_from", "drop_attestations", "replace_multi_platform", "unsafe_fixes"])]
    undo: bool,
    /// How deep to look first; `bytes` for a remote image and `files` for a local one if nothing is said
    #[arg(long, value_name = "DEPTH")]
    depth: Option<Depth>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    ledger: LedgerFlags,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    if arguments.undo {
        return undo(&arguments, context);
    }
    let settings = fix::Settings {
        image: arguments.image,
        to: arguments.to,
        asked: asked(arguments.repair.arch, &config),
        depth: arguments.depth.map(Into::into),
        options: arguments.repair.options(),
        plan_only: arguments.repair.plan,
        reuse_from: arguments.repair.reuse_from,
        cache: context.cache_dir(),
        state: context.state_dir()?,
    };
    let mut journal = arguments.ledger.journal_later(context)?;
    let record = Record { journal: &mut journal, verb: "fix", service: None };
    let outcome = fix::run(&settings, &context.access, &context.progress, Some(record));
    warn(Some(&journal));
    let outcome = outcome?;
    output::print(|out| match arguments.format {
        Format::Text => render::fix::outcome(out, &outcome, context.page()),
        Format::Json => render::json::fix(out, &outcome),
    })?;
    Ok(outcome.exit_code())
}

fn undo(arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    let mut journal = arguments.ledger.journal_later(context)?;
    let record = Record { journal: &mut journal, verb: "fix --undo", service: None };
    let undone = fix::undo(&arguments.image, &context.state_dir()?, &context.access, Some(record));
    warn(Some(&journal));
    let undone = undone?;
    output::print(|out| match arguments.format {
        Format::Text => render::fix::undone(out, &undone),
        Format::Json => render::json::undone(out, &undone),
    })?;
    Ok(exit::FINE)
}
