//! `lambark push`

use clap::Args;
use lambark_rules::Needs;

use super::context::{Context, Depth, Format, asked};
use super::ledger::{LedgerFlags, warn};
use super::output;
use super::repair::RepairFlags;
use crate::config::FailOnWord;
use crate::ecr::RepositoryOptions;
use crate::failure::Failure;
use crate::operations::ledger::Record;
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
  lambark push build/image 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1 --create-repository
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
    /// Create the repository in ECR if it is not there
    #[arg(long)]
    create_repository: bool,
    /// In a repository that is created no tag may ever be moved
    #[arg(long, requires = "create_repository")]
    immutable_tags: bool,
    /// In a repository that is created images are scanned when they are pushed
    #[arg(long, requires = "create_repository")]
    scan_on_push: bool,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    ledger: LedgerFlags,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let settings = push::Settings {
        create: arguments.create_repository.then_some(RepositoryOptions {
            immutable_tags: arguments.immutable_tags,
            scan_on_push: arguments.scan_on_push,
        }),
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
    // A ledger that cannot be written stops everything, and the sooner the better.
    let mut journal = if settings.repair.plan_only { None } else { Some(arguments.ledger.journal(context)?) };
    let record = journal.as_mut().map(|journal| Record { journal, verb: "push", service: None });
    let outcome = push::run(&settings, context.ways(), record);
    warn(journal.as_ref());
    let outcome = outcome?;
    output::print(|out| match arguments.format {
        Format::Text => render::fix::outcome(out, &outcome.repair, context.page()),
        Format::Json => render::json::push(out, &outcome),
    })?;
    Ok(crate::exit::FINE)
}
