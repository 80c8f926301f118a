//! `lambark push`

use clap::Args;
use lambark_rules::Needs;

use super::context::{Context, Depth, Format, asked};
use super::output;
use super::repair::RepairFlags;
use crate::config::FailOnWord;
use crate::failure::Failure;
use crate::operations::{fix, push};
use crate::render;

/// Bring an image from anywhere to a registry, checked and mended on the way
///
/// Looks at every file first. An image that Lambda would refuse is mended on the way; one that cannot be mended is not
/// sent. Blobs travel side by side, what the registry has is not sent again, and the tag moves last, so that a push
/// that broke off goes on where it was when it is run again. What arrived is read back by its digest.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambark push oci-archive:image.tar 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1
  lambark push docker-archive:image.tar 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 --plan
  lambark push ghcr.io/team/app:v1 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 --arch arm64")]
pub(super) struct Arguments {
    /// The image: HOST/REPOSITORY:TAG, oci:DIR, oci-archive:FILE, docker-archive:FILE, or a path
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Where it goes: HOST/REPOSITORY:TAG
    #[arg(value_name = "REFERENCE")]
    to: String,
    #[command(flatten)]
    repair: RepairFlags,
    /// How deep to look first
    #[arg(long, value_name = "DEPTH", default_value = "files")]
    depth: Depth,
    /// From which severity on a finding that cannot be mended stops the push; `error` if nothing is said
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOnWord>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let settings = push::Settings {
        fail_on: arguments.fail_on.or(config.policy.fail_on).map(Into::into).unwrap_or_default(),
        repair: fix::Settings {
            image: arguments.image,
            to: Some(arguments.to),
            asked: asked(arguments.repair.arch, &config),
            depth: Some(Needs::from(arguments.depth)),
            options: arguments.repair.options(),
            plan_only: arguments.repair.plan,
            reuse_from: arguments.repair.reuse_from,
            cache: context.cache_dir(),
            state: context.state_dir()?,
        },
    };
    let outcome = push::run(&settings, &context.access, &context.progress)?;
    output::print(|out| match arguments.format {
        Format::Text => render::fix::outcome(out, &outcome, context.page()),
        Format::Json => render::json::push(out, &outcome),
    })?;
    Ok(crate::exit::FINE)
}
